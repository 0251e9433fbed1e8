"""results - reads what a program on Google Benchmark wrote, strictly, and has the library's
own compare tool read it."""
import importlib.util
import json
import os
import re
import subprocess
import sys

COMPARE = "/usr/share/benchmark/compare.py"


def _refuse(text):
    raise ValueError("%s is no JSON" % text)


def _unique(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key twice: %s" % keys)
    return dict(pairs)


def parse(data):
    """JSON as RFC 8259 has it: UTF-8, no NaN, no Infinity, no key twice."""
    return json.loads(data.decode("utf-8"), parse_constant=_refuse,
                      object_pairs_hook=_unique)


def load(path):
    with open(path, "rb") as stream:
        return parse(stream.read())


def problems(document):
    """What a reader of the format may not meet; empty where all is well."""
    found = []
    for entry in document["benchmarks"]:
        name = entry["name"]
        if re.search(r"\s", name):
            found.append("%s: a blank" % name)
        measured = not entry.get("error_occurred") and not entry.get("skipped")
        if measured and not (entry["real_time"] > 0 or entry["run_type"] == "aggregate"):
            found.append("%s: took no time" % name)
        if not measured and ("real_time" in entry or "cpu_time" in entry):
            found.append("%s: has a time and was not measured" % name)
        if not measured and not (entry.get("error_message") or entry.get("skip_message")):
            found.append("%s: does not say why" % name)
    return found


# The two functions that compare.py wants of scipy, for machines without it.
_SCIPY = '''
import numpy

def gmean(values):
    return numpy.exp(numpy.mean(numpy.log(numpy.asarray(values)), axis=0))

def mannwhitneyu(*samples, **options):
    raise NotImplementedError("the U test needs scipy")
'''


def compare(folder, first, second):
    """Output of Debian's compare tool on two results; None, and why, where it is absent."""
    if not os.path.exists(COMPARE):
        return None, "no %s (libbenchmark-tools)" % COMPARE
    if importlib.util.find_spec("numpy") is None:
        return None, "compare.py needs numpy"
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    options = ["--no-color"]
    if importlib.util.find_spec("scipy") is None:
        os.makedirs(os.path.join(folder, "scipy"), exist_ok=True)
        for name, text in (("__init__.py", ""), ("stats.py", _SCIPY)):
            with open(os.path.join(folder, "scipy", name), "w", encoding="utf-8") as stream:
                stream.write(text)
        environment["PYTHONPATH"] = folder
        options.append("--no-utest")
    done = subprocess.run([sys.executable, COMPARE, *options, "benchmarks", first, second],
                          env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError("compare.py: status %d: %s" % (done.returncode, done.stderr))
    return done.stdout, None
