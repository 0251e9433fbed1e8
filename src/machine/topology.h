/* topology.h - the processors that this process may use, through hwloc.
 *
 * Usable CPUs are those in the affinity mask and the cpuset; a CPU-time quota (cgroup v2
 * cpu.max, v1 cfs_quota) is known beside them. Can be made from a synthetic description,
 * so that placements for machines that are not here can be tested.
 *
 * Where OMP_PROC_BIND or OMP_PLACES are set, libgomp binds the first thread of a program
 * before main, and its mask says nothing. So OpenMP's places count too; and a worker is
 * told by its launcher: ebb_placement_export leaves a list in EBB_USABLE_CPUS, which
 * takes the place of the mask.
 *
 * Load it before any parallel region: hwloc may move the calling thread while it looks.
 */
#ifndef EBB_MACHINE_TOPOLOGY_H
#define EBB_MACHINE_TOPOLOGY_H

#include <stddef.h>

#include "base/status.h"

typedef struct ebb_topology ebb_topology;

/* The usable CPUs as text, "0,1,5", from a launcher to its worker. */
#define EBB_USABLE_CPUS_VARIABLE "EBB_USABLE_CPUS"

/* A usable processing unit and where it sits; ranks count usable objects, 0-based. */
typedef struct ebb_pu {
    int os_index;
    int smt_rank;  /* among the usable PUs of its core */
    int core;      /* logical index of its core on the machine */
    int core_rank; /* of its core among the usable cores of its L3 (or node without L3) */
    int l3_rank; /* of its L3 within its NUMA node; an L3 over two nodes counts in each */
    int numa_node; /* logical index */
    int node_rank; /* among the usable PUs of its NUMA node, one of each core first */
    int package;   /* logical index */
    int kind; /* efficiency rank of its core kind, higher is faster; 0 when unknown */
} ebb_pu;

typedef struct ebb_topology_counts {
    int packages, numa_nodes, cores, pus; /* of the machine, usable or not */
    int core_kinds;                       /* 0 when the system tells none */
    double quota_cpus;                    /* CPU-time quota in CPUs; 0: none */
} ebb_topology_counts;

/* This machine. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_topology_create(ebb_topology **out);
/* hwloc's synthetic notation ("pack:2 l3:1 core:4 pu:2") with only the PUs of allowed (n
 * OS indexes; NULL: all) usable and the given quota. Fails with EBB_ERR_USAGE. */
ebb_status ebb_topology_create_synthetic(ebb_topology **out, const char *description,
                                         const int *allowed, size_t n, double quota_cpus);
/* A machine as hwloc's XML describes it, for one that is elsewhere. Of its allowed CPUs
 * those of `allowed` are usable, as above. Fails with EBB_ERR_USAGE. */
ebb_status ebb_topology_create_xml(ebb_topology **out, const char *path,
                                   const int *allowed, size_t n, double quota_cpus);
/* Usable PUs in logical order; borrowed, *n of them, never 0. */
const ebb_pu *ebb_topology_pus(const ebb_topology *topology, size_t *n);
ebb_topology_counts ebb_topology_count(const ebb_topology *topology);
/* What `--threads all` means: usable cores, at most the quota rounded up; at least 1. */
size_t ebb_topology_usable_cores(const ebb_topology *topology);
/* min(usable PUs, quota rounded up): more threads than this is oversubscription. */
size_t ebb_topology_usable_cpus(const ebb_topology *topology);
/* In a worker: CPUs taken away (by a cpuset) since its launcher looked. */
size_t ebb_topology_taken_cpus(const ebb_topology *topology);
/* n CPUs, but no more than the quota rounded up. */
size_t ebb_topology_within_quota(const ebb_topology *topology, size_t n);
/* Writes hwloc's XML to path. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_topology_export(const ebb_topology *topology, const char *path);
/* The hwloc object behind it (hwloc_topology_t), for `ebb machine`; borrowed. */
void *ebb_topology_handle(const ebb_topology *topology);
void ebb_topology_destroy(ebb_topology *topology); /* NULL is allowed */

#endif
