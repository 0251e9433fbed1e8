/* matmul_roof.h - the highest rate of matrix products that the library reaches in cache.
 *
 * Each thread of a team runs products of its own, made for one thread, whose operands
 * stay in its cache; all threads at once. A few shapes that suit the kernels are tried,
 * and the fastest one counts. */
#ifndef EBB_STUDY_MATMUL_ROOF_H
#define EBB_STUDY_MATMUL_ROOF_H

#include <jansson.h>

#include "machine/bound_team.h"
#include "machine/spread.h"

typedef struct ebb_matmul_roof {
    size_t threads;
    size_t m, n, k;    /* x is m x k, w is k x n */
    char kernel[48];   /* the library's name of its implementation */
    ebb_spread gflops; /* of all threads, over the rounds */
} ebb_matmul_roof;

/* Some tens of milliseconds. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_matmul_roof_measure(ebb_matmul_roof *out, const ebb_bound_team *bound);

/* What `ebb machine` says: machine/report.h with `matmul_gflops` for the same team sizes.
 * New reference. Outside parallel regions only. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_matmul_roof_machine_json(json_t **out, const ebb_topology *topology);

#endif
