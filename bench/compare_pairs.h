/* compare_pairs.h - measures the benchmarks of two builds in interleaved pairs.
 *
 * A round measures each undecided benchmark once with both builds, one right after the
 * other in fresh processes; which goes first alternates (ABBA), so that a machine that
 * drifts favours neither. Rounds go on until every benchmark has its verdict or the
 * budget, which no process outlives, is used up. */
#ifndef EBB_BENCH_COMPARE_PAIRS_H
#define EBB_BENCH_COMPARE_PAIRS_H

#include <stdint.h>

#include "command.h"
#include "compare.h"

/* How long one process may take, and what for. */
typedef struct ebb_compare_limits {
    double timeout_seconds;
    uint64_t begin_ns; /* when the budget began to run */
} ebb_compare_limits;

/* Fails with EBB_ERR_ENVIRONMENT when no process or memory is to be had; whatever a build
 * does becomes a verdict. */
ebb_status ebb_compare_pairs(ebb_comparison *comparison, const ebb_compare_limits *limits,
                             const ebb_arguments *arguments);

#endif
