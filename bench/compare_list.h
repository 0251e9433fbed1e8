/* compare_list.h - which benchmarks a comparison has, and how a build is told to run one.
 */
#ifndef EBB_BENCH_COMPARE_LIST_H
#define EBB_BENCH_COMPARE_LIST_H

#include "compare.h"
#include "compare_sample.h"

/* Five short trials on generated data: both optimizers, small and large batches, one
 * thread and all cores. */
ebb_status ebb_compare_list_steps(ebb_comparison *comparison);

/* The points of a suite, a shipped one or a file; its repetitions mean nothing here.
 * Fails with EBB_ERR_USAGE like a sweep. */
ebb_status ebb_compare_list_suite(ebb_comparison *comparison, const char *suite);

/* What both builds, like `ebb-bench`, list for a pattern. One that the candidate has not
 * is decided as missing, one that only it has is noted. plan gives time-out and tick.
 * Fails with EBB_ERR_MISSING when none matches, and when a build does not list any:
 * EBB_ERR_ENVIRONMENT, or what its end means. */
ebb_status ebb_compare_list_micro(ebb_comparison *comparison, const char *pattern,
                                  const ebb_sample_plan *plan);

#endif
