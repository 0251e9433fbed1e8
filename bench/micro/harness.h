/* harness.h - the list of benchmarks, given to the shim, and what happens in an entry. */
#ifndef EBB_BENCH_MICRO_HARNESS_H
#define EBB_BENCH_MICRO_HARNESS_H

#include "machine/topology.h"
#include "micro.h"
#include "shim.h"

typedef struct ebb_harness ebb_harness;

/* Owned by the caller; borrows topology. All topics' benchmarks are in it. Fails with
 * EBB_ERR_ENVIRONMENT. */
ebb_status ebb_harness_create(ebb_harness **out, const ebb_topology *topology);
/* Registers all; the harness must live until the shim is gone. */
ebb_status ebb_harness_register(ebb_harness *harness, ebb_shim *shim);
/* What the worst failure so far was; EBB_OK without one. */
ebb_status ebb_harness_verdict(const ebb_harness *harness);
void ebb_harness_destroy(ebb_harness *harness); /* NULL is allowed */

#endif
