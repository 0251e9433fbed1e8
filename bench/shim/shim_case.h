/* shim_case.h - one registered benchmark and its entries. For the shim alone. */
#ifndef EBB_BENCH_SHIM_SHIM_CASE_H
#define EBB_BENCH_SHIM_SHIM_CASE_H

#include "shim_library.h"

typedef struct ebb_shim_case ebb_shim_case;

/* Copies what options points to and gives the benchmark to the library. Owned by the
 * caller, to live until the library has forgotten it; also where it is not NULL after a
 * failure. options are consistent. */
ebb_shim_status ebb_shim_case_create(ebb_shim_case **out,
                                     const ebb_shim_benchmark *options);
/* Before a run: what failed in the one before is tried again. */
void ebb_shim_case_reset(ebb_shim_case *self);
void ebb_shim_case_destroy(ebb_shim_case *self); /* NULL is allowed */

#endif
