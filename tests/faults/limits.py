#!/usr/bin/python3
"""limits - full and read-only disks, folders that vanish, memory, CPUs and time taken away.

Usage: limits.py EBB CLOCK [PATTERN]

CLOCK is the library of clock.c. What needs root or a control group that can be made is
left out with its reason where it is not to be had; then all counts as skipped (77) if the
rest has passed.
"""
import contextlib
import glob
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # the source tree stays as it is

CLOCK = os.path.abspath(sys.argv[2])
del sys.argv[2]

from injection import WORDS, read
from program import (EBB, TINY, check, check_equal, check_match, environment,
                     folder, main, run)
from scarcity import Absent, command, disk, conclude, group, join, tried
from sweep import (LONG, SMALL, Place, completed, done, wait_for_worker)


def write(path, text):
    with open(path, "w") as stream:
        stream.write(text)


def fill(place, leave):
    """Fills the disk but for some bytes."""
    facts = os.statvfs(place)
    free = facts.f_bavail * facts.f_bsize
    with open(os.path.join(place, "filler"), "wb") as stream:
        stream.write(bytes(max(0, free - leave)))


def one_message(ended, status, pattern):
    check_equal(ended.status, status, ended.err)
    check_equal(len(ended.err.splitlines()), 1, "lines of %r" % ended.err)
    check_match(pattern, ended.err, "message")


# ---- disks ---------------------------------------------------------------------------


def test_full_disk():
    def test_full_disk_sweep():
        with disk("1m") as place, completed() as finished:
            results = os.path.join(place, "results")
            shutil.copytree(finished.results, results)
            path = os.path.join(results, "trials.jsonl")
            before = "".join(finished.read().splitlines(True)[:2])
            write(path, before)
            words = ["sweep", finished.suite, "--output-dir", results, "--quiet"]
            for leave in (0, 4096, 8192, 16384):
                fill(place, leave)
                ended = run(*words)
                check_equal(ended.status in (0, 3), True, ended.err)
                if ended.status == 3:
                    one_message(ended, 3, "No space left on device|bytes fit")
                text = read(path)
                check(text.startswith(before) and text.endswith("\n"), "a record is torn")
                check_equal(glob.glob(results + "/*.new"), [], "left behind")
                for line in text.splitlines():
                    json.loads(line)
                os.remove(os.path.join(place, "filler"))
            check_equal(run(*words).status, 0, "with room")
            check_equal(len(read(path).splitlines()), 4, "trials")

    def test_full_disk_run():
        with disk("64k") as place:
            fill(place, 0)
            path = os.path.join(place, "new.jsonl")
            one_message(run("run", *WORDS, "--quiet", "--output", path), 3,
                        "new.jsonl: .*(No space left on device|bytes fit)")
            one_message(run("run", *WORDS, "--quiet", "--samples", path), 3,
                        "new.jsonl: not written .No space left")
            check_equal(os.listdir(place), ["filler"], "files")
            with completed() as finished:
                one_message(run("report", finished.results, "--quiet", "--output", path),
                            3, "new.jsonl: not written .No space left")
            with open(os.path.join(place, "filler"), "ab") as full:
                for words in (["table", TEMPLATE], ["list"], ["export", TEMPLATE,
                              "--format", "junit"]):
                    one_message(run(*words, stdout=full), 3, "standard output: not all")

    with completed() as finished:
        TEMPLATE = finished.results
        tried(test_full_disk_sweep)
        tried(test_full_disk_run)


def test_read_only():
    def test_read_only_disk():
        with disk("1m") as place, completed() as finished:
            results = os.path.join(place, "results")
            shutil.copytree(finished.results, results)
            command("mount", "-o", "remount,ro", place)
            one_message(run("sweep", finished.suite, "--output-dir", results), 3,
                        "lock: no lock to be had .Read-only")
            one_message(run("sweep", finished.suite, "--output-dir", place + "/new"), 3,
                        "new: no folder to be made here .Read-only")
            one_message(run("report", results), 3, "report.html: not writ.* .Read-only")
            one_message(run("run", *TINY, "--quiet", "--output", place + "/x"), 3,
                        "/x: not writable .Read-only")
            check_equal(run("table", results).status, 0, "reading")
    tried(test_read_only_disk)


def test_removed_folder():
    with Place(SMALL.replace("epochs: 1", "steps: 30000")) as place:
        process = place.start("--quiet")
        try:
            wait_for_worker(process)
            shutil.rmtree(place.results)
            err = process.communicate(timeout=120)[1].decode()
        finally:
            process.kill()
        check_equal(process.returncode, 3, err)
        check_match(r"^ebb: \S+trials.jsonl: .*No such file or directory\n$", err, "text")
        check(not os.path.exists(place.results), "the folder is back")


def test_lock_names_its_holder():
    with completed() as place:
        place.set_suite(LONG)
        process = place.start()
        try:
            wait_for_worker(process)
            ended = place.sweep()
        finally:
            process.kill()
            process.communicate(timeout=60)
        one_message(ended, 3, "another sweep is at work here, process %d " % process.pid)


# ---- workers ---------------------------------------------------------------------------


def test_worker_ends_by_signal():
    with completed() as place:
        text = place.read()
        place.set_suite(SMALL.replace("epochs: 1", "steps: 20000000")
                        .replace("[1, 2]", "[1]").replace("repetitions: 2",
                                                          "repetitions: 1"))
        for number in (signal.SIGSEGV, signal.SIGKILL, signal.SIGBUS):
            process = place.start("--quiet")
            try:
                os.kill(wait_for_worker(process), number)
                err = process.communicate(timeout=60)[1].decode()
            finally:
                process.kill()
            check_equal(process.returncode, 1, err)
            check_match("^ebb: sweep small: 1 of 1 trials failed, the last: worker was "
                        r"ended by signal %d [^\n]*\n$" % number, err, "message")
            check_equal(place.read(), text, "records")


def test_worker_hangs():
    with completed() as place:
        text = place.read()
        place.set_suite(SMALL.replace("epochs: 1", "steps: 20000000")
                        .replace("[1, 2]", "[1]").replace("repetitions: 2",
                                                          "repetitions: 1"))
        process = place.start("--quiet", "--timeout", "2")
        try:
            os.kill(wait_for_worker(process), signal.SIGSTOP)
            err = process.communicate(timeout=60)[1].decode()
        finally:
            process.kill()
        check_equal(process.returncode, 1, err)
        check_match(r"worker was ended after its time-out[^\n]*\n$", err, "message")
        check_equal(place.read(), text, "records")


LARGE = ["--dataset", "synthetic", "--synthetic", "2000000,10,784,2", "--tasks", "1",
         "--sequence", "permuted", "--steps", "1", "--quiet"]


def at_most(kilobytes):
    """For a child: so much address space."""
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (kilobytes << 10,) * 2)


def test_memory():
    """By a limit of the process; and by one of a control group, where the kernel would
    kill it."""
    one_message(run("run", *LARGE, preexec=at_most(1 << 20)), 3, "memory: ")

    def test_memory_group():
        with group("memory", limit_in_bytes="200M") as path:
            with completed() as place:
                before = place.read()
                place.set_suite("suite: small\ntrial: {dataset: synthetic, synthetic: "
                                '"300000,10,784,2", tasks: 1, steps: 1}\n')
                ended = place.sweep("--quiet", preexec=lambda: join(path))
                one_message(ended, 1, "worker was ended by signal 9 ")
                check_equal(place.read(), before, "records")
    tried(test_memory_group)


def test_memory_narrow():
    """Wherever address space runs out, one message; not where the libraries have none."""
    begin = next(kb for kb in range(16000, 4000000, 1000)
                 if run("list", "heads", preexec=at_most(kb)).status == 0)
    refused = 0
    for kilobytes in range(begin, begin + 60000, 1000):
        ended = run("run", *TINY, "--threads", "2", "--quiet", preexec=at_most(kilobytes))
        if ended.status != 0:
            one_message(ended, 3, "^ebb: (memory: |threads: |OpenMP: |oneDNN: |network: oneDNN )")
            refused += 1
    check(refused > 5, "hardly ever refused: %d times" % refused)


def test_memory_narrow_crash():
    """A crash under such a limit is one of the sweep's worker, and the limit is named."""
    with completed() as place:
        place.set_suite(LONG.replace("repetitions: 2", "repetitions: 1"))
        process = place.start("--quiet")
        try:
            worker = wait_for_worker(process)
            resource.prlimit(process.pid, resource.RLIMIT_AS, (4 << 30, 4 << 30))
            os.kill(worker, signal.SIGSEGV)
            err = process.communicate(timeout=60)[1].decode()
        finally:
            process.kill()
        check_equal(process.returncode, 1, err)
        check_match(r"^ebb: [^\n]*worker was ended by signal 11 [^\n]*under a limit of "
                    r"4194304 kB \(ulimit -v\)[^\n]*\n$", err, "message")


def test_threads():
    """More threads than the system gives."""
    def test_threads_group():
        with group("pids", max="3") as path:
            ended = run("run", *TINY, "--quiet", "--threads", "8",
                        preexec=lambda: join(path))
            one_message(ended, 3, "threads: 8 asked for, the system refuses after 3")
    tried(test_threads_group)


# ---- time and CPUs ---------------------------------------------------------------------


def record(*words, **options):
    ended = run("run", *words, "--quiet", "--format", "json", **options)
    check_equal((ended.status, ended.err), (0, ""), "status")
    return json.loads(ended.out, parse_constant=lambda word: check(False, word))


def numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [n for item in value for n in numbers(item)]
    return [value] if isinstance(value, (int, float)) else []


def test_clock():
    plain = record(*TINY)
    for mode in ("jump", "coarse", "back"):
        found = record(*TINY, env={"LD_PRELOAD": CLOCK, "EBB_TEST_CLOCK": mode})
        check_equal(found["digest"], plain["digest"], "digest")
        times = [found[key] for key in found if key.endswith("_seconds")]
        times += numbers(found["step_ns"])
        check(min(times) >= 0, "%s: a time below zero: %s" % (mode, times))
        check(max(times) < 1e12, "%s: a time of years: %s" % (mode, times))
        told = [text for text in found["problems"] if "took no time by the clock" in text]
        check_equal(len(told), 0 if mode == "jump" else 1, "%s: told" % mode)
        check(found["valid"] is False or mode == "jump", "%s: valid" % mode)


def test_clock_of_a_sweep():
    with completed() as place:
        lines = place.read().splitlines(True)
        place.write("".join(lines[:2]))
        ended = place.sweep("--quiet", "--timeout", "60",
                            env={"LD_PRELOAD": CLOCK, "EBB_TEST_CLOCK": "jump"})
        check_equal((ended.status, ended.err), (0, ""), "status")
        done(place)


SHORT = [*TINY[:-6], "--batch-size", "20", "--warmup-steps", "1", "--format", "json",
         "--quiet"]
BOUND = ["--placement", "cores", "--threads", "2"]


def test_cpu_taken_away():
    """Before the worker starts, as its launcher did not see; and while it is at work."""
    def test_cpu_taken_away_group():
        if len(os.sched_getaffinity(0)) < 2:
            raise Absent("one CPU only")
        cpus = sorted(os.sched_getaffinity(0))[:2]
        root = "/sys/fs/cgroup/cpuset/cpuset.mems"
        if not os.path.exists(root):
            raise Absent("no control group for cpuset")
        places = {"OMP_PLACES": "{%d},{%d}" % (cpus[0], cpus[1]),
                  "OMP_PROC_BIND": "close", "OMP_NUM_THREADS": "2",
                  "EBB_USABLE_CPUS": "%d,%d" % tuple(cpus)}
        with group("cpuset", mems=read(root).strip(), cpus="%d" % cpus[0]) as path:
            ended = run("worker", *TINY, *BOUND, "--format", "json", "--quiet",
                        env=places, preexec=lambda: join(path))
            check_equal(ended.status, 0, ended.err)  # libgomp warns
            unbound(json.loads(ended.out), "taken away between launch and start: 1 ")
            for _ in range(5):
                write(path + "/cpuset.cpus", "%d,%d" % tuple(cpus))
                process = subprocess.Popen(
                    [EBB, "run", *SHORT, "--steps", "1000", *BOUND], env=environment(),
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    preexec_fn=lambda: join(path))
                end = time.monotonic() + 60
                while process.poll() is None and not has_team(process.pid):
                    check(time.monotonic() < end, "no team")
                    time.sleep(0.001)
                write(path + "/cpuset.cpus", "%d" % cpus[0])
                out, err = process.communicate(timeout=120)
                if process.returncode == 0:
                    unbound(json.loads(out), "thread 1 is not bound to CPU %d" % cpus[1])
                    return
                # Its threads were just being bound.
                check_match("(?m)^ebb: .*refused", err.decode(), "message")
                check_equal(process.returncode, 3, "status")
            raise Absent("always too early")
    tried(test_cpu_taken_away_group)


def has_team(pid):
    with contextlib.suppress(OSError):
        return len(os.listdir("/proc/%d/task" % pid)) > 1
    return False


def unbound(found, reason):
    check_equal((found["valid"], found["placement"]["verified"]), (False, False), "valid")
    check(any(reason in text for text in found["problems"]),
          "problems: %s" % found["problems"])


def test_quota_during_the_run():
    def test_quota_group():
        with group("cpu") as path:
            if not os.path.exists(path + "/cpu.cfs_quota_us"):
                raise Absent("no quota in /sys/fs/cgroup/cpu")
            process = subprocess.Popen(
                [EBB, "run", *SHORT, "--steps", "60000"], env=environment(),
                stdout=subprocess.PIPE, preexec_fn=lambda: join(path))
            time.sleep(0.3)
            write(path + "/cpu.cfs_quota_us", "20000")
            found = json.loads(process.communicate(timeout=120)[0])
        check_equal(found["valid"], False, "valid")
        check(found["disturbance"]["throttled"] > 0, "throttled")
        check(any("quota stopped the process" in text for text in found["problems"]),
              "problems: %s" % found["problems"])
    tried(test_quota_group)


def test_straggler():
    """Foreign processes on a thread's core slow the step; it never hangs."""
    cpus = sorted(os.sched_getaffinity(0))
    spinners = [subprocess.Popen(
        [sys.executable, "-c", "import os\nos.sched_setaffinity(0, {%d})\n"
         "while True: pass" % cpus[-1]]) for _ in range(2)]
    try:
        for threads, strategy in (("2", "tiles"), ("2", "shards"), ("8", "tiles")):
            record(*TINY, "--threads", threads, "--strategy", strategy, timeout=60)
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


# ---- variables ---------------------------------------------------------------------------

OVERRULED = "overruled"  # the team is what the options say, bound as they say
LIMIT = "limit"  # restricts the CPUs that are usable, as taskset does; within, overruled
HONOURED = "honoured"

VARIABLES = [
    ("OMP_NUM_THREADS", "7", OVERRULED), ("OMP_NUM_THREADS", "garbage", OVERRULED),
    ("OMP_PLACES", "{0}", LIMIT), ("OMP_PLACES", "threads", OVERRULED),
    ("OMP_PROC_BIND", "spread", OVERRULED), ("OMP_PROC_BIND", "false", OVERRULED),
    ("OMP_THREAD_LIMIT", "1", OVERRULED), ("OMP_DYNAMIC", "true", OVERRULED),
    ("OMP_NESTED", "true", OVERRULED), ("OMP_MAX_ACTIVE_LEVELS", "4", OVERRULED),
    ("OMP_WAIT_POLICY", "active", OVERRULED), ("GOMP_CPU_AFFINITY", "0 0", LIMIT),
    ("GOMP_SPINCOUNT", "infinity", OVERRULED), ("KMP_AFFINITY", "compact", OVERRULED),
    ("OMP_SCHEDULE", "dynamic,1", HONOURED), ("OMP_STACKSIZE", "16M", HONOURED),
    ("GOMP_STACKSIZE", "16384", HONOURED), ("MALLOC_ARENA_MAX", "1", HONOURED),
    ("ONEDNN_VERBOSE", "2", HONOURED), ("DNNL_VERBOSE", "1", HONOURED),
    ("ONEDNN_MAX_CPU_ISA", "AVX2", HONOURED), ("DNNL_MAX_CPU_ISA", "SSE41", HONOURED),
    ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64", HONOURED), ("OMP_CANCELLATION", "x", HONOURED),
]


def test_variables():
    """Each is recorded as the user set it; none changes team, binding or output."""
    plain = record(*TINY, *BOUND)
    check_equal(plain["environment"]["variables"], {}, "variables")
    for name, value, kind in VARIABLES:
        ended = run("run", *TINY, *BOUND, "--quiet", "--format", "json",
                    env={name: value})
        what = "%s=%s" % (name, value)
        check_equal(ended.status, 0, "%s: %s" % (what, ended.err))
        check_equal(ended.out.count("\n"), 1, what + ": lines of stdout")
        found = json.loads(ended.out)
        told = found["environment"]
        check_equal(told["variables"], {name: value}, what)
        force = told["variables_in_force"]
        check_equal(found["threads"], 2, what + ": threads")
        check(found["placement"]["verified"], what + ": not verified")
        check_equal(found["placement"]["cpus"],
                    [0, 0] if kind == LIMIT else plain["placement"]["cpus"], what)
        if kind == OVERRULED:
            check_equal(force, plain["environment"]["variables_in_force"], what)
            check_equal(found["digest"], plain["digest"], what)
        elif kind == HONOURED:
            check_equal(force, {**plain["environment"]["variables_in_force"],
                                name: value}, what)
        if name.endswith("_MAX_CPU_ISA"):
            check_equal(told["onednn_cpu_isa"], value.lower(), what)


def test_variables_of_a_machine():
    ended = run("machine", "--format", "json", "--quiet",
                env={"ONEDNN_VERBOSE": "2", "OMP_NUM_THREADS": "1"})
    check_equal((ended.status, ended.err), (0, ""), "status")
    check_equal(json.loads(ended.out)["environment"]["variables"],
                {"ONEDNN_VERBOSE": "2", "OMP_NUM_THREADS": "1"}, "variables")


if __name__ == "__main__":
    sys.exit(conclude(main([(name, test) for name, test in sorted(globals().items())
                            if name.startswith("test_")])))
