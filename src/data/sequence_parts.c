#include "data/sequence_parts.h"

#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "base/random.h"

enum { SPLIT_SEED = 42 };

ebb_status ebb_sequence_parts_check(const ebb_sequence_spec *spec, bool square)
{
    if (spec->n_tasks < 1 || spec->n_tasks > EBB_SEQUENCE_MAX_TASKS) {
        return ebb_fail(EBB_ERR_USAGE, "--tasks: %zu (allowed: 1 to %d)", spec->n_tasks,
                        EBB_SEQUENCE_MAX_TASKS);
    }
    if (spec->pad > EBB_SEQUENCE_MAX_PAD) {
        return ebb_fail(EBB_ERR_USAGE, "--pad: %zu (allowed: 0 to %d)", spec->pad,
                        EBB_SEQUENCE_MAX_PAD);
    }
    if (spec->pad > 0 && !square) {
        return ebb_fail(EBB_ERR_USAGE, "--pad: %zu needs square images (allowed: 0)",
                        spec->pad);
    }
    if (!(spec->validation_fraction >= 0.0 && spec->validation_fraction < 1.0)) {
        return ebb_fail(EBB_ERR_USAGE,
                        "--validation-fraction: %g (allowed: 0 to below 1)",
                        spec->validation_fraction);
    }
    return EBB_OK;
}

ebb_status ebb_sequence_parts_allocate(ebb_sequence_storage **out, ebb_sequence *sequence,
                                       size_t n_maps)
{
    *out = NULL;
    void *block = NULL;
    EBB_TRY(ebb_buffer_allocate(&block, 1, sizeof(ebb_sequence_storage)));
    ebb_sequence_storage *storage = block;
    sequence->storage = storage;
    const ebb_dataset *dataset = sequence->dataset;
    EBB_TRY(ebb_buffer_allocate(&block, dataset->train.n + dataset->test.n,
                                sizeof *storage->samples));
    storage->samples = block;
    EBB_TRY(
        ebb_buffer_allocate(&block, n_maps * sequence->features, sizeof *storage->maps));
    storage->maps = block;
    *out = storage;
    return EBB_OK;
}

void ebb_sequence_parts_divide(uint32_t *out, size_t *n_train, const uint32_t *subset,
                               size_t n, double fraction)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint32_t)i;
    }
    *n_train = n;
    if (fraction > 0.0) {
        ebb_mt19937 rng;
        ebb_mt19937_init(&rng, SPLIT_SEED);
        ebb_mt19937_permutation(&rng, out, n);
        const size_t kept = (size_t)floor((double)n * (1.0 - fraction));
        const size_t held = (size_t)floor((double)n * fraction);
        const size_t remainder = n - kept - held; /* 0 or 1, to the first part */
        *n_train = kept + remainder;
    }
    for (size_t i = 0; subset != NULL && i < n; i++) {
        out[i] = subset[out[i]];
    }
}

ebb_status ebb_sequence_parts_share_all(ebb_sequence_storage **out,
                                        ebb_sequence *sequence,
                                        const ebb_sequence_spec *spec)
{
    const ebb_dataset *dataset = sequence->dataset;
    const size_t n = dataset->train.n;
    EBB_TRY(ebb_sequence_parts_allocate(out, sequence, sequence->n_tasks));
    uint32_t *samples = (*out)->samples;
    size_t n_train = 0;
    ebb_sequence_parts_divide(samples, &n_train, NULL, n, spec->validation_fraction);
    for (size_t i = 0; i < dataset->test.n; i++) {
        samples[n + i] = (uint32_t)i;
    }
    for (size_t i = 0; i < sequence->n_tasks; i++) {
        ebb_task *task = &sequence->tasks[i];
        *task = (ebb_task){.train = samples,
                           .validation = samples + n_train,
                           .test = samples + n,
                           .n_train = n_train,
                           .n_validation = n - n_train,
                           .n_test = dataset->test.n,
                           .classes = dataset->classes};
        memset(task->label_of_class, EBB_NO_LABEL, sizeof task->label_of_class);
        for (size_t j = 0; j < dataset->classes; j++) {
            task->label_of_class[j] = (uint8_t)j;
        }
    }
    sequence->classes_per_task = dataset->classes;
    return EBB_OK;
}

int32_t ebb_sequence_parts_unpadded(size_t i, size_t side, size_t pad)
{
    if (pad == 0) {
        return (int32_t)i;
    }
    /* Below pad the differences wrap around to something large. */
    const size_t row = i / (side + 2 * pad) - pad;
    const size_t column = i % (side + 2 * pad) - pad;
    return row < side && column < side ? (int32_t)(row * side + column) : -1;
}
