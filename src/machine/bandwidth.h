/* bandwidth.h - how fast the threads of a team read, write and combine arrays that lie in
 * a cache or in memory.
 *
 * Each thread has arrays of its own, first touched by itself, and passes over them again
 * and again; all threads at once. read adds up an array, write fills one, triad computes
 * a = b + s·c. Bytes are those of the arrays: a line that is read before it is written,
 * as ordinary stores do, is not counted. Vectors are the widest that the processor has.
 *
 * Arrays for a cache are half of a thread's share of it in total, and a level is left out
 * where that is less than twice the share of the level below: no size would tell the two
 * apart. Arrays for memory are four times the outermost caches that the team uses, at
 * least 64 MiB, together; memory is left out where that is more than a quarter of what
 * is free. */
#ifndef EBB_MACHINE_BANDWIDTH_H
#define EBB_MACHINE_BANDWIDTH_H

#include "machine/bound_team.h"
#include "machine/spread.h"

enum { EBB_BANDWIDTH_MAX = 6 }; /* levels of caches, and memory */

typedef struct ebb_bandwidth {
    char level[8]; /* "L1", "L2", …, "memory" */
    size_t threads;
    size_t array_bytes;            /* of each thread, all arrays together */
    ebb_spread read, write, triad; /* GB/s of all threads over the rounds */
} ebb_bandwidth;

/* Bytes of each thread for the levels of this team, from the inside outwards; names and
 * sizes only. Returns how many. free_bytes is the memory that is free. */
size_t ebb_bandwidth_plan(ebb_bandwidth out[EBB_BANDWIDTH_MAX],
                          const ebb_topology *topology, const int *cpus, size_t n_threads,
                          size_t free_bytes);

/* Plans and measures; *n entries. Fails with EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_bandwidth_measure(ebb_bandwidth out[EBB_BANDWIDTH_MAX], size_t *n,
                                 const ebb_bound_team *bound);

#endif
