"""compare-pytorch - the same training step in ebb and in PyTorch, side by side.

Usage: scripts/compare-pytorch [--rounds N] [--steps N] [--output FILE] [--real-time]

Trains 784-256-256-10 on synthetic images with SGD and Adam, batches of 8, 32 and 128, on
one thread and on two, in ebb (strategy tiles) and in PyTorch three ways: eager, with the
fused optimizer, and compiled. Every measurement is a process of its own; the ways take
turns, so that a drifting machine drifts for all. Prints a Markdown table of median step
times and of the ratio to the fastest of PyTorch, with the lowest and highest ratio of the
rounds. A PyTorch step takes its batch from a preloaded tensor and has no data loader; an
ebb step forms its batch from bytes.

--real-time puts every measurement before all other processes (chrt -f 20), for a machine
that is not idle; the rest of it stands still meanwhile. Needs the permission, and a usable
CPU for each thread.

The first run makes build/pytorch, a virtual environment with PyTorch of a fixed version
from the Python package index: several gigabytes and minutes. No part of set-up or tests.

Status: 0 done, 1 a measurement failed, 2 usage, 3 no program or no PyTorch."""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, "build", "pytorch")
PYTHON = os.path.join(VENV, "bin", "python")
TORCH = "torch==2.15.0"
EBB = os.path.join(ROOT, "build", "release", "ebb")
WAYS = ("eager", "fused", "compiled")
BATCHES = (8, 32, 128)
THREADS = (1, 2)
OPTIMIZERS = ("sgd", "adam")
WARMUP = 30
CHRT = ["chrt", "-f", "20"]
facts = {}  # of the environment, as ebb records it


def fail(status, text):
    sys.stderr.write("compare-pytorch: %s\n" % text)
    sys.exit(status)


def install():
    """The virtual environment; made once."""
    if os.path.exists(PYTHON) and subprocess.run([PYTHON, "-c", "import torch"],
                                                 capture_output=True).returncode == 0:
        return
    sys.stderr.write("compare-pytorch: making %s with %s\n" % (VENV, TORCH))
    for words in ([sys.executable, "-m", "venv", VENV],
                  [PYTHON, "-m", "pip", "install", "--quiet", TORCH, "numpy"]):
        if subprocess.run(words).returncode != 0:
            fail(3, "%s: failed" % " ".join(words))


def torch_step(way, optimizer, batch, threads, steps):
    """Runs in the virtual environment; prints the median step in microseconds."""
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    images = torch.rand(6000, 784)
    labels = torch.randint(0, 10, (6000,))
    network = torch.nn.Sequential(
        torch.nn.Linear(784, 256), torch.nn.ReLU(), torch.nn.Linear(256, 256),
        torch.nn.ReLU(), torch.nn.Linear(256, 10))
    make = torch.optim.SGD if optimizer == "sgd" else torch.optim.Adam
    mover = make(network.parameters(), lr=0.001, **({"fused": True} if way == "fused" else {}))
    loss_of = torch.nn.functional.cross_entropy
    forward = torch.compile(network) if way == "compiled" else network

    def step(index):
        mover.zero_grad(set_to_none=True)
        loss_of(forward(images[index]), labels[index]).backward()
        mover.step()

    times = []
    for _ in range(WARMUP + steps):
        index = torch.randint(0, 6000, (batch,))
        start = time.perf_counter_ns()
        step(index)
        times.append(time.perf_counter_ns() - start)
    print(statistics.median(times[WARMUP:]) / 1e3)


def check_real_time():
    """Ends unless real-time priority is permitted and leaves no thread waiting."""
    usable = len(os.sched_getaffinity(0))
    if max(THREADS) > usable:
        fail(2, "--real-time: %d threads wait for each other on %d CPU%s (at most one "
                "thread each)" % (max(THREADS), usable, "" if usable == 1 else "s"))
    try:
        done = subprocess.run(CHRT + ["true"], capture_output=True, text=True)
    except OSError as error:
        fail(3, "--real-time: chrt: %s" % error.strerror)
    if done.returncode != 0:
        fail(3, "--real-time: %s (root, or a limit: ulimit -r)" % done.stderr.strip())


def measure_torch(way, point, steps, before):
    optimizer, batch, threads = point
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    done = subprocess.run(before + [PYTHON, os.path.abspath(__file__), "--step", way,
                                    optimizer, str(batch), str(threads), str(steps)],
                          capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        fail(1, "PyTorch %s: %s" % (way, done.stderr.strip().splitlines()[-1:]))
    return float(done.stdout)


def measure_ebb(point, steps, before):
    optimizer, batch, threads = point
    done = subprocess.run(
        before + [EBB, "run", "--format", "json", "--dataset", "synthetic", "--tasks", "1",
         "--hidden", "256,256", "--validation-fraction", "0", "--optimizer", optimizer,
         "--batch-size", str(batch), "--threads", str(threads), "--steps",
         str(steps + WARMUP), "--warmup-steps", str(WARMUP)],
        capture_output=True, text=True)
    if done.returncode != 0:
        fail(1, done.stderr.strip())
    record = json.loads(done.stdout)
    facts.update(record["environment"])
    return record["step_ns"]["p50"] / 1e3


def measure(point, options):
    """Times of every way, a list a round; forwards and backwards in turn."""
    times = {way: [] for way in ("ebb",) + WAYS}
    before = CHRT if options.real_time else []
    for number in range(options.rounds):
        order = list(times) if number % 2 == 0 else list(times)[::-1]
        for way in order:
            times[way].append(measure_ebb(point, options.steps, before) if way == "ebb"
                              else measure_torch(way, point, options.steps, before))
    return times


def row(point, times):
    medians = {way: statistics.median(values) for way, values in times.items()}
    best = min(WAYS, key=medians.get)
    ratios = [theirs / ours for theirs, ours in zip(times[best], times["ebb"])]
    cells = [point[0], str(point[1]), str(point[2]), "%.0f" % medians["ebb"]]
    cells += ["%.0f" % medians[way] for way in WAYS]
    cells.append("%.1f [%.1f, %.1f]" % (statistics.median(ratios), min(ratios), max(ratios)))
    return "| " + " | ".join(cells) + " |"


def machine():
    return "%s (%s), oneDNN %s, %s, %s" % (facts.get("cpu"), facts.get("cpu_family"),
                                           facts.get("onednn"), TORCH.replace("==", " "),
                                           datetime.date.today().isoformat())


def main():
    if len(sys.argv) == 7 and sys.argv[1] == "--step":
        torch_step(sys.argv[2], sys.argv[3], *[int(word) for word in sys.argv[4:]])
        return
    parser = argparse.ArgumentParser(prog="compare-pytorch", add_help=False,
                                     usage="scripts/compare-pytorch [options]",
                                     description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--output")
    parser.add_argument("--real-time", action="store_true")
    if "--help" in sys.argv or "-h" in sys.argv:
        print(__doc__)
        return
    options = parser.parse_args()
    if not os.access(EBB, os.X_OK):
        fail(3, "%s: not there (scripts/build)" % EBB)
    if options.real_time:
        check_real_time()
    install()
    lines = ["| optimizer | batch | threads | ebb | eager | fused | compiled | ratio |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for point in [(o, b, t) for o in OPTIMIZERS for b in BATCHES for t in THREADS]:
        lines.append(row(point, measure(point, options)))
        sys.stderr.write(lines[-1] + "\n")
    text = ("Median training step, µs, 784-256-256-10, on %s; ratio: fastest PyTorch / ebb, "
            "median [lowest, highest] of %d rounds%s.\n\n"
            % (machine(), options.rounds, ", at real-time priority" * options.real_time)
            + "\n".join(lines) + "\n")
    if options.output:
        with open(options.output, "w", encoding="utf-8") as stream:
            stream.write(text)
    print(text, end="")


main()
