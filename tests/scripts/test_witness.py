#!/usr/bin/python3
"""test_witness - short trials over every option that changes results, repeated in NumPy.

Usage: test_witness.py EBB [UNITTEST WORDS]

Each row of the table is run with --dump and must agree; then one option in its record is
replaced, and the witness must notice: what no wrong value disturbs has not been checked.
Needs Fashion-MNIST; MNIST is used too where it is found.
"""
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import json
import os
import shutil
import subprocess
import tempfile
import unittest

import numpy

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
sys.path.insert(0, os.path.join(ROOT, "scripts", "witness"))

import tasks
from settings import Settings, Unsupported, requests_of
from trial import Disagreement, Witness

SKIPPED = 77
EBB = None
SMALL = "--steps 60 --hidden 16,8 --batch-size 16 "
AMNESIAC = " --algorithm amnesiac-finetuning --unlearn "

# Options of the trial, what is put in place of what in its record, what must be noticed.
TABLE = [
    (SMALL + "--tasks 3" + AMNESIAC + "2:1,3:3", {"unlearn": "3:3"},
     r"task 2 parameters: .*off by"),
    (SMALL + "--tasks 2 --head masked --weight-decay 0.01 --optimizer-state keep",
     {"optimizer_state": "reset"}, r"task 2 step \d+: loss"),
    (SMALL + "--tasks 2 --sequence split --weight-decay 0.01 --optimizer-state keep"
     " --strategy reference", {"weight_decay": 0.0}, r"task 1 "),
    (SMALL + "--tasks 3 --sequence split --scenario cil --weight-decay 0.01",
     {"cil_classes": "all"}, r"task 1 step 1: loss"),
    (SMALL + "--tasks 2 --sequence split --scenario cil --cil-classes all --optimizer sgd"
     " --learning-rate 0.02 --momentum 0.9 --weight-decay 0.001 --strategy shards"
     " --threads 2", {"momentum": 0.89}, r"task 1 step \d+: loss"),
    (SMALL + "--tasks 3 --sequence rotated --scenario dil --pad 2 --optimizer sgd"
     " --learning-rate 0.1 --strategy internal --threads 2", {"max_angle": 175.0},
     r"task 2 step \d+: loss"),
    ("--steps 60 --hidden 17,3 --batch-size 13 --tasks 5 --sequence split --scenario dil"
     " --class-order 3,1,4,0,5,9,2,6,8,7" + AMNESIAC + "3:1+2,5:5",
     {"class_order": [3, 1, 0, 4, 5, 9, 2, 6, 8, 7]}, r"task 2 step 1: loss"),
    ("--steps 60 --hidden none --batch-size 7 --tasks 2 --permute-first no"
     " --normalize none --initialization xavier-uniform --pad 1",
     {"initialization": "uniform-fan-in"}, r"initial parameters: head 1 weights"),
    ("--epochs 1 --hidden 16 --batch-size 1000 --tasks 2 --scenario cil --last-batch keep"
     " --validation-fraction 0 --initialization xavier-uniform --normalize 0.5,0.25"
     " --optimizer-state keep", {"normalize": [0.5, 0.24]}, r"task 1 step 1: loss"),
    ("--steps 130 --hidden 16 --batch-size 70 --tasks 2 --sequence split --scenario dil"
     " --last-batch keep --validation-fraction 0.25", {"last_batch": "drop"},
     r"task 1 order: 9070 samples \(9100\)"),
    ("--steps 30 --hidden 16 --batch-size 5 --tasks 10 --classes-per-task 1"
     " --sequence split --scenario cil", {"batch_size": 4}, r"task 1 order: "),
    ("--steps 55 --batch-size 32 --tasks 1 --validation-fraction 0.01 --dataset mnist",
     {"learning_rate": 0.00101}, r"task 1 step \d+: loss"),
]


def find_data():
    """{name of the data set: folder}"""
    beside = os.environ.get("EBB_TEST_DATA_DIR") or os.path.join(ROOT, "../shared/data")
    places = {"fashion-mnist": ["/usr/share/datasets/fashion-mnist"],
              "mnist": [os.path.join(beside, "mnist")]}
    return {name: folder for name, folders in places.items() for folder in folders
            if os.path.exists(os.path.join(folder, "train-images-idx3-ubyte.gz"))}


DATA = find_data()
IMAGES = {}


def images_of(name):
    if name not in IMAGES:
        IMAGES[name] = tasks.Images(name, DATA[name])
    return IMAGES[name]


def run_trial(words, folder):
    """The record of a trial that leaves its dump in folder."""
    words = words.split()
    if "mnist" in words and "mnist" not in DATA:
        words[words.index("mnist")] = "fashion-mnist"
    name = "mnist" if "mnist" in words else "fashion-mnist"
    done = subprocess.run(
        [EBB, "run", *words, "--data-dir", DATA[name], "--dump", folder,
         "--format", "json", "--quiet"], capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise AssertionError("ebb run %s: status %d: %s" % (" ".join(words),
                                                            done.returncode, done.stderr))
    return json.loads(done.stdout)


class Sharp(Witness):
    """Trials this short are followed to their end within the sharp bounds."""

    def run_task(self, task):
        yield from super().run_task(task)
        if self.parted is not None:
            raise AssertionError("task %d: trajectories part at step %d"
                                 % (task.number, self.parted))


def witness(record, folder, kind=Witness):
    """Lines of the checks that agree; Disagreement at the first that does not."""
    settings = Settings(record["config"])
    return list(kind(record, settings, folder, images_of(settings.dataset)).run())


class Table(unittest.TestCase):
    def test_trials_agree_and_what_is_changed_is_noticed(self):
        for words, change, pattern in TABLE:
            with self.subTest(trial=words), tempfile.TemporaryDirectory() as folder:
                record = run_trial(words, os.path.join(folder, "dump"))
                witness(record, os.path.join(folder, "dump"), Sharp)
                record["config"].update(change)
                with self.subTest(change=change):
                    with self.assertRaisesRegex(Disagreement, pattern):
                        witness(record, os.path.join(folder, "dump"))


def change_file(name, change):
    def do(_record, folder):
        path = os.path.join(folder, name + ".npy")
        values = numpy.load(path)
        change(values)
        numpy.save(path, values)
    return do


def scale_last_weight(values):
    values[-1] *= 1.01


def repeat_sample(values):
    values[1] = values[0]


def scale_loss(values):
    values[10] *= 1.001


def add_images(record, _folder):
    record["accuracy"][1][0] += 5e-4


def weigh_batches(record, _folder):
    record["metrics"]["compat_accuracy"] = record["accuracy"]


def change_metric(record, _folder):
    record["metrics"]["forgetting"] += 1e-6


def change_digest(record, _folder):
    record["task_digests"][0] = record["task_digests"][1]


class Tampering(unittest.TestCase):
    """One wrong value in the dump or the record of a trial that agrees."""

    CASES = [
        (change_file("task2_order", repeat_sample), r"task 2 order: epoch 1 .* twice"),
        (change_file("task2_loss", scale_loss), r"task 2 step 11: loss"),
        (change_file("parameters_task1", scale_last_weight),
         r"task 1 parameters: head 2 bias"),
        (change_file("parameters_final", scale_last_weight), r"final parameters"),
        (add_images, r"task 1 test after 2: accuracy .* off by 5 images"),
        (weigh_batches, r"task 1 test after 1: mean over batches"),
        (change_metric, r"metrics: forgetting"),
        (change_digest, r"task 1 digest"),
    ]

    def test_one_wrong_value_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            dump = os.path.join(folder, "dump")
            record = run_trial("--steps 20 --hidden 16 --tasks 2", dump)
            witness(record, dump)
            for number, (change, pattern) in enumerate(self.CASES):
                with self.subTest(pattern=pattern):
                    copy = os.path.join(folder, str(number))
                    shutil.copytree(dump, copy)
                    changed = json.loads(json.dumps(record))
                    change(changed, copy)
                    with self.assertRaisesRegex(Disagreement, pattern):
                        witness(changed, copy)

    def test_the_program_tells_by_its_status(self):
        with tempfile.TemporaryDirectory() as folder:
            dump, path = os.path.join(folder, "dump"), os.path.join(folder, "record")
            record = run_trial("--steps 5 --hidden none --tasks 1", dump)

            def program(changed, *words):
                with open(path, "w", encoding="utf-8") as stream:
                    json.dump(changed, stream)
                return subprocess.run(
                    [sys.executable, "-B", os.path.join(ROOT, "scripts/witness"), path,
                     dump, *words], capture_output=True, text=True, check=False)

            done = program(record)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.endswith("\nall agrees\n"), done.stdout)
            done = program({**record, "step_flop": 1})
            self.assertEqual((done.returncode, done.stderr), (1, ""))
            self.assertRegex(done.stdout, r"\nstep_flop: 1 \(\d+\): DISAGREES\n$")
            done = program({**record, "config": {**record["config"],
                                                 "dataset": "synthetic"}})
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertRegex(done.stderr, r"^witness: config: dataset: 'synthetic'")
            done = program(record, "--data-dir", folder)
            self.assertEqual((done.returncode, done.stdout), (3, ""))
            self.assertRegex(done.stderr, r"^witness: .*train-images-idx3-ubyte: absent")


class Parts(unittest.TestCase):
    """Vectors that were made with PyTorch and Pillow."""

    def test_permutations(self):
        for n, seed, first in (
                (784, tasks.DEFAULT_SEED, [326, 525, 647, 591, 253, 35, 590, 321]),
                (784, 1, [21, 33, 612, 322, 647, 44, 45, 600]),
                (784, 4, [10, 679, 623, 390, 253, 33, 401, 389])):
            order = tasks.torch_permutation(n, seed)
            self.assertEqual(order[:8].tolist(), first)
            self.assertEqual(sorted(order), list(range(n)))

    def test_validation_split(self):
        train, held_out = tasks.validation_split(60000, 0.1)
        self.assertEqual(train[:5].tolist(), [37542, 43087, 2992, 25810, 39634])
        self.assertEqual(held_out[:5].tolist(), [33841, 37977, 40521, 16882, 50296])
        self.assertEqual([len(part) for part in tasks.validation_split(12665, 0.1)],
                         [11399, 1266])

    def test_rotation(self):
        image = numpy.arange(1, 26, dtype=numpy.uint8).reshape(1, 5, 5)
        self.assertEqual(tasks.rotate(image, 36.0)[0].tolist(), ROTATED_36)
        self.assertEqual(tasks.rotate(image, 90.0)[0].tolist(), ROTATED_90)

    def test_requests(self):
        self.assertEqual(requests_of("2:1,5:3+4"), {2: [1], 5: [3, 4]})
        self.assertEqual(requests_of(None), {})
        with self.assertRaises(Unsupported):
            Settings({"algorithm": "other"})


ROTATED_36 = [[0, 3, 4, 10, 0],
              [2, 8, 9, 14, 15],
              [6, 7, 13, 19, 20],
              [11, 12, 17, 18, 24],
              [0, 16, 22, 23, 0]]
ROTATED_90 = [[5, 10, 15, 20, 25],
              [4, 9, 14, 19, 24],
              [3, 8, 13, 18, 23],
              [2, 7, 12, 17, 22],
              [1, 6, 11, 16, 21]]


def main():
    global EBB
    EBB = sys.argv.pop(1)
    if "fashion-mnist" not in DATA:
        print("skipped: /usr/share/datasets/fashion-mnist is absent (scripts/setup)")
        return SKIPPED
    if "mnist" not in DATA:
        print("note: no MNIST in $EBB_TEST_DATA_DIR or ../shared/data; not used")
    return not unittest.main(exit=False).result.wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
