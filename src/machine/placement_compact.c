#include "machine/placement.h"

/* The logical order of PUs: cores one after another, each filled before the next. */
static int by_core_then_smt_rank(const void *a, const void *b)
{
    const ebb_pu *left = a;
    const ebb_pu *right = b;
    if (left->core != right->core) {
        return left->core < right->core ? -1 : 1;
    }
    return left->smt_rank < right->smt_rank ? -1 : left->smt_rank > right->smt_rank;
}

const ebb_placement ebb_placement_compact = {
    .choice = {.name = "compact",
               .summary =
                   "hardware threads in the machine's order, those of one core together"},
    .compare = by_core_then_smt_rank,
};
