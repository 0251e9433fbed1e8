#!/usr/bin/python3
"""report_faults - reports of torn and false results, on full disks, with a gnuplot that fails.

Usage: report_faults.py EBB [PATTERN]; with the pattern `hangs` the one test that takes long
"""
import os
import re
import resource
import shutil
import signal
import subprocess
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

from program import EBB, check, check_equal, check_match, environment, folder, gone, main, run
from report_page import NO_PLOTS, fake_gnuplot, read_page, records, report, write


def test_full_disk_leaves_the_old_report():
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))

    with folder() as here:
        write(here, records())
        with open(here + "/report.html", "w") as file:
            file.write("the old one")
        ended = report(here, status=3, preexec=limit, env=NO_PLOTS)
        check_match(r"report.html: not written \(File too large", ended.message(), "error")
        with open(here + "/report.html") as file:
            check_equal(file.read(), "the old one", "old report")
        check_equal(sorted(os.listdir(here)), ["report.html", "trials.jsonl"], "files")


def can_mount():
    return subprocess.run(["unshare", "--mount", "--map-root-user", "true"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


def test_a_disk_that_fills_leaves_the_old_report():
    """A disk of its own, with room for trials and the old report but for no other."""
    if shutil.which("unshare") is None or not can_mount():
        print("not tested here, no disk can be mounted")
        return
    # What else is on it shrinks until all fits: the report must fail whenever it does not.
    script = ("mount -t tmpfs -o size=256k none $1/disk && cp $1/trials.jsonl $1/disk && "
              "echo 'the old one' >$1/disk/report.html && "
              "head -c $2 /dev/zero >$1/disk/filler; "
              "$3 report $1/disk; echo status $?; ls $1/disk; head -c 20 $1/disk/report.html")
    ends = set()
    with folder() as here:
        write(here, records())
        os.mkdir(here + "/disk")
        for filler in (240000, 200000, 170000, 150000, 120000, 0):
            done = subprocess.run(
                ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", here,
                 str(filler), EBB], env=environment(),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120)
            out, err = done.stdout.decode(), done.stderr.decode()
            check_match(r"(?m)^status [03]$", out, "status with %d: %s" % (filler, err))
            failed = "status 3" in out
            ends.add(failed)
            check_equal(out.endswith("the old one\n"), failed, "the old report: " + err)
            check_equal(len(out.split("\n")[1:4]), 3, "files: " + out)
            check("report.html." not in out and "report.html~" not in out, "rest: " + out)
            if failed:
                check_match(r"report.html: not written \(No space left", err, "error")
    check_equal(ends, {True, False}, "some fit, some do not")


def test_truncated_results():
    """Cut anywhere: a line without its end is left out and told, or nothing is left."""
    with folder() as here:
        write(here, records())
        with open(here + "/trials.jsonl") as file:
            whole = file.read()
        ends = [i + 1 for i, letter in enumerate(whole) if letter == "\n"]
        for cut in (0, 1, 500, ends[0] - 1, ends[0], ends[0] + 1, ends[2] + 40, ends[-1] - 1):
            with open(here + "/trials.jsonl", "w") as file:
                file.write(whole[:cut])
            n_whole = sum(1 for end in ends if end <= cut)
            torn = cut > 0 and cut not in ends
            ended = report(here, status=0 if n_whole else 3, env=NO_PLOTS)
            for words in (["table", here], ["export", here, "--format", "bmf"]):
                other = run(*words)
                check(other.status in ((0,) if n_whole else (0, 1, 3)),
                      "%s of %d bytes: %d, %s" % (words[0], cut, other.status, other.err))
            if n_whole == 0:
                check_match("no trial in it", ended.message(), "error")
                continue
            page = read_page(here + "/report.html")
            page.says("%d trial" % n_whole)
            told = "torn last line" in " ".join(page.words)
            check_equal(told, torn, "cut at %d of %s" % (cut, ends))


def test_numbers_that_are_none():
    """JSON has no NaN: such a line is no record, wherever it stands, and is named."""
    with folder() as here:
        for number in ("NaN", "Infinity", "-Infinity", "1e999"):
            trials = records()
            write(here, trials)
            with open(here + "/trials.jsonl") as file:
                lines = file.read().splitlines()
            lines[2] = re.sub(r'"gflops": [^,]*', '"gflops": ' + number, lines[2])
            check(number in lines[2], "nothing changed")
            with open(here + "/trials.jsonl", "w") as file:
                file.write("\n".join(lines) + "\n")
            for words in (["report", here], ["table", here],
                          ["export", here, "--format", "bmf"]):
                ended = run(*words, env=NO_PLOTS)
                check_equal(ended.status, 3, "%s with %s" % (words[0], number))
                check_match(r"trials.jsonl:3: not a record", ended.message(), number)
            check(not os.path.exists(here + "/report.html"), "a page of " + number)


def test_bytes_that_are_no_text():
    with folder() as here:
        path = os.fsencode(here) + b"/\xff\xc3"
        os.mkdir(path)
        write(here, records()[:1])
        shutil.copy(os.fsencode(here) + b"/trials.jsonl", path)
        check_equal(run("report", path, env=NO_PLOTS).status, 0, "status")
        check("<h1>\ufffd\ufffd</h1>" in read_page(path + b"/report.html").text, "title")


def test_records_that_lie():
    with folder() as here:
        for value in (0, -5, 1e300):
            trials = records()
            for record in trials:
                record["step_ns"] = dict.fromkeys(record["step_ns"], value)
                record["step_ns"]["histogram"] = [[value, 1], ["x"], value, [value]]
                record["step_flop"] = record["step_bytes"] = record["peak_gflops"] = value
                for entry in record["unlearning"]:
                    entry.update(seconds=value, bytes=value)
            write(here, trials)
            report(here)
            read_page(here + "/report.html")


def test_gnuplot_absent():
    with folder() as here:
        write(here, records())
        ended = report(here, env=NO_PLOTS)
        check_match("tables only, no plots: gnuplot is not installed", ended.err, "note")
        page = read_page(here + "/report.html")
        page.says("Tables only, no plots: gnuplot is not installed")
        check("<svg" not in page.text, "a drawing")
        # A folder of that name, a file that is no program, a relative folder: all no gnuplot.
        os.makedirs(here + "/a/gnuplot")
        os.mkdir(here + "/b")
        with open(here + "/b/gnuplot", "w"):
            pass
        fake_gnuplot(here, "echo '<svg></svg>'\n")
        report(here, env={"PATH": here + "/a:" + here + "/b::bin"}, cwd=here)
        check("<svg" not in read_page(here + "/report.html").text, "a drawing")


def test_gnuplot_fails():
    for script, reason in (("exit 3", "gnuplot: ended with status 3"),
                           ("cat >/dev/null; echo 'line 1: <oops>' >&2; exit 1",
                            "ended with status 1: line 1: <oops>"),
                           ("kill -9 $$", "was ended by signal 9"),
                           ("echo hello", "no SVG"),
                           ("echo '<svg>'", "no SVG"),
                           ("true", "not drawn"),
                           ("yes '<svg><g>'", "printed more than")):
        with folder() as here:
            write(here, records())
            env = fake_gnuplot(here, script + "\n")
            ended = report(here, env=env)
            check_match("not all plots are drawn", ended.err, script)
            page = read_page(here + "/report.html")
            page.says(reason)
            page.says("not met : this report has not all of its plots")
            check("<svg" not in page.text, "a drawing of " + script)


def test_nothing_of_gnuplot_is_left():
    """What a wrapper has started ends with it, in good order or not."""
    for end in ("echo '<svg></svg>'", "exit 1"):
        with folder() as here:
            write(here, records()[:1])
            env = fake_gnuplot(here, "sleep 1000 >/dev/null 2>&1 & echo $! >>%s/pids\n%s\n"
                               % (here, end))
            report(here, env=env)
            with open(here + "/pids") as file:
                pids = file.read().split()
            check(pids, "never called")
            for pid in pids:
                check(gone(int(pid)), "what it had started: " + pid)


def slow_gnuplot_hangs():
    """It is ended after its time, with what it has started, and asked for no other plot."""
    with folder() as here:
        write(here, records())
        env = fake_gnuplot(here, "echo x >>%s/calls; sleep 987654\n" % here)
        report(here, env=env, timeout=300)
        page = read_page(here + "/report.html")
        page.says("gnuplot: .*(time|seconds)")
        check("<svg" not in page.text, "a drawing")
        with open(here + "/calls") as file:
            check_equal(file.read(), "x\n", "calls")
        left = subprocess.run(["pgrep", "-f", "sleep 987654"], stdout=subprocess.PIPE,
                              check=False).stdout
        check_equal(left, b"", "what it had started")


TESTS = [(name[5:], test) for name, test in sorted(globals().items())
         if name.startswith("test_")]
SLOW = [("gnuplot_hangs", slow_gnuplot_hangs)]

if __name__ == "__main__":
    raise SystemExit(main(SLOW if sys.argv[2:] == ["hangs"] else TESTS))
