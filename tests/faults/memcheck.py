#!/usr/bin/python3
"""memcheck - a short trial under valgrind, with plain loops and with oneDNN's kernels.

Usage: memcheck.py EBB [PATTERN]

`ebb run` executes /proc/self/exe, which is valgrind's here; so its worker is called.
valgrind knows no AVX-512: oneDNN's generator is held back to AVX2. Blocks that are still
reachable or possibly lost are the thread-local rooms of libgomp's sleeping team.
"""
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

from injection import WORDS
from program import EBB, check, environment, main

SKIPPED = 77
OPTIONS = ["--quiet", "--error-exitcode=9", "--leak-check=full",
           "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"]


def under_valgrind(strategy):
    ended = subprocess.run(
        ["valgrind", *OPTIONS, EBB, "worker", *WORDS, "--strategy", strategy, "--threads",
         "2", "--quiet", "--format", "json"], stdin=subprocess.DEVNULL,
        env=environment(ONEDNN_MAX_CPU_ISA="AVX2", DNNL_MAX_CPU_ISA="AVX2"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=900)
    err = ended.stderr.decode("utf-8", "replace")
    check(ended.returncode == 0 and "==" not in err,
          "status %d: %s" % (ended.returncode, err[:4000]))


def test_reference():
    under_valgrind("reference")


def test_tiles():
    under_valgrind("tiles")


def test_planted():
    """valgrind itself is seen to find a fault."""
    found = subprocess.run(
        ["valgrind", *OPTIONS, sys.executable, "-c",
         "import ctypes; c = ctypes.CDLL(None); c.malloc.restype = ctypes.c_void_p; "
         "p = c.malloc(8); ctypes.memset(p, 0, 9)"],
        env=environment(PYTHONMALLOC="malloc"), stderr=subprocess.PIPE, check=False,
        timeout=300)
    check(b"Invalid write of size 1" in found.stderr, "valgrind does not see a fault")


if __name__ == "__main__":
    if shutil.which("valgrind") is None:
        print("valgrind is not installed (Debian package valgrind)")
        sys.exit(SKIPPED)
    sys.exit(main([(name, test) for name, test in sorted(globals().items())
                   if name.startswith("test_")]))
