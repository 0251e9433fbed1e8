#!/usr/bin/python3
"""test_readme - what the pages tell a reader to type or to open is there.

Options stand in the help of a command or script, commands in that of ebb, and files that
are named in backquotes in the tree.
"""
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import os
import re
import subprocess
import tempfile

import tree

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9_-]*")
FOLDERS = ("src/", "bench/", "scripts/", "tests/", "results/schema/", ".ci/")
# Pages that are results themselves.
WRITTEN = ("results/reference/", "tests/study/golden/")
# Options of programs of other houses.
FOREIGN = {"--yes": "of apt-get", "--install": "of cmake", "--prefix": "of cmake"}


def help_of(*words):
    done = subprocess.run([*words, "--help"], capture_output=True, text=True, timeout=60,
                          check=False, stdin=subprocess.DEVNULL)
    return done.stdout


def commands(program):
    """The commands that `ebb --help` lists between its headings."""
    listed = help_of(program).split("Commands\n", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^  ([a-z-]+) ", listed, re.MULTILINE)


def known_options(root, program, benchmark):
    pages = [help_of(program, command) for command in commands(program)]
    pages.append(help_of(program))
    pages.append(help_of(benchmark))
    for name in os.listdir(os.path.join(root, "scripts")):
        path = os.path.join(root, "scripts", name)
        if os.path.isfile(path) and "." not in name:
            pages.append(help_of(path))
    return set(OPTION.findall("\n".join(pages)))


def quoted(text):
    """(line, words) of every text in backquotes, and every line of fenced blocks."""
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield number, line.strip()
        else:
            for match in re.finditer(r"`([^`]+)`", line):
                yield number, match.group(1)


def faults_of(root, path, options, names):
    text = tree.read(root, path)
    for number, words in quoted(text):
        for option in OPTION.findall(words):
            if option not in options and option not in FOREIGN:
                yield tree.Finding(path, number, "%s is in no help" % option)
        command = re.match(r"(?:build/release/)?ebb ([a-z][a-z-]*)", words)
        if command and command.group(1) not in names:
            yield tree.Finding(path, number, "ebb %s is no command" % command.group(1))
        for word in words.split():
            word = re.sub(r":\d+$", "", word.rstrip(",.;)"))
            if (word.startswith(FOLDERS) and re.fullmatch(r"[\w./-]+", word)
                    and not os.path.exists(os.path.join(root, word))):
                yield tree.Finding(path, number, "%s does not exist" % word)


def sees(options, names):
    """Whether each kind of fault is found in a page that has one of each."""
    with tempfile.TemporaryDirectory() as root:
        with open(os.path.join(root, "page.md"), "w", encoding="utf-8") as stream:
            stream.write("`ebb frobnicate`, `--frobnicate`,\n\n```\nsrc/none.c\n```\n"
                         "`ebb run --help`\n")
        return [f.line for f in faults_of(root, "page.md", options, names)] == [1, 1, 4]


def main():
    root, program, benchmark = sys.argv[1:]
    options = known_options(root, program, benchmark)
    names = set(commands(program))
    pages = [path for path in tree.files(root, (".md",)) if not path.startswith(WRITTEN)]
    found = [fault for path in pages for fault in faults_of(root, path, options, names)]
    for finding in found:
        print("%s:%d: %s" % finding)
    print("readme: %d pages, %d options and %d commands known, %d faults"
          % (len(pages), len(options), len(names), len(found)))
    if not sees(options, names):
        print("readme: a page with a fault of each kind passes")
        return 1
    return 1 if found or "README.md" not in pages or len(options) < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
