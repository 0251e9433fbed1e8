/* Finetuning: the same network is trained on one task after another. Weights carry over,
 * nothing is frozen, nothing is kept. The floor every continual-learning method is
 * measured against. */
#include <stdlib.h>

#include "learn/algorithm.h"

static ebb_status create(ebb_algorithm **out, const ebb_algorithm_spec *spec,
                         ebb_parameters *parameters)
{
    (void)spec;
    (void)parameters;
    *out = malloc(sizeof **out);
    if (*out == NULL) {
        return ebb_fail_memory(sizeof **out);
    }
    (*out)->kind = &ebb_algorithm_finetuning;
    return EBB_OK;
}

static size_t memory_bytes(const ebb_algorithm *self)
{
    (void)self;
    return 0;
}

static void destroy(ebb_algorithm *self)
{
    free(self);
}

const ebb_algorithm_kind ebb_algorithm_finetuning = {
    .choice = {"finetuning", "trains on one task after another and keeps nothing"},
    .create = create,
    .memory_bytes = memory_bytes,
    .destroy = destroy,
};
