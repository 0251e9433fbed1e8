#!/usr/bin/python3
"""check_machine - `ebb machine`: its JSON against the schema and itself, its text.

Usage: check_machine.py PROGRAM
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import jsonschema

SCHEMA = pathlib.Path(__file__).parents[2] / "results/schema/ebb-machine-1.json"
PROGRAM = ""


def run(*words, cpus=None, **variables):
    """Output of the program; cpus narrows its affinity mask first."""
    def narrow():
        if cpus is not None:
            os.sched_setaffinity(0, cpus)
    return subprocess.run([PROGRAM, "machine", *words], capture_output=True, text=True,
                          check=False, timeout=60, preexec_fn=narrow,
                          stdin=subprocess.DEVNULL, env={**os.environ, **variables})


def machine(**keywords):
    done = run("--format", "json", **keywords)
    assert (done.returncode, done.stderr) == (0, ""), done
    return json.loads(done.stdout)


class Json(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = machine(OMP_NUM_THREADS="3")

    def test_schema(self):
        schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(self.machine)

    def test_stored_files_keep_to_the_schema(self):
        schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
        stored = list((SCHEMA.parents[1] / "reference").rglob("machine.json"))
        self.assertTrue(stored)
        for path in stored:
            jsonschema.Draft202012Validator(schema).validate(
                json.loads(path.read_text(encoding="utf-8")))

    def test_usable_cpus_are_the_mask(self):
        self.assertEqual(sorted(self.machine["usable_cpus"]),
                         sorted(os.sched_getaffinity(0)))

    def test_placements_order_the_usable_cpus(self):
        for name, cpus in self.machine["placements"].items():
            usable = self.machine["usable_cpus"]
            if name == "none":
                self.assertEqual(cpus, [])
            elif name == "fast-cores":
                self.assertLessEqual(set(cpus), set(usable))
                self.assertTrue(cpus)
            else:
                self.assertEqual(sorted(cpus), sorted(usable), name)

    def test_placements_are_those_of_the_list(self):
        listed = subprocess.run([PROGRAM, "list", "placements"], capture_output=True,
                                text=True, check=True, stdin=subprocess.DEVNULL)
        names = [line.split()[0] for line in listed.stdout.splitlines()]
        self.assertEqual(list(self.machine["placements"]), names)

    def test_every_value_lies_in_its_spread(self):
        roofs = self.machine["roofs"]
        for roof in [*roofs["fma_gflops"], *roofs["matmul_gflops"], *roofs["barrier_ns"],
                     self.machine["noise"]["fma_gflops"]]:
            self.assertLessEqual(roof["low"], roof["value"])
            self.assertLessEqual(roof["value"], roof["high"])
        for roof in roofs["bandwidth_gbs"]:
            for stream in ("read", "write", "triad"):
                self.assertLessEqual(roof[stream + "_low"], roof[stream])
                self.assertLessEqual(roof[stream], roof[stream + "_high"])

    def test_every_team_has_every_roof(self):
        roofs = self.machine["roofs"]
        sizes = sorted({roof["threads"] for roof in roofs["fma_gflops"]})
        self.assertEqual([roof["threads"] for roof in roofs["matmul_gflops"]], sizes)
        self.assertEqual(sorted({roof["threads"] for roof in roofs["bandwidth_gbs"]}),
                         sizes)
        self.assertEqual([roof["threads"] for roof in roofs["barrier_ns"]], sizes[1:])

    def test_every_team_has_every_kind_of_vectors(self):
        kinds = {}
        for roof in self.machine["roofs"]["fma_gflops"]:
            kinds.setdefault(roof["threads"], []).append(roof["isa"])
        for kind in kinds.values():
            self.assertEqual(kind, [isa for isa in ("avx512", "avx2", "sse", "plain",
                                                    "scalar") if isa in kind])
            self.assertIn(kind[-2:], (["sse", "scalar"], ["plain", "scalar"]))
        self.assertEqual(len(set(map(tuple, kinds.values()))), 1)

    def test_levels_are_caches_and_memory(self):
        known = {"L%d" % cache["level"] for cache in self.machine["caches"]} | {"memory"}
        levels = [(roof["threads"], roof["level"])
                  for roof in self.machine["roofs"]["bandwidth_gbs"]]
        self.assertEqual(len(levels), len(set(levels)))
        self.assertLessEqual({level for _, level in levels}, known)

    def test_every_figure_says_how_it_was_obtained(self):
        roofs = self.machine["roofs"]
        self.assertEqual(set(roofs["methods"]), set(roofs) - {"bound", "methods"})

    def test_ladder_ends_with_all_cpus(self):
        roofs = self.machine["roofs"]["fma_gflops"]
        sizes = [roof["threads"] for roof in roofs]
        self.assertEqual(sizes, sorted(sizes))
        self.assertEqual(sizes[0], 1)
        self.assertGreaterEqual(sizes[-1], self.machine["usable_cores"])
        self.assertTrue(self.machine["roofs"]["bound"])

    def test_warnings_name_their_remedy(self):
        environment = self.machine["environment"]
        for warning in self.machine["warnings"]:
            fact = re.match(r"(\w+) is (.+?): .* \(.+\)$", warning)
            self.assertIsNotNone(fact, warning)
            self.assertEqual(environment[fact.group(1)], fact.group(2))
            self.assertNotEqual(fact.group(2), "not available")

    def test_users_variables_are_recorded(self):
        variables = self.machine["environment"]["variables"]
        self.assertEqual(variables["OMP_NUM_THREADS"], "3")


@unittest.skipIf(shutil.which("objdump") is None or os.uname().machine != "x86_64",
                 "no objdump, or not x86")
class Kernels(unittest.TestCase):
    """What the compiler made of the loops behind the multiply-adds."""

    def arithmetic(self, function):
        """Its multiplications and sums as "mulss", "vfmadd213ps", …, in order."""
        done = subprocess.run(
            ["objdump", "--disassemble=" + function, "--no-show-raw-insn", PROGRAM],
            capture_output=True, text=True, check=True)
        return re.findall(r"\t(v?(?:mul|add|fmadd\d+)[ps]s)\b", done.stdout)

    def test_scalar_is_one_float_an_operation(self):
        for function, fused in (("run_scalar", False), ("run_fused", True)):
            found = self.arithmetic(function)
            self.assertEqual([name for name in found if not name.endswith("ss")], [])
            self.assertGreaterEqual(
                len([name for name in found if "fmadd" in name or not fused]), 14, found)

    def test_vectors_are_vectors(self):
        for function in ("run_plain", "run_avx2", "run_avx512"):
            found = [name for name in self.arithmetic(function) if name.endswith("ps")]
            self.assertGreaterEqual(len(found), 14, function)


class Masks(unittest.TestCase):
    def test_one_cpu(self):
        everything = machine()
        cpu = max(os.sched_getaffinity(0))
        one = machine(cpus={cpu})
        self.assertEqual(one["usable_cpus"], [cpu])
        self.assertEqual(one["usable_cores"], 1)
        self.assertIsNone(one["roofs"]["wake_ns"])
        for key in ("machine_id", "build_id", "pus", "cores"):
            self.assertEqual(one[key], everything[key], key)

    def test_binding_by_the_users_variables_narrows_nothing(self):
        bound = machine(OMP_PROC_BIND="true", OMP_PLACES="threads")
        self.assertEqual(sorted(bound["usable_cpus"]), sorted(os.sched_getaffinity(0)))
        self.assertTrue(bound["roofs"]["bound"])


class Text(unittest.TestCase):
    def test_sections(self):
        done = run()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        titles = re.findall(r"^(Machine|System|Warnings|Placements|Roofs|Noise)\b", done.stdout,
                            re.MULTILINE)
        self.assertEqual(titles, ["Machine", "System", "Warnings", "Placements", "Roofs",
                                  "Noise"])
        self.assertNotRegex(done.stdout, r"\b(nan|inf)\b|\033|null")
        self.assertRegex(done.stdout, r"GFLOP/s of oneDNN's matrix product in cache\n  +1 ")
        self.assertRegex(done.stdout, r"GB/s: read, write, a = b \+ s c\n  +1 +\w")

    def test_unknown_format_is_usage(self):
        done = run("--format", "xml")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"^ebb: --format: .*xml.*text.*json")


class Topology(unittest.TestCase):
    """`--topology`: as text always, as SVG with hwloc's lstopo or what stands for it."""

    def setUp(self):
        self.place = tempfile.TemporaryDirectory(prefix="ebb-topology-")
        self.file = pathlib.Path(self.place.name) / "machine.svg"
        self.addCleanup(self.place.cleanup)

    def fake(self, script):
        """PATH with a lstopo of our own."""
        path = pathlib.Path(self.place.name) / "lstopo"
        path.write_text("#!/bin/sh\n" + script, encoding="utf-8")
        path.chmod(0o755)
        return self.place.name + ":/usr/bin:/bin"

    def draw(self, *words, status=0, **keywords):
        done = run("--topology", *words, **keywords)
        self.assertEqual(done.returncode, status, done)
        return done

    def test_text(self):
        done = self.draw()
        self.assertEqual(done.stderr, "")
        self.assertTrue(done.stdout.startswith("┌ Machine ─"), done.stdout)
        self.assertRegex(done.stdout, r"\n│.* NUMA node 0\b")
        usable = re.search(r"\nusable   CPUs? ([0-9,-]+), on [0-9]+ cores?\b", done.stdout)
        listed = set()
        for part in usable.group(1).split(","):
            first, _, last = part.partition("-")
            listed |= set(range(int(first), int(last or first) + 1))
        self.assertEqual(listed, os.sched_getaffinity(0))

    def test_text_of_another_machine(self):
        here = pathlib.Path(__file__).parent / "topologies"
        done = self.draw(HWLOC_XMLFILE=str(here / "hybrid.xml"),
                         EBB_USABLE_CPUS="0,1,2,3,4,5,6,7")
        # This machine's own quota, if there is one, stands behind the cores.
        expected = (here / "hybrid.txt").read_text(encoding="utf-8")
        self.assertTrue(done.stdout.startswith(expected.rstrip("\n")), done.stdout)

    def test_text_in_a_file(self):
        path = pathlib.Path(self.place.name) / "machine.txt"
        done = self.draw("--output", str(path))
        self.assertEqual((done.stdout, done.stderr), ("", ""))
        self.assertEqual(path.read_text(encoding="utf-8"), self.draw().stdout)

    @unittest.skipIf(shutil.which("lstopo") is None, "no lstopo (package hwloc-nox)")
    def test_svg(self):
        self.draw("--output", str(self.file))
        root = xml.etree.ElementTree.parse(self.file).getroot()
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        text = self.file.read_text(encoding="utf-8")
        self.assertEqual(len(re.findall("class='PU'.*P#", text)), machine_pus())
        printed = self.draw("--format", "svg").stdout
        date = re.compile("Date: [^<]*")
        self.assertEqual(date.sub("", printed), date.sub("", text))

    @unittest.skipIf(shutil.which("lstopo") is None, "no lstopo (package hwloc-nox)")
    def test_svg_marks_what_is_not_usable(self):
        here = pathlib.Path(__file__).parent / "topologies"
        done = self.draw("--format", "svg", HWLOC_XMLFILE=str(here / "offline.xml"),
                         EBB_USABLE_CPUS="0,2,5,6")
        red = re.findall(r"<rect id='PU_(\d+)_rect'[^>]*fill='rgb\(255,0,0\)'",
                         done.stdout)
        self.assertEqual(red, ["1", "5"])  # logical: CPUs 1 and 7

    def test_without_lstopo(self):
        self.file.write_text("old", encoding="utf-8")
        done = self.draw("--output", str(self.file), PATH="/nonexistent", status=3)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"^ebb: lstopo: not found in PATH .*package hwloc\b"
                                      r"[^\n]*\n$")
        self.assertEqual(self.file.read_text(encoding="utf-8"), "old")
        self.draw(PATH="/nonexistent")

    def test_a_lstopo_that_fails_leaves_the_file(self):
        for script, message in (
                ("echo '<svg></svg>'; echo no use >&2; exit 3", "status 3: no use"),
                ("echo hello", "no SVG"), ("exit 0", "no SVG"),
                ("echo '<svg>torn'", "no SVG"), ("echo '</svg>'", "no SVG"),
                ("echo '<svg></svg>'; kill -9 $$", "signal 9")):
            with self.subTest(script=script):
                self.file.write_text("old", encoding="utf-8")
                done = self.draw("--output", str(self.file), PATH=self.fake(script),
                                 status=3)
                self.assertRegex(done.stderr, r"^ebb: lstopo: [^\n]*%s[^\n]*\n$" % message)
                self.assertEqual(self.file.read_text(encoding="utf-8"), "old")
                self.assertEqual(sorted(os.listdir(self.place.name)),
                                 ["lstopo", "machine.svg"])

    def test_lstopo_is_given_the_machine(self):
        path = self.fake('cat > "%s/input"; echo "<svg>$*</svg>"' % self.place.name)
        done = self.draw("--format", "svg", PATH=path)
        self.assertRegex(done.stdout, "^<svg>.*--output-format nativesvg -</svg>$")
        given = pathlib.Path(self.place.name) / "input"
        self.assertIn("<topology", given.read_text(encoding="utf-8"))

    def test_unwritable_output(self):
        for path in ("/nonexistent/machine.svg", self.place.name + "/"):
            done = self.draw("--output", path, status=3, PATH=self.fake("exit 9"))
            self.assertEqual(done.stdout, "")
            self.assertRegex(done.stderr, r"^ebb: %s[^\n]*\n$" % re.escape(path))

    def test_what_has_no_meaning(self):
        for words, option in ((("--format", "svg"), "--format"),
                              (("--output", "x"), "--output"),
                              (("--topology", "--format", "json"), "--format")):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertRegex(done.stderr, r"^ebb: %s: .*\(allowed" % option)
        self.assertFalse(os.path.exists("x"))


def machine_pus():
    """Hardware threads as the drawing has them."""
    cores = re.findall(r"\[([ x0-9]+)\]", run("--topology").stdout.split("[0 1]")[0])
    return sum(len(core.split()) for core in cores)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
