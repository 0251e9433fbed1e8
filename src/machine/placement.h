/* placement.h - which CPU each thread of a team is bound to.
 *
 * A placement is a row of a registry: a function from usable PUs and a number of threads
 * to a list of OS indexes. With more threads than CPUs the list starts over. */
#ifndef EBB_MACHINE_PLACEMENT_H
#define EBB_MACHINE_PLACEMENT_H

#include "base/choice.h"
#include "base/text.h"
#include "machine/topology.h"

typedef struct ebb_placement {
    ebb_choice choice;
    /* Sorts the PUs into the order in which threads take them; NULL: threads are not
     * bound. Comparison function for qsort on ebb_pu. */
    int (*compare)(const void *a, const void *b);
} ebb_placement;

extern const ebb_placement ebb_placement_cores, ebb_placement_compact,
    ebb_placement_scatter, ebb_placement_none;

const ebb_choice *ebb_placement_choice(size_t index);
const ebb_placement *ebb_placement_at(size_t index);

/* Fills cpus[0 … n_threads−1] with OS indexes; all −1 for `none`. Fails with
 * EBB_ERR_ENVIRONMENT when memory is refused. */
ebb_status ebb_placement_assign(const ebb_placement *placement, int *cpus,
                                size_t n_threads, const ebb_topology *topology);

/* Sets or unsets in this process's environment what libgomp reads when a program starts:
 * OMP_NUM_THREADS, OMP_PLACES, OMP_PROC_BIND, OMP_DYNAMIC, OMP_MAX_ACTIVE_LEVELS,
 * OMP_WAIT_POLICY, and clears GOMP_CPU_AFFINITY; then resets the affinity mask to all
 * usable CPUs. The next exec makes it effective. */
ebb_status ebb_placement_export(const int *cpus, size_t n_threads,
                                const ebb_topology *topology);

#endif
