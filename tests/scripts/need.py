#!/usr/bin/python3
"""need - runs a Python test when its modules are there, else ends with status 77.

Usage: need.py MODULE,MODULE… SCRIPT [WORD…]
"""
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import importlib.util
import os

SKIPPED = 77


def main():
    modules, script, *words = sys.argv[1:]
    absent = [name for name in modules.split(",")
              if name and importlib.util.find_spec(name) is None]
    if absent:
        print("skipped: %s has no module %s (scripts/setup --tests)"
              % (sys.executable, ", ".join(absent)))
        return SKIPPED
    return os.execv(sys.executable, [sys.executable, "-B", script, *words])


if __name__ == "__main__":
    sys.exit(main())
