#!/usr/bin/python3
"""signals - SIGINT and SIGTERM to a busy program on a terminal.

Usage: signals.py EBB [PATTERN]
"""
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True  # the source tree stays as it is

from injection import WORDS, read
from fakes import Place as Fakes
from program import EBB, check, check_equal, check_match, environment, folder, main
from sweep import LONG, Place, completed, gone, wait_for_worker

NUMBERS = (signal.SIGINT, signal.SIGTERM)
BUSY = [*WORDS[:WORDS.index("--epochs")], "--steps", "100000000",
        *WORDS[WORDS.index("--epochs") + 2:]]
ATTEMPTS = 5  # a machine may be busy with something else for a second: most must be quick
MAJORITY = ATTEMPTS // 2 + 1


class Terminal:
    """A program whose stderr is a terminal, and whose stdout is a file."""

    def __init__(self, words, **variables):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(
            [EBB, *words], env=environment(TERM="xterm", **variables), stdin=theirs,
            stdout=subprocess.PIPE, stderr=theirs, start_new_session=True)
        self.theirs = theirs
        self.shown = b""
        os.set_blocking(self.ours, False)

    def look(self):
        try:
            self.shown += os.read(self.ours, 65536)
        except BlockingIOError:
            time.sleep(0.005)

    def wait_for(self, text):
        end = time.monotonic() + 60
        while text not in self.shown:
            self.look()
            check(time.monotonic() < end and self.process.poll() is None,
                  "%r never seen: %r" % (text, self.shown[-200:]))

    def end_by(self, number):
        """Seconds until it has ended, and what it printed."""
        begin = time.monotonic()
        self.process.send_signal(number)
        out = self.process.communicate(timeout=60)[0]
        seconds = time.monotonic() - begin
        for _ in range(3):
            self.look()
        return seconds, out

    def judge(self, number, drawn):
        check_equal(self.process.returncode, -number, "status")
        if drawn:
            check(self.shown.endswith(b"\r\x1b[K"), "not cleared: %r" % self.shown[-60:])
        else:
            check_equal(self.shown, b"", "stderr")
        check(b"\x1b[?25l" not in self.shown, "the cursor is hidden")
        check_equal(termios.tcgetattr(self.theirs), self.before, "the terminal")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


def end(words, shown, number, during=None, **variables):
    """Ends a busy program some times over; most of them must end within a second. shown:
    None where nothing may be. during is called before and its result after the end."""
    quick, late = [], []
    while max(len(quick), len(late)) < MAJORITY:
        terminal = Terminal(words, **variables)
        try:
            if shown is not None:
                terminal.wait_for(shown)
            after = during(terminal.process) if during is not None else None
            took, out = terminal.end_by(number)
            (quick if took <= 1 else late).append(took)
            terminal.judge(number, shown is not None)
            check_equal(out, b"", "stdout")
            if after is not None:
                after()
        finally:
            terminal.close()
    check(len(quick) > len(late), "took %s and %s s" % (quick, late))


def all_gone(path, count=1):
    """For end(): waits for so many process numbers in a file, a line each, and takes it
    away; these processes must be gone after the end."""
    limit = time.monotonic() + 60
    while not os.path.exists(path) or read(path).count("\n") < count:
        check(time.monotonic() < limit, "nothing was started")
        time.sleep(0.01)
    found = [int(pid) for pid in read(path).split()]
    os.remove(path)
    return lambda: check(all(gone(pid) for pid in found), "a child goes on")


def at_work(process):
    """Past its start: it has used a CPU for a third of a second."""
    limit = time.monotonic() + 60
    while True:
        fields = read("/proc/%d/stat" % process.pid).rpartition(")")[2].split()
        if int(fields[11]) + int(fields[12]) > os.sysconf("SC_CLK_TCK") / 3:
            return
        check(time.monotonic() < limit and process.poll() is None, "never at work")
        time.sleep(0.005)


def test_run():
    for number in NUMBERS:
        with folder() as place:
            path = os.path.join(place, "trials.jsonl")
            with open(path, "w") as stream:
                stream.write('{"earlier": 1}\n')
            end(["run", *BUSY, "--output", path, "--samples", path + ".ns"], b"task 1",
                number)
            check_equal(read(path), '{"earlier": 1}\n', "earlier records")
            check_equal(os.listdir(place), ["trials.jsonl"], "files")


def test_sweep():
    for number in NUMBERS:
        with completed() as place:
            before = place.read()
            place.set_suite(LONG)

            def during(process):
                worker = wait_for_worker(process)
                return lambda: check(gone(worker), "a worker outlives its launcher")

            end(place.words(), b"trial ", number, during)
            check_equal(place.read(), before, "what was finished")
            place.set_suite(LONG.replace("steps: 100000000", "epochs: 1"))
            check_equal(place.sweep().status, 0, "the sweep after it")
            check(place.read().startswith(before), "what was finished, after it")


def test_compare():
    """The builds are scripts with children of their own."""
    for number in NUMBERS:
        with Fakes() as place:
            pids = place.path("pids")
            build = place.fake("a", before="sleep 600 & echo $! >> %s; wait" % pids)

            end(["compare", "--baseline", build, "--candidate", build], b"[", number,
                lambda _: all_gone(pids))


def test_report():
    """While gnuplot draws; the page of before stays as it is."""
    for number in NUMBERS:
        with completed() as place, Fakes() as programs:
            page = os.path.join(place.results, "report.html")
            with open(page, "w") as stream:
                stream.write("<p>earlier</p>\n")
            before = place.files()
            pids = programs.path("pids")
            programs.script("gnuplot", "#!/bin/sh\nsleep 600 & echo $! >> %s\n"
                                       "echo $$ >> %s\nwait\n" % (pids, pids))
            path = programs.folder.name + os.pathsep + os.environ["PATH"]
            end(["report", place.results, "--quiet"], None, number,
                lambda _: all_gone(pids, 2), PATH=path)
            check_equal(read(page), "<p>earlier</p>\n", "the page of before")
            check_equal(place.files(), before, "files")


def test_machine():
    for number in NUMBERS:
        end(["machine", "--format", "json", "--quiet"], None, number, at_work)


def test_ignored():
    """What was ignored (nohup) stays ignored."""
    with Place() as place:
        process = subprocess.Popen(
            [EBB, *place.words("--progress", "always")], env=environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        try:
            wait_for_worker(process)
            process.send_signal(signal.SIGINT)
            err = process.communicate(timeout=120)[1].decode()
        finally:
            process.kill()
        check_equal(process.returncode, 0, err)
        check_match("4 of 4 trials", err, "notes")


if __name__ == "__main__":
    sys.exit(main([(name, test) for name, test in sorted(globals().items())
                   if name.startswith("test_")]))
