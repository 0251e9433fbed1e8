#include "machine/bound_team.h"

#include "machine/placement.h"

/* Threads of libgomp begin with the mask of the one that starts them: it is opened first.
 */
ebb_status ebb_bound_team_create(ebb_bound_team *out, size_t n_threads,
                                 const ebb_topology *topology)
{
    out->team = NULL;
    out->topology = topology;
    EBB_TRY(ebb_placement_assign(&ebb_placement_cores, out->cpus, n_threads, topology));
    EBB_TRY(ebb_team_create(&out->team, n_threads));
    const ebb_status status = ebb_placement_bind(out->team, out->cpus, topology);
    if (status != EBB_OK) {
        ebb_team_destroy(out->team);
        out->team = NULL;
    }
    return status;
}

bool ebb_bound_team_holds(const ebb_bound_team *bound)
{
    ebb_team_seat seats[EBB_TEAM_MAX_THREADS];
    ebb_team_seats(bound->team, seats);
    for (size_t i = 0; i < ebb_team_size(bound->team); i++) {
        if (seats[i].bound_cpu != bound->cpus[i]) {
            return false;
        }
    }
    return true;
}

ebb_status ebb_bound_team_release(ebb_bound_team *bound)
{
    for (size_t i = 0; i < ebb_team_size(bound->team); i++) {
        bound->cpus[i] = -1;
    }
    const ebb_status status =
        ebb_placement_bind(bound->team, bound->cpus, bound->topology);
    ebb_team_destroy(bound->team);
    bound->team = NULL;
    return status;
}
