/* cgroup.h - what control groups say about this process's share of CPU time.
 *
 * Quotas bind at every level: the process's own group and all groups above it count, as
 * far as they are visible, in version 2 (cpu.max) and version 1 (cpu.cfs_quota_us). */
#ifndef EBB_MACHINE_CGROUP_H
#define EBB_MACHINE_CGROUP_H

#include <stdint.h>

typedef struct ebb_cgroup {
    int version;       /* of the hierarchy that controls CPU time: 1, 2; 0: none */
    double quota_cpus; /* the smallest, in CPUs; 0: none */
    int64_t
        n_throttled; /* periods in which a quota stopped one of the groups; −1: unknown */
} ebb_cgroup;

/* root is prefixed to every path that is read: "" for this system, a folder in tests. */
ebb_cgroup ebb_cgroup_read(const char *root);

#endif
