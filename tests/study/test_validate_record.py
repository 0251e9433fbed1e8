#!/usr/bin/python3
"""test_validate_record - every fault planted in a good record must be found.

Usage: test_validate_record.py FILE        one record a line; the first is used
"""
import copy
import json
import pathlib
import sys

sys.dont_write_bytecode = True

import jsonschema

import validate_record


def put(*path_and_value):
    """A change: sets the member at the path to the value."""
    *path, last, value = path_and_value

    def change(record):
        for step in path:
            record = record[step]
        record[last] = value
    return change


def drop(name):
    return lambda record: record.pop(name)


CHANGES = {
    "another schema": put("schema", "ebb-trial/2"),
    "unknown member": put("extra", 1),
    "member missing": drop("digest"),
    "short hash": put("config_hash", "12"),
    "repetition 0": put("repetition", 0),
    "accuracy above 1": put("accuracy", 0, 0, 1.5),
    "negative loss": put("loss", 0, 0, -1),
    "ragged matrix": lambda record: record["accuracy"][1].pop(),
    "option missing": lambda record: record["config"].pop("seed"),
    "option of the wrong kind": put("config", "batch_size", "many"),
    "invalid without a reason": put("valid", False),
    "diverged but valid": put("diverged", True),
    "no digest without divergence": put("digest", None),
    "p99 of too few steps": put("step_ns", "count", 298),
    "a step missing in the histogram": put("step_ns", "count", 399),
    "quantiles out of order": put("step_ns", "p50_low", 10**9),
    "another rate": put("gflops", 1.0),
    "another share of peak": put("peak_fraction", 0.9),
    "another metric": put("metrics", "forgetting", 0.5),
    "another compat metric": put("metrics", "compat_average_accuracy", 0.5),
    "a CPU too few": lambda record: record["placement"]["cpus"].pop(),
    "threads that the configuration has not": put("threads", 1),
    "digest of no task": put("digest", "f" * 64),
    "time not a number": put("train_seconds", None),
    "empty environment": put("environment", {}),
}


def main():
    schema = json.loads(validate_record.SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    line = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()[0]
    good = json.loads(line)
    missed = ["the good record itself: %s" % fault
              for fault in validate_record.faults_of(line, validator)]
    for name, change in CHANGES.items():
        record = copy.deepcopy(good)
        change(record)
        if not validate_record.faults_of(json.dumps(record), validator):
            missed.append(name)
    if not validate_record.faults_of(line[:-10], validator):
        missed.append("torn line")
    for name in missed:
        print("not found: %s" % name, file=sys.stderr)
    print("%d faults planted, %d missed" % (len(CHANGES) + 1, len(missed)))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
