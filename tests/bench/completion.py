#!/usr/bin/python3
"""completion - what bash and zsh offer after the words that are typed.

Usage: completion.py EBB bash|zsh [PATTERN]

Both shells are asked with the script that is installed for them; neither needs a package
of completions. Exit status 77 where the shell is absent.
"""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True  # the source tree stays as it is

import program
from program import EBB, check, check_equal, environment, folder, run

SHELL = sys.argv.pop(2) if len(sys.argv) > 2 else ""
SKIPPED = 77
COMMANDS = ["run", "sweep", "table", "report", "export", "compare", "machine", "list", "help"]
# A new algorithm is no fault.
ALGORITHMS = [line.split()[0] for line in run("list", "algorithms").out.splitlines()]

# What is typed, and what may follow: all of these, in any order ...
EXACT = [
    ("", COMMANDS),
    ("r", ["run", "report"]),
    ("help s", ["sweep"]),
    ("--color n", ["never"]),
    ("run --algorithm ", ALGORITHMS),
    ("run --algorithm=amn", ["amnesiac-finetuning"]),
    ("run --scenario ", ["til", "cil", "dil"]),
    ("--quiet run --scenario=c", ["cil"]),
    ("--color never run --scenario c", ["cil"]),
    ("run --optimizer sgd --strategy s", ["shards"]),
    ("run --disable-unlearning ", ["no", "yes"]),
    ("table --format ", ["markdown", "csv", "latex"]),
    ("table results --kind s", ["step-latency", "scaling"]),
    ("export --better ", ["smaller", "bigger"]),
    ("compare --format j", ["json", "junit"]),
    ("list o", ["optimizers", "options"]),
    ("list algorithms ", []),
    ("run --seed ", []),
    ("run --quiet ", []),
    ("machine ", []),
    ("worker --f", []),
    ("nonsense ", []),
]
# ... or these among others, and none of those.
AMONG = [
    ("run --", ["--algorithm", "--dump", "--help", "--format"], ["--kind"]),
    ("run --unl", ["--unlearn", "--unlearn-age", "--unlearn-mode"], ["--seed"]),
    ("table --", ["--kind", "--format", "--quiet"], ["--seed", "--output"]),
    ("--", ["--help", "--version", "--quiet"], ["--seed", "--format"]),
    ("sweep ", ["quick", "smoke", "mine.yaml"], ["notes.txt"]),
    ("report ", ["results"], ["mine.yaml", "notes.txt"]),
    ("table ", ["results", "notes.txt"], []),
    ("run --output ", ["mine.yaml", "notes.txt", "results"], []),
    ("run --output n", ["notes.txt"], ["mine.yaml"]),
    ("run --data-dir ", ["results"], ["mine.yaml", "notes.txt"]),
    ("compare --baseline ", ["notes.txt", "results"], []),
]

BASH = """
PATH=%(path)s
. %(script)s || exit 9
COMP_WORDS=(%(words)s)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_ebb ebb "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%%s\\n' "${COMPREPLY[@]}"
"""

# Every compadd that would show something tells what it would show.
ZSH = r"""
fpath=(%(folder)s $fpath)
path=(%(path)s $path)
autoload -Uz compinit && compinit -D -u
compadd() {
    if (( ${@[(I)-(O|A|D)]} )); then builtin compadd "$@"; return; fi
    local -a hits
    builtin compadd -A hits "$@"
    captured+=($hits)
    builtin compadd "$@"
}
capture() {
    captured=()
    zle list-choices
    print -r -- "<<${(j:|:)captured}>>"
    BUFFER=
}
zle -N capture
bindkey '^X' capture
print -r -- '<<ready''>>'
"""


class Place:
    """A folder with a program called ebb, a script for the shell, and things to find."""

    def __init__(self):
        self.folder = folder()
        self.name = os.path.realpath(self.folder.name)
        os.mkdir(self.path("bin"))
        os.symlink(EBB, self.path("bin", "ebb"))
        os.makedirs(self.path("here", "results"))
        for name in ("mine.yaml", "notes.txt"):
            open(self.path("here", name), "w").close()
        with open(self.path("_ebb"), "w") as stream:
            stream.write(run("manual", SHELL).out)

    def path(self, *names):
        return os.path.join(self.name, *names)


PLACE = Place() if SHELL else None


def split_for_bash(line):
    """The words that bash makes of a line, in quotes; `=` is a word of its own."""
    words = []
    for word in ("ebb " + line).split(" "):
        words += [part for part in re.split("(=)", word)] if "=" in word else [word]
    if len(words) > 1 and words[-1] == "" and words[-2] == "=":
        words.pop()
    return " ".join("'%s'" % word for word in words)


def ask_bash(line):
    script = BASH % {"path": PLACE.path("bin") + ":/usr/bin:/bin",
                     "script": PLACE.path("_ebb"), "words": split_for_bash(line)}
    done = subprocess.run(["bash", "--norc", "-c", script], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=PLACE.path("here"), timeout=60,
                          env=environment(), check=False)
    check_equal((done.returncode, done.stderr), (0, b""), "bash after %r" % line)
    return done.stdout.decode().split()


class Zsh:
    """An interactive zsh on a terminal of its own."""

    def __init__(self):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(PLACE.path("here"))
            os.execvpe("zsh", ["zsh", "-f", "-i"], environment(TERM="dumb", PS1=""))
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 500, 250, 0, 0))
        with open(PLACE.path("setup"), "w") as stream:
            stream.write(ZSH % {"folder": PLACE.name, "path": PLACE.path("bin")})
        self.type(". %s\r" % PLACE.path("setup"))
        check_equal(self.answer(), "ready", "zsh")

    def type(self, text):
        os.write(self.terminal, text.encode())

    def answer(self, seconds=60):
        """What the next pair of marks encloses."""
        text = b""
        end = time.monotonic() + seconds
        while True:
            found = re.search(rb"<<([^\r\n]*?)>>", text)
            if found:
                return found.group(1).decode()
            check(time.monotonic() < end, "no answer in %r" % text[-500:])
            if select.select([self.terminal], [], [], 1)[0]:
                text += os.read(self.terminal, 65536)

    def ask(self, line):
        self.type("ebb %s\x18" % line)
        # Options that take a value end in `=`.
        return [word.rstrip("=") for word in self.answer().split("|") if word]


    def end(self):
        os.close(self.terminal)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


ASK = {"bash": ask_bash}


def ask(line):
    if SHELL not in ASK:
        ASK[SHELL] = Zsh().ask
    return ASK[SHELL](line)


def test_exact(line, wanted):
    found = sorted(set(ask(line)))
    if SHELL == "zsh" and not wanted:  # it then offers options, without dashes typed
        found = [word for word in found if not word.startswith("--")]
    check_equal(found, sorted(wanted), "after %r" % line)


def test_among(line, wanted, unwanted):
    found = ask(line)
    for word in wanted:
        check(word in found, "after %r: no %s in %s" % (line, word, found))
    for word in unwanted:
        check(word not in found, "after %r: %s" % (line, word))


def test_syntax():
    """The shell finds no fault, and finds one that is planted."""
    with open(PLACE.path("_ebb")) as stream:
        text = stream.read()
    for content, good in ((text, True), (text.replace("esac", "esca", 1), False)):
        done = subprocess.run([SHELL, "-n", "/dev/stdin"], input=content.encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        check_equal(done.returncode == 0 and not done.stderr, good, "syntax")


def test_every_option():
    """All that `--help` of a command lists is offered, and nothing else."""
    for command in COMMANDS[:-1]:
        listed = set(re.findall(r"(?m)^  (--[a-z-]+)", run(command, "--help").out))
        check(len(listed) > 4, "options of %s" % command)
        check_equal(set(ask(command + " --")), listed, "after '%s --'" % command)


def all_tests():
    tests = [("exact %d: %s" % (i, case[0]), lambda case=case: test_exact(*case))
             for i, case in enumerate(EXACT)]
    tests += [("among %d: %s" % (i, case[0]), lambda case=case: test_among(*case))
              for i, case in enumerate(AMONG)]
    return tests + [("syntax", test_syntax), ("every option", test_every_option)]


if __name__ == "__main__":
    if shutil.which(SHELL) is None:
        print("skipped: no %s here" % SHELL)
        sys.exit(SKIPPED)
    status = program.main(all_tests())
    if "zsh" in ASK:
        ASK["zsh"].__self__.end()
    sys.exit(status)
