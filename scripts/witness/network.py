"""network - fully connected layers with ReLU, heads, and the two optimizers.

All parameters are one vector, in the order of the dump: layer by layer, backbone first,
then heads; weights input by input, then the bias. Everything is computed in double
precision: what differs from ebb beyond single precision's rounding is then ebb's.
"""
import numpy


class Layer:
    def __init__(self, name, inputs, outputs, first):
        self.name, self.inputs, self.outputs = name, inputs, outputs
        self.weights = slice(first, first + inputs * outputs)
        self.bias = slice(self.weights.stop, self.weights.stop + outputs)

    def of(self, vector):
        """Views of weights (inputs x outputs) and bias in any vector of parameters."""
        return (vector[self.weights].reshape(self.inputs, self.outputs),
                vector[self.bias])


class Network:
    def __init__(self, features, hidden, head_widths):
        self.length = 0
        self.backbone, self.heads = [], []
        for number, width in enumerate(hidden, 1):
            self.backbone.append(self._append("layer %d" % number, features, width))
            features = width
        for number, width in enumerate(head_widths, 1):
            self.heads.append(self._append("head %d" % number, features, width))
        self.values = numpy.zeros(self.length)
        # Of the last forward pass: the smallest input of a ReLU, as a share of the root
        # mean square in its layer. What is exactly zero is zero in every precision.
        self.nearest_kink = numpy.inf

    def _append(self, name, inputs, outputs):
        layer = Layer(name, inputs, outputs, self.length)
        self.length = layer.bias.stop
        return layer

    @property
    def layers(self):
        return self.backbone + self.heads

    def forward(self, inputs, head):
        """Input of every layer, then the outputs of the head."""
        values = [inputs]
        self.nearest_kink = numpy.inf
        for layer in self.backbone:
            weights, bias = layer.of(self.values)
            sums = values[-1] @ weights + bias
            size = abs(sums[sums != 0])
            if size.size > 0:
                self.nearest_kink = min(self.nearest_kink,
                                        size.min() / (size ** 2).mean() ** 0.5)
            values.append(numpy.maximum(sums, 0))
        weights, bias = self.heads[head].of(self.values)
        return values + [values[-1] @ weights + bias]

    def gradient(self, values, outputs_gradient, head):
        """Of all parameters; zero where nothing flows."""
        gradient = numpy.zeros(self.length)
        flow = outputs_gradient
        for layer, inputs in zip([self.heads[head]] + self.backbone[::-1],
                                 values[-2::-1]):
            into_weights, into_bias = layer.of(gradient)
            into_weights[:] = inputs.T @ flow
            into_bias[:] = flow.sum(0)
            if layer is not self.layers[0]:
                flow = (flow @ layer.of(self.values)[0].T) * (inputs > 0)
        return gradient


def cross_entropy(outputs, labels, columns):
    """Loss of every row, its gradient (of the sum over rows), and whether the arg-max is
    right; only columns [first, end) take part."""
    first, end = columns
    rows = numpy.arange(len(labels))
    taken = outputs[:, first:end]
    shifted = taken - taken.max(1, keepdims=True)
    log_sum = numpy.log(numpy.exp(shifted).sum(1, keepdims=True))
    losses = (log_sum - shifted[rows, labels - first][:, None])[:, 0]
    gradient = numpy.zeros_like(outputs)
    gradient[:, first:end] = numpy.exp(shifted - log_sum)
    gradient[rows, labels] -= 1
    return losses, gradient, taken.argmax(1) == labels - first


class Optimizer:
    """A group is a part of the vector with a step counter of its own. Groups that are not
    named in a step stay as they are, moments and counter included."""

    def __init__(self, settings, length):
        self.settings = settings
        self.update = {"adam": self._adam, "sgd": self._sgd}[settings.optimizer]
        self.first, self.second = numpy.zeros(length), numpy.zeros(length)
        self.counts = {}

    def reset(self):
        self.first[:] = self.second[:] = 0
        self.counts.clear()

    def step(self, values, gradient, groups):
        for group in groups:
            name = (group.start, group.stop)
            count = self.counts[name] = self.counts.get(name, 0) + 1
            decayed = gradient[group] + self.settings.weight_decay * values[group]
            values[group] -= (self.settings.learning_rate
                              * self.update(decayed, group, count))

    def _adam(self, gradient, group, count):
        """Kingma and Ba 2015, algorithm 1."""
        first, second = self.first[group], self.second[group]
        first[:] = 0.9 * first + 0.1 * gradient
        second[:] = 0.999 * second + 0.001 * gradient ** 2
        return (first / (1 - 0.9 ** count)
                / (numpy.sqrt(second / (1 - 0.999 ** count)) + 1e-8))

    def _sgd(self, gradient, group, _count):
        velocity = self.first[group]
        velocity[:] = self.settings.momentum * velocity + gradient
        return velocity
