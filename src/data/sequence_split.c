/* Split images (Zenke, Poole, Ganguli, "Continual learning through synaptic
 * intelligence", 2017): every task has some classes of the data set and no other task's.
 * A label within the task is the position of the class in the task's list. */
#include <string.h>

#include "base/buffer.h"
#include "data/sequence_parts.h"

static ebb_status check_order(const ebb_sequence_spec *spec, size_t needed,
                              size_t classes)
{
    bool seen[256] = {false};
    if (spec->class_order == NULL) {
        return EBB_OK;
    }
    for (size_t i = 0; i < spec->n_class_order; i++) {
        const uint8_t class = spec->class_order[i];
        if (class >= classes) {
            return ebb_fail(EBB_ERR_USAGE, "--class-order: class %d (allowed: 0 to %zu)",
                            class, classes - 1);
        }
        if (seen[class]) {
            return ebb_fail(EBB_ERR_USAGE,
                            "--class-order: class %d twice (allowed: each once)", class);
        }
        seen[class] = true;
    }
    if (spec->n_class_order < needed) {
        return ebb_fail(
            EBB_ERR_USAGE,
            "--class-order: %zu classes for %zu tasks of %zu (allowed: at least %zu)",
            spec->n_class_order, spec->n_tasks, spec->classes_per_task, needed);
    }
    return EBB_OK;
}

static ebb_status check(const ebb_sequence_spec *spec, bool square, size_t classes)
{
    EBB_TRY(ebb_sequence_parts_check(spec, square));
    if (spec->classes_per_task < 1 || spec->classes_per_task > classes) {
        return ebb_fail(EBB_ERR_USAGE, "--classes-per-task: %zu (allowed: 1 to %zu)",
                        spec->classes_per_task, classes);
    }
    const size_t needed = spec->n_tasks * spec->classes_per_task;
    if (needed > classes) {
        return ebb_fail(
            EBB_ERR_USAGE,
            "--tasks: %zu tasks of %zu classes need %zu, the data set has %zu "
            "(allowed: up to %zu tasks, or fewer --classes-per-task)",
            spec->n_tasks, spec->classes_per_task, needed, classes,
            classes / spec->classes_per_task);
    }
    return check_order(spec, needed, classes);
}

static uint8_t class_at(const ebb_sequence_spec *spec, size_t position)
{
    return spec->class_order != NULL ? spec->class_order[position] : (uint8_t)position;
}

/* Lists, in file order, the samples whose class is in the task. */
static size_t list_samples(uint32_t *out, const ebb_samples *samples,
                           const ebb_task *task)
{
    size_t n = 0;
    for (size_t i = 0; i < samples->n; i++) {
        if (task->label_of_class[samples->labels[i]] != EBB_NO_LABEL) {
            out[n++] = (uint32_t)i;
        }
    }
    return n;
}

static ebb_status check_present(const ebb_samples *samples, const ebb_task *task,
                                const char *part)
{
    bool seen[256] = {false};
    for (size_t i = 0; i < samples->n; i++) {
        seen[samples->labels[i]] = true;
    }
    for (size_t i = 0; i < 256; i++) {
        if (task->label_of_class[i] != EBB_NO_LABEL && !seen[i]) {
            return ebb_fail(EBB_ERR_ENVIRONMENT,
                            "data set: class %zu has no %s sample (at least 1)", i, part);
        }
    }
    return EBB_OK;
}

/* Fills one task, its lists from samples on; *used counts their entries. scratch holds
 * the training samples of the data set. */
static ebb_status build_task(ebb_task *task, size_t *used, uint32_t *samples,
                             uint32_t *scratch, const ebb_sequence *sequence,
                             double fraction)
{
    const ebb_dataset *dataset = sequence->dataset;
    EBB_TRY(check_present(&dataset->train, task, "training"));
    EBB_TRY(check_present(&dataset->test, task, "test"));
    const size_t n = list_samples(scratch, &dataset->train, task);
    ebb_sequence_parts_divide(samples, &task->n_train, scratch, n, fraction);
    task->n_validation = n - task->n_train;
    task->n_test = list_samples(samples + n, &dataset->test, task);
    task->train = samples;
    task->validation = samples + task->n_train;
    task->test = samples + n;
    *used = n + task->n_test;
    return EBB_OK;
}

/* Without a permutation all tasks share one map, which only pads, or need none. */
static const int32_t *pad_map(ebb_sequence_storage *storage, const ebb_sequence *sequence,
                              size_t pad)
{
    if (pad == 0) {
        return NULL;
    }
    for (size_t i = 0; i < sequence->features; i++) {
        storage->maps[i] = ebb_sequence_parts_unpadded(i, sequence->dataset->rows, pad);
    }
    return storage->maps;
}

static ebb_status build(ebb_sequence *sequence, const ebb_sequence_spec *spec)
{
    ebb_sequence_storage *storage = NULL;
    EBB_TRY(ebb_sequence_parts_allocate(&storage, sequence, spec->pad > 0 ? 1 : 0));
    void *scratch = NULL;
    EBB_TRY(ebb_buffer_allocate(&scratch, sequence->dataset->train.n, sizeof(uint32_t)));
    sequence->classes_per_task = spec->classes_per_task;
    const int32_t *map = pad_map(storage, sequence, spec->pad);
    uint32_t *samples = storage->samples;
    ebb_status status = EBB_OK;
    for (size_t t = 0; t < sequence->n_tasks && status == EBB_OK; t++) {
        ebb_task *task = &sequence->tasks[t];
        task->map = map;
        task->classes = spec->classes_per_task;
        memset(task->label_of_class, EBB_NO_LABEL, sizeof task->label_of_class);
        for (size_t i = 0; i < task->classes; i++) {
            task->label_of_class[class_at(spec, t * task->classes + i)] = (uint8_t)i;
        }
        size_t used = 0;
        status = build_task(task, &used, samples, scratch, sequence,
                            spec->validation_fraction);
        samples += used;
    }
    ebb_buffer_free(scratch);
    return status;
}

const ebb_sequence_kind ebb_sequence_split = {
    .choice = {"split", "each task has classes of its own"},
    .splits_classes = true,
    .check = check,
    .build = build,
};
