#!/usr/bin/python3
"""manual - the man pages as installed: complete, well formed, in step with `--help`.

Usage: manual.py EBB [PATTERN]
"""
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

from program import EBB, check, check_equal, check_match, folder, main, run

SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "EXIT STATUS",
            "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"]
OPTION = r"(?<![\w-])--[a-z][a-z0-9_-]*"

# Each reads a page from its standard input and prints only what is wrong with it.
CHECKERS = [
    ("groff", ["groff", "-man", "-ww", "-z"]),
    ("mandoc", ["mandoc", "-T", "lint", "-W", "warning"]),
]
# What mandoc may say: the pages bear the version and no date, so that they are the same
# whenever they are made.
ALLOWED = "missing date"


def install(prefix):
    subprocess.run(["cmake", "--install", os.path.dirname(EBB), "--prefix", prefix],
                   stdout=subprocess.DEVNULL, check=True)


def commands():
    listed = re.search(r"Commands\n(.*?)\n\n", run("--help").out, re.S).group(1)
    return [line.split()[0] for line in listed.splitlines() if line.split()[0] != "help"]


def pages():
    """Name and text of each installed page."""
    with folder() as prefix:
        install(prefix)
        where = os.path.join(prefix, "share", "man", "man1")
        found = {}
        for name in sorted(os.listdir(where)):
            with open(os.path.join(where, name)) as stream:
                found[name] = stream.read()
    return found


PAGES = pages()


def plain(text):
    """The text as a reader sees it, near enough."""
    text = re.sub(r"\\f[BIR]", "", text)
    for escaped, char in (("\\-", "-"), ("\\(aq", "'"), ("\\(dq", '"'), ("\\(ga", "`"),
                          ("\\(rs", "\\"), ("\\(ti", "~"), ("\\(ha", "^"), ("\\&", "")):
        text = text.replace(escaped, char)
    return re.sub(r"\\\[u([0-9A-F]+)\]", lambda m: chr(int(m.group(1), 16)), text)


def section(page, name):
    parts = re.split(r"(?m)^\.SH (.*)\n", PAGES[page])
    return plain(parts[parts.index(name) + 1])


def test_a_page_for_each():
    wanted = ["ebb.1", "ebb-bench.1"] + ["ebb-%s.1" % name for name in commands()]
    check_equal(sorted(PAGES), sorted(wanted), "pages")
    check(len(wanted) >= 10, str(wanted))


def test_sections():
    for name, text in PAGES.items():
        wanted = [s for s in SECTIONS if s != "COMMANDS" or name == "ebb.1"]
        check_equal(re.findall(r"(?m)^\.SH (.*)", text), wanted, name)
        for title in wanted:
            check(len(section(name, title).strip()) > 5, "%s of %s" % (title, name))
        check_match(r"^%s - \S" % name[:-2], section(name, "NAME"), name)


def test_options_are_those_of_help():
    for name in commands():
        page = set(re.findall(OPTION, section("ebb-%s.1" % name, "OPTIONS")))
        helped = set(re.findall(r"(?m)^  (--[a-z-]+)", run(name, "--help").out))
        check(len(helped) > 4, name)
        check_equal(helped - page, set(), "in help of %s, not in its page" % name)
        known = set(re.findall(OPTION, run(name, "--help").out))
        check_equal(page - known, set(), "in the page of %s, not in its help" % name)


def test_values_are_those_of_the_registries():
    text = section("ebb-run.1", "OPTIONS")
    for kind in ("algorithms", "datasets", "strategies", "placements", "optimizers"):
        for line in run("list", kind).out.splitlines():
            name, summary = line.split(None, 1)
            check("\n%s\n%s\n" % (name, summary) in text, "%s in ebb-run.1" % line)


def test_statuses_are_those_of_help():
    for name in commands():
        listed = run(name, "--help").out.split("\nExit status\n", 1)[1]
        rows = re.findall(r"(?m)^  (\S+) +(.*)$", listed)
        check(len(rows) >= 4, "statuses of %s" % name)
        for row in rows:
            check(".TP\n%s\n%s\n" % row in section("ebb-%s.1" % name, "EXIT STATUS"),
                  "%s of %s" % (row, name))


def test_references():
    for name in PAGES:
        found = re.findall(r"([a-z-]+)\(1\)(,?)", section(name, "SEE ALSO"))
        check(len(found) >= 2, name)
        check_equal([other for other, _ in found if other + ".1" not in PAGES], [], name)
        check(name[:-2] not in [other for other, _ in found], "%s names itself" % name)
        check_equal([comma for _, comma in found][-1], "", "the end of " + name)


def complaints(words, text):
    done = subprocess.run(words, input=text.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False)
    return [line for line in done.stdout.decode().splitlines()
            if not re.search(ALLOWED, line)]


def test_well_formed():
    for tool, words in CHECKERS:
        if shutil.which(tool) is None:
            print("skipped: no %s here" % tool)
            continue
        for name, text in PAGES.items():
            check_equal(complaints(words, text), [], "%s of %s" % (tool, name))
        bad = PAGES["ebb.1"].replace(".SH NAME", ".SHH NAME").replace(".TP", ".TQQ")
        check(complaints(words, bad), "%s says nothing about macros that are none" % tool)


def test_as_read():
    """man shows a page, options with their dashes."""
    if shutil.which("man") is None or shutil.which("groff") is None:
        print("skipped: no man here")
        return
    with folder() as where:
        path = os.path.join(where, "page.1")
        with open(path, "w") as stream:
            stream.write(PAGES["ebb-run.1"])
        done = subprocess.run(["man", "-l", path], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False,
                              env=dict(os.environ, MANWIDTH="80", LC_ALL="C.UTF-8"))
    text = re.sub(r".\x08", "", done.stdout.decode())
    if done.returncode != 0 or "minimized" in text:
        print("skipped: man does not work here")
        return
    check_match(r"(?m)^ +--batch-size VALUE", text, "an option")
    check_match(r"(?m)^ +ebb run --dataset synthetic --epochs 1$", text, "an example")
    check_match("β 0.9", text, "a letter that is not ASCII")


def test_refused():
    for words, message in ((["manual", "rnu"], "unknown command 'rnu'.*nearest: run"),
                           (["manual", "run", "x"], "unexpected word 'x'")):
        ended = run(*words)
        check_equal((ended.status, ended.out), (2, ""), str(words))
        check_match(message, ended.message(), str(words))


def all_tests():
    return [(name, test) for name, test in globals().items() if name.startswith("test_")]


if __name__ == "__main__":
    sys.exit(main(all_tests()))
