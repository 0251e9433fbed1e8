#!/usr/bin/python3
"""kills - a sweep killed at random moments and resumed: each trial once, none torn.

Usage: kills.py EBB [--kills N] [PATTERN]
"""
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # the source tree stays as it is

N_KILLS = 10
if "--kills" in sys.argv:
    AT = sys.argv.index("--kills")
    N_KILLS = int(sys.argv[AT + 1])
    del sys.argv[AT:AT + 2]

from injection import SUITE, Template, check_records, read
from program import EBB, check, check_equal, environment, folder, main
from sweep import gone
from sweep_place import LONG, Place, wait_for_worker, workers_of

REPETITIONS = 12


class Sweep:
    """A folder in which a sweep of a dozen trials has its first one."""

    def __init__(self, template):
        self.folder = folder()
        self.suite = os.path.join(self.folder.name, "suite.yaml")
        self.results = os.path.join(self.folder.name, "results")
        self.trials = os.path.join(self.results, "trials.jsonl")
        self.before = template.copy(self.results, 1)
        with open(self.suite, "w", encoding="utf-8") as stream:
            stream.write(SUITE.replace("repetitions: 2", "repetitions: %d" % REPETITIONS))

    def start(self):
        return subprocess.Popen(
            [EBB, "sweep", self.suite, "--output-dir", self.results, "--quiet"],
            env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)

    def check_whole(self):
        """Whole lines, those of before unchanged; a torn one may stand at the end."""
        text = read(self.trials)
        whole = text[:text.rfind("\n") + 1]
        check(whole.startswith(self.before), "an earlier record was changed")
        for line in whole.splitlines():
            json.loads(line)
        self.before = whole
        return whole != text

    def check_done(self):
        check_records(read(self.trials), self.before)
        records = [json.loads(line) for line in read(self.trials).splitlines()]
        check_equal(sorted(r["repetition"] for r in records),
                    list(range(1, REPETITIONS + 1)), "trials")
        left = [name for name in os.listdir(self.results) if name.endswith(".new")]
        check_equal(left, [], "files")


def kill_once(sweep, chance):
    """True when it was killed, False when it was through before. The moment lies anywhere
    in a trial, or between two: after so many more records, and a little."""
    process = sweep.start()
    wanted = sweep.before.count("\n") + chance.randrange(3)
    while process.poll() is None and read(sweep.trials).count("\n") < wanted:
        time.sleep(0.002)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=chance.uniform(0, 0.2))
    workers = workers_of(process)
    process.kill()
    err = process.communicate(timeout=60)[1].decode()
    through = process.returncode == 0  # it may end while this asks
    for pid in workers:
        check(gone(pid), "a worker outlives its launcher")
    check_equal((process.returncode, err), (0 if through else -9, ""), "the sweep")
    return not through


def test_kills():
    chance = random.Random(20240607)
    template = Template()
    n_kills = n_torn = n_through = n_records = 0
    while n_kills < N_KILLS:
        sweep = Sweep(template)
        with sweep.folder:
            killed = True
            while killed and n_kills < N_KILLS:
                killed = kill_once(sweep, chance)
                n_kills += killed
                n_torn += sweep.check_whole()
            n_records += sweep.before.count("\n") - 1
            process = sweep.start()
            check_equal((process.communicate(timeout=300)[1], process.returncode),
                        (b"", 0), "the last sweep")
            sweep.check_done()
            n_through += 1
    print("%d kills, %d records kept by sweeps that were killed, %d sweeps brought to "
          "their end, %d torn lines seen and repaired" % (
              n_kills, n_records, n_through, n_torn))


def test_worker_ends_with_its_launcher():
    """Minutes before its trial would: what waits for half a minute cannot take the one end
    for the other."""
    with Place(LONG) as place:
        process = place.start("--quiet")
        worker = wait_for_worker(process)
        process.kill()
        process.communicate(timeout=60)
        ended = gone(worker)
        if not ended:
            os.kill(worker, signal.SIGKILL)
        check(ended, "a worker outlives its launcher")


if __name__ == "__main__":
    sys.exit(main([(name, test) for name, test in sorted(globals().items())
                   if name.startswith("test_")]))
