#!/usr/bin/python3
"""validate_record - judges trial records, one JSON object a line.

Usage: validate_record.py FILE...        ("-" reads stdin)

Each line must satisfy results/schema/ebb-trial-1.json and agree with itself: metrics,
rates and quantiles are computed again here, from the numbers they are made of.
Exit status 0: all good; 1: a line is not; 2: usage.
"""
import json
import math
import pathlib
import sys

import jsonschema

SCHEMA = pathlib.Path(__file__).parents[2] / "results/schema/ebb-trial-1.json"


def mean(values):
    values = list(values)
    return None if not values or None in values else sum(values) / len(values)


def near(value, expected, tolerance=1e-9):
    if value is None or expected is None:
        return value is expected
    return math.isclose(value, expected, rel_tol=tolerance, abs_tol=tolerance)


def transfer(matrix, tasks):
    """Mean of last minus diagonal, and of best minus last, over tasks below the last."""
    last = matrix[-1]
    backward = [None if last[k] is None else last[k] - matrix[k][k]
                for k in tasks if matrix[k][k] is not None]
    forgetting = []
    for k in tasks:
        known = [row[k] for row in matrix[k:-1] if row[k] is not None]
        if known:
            forgetting.append(None if last[k] is None else max(known) - last[k])
    return mean(backward), mean(forgetting)


def expected_metrics(record):
    matrix = record["accuracy"]
    size = len(matrix)
    gone = {task - 1 for entry in record["unlearning"] for task in entry["tasks"]}
    remaining = [k for k in range(size) if k not in gone]
    all_below = range(size - 1)
    backward, forgetting = transfer(matrix, [k for k in remaining if k < size - 1])
    backward_all, forgetting_all = transfer(matrix, all_below)
    compat = record["metrics"]["compat_accuracy"]
    return {
        "average_accuracy": mean(matrix[-1]),
        "average_accuracy_remaining": mean(matrix[-1][k] for k in remaining),
        "average_accuracy_unlearned": mean(matrix[-1][k] for k in sorted(gone)),
        "backward_transfer": backward,
        "backward_transfer_all": backward_all,
        "forgetting": forgetting,
        "forgetting_all": forgetting_all,
        "learning_accuracy": mean(matrix[k][k] for k in range(size)
                                  if matrix[k][k] is not None),
        "average_loss": mean(record["loss"][-1]),
        "compat_average_accuracy": mean(compat[-1]),
        "compat_average_loss": mean(record["metrics"]["compat_loss"][-1]),
        "compat_backward_transfer": (transfer(compat, all_below)[0]
                                     if size >= 3 else None),
    }


def metric_faults(record):
    for name, expected in expected_metrics(record).items():
        if not near(record["metrics"][name], expected):
            yield "metrics.%s is %s, computed %s" % (name, record["metrics"][name],
                                                     expected)


def shape_faults(record):
    tasks = record["config"]["tasks"]
    if len(record["task_digests"]) != tasks:
        yield "task_digests has %d entries" % len(record["task_digests"])
    if not record["diverged"] and record["task_digests"][-1] != record["digest"]:
        yield "digest is not that of the last task"
    for name, matrix in (("accuracy", record["accuracy"]), ("loss", record["loss"]),
                         ("compat_accuracy", record["metrics"]["compat_accuracy"]),
                         ("compat_loss", record["metrics"]["compat_loss"])):
        if [len(row) for row in matrix] != [tasks] * tasks:
            yield "%s is not tasks x tasks" % name
    if len(record["placement"]["cpus"]) != record["threads"]:
        yield "placement.cpus has not one entry a thread"
    for name in ("threads", "strategy"):
        if record["config"][name] != record[name]:
            yield "%s differs from the configuration's" % name
    if record["config"]["placement"] != record["placement"]["name"]:
        yield "placement.name differs from the configuration's"


def speed_faults(record):
    step = record["step_ns"]
    if sum(count for _, count in step["histogram"]) != step["count"]:
        yield "the histogram does not hold every step"
    order = ["min", "p50_low", "p50", "p50_high", "max"]
    known = [step[name] for name in order if step[name] is not None]
    if known != sorted(known):
        yield "quantiles are out of order: %s" % known
    for name in ("p90", "p99"):
        if step[name] is not None and not (
                step["p50"] <= step[name] <= step[name + "_high"] <= step["max"]):
            yield "%s is out of order" % name
    p50 = step["p50"]
    expected = record["step_flop"] / p50 if p50 else None
    if not near(record["gflops"], expected):
        yield "gflops is %s, computed %s" % (record["gflops"], expected)
    rate = record["config"]["batch_size"] * 1e9 / p50 if p50 else None
    if not near(record["samples_per_second"], rate):
        yield "samples_per_second is %s, computed %s" % (record["samples_per_second"],
                                                         rate)
    peak = record["peak_gflops"]
    share = record["gflops"] / peak if peak and p50 else None
    if not near(record["peak_fraction"], share):
        yield "peak_fraction is %s, computed %s" % (record["peak_fraction"], share)


def faults_of(line, validator):
    try:
        record = json.loads(line, parse_constant=float)
    except ValueError as error:
        return ["not JSON: %s" % error]
    faults = ["%s: %s" % ("/".join(map(str, error.absolute_path)) or "record",
                          error.message)
              for error in validator.iter_errors(record)]
    if not faults:
        faults = [*shape_faults(record)]
    if not faults:
        faults = [*metric_faults(record), *speed_faults(record)]
    return faults


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    lines = failures = 0
    for name in sys.argv[1:]:
        text = (sys.stdin.read() if name == "-"
                else pathlib.Path(name).read_text(encoding="utf-8"))
        for number, line in enumerate(text.splitlines(), start=1):
            lines += 1
            for fault in faults_of(line, validator):
                failures += 1
                print("%s:%d: %s" % (name, number, fault), file=sys.stderr)
    if lines == 0:
        print("no record in %s" % " ".join(sys.argv[1:]), file=sys.stderr)
        return 1
    print("%d records, %d faults" % (lines, failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
