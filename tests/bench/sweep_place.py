"""sweep_place - a small suite, a folder for its results, and the workers of a sweep."""
import json
import os
import shutil
import subprocess
import time

from program import EBB, check, check_equal, environment, folder, run

# Two points, two repetitions; a trial takes less than a second.
SMALL = """suite: small
description: for tests
trial: {dataset: synthetic, synthetic: "200,50,16,4", hidden: 8, tasks: 2, epochs: 1,
  batch_size: 20, warmup_steps: 1}
sweep: {threads: [1, 2]}
repetitions: 2
"""
N_SMALL = 4
LONG = SMALL.replace("epochs: 1", "steps: 100000000").replace("[1, 2]", "[1]")


class Place:
    """A folder with a suite in it and results beside it."""

    def __init__(self, suite=SMALL):
        self.folder = folder()
        self.suite = os.path.join(self.folder.name, "suite.yaml")
        self.results = os.path.join(self.folder.name, "a", "results")
        self.trials = os.path.join(self.results, "trials.jsonl")
        self.set_suite(suite)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.folder.cleanup()

    def set_suite(self, text):
        with open(self.suite, "w") as stream:
            stream.write(text)

    def words(self, *more):
        return ["sweep", self.suite, "--output-dir", self.results, *more]

    def sweep(self, *more, **options):
        return run(*self.words(*more), **options)

    def start(self, *more):
        return subprocess.Popen([EBB, *self.words(*more)], env=environment(),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def read(self):
        with open(self.trials) as stream:
            return stream.read()

    def write(self, text):
        with open(self.trials, "w") as stream:
            stream.write(text)

    def records(self):
        return [json.loads(line) for line in self.read().splitlines()]

    def files(self):
        return sorted(os.listdir(self.results))

    def change(self, index, **values):
        """Gives one record other values."""
        records = self.records()
        records[index].update(values)
        self.write("".join(json.dumps(r) + "\n" for r in records))

    def wait_for_trials(self, count):
        """Until that many lines are there."""
        end = time.monotonic() + 60
        while not os.path.exists(self.trials) or self.read().count("\n") < count:
            check(time.monotonic() < end, "no trial within a minute")
            time.sleep(0.02)


def done(place, count=N_SMALL):
    """Each trial is there once."""
    keys = [(r["config_hash"], r["repetition"]) for r in place.records()]
    check_equal(len(keys), count, "trials")
    check_equal(len(set(keys)), count, "distinct trials")


def complete(place, *more):
    ended = place.sweep(*more)
    check_equal(ended.status, 0, ended.err)
    return ended


TEMPLATE = Place()


def completed():
    """A place where the small suite has been swept; that happens once."""
    if not os.path.exists(TEMPLATE.results):
        complete(TEMPLATE)
    place = Place()
    shutil.copytree(TEMPLATE.results, place.results)
    return place


def workers_of(process):
    """Processes whose parent is this one."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)],
                           stdout=subprocess.PIPE, check=False).stdout
    return [int(pid) for pid in found.split()]


def words_of(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as stream:
            return stream.read()
    except OSError:  # it ended meanwhile
        return b""


def wait_for_worker(process):
    end = time.monotonic() + 60
    while True:
        for pid in workers_of(process):
            if b"\0worker\0" in words_of(pid):
                return pid
        check(time.monotonic() < end, "no worker within a minute")
        time.sleep(0.02)
