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
ATTEMPTS = 5  # a machine may be busy with something else for a second


class Terminal:
    """A program whose stderr is a terminal, and whose stdout is a file."""

    def __init__(self, words):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(
            [EBB, *words], env=environment(TERM="xterm"), stdin=theirs,
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

    def judge(self, number):
        check_equal(self.process.returncode, -number, "status")
        check(self.shown.endswith(b"\r\x1b[K"), "not cleared: %r" % self.shown[-60:])
        check(b"\x1b[?25l" not in self.shown, "the cursor is hidden")
        check_equal(termios.tcgetattr(self.theirs), self.before, "the terminal")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


def end(words, shown, number, during=None):
    """Ends a busy program some times over, until once within a second. during is called
    before and its result after the end."""
    seconds = []
    while len(seconds) < ATTEMPTS and (not seconds or min(seconds) > 1):
        terminal = Terminal(words)
        try:
            terminal.wait_for(shown)
            after = during(terminal.process) if during is not None else None
            took, out = terminal.end_by(number)
            seconds.append(took)
            terminal.judge(number)
            check_equal(out, b"", "stdout")
            if after is not None:
                after()
        finally:
            terminal.close()
    check(min(seconds) <= 1, "took %s s" % seconds)


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

            def during(process):
                limit = time.monotonic() + 60
                while not os.path.exists(pids) or not read(pids).endswith("\n"):
                    check(time.monotonic() < limit, "no build was started")
                    time.sleep(0.01)
                found = [int(pid) for pid in read(pids).split()]
                return lambda: check(all(gone(pid) for pid in found),
                                     "a child of a build goes on")

            end(["compare", "--baseline", build, "--candidate", build], b"[", number,
                during)


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
