#!/usr/bin/python3
"""compare - the regression gate: verdicts, order of measurement, formats, command lines.

Usage: compare.py EBB [PATTERN]
"""
import re
import sys
import time
import xml.etree.ElementTree

from fakes import INVALID, Place, compare, compare_json, parse, verdicts
from program import check, check_equal, check_match, main, run

STEPS = ["step-sgd-8", "step-adam-8", "step-adam-128", "step-sgd-256-all",
         "step-adam-64-all"]


def test_same():
    with Place() as place:
        a, b = place.fake("a"), place.fake("b")
        ended = compare(a, b)
        check_equal(ended.status, 0, ended.err)
        lines = ended.out.splitlines()
        check_equal([line.split()[0] for line in lines[:-1]], ["benchmark"] + STEPS,
                    "names")
        check_match(r"^benchmark +candidate / baseline +pairs  verdict$", lines[0], "head")
        for line in lines[1:-1]:
            check_match(r"^\S+ +(0\.99|1\.00)\d\d \[0\.9\d{3}, 1\.0\d{3}\] +\d+  same$",
                        line, "line")
        check_match(r"^same: no slowdown .*\(5 of 5 benchmarks; threshold 2 %, [\d.]+ s "
                    r"of 60\)$", lines[-1], "verdict")
        check_equal(ended.err, "", "stderr")
        # Pairs are whole, and eight are the fewest for 1 % over all looks.
        check_equal(place.calls("a"), place.calls("b"), "calls")
        check(place.calls("a") >= 5 * 8, "%d calls" % place.calls("a"))
        check(place.calls("a") < 5 * 40, "%d calls" % place.calls("a"))


def test_itself():
    with Place() as place:
        result, _ = compare_json(place.fake("a", noise=0), place.path("a"))
        check_equal(verdicts(result), ["same"] * 5, "verdicts")
        check_equal(place.calls("a"), 2 * sum(b["pairs"] for b in result["benchmarks"]),
                    "calls")
        for benchmark in result["benchmarks"]:
            check_equal((benchmark["ratio"], benchmark["low"]), (1, 1), "ratio")


def test_interleaved():
    """ABBA: who goes first alternates."""
    with Place() as place:
        log = 'echo "${0##*/} $all" >> "${0%/*}/log"'
        a, b = place.fake("a", before=log), place.fake("b", before=log)
        compare_json(a, b)
        with open(place.path("log")) as stream:
            calls = [line.split(" ", 1) for line in stream]
        first = [name for name, words in calls if "--batch-size=8 " in words + " "
                 and "=sgd" in words]
        for i in range(0, len(first) - 3, 4):
            check_equal(first[i:i + 4], ["a", "b", "b", "a"], "order")
        # The two of a pair follow each other.
        for one, other in zip(calls[::2], calls[1::2]):
            check_equal(one[1], other[1], "words of a pair")
        check_match(r"^run --format=json .*--dataset=synthetic ", calls[0][1], "words")


def test_slower_and_faster():
    with Place() as place:
        a, b = place.fake("a"), place.fake("b", percent=105)
        result, ended = compare_json(a, b, status=1)
        check_equal(verdicts(result), ["slower"] * 5, "verdicts")
        check_equal(result["verdict"], "slower", "verdict")
        for benchmark in result["benchmarks"]:
            check(1.02 < benchmark["low"] <= benchmark["ratio"] <= benchmark["high"],
                  "interval")
            check_equal(len(benchmark["baseline_ns"]), benchmark["pairs"], "times")
            check_equal(benchmark["same_bits"], True, "bits")
        check_match(r"^ebb: compare: slower: step-sgd-8 \(5 of 5 benchmarks\): ratio "
                    r"1\.0\d+ \[", ended.message(), "message")
        result, _ = compare_json(b, a)
        check_equal(verdicts(result), ["faster"] * 5, "verdicts")
        check_equal(result["verdict"], "faster", "verdict")
        result, _ = compare_json(a, b, "--threshold", "10%")
        check_equal(verdicts(result), ["same"] * 5, "verdicts")


def test_one_is_slower():
    with Place() as place:
        slow = 'case "$all" in *=128*) p50=$((p50 * 11 / 10));; esac'
        result, ended = compare_json(place.fake("a"), place.fake("b", body=slow), status=1)
        check_equal(verdicts(result), ["same", "same", "slower", "same", "same"], "verdicts")
        check_match(r"slower: step-adam-128 \(1 of 5", ended.message(), "message")


# Half of the times are twice the others, so that no number of pairs is enough.
NOISE = "p50=$((p50 * (1 + count % 2)))"


def test_noise_hides():
    """It leaves the verdict open; the budget is kept."""
    with Place() as place:
        a, b = place.fake("a", noise=0), place.fake("b", noise=0, body=NOISE)
        begin = time.monotonic()
        result, ended = compare_json(a, b, status=3, budget="4")
        check(time.monotonic() - begin < 30, "the budget was not kept")
        check_equal(result["verdict"], "cannot tell", "verdict")
        check("cannot tell" in verdicts(result), "verdicts %s" % verdicts(result))
        check_match("^ebb: compare: cannot tell: ", ended.message(), "message")


def test_disturbed():
    with Place() as place:
        # Every third trial of b.
        b = place.fake("b", body="[ $((count % 3)) = 1 ] && " + INVALID)
        result, _ = compare_json(place.fake("a"), b)
        check_equal(verdicts(result), ["same"] * 5, "verdicts")
        check(sum(x["discarded"] for x in result["benchmarks"]) >= 10, "discarded")
        for x in result["benchmarks"]:
            check(x["pairs"] >= 8, "pairs")
        c = place.fake("c", body=INVALID)
        result, ended = compare_json(place.path("a"), c, status=3, budget="3")
        check_equal(verdicts(result), ["cannot tell"] * 5, "verdicts")
        check_equal(result["benchmarks"][0]["ratio"], None, "ratio")
        check_match(r"0 pairs are too few, \d+ were disturbed: candidate: a thread waited",
                    ended.message(), "message")


def seven_pairs(points, status):
    """How a comparison of so many benchmarks ends, of each of which seven pairs are
    undisturbed. The second time a busy machine has time enough."""
    late = "[ $count -ge %d ] && %s" % (7 * points, INVALID)
    for budget in ("3", "60"):
        with Place() as place:
            with open(place.path("mine.yaml"), "w") as stream:
                stream.write(SUITE.replace("[1, 2]", str(list(range(1, points + 1))))
                             .replace("points: [{batch_size: 8}, {batch_size: 16}]\n", ""))
            a, b = place.fake("a", noise=0, body=late), place.fake("b", noise=0, body=late)
            ended = compare(a, b, "--suite", place.path("mine.yaml"), "--format", "json",
                            "--quiet", budget=budget)
            result = parse(ended.out)
            if [x["pairs"] for x in result["benchmarks"]] == [7] * points:
                break
    check_equal(ended.status, status, ended.err)
    return result


def test_corrected_for_their_number():
    """Seven pairs carry a verdict with 2 / 128 = 1.56 % of error: of 5 % that is enough for
    each of three benchmarks (1.67 %) and too much for each of four (1.25 %)."""
    check_equal(verdicts(seven_pairs(3, 0)), ["same"] * 3, "three")
    result = seven_pairs(4, 3)
    check_equal(verdicts(result), ["cannot tell"] * 4, "four")
    for benchmark in result["benchmarks"]:
        check_match("7 pairs are too few, ", benchmark["message"], "message")


def doubt(a, b, budget):
    """The conclusion of a comparison that cannot tell."""
    ended = compare(a, b, "--quiet", budget=budget)
    check_equal(ended.status, 3, ended.err)
    return ended.out.splitlines()[-1]


def test_doubts_are_told_apart():
    with Place() as place:
        a = place.fake("a", noise=0)
        check_match("cannot tell: not one pair was measured in the budget .5 of 5 ",
                    doubt(a, place.fake("b", body=INVALID), "2"), "disturbed")
        check_match("cannot tell: a benchmark could not be judged .5 of 5 ",
                    doubt(a, place.fake("c", before="exit 1"), "4"), "broken")
        check_match("cannot tell: the budget was too small for an interval .5 of 5 ",
                    doubt(a, place.fake("d", before="sleep 0.1"), "2"), "budget")
        # A busy machine needs the second budget to get as far as an interval.
        b = place.fake("e", noise=0, body=NOISE)
        noise = "cannot tell: the noise could hide a slowdown "
        told = doubt(a, b, "4")
        check_match(noise, told if told.startswith(noise) else doubt(a, b, "60"), "noise")


SUITE = """suite: mine
description: for tests
trial: {dataset: synthetic, tasks: 1}
points: [{batch_size: 8}, {batch_size: 16}]
sweep: {threads: [1, 2]}
repetitions: 7
"""


def test_suite():
    with Place() as place:
        with open(place.path("mine.yaml"), "w") as stream:
            stream.write(SUITE)
        log = 'echo "$all" >> "$0.log"'
        result, _ = compare_json(place.fake("a", before=log), place.fake("b"), "--suite",
                                 place.path("mine.yaml"))
        check_equal([x["name"] for x in result["benchmarks"]],
                    ["batch-size 8, threads 1", "batch-size 8, threads 2",
                     "batch-size 16, threads 1", "batch-size 16, threads 2"], "names")
        with open(place.path("a.log")) as stream:
            words = stream.readline()
        check_match("^run --format=json .*--dataset=synthetic .*--tasks=1 "
                    ".*--batch-size=8 .*--threads=1", words, "words")


def test_formats():
    with Place() as place:
        a = place.fake("a")
        b = place.fake("b", percent=110, body='case "$all" in *=128*) echo "<&|\\"]]>" >&2;'
                                              " exit 3;; esac")
        ended = compare(a, b, "--format", "junit")
        check_equal(ended.status, 1, ended.err)
        suite = xml.etree.ElementTree.fromstring(ended.out)
        check_equal((suite.tag, suite.get("tests"), suite.get("failures"),
                     suite.get("errors")), ("testsuite", "5", "4", "1"), "suite")
        cases = suite.findall("testcase")
        check_equal([x.get("name") for x in cases], STEPS, "names")
        check_equal([x.find("failure") is not None for x in cases],
                    [True, True, False, True, True], "failures")
        check_match('<&|"', cases[2].find("error").get("message"), "message")
        ended = compare(a, b, "--format", "markdown")
        rows = [line for line in ended.out.splitlines() if line.startswith("|")]
        check_equal(len(rows), 7, "rows")
        for row in rows:
            check_equal(len(re.findall(r"(?<!\\)\|", row)), 6, "cells of " + row)
        check_match(r"(?m)^\*\*slower: ", ended.out, "verdict")
        ended = compare(a, place.path("no"), "--format", "junit")
        check_equal(ended.status, 5, ended.err)
        suite = xml.etree.ElementTree.fromstring(ended.out)
        check_equal((suite.get("tests"), suite.get("failures")), ("1", "1"), "suite")
        ended = compare(a, b, "--color", "always")
        check("\x1b[31;1mslower\x1b[0m" in ended.out, "colour")
        ended = compare(a, a, "--format", "markdown", "--output", place.path("x.json"))
        with open(place.path("x.json")) as stream:
            result = parse(stream.read())
        check_match(r"(?m)^\*\*%s: " % result["verdict"], ended.out, "verdict")
        calls = place.calls("a")
        check_equal(compare(a, a, "--output", "/nonexistent/x").status, 3, "no folder")
        check_equal(place.calls("a"), calls, "calls")
        check_equal(compare(a, a, "--output", "/dev/full").status, 3, "full disk")
        with open("/dev/full", "wb") as full:
            check_equal(compare(a, a, stdout=full).status, 3, "full disk")


def test_errors():
    with Place() as place:
        a = place.fake("a")
        for words, pattern in (
                ([], "--candidate: missing"),
                (["--candidate", a], "--baseline: missing"),
                (["--baseline", a, "--candidate", ""], "--candidate: missing"),
                (["--baseline", a, "--candidate", place.folder.name],
                 "a folder and the baseline is not"),
                (["--baseline", place.folder.name, "--candidate", a],
                 "a program and the baseline is not"),
                (["--baseline", a, "--candidate", a, "--suite", "smoke", "--bench", "x"],
                 "--bench: beside --suite"),
                (["--baseline", a, "--candidate", a, "--suite", "smok"], "nearest: smoke"),
                (["--baseline", a, "--candidate", a, "--threshold", "0%"],
                 "--threshold: not a number in range: '0%' .allowed: 0.1% to 100%"),
                (["--baseline", a, "--candidate", a, "--threshold", "2%%"], "--threshold"),
                (["--baseline", a, "--candidate", a, "--threshold", "nan"], "--threshold"),
                (["--baseline", a, "--candidate", a, "--budget", "0.5s"],
                 "--budget: not a number in range: '0.5s'"),
                (["--baseline", a, "--candidate", a, "--budget", "2m"], "--budget"),
                (["--baseline", a, "--candidate", a, "--timeout", "0"], "--timeout"),
                (["--baseline", a, "--candidate", a, "--format", "xml"], "--format"),
                (["--baseline", place.folder.name, "--candidate", place.folder.name,
                  "--suite", "smoke"], "--suite: has no meaning for stored results"),
                (["--baseline", place.folder.name, "--candidate", place.folder.name,
                  "--threshold", "4%"], "allowed: 5% to 100% for stored results"),
                (["--baseline", place.path("no"), "--candidate", a, "--budget", "x"],
                 "--budget"),
                (["word", "--baseline", a, "--candidate", a], "unexpected word")):
            ended = run("compare", *words)
            check_equal(ended.status, 2, "status of %s (%s)" % (words, ended.message()))
            check_equal(ended.out, "", "stdout of %s" % words)
            check_match("^ebb: .*" + pattern, ended.message(), "message")
        check_equal(place.calls("a"), 0, "calls")


if __name__ == "__main__":
    sys.exit(main([(name[5:], test) for name, test in list(globals().items())
                   if name.startswith("test_")]))
