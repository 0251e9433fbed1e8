#!/usr/bin/python3
"""check_latex - the LaTeX tables compile as pasted, with booktabs and nothing else.

Usage: check_latex.py FILE.tex...
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

FILES = []
DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs}
\begin{document}
%s
\end{document}
"""


def compile_text(text, name):
    """Log of the run; None when a document was made."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, name + ".tex")
        path.write_text(DOCUMENT % text, encoding="utf-8")
        done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error",
                               path.name], cwd=folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              check=False, timeout=60)
        made = done.returncode == 0 and path.with_suffix(".pdf").stat().st_size > 1000
        return None if made else done.stdout.decode("utf-8", "replace")


class Tables(unittest.TestCase):
    def test_each_compiles(self):
        self.assertGreater(len(FILES), 0)
        for file in FILES:
            with self.subTest(file.name):
                log = compile_text(file.read_text(encoding="utf-8"), file.stem)
                self.assertIsNone(log, log)

    def test_a_fault_would_be_seen(self):
        self.assertIn("booktabs_", compile_text(r"\texttt{booktabs_}", "fault") or "")


if __name__ == "__main__":
    if shutil.which("pdflatex") is None:
        print("skipped: pdflatex is not installed (texlive-latex-recommended)")
        sys.exit(77)
    FILES = [pathlib.Path(word) for word in sys.argv[1:]]
    unittest.main(argv=sys.argv[:1])
