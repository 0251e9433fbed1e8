"""tasks - images from IDX files, and the tasks that a sequence makes of them.

Permutations and the validation split are those of PyTorch: MT19937 seeded with the low 32
bits of the seed, and one word for each exchange of the shuffle.
"""
import functools
import gzip
import math
import os

import numpy

# mean and deviation of pixel / 255, as published with the sets
SETS = {"mnist": (0.1307, 0.3081), "fashion-mnist": (0.2860, 0.3530)}
USUAL_PLACE = "/usr/share/datasets"  # of Debian's packages, a folder each
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
DEFAULT_SEED = 67280421310721  # of a PyTorch generator that nobody seeded
SPLIT_SEED = 42
FIXED_ONE = 65536  # 1.0 in 16.16 fixed point


class Unreadable(Exception):
    """A file or folder is absent or is not what it should be."""


def read_idx(path, dimensions):
    """A file of bytes in the IDX format, plain or compressed with gzip."""
    for name, opener in ((path, open), (path + ".gz", gzip.open)):
        if os.path.exists(name):
            with opener(name, "rb") as stream:
                data = stream.read()
            break
    else:
        raise Unreadable("%s: absent, also with .gz" % path)
    if data[:4] != bytes((0, 0, 8, dimensions)):
        raise Unreadable("%s: no IDX file of bytes in %d dimensions" % (name, dimensions))
    shape = numpy.frombuffer(data, ">u4", dimensions, 4)
    values = numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * dimensions)
    if values.size != numpy.prod(shape):
        raise Unreadable("%s: %d bytes of values, not %s" % (name, values.size, shape))
    return values.reshape(shape)


class Images:
    """train and test: (pixels, n x rows x columns; labels, n), in the files' order."""

    def __init__(self, name, folder=None):
        self.mean, self.deviation = SETS[name]
        folder = (folder or os.environ.get("EBB_DATA_DIR")
                  or os.path.join(USUAL_PLACE, name))
        for part, (images, labels) in FILES.items():
            setattr(self, part, (read_idx(os.path.join(folder, images), 3),
                                 read_idx(os.path.join(folder, labels), 1)))


@functools.lru_cache(maxsize=64)  # the same for every batch
def torch_permutation(n, seed):
    """torch.randperm(n) of a generator with that seed. To be read only."""
    words = numpy.frombuffer(
        numpy.random.RandomState(seed & 0xffffffff).bytes(4 * n), "<u4").tolist()
    order = list(range(n))
    for i in range(n - 1):
        j = i + words[i] % (n - i)
        order[i], order[j] = order[j], order[i]
    order = numpy.array(order)
    order.flags.writeable = False
    return order


def validation_split(n, fraction):
    """Positions for training and for validation: sizes rounded down, what is left over is
    handed out one by one from the first part on."""
    if fraction == 0:
        return numpy.arange(n), numpy.arange(0)
    sizes = [math.floor(n * (1 - fraction)), math.floor(n * fraction)]
    for i in range(n - sum(sizes)):
        sizes[i % 2] += 1
    order = torch_permutation(n, SPLIT_SEED)
    return order[:sizes[0]], order[sizes[0]:]


def rotate(images, degrees):
    """Counter-clockwise about the centre, nearest neighbour, black outside. Positions are
    stepped in 16.16 fixed point, as Pillow does: it decides which pixel is nearest."""
    if degrees % 90 == 0:
        return numpy.rot90(images, int(degrees // 90) % 4, axes=(1, 2))
    side = images.shape[1]
    angle = math.radians(degrees)
    cosine, sine = round(math.cos(angle), 15), round(math.sin(angle), 15)

    def fixed(value):
        return math.floor(value * FIXED_ONE + 0.5)

    def source(along_x, along_y):
        """Where a pixel comes from, one coordinate: a linear function of (x, y)."""
        centre = side / 2
        start = centre - (along_x + along_y) * centre + (along_x + along_y) / 2
        steps = numpy.arange(side)
        return (fixed(start) + steps[:, None] * fixed(along_y)
                + steps[None, :] * fixed(along_x)) >> 16

    columns, rows = source(cosine, -sine), source(sine, cosine)
    inside = (columns >= 0) & (columns < side) & (rows >= 0) & (rows < side)
    turned = images[:, numpy.where(inside, rows, 0), numpy.where(inside, columns, 0)]
    return numpy.where(inside, turned, 0)


class Task:
    """Samples of one task: `train` and `validation` index the training file."""

    def __init__(self, settings, images, number):
        self.settings, self.images, self.number = settings, images, number
        self.classes = None
        if settings.sequence == "split":
            first = (number - 1) * settings.classes_per_task
            self.classes = settings.class_order[first:first + settings.classes_per_task]
        chosen = self._chosen("train")
        train, held_out = validation_split(len(chosen), settings.validation_fraction)
        self.train, self.validation = chosen[train], chosen[held_out]
        self.test = self._chosen("test")

    def _chosen(self, part):
        labels = getattr(self.images, part)[1]
        if self.classes is None:
            return numpy.arange(len(labels))
        return numpy.flatnonzero(numpy.isin(labels, self.classes))

    def _permutation(self, n):
        if self.number == 1:
            if not self.settings.permute_first:
                return numpy.arange(n)
            return torch_permutation(n, DEFAULT_SEED)
        return torch_permutation(n, self.number - 1)

    def _normalization(self):
        if self.settings.normalize == "dataset":
            return self.images.mean, self.images.deviation
        return (0, 1) if self.settings.normalize == "none" else self.settings.normalize

    def inputs(self, part, samples):
        """Rotated, padded, permuted and normalised images, one row each."""
        settings = self.settings
        pixels = getattr(self.images, part)[0][samples]
        if settings.sequence == "rotated":
            pixels = rotate(pixels, (self.number - 1) * settings.max_angle
                            / settings.tasks)
        pad = settings.pad
        pixels = numpy.pad(pixels, ((0, 0), (pad, pad), (pad, pad)))
        rows = pixels.reshape(len(pixels), -1)
        if settings.sequence == "permuted":
            rows = rows[:, self._permutation(rows.shape[1])]
        mean, deviation = self._normalization()
        return (rows / 255 - mean) / deviation

    def labels(self, part, samples):
        """Columns of the task's head."""
        labels = getattr(self.images, part)[1][samples].astype(int)
        if self.classes is not None:
            position = numpy.zeros(256, int)
            position[self.classes] = numpy.arange(len(self.classes))
            labels = position[labels]
        return labels + self.settings.label_offset(self.number)
