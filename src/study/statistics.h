/* statistics.h - order statistics of step times. Nothing assumes a distribution.
 *
 * A quantile is the smallest sample with at least a share q of all samples at or below
 * it. Its interval comes from the binomial distribution of ranks (Hahn and Meeker 1991):
 * both bounds are samples, and where the count cannot carry them they are absent (0 and
 * false). */
#ifndef EBB_STUDY_STATISTICS_H
#define EBB_STUDY_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ebb_bin {
    uint64_t low_ns; /* of the bin; its upper end is the next bin's low */
    uint64_t count;
} ebb_bin;

enum { EBB_MAX_BINS = 256 };

typedef struct ebb_summary {
    size_t count;
    uint64_t min, max;
    double mean;
    uint64_t p50, p50_low, p50_high; /* two-sided 95 % interval of the median */
    uint64_t p90, p99;
    bool has_interval;           /* count carries the interval of the median (>= 6) */
    bool has_p90;                /* one-sided 95 % upper bound exists: count >= 29 */
    bool has_p99;                /* likewise: count >= 299 */
    uint64_t p90_high, p99_high; /* those bounds */
    /* Logarithmic, 16 a factor of two, empty ones between; the first and the last hold
     * samples. The last is open: beyond about 2^16 times the lowest it takes all. */
    ebb_bin bins[EBB_MAX_BINS];
    size_t n_bins;
} ebb_summary;

/* samples are not changed. All zero for n = 0. Fails with EBB_ERR_ENVIRONMENT (memory).
 */
ebb_status ebb_summary_compute(ebb_summary *out, const uint64_t *samples_ns, size_t n);

/* Index (0-based) of the quantile q in n sorted samples. n > 0, 0 < q <= 1. */
size_t ebb_quantile_index(double q, size_t n);

#endif
