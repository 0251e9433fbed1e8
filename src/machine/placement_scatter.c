#include "machine/placement.h"

/* Neighbours in the order differ first in the NUMA node, then in the L3, then in the
 * core, and only last share a core. The OS index makes the order total. */
static int by_distance(const void *a, const void *b)
{
    const ebb_pu *left = a;
    const ebb_pu *right = b;
    const int keys[][2] = {
        {left->smt_rank, right->smt_rank}, {left->core_rank, right->core_rank},
        {left->l3_rank, right->l3_rank},   {left->numa_node, right->numa_node},
        {left->os_index, right->os_index},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (keys[i][0] != keys[i][1]) {
            return keys[i][0] < keys[i][1] ? -1 : 1;
        }
    }
    return 0;
}

const ebb_placement ebb_placement_scatter = {
    .choice = {.name = "scatter",
               .summary = "as far apart as possible: round over NUMA nodes, then over L3 "
                          "caches, then cores"},
    .compare = by_distance,
};
