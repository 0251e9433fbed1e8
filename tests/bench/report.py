#!/usr/bin/python3
"""report - what `ebb report` writes: one page that needs nothing else, whatever the trials.

Usage: report.py EBB [PATTERN]

Pictures are drawn where gnuplot is installed; what stands around them is tested anyway.
"""
import copy
import html.parser
import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import xml.etree.ElementTree

from program import (EBB, TINY, Failure, check, check_equal, check_match, environment, folder,
                     main, run)

GNUPLOT = shutil.which("gnuplot")
SECTIONS = ["verdict", "machine", "latency", "forgetting", "unlearning", "commands", "rules"]
AMNESIAC = ["--algorithm", "amnesiac-finetuning", "--unlearn", "2:1"]
NO_PLOTS = {"PATH": "/nonexistent"}


def measure():
    """Records of both algorithms on one and two threads; measured, but made valid and given
    times that do not depend on who else uses this machine."""
    with folder() as here:
        path = here + "/trials.jsonl"
        for algorithm in ([], AMNESIAC):
            for threads in ("1", "2"):
                ended = run("run", *TINY, *algorithm, "--threads", threads, "--output", path)
                check_equal(ended.status, 0, ended.message())
        with open(path) as file:
            records = [json.loads(line) for line in file]
    for record in records:
        record.update(valid=True, problems=[], peak_gflops=100.0 * record["threads"])
        times = {"min": 90, "p50": 100, "p50_low": 99, "p50_high": 102, "p90": 120,
                 "p99": 150, "max": 180, "mean": 105}
        scale = 1000 // record["threads"]
        record["step_ns"].update({key: value * scale for key, value in times.items()})
        record["step_ns"]["histogram"] = [[90 * scale, 400], [110 * scale, 90],
                                          [140 * scale, 0], [160 * scale, 10]]
    return records


RECORDS = []


def records():
    if not RECORDS:
        RECORDS.extend(measure())
    return copy.deepcopy(RECORDS)


def write(here, trials, machine=None):
    with open(here + "/trials.jsonl", "w") as file:
        for record in trials:
            file.write(json.dumps(record) + "\n")
    if machine is not None:
        with open(here + "/machine.json", "w") as file:
            file.write(machine)


class Page(html.parser.HTMLParser):
    """A page whose tags must close in order, and what it refers to."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.open = []
        self.ids = []
        self.targets = []
        self.words = []
        self.feed(text)
        self.close()
        check_equal(self.open, [], "tags left open")
        check_equal(len(set(self.ids)), len(self.ids), "ids, each once")
        for target in self.targets:
            check(target in self.ids, "nothing is called " + target)

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.look(tag, attributes)

    def handle_startendtag(self, tag, attributes):
        self.look(tag, attributes)

    def handle_endtag(self, tag):
        check(self.open and self.open[-1] == tag, "%s closes %s" % (tag, self.open[-1:]))
        self.open.pop()

    def handle_data(self, data):
        self.words.append(data)

    def look(self, tag, attributes):
        check(tag not in ("script", "link", "img", "image", "iframe", "object", "embed",
                          "base", "form", "video", "audio"), "a tag " + tag)
        for name, value in attributes:
            check(not name.startswith("on"), "an attribute " + name)
            if name == "id":
                self.ids.append(value)
            elif name in ("href", "xlink:href", "src"):
                check_match(r"^#", value, "%s of %s" % (name, tag))
                self.targets.append(value[1:])
            elif not name.startswith("xmlns"):
                check("://" not in value, "an address in %s of %s" % (name, tag))
                for target in re.findall(r"url\(([^)]*)\)", value):
                    check_match("^#", target, "url of " + tag)
                    self.targets.append(target[1:])

    def says(self, pattern):
        check_match(pattern, " ".join(self.words), "page")


def read_page(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    page = Page(text)
    style = text[text.index("<style>"):text.index("</style>")]
    check("url(" not in style and "@import" not in style, "style sheet refers to others")
    body = text[len("<!DOCTYPE html>"):]
    check(text.startswith("<!DOCTYPE html>"), "document type")
    xml.etree.ElementTree.fromstring(body)  # well-formed as XML too
    for section in SECTIONS:
        check_equal(text.count('<section id="%s">' % section), 1, "section " + section)
    check("NaN" not in " ".join(page.words) and "nan" not in page.words, "a NaN")
    return page


def report(here, *words, status=0, env=None, **more):
    ended = run("report", here, *words, env=env, **more)
    check_equal(ended.status, status, ended.err)
    check_equal(ended.out, "", "stdout")
    return ended


def need_gnuplot():
    if GNUPLOT is None:
        print("not tested here, gnuplot is absent")
    return GNUPLOT is not None


def test_whole_page():
    with folder() as here:
        write(here, records(), machine=run("machine", "--format", "json").out)
        ended = report(here)
        check_match("written: .*/report.html", ended.message(), "note")
        page = read_page(here + "/report.html")
        page.says(r"digests: equal over threads")
        page.says(r"valid trials: 4 of 4")
        page.says(r"multiply-adds")
        check_equal(page.text.count("<li>"), 12, "rules")
        check_equal(page.text.count("<dd><code>ebb run "), 4, "commands")
        check("prefers-color-scheme:dark" in page.text and "@media print" in page.text,
              "dark and print")
        check_equal(report(here, "--quiet").err, "", "stderr")
        check_equal(read_page(here + "/report.html").text, page.text, "a second report")
        if need_gnuplot():
            check(page.text.count("<figure") >= 9, "figures")
            check("<image" not in page.text, "pixels in a drawing")


def test_output():
    with folder() as here:
        write(here, records()[:1])
        report(here, "--output", here + "/a.html", env=NO_PLOTS)
        check_equal(sorted(os.listdir(here)), ["a.html", "trials.jsonl"], "files")
        read_page(here + "/a.html")


def test_commands_run_again():
    with folder() as here:
        write(here, records()[3:])
        report(here, env=NO_PLOTS)
        with open(here + "/report.html") as file:
            words = re.search(r"<code>ebb (run [^<]*)</code>", file.read()).group(1).split()
        ended = run(*words, "--format", "json")
        check_equal(ended.status, 0, ended.message())
        check_equal(json.loads(ended.out)["config_hash"], records()[3]["config_hash"],
                    "configuration")


def test_statuses():
    with folder() as here:
        for words, status, message in (
                ([], 2, "report: argument missing"),
                ([here, here], 2, "report: unexpected word"),
                ([here, "--outptu", "x"], 2, "--outptu: unknown option .nearest: --output"),
                ([here, "--output="], 2, "--output: empty"),
                ([here], 3, r"trials.jsonl: No such file"),
                ([here + "/absent"], 3, r"absent/trials.jsonl: No such file")):
            ended = run("report", *words)
            check_equal(ended.status, status, "%s: %s" % (words, ended.message()))
            check_match(message, ended.message(), str(words))
            check_equal(ended.out, "", "stdout")
        check_equal(os.listdir(here), [], "nothing is made")
        write(here, [])
        check_match("no trial in it", report(here, status=3).message(), "no trials")
        write(here, records()[:1])
        check_match("not writable", report(here, "--output", "/nonexistent/x",
                                           status=3).message(), "no folder")
        check_match("not writable", report(here, "--output", here, status=3).message(),
                    "a folder")
        check_match("not written", report(here, "--output", "/dev/full", status=3,
                                          env=NO_PLOTS).message(), "full device")
        check_equal(os.listdir(here), ["trials.jsonl"], "nothing half written")


def test_wrong_results_are_status_4():
    with folder() as here:
        trials = records()
        trials[1]["digest"] = trials[1]["task_digests"][-1] = "0" * 64
        write(here, trials)
        ended = report(here, status=4, env=NO_PLOTS)
        check_match("differs from .* in its digest", ended.message(), "error")
        read_page(here + "/report.html").says("WRONG: ")


def test_band_is_status_1():
    with folder() as here:
        write(here, records())
        with open(here + "/suite.yaml", "w") as file:
            file.write("suite: banded\ndescription: what <it> asks\ntrial:\n"
                       "  dataset: synthetic\n  synthetic: 200,50,16,4\n"
                       "expect: {average_accuracy: [0.999, 1]}\n")
        ended = report(here, status=1, env=NO_PLOTS)
        check_match("average_accuracy is ", ended.message(), "error")
        page = read_page(here + "/report.html")
        page.says("FAILED: ")
        page.says("what <it> asks")
        check("<h1>banded</h1>" in page.text, "title")
        page.says("ebb sweep .*/suite.yaml --output-dir again")


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


def test_without_machine():
    with folder() as here:
        for machine, reason in ((None, "machine.json: absent"),
                                ("{", "machine.json:1: "),
                                ("[]", "machine.json: schema: not what"),
                                ('{"schema": "ebb-machine/2"}', "schema: not what")):
            write(here, records(), machine)
            report(here, env=NO_PLOTS)
            page = read_page(here + "/report.html")
            page.says(reason + ".*no topology")
            page.says("partly met")


def test_names_are_escaped():
    evil = "<b onclick='x'>&amp; \"'\x07\uffff</script><script>alert(1)</script>"
    with folder() as here:
        trials = records()
        for record in trials:
            record["environment"]["cpu"] = evil
            record["environment"][evil] = {evil: evil}
            record["problems"] = [evil]
            record["unlearning"] = [dict(entry, mode=evil) for entry in record["unlearning"]]
        trials[0]["valid"] = False
        path = here + "/it's <i>&\"`x`"
        os.mkdir(path)
        write(path, trials)
        report(path)
        page = read_page(path + "/report.html")
        check("<h1>it&#39;s &lt;i&gt;&amp;&quot;`x`</h1>" in page.text, "title")
        check("<script" not in page.text and "<b " not in page.text, "markup of a name")


def test_bytes_that_are_no_text():
    with folder() as here:
        path = os.fsencode(here) + b"/\xff\xc3"
        os.mkdir(path)
        write(here, records()[:1])
        shutil.copy(os.fsencode(here) + b"/trials.jsonl", path)
        check_equal(run("report", path, env=NO_PLOTS).status, 0, "status")
        check("<h1>\ufffd\ufffd</h1>" in read_page(path + b"/report.html").text, "title")


def test_one_trial():
    with folder() as here:
        write(here, records()[:1])
        report(here)
        page = read_page(here + "/report.html")
        page.says("nothing to compare, each group is one trial")
        check("is not drawn" not in page.text, "all drawn")


def test_no_valid_trial():
    with folder() as here:
        trials = records()
        for record in trials:
            record.update(valid=False, problems=["busy", "very busy"])
        write(here, trials)
        report(here)
        page = read_page(here + "/report.html")
        page.says("No trial is valid, so there is no time to draw")
        page.says("busy; very busy")
        check("is not drawn" not in page.text, "all drawn")


def test_nothing_was_timed():
    with folder() as here:
        trials = records()
        for record in trials:
            record["step_ns"] = dict.fromkeys(record["step_ns"], None)
            record["step_ns"].update(count=0, histogram=[])
            record["peak_gflops"] = None
        write(here, trials)
        report(here)
        read_page(here + "/report.html")


def test_diverged():
    with folder() as here:
        trials = records()
        for record in trials:
            record.update(valid=False, diverged=True, problems=["a loss is no number"])
            for name in ("accuracy", "loss"):
                record[name] = [[None] * 2] * 2
            record["metrics"] = dict.fromkeys(record["metrics"], None)
        write(here, trials)
        report(here)
        read_page(here + "/report.html").says("finetuning, diverged")


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


def grow(record, n):
    """The same trial with n tasks; the requests stay."""
    record["config"]["tasks"] = n
    record["task_digests"] = ["%064x" % task for task in range(n)]
    record["digest"] = record["task_digests"][-1]
    for name in ("accuracy", "loss"):
        record[name] = [[1 - 0.9 * (t - k) / n if k <= t else None for k in range(n)]
                        for t in range(n)]
    return record


def test_numbers_of_tasks():
    with folder() as here:
        write(here, [grow(record, 1) for record in (records()[0], records()[1])])
        report(here)
        page = read_page(here + "/report.html")
        page.says("No trial of more than one task")
        check("Accuracy matrix" not in page.text, "a matrix of one task")
    for n, numbers in ((2, True), (20, True), (21, False), (100, False)):
        with folder() as here:
            write(here, [grow(record, n) for record in (records()[0], records()[2])])
            report(here)
            page = read_page(here + "/report.html")
            check("is not drawn" not in page.text, "all drawn of %d tasks" % n)
            if need_gnuplot():
                check_equal("too many tasks for numbers" not in page.text, numbers, str(n))


def fake_gnuplot(here, script):
    """A folder with a program of that name."""
    path = here + "/bin/gnuplot"
    os.makedirs(here + "/bin", exist_ok=True)
    with open(path, "w") as file:
        file.write("#!/bin/sh\n" + script)
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return {"PATH": here + "/bin:/usr/bin:/bin"}


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


def test_gnuplot_gets_a_script_and_no_settings():
    with folder() as here:
        write(here, records())
        env = fake_gnuplot(here, "echo \"$@\" >>%s/words; cat >>%s/scripts; "
                           "echo '<svg></svg>'\n" % (here, here))
        report(here, env=env)
        with open(here + "/words") as file:
            check_equal(set(file.read().splitlines()), {"-d"}, "words")
        with open(here + "/scripts") as file:
            text = file.read()
        check_equal(text.count("set terminal svg"),
                    read_page(here + "/report.html").text.count("<figure"), "figures")
        check("set output" not in text and "system" not in text, "files or commands")


def test_drawings_are_quiet():
    """No script makes gnuplot complain, but of curves that have no points."""
    if not need_gnuplot():
        return
    with folder() as here:
        trials = records() + [grow(record, 30) for record in records()[1:3]]
        write(here, trials, machine=run("machine", "--format", "json").out)
        env = fake_gnuplot(here, "exec %s \"$@\" 2>>%s/errors\n" % (GNUPLOT, here))
        run("report", here, env=env)
        read_page(here + "/report.html")
        with open(here + "/errors") as file:
            said = [line for line in file
                    if line.strip() and "Skipping data file with no valid points" not in line]
        if said:
            raise Failure("gnuplot says " + "".join(said))


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
SLOW = [("slow_gnuplot_hangs", slow_gnuplot_hangs)]

if __name__ == "__main__":
    raise SystemExit(main(SLOW if sys.argv[2:] == ["slow"] else TESTS))
