#!/usr/bin/python3
"""test_planted - each fault that is planted in the library is caught by the test named.

Usage: test_planted.py BUILD [NAME...]

A copy of one source file gets the fault and is compiled as the build compiles the file;
the test is linked with that object in place of the library's, and must fail where it is
said to. The same with the file as it is must pass.
"""
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import collections
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile

SKIPPED = 77
ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))

# What is wrong, in which file, instead of what; the test, and what it says when it fails.
Fault = collections.namedtuple("Fault", "name file old new test said")

FAULTS = [
    Fault("wrong gradient of the loss", "src/net/loss.c",
          "z[label] -= scale;", "z[label] -= 0.98f * scale;",
          "test_gradient", "a head"),
    Fault("wrong gradient below a ReLU", "src/net/block.c",
          "out[i] > 0.0f ? delta[i] : 0.0f", "out[i] > 0.0f ? delta[i] : delta[i] * 0.01f",
          "test_oracle", "the published network"),
    Fault("skipped bias, forward", "src/net/block.c",
          ".bias = true,", ".bias = l + 1 < batch->n_layers,",
          "test_oracle", "the published network"),
    Fault("skipped bias, backward", "src/net/strategy_shards.c",
          "ebb_piece_column_sums(op->bias, p->b, p->b_leading, p->k, p->n);", "",
          "test_oracle", "the published network"),
    Fault("skipped bias, backward, in tiles", "src/net/strategy_tiles.c",
          "ebb_piece_column_sums(p->c, p->b, p->b_leading, p->k, p->n);", "",
          "test_oracle", "the published network"),
    Fault("stale copy of weights", "src/net/piece.c",
          "    ebb_piece_transpose(list, piece);\n}", "}",
          "test_digest", "test_derived_copies_stay_current"),
    Fault("off by one in a masked head's labels", "src/study/session.c",
          ".class_end = first + classes, .label_offset = first}",
          ".class_end = first + classes, .label_offset = first - (first > 0)}",
          "test_session", "test_target"),
    Fault("off by one in the labels of all classes", "src/study/session.c",
          ".class_end = n * classes, .label_offset = first}",
          ".class_end = n * classes, .label_offset = first - (first > 0)}",
          "test_session", "test_target"),
    Fault("shuffled reduction", "src/net/strategy_shards.c",
          "for (size_t distance = 1; distance < n_shards; distance *= 2) {",
          "for (size_t s = 1; self->base.n_threads > 1 && s < n_shards; s++) {\n"
          "ebb_vector_add(self->shards[0].gradient + offset,\n"
          "               self->shards[s].gradient + offset, n);\n"
          "}\n"
          "for (size_t distance = 1; self->base.n_threads == 1 && distance < n_shards;\n"
          "     distance *= 2) {",
          "test_digest", "eight shards"),
    Fault("product of a tile cut by the number of threads", "src/net/strategy_tiles.c",
          "        run_product(self, p);\n",
          "for (size_t i = 0; i < self->base.n_threads; i++) {\n"
          "    ebb_product cut = *p;\n"
          "    const size_t begin = p->k * i / self->base.n_threads;\n"
          "    cut.k = p->k * (i + 1) / self->base.n_threads - begin;\n"
          "    cut.a += begin * p->a_leading;\n"
          "    cut.b += begin * p->b_leading;\n"
          "    cut.beta = i > 0 ? 1.0f : 0.0f;\n"
          "    if (cut.k > 0) {\n"
          "        run_product(self, &cut);\n"
          "    }\n"
          "}\n",
          "test_digest", "eight shards"),
]


class Unplanted(Exception):
    """The fault could not be planted, so nothing is known about the test: where the code
    has changed, the row has to."""


class Build:
    """How the build compiles a file and links a test."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as stream:
            self.entries = {os.path.relpath(entry["file"], ROOT): entry
                            for entry in json.load(stream)}

    def run(self, words):
        done = subprocess.run(words, cwd=self.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise Unplanted("%s: %s" % (" ".join(words[:3]), done.stdout.decode()[-2000:]))

    def compile(self, path, text, output):
        """The file with that text, beside which its headers are found as ever."""
        words = shlex.split(self.entries[path]["command"])
        source = output + ".c"
        with open(source, "w", encoding="utf-8") as stream:
            stream.write(text)
        words[words.index("-o") + 1] = output
        words[words.index("-c") + 1] = source
        self.run(words + ["-w"])

    def link(self, test, planted, output):
        commands = subprocess.run(["ninja", "-t", "commands", test], cwd=self.folder,
                                  stdout=subprocess.PIPE, check=True).stdout.decode()
        line = commands.strip().splitlines()[-1]
        words = [word for word in shlex.split(line) if word not in (":", "&&")]
        words[words.index("-o") + 1] = output
        # First come, first linked: the library's object of that name stays out.
        words.insert(words.index("-o"), planted)
        self.run(words)


def failed_tests(program):
    done = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=300, check=False,
                          env=dict(os.environ, OMP_WAIT_POLICY="passive"))
    text = done.stdout.decode("utf-8", "replace")
    failed = re.findall(r"(?m)^\[  FAILED  \] (?!tests|\d)(.+?)$", text)
    return done.returncode, sorted(set(name.strip() for name in failed))


def plant(build, fault):
    """Status of the test and names of what fails in it, with the fault and without."""
    with open(os.path.join(ROOT, fault.file), encoding="utf-8") as stream:
        sound = stream.read()
    if sound.count(fault.old) != 1:
        raise Unplanted("%s: %r is there %d times" % (fault.file, fault.old,
                                                      sound.count(fault.old)))
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for i, text in enumerate((sound.replace(fault.old, fault.new), sound)):
            planted = os.path.join(folder, "planted%d.o" % i)
            program = os.path.join(folder, "test%d" % i)
            build.compile(fault.file, text, planted)
            build.link(fault.test, planted, program)
            results.append(failed_tests(program))
    return results


def judge(build, fault):
    try:
        (status, failed), (sound_status, sound_failed) = plant(build, fault)
    except Unplanted as reason:
        return "%s: not planted: %s" % (fault.name, reason)
    if sound_status != 0:
        return "%s: %s fails without it: %s" % (fault.name, fault.test, sound_failed)
    if status == 0 or fault.said not in failed:
        return "%s: not caught by `%s` of %s, which says %s" % (fault.name, fault.said,
                                                               fault.test, failed)
    print("%s: caught by `%s` of %s (%d fail)" % (fault.name, fault.said, fault.test,
                                                  len(failed)))
    return None


def main():
    build = Build(sys.argv[1])
    if shutil.which("ninja") is None or not os.path.exists(
            os.path.join(sys.argv[1], "build.ninja")):
        print("skipped: the build is not ninja's")
        return SKIPPED
    wanted = [fault for fault in FAULTS
              if not sys.argv[2:] or fault.name in sys.argv[2:]]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        missed = [text for text in pool.map(lambda f: judge(build, f), wanted) if text]
    for text in missed:
        print("MISSED " + text)
    print("%d faults planted, %d missed" % (len(wanted), len(missed)))
    return 1 if missed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
