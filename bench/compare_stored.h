/* compare_stored.h - compares the results of two sweeps, folders with `trials.jsonl`.
 *
 * Such trials were not measured in pairs: a drift of the machine between the two sweeps
 * is part of every ratio, and no statistic can tell it from the builds. So the threshold
 * is at least 5 %, the interval is that of two groups (study/gate.h), and the rest is
 * said in notes. Results of other machines are refused. */
#ifndef EBB_BENCH_COMPARE_STORED_H
#define EBB_BENCH_COMPARE_STORED_H

#include "compare.h"

/* Fails with EBB_ERR_MISSING (no results in a folder) or EBB_ERR_ENVIRONMENT (unreadable,
 * not comparable, memory). */
ebb_status ebb_compare_stored(ebb_comparison *comparison);

#endif
