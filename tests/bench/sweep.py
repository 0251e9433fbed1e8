#!/usr/bin/python3
"""sweep - folders of sweeps: complete, resumed, killed, locked, damaged, foreign.

Usage: sweep.py EBB [PATTERN]
"""
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

from program import EBB, check, check_equal, check_match, environment, gone, main, run
from sweep_place import (LONG, N_SMALL, SMALL, Place, complete, completed, done,
                         wait_for_worker, workers_of)

HYBRID = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "machine",
                      "topologies", "hybrid.xml")


def test_complete():
    with Place() as place:
        ended = complete(place)
        done(place)
        check_equal(place.files(),
                    ["forgetting.csv", "forgetting.md", "lock", "machine.json",
                     "step_latency.csv", "step_latency.md", "suite.yaml", "topology.xml",
                     "trials.jsonl"], "files")
        with open(os.path.join(place.results, "suite.yaml")) as stream:
            check_equal(stream.read(), SMALL, "the suite")
        with open(os.path.join(place.results, "machine.json")) as stream:
            check_equal(json.load(stream)["schema"], "ebb-machine/1", "the machine")
        for name in ("step_latency.md", "forgetting.md"):
            with open(os.path.join(place.results, name)) as stream:
                check(stream.read() in ended.out, name + " is printed")
        check_match("suite small: 4 of 4 trials to run", ended.err, "notes")
        check_match(r"in \S+results: trials.jsonl", ended.err, "notes")
        check_equal(sorted(r["repetition"] for r in place.records()), [1, 1, 2, 2],
                    "repetitions")
        check_equal([r["repetition"] for r in place.records()], [1, 1, 2, 2],
                    "interleaved")


def test_log_of_progress():
    """Where nobody watches, a line now and then; never a bar."""
    line = r"(?m)^ebb: +(\d+) %  (?:[\d:]+ left  )?trial (\d+) of 4: repetition [12], threads [12]$"
    with Place() as place:
        err = complete(place).err
        shares = [(int(share), int(trial)) for share, trial in re.findall(line, err)]
        check(3 <= len(shares) <= 10, "lines: " + err)
        check_equal(shares, sorted(shares), "order")
        check_equal(shares[0][1] > 1, True, "a line before anything is done: " + err)
        check(all(25 * (trial - 1) <= share < 25 * trial for share, trial in shares), err)
        check("\x1b" not in err, "a bar in a file")
    for words in (["--quiet"], ["--progress", "never"]):
        with Place() as place:
            check_equal(re.findall(line, complete(place, *words).err), [], str(words))


def test_again_prints_the_tables():
    with completed() as place:
        first = complete(place)
        before = place.read()
        machine = os.stat(os.path.join(place.results, "machine.json")).st_mtime_ns
        again = complete(place)
        check_equal(again.out, first.out, "tables")
        check_equal(place.read(), before, "trials")
        check_equal(os.stat(os.path.join(place.results, "machine.json")).st_mtime_ns,
                    machine, "machine.json")
        check("to run" not in again.err, again.err)
        check_equal(complete(place, "--quiet").err, "", "quiet")


def test_does_what_is_missing():
    with completed() as place:
        lines = place.read().splitlines(True)
        place.write(lines[0] + lines[3])
        ended = complete(place)
        check_match("2 of 4 trials to run", ended.err, "notes")
        done(place)
        check(place.read().startswith(lines[0] + lines[3]), "the old ones stay")


def test_more_repetitions_and_points():
    with completed() as place:
        place.set_suite(SMALL.replace("repetitions: 2", "repetitions: 3"))
        check_match("2 of 6 trials to run", complete(place).err, "repetitions")
        place.set_suite(SMALL.replace("[1, 2]", "[1]"))
        check_match("4 trials belong to no point", complete(place).err, "fewer points")
        done(place, 6)


def test_killed_and_resumed():
    random.seed(20240501)
    with Place() as place:
        kills = 0
        while kills < 8:
            process = place.start()
            try:
                # The first one certainly before an idle machine is through.
                process.wait(timeout=random.uniform(0.05, 2.5) if kills > 0 else 0.3)
            except subprocess.TimeoutExpired:
                pass
            workers = workers_of(process)
            ended = process.poll()
            process.kill()
            out, err = process.communicate(timeout=60)
            if ended is not None:
                check_equal(ended, 0, err.decode())
                break
            kills += 1
            for pid in workers:
                check(gone(pid), "a worker outlives its launcher")
            if os.path.exists(place.trials):
                text = place.read()
                check(text == "" or text.endswith("\n"), "torn")
                for line in text.splitlines():
                    json.loads(line)
        check(kills > 0, "never killed")
        complete(place)
        done(place)
        check("trials.torn" not in place.files(), "torn")


def test_torn_line_is_moved():
    with completed() as place:
        lines = place.read().splitlines(True)
        place.write("".join(lines[:3]) + lines[3][:100])
        ended = complete(place)
        check_match(r"trials.jsonl:4: torn line moved to trials.torn", ended.err, "note")
        check_match("1 of 4 trials to run", ended.err, "note")
        done(place)
        with open(os.path.join(place.results, "trials.torn")) as stream:
            check_equal(stream.read(), lines[3][:100] + "\n", "torn")


def test_damaged_line_is_refused():
    with completed() as place:
        lines = place.read().splitlines(True)
        for bad in ("{}\n", "x\n", lines[1][:100] + "\n", "\n"):
            place.write(lines[0] + bad + lines[2] + lines[3])
            before = place.read()
            ended = place.sweep()
            check_equal(ended.status, 3, "status with %r" % bad)
            check_match(r"^ebb: \S+trials.jsonl:2: ", ended.message(), "message")
            check_equal(place.read(), before, "trials")


def test_lock():
    with Place(LONG) as place:
        process = place.start()
        try:
            wait_for_worker(process)
            ended = place.sweep()
            check_equal(ended.status, 3, ended.err)
            check_match("another sweep is at work here", ended.message(), "message")
            check_equal(place.sweep("--fresh").status, 3, "--fresh")
            check_equal(place.sweep("--dry-run").status, 0, "--dry-run")
        finally:
            process.kill()
            process.communicate(timeout=60)


def test_foreign_results():
    for key, what in (("build_id", "build"), ("machine_id", "machine")):
        with completed() as place:
            place.change(2, **{key: "0123456789abcdef"})
            before = place.read()
            ended = place.sweep()
            check_equal(ended.status, 3, ended.err)
            check_match(r"trials.jsonl:3: a trial of %s 0123456789abcdef" % what,
                        ended.message(), "message")
            check_match("--fresh", ended.message(), "message")
            check_equal(ended.out, "", "stdout")
            check_equal(place.read(), before, "trials")


def test_fresh():
    with completed() as place:
        before = place.read()
        pages = {"report.html": "<title>small – ebb report</title>",
                 "forgetting.svg": "<svg>\n<title>Gnuplot</title>",
                 "step_latency.svg": "<svg>\n<title>somebody's</title>"}
        for name, text in pages.items():
            with open(os.path.join(place.results, name), "w") as stream:
                stream.write(text)
        ended = complete(place, "--fresh")
        check_match("4 of 4 trials to run", ended.err, "notes")
        check_equal([name for name in pages if name in place.files()], ["step_latency.svg"],
                    "pages of the old trials")
        kept = [name for name in place.files()
                if name.startswith("trials.") and name != "trials.jsonl"]
        check_equal(len(kept), 1, "kept: %s" % kept)
        with open(os.path.join(place.results, kept[0])) as stream:
            check_equal(stream.read(), before, "kept trials")
        done(place)
        check(before != place.read(), "new trials")
    with Place() as place:
        complete(place, "--fresh")  # nothing to start over from
        check_equal(len(place.files()), 9, "files")


def test_dry_run():
    with Place() as place:
        ended = place.sweep("--dry-run")
        check_equal(ended.status, 0, ended.err)
        check_equal(len(ended.out.splitlines()), 2, "points")
        check_match("suite small: 2 points, 2 repetitions, 4 trials", ended.err, "note")
        check(not os.path.exists(place.results), "a folder")
        command = ended.out.splitlines()[0].split()
        check_equal(command[1:3], ["ebb", "run"], "command")
        shown = json.loads(run(*command[2:], "--format", "json").out)
        check_equal(shown["config_hash"], command[0], "the command gives the point")


def test_dry_run_counts_in_words():
    suite = SMALL.replace("repetitions: 2", "repetitions: 1")
    for text, counts in ((suite, "2 points, 1 repetition, 2 trials"),
                         (suite.replace("[1, 2]", "[1]"), "1 point, 1 repetition, 1 trial")):
        with Place(text) as place:
            check_match("(?m)^ebb: suite small: %s$" % counts,
                        place.sweep("--dry-run").err, "note")


def test_dry_run_tells_crowded_points():
    cpus = len(os.sched_getaffinity(0))
    for threads, told in ((cpus, False), (cpus + 1, True)):
        with Place(SMALL.replace("[1, 2]", "[1, %d]" % threads)) as place:
            note = "1 of 2 points have more threads than the %d usable CPU" % cpus
            check_equal(note in place.sweep("--dry-run").err, told, "note")


def test_dry_run_tells_points_crowded_by_their_placement():
    """Of a hybrid processor's cores with 8 usable CPUs fast-cores takes 4."""
    hybrid = {"HWLOC_XMLFILE": HYBRID, "EBB_USABLE_CPUS": "0,1,2,3,4,5,6,7"}
    for placement, told in (("compact", False), ("fast-cores", True)):
        suite = SMALL.replace("[1, 2]", "[1, 6], placement: [%s]" % placement)
        with Place(suite) as place:
            ended = place.sweep("--dry-run", env=hybrid)
            check_equal(ended.status, 0, ended.err)
            check_equal("1 of 2 points have more threads than the 8 usable CPUs, or than "
                        "those of their placement: " in ended.err, told, ended.err)


def test_dry_run_estimates():
    """From a short trial where nothing is stored, else from what is."""
    measured = r"from the flop of 2 points at \d+ GFLOP/s a thread and [\d.]+ s a start"
    with Place() as place:
        ended = place.sweep("--dry-run")
        check_match(r"(?m)^ebb: estimate: \d+ s, between \d+ s and \d+ s if nothing else",
                    ended.err, "estimate")
        check_match(measured, ended.err, "how")
        check_equal(place.sweep("--dry-run", "--quiet").err, "", "quiet")
    with completed() as place:
        for index, record in enumerate(place.records()):
            place.change(index, wall_seconds=100.0 * record["threads"])
        ended = place.sweep("--dry-run")
        check_match("estimate: 10 min, between 5 min and 20 min", ended.err, "2 (100 + 200)")
        check_match(r"from stored trials in .*: 2 points", ended.err, "how")
        check("GFLOP/s" not in ended.err, "measured in vain")
        for index in range(N_SMALL):
            place.change(index, machine_id="another")
        check_match(measured, place.sweep("--dry-run").err, "trials of another machine")


def test_unwritable():
    with Place() as place:
        with open(os.path.join(place.folder.name, "a"), "w"):
            pass
        ended = place.sweep()
        check_equal(ended.status, 3, ended.err)
        check_match("no folder to be made here", ended.message(), "message")


def test_full_disk():
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
    with completed() as place:
        lines = place.read().splitlines(True)
        place.write(lines[0])
        before = place.read()
        ended = place.sweep(preexec=limit)
        check_equal(ended.status, 3, ended.err)
        check(place.read().startswith(before), "trials")
        for line in place.read().splitlines():
            json.loads(line)
        complete(place)
        done(place)


def test_killed_worker():
    with Place(SMALL.replace("epochs: 1", "steps: 20000")) as place:
        process = place.start()
        try:
            os.kill(wait_for_worker(process), signal.SIGKILL)
            err = process.communicate(timeout=300)[1].decode()
        finally:
            process.kill()
        check_equal(process.returncode, 1, err)
        check_match("worker was ended by signal 9", err, "message")
        check_match(r"sweep small: 1 of 4 trials failed", err.splitlines()[-1], "message")
        done(place, 3)
        check("forgetting.md" not in place.files(), "tables of an incomplete sweep")
        complete(place)
        done(place)


def test_interrupted():
    for number in (signal.SIGINT, signal.SIGTERM):
        with Place(LONG) as place:
            process = place.start("--progress", "always")
            try:
                worker = wait_for_worker(process)
                process.send_signal(number)
                out, err = process.communicate(timeout=60)
            finally:
                process.kill()
            check_equal(process.returncode, -number, "status")
            check(gone(worker), "a worker outlives its launcher")
            check_equal(out, b"", "stdout")
            check(err.endswith(b"\r\x1b[K"), "not cleared: %r" % err[-60:])


def test_timeout():
    with Place(LONG.replace("repetitions: 2", "repetitions: 1")) as place:
        ended = place.sweep("--timeout", "1")
        check_equal(ended.status, 1, ended.err)
        check_match("was ended after its time-out", ended.message(), "message")


def test_missing_data():
    with Place("suite: s\ntrial: {dataset: mnist}\nsweep: {seed: [1, 2, 3]}\n") as place:
        ended = place.sweep("--data-dir", "/nonexistent")
        check_equal(ended.status, 3, ended.err)
        check_match("^ebb: /nonexistent", ended.message(), "message")
        check(not os.path.exists(place.trials), "trials")


def test_diverged():
    suite = SMALL.replace("batch_size", "optimizer: sgd, learning_rate: 1e30, batch_size")
    with Place(suite) as place:
        ended = place.sweep()
        check_equal(ended.status, 1, ended.err)
        check_match("4 of 4 trials diverged", ended.message(), "message")
        done(place)
        check_equal(place.sweep().status, 1, "again")
        done(place)


def test_bands():
    with completed() as place:
        place.set_suite(SMALL + "expect: {average_accuracy: [0, 1]}\n")
        complete(place)
        place.set_suite(SMALL + "expect: {average_accuracy: [1.5, 2]}\n")
        ended = place.sweep()
        check_equal(ended.status, 1, ended.err)
        check_match("average_accuracy", ended.message(), "message")


def test_notes_do_not_cut_tables():
    """Where both streams are one file, a note stands where it was said."""
    with completed() as place:
        path = os.path.join(place.folder.name, "both")
        with open(path, "w") as both:
            status = subprocess.run([EBB, *place.words()], env=environment(), stdout=both,
                                    stderr=both, stdin=subprocess.DEVNULL).returncode
        check_equal(status, 0, "status")
        with open(path) as stream:
            lines = stream.read().splitlines()
        check_match("(?m)^ebb: in .*: trials.jsonl", "\n".join(lines), "the last lines")
        notes = [i for i, line in enumerate(lines) if line.startswith("ebb: ")]
        tables = [i for i, line in enumerate(lines) if line.startswith(("|", "- ", "#"))]
        check(min(notes) > max(tables), "a note above or in a table")


def test_different_digests():
    with completed() as place:
        place.change(1, digest="0" * 64)
        ended = place.sweep()
        check_equal(ended.status, 4, ended.err)
        check_match("digest", ended.message(), "message")


def test_nothing_valid():
    waited = "a thread waited for a CPU in 9.0 % of the training time (at most 5 %: ...)"
    took = "the hypervisor took 3.0 % of the training time (at most 1 %: ...)"
    with completed() as place:
        for index in range(N_SMALL):
            place.change(index, valid=False, problems=[waited] + [took] * (index == 0))
        ended = complete(place)
        check_match("(?m)^ebb: not one of 4 trials is valid: NO TIME ABOVE CAN BE USED", ended.err,
                    "note")
        check_match("(?m): a thread waited for a CPU in 4, the hypervisor took the CPU in 1$",
                    ended.err, "reasons")
        check_match("--retry-invalid runs them again, best when", ended.err.splitlines()[-1],
                    "last line")
        done(place)


def test_retry_invalid():
    with completed() as place:
        for index in range(N_SMALL):
            place.change(index, valid=index != 2, problems=[])
        ended = complete(place)
        check_match(r"1 of 4 trials are not valid; ebb sweep \S+ .*--retry-invalid", ended.err, "note")
        check("CAN BE USED" not in ended.err, "the others are valid")
        done(place)
        ended = place.sweep("--retry-invalid")
        check_match("1 of 4 trials to run", ended.err, "note")
        records = place.records()
        check_equal(len(records), 5, "records")
        for key in ("config_hash", "repetition"):
            check_equal(records[4][key], records[2][key], key)


def test_order_is_random_and_repeatable():
    suite = SMALL.replace("{threads: [1, 2]}", "{seed: [1, 2, 3, 4, 5, 6]}")
    orders = []
    for _ in range(2):
        with Place(suite.replace("tasks: 2", "tasks: 1")) as place:
            complete(place)
            orders.append([r["config"]["seed"] for r in place.records()])
    check_equal(orders[0], orders[1], "order")
    for half in (orders[0][:6], orders[0][6:]):
        check_equal(sorted(half), [1, 2, 3, 4, 5, 6], "each repetition")
    check(orders[0][:6] != orders[0][6:], "the same order twice")
    check(orders[0][:6] != [1, 2, 3, 4, 5, 6], "not random")


if __name__ == "__main__":
    sys.exit(main([(name, test) for name, test in sorted(globals().items())
                   if name.startswith("test_")]))
