#!/usr/bin/python3
"""check_exports - the exported files have the shapes that their readers document.

Usage: check_exports.py FOLDER      the golden files of test_exports
"""
import json
import pathlib
import re
import subprocess
import sys
import unittest
import xml.etree.ElementTree as xml

import jsonschema

FOLDER = pathlib.Path()
COMPARE = pathlib.Path("/usr/share/benchmark/compare.py")
NAME = r"^[!-~]+$"  # printable, no blanks

# github-action-benchmark: BenchmarkResult of its README.
GITHUB = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["name", "unit", "value"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "pattern": NAME},
            "unit": {"type": "string", "minLength": 1},
            "value": {"type": "number"},
            "range": {"type": "string", "minLength": 1},
            "extra": {"type": "string", "minLength": 1},
        },
    },
}

# Bencher: BMF's JSON Schema; measures are named by slugs.
BMF = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": NAME, "maxLength": 1024},
    "additionalProperties": {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64},
        "additionalProperties": {
            "type": "object",
            "required": ["value"],
            "additionalProperties": False,
            "properties": {
                "value": {"type": "number"},
                "lower_value": {"type": "number"},
                "upper_value": {"type": "number"},
            },
        },
    },
}

# Google Benchmark's user guide, and what the readers of its JSON insist on.
GOOGLE = {
    "type": "object",
    "required": ["context", "benchmarks"],
    "additionalProperties": False,
    "properties": {
        "context": {
            "type": "object",
            "required": ["date", "host_name", "executable", "num_cpus", "caches",
                         "load_avg"],
            "properties": {
                "num_cpus": {"type": "integer", "minimum": 1},
                "caches": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["type", "level", "size", "num_sharing"],
                        "additionalProperties": False,
                        "properties": {
                            "type": {"enum": ["Data", "Instruction", "Unified"]},
                            "level": {"type": "integer", "minimum": 1},
                            "size": {"type": "integer", "minimum": 1},
                            "num_sharing": {"type": "integer", "minimum": 1},
                        },
                    },
                },
            },
        },
        "benchmarks": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "family_index", "per_family_instance_index",
                             "run_name", "run_type", "repetitions", "threads",
                             "iterations", "real_time", "cpu_time", "time_unit"],
                "properties": {
                    "name": {"type": "string", "pattern": NAME},
                    "run_name": {"type": "string", "pattern": "/real_time$"},
                    "run_type": {"enum": ["iteration", "aggregate"]},
                    "repetitions": {"type": "integer", "minimum": 1},
                    "threads": {"type": "integer", "minimum": 1},
                    "iterations": {"type": "integer", "minimum": 1},
                    "real_time": {"type": "number", "minimum": 0},
                    "cpu_time": {"type": "number", "minimum": 0},
                    "time_unit": {"const": "ns"},
                },
                "if": {"properties": {"run_type": {"const": "iteration"}}},
                "then": {
                    "required": ["repetition_index"],
                    "properties": {"real_time": {"exclusiveMinimum": 0}},
                },
                "else": {
                    "required": ["aggregate_name", "aggregate_unit"],
                    "properties": {
                        "aggregate_name": {"enum": ["mean", "median", "stddev", "cv"]},
                        "aggregate_unit": {"enum": ["time", "percentage"]},
                    },
                },
            },
        },
    },
}


def refuse(text):
    raise ValueError(text + " is not JSON")


def unique(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), names
    return dict(pairs)


def load(name):
    """Strictly: no NaN, no name twice in an object."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"), parse_constant=refuse,
                      object_pairs_hook=unique)


class Shapes(unittest.TestCase):
    def check(self, instance, schema):
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(instance)

    def test_github(self):
        for name in ("", "-bigger"):
            data = load("export-github-action-benchmark%s.json" % name)
            self.check(data, GITHUB)
            names = [entry["name"] for entry in data]
            self.assertEqual(len(names), len(set(names)))  # it matches by the first hit

    def test_one_direction_a_file(self):
        smaller = {e["unit"] for e in load("export-github-action-benchmark.json")}
        bigger = {e["unit"] for e in load("export-github-action-benchmark-bigger.json")}
        self.assertEqual(smaller, {"ns"})
        self.assertEqual(bigger, {"images/s", "fraction"})

    def test_bmf(self):
        data = load("export-bmf.json")
        self.check(data, BMF)
        for measures in data.values():
            self.assertLessEqual({"latency", "throughput"}, set(measures))
            for measure in measures.values():
                low = measure.get("lower_value", measure["value"])
                high = measure.get("upper_value", measure["value"])
                self.assertTrue(low <= measure["value"] <= high, measure)

    def test_google(self):
        data = load("export-google-benchmark.json")
        self.check(data, GOOGLE)
        runs = {}
        for entry in data["benchmarks"]:
            runs.setdefault(entry["run_name"], []).append(entry)
        for name, entries in runs.items():
            iterations = [e for e in entries if e["run_type"] == "iteration"]
            self.assertEqual([e["repetition_index"] for e in iterations],
                             list(range(len(iterations))))
            self.assertEqual({e["repetitions"] for e in entries}, {len(iterations)})
            self.assertEqual({e["name"] for e in iterations}, {name})
            times = [e["real_time"] for e in iterations]
            means = [e["real_time"] for e in entries
                     if e.get("aggregate_name") == "mean"]
            self.assertEqual(len(means), 1 if len(times) > 1 else 0)
            for mean in means:
                self.assertAlmostEqual(mean, sum(times) / len(times))

    def test_numbers_agree_over_formats(self):
        medians = {name: measures["latency"]["value"]
                   for name, measures in load("export-bmf.json").items()}
        self.assertEqual(medians, {entry["name"]: entry["value"] for entry in
                                   load("export-github-action-benchmark.json")})
        google = {entry["run_name"][:-len("/real_time")]: entry["real_time"]
                  for entry in load("export-google-benchmark.json")["benchmarks"]
                  if entry.get("aggregate_name", "median") == "median"}
        self.assertEqual(medians, google)

    @unittest.skipUnless(COMPARE.exists(), "libbenchmark-tools is not installed")
    def test_googles_compare_tool_reads_it(self):
        file = str(FOLDER / "export-google-benchmark.json")
        done = subprocess.run([sys.executable, "-B", str(COMPARE), "--no-color",
                               "benchmarks", file, file], capture_output=True, text=True,
                              check=False, timeout=60)
        if "No module named" in done.stderr:
            self.skipTest(done.stderr.strip().splitlines()[-1])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"step/\S+/real_time +\+0\.0000 +\+0\.0000")


class Junit(unittest.TestCase):
    def setUp(self):
        self.root = xml.parse(FOLDER / "export-junit.xml").getroot()

    def count(self, element):
        cases = element.findall(".//testcase")
        return {"tests": len(cases),
                "failures": sum(case.find("failure") is not None for case in cases),
                "skipped": sum(case.find("skipped") is not None for case in cases)}

    def test_counts_are_those_of_the_cases(self):
        self.assertEqual(self.root.tag, "testsuites")
        for element in [self.root, *self.root.findall("testsuite")]:
            counted = {key: int(element.get(key)) for key in ("tests", "failures",
                                                              "skipped")}
            self.assertEqual(counted, self.count(element))
            self.assertEqual(element.get("errors"), "0")
        self.assertEqual(self.count(self.root),
                         {"tests": 10, "failures": 1, "skipped": 1})

    def test_shape(self):
        allowed = {"testsuites": {"testsuite"}, "testsuite": {"testcase"},
                   "testcase": {"skipped", "failure", "system-out"}, "skipped": set(),
                   "failure": set(), "system-out": set()}
        for element in self.root.iter():
            self.assertLessEqual({child.tag for child in element}, allowed[element.tag])
        names = [(case.get("classname"), case.get("name"))
                 for case in self.root.iter("testcase")]
        self.assertEqual(len(names), len(set(names)))
        for case in self.root.iter("testcase"):
            self.assertRegex(case.get("name"), NAME)
            self.assertRegex(case.get("time"), re.compile(r"^\d+\.\d+$"))

    def test_reasons_read_back(self):
        self.assertEqual([e.get("message") for e in self.root.iter("skipped")],
                         ['run delay <7 %> & "more"'])


if __name__ == "__main__":
    FOLDER = pathlib.Path(sys.argv.pop(1))
    unittest.main()
