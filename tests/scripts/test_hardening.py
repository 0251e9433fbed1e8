#!/usr/bin/python3
"""test_hardening - the guards of the release build are in its programs.

Every file of the project is compiled with checked copies and a guarded stack, the
programs call the functions that these need, and no stack can be executed.
"""
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import json
import os
import re
import shutil
import subprocess
import unittest

BUILD, *PROGRAMS = sys.argv[1:]
del sys.argv[1:]
ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))


def readelf(option, path):
    return subprocess.run(["readelf", "-W", option, path], capture_output=True, text=True,
                          check=True).stdout


def lacks(command):
    """Guards that a compiler's command line does not ask for."""
    fortify = re.findall(r"-D_FORTIFY_SOURCE=(\d)", command)
    optimised = re.findall(r" -O(\w)", command)
    return [name for name, there in (
        ("_FORTIFY_SOURCE", bool(fortify) and fortify[-1] >= "2"),
        ("optimisation, without which copies are not checked",
         bool(optimised) and optimised[-1] in "123"),
        ("stack protector", "-fstack-protector-strong" in command),
    ) if not there]


class Commands(unittest.TestCase):
    def test_every_file_is_compiled_with_guards(self):
        with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as stream:
            entries = json.load(stream)
        ours = [entry for entry in entries
                if os.path.relpath(entry["file"], ROOT).startswith(("src/", "bench/"))]
        self.assertGreater(len(ours), 100)
        for entry in ours:
            self.assertEqual(lacks(entry["command"]), [], entry["file"])

    def test_a_missing_guard_is_seen(self):
        good = "cc -O3 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -c x.c"
        self.assertEqual(lacks(good), [])
        for part in ("-O3 ", "-D_FORTIFY_SOURCE=2 ", "-fstack-protector-strong "):
            self.assertEqual(len(lacks(good.replace(part, ""))), 1, part)
        self.assertEqual(len(lacks(good.replace("-c", "-O0 -c"))), 1)


@unittest.skipIf(shutil.which("readelf") is None, "readelf is not installed")
class Programs(unittest.TestCase):
    def test_guards_are_called(self):
        for program in PROGRAMS:
            symbols = set(re.findall(r"\b__(\w+_chk(?:_fail)?)\b",
                                     readelf("--dyn-syms", program)))
            self.assertIn("stack_chk_fail", symbols, program)
            self.assertIn("snprintf_chk", symbols, program)
            self.assertGreaterEqual(len(symbols), 5, symbols)

    def test_no_stack_is_executable(self):
        for program in PROGRAMS:
            stack = re.search(r"GNU_STACK.* (R\w+ ?)", readelf("--segments", program))
            self.assertIsNotNone(stack, program)
            self.assertNotIn("E", stack.group(1), program)

    def test_relocations_are_read_only(self):
        for program in PROGRAMS:
            self.assertIn("GNU_RELRO", readelf("--segments", program))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
