/* residence.h - on which NUMA node memory lies, beside the thread that owns it.
 *
 * The kernel places a page on the node of the thread that first writes it, as a rule: a
 * policy of the user (numactl), a full node or balancing can have it otherwise. So it is
 * asked afterwards. */
#ifndef EBB_MACHINE_RESIDENCE_H
#define EBB_MACHINE_RESIDENCE_H

#include <stddef.h>

/* Pages; starts as {0}. */
typedef struct ebb_residence {
    size_t local, remote; /* on the node where the owner runs, on another */
    size_t absent;        /* not written yet */
    size_t unknown;       /* the system does not tell */
} ebb_residence;

/* Adds n pages of a thread that runs on owner_node (−1: not known). page_nodes are the
 * answers of move_pages(2): a node, or a negative error number. */
void ebb_residence_judge(ebb_residence *sum, const int *page_nodes, size_t n,
                         int owner_node);

/* Adds the pages that lie wholly within the range, from the thread that owns it. Some
 * 0.1 µs a page. */
void ebb_residence_look(ebb_residence *sum, const void *begin, size_t size_bytes);

void ebb_residence_add(ebb_residence *sum, const ebb_residence *more);

#endif
