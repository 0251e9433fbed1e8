#!/usr/bin/python3
"""bad_input - what `ebb` answers to words, files and folders that are wrong.

Every case is a row of a table (bad_words.py, bad_files.py). For each: the status is right,
one line on stderr begins with `ebb: ` and says what is wrong, nothing is on stdout, and
nothing was written.

Usage: bad_input.py EBB [PATTERN]
"""
import concurrent.futures
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import bad_files
import bad_words
from program import EBB, Failure, check, check_equal, check_match, environment, folder, main

LEAST = 150  # cases
SECONDS = 300  # of one case, on a machine that is busy


def plant(where, files):
    """Makes files of a case: bytes or text, or a function that is given the path."""
    for name, content in files.items():
        path = os.path.join(where, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if callable(content):
            content(path)
            continue
        with open(path, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)


def picture(where):
    """All that is in a folder: kinds, modes, contents, and when they were changed."""
    found = {}
    for base, folders, names in os.walk(where):
        for name in folders + names:
            path = os.path.join(base, name)
            facts = os.lstat(path)
            content = None
            if name == "lock":  # tells who holds it, and stays
                facts = None
            elif stat.S_ISREG(facts.st_mode):
                with open(path, "rb") as stream:
                    content = hashlib.sha256(stream.read()).hexdigest()
            elif stat.S_ISLNK(facts.st_mode):
                content = os.readlink(path)
            found[os.path.relpath(path, where)] = facts and (
                facts.st_mode, content, facts.st_mtime_ns)
    return found


def run_in(where, words, more=None):
    """Status as a shell would say it, stdout and stderr as bytes."""
    process = subprocess.run(
        [EBB, *words], cwd=where, env=environment(TMPDIR=where, HOME=where, **(more or {})),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=SECONDS, check=False)
    status = process.returncode
    return status if status >= 0 else 128 - status, process.stdout, process.stderr


def check_line(err, pattern):
    text = err.decode("utf-8")  # invalid UTF-8 is a failure
    check_equal(text.count("\n"), 1, "lines of stderr in %r" % text)
    check_match(r"^ebb: \S", text, "stderr")
    check(all(c.isprintable() for c in text[:-1]), "what is no letter: %r" % text)
    check(re.search(pattern, text) is not None, "%r is not in %r" % (pattern, text))


def run_case(case):
    with folder() as where:
        plant(where, case.files)
        before = picture(where)
        try:
            status, out, err = run_in(where, case.words, case.env)
        except subprocess.TimeoutExpired as slow:
            raise Failure("hangs") from slow
        check_equal(status, case.status, "status (%s)" % err[-300:])
        check_match("^%s$" % case.out, out.decode("utf-8"), "stdout")
        check_line(err, case.says)
        after = picture(where)
        check_equal(sorted(after), sorted(before), "files")
        check_equal(after, before, "files")


def named(case):
    words = " ".join(w if isinstance(w, str) else repr(w) for w in case.words)
    return "%s: ebb %s" % (case.group, words if len(words) < 100 else words[:97] + "...")


def all_cases():
    return bad_words.cases(EBB) + bad_files.cases(EBB)


def run_all(cases):
    """Two at a time; a list of (name, problem or None)."""
    def attempt(case):
        try:
            run_case(case)
        except Exception as problem:  # whatever it is, the others run
            return named(case), problem
        return named(case), None
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(attempt, cases))


def test_cases():
    cases = all_cases()
    groups = {}
    for case in cases:
        name = case.group.split(":")[0]
        groups[name] = groups.get(name, 0) + 1
    failed = [(name, problem) for name, problem in run_all(cases) if problem]
    for name, problem in failed:
        print("FAILED %s: %s" % (name, problem))
    print("%d cases of bad input, %d failed: %s" % (
        len(cases), len(failed), ", ".join("%s %d" % g for g in sorted(groups.items()))))
    check_equal(len(failed), 0, "cases that failed")
    check(len(cases) >= LEAST, "only %d cases" % len(cases))


def test_a_wrong_answer_is_seen():
    """Cases whose expectation is wrong must fail, each for its own reason."""
    good = bad_words.Case("self", ["run", "--tasks", "0"], 2, "--tasks: out of range")
    run_case(good)
    for wrong, why in ((good._replace(status=3), "status"),
                       (good._replace(says="--epochs"), "is not in"),
                       (good._replace(words=["list", "heads"], status=0), "stdout"),
                       (good._replace(words=["--help"], status=0), "stdout"),
                       (good._replace(words=["list"], says="x"), "status")):
        try:
            run_case(wrong)
        except Failure as seen:
            check_match(why, str(seen), "the reason")
        else:
            raise Failure("not seen: %s" % (wrong,))


def test_a_written_file_is_seen():
    with folder() as where:
        plant(where, {"a": "x", "b/c": "y"})
        before = picture(where)
        plant(where, {"b/d": ""})
        check(picture(where) != before, "a new file")
        os.remove(os.path.join(where, "b/d"))
        with open(os.path.join(where, "a"), "w") as stream:
            stream.write("z")
        check(picture(where) != before, "another content")


def test_points_are_counted_before_they_run():
    """A huge cross product that is allowed says what it is; one that is not, is refused."""
    with folder() as where:
        plant(where, {"s.yaml": bad_files.product(100, 100)})
        status, out, err = run_in(where, ["sweep", "s.yaml", "--dry-run"])
        check_equal(status, 0, err[-300:])
        check_equal(out.count(b"\n"), 10000, "points")
        check_match(r"^ebb: suite s: 10000 points, 1 repetition, 10000 trials\n",
                    err.decode(), "note")
        check_equal(os.listdir(where), ["s.yaml"], "files")


def test_a_sweep_stays_in_its_folder():
    """Everything a sweep writes is in results/NAME; links planted there lead nowhere."""
    with folder() as where:
        plant(where, {"s.yaml": bad_files.SMALL, "victim": "mine"})
        results = os.path.join(where, "results", "small")
        os.makedirs(results)
        for name in ("machine.json", "suite.yaml", "forgetting.md", "step_latency.csv"):
            os.symlink("../../victim", os.path.join(results, name))
            os.symlink("../../victim", os.path.join(results, name + ".new"))
        status, _, err = run_in(where, ["sweep", "s.yaml", "--quiet"])
        check_equal(status, 0, err[-300:])
        check_equal(sorted(os.listdir(where)), ["results", "s.yaml", "victim"], "files")
        check_equal(os.listdir(os.path.join(where, "results")), ["small"], "folders")
        with open(os.path.join(where, "victim")) as stream:
            check_equal(stream.read(), "mine", "a file that a link led to")
        check("trials.jsonl" in os.listdir(results), "trials")
        shutil.rmtree(results)


if __name__ == "__main__":
    sys.exit(main([(name, test) for name, test in sorted(globals().items())
                   if name.startswith("test_")]))
