/* placement.h - which CPU each thread of a team is bound to.
 *
 * A placement is a row of a registry: a function from usable PUs and a number of threads
 * to a list of OS indexes. With more threads than CPUs the list starts over. */
#ifndef EBB_MACHINE_PLACEMENT_H
#define EBB_MACHINE_PLACEMENT_H

#include <stdbool.h>

#include "base/choice.h"
#include "machine/team.h"
#include "machine/topology.h"

typedef struct ebb_placement {
    ebb_choice choice;
    /* Sorts the PUs into the order in which threads take them; NULL: threads are not
     * bound. Comparison function for qsort on ebb_pu. */
    int (*compare)(const void *a, const void *b);
    bool fastest_only; /* of the usable PUs those of the fastest core kind only */
} ebb_placement;

extern const ebb_placement ebb_placement_cores, ebb_placement_compact,
    ebb_placement_scatter, ebb_placement_numa_fill, ebb_placement_numa_spread,
    ebb_placement_fast_cores, ebb_placement_none;

/* The order of `cores`, for those that take some of them: first hardware threads of all
 * cores before the second ones. */
int ebb_placement_compare_cores(const void *a, const void *b);

const ebb_choice *ebb_placement_choice(size_t index);
const ebb_placement *ebb_placement_at(size_t index);

/* Fills cpus[0 … n_threads−1] with OS indexes; all −1 for `none`. Fails with
 * EBB_ERR_ENVIRONMENT when memory is refused. */
ebb_status ebb_placement_assign(const ebb_placement *placement, int *cpus,
                                size_t n_threads, const ebb_topology *topology);

/* CPUs in the list before it starts over, at least 1; for `none` the usable ones. */
size_t ebb_placement_length(const ebb_placement *placement, const ebb_topology *topology);
/* What `--threads all` means under a placement: the cores that it takes, at most the
 * quota rounded up. */
size_t ebb_placement_usable_cores(const ebb_placement *placement,
                                  const ebb_topology *topology);
/* How many threads have a CPU to themselves: more of them is oversubscription. */
size_t ebb_placement_usable_cpus(const ebb_placement *placement,
                                 const ebb_topology *topology);

/* Sets or unsets in this process's environment what libgomp reads when a program starts:
 * OMP_NUM_THREADS, OMP_PLACES, OMP_PROC_BIND, OMP_DYNAMIC, OMP_MAX_ACTIVE_LEVELS,
 * OMP_WAIT_POLICY, and clears GOMP_CPU_AFFINITY and other variables that would contradict
 * them; then resets the affinity mask to all usable CPUs. The next exec makes it
 * effective. What the user had set is kept for the record (machine/variables.h).
 *
 * Waiting: libgomp's default, some milliseconds of spinning before a worker sleeps, is
 * what short regions want. Spinning on a CPU that another thread needs, or that a quota
 * counts, harms: with more threads than usable CPUs, or any quota, the policy is passive.
 *
 * Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_placement_export(const int *cpus, size_t n_threads,
                                const ebb_topology *topology);

/* Binds the threads of a team that runs already, thread i to cpus[i]; −1: to all usable
 * CPUs. For measurements with several team sizes in one process; it does not outlive a
 * team of another size. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_placement_bind(ebb_team *team, const int *cpus,
                              const ebb_topology *topology);

#endif
