/* shim_flags.h - the library's flags, judged before the library sees them. For the shim
 * alone.
 *
 * The library ends the process where a value is wrong, and takes values from environment
 * variables (BENCHMARK_FORMAT for --benchmark_format) without a look. */
#ifndef EBB_BENCH_SHIM_SHIM_FLAGS_H
#define EBB_BENCH_SHIM_SHIM_FLAGS_H

#include "shim.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Positions in the table; the order is no part of any interface. */
typedef enum ebb_shim_flag {
    EBB_SHIM_FLAG_LIST_TESTS,
    EBB_SHIM_FLAG_FILTER,
    EBB_SHIM_FLAG_MIN_TIME,
    EBB_SHIM_FLAG_MIN_WARMUP_TIME,
    EBB_SHIM_FLAG_REPETITIONS,
    EBB_SHIM_FLAG_DRY_RUN,
    EBB_SHIM_FLAG_INTERLEAVING,
    EBB_SHIM_FLAG_REPORT_AGGREGATES_ONLY,
    EBB_SHIM_FLAG_DISPLAY_AGGREGATES_ONLY,
    EBB_SHIM_FLAG_FORMAT,
    EBB_SHIM_FLAG_OUT,
    EBB_SHIM_FLAG_OUT_FORMAT,
    EBB_SHIM_FLAG_COLOR,
    EBB_SHIM_FLAG_COUNTERS_TABULAR,
    EBB_SHIM_FLAG_PERF_COUNTERS,
    EBB_SHIM_FLAG_CONTEXT,
    EBB_SHIM_FLAG_TIME_UNIT,
    EBB_SHIM_FLAG_VERBOSITY,
    EBB_SHIM_FLAG_COUNT
} ebb_shim_flag;

/* Starts as {0}. */
typedef struct ebb_shim_flags {
    char *defaults[EBB_SHIM_FLAG_COUNT]; /* owned; NULL: the library's */
    char *values[EBB_SHIM_FLAG_COUNT];   /* owned; all set after read */
    char *pending[EBB_SHIM_FLAG_COUNT];  /* owned; values until all are read */
    int library;                         /* 10701 for version 1.7.1 */
} ebb_shim_flags;

ebb_shim_status ebb_shim_flags_default(ebb_shim_flags *flags, const char *name,
                                       const char *value);
/* Fills values from command line, environment, defaults, in this order, and takes the
 * flags out of argv. What fails changes nothing. */
ebb_shim_status ebb_shim_flags_read(ebb_shim_flags *flags, int *argc, char **argv);
/* For flags of two values. */
bool ebb_shim_flags_is_set(const ebb_shim_flags *flags, ebb_shim_flag which);
/* What the library is told with --name=value: what was given, or the library's own
 * default for flags that the shim acts on itself. NULL: this version does not know the
 * flag. */
const char *ebb_shim_flags_name(ebb_shim_flag which);
const char *ebb_shim_flags_value(const ebb_shim_flags *flags, ebb_shim_flag which,
                                 bool list);
void ebb_shim_flags_clear(ebb_shim_flags *flags);

#ifdef __cplusplus
}
#endif

#endif
