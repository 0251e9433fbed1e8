"""tree - the project's files, and C text with what is not code blanked out."""
import os
import re
from collections import namedtuple

# What a check found: path relative to the root, 1-based line (0: the file as a whole).
Finding = namedtuple("Finding", "path line text")

CODE_FOLDERS = ("src", "bench", "tests")
SKIPPED_FOLDERS = {".git", "build", "__pycache__"}
# Below results/ only these belong to the project; the rest is what sweeps wrote.
KEPT_RESULTS = ("results/schema", "results/reference")


def _is_kept(path):
    if not path.startswith("results" + os.sep) or path.count(os.sep) == 1:
        return True
    return path.startswith(KEPT_RESULTS)


def files(root, suffixes=None, folders=None):
    """Paths of the project's files relative to root, sorted."""
    found = []
    for top, names, leaves in os.walk(root):
        names[:] = sorted(n for n in names if n not in SKIPPED_FOLDERS)
        for leaf in leaves:
            path = os.path.relpath(os.path.join(top, leaf), root)
            if folders and path.split(os.sep)[0] not in folders:
                continue
            if suffixes and not path.endswith(suffixes):
                continue
            if _is_kept(path) and not path.endswith((".swp", ".orig")):
                found.append(path)
    return sorted(found)


def c_files(root):
    return files(root, (".c", ".h"), CODE_FOLDERS)


def read(root, path):
    """The text of a file; None where it is not text."""
    with open(os.path.join(root, path), "rb") as stream:
        data = stream.read()
    if b"\0" in data:
        return None
    return data.decode("utf-8", errors="replace")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


_TOKEN = re.compile(
    r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""",
    re.VERBOSE | re.DOTALL)


def _spaces(match, keep_quotes):
    token = match.group(0)
    blank = re.sub(r"[^\n]", " ", token)
    if keep_quotes and token[0] in "\"'":
        return token[0] + blank[1:-1] + token[0]
    return blank


def without_comments(text):
    """Same length and lines; comments are blanks, strings stay."""
    return _TOKEN.sub(
        lambda m: m.group(0) if m.group(0)[0] in "\"'" else _spaces(m, False), text)


def code_only(text):
    """Same length and lines; comments and what stands in quotes are blanks."""
    return _TOKEN.sub(lambda m: _spaces(m, True), text)


def without_directives(code):
    """Same length and lines; preprocessor lines with their continuations are blanks."""
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*",
                  lambda m: re.sub(r"[^\n]", " ", m.group(0)), code, flags=re.MULTILINE)


Function = namedtuple("Function", "name start end parameters")


def _close(text, opening):
    """Offset of the parenthesis that closes the one at opening; None without one."""
    depth = 0
    for i in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return i
    return None


def _blank_attributes(head):
    for match in re.finditer(r"\b(?:__attribute__|_Alignas)\s*(?=\()", head):
        end = _close(head, match.end())
        if end is not None:
            head = (head[:match.start()] + " " * (end + 1 - match.start())
                    + head[end + 1:])
    return head


def _parameters(inner):
    """Number of parameters in the text between a declarator's parentheses."""
    if inner.strip() in ("", "void"):
        return 0
    depth = commas = 0
    for char in inner:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(char, 0)
        commas += char == "," and depth == 0
    return commas + 1


def _signature(head):
    """(name, parameters) of a function whose text before the brace is head, or None."""
    head = _blank_attributes(head)
    match = re.search(r"([A-Za-z_]\w*)\s*\(", head)
    if match is None or "=" in head[:match.start()]:
        return None
    end = _close(head, match.end() - 1)
    if end is None or head[end + 1:].strip():
        return None
    return match.group(1), _parameters(head[match.end():end])


def functions(text):
    """Function definitions of C text, from the first line of the signature to the closing
    brace. Fails with ValueError when the braces do not balance: then nothing can be said.
    """
    code = without_directives(code_only(text))
    found = []
    depth = begin = 0
    open_function = None
    for i, char in enumerate(code):
        if char == "{":
            if depth == 0:
                head = code[begin:i]
                signature = _signature(head)
                if signature:
                    start = begin + len(head) - len(head.lstrip())
                    open_function = (signature, line_of(text, start))
            depth += 1
        elif char == "}":
            depth -= 1
            if depth < 0:
                raise ValueError("line %d: a brace closes nothing" % line_of(text, i))
            if depth == 0:
                if open_function:
                    (name, parameters), start = open_function
                    found.append(Function(name, start, line_of(text, i), parameters))
                    open_function = None
                begin = i + 1
        elif char == ";" and depth == 0:
            begin = i + 1
    if depth != 0:
        raise ValueError("line %d: a brace is never closed" % line_of(text, len(text)))
    return found
