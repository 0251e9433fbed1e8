#!/usr/bin/python3
"""check_bench - what ebb-bench lists, runs, writes and answers.

Usage: check_bench.py EBB-BENCH EBB FAULT [UNITTEST'S WORDS...]

EBB is the program ebb, FAULT a library that spoils oneDNN's sgemm, "none" where it cannot be
preloaded.
"""
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "shim"))

import results

BENCH = EBB = FAULT = None

# Negative: what takes long even once.
QUICK = "-(batch:(128|512)|width:4096|parameters:4194304|read_dataset)"

CLEAN = {name: value for name, value in os.environ.items()
         if not name.startswith(("OMP_", "GOMP_", "BENCHMARK_", "EBB_", "LD_PRELOAD"))}


def run(*words, status=0, environment=None):
    done = subprocess.run([BENCH, *words], capture_output=True, check=False,
                          env=dict(CLEAN, **(environment or {})))
    if done.returncode != status:
        raise AssertionError("%s: status %d, not %d: %s" % (
            words, done.returncode, status, done.stderr.decode()[-2000:]))
    return done


def names(*words):
    return run("--benchmark_list_tests=true", *words).stdout.decode().split()


def choices(kind):
    text = subprocess.run([EBB, "list", kind], capture_output=True, check=True).stdout
    return [line.split()[0] for line in text.decode().splitlines() if line.strip()]


def run_json(*words, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out.json")
        run("--benchmark_out=" + path, *words, **options)
        return results.load(path)


class Names(unittest.TestCase):
    def test_all(self):
        text = run("--benchmark_list_tests=true").stdout.decode()
        lines = text.splitlines()
        self.assertGreaterEqual(len(lines), 60)
        self.assertEqual(len(lines), len(set(lines)))
        for line in lines:
            self.assertRegex(line, r"^\S+/real_time$")
            self.assertEqual("step" in line, line.startswith("step/"), line)

    def test_every_strategy_optimizer_and_batch_size(self):
        listed = names("--benchmark_filter=step")
        for strategy in choices("strategies"):
            for optimizer in choices("optimizers"):
                for batch in (8, 32, 128, 512):
                    prefix = "step/%s/%s/batch:%d/threads:1/" % (strategy, optimizer, batch)
                    self.assertEqual(len([n for n in listed if n.startswith(prefix)]), 1)

    def test_threads_are_those_that_may_be_used(self):
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(allowed)})
        try:
            listed = names()
        finally:
            os.sched_setaffinity(0, allowed)
        threads = set(re.findall(r"threads:(\d+)", " ".join(listed)))
        self.assertEqual(threads, {"1"})


class Answers(unittest.TestCase):
    def test_help_and_version(self):
        text = run("--help").stdout
        for word in (b"--benchmark_filter", b"Topics", b"team_"):
            self.assertIn(word, text)
        self.assertEqual(run("-h").stdout, text)
        self.assertRegex(run("--version").stdout, rb"^ebb-bench \d+\.\d+\.\d+\n$")

    def test_every_topic_finds_its_benchmarks(self):
        """Each benchmark by exactly one word of the help."""
        text = run("--help").stdout.decode().split("Topics", 1)[1].split("\nExamples", 1)[0]
        topics = re.findall(r"(?m)^  (\S+) ", text)
        self.assertGreaterEqual(len(topics), 10)
        found = [name for topic in topics for name in names("--benchmark_filter=" + topic)]
        self.assertEqual(sorted(found), sorted(names()))

    def check_refused(self, status, text, *words, **options):
        done = run(*words, status=status, **options)
        lines = done.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith("ebb-bench: "), lines)
        self.assertIn(text, lines[0])

    def test_refusals(self):
        self.check_refused(2, "'nothing' chooses no benchmark", "--benchmark_filter=nothing")
        self.check_refused(2, "no regular expression", "--benchmark_filter=(")
        self.check_refused(2, "--benchmark_nonsense", "--benchmark_nonsense=1")
        self.check_refused(2, "--threads", "--threads=2")
        self.check_refused(2, "console, json, csv", "--benchmark_format=xml")
        self.check_refused(2, "BENCHMARK_FORMAT", environment={
            "BENCHMARK_FORMAT": "xml"})
        self.check_refused(2, "OMP_PLACES", environment={"OMP_PLACES": "cores"})
        self.check_refused(3, "cannot be written", "--benchmark_filter=softmax",
                           "--benchmark_out=/nonexistent/x")


class Output(unittest.TestCase):
    def test_an_earlier_result_stays_until_there_is_another(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "out.json")
            with open(path, "w", encoding="utf-8") as stream:
                stream.write("old")
            process = subprocess.Popen(
                [BENCH, "--benchmark_out=" + path, "--benchmark_filter=softmax",
                 "--benchmark_min_time=5"], stdout=subprocess.DEVNULL, env=CLEAN)
            while process.poll() is None and not os.path.exists(path + ".new"):
                time.sleep(0.01)
            process.kill()
            self.assertEqual(process.wait(), -9)
            with open(path, encoding="utf-8") as stream:
                self.assertEqual(stream.read(), "old")
            run("--benchmark_out=" + path, "--benchmark_filter=softmax", "--benchmark_dry_run")
            self.assertGreater(len(results.load(path)["benchmarks"]), 0)
            self.assertEqual(os.listdir(folder), ["out.json"])

    def test_a_full_disk_is_told(self):
        process = subprocess.run(
            [BENCH, "--benchmark_out=/dev/full", "--benchmark_filter=softmax",
             "--benchmark_dry_run"], capture_output=True, check=False, env=CLEAN)
        self.assertEqual(process.returncode, 3)
        self.assertIn(b"/dev/full: cannot be written", process.stderr)


class Results(unittest.TestCase):
    def check_entries(self, document):
        self.assertEqual(results.problems(document), [])
        for entry in document["benchmarks"]:
            self.assertNotIn("error_occurred", entry, entry)
            self.assertTrue(entry["run_name"].endswith("/real_time"))
            if "skipped" in entry:
                self.assertRegex(entry["run_name"], "^read_|^dense_[a-z_]+/microkernel/")
                continue
            self.assertGreater(entry["roof_share"], 0, entry)
            self.assertTrue("gflops" in entry or "gbs" in entry or "handover_ns" in entry)
            if entry["run_name"].startswith("step/"):
                self.assertGreater(entry["p50_us"], 0)

    def check_once(self, *words):
        document = run_json("--benchmark_dry_run", *words)
        self.assertEqual([e["name"] for e in document["benchmarks"]], names(*words))
        self.check_entries(document)
        return document

    def test_smoke(self):
        context = self.check_once("--benchmark_filter=" + QUICK)["context"]
        for key in ("cpu", "git", "flags", "onednn", "usable_cpus", "placement"):
            self.assertIn(key, context)
        self.assertEqual("library_build_type_note" in context,
                         context["library_build_type"] == "debug")

    def test_repetitions_and_compare(self):
        words = ("--benchmark_filter=dense_forward/.*/batch:8/|team|softmax.*batch:32/",
                 "--benchmark_repetitions=3", "--benchmark_min_time=0.001")
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("a.json", "b.json")]
            for path in paths:
                run("--benchmark_out=" + path, *words)
            document = results.load(paths[0])
            self.check_entries({"benchmarks": [e for e in document["benchmarks"]
                                               if e.get("aggregate_name") != "stddev"
                                               and e.get("aggregate_name") != "cv"]})
            skipped = {e["run_name"] for e in document["benchmarks"] if "skipped" in e}
            measured = [name for name in names(words[0]) if name not in skipped]
            self.assertGreater(len(measured), len(skipped))
            for name in measured:
                entries = [e for e in document["benchmarks"] if e["run_name"] == name]
                self.assertEqual(len(entries), 3 + 4, name)
            text, reason = results.compare(folder, *paths)
            if reason:
                self.skipTest(reason)
            for name in measured:
                self.assertIn(name, text)

    def test_interleaved(self):
        words = ("--benchmark_filter=dense_gradient/.*/batch:8/",)
        document = run_json("--benchmark_repetitions=3", "--benchmark_min_time=0.0001",
                            "--benchmark_enable_random_interleaving=true", *words)
        self.check_entries({"benchmarks": [e for e in document["benchmarks"]
                                           if e["run_type"] == "iteration"]})
        self.assertEqual(len(document["benchmarks"]), 7 * len(names(*words)))

    def test_data_that_is_not_there_is_skipped(self):
        document = run_json("--benchmark_dry_run", "--benchmark_filter=read_idx",
                            environment={"EBB_DATA_DIR": "/nonexistent"})
        self.assertGreater(len(document["benchmarks"]), 0)
        for entry in document["benchmarks"]:
            self.assertIs(entry["skipped"], True)
            self.assertIn("/nonexistent", entry["skip_message"])
            self.assertNotIn("real_time", entry)


class Counters(unittest.TestCase):
    """Rates against work counted by hand, and shares of the roofs."""

    # What one iteration does: flop of a product, multiply-adds twice; of a step of the
    # network 784-256-256-10, forward, gradients, and back through all but the first layer;
    # bytes of Adam: the gradient read, value and two moments read and written.
    WORK = {
        "dense_forward/sgemm/in:784/out:256/batch:128/threads:1": (
            "gflops", 2 * 128 * 784 * 256),
        "step/tiles/sgd/batch:128/threads:1": (
            "gflops", 2 * 128 * (2 * (784 * 256 + 256 * 256 + 256 * 10)
                                 + 256 * 256 + 256 * 10)),
        "optimizer/adam/parameters:262144/threads:1": ("gbs", 262144 * 7 * 4),
    }

    def check_entry(self, entry, rate, work):
        """Returns how far rate times time is from the work. A disturbed iteration lengthens
        the mean and not the median of which the rate is."""
        self.assertEqual(entry["time_unit"], "us")
        done = entry[rate] * entry["real_time"] * 1e3
        self.assertTrue(0.5 < done / work < 5, (done, entry))
        share = entry[rate] / entry["roof_" + rate]
        self.assertLess(abs(entry["roof_share"] / share - 1), 1e-9, entry)
        return abs(done / work - 1)

    def test_rates_and_shares(self):
        document = run_json("--benchmark_filter=^(%s)/" % "|".join(self.WORK),
                            "--benchmark_min_time=0.01", "--benchmark_repetitions=7")
        for name, (rate, work) in self.WORK.items():
            entries = [e for e in document["benchmarks"] if e["run_type"] == "iteration"
                       and e["run_name"].startswith(name + "/")]
            self.assertEqual(len(entries), 7, name)
            off = [self.check_entry(entry, rate, work) for entry in entries]
            self.assertLess(min(off), 0.05, (name, off))
            share = sorted(e["roof_share"] for e in entries)[3]
            self.assertTrue(0.01 < share < 1.5, (name, share))


class Faults(unittest.TestCase):
    """A wrong result from the start on, and one that becomes wrong under the clock."""

    def check_wrong(self, first_call):
        document = run_json(
            "--benchmark_filter=dense_gradient/.*/batch:32/threads:1",
            "--benchmark_min_time=0.01", "--benchmark_repetitions=3", status=4,
            environment={"LD_PRELOAD": FAULT, "EBB_TEST_FAULT_CALL": str(first_call)})
        self.assertEqual(results.problems(document), [])
        failed = [e for e in document["benchmarks"] if e.get("error_occurred")]
        self.assertEqual([e["name"].split("/")[1] for e in failed], ["sgemm"])
        self.assertEqual(len([e for e in document["benchmarks"]
                              if "/sgemm/" in e["run_name"]]), 1)
        self.assertRegex(failed[0]["error_message"], "dense_gradient/sgemm: (row|element)")

    def setUp(self):
        if FAULT == "none":
            self.skipTest("nothing can be preloaded before a sanitizer")

    def test_from_the_start(self):
        self.check_wrong(0)

    def test_under_the_clock(self):
        self.check_wrong(30)

    def test_whole_steps(self):
        document = run_json(
            "--benchmark_filter=step/(tiles|reference)/sgd/batch:32/threads:1",
            "--benchmark_min_time=0.01", status=4,
            environment={"LD_PRELOAD": FAULT, "EBB_TEST_FAULT_CALL": "0"})
        failed = {e["name"].split("/")[1] for e in document["benchmarks"]
                  if e.get("error_occurred")}
        self.assertEqual(failed, {"tiles"})


class Everything(Results):
    """Run apart: some tens of seconds."""

    def test_once(self):
        self.check_once("--benchmark_filter=.")


if __name__ == "__main__":
    BENCH, EBB, FAULT = (sys.argv.pop(1) for _ in range(3))
    unittest.main()
