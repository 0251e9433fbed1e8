#!/usr/bin/python3
"""test_lint - each lint check must see the violation that is planted for it.

For every case a small tree is written to a temporary folder. The check must find nothing
in the sound tree, and exactly the stated lines after the planted files are added.
"""
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import json
import os
import subprocess
import tempfile

import lint

SOUND = {
    "src/base/status.h": "#ifndef EBB_BASE_STATUS_H\n#define EBB_BASE_STATUS_H\n\n"
                         "int ebb_status_get(void);\n\n#endif\n",
    "src/base/status.c": "#include \"base/status.h\"\n\n#include <stddef.h>\n\n"
                         "static const int table[] = {1, 2};\n"
                         "static _Thread_local int last;\n\n"
                         "/* printf(\"stdout\") is only talked about: #include \"net/x.h\" */\n"
                         "int ebb_status_get(void)\n{\n"
                         "    const char *text = \"{ exit(1); // stderr\";\n"
                         "    last += text[0] == '{';\n"
                         "    return table[last & 1];\n}\n",
    "src/net/onednn.c": "#include <stdio.h>\n\n#include \"base/status.h\"\n\n"
                        "int ebb_onednn_get(void);\n"
                        "int ebb_onednn_get(void)\n{\n    return ebb_status_get();\n}\n",
    "bench/ebb.c": "#include <stdio.h>\n\n#include \"base/status.h\"\n\n"
                   "int main(void)\n{\n    return printf(\"%d\", ebb_status_get()) < 0;\n}\n",
}


def body(lines):
    """A C function of that many lines, signature and braces included."""
    return "int ebb_f(void)\n{\n" + "    ;\n" * (lines - 4) + "    return 1;\n}\n"


# check -> [({planted files}, [(path, line), …])]; a line of None matches any.
PLANTED = {
    "layers": [
        ({"src/base/a.c": "#include <stdio.h>\n#include \"machine/team.h\"\n"},
         [("src/base/a.c", 2)]),
        ({"src/data/a.h": "# include \"net/net.h\"\n"}, [("src/data/a.h", 1)]),
        ({"src/net/a.c": "#include \"../base/status.h\"\n#include \"status.h\"\n"},
         [("src/net/a.c", 1), ("src/net/a.c", 2)]),
        ({"src/study/a.c": "#include \"bench/command.h\"\n"}, [("src/study/a.c", 1)]),
        ({"src/study/a.c": "#include <net/net.h>\n"}, [("src/study/a.c", 1)]),
        ({"src/extra/a.c": "#include \"base/status.h\"\n"}, [("src/extra/a.c", 1)]),
    ],
    "onednn": [
        ({"src/net/a.c": "#include <oneapi/dnnl/dnnl.h>\n"}, [("src/net/a.c", 1)]),
        ({"src/base/onednn.c": "\n#include \"dnnl.h\"\n"}, [("src/base/onednn.c", 2)]),
        ({"src/net/onednn.h": "#include <oneapi/dnnl/dnnl.h>\n"}, []),
    ],
    "language": [
        ({"bench/shim/shim.cc": "int x;\n"}, []),
        ({"src/net/a.cc": "int x;\n", "bench/shim/b.hpp": "int x;\n"},
         [("bench/shim/b.hpp", 0), ("src/net/a.cc", 0)]),
    ],
    "include-order": [
        ({"src/net/a.c": "#include <stdio.h>\n\n#include \"net/a.h\"\n"},
         [("src/net/a.c", 1)]),
        ({"src/net/a.h": "#ifndef A\n#define A\n#include \"base/status.h\"\n"
                         "#include <stdio.h>\n#endif\n"}, [("src/net/a.h", 4)]),
        ({"src/net/a.c": "#include \"base/status.h\"\n#ifdef __SSE__\n"
                         "#include <xmmintrin.h>\n#endif\n"}, []),
    ],
    "guards": [
        ({"src/net/a.h": "#ifndef EBB_NET_B_H\n#define EBB_NET_B_H\n#endif\n"},
         [("src/net/a.h", 0)]),
        ({"bench/a.h": "int ebb_a;\n"}, [("bench/a.h", 0)]),
        ({"bench/a.h": "#ifndef EBB_BENCH_A_H\n#define EBB_BENCH_A_H\n#endif\n"}, []),
    ],
    "output": [
        ({"src/net/a.c": "void f(void)\n{\n    printf(\"x\");\n    exit (1);\n}\n"},
         [("src/net/a.c", 3), ("src/net/a.c", 4)]),
        ({"src/net/a.c": "void f(void)\n{\n    fputs(\"x\", stderr);\n    abort();\n}\n"},
         [("src/net/a.c", 3), ("src/net/a.c", 4)]),
        ({"src/net/a.c": "void f(void)\n{\n    ops->exit(1); on_exit(2); snprintf();\n}\n"},
         []),
    ],
    "parallel": [
        ({"src/net/a.c": "#pragma omp simd\n#pragma omp parallel for\n"},
         [("src/net/a.c", 2)]),
        ({"src/machine/team.c": "#pragma omp parallel\n"}, []),
    ],
    "function-size": [
        ({"src/net/a.c": body(60)}, []),
        ({"src/net/a.c": "\n" + body(61)}, [("src/net/a.c", 2)]),
        ({"tests/a.c": "static void f(int a, int b[2], int (*c)(int, int), int d,\n"
                       "              int e, int f)\n{\n}\n"}, []),
        ({"tests/a.c": "__attribute__((unused)) static int f(int a, int b, int c, int d,\n"
                       "    int e, int f, int g)\n{\n    return 1;\n}\n"},
         [("tests/a.c", 1)]),
        ({"bench/a.c": "struct s { int a; };\nint x = {1};\n" + body(61)},
         [("bench/a.c", 3)]),
        ({"tests/a.c": "void dnnl_f(int a, int b, int c, int d, int e, int f, int g)\n{}\n",
          "src/net/a.c": "void dnnl_f(int a, int b, int c, int d, int e, int f, int g)\n{}\n"},
         [("src/net/a.c", 1)]),
        ({"bench/a.c": "int f(void)\n{\n"}, [("bench/a.c", 0)]),
    ],
    "file-size": [
        ({"src/net/a.c": "\n" * 500, "scripts/a": "\n" * 500}, []),
        ({"src/net/a.c": "\n" * 501, "scripts/a": "\n" * 501, "tests/a.py": "\n" * 501},
         [("scripts/a", 0), ("src/net/a.c", 0), ("tests/a.py", 0)]),
    ],
    "words": [
        ({"README.md": "\nTO" "DO: more\n"}, [("README.md", 2)]),
        ({"src/net/a.c": "/* FIX" "ME */\n/* see issue" " 12 */\n"},
         [("src/net/a.c", 1), ("src/net/a.c", 2)]),
        ({"scripts/a": "cd /ho" "me/someone\n"}, [("scripts/a", 1)]),
        ({"scripts/a": "x=py" "pi.org\n"}, [("scripts/a", 1)]),
        ({"README.md": "ht" "tps://example.com/x\n"}, [("README.md", 1)]),
        ({"README.md": "ht" "tps://doi.org/10.1\n[a](#1-first)\n"}, []),
        ({"results/quick/trials.jsonl": "TO" "DO\n", "build/x": "TO" "DO\n"}, []),
    ],
    "typedefs": [
        ({"src/net/a.h": "typedef struct a {\n    int x;\n} a_t;\n"
                         "typedef int (*fn_t)(int);\nuint32_t ok;\n"},
         [("src/net/a.h", None), ("src/net/a.h", 4)]),
    ],
    "sources": [
        ({"src/net/forgotten.c": "int ebb_x;\n"}, [("src/net/forgotten.c", 0)]),
    ],
    "headers": [
        ({"src/net/a.h": "#ifndef A\n#define A\nsize_t ebb_a(void);\n#endif\n"},
         [("src/net/a.h", 0)]),
        ({"src/net/a.h": "struct ebb_twice {\n    int x;\n};\n"}, [("src/net/a.h", 0)]),
    ],
    "globals": [
        ({"src/net/onednn.c": "int ebb_count;\n"}, [(None, 0)]),
        ({"src/net/onednn.c": "int ebb_f(void);\nint ebb_f(void)\n{\n"
                              "    static int n = 3;\n    return n++;\n}\n"}, [(None, 0)]),
        ({"src/net/onednn.c": "static int a;\nint *const ebb_pointers[] = {&a};\n"},
         [(None, 0)]),
    ],
    "exports": [
        ({"src/net/onednn.c": "int helper(void);\nint helper(void)\n{\n    return 1;\n}\n"},
         [(None, 0)]),
    ],
}


def write(root, files):
    for path, text in files.items():
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)


def build(root, compiler):
    """Compiles the sound tree's files as they now stand; a build like CMake's of them."""
    folder = os.path.join(root, "build")
    os.makedirs(folder, exist_ok=True)
    entries = []
    objects = []
    for path in [p for p in SOUND if p.endswith(".c")]:
        target = os.path.join(folder, path.replace("/", "_") + ".o")
        words = [compiler, "-std=c11", "-I" + os.path.join(root, "src"), "-o", target,
                 "-c", os.path.join(root, path)]
        subprocess.run(words, check=True)
        entries.append({"directory": folder, "file": os.path.join(root, path),
                        "arguments": words})
        if path.startswith("src"):
            objects.append(target)
    with open(os.path.join(folder, "compile_commands.json"), "w") as stream:
        json.dump(entries, stream)
    library = os.path.join(folder, "libebb_core.a")
    if os.path.exists(library):
        os.remove(library)
    subprocess.run(["ar", "rc", library, *objects], check=True)
    return lint.Context(root, folder, [library])


def matches(found, expected):
    if len(found) != len(expected):
        return False
    return all(path in (None, finding.path) and line in (None, finding.line)
               for finding, (path, line) in zip(sorted(found), expected))


def run_case(check, planted, expected, compiler):
    with tempfile.TemporaryDirectory() as root:
        write(root, SOUND)
        found, count = check(build(root, compiler))
        if found or count == 0:
            return "the sound tree: %d examined, found %s" % (count, found)
        write(root, planted)
        found, _ = check(build(root, compiler))
        if not matches(found, expected):
            return "planted %s: found %s instead of %s" % (sorted(planted), found, expected)
    return None


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in lint.CHECKS:
        print("usage: test_lint.py CHECK COMPILER (%s)" % " ".join(lint.CHECKS))
        return 2
    name, compiler = sys.argv[1:]
    failures = [fault for planted, expected in PLANTED[name]
                if (fault := run_case(lint.CHECKS[name], planted, expected, compiler))]
    for failure in failures:
        print("%s: %s" % (name, failure))
    print("%s: %d cases, %d failed" % (name, len(PLANTED[name]), len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
