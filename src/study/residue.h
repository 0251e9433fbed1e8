/* residue.h - how far unlearning the task just trained misses the state before it.
 *
 * That state is what exact unlearning of the last task alone would give. For other
 * requests no state of the trial is what it should be, and there is no residue. */
#ifndef EBB_STUDY_RESIDUE_H
#define EBB_STUDY_RESIDUE_H

#include "net/parameters.h"
#include "study/config.h"

typedef struct ebb_residue {
    float *before; /* all parameters before the task; owned; NULL: nothing to compare */
    size_t n;
} ebb_residue; /* starts as {0} */

/* Keeps the parameters where the one request after `task` will be the task itself; a copy
 * of what an earlier call kept is overwritten. Fails with EBB_ERR_ENVIRONMENT (memory).
 */
ebb_status ebb_residue_keep(ebb_residue *residue, const ebb_config *config, size_t task,
                            const ebb_parameters *parameters);
/* Distance from the parameters kept over their norm, both Euclidean; NaN where nothing
 * was kept. What was kept is released. */
double ebb_residue_take(ebb_residue *residue, const ebb_parameters *parameters);
void ebb_residue_clear(ebb_residue *residue);

#endif
