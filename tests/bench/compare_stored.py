#!/usr/bin/python3
"""compare_stored - two folders of results: what can be concluded, and what is refused.

Usage: compare_stored.py EBB [PATTERN]
"""
import copy
import json
import os
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

from program import check, check_equal, check_match, folder, main, run
from report_page import records, write

N = 10  # trials of one configuration, enough for an interval


def trials(factor=1.0, **members):
    """Repetitions of one measured trial, with times of our own."""
    made = []
    for i in range(N):
        record = copy.deepcopy(records()[0])
        record.update(repetition=i + 1, **copy.deepcopy(members))
        record["step_ns"]["p50"] = int(factor * (1000000 + 1000 * i))
        made.append(record)
    return made


def with_batch(size):
    config = dict(records()[0]["config"], batch_size=size)
    return {"config": config, "config_hash": "%016x" % size}


class Pair:
    """A baseline and a candidate beside each other."""

    def __init__(self, baseline, candidate):
        self.folder = folder()
        self.paths = [os.path.join(self.folder.name, name) for name in ("a", "b")]
        for path, side in zip(self.paths, (baseline, candidate)):
            os.mkdir(path)
            write(path, side)

    def compare(self, status, verdict):
        ended = run("compare", "--baseline", self.paths[0], "--candidate", self.paths[1],
                    "--format", "json")
        check_equal(ended.status, status, "status: " + ended.err)
        result = json.loads(ended.out)
        check_equal(result["verdict"], verdict, "verdict")
        return result, ended

    def candidate(self):
        return os.path.join(self.paths[1], "trials.jsonl")

    def text(self):
        with open(self.candidate()) as stream:
            return stream.read()

    def set_text(self, text):
        with open(self.candidate(), "w") as stream:
            stream.write(text)


def test_verdicts():
    for factor, status, verdict in ((1.0, 0, "same"), (1.2, 1, "slower"), (0.8, 0, "faster")):
        result, _ = Pair(trials(), trials(factor)).compare(status, verdict)
        check_equal(len(result["benchmarks"]), 1, "benchmarks")
        check(abs(result["benchmarks"][0]["ratio"] - factor) < 0.02, "ratio: %s" % result)


def test_other_machine():
    foreign = trials()
    foreign[3]["machine_id"] = "0123456789abcdef"
    _, ended = Pair(trials(), foreign).compare(3, "cannot tell")
    check_match(r"b/trials.jsonl:4: other machine: .*\(0123456789abcdef\), the baseline is of "
                r".*\(%s\)" % records()[0]["machine_id"], ended.message(), "message")


def test_other_configuration():
    result, ended = Pair(trials(), trials(**with_batch(10))).compare(5, "missing")
    check_match("the candidate has no trial of it .*batch_size is 20 and 10",
                ended.message() + json.dumps(result), "message")
    # What both have is compared all the same.
    result, _ = Pair(trials() + trials(**with_batch(10)), trials()).compare(5, "missing")
    check_equal(sorted(x["verdict"] for x in result["benchmarks"]), ["missing", "same"],
                "verdicts")


def test_names():
    def side(unlearn, threads=1):
        config = dict(records()[0]["config"], unlearn=unlearn, threads=threads)
        return trials(config=config, config_hash="%08x%8s" % (threads, unlearn))

    for other, names in ((side(None), ["unlearn 2:1", "unlearn none"]),
                         (side(None, 2), ["threads 1, unlearn 2:1", "threads 2"])):
        both = side("2:1") + other
        result, _ = Pair(both, both).compare(0, "same")
        check_equal([", ".join(sorted(x["name"].split(", "))) for x in result["benchmarks"]],
                    names, "names")


def test_other_schema():
    _, ended = Pair(trials(), trials(schema="ebb-trial/2")).compare(3, "cannot tell")
    check_match(r"b/trials.jsonl:1: not a record: schema is 'ebb-trial/2' \(ebb-trial/1\)",
                ended.message(), "message")


def test_truncated():
    pair = Pair(trials(), trials())
    whole = pair.text()
    pair.set_text(whole[:-100])
    result, _ = pair.compare(0, "same")
    check("trials.jsonl:%d: incomplete, left out" % N in " ".join(result["notes"]),
          "notes: %s" % result["notes"])
    for text in (whole[:300], ""):
        pair.set_text(text)
        _, ended = pair.compare(5, "missing")
        check_match("b/trials.jsonl: holds no trial", ended.message(), "message")
    os.unlink(pair.candidate())
    _, ended = pair.compare(5, "missing")
    check_match("b/trials.jsonl: no such results", ended.message(), "message")
    lines = whole.splitlines(True)
    pair.set_text(lines[0] + lines[1][:200] + "\n" + "".join(lines[2:]))
    _, ended = pair.compare(3, "cannot tell")
    check_match("b/trials.jsonl:2: not a record", ended.message(), "message")


def test_numbers_that_are_none():
    for number in ("NaN", "Infinity", "-Infinity", "1e999"):
        pair = Pair(trials(), trials())
        text = pair.text()
        pair.set_text(text.replace('"p50": 1000000,', '"p50": %s,' % number))
        check(pair.text() != text, "nothing changed")
        _, ended = pair.compare(3, "cannot tell")
        check_match("b/trials.jsonl:1: not a record", ended.message(), number)


def test_wrong():
    other = trials()
    other[4]["digest"] = "0" * 64
    result, ended = Pair(trials(), other).compare(4, "wrong")
    check_match("candidate: .*trials.jsonl:1 and .*trials.jsonl:5 are of one configuration but "
                "end in different parameters", ended.message(), "message")


def test_disturbed():
    few = trials()
    for record in few[1:]:
        record.update(valid=False, problems=["busy"])
    result, _ = Pair(trials(), few).compare(3, "cannot tell")
    check_match("10 and 1 valid trials carry no 95 % interval", json.dumps(result), "message")


if __name__ == "__main__":
    sys.exit(main([(name[5:], test) for name, test in list(globals().items())
                   if name.startswith("test_")]))
