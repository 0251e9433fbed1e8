"""settings - the options of a trial as its record states them, and what they imply."""


class Unsupported(Exception):
    """What the record asks for is outside what this witness can repeat."""


# What is understood of every option that names a choice. Threads, placement, strategy and
# the like change times and not results: a record is free to have any of them.
UNDERSTOOD = {
    "algorithm": ("finetuning", "amnesiac-finetuning"),
    "dataset": ("mnist", "fashion-mnist"),
    "sequence": ("permuted", "rotated", "split"),
    "scenario": ("til", "cil", "dil"),
    "permutations": ("torch",),
    "backbone": ("mlp",),
    "initialization": ("uniform-fan-in", "xavier-uniform"),
    "head": ("own", "masked"),
    "cil_classes": ("seen", "all"),
    "optimizer": ("adam", "sgd"),
    "optimizer_state": ("reset", "keep"),
    "last_batch": ("drop", "keep"),
    "unlearn_mode": ("subtract",),
}


def requests_of(text):
    """{2: [1], 5: [3, 4]} of "2:1,5:3+4"."""
    requests = {}
    for request in (text or "").split(","):
        if request:
            after, tasks = request.split(":")
            requests.setdefault(int(after), []).extend(int(t) for t in tasks.split("+"))
    return requests


class Settings:
    """config is the object of that name in a trial record."""

    def __init__(self, config):
        for name, allowed in UNDERSTOOD.items():
            if config[name] not in allowed:
                raise Unsupported("config: %s: '%s' cannot be repeated here (%s)"
                                  % (name, config[name], ", ".join(allowed)))
        for name, value in config.items():
            setattr(self, name, value)
        self.permute_first = config["permute_first"] == "yes"
        self.classes_per_task = (config["classes_per_task"]
                                 if self.sequence == "split" else 10)
        self.keep_optimizer_state = self.optimizer_state == "keep"
        self.keep_last_batch = self.last_batch == "keep"
        self.records_updates = (self.algorithm == "amnesiac-finetuning"
                                and config["disable_unlearning"] == "no")
        self.requests = requests_of(config["unlearn"]) if self.records_updates else {}

    @property
    def own_heads(self):
        """One head a task; otherwise a single head, as wide as is needed."""
        return self.scenario == "til" and self.head == "own"

    @property
    def head_widths(self):
        if self.own_heads:
            return [self.classes_per_task] * self.tasks
        if self.scenario == "dil":
            return [self.classes_per_task]
        return [self.classes_per_task * self.tasks]

    def head_of(self, task):
        """Index of the head that answers for a task (1-based)."""
        return task - 1 if self.own_heads else 0

    def label_offset(self, task):
        """Column of the task's first class in its head."""
        if self.own_heads or self.scenario == "dil":
            return 0
        return (task - 1) * self.classes_per_task

    def columns(self, task, trained):
        """Columns that take part in loss and prediction for a task when the tasks up to
        `trained` have been seen."""
        if self.scenario == "dil" or self.own_heads:
            return 0, self.classes_per_task
        if self.scenario == "til":
            first = self.label_offset(task)
            return first, first + self.classes_per_task
        seen = self.tasks if self.cil_classes == "all" else trained
        return 0, seen * self.classes_per_task

    def epochs_of(self, n_samples):
        """Batch sizes, a list an epoch. With `steps`, the last epoch is cut short."""
        batches = [self.batch_size] * (n_samples // self.batch_size)
        rest = n_samples % self.batch_size
        if rest > 0 and self.keep_last_batch:
            batches.append(rest)
        if self.steps is None:
            return [batches] * self.epochs
        epochs, left = [], self.steps
        while left > 0:
            epochs.append(batches[:left])
            left -= len(epochs[-1])
        return epochs
