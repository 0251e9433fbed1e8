#include "machine/placement.h"

int ebb_placement_compare_cores(const void *a, const void *b)
{
    const ebb_pu *left = a;
    const ebb_pu *right = b;
    if (left->smt_rank != right->smt_rank) {
        return left->smt_rank < right->smt_rank ? -1 : 1;
    }
    return left->core < right->core ? -1 : left->core > right->core;
}

const ebb_placement ebb_placement_cores = {
    .choice =
        {.name = "cores",
         .summary =
             "one thread a core, in the machine's order; second hardware threads last"},
    .compare = ebb_placement_compare_cores,
};
