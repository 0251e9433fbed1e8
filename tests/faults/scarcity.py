"""scarcity - disks and control groups of one's own, and what is left out without them."""
import contextlib
import os
import signal
import subprocess
import time

from injection import read
from program import folder

SKIPPED = 77
left_out = []


class Absent(Exception):
    """This cannot be tried here."""


def command(*words):
    ended = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           check=False)
    if ended.returncode != 0:
        raise Absent("%s: %s" % (" ".join(words), ended.stdout.decode().strip()))


@contextlib.contextmanager
def disk(size):
    """A small file system of its own."""
    if os.geteuid() != 0:
        raise Absent("mounting needs root")
    with folder() as place:
        command("mount", "-t", "tmpfs", "-o", "size=" + size, "ebb-test", place)
        try:
            yield place
        finally:
            command("umount", "-l", place)


@contextlib.contextmanager
def group(controller, **files):
    """A control group of version 1, below our own; where there is none, Absent says so."""
    base = "/sys/fs/cgroup/" + controller
    path = os.path.join(base, "ebb-test-%d" % os.getpid())
    try:
        os.mkdir(path)
    except OSError as problem:
        raise Absent("no control group for %s: %s" % (controller, problem)) from problem
    try:
        for name, value in files.items():
            with open(os.path.join(path, controller + "." + name), "w") as stream:
                stream.write(value)
        yield path
    finally:
        for pid in read(os.path.join(path, "cgroup.procs")).split():
            os.kill(int(pid), signal.SIGKILL)  # only after a failure
        end = time.monotonic() + 30
        while read(os.path.join(path, "cgroup.procs")) and time.monotonic() < end:
            time.sleep(0.02)
        os.rmdir(path)


def join(path):
    with open(os.path.join(path, "cgroup.procs"), "w") as stream:
        stream.write(str(os.getpid()))


def tried(test):
    try:
        test()
    except Absent as reason:
        left_out.append("%s left out: %s" % (test.__name__, reason))


def conclude(failed):
    """The exit status: skipped where all has passed that was tried, but not all was."""
    for text in left_out:
        print(text)
    return failed or (SKIPPED if left_out else 0)
