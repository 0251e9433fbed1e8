#!/usr/bin/python3
"""suites - each suite that ships can be read, says what it answers and how long it takes.

Usage: suites.py EBB [PATTERN]
"""
import os
import re
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

from program import check, check_equal, check_match, main, run

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench/suites")
# Names that users may rely on, and how many trials each has on two cores.
TRIALS = {"quick": 12, "smoke": 8, "latency": 152, "scaling": 126, "forgetting": 90,
          "unlearning": 45, "pmnist5": 10, "peak": 156, "split-mnist": 15}
DURATION = r"\d+ (min|minutes|seconds)\b|a minute|in seconds"


def text_of(name):
    with open(os.path.join(FOLDER, name + ".yaml")) as stream:
        return stream.read()


def lines_of(name):
    ended = run("--quiet", "sweep", name, "--dry-run")
    check_equal(ended.status, 0, "%s: %s" % (name, ended.err))
    return ended.out.splitlines()


def test_all_are_listed():
    listed = run("list", "suites").out.splitlines()
    check_equal(sorted(line.split()[0] for line in listed), sorted(TRIALS), "suites")
    files = sorted(name[:-5] for name in os.listdir(FOLDER))
    check_equal(files, sorted(TRIALS), "files")
    for line in listed:
        check_match(DURATION, line, "a description without a duration")


def test_number_of_trials():
    cores = len(os.sched_getaffinity(0))
    for name, wanted in TRIALS.items():
        repetitions = int(re.search(r"(?m)^repetitions: (\d+)", text_of(name)).group(1))
        found = len(lines_of(name)) * repetitions
        if cores == 2:
            check_equal(found, wanted, name)
        check(found > 0, name)


def test_no_two_answer_the_same():
    """Suites may share points, but none is part of another."""
    points = {name: {line.split()[0] for line in lines_of(name)} for name in TRIALS}
    for name, own in points.items():
        for other, others in points.items():
            check(name == other or not own <= others, "%s lies in %s" % (name, other))


def test_the_published_requests():
    five = "--unlearn 2:1,4:2,5:5 --unlearn-age 4"
    twenty = "--unlearn 2:1,4:2,5:5,%s,10:10,12:11,14:12,15:15,%s,20:20 --unlearn-age 4"
    unlearning = "\n".join(lines_of("unlearning"))
    for requests in (five, twenty % ("9:6", "19:16"), twenty % ("7:6,9:7", "17:16,19:17")):
        check(requests in unlearning, requests)
        check_equal(unlearning.count(requests) % 5, 0, requests)
    check(five in "\n".join(lines_of("pmnist5")), "pmnist5")
    check(five in "\n".join(lines_of("forgetting")), "forgetting")


def test_networks_of_latency():
    lines = lines_of("latency")
    for hidden in ("256,256", "256,100,64"):
        check(any("--hidden %s " % hidden in line for line in lines), hidden)
    for line in lines:
        check("--tasks 1 " in line and "--head own" in line, line)


def test_weak_scaling():
    lines = lines_of("scaling")
    weak = [line for line in lines if "--batch-per-thread 64" in line]
    check_equal(len(weak) * 3, len(lines), "a third is weak")
    check(all("--batch-size" not in line for line in weak), "both batches")


if __name__ == "__main__":
    sys.exit(main([(name, test) for name, test in sorted(globals().items())
                   if name.startswith("test_")]))
