"""checks_build - lint checks that ask the compiler's and the linker's view of a build."""
import concurrent.futures
import json
import os
import re
import shlex
import subprocess

import tree
from tree import Finding

# Writable data that is meant to be there: symbol -> why it cannot be anything else.
ALLOWED_GLOBALS = {
    "line_is_drawn": "a signal handler is given nothing else to look at (bench/ending.c)",
    "group_to_kill": "the same handler must know whom to take along (bench/ending.c)",
    "is_over": "a handler of exit is given nothing to look at (bench/guard.c)",
    "is_told": "several threads may crash at once, one of them tells it (bench/guard.c)",
    "usual_fault": "a handler must know whom to leave a fault to (bench/guard.c)",
    "cpp": "nor is the one that C++ calls for a throw nobody catches (bench/guard.c)",
}


class Unavailable(Exception):
    """The check cannot be made here; the text says why."""


def _commands(context):
    """{path relative to the root: list of words} of every compiled file of C."""
    path = os.path.join(context.build or "", "compile_commands.json")
    if not context.build or not os.path.exists(path):
        raise Unavailable("no compile_commands.json in the build")
    with open(path, encoding="utf-8") as stream:
        entries = json.load(stream)
    root = os.path.realpath(context.root)
    commands = {}
    for entry in entries:
        source = os.path.realpath(os.path.join(entry["directory"], entry["file"]))
        if not source.endswith(".c"):
            continue
        words = entry.get("arguments") or shlex.split(entry["command"])
        commands[os.path.relpath(source, root)] = words
    return commands


def sources(context):
    """every .c file belongs to a target"""
    commands = _commands(context)
    paths = [p for p in tree.c_files(context.root) if p.endswith(".c")]
    found = [Finding(p, 0, "no CMakeLists.txt names it")
             for p in paths if p not in commands]
    return found, len(paths)


def _nearest(path, commands):
    """The command of the compiled file that shares most of its folders with path."""
    return commands[max(sorted(commands),
                        key=lambda other: len(os.path.commonprefix(
                            [os.path.dirname(other) + "/", os.path.dirname(path) + "/"])))]


def _only_headers(words):
    """The command without its input, its output and its dependency files."""
    kept = []
    skip_next = False
    for word in words:
        if skip_next:
            skip_next = False
        elif word in ("-o", "-c", "-MF", "-MT", "-MQ"):
            skip_next = True
        elif word not in ("-MD", "-MMD"):
            kept.append(word)
    return kept


def _search_paths(words):
    kept = []
    for i, word in enumerate(words):
        if word in ("-I", "-isystem"):
            kept += words[i:i + 2]
        elif word.startswith("-I"):
            kept.append(word)
    return kept


def _compile_header(root, path, words):
    """Messages of compiling a header alone, twice in a row: empty where all is well."""
    text = '#include "%s"\n' % os.path.join(os.path.realpath(root), path)
    end = ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c", "-"]
    project = _only_headers(words) + end
    plain = [words[0], "-std=c11"] + _search_paths(words) + end
    for command in (project, plain):
        done = subprocess.run(command, input=text * 2, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            return done.stderr
    return ""


def headers(context):
    """each header compiles alone and twice, with the project's flags and plain C11"""
    commands = _commands(context)
    if not commands:
        raise Unavailable("nothing was compiled in the build")
    paths = [p for p in tree.c_files(context.root) if p.endswith(".h")]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        messages = pool.map(lambda path: _compile_header(
            context.root, path, _nearest(path, commands)), paths)
        found = []
        for path, message in zip(paths, messages):
            if message:
                first = next((m for m in message.splitlines() if "error:" in m), message)
                found.append(Finding(path, 0, "alone: %s" % first.strip()))
    return found, len(paths)


def _symbols(paths):
    """(file, name, class, type, section) of every symbol of objects and libraries."""
    done = subprocess.run(["nm", "--format=sysv", *paths], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise SystemExit("nm: %s" % done.stderr.strip())
    current = paths[0]
    for line in done.stdout.splitlines():
        head = re.match(r"\s*(?:Undefined s|S)ymbols from (.*):$", line)
        if head:
            current = head.group(1)
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == 7:
            yield current, fields[0], fields[2], fields[3], fields[6]


def _is_writable(kind, section):
    if kind == "TLS" or section.startswith(".data.rel.ro"):
        return False
    return section.startswith((".data", ".bss", ".ldata", ".lbss", "*COM*"))


def globals_(context):
    """no mutable data with static storage, save per thread"""
    if not context.objects:
        raise Unavailable("no objects given")
    found = []
    count = 0
    for where, name, _, kind, section in _symbols(context.objects):
        count += 1
        if kind == "OBJECT" and _is_writable(kind, section):
            # A static inside a function has a number after its name.
            if name.split(".")[0] not in ALLOWED_GLOBALS:
                found.append(Finding(where, 0, "%s in %s can be written" % (name, section)))
    return found, count


def exports(context):
    """what other files can see of the library is called ebb_"""
    libraries = [path for path in context.objects if path.endswith(".a")]
    if not libraries:
        raise Unavailable("no library given")
    found = []
    count = 0
    for where, name, letter, _, section in _symbols(libraries):
        if letter.isupper() and letter != "U" and section != "*UND*":
            count += 1
            if not name.startswith("ebb_"):
                found.append(Finding(where, 0, "%s is visible to other files" % name))
    return found, count
