/* cache_share.h - how much of each cache a thread has to itself, by the topology. */
#ifndef EBB_MACHINE_CACHE_SHARE_H
#define EBB_MACHINE_CACHE_SHARE_H

#include "machine/topology.h"

enum { EBB_CACHE_MAX_LEVELS = 5 };

typedef struct ebb_cache_share {
    int level;
    size_t size_bytes;  /* of the smallest cache of this level that a thread uses */
    size_t share_bytes; /* size over the threads that use it, the least of all threads */
    size_t total_bytes; /* of all caches of this level that some thread uses */
} ebb_cache_share;

/* Of caches for data, for threads on cpus (OS indexes, n of them), from level 1 outwards.
 * Returns how many; 0 where the system tells none. A level that some thread lacks or
 * whose size is not told is left out. */
size_t ebb_cache_share_list(ebb_cache_share out[EBB_CACHE_MAX_LEVELS],
                            const ebb_topology *topology, const int *cpus, size_t n);

#endif
