"""bad_files - data, suites, results and outputs that are wrong, for bad_input.py."""
import gzip
import json
import os
import struct
import subprocess

from bad_words import Case

SMALL = """suite: small
trial: {dataset: synthetic, synthetic: "200,50,16,4", hidden: 8, tasks: 2, epochs: 1,
  batch_size: 20, warmup_steps: 1}
"""
HEAD = "suite: s\ntrial: {dataset: synthetic, tasks: 2}\n"
REQUEST = "suite: s\ntrial: {algorithm: amnesiac-finetuning, tasks: 5, unlearn: %s}\n"
RUN = ["run", "--dataset", "synthetic", "--synthetic", "200,50,16,4", "--hidden", "8",
       "--tasks", "2", "--epochs", "1", "--batch-size", "20", "--warmup-steps", "1"]


def directory(path):
    os.mkdir(path)


def link_to(target):
    return lambda path: os.symlink(target, path)


# ---- data ----

def _idx(sizes, data):
    return bytes([0, 0, 8, len(sizes)]) + b"".join(struct.pack(">I", n) for n in sizes) + data


def _packed(content):
    return gzip.compress(content, 1, mtime=0)


TRAIN, TEST = "train-images-idx3-ubyte", "t10k-images-idx3-ubyte"
TRAIN_LABELS, TEST_LABELS = "train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"
DIGITS = bytes(range(10))


def _sound():
    """Four files of the right sizes, all black; none has the right checksum."""
    return {
        "d/" + TRAIN + ".gz": _packed(_idx([60000, 28, 28], bytes(60000 * 784))),
        "d/" + TEST + ".gz": _packed(_idx([10000, 28, 28], bytes(10000 * 784))),
        "d/" + TRAIN_LABELS: _idx([60000], DIGITS * 6000),
        "d/" + TEST_LABELS: _idx([10000], DIGITS * 1000),
    }


def _changed(sound, name, content):
    files = dict(sound)
    files.pop("d/" + name, None)
    files.pop("d/" + name + ".gz", None)
    if content is not None:
        files["d/" + name] = content
    return files


def _data():
    sound = _sound()
    labels = sound["d/" + TRAIN_LABELS]
    packed = _packed(labels)
    broken = packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]
    rows = [
        ("no file", {"d": directory}, r"d/mnist, d: no files of mnist"),
        ("missing", _changed(sound, TEST_LABELS, None), r"d: a file of mnist is missing"),
        ("images missing", _changed(sound, TRAIN, None), r"d: a file of mnist is missing"),
        ("empty", _changed(sound, TRAIN_LABELS, b""), r"byte 0: empty"),
        ("truncated", _changed(sound, TRAIN_LABELS, labels[:-1]), r"byte 60007: truncated"),
        ("header", _changed(sound, TRAIN_LABELS, labels[:6]), r"truncated inside the IDX"),
        ("oversized", _changed(sound, TRAIN_LABELS, labels + b"x"), r"trailing bytes: 1"),
        ("magic", _changed(sound, TRAIN_LABELS, b"hello" + labels), r"not IDX data"),
        ("page", _changed(sound, TRAIN_LABELS, b"<html>404</html>"), r"HTML or XML page"),
        ("pointer", _changed(sound, TRAIN_LABELS, b"version https://git-lfs.github.com/spec"),
         r"Git LFS pointer"),
        ("floats", _changed(sound, TRAIN_LABELS, b"\0\0\x0d\1" + labels[4:]), r"floats"),
        ("swapped", _changed(sound, TRAIN, labels), r"labels in the place of images"),
        ("counts", _changed(sound, TRAIN_LABELS, _idx([59999], DIGITS[1:] + DIGITS * 5999)),
         r"byte 4: size 59999, expected 60000"),
        ("huge", _changed(sound, TRAIN, _idx([2**32 - 1] * 3, b"")), r"expected 60000"),
        ("outside", _changed(sound, TRAIN_LABELS, labels[:-1] + b"\x0a"),
         r"byte 60007: label 10 is out of range \(0 to 9\)"),
        ("no sample", _changed(sound, TEST_LABELS, _idx([10000], bytes(10000))),
         r"class 1 has no sample"),
        ("checksum", sound, r"SHA-256 of the uncompressed content is [0-9a-f]{64} \(expected"),
        ("directory", _changed(sound, TRAIN_LABELS, directory), r"is a directory"),
        ("fifo", _changed(sound, TRAIN_LABELS, os.mkfifo), r"is a FIFO"),
        ("device", _changed(sound, TRAIN_LABELS, link_to("/dev/zero")), r"device or socket"),
        ("loop", _changed(sound, TRAIN_LABELS, link_to(TRAIN_LABELS)), r"cannot open"),
        ("dangling", _changed(sound, TRAIN_LABELS, link_to("absent")), r"cannot open"),
        ("annex", _changed(sound, TRAIN_LABELS, link_to(".git/annex/objects/x")),
         r"git-annex link without its content"),
        ("unreadable", _changed(sound, TRAIN_LABELS, link_to("/proc/self/mem")),
         r"byte 0: cannot read"),
        ("more labels", _changed(sound, TEST_LABELS, _idx([10001], DIGITS * 1000 + b"\0")),
         r"byte 4: size 10001, expected 10000"),
        ("dimensions", _changed(sound, TEST_LABELS, _idx([2, 5000], DIGITS * 1000)),
         r"byte 3: number of dimensions 2, expected 1"),
        ("images truncated", _changed(sound, TEST, _idx([10000, 28, 28], bytes(99))),
         r"byte 115: truncated: the file ends here, expected 7840016"),
        ("oblong", _changed(sound, TEST, _idx([10000, 28, 27], bytes(10000 * 756))),
         r"byte 12: size 27, expected 28"),
        ("gzip truncated", _changed(sound, TRAIN_LABELS, packed[:-9]), r"truncated"),
        ("gzip CRC", _changed(sound, TRAIN_LABELS, broken), r"gzip CRC-32 is"),
        ("gzip trailing", _changed(sound, TRAIN_LABELS, packed + b"x"), r"trailing bytes"),
        ("gzip twice", _changed(sound, TRAIN_LABELS, _packed(packed)), r"compressed twice"),
    ]
    # What is wrong with labels is found before large files are unpacked: leave them small.
    for what, files, says in rows:
        yield Case("data: " + what, ["run", "--dataset", "mnist", "--data-dir", "d"], 3,
                   says, files)
    for words, says in ((["--data-dir", "absent"], r"absent: no such folder"),
                        (["--data-dir", "file"], r"file: no such folder"),
                        (["--data-dir", "a\nb"], r"a\?b: no such folder"),
                        (["--data-dir", b"\xff\xfe"], r"\?\?: no such folder"),
                        (["--data-dir", "x" * 5000], r"x: no such folder|no such folder|x+")):
        yield Case("data: folder", ["run", "--dataset", "mnist", *words], 3, says,
                   {"file": "x"})
    yield Case("data: variable", ["run", "--dataset", "mnist"], 3, r"nowhere: no such folder",
               {}, {"EBB_DATA_DIR": "nowhere"})
    yield Case("data: empty", ["run", "--data-dir="], 2, r"--data-dir: empty")


# ---- suites ----

def product(*counts):
    """A suite of one axis a count."""
    keys = ["seed", "batch_size", "warmup_steps", "tasks"]
    axes = ["%s: [%s]" % (key, ", ".join(map(str, range(1, n + 1))))
            for key, n in zip(keys, counts)]
    return "suite: s\ntrial: {dataset: synthetic}\nsweep: {%s}\n" % ", ".join(axes)


SUITES = [
    ("empty", "", r"s\.yaml:1: empty"),
    ("blank", "\n\n", r"empty"),
    ("comment", "# nothing\n", r"empty"),
    ("text", "hello", r"s\.yaml:1: no map"),
    ("list", "- a\n", r"s\.yaml:1: no map"),
    ("tab", "suite: s\n\ttrial: {}\n", r"s\.yaml:2: a tab as indentation"),
    ("twice", "suite: s\nsuite: t\n", r"s\.yaml:2: suite: stands twice, first in line 1"),
    ("option twice", "suite: s\ntrial:\n  tasks: 2\n  tasks: 3\n", r":4: tasks: stands twice"),
    ("anchor", "suite: &a s\n", r":1: an anchor"),
    ("alias", "suite: s\ntrial: *a\n", r"alias|undefined"),
    ("cycle", "suite: s\npoints: &a [*a]\n", r":2: an anchor"),
    ("laughs", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", r":1: an anchor"),
    ("merge", "suite: s\ntrial: {<<: {tasks: 2}}\n", r"<<: unknown option"),
    ("tag", "suite: !!str s\n", r":1: a tag"),
    ("documents", "suite: s\n---\nsuite: t\n", r"a second document"),
    ("deep", "suite: s\npoints: " + "[" * 50 + "]" * 50 + "\n", r"nested too deeply"),
    ("very deep", "[" * 100000, r"nested too deeply"),
    ("unclosed", "suite: s\npoints: [a\n", r"s\.yaml:\d+: .*\(allowed: YAML\)"),
    ("key", "{a: b}: c\n", r"a key that is no name"),
    ("UTF-8", b"suite: \xff\n", r"byte 7: .*allowed: UTF-8"),
    ("zero", b"suite: s\n\0", r"byte 9 is zero"),
    ("control", 'suite: "a\\x01b"\n', r"a control character"),
    ("escape", b"suite: s\n\x1b[31m: x\n", r"control|allowed: UTF-8"),
    ("long", "#" * (2 << 20), r"too large \(allowed: 1048576 bytes\)"),
    ("keys", "suite: s\n" + "".join("k%d: x\n" % i for i in range(1001)), r"too many keys"),
    ("values", HEAD + "sweep: {seed: [" + "1," * 100001 + "]}\n", r"too many values"),
    ("no name", "trial: {tasks: 2}\n", r"suite: missing"),
    ("name: list", "suite: [s]\n", r"suite: of the wrong kind"),
    ("name: empty", "suite: ''\n", r"suite: no name for a folder"),
    ("name: slash", "suite: a/b\n", r"suite: no name for a folder"),
    ("name: up", "suite: ..\n", r"suite: no name for a folder"),
    ("name: up and away", "suite: ../../x\n", r"suite: no name for a folder"),
    ("name: here", "suite: .\n", r"suite: no name for a folder"),
    ("name: absolute", "suite: /tmp/ebb-absolute\n", r"suite: no name for a folder"),
    ("name: capital", "suite: S\n", r"suite: no name for a folder"),
    ("name: dash", "suite: -rf\n", r"suite: no name for a folder"),
    ("name: long", "suite: " + "a" * 65 + "\n", r"suite: no name for a folder"),
    ("key near", "suite: s\nsweeep: {}\n", r"s\.yaml:2: unknown key 'sweeep'.*nearest: sweep"),
    ("key long", "suite: s\n" + "k" * 900 + ": x\n", r"unknown key 'k+\.\.\.'"),
    ("option near", "suite: s\ntrial: {batchsize: 2}\n", r"batchsize: .*nearest: batch_size"),
    ("option", "suite: s\ntrial: {tasks: 0}\n", r"s\.yaml:2: tasks: out of range: '0'"),
    ("option list", "suite: s\ntrial: {hidden: [8, 4]}\n", r"hidden: a list"),
    ("option map", "suite: s\ntrial: {hidden: {a: b}}\n", r"hidden: a map"),
    ("output", "suite: s\ntrial: {output: /tmp/ebb-x}\n", r"output: unknown option"),
    ("dump", "suite: s\ntrial: {dump: /tmp/ebb-x}\n", r"dump: unknown option"),
    ("samples", "suite: s\npoints: [{samples: ../x}]\n", r"samples: unknown option"),
    ("meaning", "suite: s\ntrial: {unlearn: '2:1'}\n", r"unlearn: '2:1' has no meaning"),
    ("scenario", "suite: s\ntrial: {scenario: cil, head: own}\n", r"head: .*scenario til"),
    ("request", "suite: s\ntrial: {algorithm: amnesiac-finetuning, unlearn: '2:3'}\n",
     r"not yet trained"),
    ("request untrained", REQUEST % "'6:1'", r":2: unlearn: '6:1' is after the last task"),
    ("request unlearned", REQUEST % "'2:1,4:1'", r":2: unlearn: task 1 is unlearned twice"),
    ("request twice", REQUEST % "'2:1+1'", r":2: unlearn: task 1 is unlearned twice"),
    ("request text", REQUEST % "'2:1 x'", r":2: unlearn: not a list of requests"),
    ("request old", REQUEST % "'5:1', unlearn_age: 4", r":2: unlearn: '5:1' is too old"),
    ("request of a point", "suite: s\ntrial: {unlearn: '2:1'}\npoints:\n"
     "  - {algorithm: amnesiac-finetuning}\n  - {algorithm: finetuning}\n",
     r"unlearn: '2:1' has no meaning"),
    ("sequence", "suite: s\ntrial: {sequence: split, tasks: 6}\n", r"tasks: 6 tasks of 2"),
    ("sequence name", "suite: s\ntrial: {sequence: splitt}\n", r"sequence: .*nearest: split"),
    ("scenario name", "suite: s\nsweep: {scenario: [til, cli]}\n", r"scenario: .*nearest: cil"),
    ("scenario swept", "suite: s\ntrial: {cil_classes: all}\nsweep: {scenario: [cil, til]}\n",
     r"cil_classes: .*scenario cil"),
    ("overflow", "suite: s\ntrial: {seed: 99999999999999999999}\n", r"seed: not a"),
    ("trailing", "suite: s\ntrial: {tasks: 2x}\n", r"tasks: not a whole number that fits: '2x'"),
    ("no value", "suite: s\ntrial: {tasks: }\n", r"tasks: not a whole number"),
    ("value long", "suite: s\ntrial: {tasks: " + "9" * 5000 + "}\n", r"tasks: not a whole number"),
    ("value UTF-8", b"suite: s\ntrial: {dataset: \xff}\n", r"allowed: UTF-8"),
    ("description", HEAD + "description: " + "d" * 1001 + "\n", r"description: too long"),
    ("repetitions", HEAD + "repetitions: 0\n", r"repetitions: no count in range"),
    ("repetitions", HEAD + "repetitions: 1001\n", r"repetitions: no count in range"),
    ("repetitions", HEAD + "repetitions: 2x\n", r"repetitions: no count in range"),
    ("repetitions", HEAD + "repetitions: [2]\n", r"repetitions: of the wrong kind"),
    ("expect", HEAD + "expect: {forgeting: [0, 1]}\n", r"unknown metric.*nearest: forgetting"),
    ("expect", HEAD + "expect: {forgetting: [1, 0]}\n", r"forgetting: no band"),
    ("expect", HEAD + "expect: {forgetting: [nan, 1]}\n", r"forgetting: no band"),
    ("expect", HEAD + "expect: {forgetting: 1}\n", r"forgetting: no band"),
    ("points", HEAD + "points: []\n", r"points: an empty list"),
    ("points", HEAD + "points: [a]\n", r"points: an entry that is no map"),
    ("points", HEAD + "points: {a: b}\n", r"points: of the wrong kind"),
    ("same", HEAD + "points: [{seed: 1}, {seed: 1}]\n", r"the same as one of line 3"),
    ("overlap", HEAD + "points: [{seed: 1}]\nsweep: {seed: [1, 2]}\n", r":3: seed: "),
    ("sweep", HEAD + "sweep: {seed: 1}\n", r"seed: no list"),
    ("sweep", HEAD + "sweep: {seed: []}\n", r"seed: an empty list"),
    ("sweep", HEAD + "sweep: {seed: [1, 1]}\n", r"seed: '1' stands twice"),
    ("sweep", HEAD + "sweep: {seed: [[1]]}\n", r"seed: a value that is a list or map"),
    ("sweep", HEAD + "sweep: {sed: [1]}\n", r"sed: .*nearest: seed"),
    ("sweep", HEAD + "sweep: {threads: laddder}\n", r"threads: no list .*ladder"),
    ("product", product(101, 100), r"more points than can be meant.*10000"),
    ("product", product(1000, 1000, 1000, 200), r"more points than can be meant"),
]


def _suites():
    for what, text, says in SUITES:
        yield Case("suite: " + what, ["sweep", "s.yaml"], 2, says, {"s.yaml": text})
    for what, made, status, says in (
            ("directory", directory, 2, r"s\.yaml: not readable"),
            ("fifo", os.mkfifo, 2, r"s\.yaml: not readable \(is a FIFO"),
            ("loop", link_to("s.yaml"), 3, r"s\.yaml: not readable"),
            ("dangling", link_to("absent"), 2, r"s\.yaml: not readable"),
            ("unreadable", link_to("/proc/self/mem"), 3, r"s\.yaml: not readable"),
            ("endless", link_to("/dev/zero"), 2, r"s\.yaml: not readable \(is a FIFO, device")):
        yield Case("suite: " + what, ["sweep", "./s.yaml"], status, says, {"s.yaml": made})
    yield Case("suite: list of points", ["sweep", "s.yaml", "--dry-run"], 2, r"more points",
               {"s.yaml": product(101, 100)})
    sound = {"s.yaml": SMALL, "file": "x"}
    for folder, says in (("file", r"no folder to be made here"),
                         ("file/x", r"no folder to be made here"),
                         ("/proc/ebb-x", r"/proc/ebb-x: no folder"),
                         ("/dev/null", r"/dev/null: no folder")):
        yield Case("suite: output", ["sweep", "s.yaml", "--output-dir", folder], 3, says, sound)


# ---- results ----

def _record(**changes):
    record = json.loads(open(os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "../../results/reference/trials.jsonl"),
        encoding="utf-8").readline())
    config = changes.pop("config", None)
    if isinstance(config, dict):
        record["config"].update(config)
    elif config is not None:
        record["config"] = config
    for key, value in changes.items():
        if value is None:
            del record[key]
        else:
            record[key] = value
    return json.dumps(record) + "\n"


def _lines():
    """What is wrong with a file of trials, its text, and what is said."""
    yield "no record", "hello\n", r"trials\.jsonl:1: not a record: column \d+"
    yield "blank line", "\n", r"trials\.jsonl:1: not a record"
    yield "list", "[]\n", r"not a record"
    yield "second line", _record() + "{}\n", r"trials\.jsonl:2: not a record: schema is ''"
    yield "schema", _record(schema="ebb-trial/2"), r"schema is 'ebb-trial/2' \(ebb-trial/1\)"
    yield "schema escape", _record(schema="\x1b[31m"), r"schema is '\?\[31m'"
    yield "key twice", '{"schema":"a","schema":"b"}\n', r"not a record: .*duplicate"
    yield "deep", "[" * 100000 + "\n", r"not a record"
    yield "UTF-8", b'{"schema":"\xff"}\n', r"not a record"
    yield "zero", b'{"sche\0ma":1}\n', r"not a record"
    yield "number", '{"a":' + "9" * 400 + "}\n", r"not a record"
    yield "no config", _record(config=[]), r"config: missing or of the wrong kind"
    yield "option", _record(config={"bach_size": 3}), r"bach_size: .*nearest: batch_size"
    yield "value", _record(config={"tasks": 256}), r"tasks: out of range: '256'"
    yield "algorithm", _record(config={"algorithm": "other"}), r"algorithm: unknown value"
    yield "repetition", _record(repetition=0), r"repetition: missing or of the wrong kind"
    yield "threads", _record(threads="2"), r"threads: missing or of the wrong kind"
    yield "no digests", _record(task_digests=[]), r"task_digests: missing"
    yield "accuracy", _record(accuracy=[[1]]), r"accuracy: missing or of the wrong kind"
    yield "loss", _record(loss=None), r"loss: missing or of the wrong kind"
    yield "request", _record(unlearning=[{"after_task": 9, "tasks": [1]}]), r"unlearning: "
    yield "requests", _record(unlearning=[{"after_task": 2, "tasks": [2**62]}]), r"unlearning: "


READERS = [["table", "r"], ["report", "r", "--quiet"], ["export", "r", "--format", "bmf"],
           ["sweep", "s.yaml", "--output-dir", "r"]]


def _own(ebb):
    """A record of this build on this machine."""
    return json.loads(subprocess.run([ebb, *RUN, "--format", "json", "--quiet"], check=True,
                                     stdout=subprocess.PIPE).stdout)


def _results(ebb):
    for i, (what, text, says) in enumerate(_lines()):
        files = {"s.yaml": SMALL, "r/trials.jsonl": text, "r/lock": ""}
        for words in READERS if i % 4 == 0 else [READERS[i % 4], READERS[0]]:
            yield Case("results: " + what, words, 3, says, files)
    sound = {"s.yaml": SMALL, "r/lock": ""}
    own = _own(ebb)
    for key, name, wanted in (("build_id", "build", "0123456789abcdef"),
                              ("machine_id", "machine", "fedcba9876543210")):
        text = json.dumps(own) + "\n" + json.dumps({**own, key: wanted}) + "\n"
        yield Case("results: other " + name, READERS[3], 3,
                   r"trials\.jsonl:2: a trial of %s %s, this is %s \(" % (
                       name, wanted, own[key]), {**sound, "r/trials.jsonl": text})
    text = json.dumps({**own, "schema": "ebb-trial/0"}) + "\n"
    yield Case("results: other schema", READERS[3], 3,
               r"trials\.jsonl:1: not a record: schema is 'ebb-trial/0' \(ebb-trial/1\)",
               {**sound, "r/trials.jsonl": text})
    for words in READERS[:3]:
        yield Case("results: none", words, 3, r"r/trials\.jsonl: No such file", {"r/x": ""})
        yield Case("results: no folder", words, 3, r"r/trials\.jsonl: No such file", {})
        yield Case("results: a file", words, 3, r"r/trials\.jsonl: Not a dir", {"r": "x"})
        yield Case("results: directory", words, 3, r"trials\.jsonl.*directory",
                   {"r/trials.jsonl": directory})
        yield Case("results: fifo", words, 3, r"trials\.jsonl: is a FIFO",
                   {"r/trials.jsonl": os.mkfifo})
        yield Case("results: unreadable", words, 3, r"trials\.jsonl:1: not readable: Input/output",
                   {"r/trials.jsonl": link_to("/proc/self/mem")})
        yield Case("results: loop", words, 3, r"trials\.jsonl: ",
                   {"r/trials.jsonl": link_to("trials.jsonl")})
    yield Case("results: empty", ["report", "r"], 3, r"no trial in it", {"r/trials.jsonl": ""})
    yield Case("results: empty", ["export", "r", "--format", "bmf"], 1, r"ebb: ",
               {"r/trials.jsonl": ""})
    for words in (["compare", "--baseline", "r", "--candidate", "r"],):
        yield Case("compare: results", words, 5, r"r/trials\.jsonl: no such results", {"r/x": ""},
                   out=r"missing: .*\n")
        yield Case("compare: results", words, 3, r"schema is 'x'",
                   {"r/trials.jsonl": _record(schema="x")}, out=r"cannot tell: .*\n")
    yield Case("compare: other machine", ["compare", "--baseline", "r", "--candidate", "q"], 3,
               r"q/trials\.jsonl:1: other machine: ",
               {"r/trials.jsonl": _record(), "q/trials.jsonl": _record(machine_id="0" * 16)},
               out=r"cannot tell: .*\n")
    for folder, says in (("absent", r"absent: No such file"), ("s.yaml", r"not to be executed")):
        yield Case("compare: build", ["compare", "--baseline", folder, "--candidate", folder],
                   5, says, {"s.yaml": SMALL}, out=r"missing: .*\n")


# ---- outputs of one trial ----

def _outputs():
    for option in ("--output", "--samples", "--dump"):
        for value, says in (("absent/x", r"absent/x: "), ("file/x", r"file/x: ")):
            yield Case("outputs", [*RUN, option, value], 3, says, {"file": "x"})
        yield Case("outputs", [*RUN, option + "="], 2, option + ": empty")
    for option in ("--output", "--samples"):
        yield Case("outputs", [*RUN, option, "folder"], 3, r"folder: not writable",
                   {"folder": directory})
    yield Case("outputs", ["report", "r", "--output", "fifo"], 3,
               r"fifo: .*a FIFO that nobody reads",
               {"r/trials.jsonl": _record(), "fifo": os.mkfifo})
    yield Case("outputs", [*RUN, "--dump", "file"], 3, r"file: ", {"file": "x"})
    yield Case("outputs", [*RUN, "--dump", "fifo"], 3, r"fifo: is no folder",
               {"fifo": os.mkfifo})
    yield Case("outputs", ["sweep", "s.yaml", "--output-dir", "fifo"], 3,
               r"fifo: no folder to be made here", {"s.yaml": SMALL, "fifo": os.mkfifo})
    yield Case("outputs", ["report", "r", "--output", "folder"], 3, r"folder: not writable",
               {"r/trials.jsonl": _record(), "folder": directory})
    yield Case("outputs", ["report", "r", "--output", "absent/x"], 3, r"absent/x: not writable",
               {"r/trials.jsonl": _record()})


def cases(ebb):
    return [*_data(), *_suites(), *_results(ebb), *_outputs()]
