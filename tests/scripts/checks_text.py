"""checks_text - lint checks that read the project's files and nothing else.

A check is a function of a Context that returns (findings, number of files examined).
"""
import os
import re

import tree
from tree import Finding

LAYERS = ("base", "machine", "data", "net", "learn", "study")
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
MAX_PARAMETERS = 6

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]', re.MULTILINE)


def _includes(text):
    """(line, quote, path) of every #include outside comments."""
    text = tree.without_comments(text)
    for match in _INCLUDE.finditer(text):
        yield tree.line_of(text, match.start(1)), match.group(1), match.group(2)


def _layer_fault(path, quote, included):
    """Why a file of src/ must not include this; None when it may."""
    parts = path.split(os.sep)
    target = included.split("/")[0]
    if quote == "<":
        return "own headers stand in quotes" if target in LAYERS else None
    if parts[1] not in LAYERS:
        return "%s/ is not a layer (%s)" % (parts[1], ", ".join(LAYERS))
    if "/" not in included or target not in LAYERS:
        return "\"%s\" is not of the form \"layer/file.h\"" % included
    if LAYERS.index(target) > LAYERS.index(parts[1]):
        return "%s/ must not know %s/ (order: %s)" % (parts[1], target,
                                                      " -> ".join(LAYERS))
    return None


def layers(context):
    """src/<layer>/ includes only itself and layers to its left"""
    found = []
    paths = tree.files(context.root, (".c", ".h"), ("src",))
    for path in paths:
        for line, quote, included in _includes(tree.read(context.root, path)):
            fault = _layer_fault(path, quote, included)
            if fault:
                found.append(Finding(path, line, fault))
    return found, len(paths)


def onednn(context):
    """only src/net/onednn.{h,c} and microkernel.c include a oneDNN header"""
    allowed = {os.path.join("src", "net", name) for name in ("onednn.h", "onednn.c", "microkernel.c")}
    found = []
    paths = tree.c_files(context.root)
    for path in paths:
        for line, _, included in _includes(tree.read(context.root, path)):
            if re.search(r"\b(oneapi|dnnl|mkldnn)", included) and path not in allowed:
                found.append(Finding(path, line, "includes %s" % included))
    return found, len(paths)


# Google Benchmark has no other interface.
_CXX_ALLOWED = {os.path.join("bench", "shim", "shim.cc")}


def language(context):
    """everything but the shim of Google Benchmark is C"""
    paths = tree.files(context.root, folders=tree.CODE_FOLDERS)
    cxx = (".cc", ".cpp", ".cxx", ".C", ".hh", ".hpp", ".hxx")
    found = [Finding(path, 0, "is C++") for path in paths
             if path.endswith(cxx) and path not in _CXX_ALLOWED]
    return found, len(paths)


def _own_header(path):
    """How a file of src/ or bench/ is, or includes, its own header."""
    stem = os.path.splitext(path)[0] + ".h"
    return stem[len("src/"):] if path.startswith("src") else os.path.basename(stem)


def _is_conditional(text, line, path):
    """Whether the line stands inside an #if, not counting a header's guard."""
    before = "\n".join(text.split("\n")[:line])
    opened = len(re.findall(r"^[ \t]*#[ \t]*if", before, re.MULTILINE))
    closed = len(re.findall(r"^[ \t]*#[ \t]*endif", before, re.MULTILINE))
    return opened - closed > path.endswith(".h")


def include_order(context):
    """a file includes its own header, then the system's, then the project's"""
    found = []
    paths = tree.files(context.root, (".c", ".h"), ("src", "bench"))
    for path in paths:
        text = tree.read(context.root, path)
        entries = list(_includes(text))
        own = _own_header(path)
        if own in [e[2] for e in entries[1:]]:
            found.append(Finding(path, entries[0][0], "%s comes first" % own))
        seen_own = False
        for line, quote, included in entries:
            if quote == "<" and seen_own and not _is_conditional(text, line, path):
                found.append(Finding(path, line, "<%s> after own headers" % included))
            seen_own = seen_own or (quote == '"' and included != own)
    return found, len(paths)


def guards(context):
    """each header is guarded by a name made of its path"""
    found = []
    paths = tree.files(context.root, (".h",), ("src", "bench"))
    for path in paths:
        name = path[len("src/"):] if path.startswith("src") else path
        guard = "EBB_" + re.sub(r"\W", "_", name).upper()
        if "#ifndef %s\n#define %s\n" % (guard, guard) not in tree.read(context.root, path):
            found.append(Finding(path, 0, "has no guard %s" % guard))
    return found, len(paths)


_NEVER_IN_LIBRARY = re.compile(
    r"(?<![\w.>])(?:(?:printf|vprintf|puts|putchar|perror|psignal|exit|_exit|_Exit|abort"
    r"|quick_exit|errx?|warnx?|verrx?|vwarnx?|syslog)\s*\(|(?:stdout|stderr)\b)")


def output(context):
    """the library neither prints nor ends the process"""
    found = []
    paths = tree.files(context.root, (".c", ".h"), ("src",))
    for path in paths:
        code = tree.code_only(tree.read(context.root, path))
        for match in _NEVER_IN_LIBRARY.finditer(code):
            found.append(Finding(path, tree.line_of(code, match.start()),
                                 "uses %s" % match.group(0).rstrip("( ")))
    return found, len(paths)


# Where a parallel region may be opened; everything else runs on the team.
_PARALLEL_ALLOWED = {os.path.join("src", "machine", "team.c")}


def parallel(context):
    """only the team opens parallel regions"""
    found = []
    paths = tree.files(context.root, (".c", ".h"), ("src", "bench"))
    for path in paths:
        text = tree.without_comments(tree.read(context.root, path))
        for match in re.finditer(r"#[ \t]*pragma[ \t]+omp[^\n]*\bparallel\b", text):
            if path not in _PARALLEL_ALLOWED:
                found.append(Finding(path, tree.line_of(text, match.start()),
                                     "opens a parallel region beside the team"))
    return found, len(paths)


# What tests put in the place of a function of oneDNN has that function's signature.
_FOREIGN = re.compile(r"dnnl_")


def function_size(context):
    """functions have at most 60 lines and 6 parameters"""
    found = []
    paths = [p for p in tree.c_files(context.root) if p.endswith(".c")]
    for path in paths:
        try:
            functions = tree.functions(tree.read(context.root, path))
        except ValueError as error:
            found.append(Finding(path, 0, str(error)))
            continue
        for function in functions:
            lines = function.end - function.start + 1
            if lines > MAX_FUNCTION_LINES:
                found.append(Finding(path, function.start, "%s has %d lines (at most %d)"
                                     % (function.name, lines, MAX_FUNCTION_LINES)))
            if function.parameters > MAX_PARAMETERS and not (
                    _FOREIGN.match(function.name) and path.startswith("tests")):
                found.append(Finding(path, function.start,
                                     "%s has %d parameters (at most %d)"
                                     % (function.name, function.parameters,
                                        MAX_PARAMETERS)))
    return found, len(paths)


def file_size(context):
    """no file of code has more than 500 lines"""
    found = []
    paths = [p for p in tree.files(context.root)
             if p.endswith((".c", ".h", ".cc", ".py", ".sh", ".cmake", "CMakeLists.txt"))
             or p.startswith(("scripts" + os.sep, ".ci" + os.sep))]
    for path in paths:
        lines = (tree.read(context.root, path) or "").count("\n")
        if lines > MAX_FILE_LINES:
            found.append(Finding(path, 0, "%d lines (at most %d)"
                                 % (lines, MAX_FILE_LINES)))
    return found, len(paths)


# Bracketed so that this file does not contain the words it looks for.
_WORDS = [
    (re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X]|HAC[K])\b"),
     "unfinished work is done or not begun"),
    (re.compile(r"(?i)\bissue\s*#?\d+|(?<![\w&/])#\d{1,2}\b(?![-\w;.])"),
     "the text must stand without a tracker"),
    (re.compile(r"(?<![\w.])/(?:home|root|work|srv|mnt|media|Users)/\w"),
     "names a path of one machine"),
    (re.compile(r"(?i)\b(?:py[p]i|pytho[n]hosted|np[m]js|crate[s]|anacon[d]a|deb\.debia[n]"
                r"|proxy\.golan[g])\.(?:org|io|com)\b"),
     "names a package registry by its host"),
]
_ADDRESS = re.compile(r"\bhttps?://([\w.-]+)")
# Hosts that stand for a publication or a schema, not for a service; git-lfs is how a file
# begins that was never fetched, which the readers of data recognise.
_HOSTS = {"www.w3.org", "json-schema.org", "doi.org", "arxiv.org", "git-lfs",
          "git-lfs.github.com"}


def words(context):
    """no unfinished work, no paths of one machine, no services by their address"""
    found = []
    count = 0
    for path in tree.files(context.root):
        text = tree.read(context.root, path)
        if text is None or path.endswith(".svg"):
            continue
        count += 1
        for number, line in enumerate(text.split("\n"), 1):
            # A kernel numbers its builds, and records quote it.
            told = line.replace("#1 SMP", "SMP")
            for pattern, why in _WORDS:
                match = pattern.search(told)
                if match:
                    found.append(Finding(path, number, "%r: %s" % (match.group(0), why)))
            for match in _ADDRESS.finditer(line):
                if match.group(1) not in _HOSTS:
                    found.append(Finding(path, number, "%r: an address" % match.group(0)))
    return found, count


def typedefs(context):
    """no names of ours that end in _t, which POSIX reserves"""
    found = []
    paths = tree.c_files(context.root)
    pattern = re.compile(r"\btypedef\b[^;{]*?\b(\w+_t)\s*(?:;|\)\s*\()|\}\s*(\w+_t)\s*;")
    for path in paths:
        code = tree.code_only(tree.read(context.root, path))
        for match in pattern.finditer(code):
            name = match.group(1) or match.group(2)
            found.append(Finding(path, tree.line_of(code, match.start()),
                                 "defines %s" % name))
    return found, len(paths)
