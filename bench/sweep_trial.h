/* sweep_trial.h - one trial of a sweep: its worker started, its record judged and kept.
 */
#ifndef EBB_BENCH_SWEEP_TRIAL_H
#define EBB_BENCH_SWEEP_TRIAL_H

#include "child.h"
#include "machine/topology.h"
#include "sweep_folder.h"

typedef struct ebb_sweep_trial {
    const ebb_sweep_folder *folder;
    const ebb_topology *topology;
    const ebb_suite_point *point;
    size_t repetition; /* 1-based */
} ebb_sweep_trial;

/* Runs the worker as plan says (its words and prepare are filled in here) and appends
 * what it printed, which must be one record of this very trial. EBB_ERR_FAILED when the
 * worker crashed, took too long or printed something else; a worker's own EBB_ERR_USAGE
 * or EBB_ERR_ENVIRONMENT with its message; EBB_ERR_ENVIRONMENT and *broken when the
 * record cannot be kept, so that going on makes no sense. A diverged trial is kept and
 * EBB_OK. */
ebb_status ebb_sweep_trial_run(bool *broken, const ebb_sweep_trial *trial,
                               const ebb_child_plan *plan);

#endif
