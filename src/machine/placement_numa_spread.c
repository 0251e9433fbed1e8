#include "machine/placement.h"

/* Thread i on node i mod k, within a node as `cores`: every node's memory bandwidth from
 * k threads on. A node that has no usable PU left drops out of the round. */
static int by_rank_then_node(const void *a, const void *b)
{
    const ebb_pu *left = a;
    const ebb_pu *right = b;
    if (left->node_rank != right->node_rank) {
        return left->node_rank < right->node_rank ? -1 : 1;
    }
    return left->numa_node < right->numa_node ? -1 : left->numa_node > right->numa_node;
}

const ebb_placement ebb_placement_numa_spread = {
    .choice = {.name = "numa-spread",
               .summary = "round over NUMA nodes, within a node as cores"},
    .compare = by_rank_then_node,
};
