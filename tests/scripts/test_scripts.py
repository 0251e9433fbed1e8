#!/usr/bin/python3
"""test_scripts - the shell scripts: help, refusal of wrong words, and what setup decides.

setup is run with stand-ins for dpkg-query, apt-get, id and sudo in a PATH of their own,
so that nothing is installed and no rights are needed.
"""
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
SHELLS = ["scripts/setup", "scripts/build", "scripts/run", "scripts/test", "scripts/tidy",
          "scripts/plot", "scripts/results", "scripts/fuzz", "scripts/compare-pytorch",
          ".ci/run"]
# Needed by the scripts themselves; everything else is a stand-in or absent.
TOOLS = ["bash", "cat", "env", "grep"]


def run(words, **keywords):
    return subprocess.run(words, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=60, **keywords)


class Help(unittest.TestCase):
    def test_the_scripts_of_the_readme_are_there(self):
        for name in ("build", "run", "setup", "test"):
            self.assertIn("scripts/" + name, SHELLS)

    def test_every_script_explains_itself(self):
        for script in SHELLS:
            with self.subTest(script=script):
                done = run([os.path.join(ROOT, script), "--help"], cwd="/")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("Usage: " + script, done.stdout)

    def test_unknown_options_are_refused_by_name(self):
        for script in ("setup", "build", "tidy", "results"):
            with self.subTest(script=script):
                done = run([os.path.join(ROOT, "scripts", script), "--wrong"], cwd="/")
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, r"^%s: --wrong: " % script)

    def test_a_comparison_without_python_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            for tool in ("bash", "dirname"):
                os.symlink(shutil.which(tool), os.path.join(folder, tool))
            done = run([os.path.join(ROOT, "scripts/compare-pytorch")],
                       env={"PATH": folder})
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertRegex(done.stderr, r"^compare-pytorch: python3: not installed \(.*\)\n$")

    def test_every_script_is_executable_and_strict(self):
        for script in SHELLS:
            with self.subTest(script=script):
                self.assertTrue(os.access(os.path.join(ROOT, script), os.X_OK))
                with open(os.path.join(ROOT, script), encoding="utf-8") as stream:
                    text = stream.read()
                self.assertTrue(text.startswith("#!/usr/bin/env bash\n"))
                self.assertIn("\nset -euo pipefail\n", text)

    @unittest.skipIf(shutil.which("shellcheck") is None, "shellcheck is not installed")
    def test_shellcheck_finds_nothing(self):
        done = run(["shellcheck", *SHELLS], cwd=ROOT)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


class Setup(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for tool in TOOLS:
            os.symlink(shutil.which(tool), os.path.join(self.folder.name, tool))
        self.calls = os.path.join(self.folder.name, "calls")

    def stand_in(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("#!/usr/bin/env bash\n%s\n" % text)
        os.chmod(path, 0o755)

    def debian(self, installed, user=0):
        """A machine with apt-get on which the packages named (all: None) are installed."""
        known = "*" if installed is None else " | ".join(installed + ["none"])
        self.stand_in("dpkg-query", 'for name; do case $name in -*) ;; \\$*) ;; %s) '
                      'echo "$name installed" ;; esac; done; exit 1' % known)
        self.stand_in("apt-get", 'echo "$DEBIAN_FRONTEND apt-get $*" >>%s' % self.calls)
        self.stand_in("id", "echo %d" % user)

    def setup(self, *options):
        done = run([shutil.which("bash"), os.path.join(ROOT, "scripts/setup"), *options],
                   env={"PATH": self.folder.name})
        self.assertEqual(done.stdout, "")
        return done

    def called(self):
        if not os.path.exists(self.calls):
            return []
        with open(self.calls, encoding="utf-8") as stream:
            return stream.read().splitlines()

    def test_all_there_needs_nothing(self):
        self.debian(installed=None, user=1000)
        for options in ((), ("--tests",), ("--ci",)):
            done = self.setup(*options)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stderr, r"^setup: all \d+ packages are installed\n$")
        self.assertEqual(self.called(), [])

    def test_only_what_is_missing_is_installed(self):
        self.debian(installed=["gcc", "cmake", "libc6-dev", "ninja-build", "pkgconf"])
        done = self.setup()
        self.assertEqual(done.returncode, 0, done.stderr)
        update, install = self.called()
        self.assertRegex(update, r"^noninteractive apt-get .*update$")
        self.assertRegex(install, r"install --no-install-recommends .*libdnnl-dev .*zlib1g-dev")
        self.assertNotRegex(install, r" (gcc|cmake|libcmocka-dev|clang)\b")

    def test_tests_and_ci_add_their_packages(self):
        self.debian(installed=[])
        self.setup("--tests")
        self.assertRegex(self.called()[-1], r" libcmocka-dev .*python3-jsonschema$")
        self.setup("--ci")
        self.assertRegex(self.called()[-1], r" libcmocka-dev .* clang .*texlive-latex-recommended$")

    def test_without_rights_it_says_what_to_do(self):
        self.debian(installed=["gcc"], user=1000)
        done = self.setup()
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr,
                         r"apt-get install --no-install-recommends .*libdnnl-dev")
        self.assertEqual(self.called(), [])

    def test_sudo_is_used_by_others_than_root(self):
        self.debian(installed=["gcc"], user=1000)
        self.stand_in("sudo", 'echo "sudo" >>%s; exec "$@"' % self.calls)
        self.assertEqual(self.setup().returncode, 0)
        self.assertEqual(self.called()[0::2], ["sudo", "sudo"])

    def test_a_failed_installation_is_status_3(self):
        self.debian(installed=[])
        self.stand_in("apt-get", "exit 100")
        done = self.setup()
        self.assertEqual(done.returncode, 3)
        self.assertIn("setup: apt-get could not install: gcc", done.stderr)

    def test_elsewhere_it_lists_what_is_needed(self):
        done = self.setup()
        self.assertEqual(done.returncode, 3)
        self.assertIn("libdnnl-dev", done.stderr)


class Plot(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for name in ("forgetting.csv", "step_latency.csv"):
            shutil.copy(os.path.join(ROOT, "results/reference", name), self.folder.name)

    def plot(self, path):
        return run([os.path.join(ROOT, "scripts/plot"), self.folder.name],
                   env=dict(os.environ, PATH=path + os.pathsep + os.environ["PATH"]))

    @unittest.skipIf(shutil.which("gnuplot") is None, "gnuplot is not installed")
    def test_it_draws_in_silence(self):
        done = self.plot("")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        for name in ("forgetting.svg", "step_latency.svg"):
            with open(os.path.join(self.folder.name, name), encoding="utf-8") as stream:
                text = stream.read()
            self.assertIn("</svg>", text)
            self.assertIn("amnesiac-finetuning", text)

    def test_no_data_follow_a_plot(self):
        """gnuplot 6 warns of them inside a multiplot, gnuplot 5 does not."""
        tools = os.path.join(self.folder.name, "bin")
        os.mkdir(tools)
        with open(os.path.join(tools, "gnuplot"), "w", encoding="utf-8") as stream:
            stream.write("#!/usr/bin/env bash\ncat >>%s/script\n" % tools)
        os.chmod(os.path.join(tools, "gnuplot"), 0o755)
        done = self.plot(tools)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        with open(os.path.join(tools, "script"), encoding="utf-8") as stream:
            script = stream.read()
        self.assertIn("set multiplot", script)
        self.assertIn("EOD\n", script)
        self.assertNotRegex(script, r"""["']-["']""")


if __name__ == "__main__":
    unittest.main()
