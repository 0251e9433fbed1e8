/* verdict.h - is a trial's measurement to be believed, judged alone.
 *
 * Invalid: a thread waited for a processor for more than 5 % of the training time, the
 * hypervisor took more than 1 % of it, the quota stopped the process, threads were not
 * bound as asked, or the trial diverged. More threads than processors is a problem noted,
 * not a reason: waiting for each other is then what is measured. So is a peak that
 * differs by more than 10 % before and after, or that the median step exceeds: shares of
 * it are doubtful, the steps may be sound. And memory of which more than 10 % lies away
 * from its thread's NUMA node. */
#ifndef EBB_STUDY_VERDICT_H
#define EBB_STUDY_VERDICT_H

#include "study/trial.h"

/* Adds a text; beyond EBB_MAX_PROBLEMS, or without memory, it is left out. */
void ebb_verdict_problem(ebb_result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds one stretch of training; a fact that is unknown once (−1) stays unknown. */
void ebb_verdict_add_disturbance(ebb_disturbance *sum, const ebb_disturbance *more);

/* Can that be a share of a peak? One is the most; a little above it is noise. NaN can. */
bool ebb_verdict_is_share(double share);

/* Sets placement_verified, valid and the problems. */
void ebb_verdict_judge(ebb_result *result, const ebb_trial_setting *setting);

#endif
