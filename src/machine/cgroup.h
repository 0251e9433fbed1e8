/* cgroup.h - what control groups leave this process of CPU time and memory.
 *
 * Limits bind at every level: the process's own group and all groups above it count, as
 * far as they are visible, in version 2 (cpu.max, memory.max) and version 1
 * (cpu.cfs_quota_us, memory.limit_in_bytes). */
#ifndef EBB_MACHINE_CGROUP_H
#define EBB_MACHINE_CGROUP_H

#include <stdint.h>

#include "base/text.h"

typedef struct ebb_cgroup {
    int version;       /* of the hierarchy that controls CPU time: 1, 2; 0: none */
    double quota_cpus; /* the smallest, in CPUs; 0: none */
    int64_t
        n_throttled; /* periods in which a quota stopped one of the groups; −1: unknown */
} ebb_cgroup;

/* root is prefixed to every path that is read: "" for this system, a folder in tests. */
ebb_cgroup ebb_cgroup_read(const char *root);

/* Appends the CPUs that the cpuset of the process's group leaves it, "0-3,8"; nothing
 * where the system does not tell. */
void ebb_cgroup_cpuset(ebb_text *out, const char *root);

/* The smallest limit on memory, in bytes; 0: none; −1: unknown. */
int64_t ebb_cgroup_memory_limit(const char *root);

/* Bytes that the process may still take, by the tightest limit and by what the system has
 * available; files that were read and could be dropped count as free. −1: unknown. */
int64_t ebb_cgroup_free_memory(const char *root);

#endif
