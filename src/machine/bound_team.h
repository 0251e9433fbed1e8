/* bound_team.h - a team for measuring, each thread on a CPU of its own.
 *
 * For measurements with several team sizes in one process; a trial's threads are bound
 * before its process starts instead (machine/placement.h). Outside parallel regions only,
 * one at a time. */
#ifndef EBB_MACHINE_BOUND_TEAM_H
#define EBB_MACHINE_BOUND_TEAM_H

#include <stdbool.h>

#include "machine/team.h"
#include "machine/topology.h"

typedef struct ebb_bound_team {
    ebb_team *team;                 /* owned */
    int cpus[EBB_TEAM_MAX_THREADS]; /* OS index of each thread's CPU, as `cores` orders */
    const ebb_topology *topology;   /* borrowed */
} ebb_bound_team;

/* Fails with EBB_ERR_ENVIRONMENT; nothing is left then. */
ebb_status ebb_bound_team_create(ebb_bound_team *out, size_t n_threads,
                                 const ebb_topology *topology);

/* Is every thread still bound to its CPU? */
bool ebb_bound_team_holds(const ebb_bound_team *bound);

/* Ends the team and leaves the calling thread free to use all usable CPUs. Fails with
 * EBB_ERR_ENVIRONMENT when it cannot be freed; the team is gone then too. */
ebb_status ebb_bound_team_release(ebb_bound_team *bound);

#endif
