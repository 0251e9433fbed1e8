#!/usr/bin/python3
"""test_scaling_model - the cuts that scripts/scaling-model assumes are the engine's.

Usage: test_scaling_model.py STEP_PLAN SCALING_MODEL

step_plan compiles steps of `tiles` and tells what every thread does in every phase; the
model must say the same of rectangles, rows of blocks, tiles and operations.
"""
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import importlib.machinery
import importlib.util
import json
import os
import subprocess
import tempfile
import unittest

NETWORKS = [("256,256", 128), ("256,100,64", 37), ("256,256", 512), ("2000,2000", 64),
            ("16", 5), ("1000,300,400", 96), ("700", 250)]
THREADS = (1, 2, 3, 5, 8, 16, 64)
WORKS = ("batch", "forward", "loss", "backward", "update")


def load(path):
    loader = importlib.machinery.SourceFileLoader("scaling_model", path)
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("scaling_model", loader))
    loader.exec_module(module)
    return module


def engine(hidden, batch, optimizer, threads):
    done = subprocess.run([STEP_PLAN, hidden, str(batch), optimizer, str(threads), "0"],
                          capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def widths_of(hidden):
    return [784] + [int(w) for w in hidden.split(",")] + [10]


def described(items):
    """A thread's part of a phase in the words of step_plan, without times."""
    out = {work: sum(i[0] == work for i in items) for work in WORKS}
    out["rectangles"] = [list(i[2][1:]) for i in items
                         if i[0] in ("forward", "backward") and isinstance(i[2], tuple)]
    out["rows"] = [i[2] for i in items if i[0] == "batch"]
    return out


class Cuts(unittest.TestCase):
    def test_every_thread_does_what_the_model_says(self):
        for hidden, batch in NETWORKS:
            layers = MODEL.make_layers(widths_of(hidden))
            for threads in THREADS:
                with self.subTest(hidden=hidden, batch=batch, threads=threads):
                    phases = engine(hidden, batch, "sgd", threads)["phases"]
                    ours = MODEL.cut(layers, batch, threads)
                    self.assertEqual(len(ours), len(phases))
                    for own, theirs in zip(ours, phases):
                        counted = [{k: v[0] if k in WORKS else v for k, v in t.items()}
                                   for t in theirs]
                        self.assertEqual([described(items) for items in own], counted)

    def test_pieces(self):
        for hidden, batch in NETWORKS:
            with self.subTest(hidden=hidden):
                theirs = engine(hidden, batch, "adam", 1)["pieces"]
                layers = MODEL.make_layers(widths_of(hidden))
                ours = [list(p) for layer in layers for p in MODEL.pieces(layer, batch)]
                self.assertEqual([p[:3] + [int(p[3])] for p in ours], theirs)


class Predictions(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(ROOT, "results/reference/machine.json"),
                  encoding="utf-8") as stream:
            self.document = json.load(stream)

    def run_model(self, *words):
        return subprocess.run([sys.executable, SCALING_MODEL, *words], check=False,
                              capture_output=True, text=True, timeout=60)

    def test_parts_add_up_to_the_step(self):
        done = self.run_model(os.path.join(ROOT, "results/reference"), "--format", "json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        rows = json.loads(done.stdout)["rows"]
        self.assertEqual([r["threads"] for r in rows], list(MODEL.LADDER))
        for row in rows:
            parts = sum(row[k] for k in ("compute", "moved", "imbalance", "barriers"))
            self.assertAlmostEqual(parts, row["step"], delta=1e-6 * row["step"])
            self.assertTrue(0 < row["share"] < 1)

    def test_a_slower_machine_is_predicted_slower(self):
        base = self.step()
        for name, factor in (("matmul_gflops", 0.5), ("barrier_ns", 2.0)):
            for roof in self.document["roofs"][name]:
                roof["value"] *= factor
            slower = self.step()
            self.assertGreater(slower, base)
            base = slower

    def step(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as stream:
            json.dump(self.document, stream)
            stream.flush()
            done = self.run_model(stream.name, "--format", "json")
        return json.loads(done.stdout)["rows"][4]["step"]

    def test_wrong_words_are_refused(self):
        for words, status in ((("/none",), 3), ((ROOT,), 3), ((), 2),
                              (("/none", "--hidden", "x"), 2)):
            done = self.run_model(*words)
            self.assertEqual((done.returncode, done.stdout), (status, ""))
        self.assertIn("Usage: scripts/scaling-model", self.run_model("--help").stdout)


if __name__ == "__main__":
    STEP_PLAN, SCALING_MODEL = sys.argv[1:3]
    ROOT = os.path.dirname(os.path.dirname(SCALING_MODEL))
    MODEL = load(SCALING_MODEL)
    unittest.main(argv=sys.argv[:1])
