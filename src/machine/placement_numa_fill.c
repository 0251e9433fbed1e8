#include "machine/placement.h"

/* NUMA nodes one after another, each filled before the next: within a node as `cores`.
 * Few threads then share one node's memory and leave the others to someone else. */
static int by_node_then_rank(const void *a, const void *b)
{
    const ebb_pu *left = a;
    const ebb_pu *right = b;
    if (left->numa_node != right->numa_node) {
        return left->numa_node < right->numa_node ? -1 : 1;
    }
    return left->node_rank < right->node_rank ? -1 : left->node_rank > right->node_rank;
}

const ebb_placement ebb_placement_numa_fill = {
    .choice = {.name = "numa-fill",
               .summary = "NUMA nodes filled one after another, second hardware threads "
                          "before the next node"},
    .compare = by_node_then_rank,
};
