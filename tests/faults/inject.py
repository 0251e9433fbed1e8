#!/usr/bin/python3
"""inject - every command with each of its calls failing in turn.

Usage: inject.py EBB LIBRARY [--every] [PATTERN]

Without --every, the first calls of each kind and ever fewer of the later ones. With it,
all of ebb's own, but of more than 2000 calls that one library makes, an even choice.

What libraries do when memory is refused to them is theirs, and not all of it is told here:
oneDNN's C++ throws, which the program turns into its message, but oneDNN's own allocator,
hwloc while it looks at the machine and OpenSSL while it starts follow null pointers. That
ends a worker by a signal, which its sweep reports like any other; no record is lost.
"""
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True  # the source tree stays as it is

from multiprocessing.pool import ThreadPool

from injection import (Fault, Outcome, Template, WORDS, check_ended, check_records,
                       difference, environment, finish, indices, read, stable)
from program import Failure, check, check_equal, folder, main

# Calls of a library, and of ebb itself, that are enough; all are tried where it is fewer.
EVERY = (2000, sys.maxsize) if "--every" in sys.argv else None
LIBRARY = os.path.abspath(sys.argv[2])
TIMEOUT = 60


FASHION = "/usr/share/datasets/fashion-mnist"

# A fact that cannot be read is recorded as such, and a thread whose CPUs cannot be asked
# for as not bound, which makes the trial invalid; plots that cannot be drawn are missing
# from a page that says why. hwloc does not tell that it could not read the processor's
# model: the record is then one of another machine.
UNKNOWN = re.compile(r"^\.environment\.(\w+: 'not available' instead|libgomp: |hwloc: )|"
                     r"^\.machine_id: ")
UNBOUND = re.compile(r"^\.placement\.")
UNDRAWN = re.compile("are not drawn: |No table of [^<]*: memory: |Too many open files|"
                     "Input/output error")


class Case:
    """One command: how it is called, which process fails, what must be left."""

    process = ""

    def words(self, place):
        raise NotImplementedError

    def prepare(self, place):
        pass

    def judge(self, outcome, place):
        check(not [name for name in os.listdir(place) if not self.belongs(name)],
              "left behind: %s" % sorted(os.listdir(place)))

    def belongs(self, name):
        return False


class Run(Case):
    """A trial that appends its record."""

    def __init__(self, process):
        self.process = process
        self.reference = None

    def words(self, place):
        return ["run", *WORDS, "--threads", "2", "--format", "json", "--quiet",
                "--output", os.path.join(place, "trials.jsonl"),
                "--samples", os.path.join(place, "samples"),
                "--dump", os.path.join(place, "dump")]

    def prepare(self, place):
        self.before = '{"earlier": 1}\n'
        with open(os.path.join(place, "trials.jsonl"), "w") as stream:
            stream.write(self.before)

    def belongs(self, name):
        return name in ("trials.jsonl", "samples", "dump")

    def judge(self, outcome, place):
        super().judge(outcome, place)
        new = check_records(read(os.path.join(place, "trials.jsonl")), self.before)
        printed = json.loads(outcome.out) if outcome.out else None
        check(len(new) <= 1 and (printed is None or new in ([], [printed])),
              "a record that was not printed")
        if outcome.status == 0:
            check(new and os.path.exists(os.path.join(place, "samples")), "no result")
            check_equal(len(os.listdir(os.path.join(place, "dump"))), 8, "dumped files")
            self.reference = self.reference or stable(printed)
            different = difference(stable(printed), self.reference)
            check(different is None or UNKNOWN.search(different) or
                  (UNBOUND.search(different) and not printed["valid"]),
                  "record: %s" % different)


class Sweep(Case):
    """The second of two trials is missing."""

    def __init__(self, process):
        self.process = process

    def words(self, place):
        return ["sweep", TEMPLATE.suite, "--output-dir", os.path.join(place, "results"),
                "--quiet"]

    def prepare(self, place):
        self.before = TEMPLATE.copy(os.path.join(place, "results"), 1)

    def belongs(self, name):
        return name == "results"

    def judge(self, outcome, place):
        super().judge(outcome, place)
        results = os.path.join(place, "results")
        new = check_records(read(os.path.join(results, "trials.jsonl")), self.before)
        check(len(new) <= 1, "more trials than were asked for")
        check(set(os.listdir(results)) <= set(TEMPLATE.files),
              "left behind: %s" % sorted(os.listdir(results)))
        if outcome.status == 0:
            check_equal(len(new), 1, "records")
            check(outcome.out != "", "no tables")
            return
        again = Outcome(self.words(place), environment(), TIMEOUT)
        check_equal((again.status, again.err), (0, ""), "the same sweep once more")
        new = check_records(read(os.path.join(results, "trials.jsonl")), self.before)
        check_equal([r["repetition"] for r in new], [2], "trials after it")
        check_equal(sorted(os.listdir(results)), TEMPLATE.files, "files after it")


class Data(Run):
    """A trial that reads compressed files."""

    def words(self, place):
        return ["run", "--data-dir", FASHION, "--tasks", "1", "--steps", "1", "--hidden",
                "8", "--format", "json", "--quiet"]

    def prepare(self, place):
        pass

    def judge(self, outcome, place):
        check_equal(os.listdir(place), [], "files")
        if outcome.status == 0:
            self.reference = self.reference or stable(json.loads(outcome.out))
            different = difference(stable(json.loads(outcome.out)), self.reference)
            check(different is None or UNKNOWN.search(different), different)


class Read(Case):
    """A command that reads a finished sweep and prints or writes."""

    def __init__(self, *words):
        self.list = words
        self.process = words[0]
        self.reference = None

    def words(self, place):
        return [w.replace("RESULTS", TEMPLATE.results).replace("PLACE", place)
                for w in self.list] + ["--quiet"]

    def belongs(self, name):
        return name == "page.html"

    def judge(self, outcome, place):
        super().judge(outcome, place)
        page = os.path.join(place, "page.html")
        found = outcome.out + (read(page) if os.path.exists(page) else "")
        if outcome.status == 0:
            self.reference = self.reference or found
            check(found == self.reference or UNDRAWN.search(found), "another result")


def attempt(case, group, index, caller):
    """How many calls there were, how many of them failed, what was wrong then."""
    with folder() as place, folder() as counts:
        case.prepare(place)
        fault = Fault(LIBRARY, counts, group, index, case.process, caller)
        outcome = Outcome(case.words(place), fault.environment, TIMEOUT)
        problem = None
        try:
            check_ended(outcome, "^libgomp: |^$" if caller == "libgomp" else "")
            case.judge(outcome, place)
        except Exception as found:
            problem = "%s: %s\n      %r" % (fault.text, found, outcome)
        return (*fault.counted(), problem)


def each_call(case, groups, caller="ebb", dense=3, onwards=False):
    """Fails each call in turn. Several may disagree; all are told."""
    problems = []
    for group in groups.split():
        n, _, problem = attempt(case, group, 0, caller)
        check(problem is None, "without a fault: %s" % problem)
        chosen = ["%d%s" % (index, "+" if onwards else "")
                  for index in indices(n, EVERY and EVERY[caller == "ebb"], dense)]
        with ThreadPool(2) as pool:
            results = pool.map(lambda i: attempt(case, group, i, caller), chosen, 1)
        found = [problem for _, _, problem in results if problem is not None]
        n_failed = sum(min(failed, 1) for _, failed, _ in results)
        print("%s of %s called by %s: %d of %d made to fail%s" % (
            group, case.process, caller, n_failed, n, " and all after" * onwards))
        check(n > 0, "%s is never called" % group)
        # Not every library allocates as often each time, and what another program writes
        # is read in as many pieces as it comes.
        least = len(results) * (0.5 if caller != "ebb" else 0.2 if group == "read" else 0.9)
        check(n_failed >= least, "the calls were not there again")
        problems += found
    check(not problems, "\n    ".join(["", *problems]))


def test_run_launcher():
    each_call(Run("run"), "memory open read close exec setenv stream")


def test_run_worker():
    each_call(Run("worker"), "memory open read close stream write short sync rename mkdir")


def test_run_threads():
    each_call(Run("worker"), "thread")
    each_call(Run("worker"), "thread memory", "libgomp")


def test_run_libraries():
    """All of jansson's: it goes on after some of them, and leaves out what it had to say."""
    for library, dense in (("libstdc++", 1), ("libjansson", 1000), ("libc.so", 1)):
        each_call(Run("worker"), "memory", library, dense)


def test_run_onwards():
    each_call(Run("worker"), "memory write open", dense=1, onwards=True)


def test_sweep_launcher():
    each_call(Sweep("sweep"), "memory open read", dense=2)
    each_call(Sweep("sweep"), "write short sync rename mkdir close stream fork exec pipe "
              "dup setenv", dense=2)


def test_sweep_worker():
    each_call(Sweep("worker --repetition=2"), "memory open read stream", dense=2)


def test_sweep_onwards():
    each_call(Sweep("sweep"), "write memory", dense=1, onwards=True)


def test_table():
    each_call(Read("table", "RESULTS"), "memory open read stream")


def test_report():
    each_call(Read("report", "RESULTS", "--output", "PLACE/page.html"),
              "memory open read write sync rename stream fork exec pipe dup", dense=1)


def test_export():
    each_call(Read("export", "RESULTS", "--format", "junit"), "memory open read stream",
              dense=2)


def test_list():
    each_call(Read("list"), "memory open read stream", dense=1)


def test_machine():
    groups = "memory thread stream read" if EVERY else "stream"
    with folder() as place:
        case = Read("machine", "--format", "json")
        case.judge = lambda outcome, place: check(
            outcome.status != 0 or json.loads(outcome.out), "no object")
        for group in groups.split():
            n, _, _ = attempt(case, group, 0, "ebb")
            for index in (1, n // 2, n) if EVERY else (n,):
                _, failed, problem = attempt(case, group, max(index, 1), "ebb")
                check(failed == 1 and problem is None, problem)


def test_data():
    if not os.path.isdir(FASHION):
        print("no %s: reading of data is not tried" % FASHION)
        return
    each_call(Data("worker"), "open read thread" if EVERY else "thread", dense=1)
    each_call(Data("worker"), "inflate", dense=1)


def test_planted():
    """The tests see what they look for."""
    outcome = Outcome(["list"], environment(), TIMEOUT)
    for status, err in ((0, "ebb: something\n"), (3, ""), (3, "ebb: one\nebb: two\n"),
                        (3, "Killed\n"), (1, "ebb: some text\n"), (-11, "")):
        outcome.status, outcome.err = status, err
        try:
            check_ended(outcome)
        except Failure:
            continue
        raise Failure("status %d and %r pass" % (status, err))
    for text in ("x\n", "{}\n{", '{"a": 1}\n{"b"'):
        try:
            check_records(text, "{}\n")
        except (Failure, ValueError):
            continue
        raise Failure("%r passes" % text)


def ends(words, seconds, stopped=0):
    """Whether it ends before it has had so many seconds; stopped for some at first."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if stopped:
        process.send_signal(signal.SIGSTOP)
        threading.Timer(stopped, process.send_signal, (signal.SIGCONT,)).start()
    return not finish(process, seconds)[2]


def test_planted_hangs():
    """A hang is seen, whatever it does; a process that is kept from running is none."""
    begin = time.monotonic()
    check(not ends(["sleep", "600"], 2), "a process that waits")
    check(not ends(["sh", "-c", "while :; do :; done"], 2), "a process that spins")
    check(not ends(["sh", "-c", "sleep 7 & wait"], 2), "one that waits for another")
    check(ends(["sleep", "0.5"], 2, stopped=6), "a process that was stopped")
    check(time.monotonic() - begin > 12, "the time")


if __name__ == "__main__":
    TEMPLATE = Template()
    chosen = [word for word in sys.argv[3:] if not word.startswith("--")]
    sys.argv[2:] = chosen
    sys.exit(main([(name, test) for name, test in sorted(globals().items())
                   if name.startswith("test_")]))
