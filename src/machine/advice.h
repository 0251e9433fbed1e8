/* advice.h - what about this machine makes figures doubtful, and what to do about it. */
#ifndef EBB_MACHINE_ADVICE_H
#define EBB_MACHINE_ADVICE_H

#include <jansson.h>

/* Texts, one a doubt, "WHAT: WHY (REMEDY)"; none where nothing is doubtful. environment
 * is that of machine/environment.h; a fact that is not available gives no advice. New
 * reference, NULL when memory is refused. */
json_t *ebb_advice_json(const json_t *environment);

#endif
