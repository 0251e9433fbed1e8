#include "study/statistics.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

enum { BINS_PER_OCTAVE = 16, LAST_BIN = 64 * BINS_PER_OCTAVE - 1 };

static const double median_tail = 0.025; /* on each side: two-sided 95 % */
static const double quantile_tail = 0.05;

size_t ebb_quantile_index(double q, size_t n)
{
    /* A product meant to be whole may come out a hair above: 0.07 · 100 > 7. */
    const double product = q * (double)n * (1.0 - 2.0 * DBL_EPSILON);
    const size_t rank = (size_t)ceil(product);
    return rank < 1 ? 0 : rank > n ? n - 1 : rank - 1;
}

static double log_choose(size_t n, size_t k)
{
    int sign = 0;
    return lgamma_r((double)n + 1.0, &sign) - lgamma_r((double)k + 1.0, &sign) -
           lgamma_r((double)(n - k) + 1.0, &sign);
}

/* Smallest rank u (1-based) whose sample is an upper bound of quantile q: the chance that
 * fewer than u samples lie below the quantile's place, P(B >= u) for B ~ Binomial(n, q),
 * is at most tail. 0 when not even the largest sample is one.
 *
 * The tail is summed exactly, term by term from its far end; terms more than 12 standard
 * deviations out (below 1e-30) are left away, so the cost grows with sqrt(n). */
static size_t upper_rank(size_t n, double q, double tail)
{
    const double mean = (double)n * q;
    const double far = ceil(mean + 12.0 * sqrt(mean * (1.0 - q)) + 12.0);
    size_t k = far < (double)n ? (size_t)far : n;
    double term =
        exp(log_choose(n, k) + (double)k * log(q) + (double)(n - k) * log1p(-q));
    double sum = term;
    if (sum > tail) {
        return 0;
    }
    while (k > 0) {
        term *= (double)k / (double)(n - k + 1) * (1.0 - q) / q;
        if (sum + term > tail) {
            break;
        }
        sum += term;
        k--;
    }
    return k;
}

/* Bin i holds whole nanoseconds from 2^(i/16) up; zero goes into the first. */
static uint64_t bin_low(size_t bin)
{
    return bin == 0 ? 0 : (uint64_t)ceil(exp2((double)bin / BINS_PER_OCTAVE));
}

static size_t bin_of(uint64_t sample_ns)
{
    if (sample_ns < 2) {
        return 0;
    }
    const double exact = floor(log2((double)sample_ns) * BINS_PER_OCTAVE);
    size_t bin = exact < LAST_BIN ? (size_t)exact : LAST_BIN;
    /* log2 may round across a border. */
    while (bin > 0 && bin_low(bin) > sample_ns) {
        bin--;
    }
    while (bin < LAST_BIN && bin_low(bin + 1) <= sample_ns) {
        bin++;
    }
    return bin;
}

/* Samples beyond the last bin that there is room for are counted in it. */
static void fill_bins(ebb_summary *out, const uint64_t *sorted, size_t n)
{
    const size_t first = bin_of(sorted[0]);
    const size_t span = bin_of(sorted[n - 1]) - first + 1;
    out->n_bins = span < EBB_MAX_BINS ? span : EBB_MAX_BINS;
    for (size_t i = 0; i < out->n_bins; i++) {
        out->bins[i].low_ns = bin_low(first + i);
    }
    size_t bin = 0;
    for (size_t i = 0; i < n; i++) {
        while (bin + 1 < out->n_bins && out->bins[bin + 1].low_ns <= sorted[i]) {
            bin++;
        }
        out->bins[bin].count++;
    }
}

static double mean_of(const uint64_t *samples, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)samples[i];
    }
    return sum / (double)n;
}

static void fill_quantiles(ebb_summary *out, const uint64_t *sorted, size_t n)
{
    out->p50 = sorted[ebb_quantile_index(0.5, n)];
    const size_t high = upper_rank(n, 0.5, median_tail);
    out->has_interval = high > 0;
    if (out->has_interval) {
        out->p50_low = sorted[n - high]; /* the mirrored rank, n + 1 − high */
        out->p50_high = sorted[high - 1];
    }
    const size_t high90 = upper_rank(n, 0.9, quantile_tail);
    out->has_p90 = high90 > 0;
    if (out->has_p90) {
        out->p90 = sorted[ebb_quantile_index(0.9, n)];
        out->p90_high = sorted[high90 - 1];
    }
    const size_t high99 = upper_rank(n, 0.99, quantile_tail);
    out->has_p99 = high99 > 0;
    if (out->has_p99) {
        out->p99 = sorted[ebb_quantile_index(0.99, n)];
        out->p99_high = sorted[high99 - 1];
    }
}

static int compare_samples(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

ebb_status ebb_summary_compute(ebb_summary *out, const uint64_t *samples_ns, size_t n)
{
    *out = (ebb_summary){0};
    if (n == 0) {
        return EBB_OK;
    }
    void *copy = NULL;
    EBB_TRY(ebb_buffer_allocate(&copy, n, sizeof *samples_ns));
    uint64_t *sorted = copy;
    memcpy(sorted, samples_ns, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_samples);
    out->count = n;
    out->min = sorted[0];
    out->max = sorted[n - 1];
    out->mean = mean_of(sorted, n);
    fill_quantiles(out, sorted, n);
    fill_bins(out, sorted, n);
    ebb_buffer_free(sorted);
    return EBB_OK;
}
