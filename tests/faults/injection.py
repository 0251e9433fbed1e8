"""injection - runs `ebb` with one call failing and judges how it ended."""
import errno
import glob
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))

from program import EBB, check, check_equal, environment, folder

# The shortest trial that does everything: two tasks, one unlearned, a file read back.
TRIAL = {"dataset": "synthetic", "synthetic": "40,10,4,2", "hidden": "4",
         "sequence": "split", "classes-per-task": "1", "tasks": "2", "epochs": "1",
         "batch-size": "10", "warmup-steps": "1", "algorithm": "amnesiac-finetuning",
         "unlearn": "2:1"}
WORDS = [word for name, value in TRIAL.items() for word in ("--" + name, value)]
SUITE = "suite: tiny\ntrial: {%s}\nrepetitions: 2\n" % ", ".join(
    '%s: "%s"' % (name.replace("-", "_"), value) for name, value in TRIAL.items())

# What two runs of one trial have in common, facts about the machine included.
VARYING = re.compile("_ns$|seconds$|gflops|fraction|samples_per_second|started_at|"
                     "peak_rss_bytes|parameter_pages|load_average|cpu_pressure|^disturbance$|^valid$|"
                     "^problems$")
ERRORS = {"memory": "ENOMEM", "map": "ENOMEM", "thread": "EAGAIN", "fork": "EAGAIN",
          "exec": "ENOENT", "read": "EIO", "open": "EMFILE", "pipe": "EMFILE"}


class Fault:
    """Which call is to fail: see inject.c. Counts in a file in place."""

    def __init__(self, library, place, group, index, process, caller="ebb"):
        self.state = os.path.join(place, "state")
        self.text = "%s:%s:%d:%s:%s" % (
            group, index, getattr(errno, ERRORS.get(group, "ENOSPC")), process, caller)
        self.environment = environment(LD_PRELOAD=library, EBB_INJECT=self.text,
                                       EBB_INJECT_STATE=self.state)
        with open(self.state, "wb") as stream:
            stream.write(bytes(16))

    def counted(self):
        """Calls, and how many of them failed."""
        with open(self.state, "rb") as stream:
            return struct.unpack("QQ", stream.read(16))


def family(pid):
    """A process and all below it."""
    pids = [pid]
    for parent in pids:
        for path in glob.glob("/proc/%d/task/*/children" % parent):
            try:
                pids += map(int, read(path).split())
            except OSError:
                pass  # it ended
    return pids


def hindrance(pid):
    """Seconds that the threads of a family have waited for a CPU, and whether one of its
    processes is stopped or waits for a disk."""
    delay, held = 0, False
    for member in family(pid):
        for path in glob.glob("/proc/%d/task/*" % member):
            try:
                delay += int(read(path + "/schedstat").split()[1])
                held |= read(path + "/stat").rpartition(")")[2].split()[0] in "DTt"
            except (OSError, IndexError):
                pass
    return delay / 1e9, held


def finish(process, seconds):
    """Both outputs, and whether it was killed: after so many seconds in which it could
    run. A hang is blocked or spins; what is kept from running by a busy machine, by
    SIGSTOP or a disk is none, so that time does not count."""
    could_run = 0
    before = hindrance(process.pid)[0]
    step = min(1, seconds / 4)
    while could_run < seconds:
        begin = time.monotonic()
        try:
            return (*process.communicate(timeout=step), False)
        except subprocess.TimeoutExpired:
            passed = min(time.monotonic() - begin, 2 * step)  # we may be stopped as well
        delay, held = hindrance(process.pid)
        could_run += 0 if held else max(0, passed - max(0, delay - before))
        before = delay
    process.kill()
    return (*process.communicate(), True)


class Outcome:
    def __init__(self, words, env, timeout):
        process = subprocess.Popen([EBB, *words], env=env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err, self.timed_out = finish(process, timeout)
        self.status = process.returncode
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode("utf-8", "replace")

    def __repr__(self):
        return "status %d, out %.60r, err %.300r" % (self.status, self.out, self.err)


def stable(value):
    """A record without what differs from run to run."""
    if isinstance(value, dict):
        return {k: stable(v) for k, v in value.items() if not VARYING.search(k)}
    return [stable(v) for v in value] if isinstance(value, list) else value


def difference(found, wanted, where=""):
    """The first place where two values differ, None when there is none."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        pairs = [(k, found.get(k), wanted.get(k)) for k in sorted({*found, *wanted})]
    elif isinstance(found, list) and isinstance(wanted, list) and \
            len(found) == len(wanted):
        pairs = [(i, *pair) for i, pair in enumerate(zip(found, wanted))]
    else:
        return None if found == wanted else "%s: %.80r instead of %.80r" % (
            where, found, wanted)
    told = (difference(a, b, "%s.%s" % (where, key)) for key, a, b in pairs)
    return next((text for text in told if text is not None), None)


def check_records(text, before):
    """Whole lines only, those of before first; returns the new ones."""
    check(text.startswith(before), "an earlier record was changed")
    check(text == "" or text.endswith("\n"), "torn: %r" % text[-80:])
    return [json.loads(line) for line in text[len(before):].splitlines()]


def check_ended(outcome, extra=""):
    """Well, or with status 3 and one line that says why."""
    check(not outcome.timed_out, "hangs: %r" % outcome)
    check(outcome.status in (0, 3), "status: %r" % outcome)
    if outcome.status == 0:
        check_equal(outcome.err, "", "stderr of a run that ended well")
        return
    lines = [line for line in outcome.err.splitlines()
             if extra == "" or not re.search(extra, line)]
    check(len(lines) == 1 and re.match("ebb: .*[a-z]{3}", lines[0]),
          "not one message: %r" % outcome)


def read(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read()


class Template:
    """A finished sweep of two trials, to be copied."""

    def __init__(self):
        self.folder = folder()
        self.suite = os.path.join(self.folder.name, "suite.yaml")
        self.results = os.path.join(self.folder.name, "results")
        with open(self.suite, "w", encoding="utf-8") as stream:
            stream.write(SUITE)
        ended = Outcome(["sweep", self.suite, "--output-dir", self.results, "--quiet"],
                        environment(), 120)
        check_equal((ended.status, ended.err), (0, ""), "the sweep for all others")
        self.files = sorted(os.listdir(self.results))

    def copy(self, place, n_trials):
        """With the first n_trials records only; returns them as text."""
        shutil.copytree(self.results, place)
        path = os.path.join(place, "trials.jsonl")
        kept = "".join(read(path).splitlines(True)[:n_trials])
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(kept)
        return kept


def indices(n, every, dense):
    """1 … dense, then each about twice the last; with every, that many of them, evenly
    spread, and all where there are fewer."""
    index, step = 1, max(1, n // every) if every else 0
    while index <= n:
        yield index
        index += step or (1 if index < dense else 1 + index)
