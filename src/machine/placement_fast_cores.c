#include "machine/placement.h"

/* A static loop waits for its slowest thread, so one slow core makes a team of fast ones
 * slow. PUs that are all of one kind, or of kinds that the system does not rank, are all
 * the fastest. */
static int by_smt_rank_then_core(const void *a, const void *b)
{
    const ebb_pu *left = a;
    const ebb_pu *right = b;
    if (left->smt_rank != right->smt_rank) {
        return left->smt_rank < right->smt_rank ? -1 : 1;
    }
    return left->core < right->core ? -1 : left->core > right->core;
}

const ebb_placement ebb_placement_fast_cores = {
    .choice = {.name = "fast-cores",
               .summary = "as cores, on the fastest kind of core only; all where cores "
                          "are alike or not ranked"},
    .compare = by_smt_rank_then_core,
    .fastest_only = true,
};
