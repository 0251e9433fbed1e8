#include "data/sequence.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "data/sequence_parts.h"

static const ebb_sequence_kind *const table[] = {
    &ebb_sequence_permuted,
    &ebb_sequence_rotated,
    &ebb_sequence_split,
};

const ebb_choice *ebb_sequence_choice(size_t index)
{
    return index < sizeof table / sizeof *table ? &table[index]->choice : NULL;
}

const ebb_sequence_kind *ebb_sequence_at(size_t index)
{
    return table[index];
}

/* Maps hold pixels as int32_t. */
static ebb_status padded_features(size_t *out, const ebb_dataset *dataset, size_t pad)
{
    *out = 0;
    size_t features = 0;
    if (!ebb_size_multiply(&features, dataset->rows + 2 * pad,
                           dataset->columns + 2 * pad) ||
        features > INT32_MAX) {
        return ebb_fail(EBB_ERR_USAGE,
                        "--pad: %zu around %zu x %zu pixels (allowed: %d pixels in all)",
                        pad, dataset->rows, dataset->columns, INT32_MAX);
    }
    *out = features;
    return EBB_OK;
}

ebb_status ebb_sequence_create(ebb_sequence **out, const ebb_sequence_kind *kind,
                               const ebb_sequence_spec *spec, const ebb_dataset *dataset)
{
    *out = NULL;
    EBB_TRY(kind->check(spec, dataset->rows == dataset->columns, dataset->classes));
    size_t features = 0;
    EBB_TRY(padded_features(&features, dataset, spec->pad));
    ebb_sequence *sequence = calloc(1, sizeof *sequence);
    if (sequence == NULL) {
        return ebb_fail_memory(sizeof *sequence);
    }
    *sequence = (ebb_sequence){
        .kind = kind, .dataset = dataset, .n_tasks = spec->n_tasks, .features = features};
    sequence->tasks = calloc(spec->n_tasks, sizeof *sequence->tasks);
    const ebb_status status = sequence->tasks != NULL
                                  ? kind->build(sequence, spec)
                                  : ebb_fail_memory(spec->n_tasks * sizeof(ebb_task));
    if (status != EBB_OK) {
        ebb_sequence_destroy(sequence);
        return status;
    }
    *out = sequence;
    return EBB_OK;
}

void ebb_sequence_destroy(ebb_sequence *sequence)
{
    if (sequence == NULL) {
        return;
    }
    ebb_sequence_storage *storage = sequence->storage;
    if (storage != NULL) {
        ebb_buffer_free(storage->samples);
        ebb_buffer_free(storage->maps);
        ebb_buffer_free(storage);
    }
    free(sequence->tasks);
    free(sequence);
}
