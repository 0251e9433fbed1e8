/* disturbance.h - what else happened on the machine while something was measured.
 *
 * Two snapshots are subtracted. A fact the system does not tell is −1, never 0. */
#ifndef EBB_MACHINE_DISTURBANCE_H
#define EBB_MACHINE_DISTURBANCE_H

#include <stddef.h>
#include <stdint.h>

#include "machine/team.h"

typedef struct ebb_disturbance {
    int64_t involuntary_switches; /* of all threads of the process */
    int64_t run_delay_ns; /* runnable but not running, the worst thread of the team */
    int64_t steal_ns;     /* taken by the hypervisor, summed over the team's CPUs */
    int64_t throttled;    /* periods in which the cgroup's quota stopped us */
    int64_t major_faults;
} ebb_disturbance;

typedef struct ebb_disturbance_reading ebb_disturbance_reading;

/* Takes a reading of the team's threads. Owned by the caller. */
ebb_status ebb_disturbance_read(ebb_disturbance_reading **out, ebb_team *team);
/* What happened between the two readings of one team. */
ebb_disturbance ebb_disturbance_between(const ebb_disturbance_reading *before,
                                        const ebb_disturbance_reading *after);
void ebb_disturbance_reading_destroy(ebb_disturbance_reading *reading);

#endif
