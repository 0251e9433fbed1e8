"""trial - repeats a trial from what ebb dumped, and compares as it goes.

Only the initial parameters and the order of samples are taken over. Each task starts from
ebb's parameters once those have been found to agree, so that rounding does not add up
over tasks and a disagreement is named where it arises; optimizer state and the records
of what tasks changed are the witness's own throughout.
"""
import hashlib
import math
import os

import numpy

import metrics
from network import Network, Optimizer, cross_entropy
from tasks import Task, Unreadable

# Rounding stays rounding (losses within 1e-6, parameters within 1e-5) until it decides
# about a ReLU: then a sample counts in one trajectory and not in the other, and Adam,
# which divides by gradients however small, doubles the difference every few dozen steps;
# two runs of ebb with different strategies part in the same way. So bounds are sharp
# unless a sum came that near to zero before, and loose from the step on that shows it.
# Short tasks are the sharp test: in long ones it happens sooner or later.
KINK = 3e-6  # of the root mean square in the layer, and
KINK_PER_LOSS = 10  # so much of the largest error of a loss that was within PARTING_LOSS
LONG_STEPS = 100  # from here on it is taken to have happened
SMALL_LOSS = 1e-2  # losses are compared relative to themselves, but at least to this
STEP_LOSS = 1e-4
PARTING_LOSS = 1e-5  # what shows that trajectories part
EARLY_STEPS, EARLY_PARTED_LOSS = 50, 2e-2
PARTED_LOSS = 0.5  # root mean square over steps after parting, of their mean loss
# Of the distance moved in the task, for weights and bias of each layer:
PARAMETERS, PARAMETERS_PARTED = 1e-3, 0.8
VALIDATION_LOSS, VALIDATION_LOSS_PARTED = 1e-4, 0.5
VALIDATION_IMAGES_PARTED = 0.02  # share of them
TEST_LOSS = 1e-5  # of ebb's own parameters
TEST_IMAGES = 2  # nothing but ties can differ
EVALUATION_ROWS = 2048


class Disagreement(Exception):
    """The first check that failed, as a line."""


def require(condition, line):
    if not condition:
        raise Disagreement(line)


def relative(value, expected, floor=0.0):
    return abs(value - expected) / max(abs(expected), floor)


class Witness:
    """record: of `ebb run --format json`; settings: of its config; folder: what --dump
    wrote; images: of its data set. run() yields a line a check and ends with Disagreement
    where one fails."""

    def __init__(self, record, settings, folder, images):
        self.record, self.settings, self.folder = record, settings, folder
        side = images.train[0].shape[1] + 2 * self.settings.pad
        self.network = Network(side * side, self.settings.hidden,
                               self.settings.head_widths)
        self.optimizer = Optimizer(self.settings, self.network.length)
        self.tasks = [Task(self.settings, images, number)
                      for number in range(1, self.settings.tasks + 1)]
        self.updates = {}  # task → what it changed
        self.trained = 0
        self.rounding = 0.0  # largest error of a loss in this task, while they are small
        self.may_part = False  # a sum has come near to zero in this task
        self.parted = None  # the step of this task that showed it

    # ---- what ebb wrote ----------------------------------------------------------------

    def load(self, name, kind):
        path = os.path.join(self.folder, name + ".npy")
        try:
            array = numpy.load(path)
        except (OSError, ValueError) as error:
            raise Unreadable("%s: %s" % (path, error)) from error
        require(array.dtype == numpy.dtype(kind) and array.ndim == 1,
                "%s: %s in %d dimensions (%s in one)" % (path, array.dtype, array.ndim,
                                                         kind))
        return array

    def load_parameters(self, name):
        values = self.load(name, "<f4")
        require(len(values) == self.network.length,
                "%s: %d values (%d)" % (name, len(values), self.network.length))
        return values

    # ---- start -------------------------------------------------------------------------

    def initial_width(self, layer):
        """Largest magnitude of weights and of the bias, by the initialization's name."""
        if self.settings.initialization == "uniform-fan-in":
            return layer.inputs ** -0.5, layer.inputs ** -0.5
        # Under cil every task has a layer of its own, side by side with the others.
        outputs = (self.settings.classes_per_task
                   if self.settings.scenario == "cil" and layer in self.network.heads
                   else layer.outputs)
        return (6 / (layer.inputs + outputs)) ** 0.5, 0.0

    def check_initial(self):
        values = self.load_parameters("parameters_initial").astype(float)
        require(self.record["parameters"] == len(values),
                "initial parameters: the record counts %d, the dump has %d"
                % (self.record["parameters"], len(values)))
        for layer in self.network.layers:
            for part, drawn, width in zip(("weights", "bias"), layer.of(values),
                                          self.initial_width(layer)):
                where = "initial parameters: %s %s" % (layer.name, part)
                largest = abs(drawn).max()
                require(largest <= width * (1 + 1e-6),
                        "%s: %g is outside ±%g" % (where, largest, width))
                # A uniform variable has deviation width/√3; its square, width²·√(4/45).
                for name, seen, expected, deviation in (
                        ("mean", drawn.mean(), 0, width / 3 ** 0.5),
                        ("mean square", (drawn ** 2).mean(), width ** 2 / 3,
                         width ** 2 * (4 / 45) ** 0.5)):
                    error = abs(seen - expected)
                    require(error <= 5 * deviation / drawn.size ** 0.5,
                            "%s: %s %g (%g)" % (where, name, seen, expected))
        self.network.values[:] = values
        return ("initial parameters: %d, range, mean and spread as %s says"
                % (len(values), self.settings.initialization))

    # ---- training ----------------------------------------------------------------------

    def check_order(self, task, order, epochs):
        """Every epoch's samples are distinct and from the training part."""
        total = sum(map(sum, epochs))
        where = "task %d order" % task.number
        require(len(order) == total, "%s: %d samples (%d)" % (where, len(order), total))
        first = 0
        for number, batches in enumerate(epochs, 1):
            part = order[first:first + sum(batches)]
            require(len(numpy.unique(part)) == len(part),
                    "%s: epoch %d has a sample twice" % (where, number))
            require(numpy.isin(part, task.train).all(),
                    "%s: epoch %d has a sample that is not to be trained on"
                    % (where, number))
            first += len(part)
        require(first < 2 or (numpy.diff(order.astype(int)) < 0).any(),
                "%s: not shuffled" % where)
        return "%s: %d samples in %d epochs, none twice" % (where, total, len(epochs))

    def groups(self, task):
        """Parts of the vector that a step of the task moves, each with a counter."""
        if not self.settings.own_heads:
            return [slice(0, self.network.length)]
        head = self.network.heads[self.settings.head_of(task)]
        return [slice(0, self.network.heads[0].weights.start),
                slice(head.weights.start, head.bias.stop)]

    def step(self, task, samples):
        head = self.settings.head_of(task.number)
        values = self.network.forward(task.inputs("train", samples), head)
        losses, flow, _ = cross_entropy(values[-1], task.labels("train", samples),
                                        self.settings.columns(task.number, task.number))
        gradient = self.network.gradient(values, flow / len(samples), head)
        self.optimizer.step(self.network.values, gradient, self.groups(task.number))
        return losses.mean()

    def compare_step(self, task, number, theirs, ours):
        error = relative(theirs, ours, SMALL_LOSS)
        if self.parted is None and error > PARTING_LOSS and self.may_part:
            self.parted = number
        bound = (STEP_LOSS if self.parted is None
                 else EARLY_PARTED_LOSS if number <= EARLY_STEPS else math.inf)
        require(error <= bound,
                "task %d step %d: loss %.9g (%.9g: off by %.2g of it, at most %g)"
                % (task.number, number, theirs, ours, error, bound))
        # A kink in this step shows in the next one's loss.
        self.rounding = max(self.rounding, min(error, PARTING_LOSS))
        self.may_part |= (number == LONG_STEPS or self.network.nearest_kink
                          < KINK + KINK_PER_LOSS * self.rounding)

    def train_epoch(self, task, batches, losses, expected):
        """Appends to expected; ends at the first step whose loss disagrees."""
        for samples in batches:
            expected.append(self.step(task, samples))
            number = len(expected)
            self.compare_step(task, number, losses[number - 1], expected[-1])

    def check_losses(self, task, losses, expected):
        alike = len(expected) if self.parted is None else self.parted - 1
        error = max(map(lambda a, b: relative(a, b, SMALL_LOSS), losses[:alike],
                        expected), default=0.0)
        line = ("task %d loss: %d steps, each within %.1e" % (task.number, alike, error))
        later = losses[alike:] - numpy.array(expected[alike:])
        if later.size > 0:
            error = ((later ** 2).mean() ** 0.5
                     / max(numpy.mean(expected[alike:]), SMALL_LOSS))
            line += ", then %d within %.1e (at most %g)" % (later.size, error,
                                                            PARTED_LOSS)
            require(error <= PARTED_LOSS, line)
        return line

    def train(self, task):
        order = self.load("task%d_order" % task.number, "<u4")
        losses = self.load("task%d_loss" % task.number, "<f8")
        epochs = self.settings.epochs_of(len(task.train))
        yield self.check_order(task, order, epochs)
        self.rounding, self.may_part, self.parted = 0.0, False, None
        steps = sum(map(len, epochs))
        require(len(losses) == steps, "task %d loss: %d steps (%d)"
                % (task.number, len(losses), steps))
        expected, first = [], 0
        for number, batches in enumerate(epochs, 1):
            ends = first + numpy.cumsum(batches)
            self.train_epoch(task, numpy.split(order[first:ends[-1]], ends[:-1] - first),
                             losses, expected)
            first = ends[-1]
            if len(task.validation) > 0:
                yield self.check_validation(task, number)
        yield self.check_losses(task, losses, expected)

    # ---- unlearning and parameters -----------------------------------------------------

    def unlearn(self, number):
        """Returns the length of what was subtracted, by parameter: |Δ| summed."""
        moved = numpy.zeros(self.network.length)
        for task in self.settings.requests.get(number, []):
            update = self.updates.pop(task)
            self.network.values -= update
            moved += abs(update)
        return moved

    def check_parameters(self, number, moved):
        """Weights and bias of each layer, as a share of how far the task moved them."""
        theirs = self.load_parameters("parameters_task%d" % number)
        bound = PARAMETERS if self.parted is None else PARAMETERS_PARTED
        worst, worst_name = 0.0, "none moved"
        for layer in self.network.layers:
            for part, ours, other, path in zip(
                    ("weights", "bias"), layer.of(self.network.values),
                    layer.of(theirs), layer.of(moved)):
                name = "%s %s" % (layer.name, part)
                error, length = (numpy.linalg.norm(ours - other), numpy.linalg.norm(path))
                require(error <= bound * length,
                        "task %d parameters: %s: off by %g, moved by %g (at most %g of "
                        "that)" % (number, name, error, length, bound))
                if error > worst * length:
                    worst, worst_name = error / length, name
        ours, digest = (hashlib.sha256(theirs.tobytes()).hexdigest(),
                        self.record["task_digests"][number - 1])
        require(digest == ours, "task %d digest: %s (%s)" % (number, digest, ours))
        self.network.values[:] = theirs
        return ("task %d parameters: within %.1e of the distance moved, %s (at most %g)"
                % (number, worst, worst_name, bound))

    # ---- evaluation --------------------------------------------------------------------

    def evaluate(self, task, part, samples):
        """Accuracy and loss over samples, then both as unweighted means over batches."""
        losses, right = [], []
        for first in range(0, len(samples), EVALUATION_ROWS):
            chosen = samples[first:first + EVALUATION_ROWS]
            outputs = self.network.forward(task.inputs(part, chosen),
                                           self.settings.head_of(task.number))[-1]
            loss, _, hit = cross_entropy(
                outputs, task.labels(part, chosen),
                self.settings.columns(task.number, max(self.trained, task.number)))
            losses.append(loss)
            right.append(hit)
        values = [numpy.concatenate(right), numpy.concatenate(losses)]
        starts = numpy.arange(0, len(samples), self.settings.batch_size)
        sizes = numpy.diff(numpy.append(starts, len(samples)))
        return ([v.mean() for v in values]
                + [(numpy.add.reduceat(v.astype(float), starts) / sizes).mean()
                   for v in values])

    def check_validation(self, task, epoch):
        where = "task %d validation, epoch %d" % (task.number, epoch)
        entries = [e for e in self.record["validation"]
                   if (e["task"], e["epoch"]) == (task.number, epoch)]
        require(len(entries) == 1, "%s: %d entries in the record (1)" % (where,
                                                                         len(entries)))
        accuracy, loss = self.evaluate(task, "train", task.validation)[:2]
        images = abs(entries[0]["accuracy"] - accuracy) * len(task.validation)
        bound, loss_bound = TEST_IMAGES, VALIDATION_LOSS
        if self.parted is not None:
            bound += VALIDATION_IMAGES_PARTED * len(task.validation)
            loss_bound = VALIDATION_LOSS_PARTED
        line = ("%s: accuracy %.4f, off by %.0f images (at most %d), loss %.5f"
                % (where, entries[0]["accuracy"], images, bound, entries[0]["loss"]))
        require(images <= bound + 0.5, line)
        require(relative(entries[0]["loss"], loss, SMALL_LOSS) <= loss_bound,
                "%s (%.5f)" % (line, loss))
        return line

    def check_test(self, task, row):
        exact = (self.record["accuracy"], self.record["loss"])
        compat = [self.record["metrics"]["compat_" + m] for m in ("accuracy", "loss")]
        theirs = [matrix[row - 1][task.number - 1] for matrix in (*exact, *compat)]
        where = "task %d test after %d" % (task.number, row)
        require(None not in theirs, "%s: not in the record" % where)
        ours = self.evaluate(task, "test", task.test)
        n = len(task.test)
        # In a mean over batches an image in the last, short one weighs more.
        weight = self.settings.batch_size / ((n - 1) % self.settings.batch_size + 1)
        images = abs(theirs[0] - ours[0]) * n
        line = ("%s: accuracy %.4f, off by %.0f images (at most %d), loss %.5f"
                % (where, theirs[0], images, TEST_IMAGES, theirs[1]))
        require(images <= TEST_IMAGES + 0.5, line)
        require(abs(theirs[2] - ours[2]) * n <= images * weight + 1e-6,
                "%s: mean over batches %.6f (%.6f)" % (where, theirs[2], ours[2]))
        for name, value, expected in zip(("loss", "mean loss over batches"),
                                         theirs[1::2], ours[1::2]):
            require(relative(value, expected, SMALL_LOSS) <= TEST_LOSS,
                    "%s: %s %.9g (%.9g)" % (where, name, value, expected))
        return line

    # ---- all of it ---------------------------------------------------------------------

    def run_task(self, task):
        if not self.settings.keep_optimizer_state:
            self.optimizer.reset()
        start = self.network.values.copy()
        yield from self.train(task)
        self.trained = task.number
        update = self.network.values - start
        if self.settings.records_updates:
            self.updates[task.number] = update
        yield self.check_parameters(task.number, abs(update) + self.unlearn(task.number))
        for tested in self.tasks[:task.number]:
            yield self.check_test(tested, task.number)

    def run(self):
        yield self.check_initial()
        for task in self.tasks:
            yield from self.run_task(task)
        last = self.load_parameters("parameters_final")
        require((last == self.network.values).all() and
                self.record["digest"] == self.record["task_digests"][-1],
                "final parameters: not those after the last task")
        yield "final parameters: those after the last task"
        yield from metrics.check(self.record, self.settings, self.network, require)
