#!/usr/bin/python3
"""examples - what help and man pages show is run, word for word.

Usage: examples.py EBB EBB-BENCH [PATTERN]

The programs are installed, and the examples run in an empty folder with that installation
first in PATH. Two things are smaller than what a reader has: suite `quick` has the points
of `smoke`, and programs to compare only pretend to measure.
"""
import json
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import program

BENCH = os.path.abspath(sys.argv.pop(2))

from fakes import Place
from program import EBB, check, check_equal, environment, folder, main, run

# Statuses that are no fault of the example: a comparison may end undecided.
UNDECIDED = {"compare": (0, 1, 3)}


class World:
    """A folder as someone has it who follows the examples one after another."""

    def __init__(self):
        self.folder = folder()
        self.prefix = os.path.join(self.folder.name, "prefix")
        self.here = os.path.join(self.folder.name, "here")
        subprocess.run(["cmake", "--install", os.path.dirname(EBB), "--prefix", self.prefix],
                       stdout=subprocess.DEVNULL, check=True)
        suites = os.path.join(self.prefix, "share", "ebb", "suites")
        os.mkdir(self.here)
        with open(os.path.join(suites, "smoke.yaml")) as stream:
            smoke = stream.read()
        for name, path in (("quick", suites), ("mine", self.here)):
            with open(os.path.join(path, name + ".yaml"), "w") as stream:
                stream.write(smoke.replace("suite: smoke", "suite: " + name))
        self.make_builds()

    def make_builds(self):
        """Programs where `ebb compare` is told that they are."""
        self.fakes = Place()
        for name, path in (("a", "old/ebb"), ("b", "build/release/ebb")):
            self.link(self.fakes.fake(name), path)
        names = "dense/step:8/real_time"
        for name, path in (("c", "old/ebb-bench"), ("d", "new/ebb-bench")):
            self.link(self.fakes.bench(name, names), path)

    def link(self, source, path):
        target = os.path.join(self.here, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w") as stream:
            stream.write("#!/bin/sh\nexec %s \"$@\"\n" % source)
        os.chmod(target, 0o755)

    def run(self, line):
        path = os.path.join(self.prefix, "bin") + ":" + os.environ["PATH"]
        return subprocess.run(["sh", "-c", line], cwd=self.here, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
                              env=environment(PATH=path), check=False)

    def sweeps(self):
        """The sweeps that later examples read."""
        done = self.run("ebb sweep quick --quiet")
        check_equal(done.returncode, 0, done.stderr.decode())
        quick = os.path.join(self.here, "results", "quick")
        undisturb(os.path.join(quick, "trials.jsonl"))
        for day in ("monday", "tuesday"):
            shutil.copytree(quick, os.path.join(self.here, "results", day))


def undisturb(path):
    """On a busy machine no trial may be valid, and then there is nothing to export."""
    with open(path, encoding="utf-8") as stream:
        records = [json.loads(line) for line in stream]
    with open(path, "w", encoding="utf-8") as stream:
        for record in records:
            json.dump(dict(record, valid=True, problems=[]), stream, separators=(",", ":"))
            stream.write("\n")


def examples(text):
    """The command lines under the heading of a page of help, each after what it is for."""
    part = re.search(r"(?m)^Examples\n((?:  .*\n)+)", text)
    check(part is not None, "no examples in %r" % text[:80])
    lines = part.group(1).splitlines()
    check_equal([line[:4] == "  # " for line in lines], [True, False] * (len(lines) // 2),
                "lines of examples")
    return [line.strip() for line in lines[1::2]]


def commands():
    listed = re.search(r"Commands\n(.*?)\n\n", run("--help").out, re.S).group(1)
    return [line.split()[0] for line in listed.splitlines() if line.split()[0] != "help"]


def lacks_data(done):
    """Data or a program that need not be there."""
    return done.returncode == 3 and (b"fashion-mnist" in done.stderr
                                     or b"lstopo: not found" in done.stderr)


def try_all(name, lines):
    check(lines, "no examples of %s" % name)
    for line in lines:
        done = WORLD.run(line)
        if lacks_data(done):
            print("skipped: %s: %s" % (line, done.stderr.decode().strip()))
            continue
        allowed = UNDECIDED.get(name, (0,))
        check(done.returncode in allowed, "%s: status %d, %s"
              % (line, done.returncode, done.stderr.decode()[-500:]))
        # An example that has nothing to show for it shows the wrong thing.
        written = re.search(r"> (\S+)$", line)
        size = (os.path.getsize(os.path.join(WORLD.here, written.group(1))) if written
                else len(done.stdout + done.stderr))
        check(size > 20, "%s: says nothing" % line)


def test_program():
    try_all("ebb", examples(run("--help").out))


def test_command(name):
    try_all(name, examples(run(name, "--help").out))


def test_bench():
    done = subprocess.run([BENCH, "--help"], stdout=subprocess.PIPE, check=True)
    try_all("ebb-bench", examples(done.stdout.decode()))
    check("plan.json" in os.listdir(WORLD.here), "plan.json")


def test_written():
    """Files that examples are said to write are there."""
    for path in ("ebb.bmf.json", "machine.json", "quick.html", "mine/trials.jsonl",
                 "results/quick/report.html"):
        check(os.path.exists(os.path.join(WORLD.here, path)), path)


def test_a_wrong_example_is_seen():
    for line in ("ebb list algoritms", "ebb table results/none", "true"):
        try:
            try_all("ebb", [line])
        except program.Failure:
            continue
        check(False, "%s passes" % line)


def all_tests():
    tests = [("program", test_program), ("sweeps", WORLD.sweeps), ("ebb-bench", test_bench)]
    tests += [(name, lambda name=name: test_command(name)) for name in commands()]
    return tests + [("written", test_written),
                    ("a wrong example is seen", test_a_wrong_example_is_seen)]


if __name__ == "__main__":
    WORLD = World()
    sys.exit(main(all_tests()))
