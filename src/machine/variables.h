/* variables.h - the environment variables that libraries read, as the user set them.
 *
 * A launcher overrules some of them for its worker. It keeps what it found in one
 * variable of ours, so that the worker's record still tells what the user had asked for.
 */
#ifndef EBB_MACHINE_VARIABLES_H
#define EBB_MACHINE_VARIABLES_H

#include <jansson.h>

#include "base/status.h"

/* Holds the object of ebb_variables_user as compact JSON. */
#define EBB_USER_VARIABLES_VARIABLE "EBB_USER_VARIABLES"

/* Every OMP_*, GOMP_*, KMP_*, ONEDNN_*, DNNL_*, HWLOC_* and MALLOC_* variable that the
 * user had set, name to value. New reference. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_variables_user(json_t **out);
/* Those that are in force in this process. */
ebb_status ebb_variables_in_force(json_t **out);
/* Keeps the user's variables for processes started later; the first call counts. */
ebb_status ebb_variables_keep(void);

#endif
