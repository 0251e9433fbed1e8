/* Permuted images (Goodfellow et al., "An empirical investigation of catastrophic
 * forgetting", 2013): every task has all samples, with the pixels in an order of its own.
 * Pixel i of the task's image is pixel permutation[i] of the image.
 *
 * The permutations of torch are those that randperm gives after manual_seed(task − 1). As
 * the original system takes seed 0 for "no seed", the first task's comes from a generator
 * that was never seeded. */
#include "base/buffer.h"
#include "base/random.h"
#include "data/sequence_parts.h"

/* Of PyTorch's generators; the Mersenne Twister takes its low 32 bits. */
#define TORCH_DEFAULT_SEED 67280421310721u

static void draw_order(uint32_t *order, size_t n, const ebb_sequence_spec *spec,
                       uint32_t task)
{
    if (spec->independent_permutations) {
        for (size_t i = 0; i < n; i++) {
            order[i] = (uint32_t)i;
        }
        ebb_random rng;
        ebb_random_init(&rng, spec->seed, EBB_PURPOSE_PERMUTATION, task, 0);
        ebb_random_shuffle(&rng, order, n);
        return;
    }
    ebb_mt19937 rng;
    ebb_mt19937_init(&rng, task == 1 ? (uint32_t)TORCH_DEFAULT_SEED : task - 1);
    ebb_mt19937_permutation(&rng, order, n);
}

static ebb_status check(const ebb_sequence_spec *spec, bool square, size_t classes)
{
    (void)classes;
    return ebb_sequence_parts_check(spec, square);
}

static ebb_status build(ebb_sequence *sequence, const ebb_sequence_spec *spec)
{
    ebb_sequence_storage *storage = NULL;
    EBB_TRY(ebb_sequence_parts_share_all(&storage, sequence, spec));
    const size_t n = sequence->features;
    void *scratch = NULL;
    EBB_TRY(ebb_buffer_allocate(&scratch, n, sizeof(uint32_t)));
    uint32_t *order = scratch;
    for (size_t t = 0; t < sequence->n_tasks; t++) {
        const bool permute = t > 0 || spec->permute_first;
        if (!permute && spec->pad == 0) {
            continue;
        }
        if (permute) {
            draw_order(order, n, spec, (uint32_t)(t + 1));
        }
        int32_t *map = storage->maps + t * n;
        for (size_t i = 0; i < n; i++) {
            map[i] = ebb_sequence_parts_unpadded(permute ? order[i] : i,
                                                 sequence->dataset->rows, spec->pad);
        }
        sequence->tasks[t].map = map;
    }
    ebb_buffer_free(scratch);
    return EBB_OK;
}

const ebb_sequence_kind ebb_sequence_permuted = {
    .choice = {"permuted",
               "all samples in every task, the pixels in an order of its own"},
    .check = check,
    .build = build,
};
