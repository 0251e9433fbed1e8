"""report_page - trials to report, and pages read strictly."""
import copy
import html.parser
import json
import os
import re
import shutil
import stat
import xml.etree.ElementTree

from program import TINY, check, check_equal, check_match, folder, run

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


def grow(record, n):
    """The same trial with n tasks; the requests stay."""
    record["config"]["tasks"] = n
    record["task_digests"] = ["%064x" % task for task in range(n)]
    record["digest"] = record["task_digests"][-1]
    for name in ("accuracy", "loss"):
        record[name] = [[1 - 0.9 * (t - k) / n if k <= t else None for k in range(n)]
                        for t in range(n)]
    return record


def fake_gnuplot(here, script):
    """A folder with a program of that name."""
    path = here + "/bin/gnuplot"
    os.makedirs(here + "/bin", exist_ok=True)
    with open(path, "w") as file:
        file.write("#!/bin/sh\n" + script)
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return {"PATH": here + "/bin:/usr/bin:/bin"}
