"""bad_words - command lines that are wrong in themselves, for bad_input.py."""
import collections
import os
import subprocess

# words of the command line; status; a pattern of the one line; files to be planted, by
# name; variables of the environment; a pattern of all of stdout.
Case = collections.namedtuple("Case", "group words status says files env out",
                              defaults=({}, {}, ""))

LONG = "x" * 5000
AMNESIAC = ["--algorithm", "amnesiac-finetuning"]
SYNTHETIC = ["--dataset", "synthetic"]
SPLIT = ["--sequence", "split"]

# Commands that are none.
COMMANDS = [
    (["ru"], r"unknown command 'ru' .*nearest: run"),
    (["swep"], r"nearest: sweep"),
    (["tabel"], r"nearest: table"),
    (["machin"], r"nearest: machine"),
    (["lst"], r"nearest: list"),
    (["compair"], r"nearest: compare"),
    (["reprot"], r"nearest: report"),
    (["exprot"], r"nearest: export"),
    (["Run"], r"unknown command 'Run'"),
    ([""], r"unknown command ''"),
    ([" run"], r"unknown command ' run'"),
    (["run "], r"unknown command 'run '"),
    ([LONG], r"unknown command 'x{57,60}\.\.\.'"),
    ([b"\xff\xfe"], r"unknown command '\?\?'"),
    (["r\nun"], r"unknown command 'r\?un'"),
    (["\x1b[31m"], r"unknown command '\?\[31m'"),
    (["--", "ru"], r"unknown command 'ru'|nexpected|unknown"),
    (["help", "rnu"], r"unknown command 'rnu'.*nearest: run"),
    (["help", "run", "list"], r"help: too many words"),
    (["--halp"], r"--halp: unknown option \(nearest: --help"),
    (["--" + LONG], r"--x+\.\.\.: unknown option"),
    ([b"--\xff"], r"--\?: unknown option"),
    (["--=x"], r"unknown option"),
    (["-x"], r"-x: unknown option"),
    (["--progress", "soon", "list"], r"--progress: unknown value 'soon'"),
    (["--color=blue", "list"], r"--color: unknown value 'blue'"),
    (["--quiet=1", "list"], r"--quiet: takes no value"),
    (["--quiet", "--quiet", "list"], r"--quiet: given twice"),
]

# An option of a command of its own, and its words.
OWN = [
    (["run", "extra"], r"run: unexpected word 'extra'"),
    (["run", LONG], r"run: unexpected word 'x+\.\.\.'"),
    (["run", "--format", "xml"], r"--format: unknown value 'xml' \(allowed: text, json"),
    (["run", "--format", "jsn"], r"nearest: json"),
    (["run", "--format="], r"--format: unknown value ''"),
    (["run", "-x"], r"-x: unknown option"),
    (["run", "--batch_size", "3"], r"nearest: --batch-size"),
    (["run", b"--seed\xff", "3"], r"--seed\?: unknown option"),
    (["sweep"], r"sweep: argument missing"),
    (["sweep", "a", "b"], r"sweep: unexpected word 'b'"),
    (["sweep", "smoek"], r"no such suite or file: 'smoek' .*nearest: smoke"),
    (["sweep", ""], r"no such suite or file: ''"),
    (["sweep", LONG], r"no such suite or file: 'x+\.\.\.'"),
    (["sweep", b"\xff\xff"], r"no such suite or file: '\?\?'"),
    (["sweep", "absent.yaml"], r"absent.yaml: not readable"),
    (["sweep", "a/b/c.yaml"], r"a/b/c.yaml: not readable"),
    (["sweep", "smoke", "--timeout", "0"], r"--timeout: not a count in range: '0'"),
    (["sweep", "smoke", "--timeout", "1000001"], r"--timeout: not a count in range"),
    (["sweep", "smoke", "--timeout", "99999999999999999999"], r"--timeout: not a count"),
    (["sweep", "smoke", "--timeout", "5s"], r"--timeout: not a count in range: '5s'"),
    (["sweep", "smoke", "--timeout", "-1"], r"--timeout: not a count in range: '-1'"),
    (["sweep", "smoke", "--timeout="], r"--timeout: not a count in range: ''"),
    (["sweep", "smoke", "--output-dir="], r"--output-dir: empty"),
    (["sweep", "smoke", "--output-dri", "x"], r"nearest: --output-dir"),
    (["sweep", "smoke", "--data-dir", "x"], r"--data-dir: no point of suite smoke"),
    (["sweep", "smoke", "--seed", "1"], r"--seed: unknown option"),
    (["sweep", "smoke", "--fresh=yes"], r"--fresh: takes no value"),
    (["table"], r"table: argument missing"),
    (["table", "a", "b"], r"table: unexpected word 'b'"),
    (["table", "a", "--kind", "forgeting"], r"--kind: .*nearest: forgetting"),
    (["table", "a", "--kind", ""], r"--kind: "),
    (["table", "a", "--format", "html"], r"--format: unknown value 'html'"),
    (["machine", "x"], r"machine: unexpected word 'x'"),
    (["machine", "--format", "jsno"], r"--format: .*nearest: json"),
    (["machine", "--fromat", "json"], r"nearest: --format"),
    (["list", "strategys"], r"list: unknown kind 'strategys'.*nearest: strategies"),
    (["list", ""], r"list: unknown kind ''"),
    (["list", "suites", "more"], r"list: unexpected word 'more'"),
    (["list", LONG], r"list: unknown kind 'x+\.\.\.'"),
    (["compare"], r"--\w+: missing"),
    (["compare", "x"], r"compare: unexpected word 'x'"),
    (["compare", "--baseline="], r"--\w+: missing"),
    (["compare", "--baselin", "x"], r"nearest: --baseline"),
    (["report"], r"report: argument missing"),
    (["report", "a", "--output="], r"--output: empty"),
    (["report", "a", "--ouput", "x"], r"nearest: --output"),
    (["export"], r"export: argument missing"),
    (["export", "a"], r"--format: missing"),
    (["export", "a", "--format", "junt"], r"--format: unknown format 'junt'.*nearest: junit"),
    (["export", "a", "--format="], r"--format: "),
    (["export", "a", "--format", "junit", "--better", "bigger"], r"--better: not with"),
    (["export", "a", "--format", "bmf", "--better", "biger"], r"nearest: bigger"),
]

# A program stands on both sides: what is wrong is found before it is run.
COMPARE = [
    (["--threshold", "0"], r"--threshold: not a number in range: '0'"),
    (["--threshold", "101%"], r"--threshold: not a number in range: '101%'"),
    (["--threshold", "two"], r"--threshold: not a number in range: 'two'"),
    (["--threshold", "2%%"], r"--threshold: not a number in range: '2%%'"),
    (["--threshold", "nan"], r"--threshold: not a number"),
    (["--threshold", "1e999"], r"--threshold: not a number"),
    (["--threshold", LONG], r"--threshold: not a number"),
    (["--budget", "0s"], r"--budget: not a number in range: '0s'"),
    (["--budget", "-5"], r"--budget: not a number in range: '-5'"),
    (["--budget", "5m"], r"--budget: not a number in range: '5m'"),
    (["--budget="], r"--budget: not a number in range: ''"),
    (["--suite", "smoke", "--bench", "x"], r"--bench: beside --suite"),
    (["--suite", "smoek"], r"no such suite or file: 'smoek'"),
    (["--format", "yaml"], r"--format: unknown value 'yaml'"),
]

# Counts: the option, what is just outside on both sides, words that make it apply.
COUNTS = [
    ("tasks", "0", "256", []),
    ("classes-per-task", "0", "256", SPLIT),
    ("pad", "-1", "1025", []),
    ("batch-size", "0", "1000001", []),
    ("epochs", "0", "1000001", []),
    ("steps", "0", "1000000001", []),
    ("unlearn-age", "0", "256", AMNESIAC),
    ("threads", "0", "1025", []),
    ("warmup-steps", "-1", "1000000001", []),
    ("seed", "-1", "9223372036854775808", []),
]
# Numbers: the same, without what is beside a whole number.
REALS = [
    ("max-angle", "-0.5", "360.5", ["--sequence", "rotated"]),
    ("validation-fraction", "-0.1", "1", []),
    ("learning-rate", "0", "1e31", []),
    ("momentum", "-0.1", "1", ["--optimizer", "sgd"]),
    ("weight-decay", "-1e-9", "1e31", []),
]
NO_COUNT = ["", " 5", "5 ", "+5", "5x", "5.0", "0x5", "1e3", "five", "5,5", "5\n",
            "99999999999999999999", LONG, b"\xff", "\u0665"]
NO_REAL = ["", " 0.5", "0.5 ", "0.5x", "nan", "inf", "-inf", "0x1p-2", "1e999", "half",
           "0,5", b"\xc3", LONG]

# Names: option, what is near, and the nearest.
NAMES = [
    ("algorithm", "amnesiac-finetunig", "amnesiac-finetuning"),
    ("dataset", "fashion_mnist", "fashion-mnist"),
    ("sequence", "permutd", "permuted"),
    ("scenario", "cli", "cil"),
    ("permute-first", "yse", "yes"),
    ("permutations", "troch", "torch"),
    ("backbone", "mpl", "mlp"),
    ("initialization", "xavier-unifrom", "xavier-uniform"),
    ("head", "maskd", "masked"),
    ("cil-classes", "al", "all"),
    ("optimizer", "sdg", "sgd"),
    ("optimizer-state", "kep", "keep"),
    ("last-batch", "dorp", "drop"),
    ("unlearn-mode", "substract", "subtract"),
    ("disable-unlearning", "yees", "yes"),
    ("placement", "scater", "scatter"),
    ("strategy", "shard", "shards"),
    ("profile", "ye", "yes"),
]
NO_NAME = ["", LONG, b"\xff\xfe", "\x1b[31m"]

# Lists and pairs.
LISTS = [
    (["--hidden", "256,,64"], r"--hidden: not a list of widths"),
    (["--hidden", "0"], r"--hidden: not a list"),
    (["--hidden", "65537"], r"--hidden: not a list"),
    (["--hidden", "64,"], r"--hidden: not a list"),
    (["--hidden", "64, 32"], r"--hidden: not a list"),
    (["--hidden", "None"], r"--hidden: not a list"),
    (["--hidden", ",".join(["1"] * 17)], r"--hidden: not a list"),
    (["--hidden="], r"--hidden: not a list"),
    (["--hidden", "9" * 30], r"--hidden: not a list"),
    ([*SYNTHETIC, "--synthetic", "100,100,16"], r"--synthetic: not four counts"),
    ([*SYNTHETIC, "--synthetic", "100,100,16,4,1"], r"--synthetic: not four counts"),
    ([*SYNTHETIC, "--synthetic", "0,100,16,4"], r"--synthetic: not four counts"),
    ([*SYNTHETIC, "--synthetic", "100,100,65537,4"], r"--synthetic: not four counts"),
    ([*SYNTHETIC, "--synthetic", "100,100,16,256"], r"--synthetic: not four counts"),
    ([*SYNTHETIC, "--synthetic", "-1,1,1,1"], r"--synthetic: not four counts"),
    ([*SPLIT, "--class-order", "0,1,2,2"], r"--class-order: not a list of distinct"),
    ([*SPLIT, "--class-order", "0,1,2,255"], r"--class-order: not a list of distinct"),
    ([*SPLIT, "--class-order", "0,1,2,3,4,5,6,7,8,10"], r"--class-order: class 10 does not"),
    ([*SPLIT, "--class-order", "0,1,2"], r"--class-order: |--tasks: "),
    ([*SPLIT, "--class-order="], r"--class-order: not a list"),
    (["--normalize", "0.5"], r"--normalize: not a normalisation"),
    (["--normalize", "0,0"], r"--normalize: .*STD above 0"),
    (["--normalize", "0,-1"], r"--normalize: "),
    (["--normalize", "nan,1"], r"--normalize: "),
    (["--normalize", "0,1,2"], r"--normalize: "),
    (["--normalize", "datset"], r"--normalize: "),
]

# Options that mean nothing beside others.
MEANING = [
    (["--classes-per-task", "2"], r"--classes-per-task: '2' has no meaning.*with --sequence split"),
    (["--class-order", "0,1"], r"--class-order: .*sequence split"),
    ([*SPLIT, "--permute-first", "no"], r"--permute-first: .*sequence permuted"),
    ([*SPLIT, "--permutations", "torch"], r"--permutations: .*sequence permuted"),
    (["--max-angle", "90"], r"--max-angle: .*sequence rotated"),
    (["--synthetic", "100,100,16,4"], r"--synthetic: .*dataset synthetic"),
    ([*SYNTHETIC, "--data-dir", "."], r"--data-dir: .*read from files"),
    (["--scenario", "cil", "--head", "own"], r"--head: .*scenario til"),
    (["--scenario", "dil", "--head", "masked"], r"--head: .*scenario til"),
    (["--cil-classes", "all"], r"--cil-classes: .*scenario cil"),
    (["--scenario", "dil", "--cil-classes", "seen"], r"--cil-classes: .*scenario cil"),
    (["--momentum", "0.9"], r"--momentum: .*sgd"),
    (["--steps", "5", "--epochs", "1"], r"--epochs: '1' has no meaning beside --steps \(allowed: one"),
    ([*SPLIT, "--tasks", "6"], r"--tasks: 6 tasks of 2 classes need 12"),
    ([*SPLIT, "--classes-per-task", "11", "--tasks", "1"], r"--classes-per-task: |--tasks: "),
    ([*SYNTHETIC, "--synthetic", "100,100,63,4", "--sequence", "rotated"],
     r"--sequence: rotated needs square images"),
    ([*SYNTHETIC, "--synthetic", "100,100,63,4", "--pad", "1"], r"--pad: 1 needs square"),
    ([*SYNTHETIC, "--synthetic", "100,100,16,4", "--batch-size", "91"],
     r"--batch-size: 91 is more than the training samples of synthetic \(allowed: 1 to 90"),
    (["--batch-size", "60000"], r"--batch-size: 60000 is more than .*1 to 54000"),
]

# Requests that cannot be honoured.
REQUESTS = [
    (["--unlearn", "2:1"], r"--unlearn: '2:1' has no meaning .*amnesiac"),
    (["--unlearn-age", "3"], r"--unlearn-age: .*amnesiac"),
    (["--unlearn-mode", "subtract"], r"--unlearn-mode: .*amnesiac"),
    (["--disable-unlearning", "yes"], r"--disable-unlearning: .*amnesiac"),
    ([*AMNESIAC, "--unlearn", "2:3"], r"'2:3' unlearns a task not yet trained"),
    ([*AMNESIAC, "--unlearn", "6:1"], r"'6:1' is after the last task"),
    ([*AMNESIAC, "--unlearn", "5:1", "--unlearn-age", "4"], r"'5:1' is too old"),
    ([*AMNESIAC, "--unlearn", "2:1,4:1"], r"task 1 is unlearned twice"),
    ([*AMNESIAC, "--unlearn", "2:1+1"], r"task 1 is unlearned twice"),
    ([*AMNESIAC, "--unlearn", "2:1,2:2"], r"--unlearn: not a list of requests, one a task"),
    ([*AMNESIAC, "--unlearn", "2:1", "--disable-unlearning", "yes"],
     r"--unlearn: .*disable-unlearning no"),
    ([*AMNESIAC, "--unlearn", "0:1"], r"--unlearn: not a list of requests"),
    ([*AMNESIAC, "--unlearn", "1:0"], r"--unlearn: not a list of requests"),
    ([*AMNESIAC, "--unlearn", "2"], r"--unlearn: not a list of requests"),
    ([*AMNESIAC, "--unlearn", "2:"], r"--unlearn: not a list of requests"),
    ([*AMNESIAC, "--unlearn", ":1"], r"--unlearn: not a list of requests"),
    ([*AMNESIAC, "--unlearn", "2:1,"], r"--unlearn: not a list of requests"),
    ([*AMNESIAC, "--unlearn", "2:1+"], r"--unlearn: not a list of requests"),
    ([*AMNESIAC, "--unlearn", "2:1 "], r"--unlearn: not a list of requests"),
    ([*AMNESIAC, "--unlearn", "2:256"], r"--unlearn: not a list of requests"),
    ([*AMNESIAC, "--unlearn", "2:-1"], r"--unlearn: not a list of requests"),
    ([*AMNESIAC, "--unlearn="], r"--unlearn: not a list of requests"),
    ([*AMNESIAC, "--unlearn", "1:1," * 300 + "1:1"], r"--unlearn: not a list of requests"),
    ([*AMNESIAC, "--unlearn", "255:" + "+".join(map(str, range(1, 257)))],
     r"--unlearn: not a list of requests"),
]


def _options(ebb):
    listed = subprocess.run([ebb, "list", "options"], stdout=subprocess.PIPE,
                            check=True).stdout.decode()
    return [line.split()[0] for line in listed.splitlines()]


def _typos(ebb):
    """Every option with one letter missing names itself as the nearest."""
    for name in _options(ebb):
        typo = name[:2] + name[3:] if len(name) > 4 else name + "x"
        yield Case("near-miss", ["run", "--" + typo, "1"], 2,
                   r"--%s: unknown option \(nearest: --%s;" % (typo, name))
        yield Case("no value", ["run", "--" + name], 2, r"--%s: value missing" % name)


def _numbers():
    for rows, wrong in ((COUNTS, NO_COUNT), (REALS, NO_REAL)):
        for i, (name, low, high, words) in enumerate(rows):
            for value in (low, high):
                yield Case("range", ["run", *words, "--" + name, value], 2,
                           r"^ebb: --%s: (out of range: '%s'|not a)" % (name, value))
            # All of them for one option, and a few for each of the others.
            for value in wrong if i == 0 else wrong[i::3]:
                yield Case("numbers", ["run", *words, "--" + name, value], 2,
                           r"^ebb: --%s: not a .*\(allowed: " % name)


def _names():
    for i, (name, near, nearest) in enumerate(NAMES):
        yield Case("names", ["run", "--" + name, near], 2,
                   r"--%s: unknown value '%s' \(.*nearest: %s\)" % (name, near, nearest))
        yield Case("names", ["run", "--" + name, NO_NAME[i % len(NO_NAME)]], 2,
                   r"--%s: unknown value '" % name)


def cases(ebb):
    sides = ["compare", "--baseline", ebb, "--candidate", ebb]
    found = [Case("commands", words, 2, says) for words, says in COMMANDS]
    found += [Case("words", words, 2, says) for words, says in OWN]
    found += [Case("compare", [*sides, *words], 2, says) for words, says in COMPARE]
    found += [Case("lists", ["run", *words], 2, says) for words, says in LISTS]
    found += [Case("meaning", ["run", *words], 2, says) for words, says in MEANING]
    found += [Case("requests", ["run", *words], 2, says) for words, says in REQUESTS]
    found += [Case("twice", ["run", "--" + name, "1", "--" + name, "1"], 2,
                   r"--%s: given twice" % name) for name in ("seed", "tasks", "output")]
    found += list(_numbers()) + list(_names()) + list(_typos(ebb))
    assert os.path.isabs(ebb)
    return found
