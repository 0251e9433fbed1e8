"""metrics - the numbers of a record that follow from its matrices and its options."""
import math

CLOSE = 1e-12


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else None


def expected_metrics(accuracy, unlearned):
    """By the formulas; l in forgetting runs from the task's own training on."""
    last = len(accuracy) - 1
    tasks = range(last + 1)
    remaining = [k for k in tasks if k + 1 not in unlearned]

    def transfer(over):
        return mean(accuracy[last][k] - accuracy[k][k] for k in over if k < last)

    def forgetting(over):
        return mean(max(accuracy[l][k] for l in range(k, last)) - accuracy[last][k]
                    for k in over if k < last)

    return {
        "average_accuracy": mean(accuracy[last]),
        "average_accuracy_remaining": mean(accuracy[last][k] for k in remaining),
        "average_accuracy_unlearned": mean(accuracy[last][k] for k in tasks
                                           if k not in remaining),
        "backward_transfer": transfer(remaining),
        "backward_transfer_all": transfer(tasks),
        "forgetting": forgetting(remaining),
        "forgetting_all": forgetting(tasks),
    }


def expected_step_flop(settings, network):
    """batch × (4·Σ a·b over the weight matrices in use + 2·Σ a·b without the first)"""
    products = [layer.inputs * layer.outputs
                for layer in network.backbone + network.heads[:1]]
    return settings.batch_size * (4 * sum(products) + 2 * sum(products[1:]))


def check(record, settings, network, require):
    unlearned = {task for tasks in settings.requests.values() for task in tasks}
    seen = {entry["after_task"]: entry["tasks"] for entry in record["unlearning"]}
    require(seen == settings.requests,
            "requests: the record has %s (%s)" % (seen, settings.requests))
    yield "requests: %s" % (settings.requests or "none")
    expected = expected_metrics(record["accuracy"], unlearned)
    compat = record["metrics"]["compat_accuracy"]
    expected["compat_average_accuracy"] = mean(compat[-1])
    for name, value in expected.items():
        theirs = record["metrics"][name]
        same = (theirs is None if value is None
                else theirs is not None and math.isclose(theirs, value, abs_tol=CLOSE))
        require(same, "metrics: %s %s (%s)" % (name, theirs, value))
    yield "metrics: %d follow from the matrices" % len(expected)
    flop = expected_step_flop(settings, network)
    theirs = record["step_flop"]
    require(theirs == flop, "step_flop: %s (%s)" % (theirs, flop))
    yield "step_flop: %d" % flop
