#!/usr/bin/python3
"""check_machine - `ebb machine`: its JSON against the schema and itself, its text.

Usage: check_machine.py PROGRAM
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

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

    def test_users_variables_are_recorded(self):
        variables = self.machine["environment"]["variables"]
        self.assertEqual(variables["OMP_NUM_THREADS"], "3")


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
        titles = re.findall(r"^(Machine|System|Placements|Roofs|Noise)\b", done.stdout,
                            re.MULTILINE)
        self.assertEqual(titles, ["Machine", "System", "Placements", "Roofs", "Noise"])
        self.assertNotRegex(done.stdout, r"\b(nan|inf)\b|\033|null")
        self.assertRegex(done.stdout, r"GFLOP/s of oneDNN's matrix product in cache\n  +1 ")
        self.assertRegex(done.stdout, r"GB/s: read, write, a = b \+ s c\n  +1 +\w")

    def test_unknown_format_is_usage(self):
        done = run("--format", "xml")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"^ebb: --format: .*xml.*text.*json")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
