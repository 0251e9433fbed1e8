#!/usr/bin/python3
"""compare_real - stored results, and ebb itself with oneDNN tampered with from outside.

Usage: compare_real.py EBB PRELOAD [PATTERN]
"""
import json
import os
import sys

PRELOAD = sys.argv.pop(2)  # program.py's second argument is a pattern

from fakes import Place, compare, parse, verdicts
from program import EBB, TINY, check, check_equal, check_match, main, run


class Results:
    """Folders of stored trials, made of one real record."""

    def __init__(self, place):
        self.place = place
        ended = run("run", "--format", "json", *TINY)
        check_equal(ended.status, 0, ended.err)
        self.record = json.loads(ended.out)
        self.record["valid"] = True

    def write(self, name, times, change=None, more=""):
        """times: of each batch size, the step times of its repetitions."""
        os.makedirs(self.place.path(name), exist_ok=True)
        with open(os.path.join(self.place.path(name), "trials.jsonl"), "w") as stream:
            for batch_size, repetitions in times.items():
                for i, p50 in enumerate(repetitions):
                    record = json.loads(json.dumps(self.record))
                    record["config"]["batch_size"] = batch_size
                    record["config_hash"] = "%016x" % batch_size
                    record["repetition"] = i + 1
                    record["step_ns"]["p50"] = p50
                    if change is not None:
                        change(record)
                    stream.write(json.dumps(record) + "\n")
            stream.write(more)
        return self.place.path(name)


def stored(baseline, candidate, *more, status):
    ended = run("compare", "--baseline", baseline, "--candidate", candidate, "--format",
                "json", *more)
    check_equal(ended.status, status, "status (%s)" % ended.err)
    return parse(ended.out), ended


FIVE = [100000, 101000, 102000, 103000, 104000]


def test_stored():
    with Place() as place:
        results = Results(place)
        a = results.write("a", {20: FIVE, 10: FIVE})
        result, _ = stored(a, results.write("b", {20: FIVE, 10: FIVE}), status=0)
        check_equal(result["kind"], "results", "kind")
        check_equal([x["name"] for x in result["benchmarks"]],
                    ["batch_size 20", "batch_size 10"], "names")
        check_equal(verdicts(result), ["same", "same"], "verdicts")
        check("measured at different times" in " ".join(result["notes"]), "notes")
        check("both are results of build" in " ".join(result["notes"]), "notes")
        slow = [int(p50 * 1.2) for p50 in FIVE]
        result, ended = stored(a, results.write("c", {20: slow, 10: FIVE}), status=1)
        check_equal(verdicts(result), ["slower", "same"], "verdicts")
        check_match("slower: batch_size 20", ended.message(), "message")
        ended = run("compare", "--baseline", a, "--candidate", place.path("c"))
        check_match(r"(?m)^batch_size 20 +1\.2\d+ \[1\.\d+, 1\.\d+\] +5 and 5  slower$", ended.out, "line")
        check_match(r"^benchmark +candidate / baseline +trials  verdict\n", ended.out,
                    "head")
        # Three a side cannot carry an interval, however far apart they are.
        result, ended = stored(results.write("d", {20: FIVE[:3], 10: FIVE[:3]}),
                               results.write("e", {20: slow[:3], 10: slow[:3]}), status=3)
        check_match(r"3 and 3 valid trials carry no 95 % interval \(needed: 5 and 5 for 2 "
                    r"configurations", ended.message(), "message")
        check(abs(result["benchmarks"][0]["ratio"] - 1.2) < 0.02, "ratio")


def test_stored_missing():
    with Place() as place:
        results = Results(place)
        a = results.write("a", {20: FIVE, 10: FIVE})
        result, ended = stored(a, results.write("b", {20: FIVE, 5: FIVE}), status=5)
        check_equal(verdicts(result), ["same", "missing"], "verdicts")
        check_match("no trial of it .its first is of other configuration: batch_size is "
                    "10 and 20", ended.message(), "message")
        check("only the candidate has: batch_size 5" in " ".join(result["notes"]), "notes")
        os.makedirs(place.path("empty"))
        for path in (place.path("empty"), place.path("absent")):
            stored(a, path, status=5)
            stored(path, a, status=5)
        results.write("none", {})
        _, ended = stored(a, place.path("none"), status=5)
        check_match("holds no trial", ended.message(), "message")


def test_stored_refused():
    with Place() as place:
        results = Results(place)
        a = results.write("a", {20: FIVE})

        def other_machine(record):
            record["machine_id"] = "f" * 16
            record["environment"]["cpu"] = "Other CPU"

        result, ended = stored(a, results.write("b", {20: FIVE}, other_machine), status=3)
        check_match(r"b/trials.jsonl:1: other machine: Other CPU \(f{16}\), the baseline "
                    "is of", ended.message(), "message")
        check_equal(result["benchmarks"], [], "benchmarks")

        def other_schema(record):
            record["schema"] = "ebb-trial/2"

        _, ended = stored(a, results.write("c", {20: FIVE}, other_schema), status=3)
        check_match("c/trials.jsonl:1: .*ebb-trial/2", ended.message(), "message")
        _, ended = stored(a, results.write("d", {20: FIVE}, more="{}\n"), status=3)
        check_match("d/trials.jsonl:6: ", ended.message(), "message")
        result, _ = stored(a, results.write("e", {20: FIVE}, more='{"schema'), status=0)
        check("e/trials.jsonl:6: incomplete" in " ".join(result["notes"]), "notes")


def test_stored_wrong():
    with Place() as place:
        results = Results(place)
        a = results.write("a", {20: FIVE})

        def unlearned(record):
            record["digest"] = "0" * 64
            record["accuracy"][0][0] = 0.1

        _, ended = stored(a, results.write("b", {20: FIVE}, unlearned), status=4)
        check_match("accuracy of task 1 is .* and 0.1000", ended.message(), "message")

        def restless(record):
            record["digest"] = "%064x" % record["repetition"]

        _, ended = stored(a, results.write("c", {20: FIVE}, restless), status=4)
        check_match("candidate: .*c/trials.jsonl:1 and .*c/trials.jsonl:[2-5] are of one "
                    "configuration but end in different parameters", ended.message(),
                    "message")

        def disturbed(record):
            record["valid"] = record["repetition"] > 2

        def other_kernel(record):
            disturbed(record)
            record["environment"]["kernel"] = "Linux 1.0"

        result, _ = stored(a, results.write("d", {20: FIVE}, other_kernel), status=0)
        check_equal(result["benchmarks"][0]["discarded"], 2, "discarded")
        check_equal(len(result["benchmarks"][0]["candidate_ns"]), 3, "times")
        check_match("kernel differs: '.*' and 'Linux 1.0'", " ".join(result["notes"]),
                    "notes")


def preloaded(place, name, **variables):
    """The real program with oneDNN tampered with from outside."""
    words = " ".join("%s=%s" % pair for pair in variables.items())
    # Where ebb is built with a sanitizer, that wants to be the first library.
    return place.script(name, '#!/bin/sh\nexport ASAN_OPTIONS=verify_asan_link_order=0\n'
                        'exec env LD_PRELOAD="%s" %s "%s" "$@"\n' % (PRELOAD, words, EBB))


def test_real_wrong():
    """Numbers spoilt in oneDNN's results, by so little as a thousandth."""
    with Place() as place:
        ended = compare(EBB, preloaded(place, "wrong", EBB_TEST_WRONG="0.001"), budget="25")
        check_equal(ended.status, 4, ended.out + ended.err)
        ended = compare(EBB, preloaded(place, "wrong", EBB_TEST_WRONG="0.5"), "--suite",
                        "smoke", budget="90")
        check_equal(ended.status, 4, ended.out + ended.err)


def test_real_results():
    """The program against itself: whatever the verdict on a loaded machine, nothing is
    wrong, missing or slower, and records are understood."""
    result = parse(compare(EBB, EBB, "--format", "json", budget="10").out)
    check_equal(len(result["benchmarks"]), 5, "benchmarks")
    for benchmark in result["benchmarks"]:
        check(benchmark["verdict"] in ("same", "faster", "cannot tell"),
              json.dumps(benchmark))
    check(any(x["same_bits"] for x in result["benchmarks"]), "bits")


if __name__ == "__main__":
    sys.exit(main([(name[5:], test) for name, test in list(globals().items())
                   if name.startswith("test_")]))
