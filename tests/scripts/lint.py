#!/usr/bin/python3
"""lint - one check of the project's rules over the whole tree.

Prints what breaks the rule, one line each, and ends with status 1; 0 when nothing does,
77 when the check cannot be made here. A check that found nothing to examine fails.
"""
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import argparse
import os

import checks_build
import checks_text

CHECKS = {
    "layers": checks_text.layers,
    "onednn": checks_text.onednn,
    "language": checks_text.language,
    "include-order": checks_text.include_order,
    "guards": checks_text.guards,
    "output": checks_text.output,
    "parallel": checks_text.parallel,
    "function-size": checks_text.function_size,
    "file-size": checks_text.file_size,
    "words": checks_text.words,
    "typedefs": checks_text.typedefs,
    "sources": checks_build.sources,
    "headers": checks_build.headers,
    "globals": checks_build.globals_,
    "exports": checks_build.exports,
}
SKIPPED = 77


class Context:
    """What a check may look at."""

    def __init__(self, root, build=None, objects=()):
        self.root = root
        self.build = build
        self.objects = list(objects)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join("  %-14s %s" % (name, check.__doc__)
                         for name, check in CHECKS.items()))
    parser.add_argument("check", choices=list(CHECKS), metavar="CHECK")
    parser.add_argument("--root", default=os.path.join(here, "..", ".."))
    parser.add_argument("--build", help="build directory with compile_commands.json")
    parser.add_argument("--objects", nargs="*", default=[],
                        help="objects and libraries whose symbols are examined")
    options = parser.parse_args()
    check = CHECKS[options.check]
    try:
        found, count = check(Context(options.root, options.build, options.objects))
    except checks_build.Unavailable as reason:
        print("skipped: %s: %s" % (options.check, reason))
        return SKIPPED
    for finding in found:
        print("%s:%d: %s" % finding)
    print("%s: %s: %d examined, %d found" % (options.check, check.__doc__, count,
                                             len(found)))
    if count == 0:
        print("%s: nothing to examine" % options.check)
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
