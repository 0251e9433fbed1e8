#!/usr/bin/python3
"""check_sample - what programs on the shim print, write and answer.

Usage: check_sample.py PROGRAM
"""
import csv
import io
import os
import subprocess
import sys
import tempfile
import unittest

import results

PROGRAM = None


def run(*words, status=1, **options):
    done = subprocess.run([PROGRAM, *words], capture_output=True, check=False, **options)
    if done.returncode != status:
        raise AssertionError("%s: status %d, not %d: %s" % (words, done.returncode, status,
                                                            done.stderr.decode()))
    return done


class Json(unittest.TestCase):
    def setUp(self):
        self.document = results.parse(
            run("--benchmark_format=json", "--benchmark_repetitions=3").stdout)

    def entries(self, name):
        return [e for e in self.document["benchmarks"] if e["run_name"] == name]

    def test_nothing_a_reader_may_not_meet(self):
        self.assertEqual(results.problems(self.document), [])

    def test_context(self):
        context = self.document["context"]
        for key in ("date", "host_name", "executable", "num_cpus", "mhz_per_cpu", "caches",
                    "load_avg", "library_build_type", "json_schema_version"):
            self.assertIn(key, context)
        self.assertEqual(context["text"], 'quote " and   bell')
        self.assertIn(context["library_build_type"], ("debug", "release"))

    def test_measured(self):
        entries = self.entries("spin/size:1024/process_time/real_time")
        self.assertEqual([e.get("repetition_index") for e in entries[:3]], [0, 1, 2])
        self.assertEqual([e["aggregate_name"] for e in entries[3:]],
                         ["mean", "median", "stddev", "cv"])
        self.assertEqual(entries[3]["name"], entries[3]["run_name"] + "_mean")
        self.assertEqual(entries[0]["label"],
                         'quote " backslash \\ tab   newline   byte ? ä')
        self.assertEqual(entries[0]["zero"], 0)
        self.assertEqual(entries[6].get("zero", 0), 0)
        self.assertGreater(entries[0]["items_per_second"], 0)

    def test_unit_and_counter(self):
        entry = self.entries("step/iterations:1000/real_time")[0]
        self.assertEqual(entry["time_unit"], "us")
        self.assertEqual(entry["iterations"], 1000)
        self.assertIn("late", entry)

    def test_failed_in_the_third_repetition(self):
        entry, = self.entries("wrong/iterations:10/real_time")
        self.assertIs(entry["error_occurred"], True)
        self.assertEqual(entry["error_message"], 'wrong: "1" is not "2"')

    def test_not_finite(self):
        entry, = self.entries("nan/real_time")
        self.assertIs(entry["error_occurred"], True)
        self.assertIn("not finite", entry["error_message"])

    def test_skipped(self):
        entry, = self.entries("elsewhere/real_time")
        self.assertIs(entry["skipped"], True)
        self.assertNotIn("error_occurred", entry)
        self.assertEqual(entry["skip_message"], "no such thing here")


class Outputs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "out")

    def test_console(self):
        done = run("--benchmark_color=false")
        self.assertIn(b"ERROR OCCURRED: 'counter 'nan': is not finite'", done.stdout)
        self.assertIn(b"no such thing here", done.stdout)
        self.assertNotIn(b"\x1b", done.stdout)
        self.assertIn(b"Run on", done.stderr)
        self.assertIn(b"\x1b[", run("--benchmark_color=true").stdout)

    def test_no_color(self):
        self.assertNotIn(b"\x1b", run(env=dict(os.environ, NO_COLOR="1")).stdout)

    def test_file_beside_console(self):
        done = run("--benchmark_out=" + self.path, "--benchmark_repetitions=2",
                   "--benchmark_display_aggregates_only=true")
        document = results.load(self.path)
        self.assertEqual(results.problems(document), [])
        kinds = [e["run_type"] for e in document["benchmarks"]
                 if e["run_name"] == "step/iterations:1000/real_time"]
        self.assertEqual(kinds, ["iteration"] * 2 + ["aggregate"] * 4)
        self.assertEqual(done.stdout.count(b"step/iterations:1000/real_time"), 4)

    def test_aggregates_alone_in_the_file_too(self):
        run("--benchmark_out=" + self.path, "--benchmark_repetitions=2",
            "--benchmark_report_aggregates_only=true")
        kinds = {e["run_type"] for e in results.load(self.path)["benchmarks"]}
        self.assertEqual(kinds, {"aggregate"})

    def test_console_in_the_file(self):
        run("--benchmark_out=" + self.path, "--benchmark_out_format=console")
        with open(self.path, encoding="utf-8") as stream:
            text = stream.read()
        self.assertIn("spin/size:1/process_time/real_time", text)
        self.assertNotIn("\x1b", text)

    def test_csv_with_counters_that_come_late(self):
        rows = list(csv.DictReader(io.StringIO(
            run("--benchmark_format=csv").stdout.decode())))
        self.assertEqual([r["name"] for r in rows],
                         ["spin/size:1/process_time/real_time",
                          "spin/size:1024/process_time/real_time",
                          "step/iterations:1000/real_time", "nan/real_time",
                          "wrong/iterations:10/real_time", "elsewhere/real_time"])
        self.assertEqual(rows[0]["late"], "")
        self.assertGreater(float(rows[2]["late"]), 0)
        self.assertEqual(rows[2]["time_unit"], "us")
        self.assertEqual((rows[3]["error_occurred"], rows[3]["real_time"]), ("true", ""))
        self.assertEqual((rows[5]["error_occurred"], rows[5]["real_time"]), ("false", ""))

    def test_unwritable(self):
        done = run("--benchmark_out=" + self.path + "/none/x", status=3)
        self.assertIn(b"cannot be written", done.stderr)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_full_disk(self):
        for form in ("json", "csv", "console"):
            done = run("--benchmark_out=/dev/full", "--benchmark_out_format=" + form,
                       status=3)
            self.assertIn(b"/dev/full: cannot be written", done.stderr)
            with open("/dev/full", "wb") as full:
                subprocess_status = subprocess.run(
                    [PROGRAM, "--benchmark_format=" + form], stdout=full,
                    stderr=subprocess.DEVNULL, check=False).returncode
            self.assertEqual(subprocess_status, 3, form)

    def test_filter_that_chooses_nothing_leaves_the_old_file(self):
        with open(self.path, "w", encoding="utf-8") as stream:
            stream.write("old")
        run("--benchmark_out=" + self.path, "--benchmark_filter=none", status=2)
        with open(self.path, encoding="utf-8") as stream:
            self.assertEqual(stream.read(), "old")

    def test_list_and_help(self):
        names = run("--benchmark_list_tests=true", status=0).stdout.decode().split("\n")
        self.assertEqual(len(names), 7)
        self.assertIn(b"--benchmark_filter", run("--help", status=0).stdout)
        run("nonsense", status=2)


class Compare(unittest.TestCase):
    """Also where a benchmark failed or was skipped on one side or on both."""

    def test_both_ways(self):
        with tempfile.TemporaryDirectory() as folder:
            first, second = (os.path.join(folder, n + ".json") for n in "ab")
            run("--benchmark_out=" + first, "--benchmark_repetitions=9")
            run("--benchmark_out=" + second, "--benchmark_repetitions=2", "--benchmark_filter="
                "spin|step|wrong", status=0)
            for pair in ((first, second), (second, first), (first, first)):
                text, reason = results.compare(folder, *pair)
                if reason:
                    self.skipTest(reason)
                self.assertIn("spin/size:1024/process_time/real_time", text)
                self.assertNotIn("elsewhere", text)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
