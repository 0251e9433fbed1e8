/* gate_groups.c - the ratio of two unpaired groups, from the ranks of all log ratios. */
#include <math.h>
#include <stdlib.h>

#include "machine/spread.h"
#include "study/gate.h"

/* Counts of arrangements stay within a double: 1000 over 500 is 3e299. */
enum { MAX_GROUP = 500 };

/* ways[u]: arrangements of a and b things in a row in which u pairs stand the wrong way
 * round (Mann and Whitney 1947), for u below n. The generating function is the product of
 * (1 - x^(b+i)) / (1 - x^i), i = 1 … a; its lower terms are exact whole numbers. */
static void count_arrangements(double *ways, size_t n, size_t a, size_t b)
{
    for (size_t u = 0; u < n; u++) {
        ways[u] = u == 0 ? 1.0 : 0.0;
    }
    for (size_t i = 1; i <= a; i++) {
        for (size_t u = n; u-- > b + i;) {
            ways[u] -= ways[u - b - i];
        }
        for (size_t u = i; u < n; u++) {
            ways[u] += ways[u - i];
        }
    }
}

static double all_arrangements(size_t a, size_t b)
{
    double all = 1.0;
    for (size_t i = 1; i <= a; i++) {
        all *= (double)(b + i) / (double)i;
    }
    return all;
}

/* The largest rank k for which fewer than k wrong pairs have a chance of at most tail.
 * ways holds a * b / 2 + 1 numbers. */
static size_t find_rank(double *ways, size_t a, size_t b, double tail)
{
    const size_t n = a * b / 2 + 1;
    count_arrangements(ways, n, a, b);
    const double allowed = tail * all_arrangements(a, b) * (1.0 + 1e-12);
    double sum = 0.0;
    size_t rank = 0;
    while (rank < a * b / 2 && sum + ways[rank] <= allowed) {
        sum += ways[rank];
        rank++;
    }
    return rank;
}

/* All of candidate over all of baseline. */
static void fill_ratios(double *out, const double *baseline, size_t n_baseline,
                        const double *candidate, size_t n_candidate)
{
    for (size_t i = 0; i < n_baseline; i++) {
        for (size_t j = 0; j < n_candidate; j++) {
            out[i * n_candidate + j] = log(candidate[j] / baseline[i]);
        }
    }
}

ebb_status ebb_gate_groups(ebb_gate_interval *out, const double *baseline,
                           size_t n_baseline, const double *candidate, size_t n_candidate,
                           double alpha)
{
    *out = (ebb_gate_interval){(double)NAN, -(double)INFINITY, (double)INFINITY};
    const size_t a = n_baseline < MAX_GROUP ? n_baseline : MAX_GROUP;
    const size_t b = n_candidate < MAX_GROUP ? n_candidate : MAX_GROUP;
    const size_t n = a * b;
    if (n == 0) {
        return EBB_OK;
    }
    double *ratios = malloc(n * sizeof *ratios);
    double *ways = malloc((n / 2 + 1) * sizeof *ways);
    if (ratios == NULL || ways == NULL) {
        free(ratios);
        free(ways);
        return ebb_fail_memory(2 * n * sizeof *ratios);
    }
    fill_ratios(ratios, baseline, a, candidate, b);
    const size_t rank = find_rank(ways, a, b, 0.5 * alpha);
    out->median = ebb_spread_of(ratios, n).median; /* sorts them */
    if (rank > 0) {
        out->low = ratios[rank - 1];
        out->high = ratios[n - rank];
    }
    free(ratios);
    free(ways);
    return EBB_OK;
}

size_t ebb_gate_groups_needed(double alpha)
{
    size_t n = 1;
    while (n < MAX_GROUP && 1.0 / all_arrangements(n, n) > 0.5 * alpha) {
        n++;
    }
    return n;
}
