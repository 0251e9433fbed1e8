#!/usr/bin/python3
"""compare_faults - the regression gate on builds that crash, hang, print garbage or are
wrong, and on programs like ebb-bench.

Usage: compare_faults.py EBB [PATTERN]
"""
import os
import sys
import time

from fakes import INVALID, Place, compare_json, verdicts
from program import check, check_equal, check_match, gone, main


def broken(before="", body="", after="", status=3, pattern="", more=(), budget="30"):
    """Both as baseline and as candidate."""
    with Place() as place:
        good, bad = place.fake("good"), place.fake("bad", before=before, body=body,
                                                   after=after)
        for pair, side in (((good, bad), "candidate"), ((bad, good), "baseline")):
            result, ended = compare_json(*pair, *more, status=status, budget=budget)
            check_match(pattern, ended.message(), "message")
            check_match("^%s: " % side, result["benchmarks"][0]["message"], "message")


def test_crash():
    broken(before="echo out; echo last words >&2; kill -SEGV $$",
           pattern=r"was ended by signal 11 .*; last output 'last words'")
    broken(before="exit 139", pattern="ended with status 139; it printed nothing")
    broken(before="echo 'ebb: no memory' >&2; exit 3", pattern="status 3.*no memory")


def test_later_crash():
    """One crash among many runs is enough."""
    with Place() as place:
        bad = place.fake("bad", before="[ $count = 23 ] && kill -ABRT $$")
        result, _ = compare_json(place.fake("good"), bad, status=3)
        check_equal(sorted(verdicts(result)), ["cannot tell"] + ["same"] * 4, "verdicts")


def test_garbage():
    broken(before="echo hello; exit 0", pattern="printed garbage: .*last output 'hello'")
    broken(before="exit 0", pattern="printed garbage: nothing")
    broken(before="echo '[1]'; exit 0", pattern="printed garbage: no trial record")
    broken(before="echo '{}'; exit 0", pattern="printed garbage: no trial record")
    broken(body="p50=NaN", pattern="printed garbage: ")
    broken(body="p50=null", pattern="no step was timed")
    broken(body="p50=0", pattern="no step was timed")
    broken(body="p50=-5", pattern="no step was timed")
    broken(body="p50=1e999", pattern="printed garbage: ")
    broken(before="printf 'a\\0\\033[31mb\\377' ; exit 0", pattern=r"'a\?\?\[31mb\?'")
    broken(before="exec cat /dev/zero", pattern="printed more than 16 MiB")


def test_hang():
    broken(before="echo waiting; sleep 1000", pattern="time-out; last output 'waiting'",
           more=["--timeout", "1"])
    with Place() as place:  # longer than all there is
        begin = time.monotonic()
        result, ended = compare_json(place.fake("a", before="exec sleep 1000"),
                                     place.fake("b"), status=3, budget="2")
        check(time.monotonic() - begin < 30, "the budget was not kept")
        check_match("did not end within the budget of 2 s", ended.message(), "message")


def test_nothing_is_left():
    """What a wrapper started is gone when the wrapper is."""
    with Place() as place:
        hang = place.fake("b", before='sleep 1000 & echo $! > "$0.pid"; wait')
        compare_json(place.fake("a"), hang, "--timeout", "1", status=3)
        with open(place.path("b.pid")) as stream:
            pid = int(stream.read())
        check(gone(pid), "it still runs")


def wrong(pattern, **candidate):
    with Place() as place:
        result, ended = compare_json(place.fake("a"), place.fake("b", **candidate), status=4)
        check_equal(set(verdicts(result)), {"wrong"}, "verdicts")
        check_match(pattern, ended.message(), "message")


def test_wrong():
    wrong("accuracy of task 1 is 0.9000 and 0.8800", digest="e", accuracy="0.88")
    wrong("loss of task 1 is 0.5 and 0.504", digest="e", loss="0.504")
    wrong("loss of task 1 is 0.5 and nan", digest="e", loss="null")
    wrong("candidate: two runs of one configuration end in different parameters",
          digest="d$count")
    wrong("candidate: the trial diverged", body="diverged=true", after="exit 1")
    wrong("candidate: ended with status 4; last output 'it is wrong'",
          before="echo it is wrong >&2; exit 4")
    # Disturbed or not: a result is a result.
    wrong("accuracy of task 1", digest="e", accuracy="0.88", body=INVALID)


def test_other_bits():
    """Allowed between builds, as long as what is learned agrees."""
    with Place() as place:
        result, _ = compare_json(place.fake("a"), place.fake("b", digest="e", loss="0.5001"))
        check_equal(verdicts(result), ["same"] * 5, "verdicts")
        check_equal([x["same_bits"] for x in result["benchmarks"]], [False] * 5, "bits")


def test_both_diverge():
    with Place() as place:
        a = place.fake("a", body="diverged=true", after="exit 1")
        _, ended = compare_json(a, a, status=3)
        check_match("baseline: the trial diverged", ended.message(), "message")


def test_incomparable():
    with Place() as place:
        a = place.fake("a")
        _, ended = compare_json(a, place.fake("b", body="batch=9"), status=3)
        check_match("not comparable: other configuration: batch_size is 8 and 9",
                    ended.message(), "message")
        _, ended = compare_json(a, place.fake("c", body="schema=ebb-trial/2"), status=3)
        check_match(r"not comparable: schema is 'ebb-trial/2' \(allowed: ebb-trial/1\)",
                    ended.message(), "message")


def test_missing():
    with Place() as place:
        a = place.fake("a")
        for pair in ((a, place.path("no")), (place.path("no"), a)):
            result, ended = compare_json(*pair, status=5)
            check_equal(result["verdict"], "missing", "verdict")
            check_match(r"^ebb: --(baseline|candidate): .*no: No such file",
                        ended.message(), "message")
            check_equal(len(ended.err.splitlines()), 1, "lines")
        os.chmod(a, 0o600)
        if os.geteuid() != 0 or not os.access(a, os.X_OK):
            compare_json(a, a, status=5)
        # A build that does not know a configuration has no such benchmark.
        old = place.fake("old", before="echo 'ebb: --batch-size: unknown' >&2; exit 2")
        result, ended = compare_json(place.fake("b"), old, status=5)
        check_equal(set(verdicts(result)), {"missing"}, "verdicts")
        check_match("missing: .*candidate: ended with status 2.*unknown", ended.message(),
                    "message")


def test_bench():
    with Place() as place:
        names = "dense/step:8/real_time 'a.b*c+d(e)[f]{g}|h^i$j?/real_time' z"
        a = place.bench("a", names)
        result, _ = compare_json(a, place.bench("b", names + " new"), "--bench", ".")
        check_equal([x["name"] for x in result["benchmarks"]],
                    ["dense/step:8/real_time", "a.b*c+d(e)[f]{g}|h^i$j?/real_time", "z"],
                    "names")
        check_equal(verdicts(result), ["same"] * 3, "verdicts")
        check_equal(result["notes"], ["only the candidate has new"], "notes")
        check(1e10 <= result["benchmarks"][0]["baseline_ns"][0] <= 1.02e10, "ns")
        result, _ = compare_json(a, place.bench("c", names, percent=110), "--bench", ".",
                                 status=1)
        check_equal(verdicts(result), ["slower"] * 3, "verdicts")
        # One that vanished is status 5, whatever the others do.
        result, ended = compare_json(a, place.bench("d", "z"), "--bench", ".", status=5)
        check_equal(verdicts(result), ["missing", "missing", "same"], "verdicts")
        check_match("missing: dense/step:8/real_time .2 of 3 benchmarks.: the candidate "
                    "does not have it", ended.message(), "message")
        place.bench("e", "!:")
        _, ended = compare_json(place.path("e"), a, "--bench", "x.y", status=5)
        check_match("--bench: the baseline has no benchmark that matches 'x.y'$",
                    ended.message(), "message")
        place.bench("f", "!echo 'no regular expression' >&2; exit 2")
        _, ended = compare_json(place.path("f"), a, "--bench", "(", status=5)
        check_match("matches '.': it ended with status 2; last output 'no regular exp",
                    ended.message(), "message")


def bench_entry(entry, status, pattern, after=""):
    with Place() as place:
        a = place.bench("a", "x")
        b = place.bench("b", "x", body="entry='%s'" % entry, after=after)
        result, ended = compare_json(a, b, "--bench", "x", status=status)
        check_match("candidate: " + pattern, ended.message(), "message")
        check_equal(len(result["benchmarks"]), 1, "benchmarks")


def test_bench_entries():
    good = '"run_type": "iteration", "real_time": 5, "time_unit": "ns"'
    error = '"error_occurred": true, "error_message": "sum is off"'
    bench_entry(error, 3, "failed: sum is off")
    bench_entry(error, 4, "failed: sum is off", after="exit 4")
    bench_entry('"skipped": true, "skip_message": "no AMX"', 3, "skipped: no AMX")
    bench_entry(good.replace("5", "0"), 3, "real_time is not a time above 0")
    bench_entry(good.replace("5", '"5"'), 3, "real_time is not a time above 0")
    bench_entry(good.replace('"ns"', '"none"'), 3, "real_time is not a time above 0")
    bench_entry(good + ', "rate": NaN', 3, "printed garbage")
    bench_entry(good + ', "rate": Infinity', 3, "printed garbage")
    bench_entry(good + ', "rate": 1e999', 3, "printed garbage")
    bench_entry(good.replace("iteration", "aggregate"), 3, "no repetition was timed")


def test_bench_repetitions():
    """Of repetitions the median counts, of aggregates none."""
    with Place() as place:
        more = ('"run_name": "x", "run_type": "iteration", "real_time": %s, '
                '"time_unit": "ms"}, {"name": "%s", ')
        entry = ("".join(more % (ms, name) for ms, name in
                         ((3, "x"), (900, "x"), (4, "x_mean")))
                 + '"run_name": "x", "run_type": "aggregate", "real_time": 1, '
                   '"time_unit": "ms"')
        entry = entry.replace('"real_time": 4', '"real_time": 5')
        a = place.bench("a", "x", body="entry='%s'" % entry)
        result, _ = compare_json(a, a, "--bench", "x")
        check_equal(set(result["benchmarks"][0]["baseline_ns"]), {5e6}, "ns")


def test_bench_median():
    """A median that the benchmark itself tells goes before a mean."""
    with Place() as place:
        a = place.bench("a", "x", body='entry="$entry, \\"p50_us\\": 7"')
        result, _ = compare_json(a, a, "--bench", "x")
        check_equal(set(result["benchmarks"][0]["baseline_ns"]), {7e3}, "ns")


def test_bench_disturbed():
    """Repetitions that say so do not count; where all do, the pair does not."""
    with Place() as place:
        a = place.bench("a", "x")
        entry = 'entry="$entry, \\"label\\": \\"disturbed\\""'
        result, ended = compare_json(a, place.bench("b", "x", body=entry), "--bench", "x",
                                     budget="2", status=3)
        check_equal(result["benchmarks"][0]["pairs"], 0, "pairs")
        check_match(r"were disturbed: candidate: its mean and its median are far apart",
                    ended.message(), "message")
        more = "\n".join((entry, "good='" '"name": "x", "run_type": "iteration", '
                          '"real_time": 9, "time_unit": "ms"' "'", 'entry="$entry}, {$good"'))
        c = place.bench("c", "x", body=more)
        result, _ = compare_json(c, c, "--bench", "x")
        check_equal(set(result["benchmarks"][0]["baseline_ns"]), {9e6}, "ns")


def test_bench_broken_list():
    with Place() as place:
        a = place.bench("a", "x")
        for listing, pattern in (("!echo 'two words'", "no name of a benchmark"),
                                 ("!kill -SEGV $$", "signal 11"),
                                 ("!printf '\\377\\n'", "no UTF-8"),
                                 ("!exit 3", "status 3")):
            _, ended = compare_json(a, place.bench("b", listing), "--bench", "x", status=3)
            check_match("candidate does not list its benchmarks: .*" + pattern,
                        ended.message(), "message")


if __name__ == "__main__":
    sys.exit(main([(name[5:], test) for name, test in list(globals().items())
                   if name.startswith("test_")]))
