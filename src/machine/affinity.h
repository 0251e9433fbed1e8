/* affinity.h - CPU masks of any width: which CPUs a thread may run on. */
#ifndef EBB_MACHINE_AFFINITY_H
#define EBB_MACHINE_AFFINITY_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* Bit i: CPU with OS index i. Starts as {0}, which is empty. */
typedef struct ebb_cpu_mask {
    cpu_set_t *set; /* owned */
    size_t size_bytes;
} ebb_cpu_mask;

/* The mask of a thread by its kernel id, 0 for the caller. *out is cleared first. Fails
 * with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_affinity_get(ebb_cpu_mask *out, long tid);
/* Makes the calling thread run on these n CPUs only. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_affinity_set(const int *cpus, size_t n);

bool ebb_cpu_mask_has(const ebb_cpu_mask *mask, int cpu);
size_t ebb_cpu_mask_count(const ebb_cpu_mask *mask);
/* The CPU of a mask that holds exactly one, else −1. */
int ebb_cpu_mask_single(const ebb_cpu_mask *mask);
void ebb_cpu_mask_clear(ebb_cpu_mask *mask);

#endif
