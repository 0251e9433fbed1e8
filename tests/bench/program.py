"""program - runs `ebb` for the command-line tests and says what went wrong."""
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback

EBB = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "ebb"

# A trial of a second or less that needs no files.
TINY = ["--dataset", "synthetic", "--synthetic", "200,50,16,4", "--hidden", "8",
        "--tasks", "2", "--epochs", "1", "--batch-size", "20", "--warmup-steps", "1"]


def environment(**more):
    """This process's environment without what changes ebb's behaviour."""
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("EBB_", "OMP_", "GOMP_", "NO_COLOR", "TERM"))}
    kept.update(more)
    return kept


class Ended:
    """How a run ended: status as a shell would say it, texts of stdout and stderr."""

    def __init__(self, status, out, err):
        self.status = status if status >= 0 else 128 - status
        self.out = out
        self.err = err

    def message(self):
        """The last line of stderr."""
        lines = self.err.splitlines()
        return lines[-1] if lines else ""


def run(*words, env=None, stdout=None, timeout=120, cwd=None, preexec=None):
    process = subprocess.run(
        [EBB, *words], env=environment(**(env or {})), cwd=cwd, timeout=timeout,
        stdin=subprocess.DEVNULL, stdout=stdout or subprocess.PIPE,
        stderr=subprocess.PIPE, preexec_fn=preexec)
    return Ended(process.returncode, (process.stdout or b"").decode("utf-8", "replace"),
                 process.stderr.decode("utf-8", "replace"))


def folder():
    """A new empty folder that goes away with the returned object."""
    return tempfile.TemporaryDirectory(prefix="ebb-cli-")


def is_alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as stream:
            return stream.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def gone(pid):
    """Waits up to half a minute for the end of a process."""
    end = time.monotonic() + 30
    while is_alive(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Failure(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Failure(text)


def check_equal(found, wanted, what):
    check(found == wanted, "%s: %r instead of %r" % (what, found, wanted))


def check_match(pattern, text, what):
    check(re.search(pattern, text) is not None, "%s: %r not in %r" % (what, pattern, text))


def main(tests):
    """Runs every test, a pair of name and function; the exit status tells whether all
    passed. A second argument is a pattern of names."""
    pattern = re.compile(sys.argv[2] if len(sys.argv) > 2 else "")
    chosen = [(name, test) for name, test in tests if pattern.search(name)]
    failed = 0
    for name, test in chosen:
        try:
            test()
        except Exception as problem:  # whatever it is, the others run
            failed += 1
            print("FAILED %s: %s" % (name, problem))
            if not isinstance(problem, Failure):
                traceback.print_exc(file=sys.stdout)
    print("%d passed, %d failed" % (len(chosen) - failed, failed))
    return 1 if failed or not chosen else 0
