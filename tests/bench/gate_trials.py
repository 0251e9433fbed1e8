#!/usr/bin/python3
"""gate_trials - the gate on this machine: a build against itself, and planted slowdowns.

Usage: gate_trials.py EBB PRELOAD [--self N] [--busy N] [--planted N] [--delay PERCENT]
                      [--budget SECONDS]

--self N comparisons of EBB with itself, 20 s each, and --busy N with a neighbour that never
sleeps: none may call it slower. --planted N comparisons with oneDNN's calls made longer from
outside: none may call it the same, and nine in ten tries must find it; one that cannot tell
has not found it. Needs an idle machine; ends with 77, and says of which kind, where not one
comparison with itself or planted could be judged, or no pair was left valid beside the
neighbour: then nothing was tested.
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile


def compare(ebb, candidate, budget, variables=None):
    process = subprocess.run(
        [ebb, "compare", "--baseline", ebb, "--candidate", candidate, "--budget",
         "%ds" % budget, "--format", "json", "--progress", "never"],
        env={**os.environ, **(variables or {})}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False)
    if process.returncode not in (0, 1, 3):
        sys.exit(process.stderr.decode())
    return process.returncode, json.loads(process.stdout)


def pressure():
    """Share of the last ten seconds in which something waited for a CPU, in per cent."""
    try:
        with open("/proc/pressure/cpu") as stream:
            return float(stream.readline().split("avg10=")[1].split()[0])
    except (OSError, IndexError, ValueError):
        return -1.0


def tell(kind, number, before, status, result):
    rows = ["%s %s %s" % (b["name"].replace("step-", ""), b["verdict"],
                          "-" if b["ratio"] is None else
                          "%.3f/%d-%d" % (b["ratio"], b["pairs"], b["discarded"]))
            for b in result["benchmarks"]]
    print("%s %d: pressure %.0f %%, %.0f s, status %d: %s"
          % (kind, number, before, result["seconds"], status, "; ".join(rows)), flush=True)


def run_self(options):
    """Statuses without and with a neighbour that never sleeps, and the pairs that were
    judged beside it."""
    statuses = (collections.Counter(), collections.Counter())
    pairs = 0
    kinds = [0] * options.self + [1] * options.busy
    for number, busy in enumerate(kinds):
        before = pressure()
        neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"]) \
            if busy else None
        try:
            status, result = compare(options.ebb, options.ebb, 20)
        finally:
            if neighbour is not None:
                neighbour.kill()
                neighbour.wait()
        statuses[busy][status] += 1
        pairs += sum(b["pairs"] for b in result["benchmarks"] if busy and b["ratio"])
        tell("busy" if busy else "self", number + 1, before, status, result)
    return statuses + (pairs,)


def run_planted(options):
    statuses = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="ebb-gate-") as folder:
        candidate = os.path.join(folder, "candidate")
        with open(candidate, "w") as stream:
            stream.write('#!/bin/sh\nexec env LD_PRELOAD="%s" EBB_TEST_DELAY=%s "%s" "$@"\n'
                         % (options.preload, options.delay, options.ebb))
        os.chmod(candidate, 0o700)
        for number in range(options.planted):
            before = pressure()
            status, result = compare(options.ebb, candidate, options.budget)
            statuses[status] += 1
            tell("planted", number + 1, before, status, result)
    return statuses


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ebb", type=os.path.abspath)
    parser.add_argument("preload", type=os.path.abspath)
    parser.add_argument("--self", type=int, default=0)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--planted", type=int, default=0)
    # Of each call, beside what the wrapper costs: a step becomes 3 to 7 % longer (Adam's own
    # work is not in the calls).
    parser.add_argument("--delay", type=float, default=5.3)
    parser.add_argument("--budget", type=int, default=120)
    options = parser.parse_args()
    quiet, busy, busy_pairs = run_self(options)
    planted = run_planted(options)
    print("self: %d judged same, %d slower, %d cannot tell" % (quiet[0], quiet[1], quiet[3]))
    print("self, busy neighbour: %d judged same, %d slower, %d cannot tell; %d pairs judged"
          % (busy[0], busy[1], busy[3], busy_pairs))
    print("planted: %d found slower, %d judged same, %d cannot tell"
          % (planted[1], planted[0], planted[3]))
    untested = [kind for kind, asked, judged in
                (("self", options.self, quiet[0] + quiet[1]),
                 ("busy", options.busy, busy_pairs),
                 ("planted", options.planted, planted[0] + planted[1]))
                if asked > 0 and judged == 0]
    for kind in untested:
        print("%s: nothing could be judged on this machine: not tested" % kind)
    if quiet[1] + busy[1] > 0 or planted[0] > 0:
        return 1
    if "planted" not in untested and planted[1] < 0.9 * options.planted:
        return 1
    return 77 if untested else 0


if __name__ == "__main__":
    sys.exit(main())
