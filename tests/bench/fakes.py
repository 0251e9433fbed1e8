"""fakes - programs that only pretend to measure, for the tests of the gate."""
import json
import os
import stat

from program import check_equal, folder, run

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "results",
                      "schema", "ebb-compare-1.json")

# A program that counts how often it was called and prints what it is told to. Its times
# vary, and in another order where it is not called "a".
FAKE = """#!/bin/sh
read count < "$0.count"
echo $((count + 1)) > "$0.count"
number=$((100000 + count * %(step)d %% 11 * %(noise)d))
all="$*"
%(before)s
p50=$((number * %(percent)d))
digest=%(digest)s accuracy=%(accuracy)s loss=%(loss)s valid=true problems=
diverged=false schema=ebb-trial/1 batch=8
%(body)s
printf '{"schema": "%%s", "config": {"batch_size": %%s, "threads": 1}, ' $schema $batch
printf '"build_id": "b", "machine_id": "m", "valid": %%s, "problems": [%%s], ' \\
    $valid "$problems"
printf '"diverged": %%s, "digest": "%%s", "accuracy": [[%%s]], "loss": [[%%s]], ' \\
    $diverged $digest $accuracy $loss
printf '"unlearning": [], "environment": {"git": "g"}, "step_ns": {"p50": %%s}}\\n' $p50
%(after)s
"""

# Likewise one that lists and runs benchmarks; NAMES are its names.
FAKE_BENCH = """#!/bin/sh
read count < "$0.count"
echo $((count + 1)) > "$0.count"
case "$*" in *list_tests*) %(listing)s; exit 0;; esac
number=$((100000 + count * 7 %% 11 * 100))
name=$(echo "$2" | sed 's/^--benchmark_filter=^//; s/$$//; s/\\\\//g')
time=$((number * %(percent)d))
entry='"run_type": "iteration", "real_time": '$time', "time_unit": "us"'
%(body)s
printf '{"context": {}, "benchmarks": [{"name": "%%s", %%s}]}\\n' "$name" "$entry"
%(after)s
"""

INVALID = 'valid=false problems=\'"a thread waited"\''


class Place:
    """A folder for fakes and results."""

    def __init__(self):
        self.folder = folder()

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def script(self, name, text):
        with open(self.path(name), "w") as stream:
            stream.write(text)
        with open(self.path(name) + ".count", "w") as stream:
            stream.write("0\n")
        os.chmod(self.path(name), stat.S_IRWXU)
        return self.path(name)

    def fake(self, name, percent=100, before="", body="", after="", noise=100,
             digest="d", accuracy="0.9", loss="0.5"):
        return self.script(name, FAKE % {
            "percent": percent, "before": before, "body": body, "after": after,
            "noise": noise, "digest": digest, "accuracy": accuracy, "loss": loss,
            "step": 7 if name == "a" else 3})

    def bench(self, name, names, percent=100, body="", after=""):
        listing = names if names.startswith("!") else "printf '%s\\n' " + names
        return self.script(name, FAKE_BENCH % {
            "percent": percent, "body": body, "after": after,
            "listing": listing.lstrip("!")})

    def calls(self, name):
        with open(self.path(name) + ".count") as stream:
            return int(stream.read())


def compare(baseline, candidate, *more, budget="60s", **options):
    return run("compare", "--baseline", baseline, "--candidate", candidate,
               "--budget", budget, *more, **options)


def compare_json(baseline, candidate, *more, status=0, **options):
    """The object, which must be what the schema wants, and how the program ended."""
    ended = compare(baseline, candidate, "--format", "json", *more, **options)
    check_equal(ended.status, status, "status (%s)" % ended.err)
    return parse(ended.out), ended


def parse(text):
    def refuse(word):
        raise ValueError(word)

    result = json.loads(text, parse_constant=refuse)
    try:
        import jsonschema
    except ImportError:
        return result
    with open(SCHEMA) as stream:
        jsonschema.Draft202012Validator(json.load(stream)).validate(result)
    return result


def verdicts(result):
    return [b["verdict"] for b in result["benchmarks"]]
