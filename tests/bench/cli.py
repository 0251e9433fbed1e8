#!/usr/bin/python3
"""cli - what `ebb` answers to command lines, right and wrong.

Usage: cli.py EBB [PATTERN]
"""
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # the source tree stays as it is

from program import (EBB, TINY, check, check_equal, check_match, environment, folder, main,
                     run)

AMNESIAC = ["--algorithm", "amnesiac-finetuning"]

# Words, status, pattern of stdout ("": nothing), pattern of the last line of stderr.
ERROR = [
    ([], 2, "", r"^ebb: command missing"),
    (["ru"], 2, "", r"COMMAND: unknown command 'ru' \(allowed: run, .*nearest: run\)"),
    (["RUN"], 2, "", r"unknown command 'RUN'"),
    (["worker2"], 2, "", r"unknown command 'worker2' \(allowed: (?!.*worker)"),
    (["\x1b[31m"], 2, "", r"unknown command '\?\[31m'"),
    (["help", "rnu"], 2, "", r"unknown command 'rnu'.*nearest: run"),
    (["help", "run", "list"], 2, "", r"help: too many words"),
    (["--helpp"], 2, "", r"--helpp: unknown option \(nearest: --help"),
    (["--progress", "x", "run"], 2, "", r"--progress: unknown value 'x'"),
    (["run", "--algoritm", "x"], 2, "", r"^ebb: --algoritm: unknown option \(nearest: --algorithm"),
    (["run", "--algorithm", "finetunning"], 2, "", r"--algorithm: .*nearest: finetuning"),
    (["run", "--algorithm", "fine"], 2, "", r"--algorithm: unknown value 'fine'"),
    (["run", "--dataset", "cifar10"], 2, "", r"--dataset: unknown value 'cifar10'"),
    (["run", "--batch_size", "3"], 2, "", r"nearest: --batch-size"),
    (["run", "--batch-size"], 2, "", r"--batch-size: value missing"),
    (["run", "--batch-size", "--seed", "1"], 2, "", r"--batch-size: value missing"),
    (["run", "--batch-size", "0"], 2, "", r"--batch-size: out of range: '0' \(allowed: 1 to"),
    (["run", "--batch-size", "many"], 2, "", r"--batch-size: not a whole number"),
    (["run", "--batch-size", "60001"], 2, "", r"--batch-size: 60001 is more than"),
    (["run", "--seed", "1", "--seed", "1"], 2, "", r"--seed: given twice"),
    (["run", "--learning-rate", "nan"], 2, "", r"--learning-rate: not a number: 'nan'"),
    (["run", "--learning-rate", "-1"], 2, "", r"--learning-rate: out of range"),
    (["run", "--hidden", "256,,64"], 2, "", r"--hidden: not a list of widths"),
    (["run", "--normalize", "0,0"], 2, "", r"--normalize: .*STD above 0"),
    (["run", "--threads", "0"], 2, "", r"--threads: out of range: '0' \(allowed: 1 to 1024, or all"),
    (["run", "--threads", "1025"], 2, "", r"--threads: out of range"),
    (["run", "--unlearn", "2:1"], 2, "", r"--unlearn: '2:1' has no meaning here"),
    (["run", *AMNESIAC, "--unlearn", "2:3"], 2, "", r"--unlearn: '2:3' unlearns a task not yet"),
    (["run", *AMNESIAC, "--unlearn", "6:1"], 2, "", r"--unlearn: '6:1' is after the last task"),
    (["run", *AMNESIAC, "--unlearn", "5:1", "--unlearn-age", "4"], 2, "", r"'5:1' is too old"),
    (["run", *AMNESIAC, "--unlearn", "2"], 2, "", r"--unlearn: not a list of requests"),
    (["run", *AMNESIAC, "--unlearn", "2:1,4:1"], 2, "", r"task 1 is unlearned twice"),
    (["run", "--classes-per-task", "2"], 2, "", r"--classes-per-task: .*sequence split"),
    (["run", "--sequence", "split", "--tasks", "6"], 2, "", r"--tasks: "),
    (["run", "--epochs", "1", "--steps", "9"], 2, "", r"--epochs: '1' has no meaning"),
    (["run", "--momentum", "0.5"], 2, "", r"--momentum: "),
    (["run", "--synthetic", "1,1,1,1"], 2, "", r"--synthetic: .*dataset synthetic"),
    (["run", "extra"], 2, "", r"run: unexpected word 'extra' \(usage: ebb run"),
    (["run", "-x"], 2, "", r"-x: unknown option"),
    (["run", "--format", "xml"], 2, "", r"--format: unknown value 'xml' \(allowed: text, json"),
    (["run", "--quiet=yes"], 2, "", r"--quiet: takes no value"),
    (["run", "--data-dir", "/nonexistent"], 3, "", r"^ebb: /nonexistent"),
    (["run", "--dataset", "mnist", "--data-dir", "/tmp"], 3, "", r"^ebb: /tmp"),
    (["run", *TINY, "--output", "/nonexistent/x"], 3, "", r"/nonexistent/x: not writable"),
    (["run", *TINY, "--output", "/tmp"], 3, "", r"/tmp: not writable"),
    (["run", *TINY, "--samples", "/nonexistent/x"], 3, "", r"/nonexistent/x: not writable"),
    (["run", *TINY, "--samples", "/dev/full"], 3, None, r"/dev/full: not written"),
    (["list", "algoritms"], 2, "", r"list: unknown kind 'algoritms'.*nearest: algorithms"),
    (["list", "suites", "more"], 2, "", r"list: unexpected word 'more'"),
    (["list", "--seed", "1"], 2, "", r"--seed: unknown option"),
    (["sweep"], 2, "", r"sweep: argument missing \(usage: ebb sweep SUITE"),
    (["sweep", "quikc"], 2, "", r"no such suite or file: 'quikc' .*nearest: quick"),
    (["sweep", "absent.yaml"], 2, "", r"absent.yaml: not readable"),
    (["sweep", "/tmp/"], 2, "", r"/tmp/: not readable"),
    (["sweep", "smoke", "--timeout", "0"], 2, "", r"--timeout: not a count in range: '0'"),
    (["sweep", "smoke", "--output-dir="], 2, "", r"--output-dir: empty"),
    (["sweep", "smoke", "--data-dir", "/x"], 2, "", r"--data-dir: no point of suite smoke"),
    (["sweep", "smoke", "--seed", "1"], 2, "", r"--seed: unknown option"),
    (["sweep", "smoke", "--output-dir", "/dev/null/x"], 3, "", r"/dev/null"),
    (["sweep", "smoke", "--output-dir", "/proc/x"], 3, "", r"/proc/x: no folder"),
]

GOOD = [
    (["--help"], r"Usage:.*ebb COMMAND"),
    (["help"], r"Usage:.*ebb COMMAND"),
    (["help", "run"], r"Usage:.*ebb run"),
    (["--version"], r"^ebb \d+\.\d+\.\d+\n$"),
    (["run", "--version"], r"^ebb \d+\.\d+\.\d+\n$"),
    (["run", "--batch-size", "x", "--help"], r"Usage:.*ebb run"),
    (["--quiet", "--progress=never", "list", "algorithms"], r"^finetuning +\S"),
    (["list"], r"(?s)^algorithms\n.*\nsuites\n.*\noptions\n"),
    (["list", "datasets"], r"(?m)^synthetic +\S"),
    (["list", "suites"], r"(?m)^quick +\S"),
    (["list", "options"], r"(?m)^batch-size +\S"),
    (["list", "--", "heads"], r"^own +\S"),
    (["sweep", "quick", "--dry-run"], r"(?m)^[0-9a-f]{16}  ebb run --algorithm finetuning "),
    (["sweep", "pmnist5", "--dry-run"], r"--unlearn 2:1,4:2,5:5 --unlearn-age 4"),
    (["sweep", "split-mnist", "--dry-run"], r"--scenario cil"),
]


def test_error(words, status, out, err):
    ended = run(*words)
    check_equal(ended.status, status, "status of %s (%s)" % (words, ended.message()))
    if out is not None:
        check_equal(ended.out, out, "stdout of %s" % words)
    check_match(err, ended.message(), "stderr of %s" % words)
    check_match("^ebb: ", ended.message(), "stderr of %s" % words)
    if words:  # without any, the help stands before it
        check_equal(len(ended.err.splitlines()), 1, "lines of stderr of %s" % words)


def test_good(words, out):
    ended = run(*words)
    check_equal(ended.status, 0, "status of %s (%s)" % (words, ended.message()))
    check_match(out, ended.out, "stdout of %s" % words)
    check("\x1b" not in ended.out, "colour in a file: %s" % words)


def commands():
    listed = re.search(r"Commands\n(.*?)\n\n", run("--help").out, re.S).group(1)
    return [line.split()[0] for line in listed.splitlines()]


def test_help_of_each_command():
    names = commands()
    check("run" in names and "sweep" in names and "worker" not in names, str(names))
    for name in names:
        if name == "help":
            continue
        ended = run(name, "--help")
        check_equal(ended.status, 0, name)
        check_equal(ended.err, "", name)
        check_equal(ended.out, run("help", name).out, name)
        check_match(r"(?m)^  ebb %s" % name, ended.out, "an example of " + name)
        for option in ("--help", "--version", "--quiet", "--progress", "--color"):
            check(option in ended.out, "%s of %s" % (option, name))
        for line in ended.out.splitlines():
            check(len(line) <= 100, "a long line: " + line)


def test_help_tells_every_option():
    text = run("run", "--help").out
    for line in run("list", "options").out.splitlines():
        check("--" + line.split()[0] in text, line)


def test_color():
    check("\x1b[" in run("--color", "always", "--help").out, "always")
    check("\x1b[" in run("--color", "always", "--help", env={"NO_COLOR": "1"}).out, "asked")
    check("\x1b[" not in on_terminal(["--help"], {"NO_COLOR": "1"}), "NO_COLOR")
    check("\x1b[" not in on_terminal(["--color", "never", "--help"], {}), "never")
    check("\x1b[" in on_terminal(["--help"], {}), "auto on a terminal")


def on_terminal(words, env):
    """Everything that ebb writes to a terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(EBB, [EBB, *words], environment(TERM="xterm", **env))
    text = b""
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        text += chunk
    os.close(terminal)
    os.waitpid(pid, 0)
    return text.decode("utf-8", "replace")


def test_full_disk():
    with open("/dev/full", "w") as full:
        for words in (["--help"], ["list"], ["run", *TINY], ["--version"],
                      ["sweep", "smoke", "--dry-run"]):
            ended = run(*words, stdout=full)
            check_equal(ended.status, 3, "status of %s" % words)
            check_match("standard output: not all was written", ended.message(), str(words))


def test_run_text():
    ended = run("run", *TINY)
    check_equal(ended.status, 0, ended.message())
    check_equal(ended.err, "", "stderr")
    check_match(r"(?m)^digest ", ended.out, "summary")


def test_run_json():
    ended = run("run", *TINY, "--format", "json", "--threads", "all", "--seed", "7")
    check_equal(ended.status, 0, ended.message())
    check_equal(ended.err, "", "stderr")
    check_equal(ended.out.count("\n"), 1, "lines")
    record = json.loads(ended.out)
    check_equal(record["schema"], "ebb-trial/1", "schema")
    check_equal(record["repetition"], 1, "repetition")
    check_equal(record["config"]["seed"], 7, "seed")
    check(isinstance(record["config"]["threads"], int), "threads are resolved")
    check("output" not in record["config"], "paths are no part of it")


def test_run_files():
    with folder() as where:
        output = os.path.join(where, "trials.jsonl")
        samples = os.path.join(where, "samples")
        for _ in range(2):
            ended = run("run", *TINY, "--format=json", "--output", output, "--samples",
                        samples)
            check_equal(ended.status, 0, ended.message())
        with open(output) as stream:
            lines = stream.read().splitlines()
        check_equal(len(lines), 2, "records")
        check_equal(json.loads(lines[1]), json.loads(ended.out), "the record")
        with open(samples) as stream:
            count = len([int(line) for line in stream])
        check_equal(count, json.loads(ended.out)["steps"], "samples")
        check_equal(sorted(os.listdir(where)), ["samples", "trials.jsonl"], "files")


def test_fifo():
    """One with a reader takes a record; what nobody reads is not said to be written."""
    with folder() as where:
        fifo = os.path.join(where, "fifo")
        os.mkfifo(fifo)
        for option in ("--output", "--samples"):
            ended = run("run", *TINY, option, fifo)
            check_equal(ended.status, 3, "status of %s" % option)
            check_match("fifo: .*a FIFO that nobody reads", ended.message(), option)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        ended = run("run", *TINY, "--format=json", "--output", fifo)
        check_equal(ended.status, 0, ended.message())
        check_equal(json.loads(os.read(reader, 1 << 16)), json.loads(ended.out), "the record")
        os.close(reader)


def test_nothing_is_created_for_nothing():
    with folder() as where:
        output = os.path.join(where, "x")
        for words in (["--seed", "x"], ["--data-dir", "/nonexistent"]):
            ended = run("run", *words, "--output", output, "--samples", output + "s",
                        "--dump", output + "d")
            check(ended.status in (2, 3), str(ended.status))
            check_equal(os.listdir(where), [], "files")


def test_diverged():
    ended = run("run", *TINY, "--optimizer", "sgd", "--learning-rate", "1e30", "--format",
                "json")
    check_equal(ended.status, 1, ended.message())
    check_match("diverged", ended.message(), "message")
    check_equal(json.loads(ended.out)["valid"], False, "valid")


def test_worker_gets_its_environment():
    ended = run("run", *TINY, "--format", "json", "--threads", "2",
                env={"OMP_NUM_THREADS": "7", "OMP_WAIT_POLICY": "passive"})
    check_equal(ended.status, 0, ended.message())
    record = json.loads(ended.out)
    check_equal(record["threads"], 2, "threads")
    check_equal(len(record["placement"]["cpus"]), 2, "cpus")


def test_installed():
    """The installed program finds what was installed with it, not the source tree."""
    with folder() as where:
        subprocess.run(["cmake", "--install", os.path.dirname(EBB), "--prefix", where],
                       stdout=subprocess.DEVNULL, check=True)
        program = os.path.join(where, "bin", "ebb")
        suites = os.path.join(where, "share", "ebb", "suites")
        check("ebb-trial-1.json" in os.listdir(os.path.join(where, "share/ebb/schema")),
              "schema")
        os.rename(os.path.join(suites, "quick.yaml"), os.path.join(suites, "moved.yaml"))
        listed = subprocess.run([program, "list", "suites"], stdout=subprocess.PIPE,
                                env=environment(), check=True).stdout.decode()
        check_match(r"(?m)^moved +step latency", listed, "suites")
        check("quick" not in listed.split(), "the source tree's suites")
        subprocess.run([program, "run", *TINY], stdout=subprocess.DEVNULL,
                       env=environment(), check=True)


def start_long(*more, **options):
    words = [EBB, "run", *TINY[:-6], "--steps", "100000000", "--batch-size", "20", *more]
    return subprocess.Popen(words, env=environment(TERM="xterm"), **options)


def test_signals():
    for number in (signal.SIGINT, signal.SIGTERM):
        process = start_long("--progress", "always", stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        try:
            wait_for(process.stderr, b"%")
            process.send_signal(number)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
        check_equal(process.returncode, -number, "ended by the signal")
        check_equal(out, b"", "stdout")
        check(err.endswith(b"\r\x1b[K"), "the line is not cleared: %r" % err[-40:])


def wait_for(stream, wanted, seconds=60):
    text = b""
    end = time.monotonic() + seconds
    while wanted not in text:
        check(time.monotonic() < end, "no %r in %r" % (wanted, text[-200:]))
        if select.select([stream], [], [], 1)[0]:
            text += os.read(stream.fileno(), 65536)
    return text


def test_progress():
    text = on_terminal(["run", *TINY], {})
    check("%" in text and "[" in text, "no bar on a terminal: %r" % text)
    check_match(r"\r\x1b\[K[^\r#]*digest|\r\x1b\[Ktrial", text, "cleared before the result")
    for words in (["--progress", "never"], ["--quiet"]):
        text = on_terminal(["run", *TINY, *words], {})
        check("\x1b[K" not in text, "a bar with %s" % words)
    check_equal(run("run", *TINY).err, "", "a bar in a file")
    check("\x1b[K" in run("run", *TINY, "--progress=always").err, "always")


def all_tests():
    tests = [("error %d: %s" % (i, " ".join(case[0])), lambda case=case: test_error(*case))
             for i, case in enumerate(ERROR)]
    tests += [("good %d: %s" % (i, " ".join(case[0])), lambda case=case: test_good(*case))
              for i, case in enumerate(GOOD)]
    tests += [(name, test) for name, test in globals().items()
              if name.startswith("test_") and name not in ("test_error", "test_good")]
    return tests


if __name__ == "__main__":
    sys.exit(main(all_tests()))
