#!/usr/bin/python3
"""report - what `ebb report` writes: one page that needs nothing else, whatever the trials.

Usage: report.py EBB [PATTERN]

Pictures are drawn where gnuplot is installed; what stands around them is tested anyway.
"""
import json
import os
import re
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

from program import Failure, check, check_equal, check_match, environment, folder, main, run
from report_page import (GNUPLOT, NO_PLOTS, fake_gnuplot, grow, need_gnuplot, read_page,
                         records, report, write)


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


def write_micro(here, *entries, **context):
    with open(here + "/micro.json", "w") as file:
        json.dump({"context": context, "benchmarks": entries}, file)


def entry(name, **members):
    return {"name": name, "run_type": "iteration", "real_time": 12.5, "time_unit": "us",
            "roof_share": 0.5, **members}


def test_micro_benchmarks():
    with folder() as here:
        write(here, records())
        report(here, env=NO_PLOTS)
        check('id="micro"' not in read_page(here + "/report.html").text, "a section of none")
        same = records()[0]["environment"]
        write_micro(here, entry("step/a:1/real_time"), entry("x<y", real_time=7),
                    entry("left", skipped=True, skip_message="no <AMX>"),
                    cpu=same["cpu"], git=same["git"])
        report(here, env=NO_PLOTS)
        page = read_page(here + "/report.html")
        check_equal(page.text.count('<section id="micro">'), 1, "section")
        check('<a href="#micro">' in page.text, "in the list of sections")
        check('<td>step/<wbr/>a:1</td><td class="n">12.5</td>' in page.text, "row")
        check('<td class="w">x&lt;y</td><td class="n">7.00</td>' in page.text, "second row")
        page.says("skipped: left: no <AMX>")
        check("Measured with another" not in page.text, "a warning without a reason")
        for key, what in (("cpu", "processor"), ("git", "revision"), ("onednn", "oneDNN")):
            write_micro(here, entry("x"), **{key: "another"})
            report(here, env=NO_PLOTS)
            read_page(here + "/report.html").says("another %s .*: another, not " % what)


def test_failed_micro_benchmarks_are_status_4():
    with folder() as here:
        write(here, records())
        write_micro(here, entry("good"), entry("bad", error_occurred=True,
                                               error_message="sum is off"))
        ended = report(here, status=4, env=NO_PLOTS)
        check_match("micro.json: 1 of 2 benchmarks failed", ended.message(), "error")
        page = read_page(here + "/report.html")
        page.says("1 of 2 benchmarks failed")
        page.says("failed: bad: sum is off")


def test_broken_micro_benchmarks_are_status_3():
    with folder() as here:
        write(here, records())
        write_micro(here, entry("good"), entry("other"))
        with open(here + "/micro.json") as file:
            whole = file.read()
        for text, reason in ((whole[:len(whole) // 2], "micro.json:1: "),
                             ("", "micro.json:1: "),
                             (whole.replace("12.5", "NaN", 1), "micro.json:1: "),
                             (whole.replace("12.5", "1e999", 1), "micro.json:1: "),
                             (whole.replace("12.5", "0", 1), "good: real_time is no time"),
                             (whole.replace("0.5", "null", 1), "roof_share is not finite")):
            with open(here + "/micro.json", "w") as file:
                file.write(text)
            ended = report(here, status=3, env=NO_PLOTS)
            check_match(reason, ended.message(), text)
            if "NaN" not in text:  # which the page quotes
                page = read_page(here + "/report.html")
                page.says("No table of micro-benchmarks: .*" + reason)
        os.unlink(here + "/micro.json")
        for make, reason in ((os.mkdir, "[Dd]irectory"), (os.mkfifo, "is a FIFO")):
            make(here + "/micro.json")
            ended = report(here, status=3, env=NO_PLOTS, timeout=60)
            check_match("micro.json: .*" + reason, ended.message(), "error")
            (os.rmdir if make is os.mkdir else os.unlink)(here + "/micro.json")


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


TESTS = [(name[5:], test) for name, test in sorted(globals().items())
         if name.startswith("test_")]

if __name__ == "__main__":
    raise SystemExit(main(TESTS))
