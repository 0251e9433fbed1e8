#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "study/statistics.h"

/* 1, 2, … n in a scrambled order, so that each value is its own rank. */
static ebb_summary summary_of_ranks(size_t n)
{
    uint32_t *order = calloc(n, sizeof *order);
    uint64_t *samples = calloc(n, sizeof *samples);
    assert_non_null(order);
    assert_non_null(samples);
    for (size_t i = 0; i < n; i++) {
        order[i] = (uint32_t)(i + 1);
    }
    ebb_random rng;
    ebb_random_init(&rng, 1, EBB_PURPOSE_TEST, 0, 0);
    ebb_random_shuffle(&rng, order, n);
    for (size_t i = 0; i < n; i++) {
        samples[i] = order[i];
    }
    ebb_summary summary;
    assert_int_equal(ebb_summary_compute(&summary, samples, n), EBB_OK);
    assert_int_equal(samples[n - 1], order[n - 1]); /* samples are not changed */
    free(samples);
    free(order);
    return summary;
}

static void test_quantile_index(void **state)
{
    (void)state;
    static const struct {
        double q;
        size_t n, index;
    } cases[] = {
        {0.5, 1, 0},      {0.5, 2, 0},  {0.5, 3, 1},     {0.5, 4, 1},
        {0.9, 10, 8},     {0.9, 11, 9}, {0.99, 100, 98}, {0.99, 101, 99},
        {0.99, 300, 296}, {1.0, 7, 6},  {0.07, 100, 6}, /* the product
                                                           is 7.000000000000001 */
        {1e-9, 5, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ebb_quantile_index(cases[i].q, cases[i].n), cases[i].index);
    }
    /* The definition, at every n: a share q at or below it, and less below the one
     * before.
     */
    for (size_t n = 1; n < 500; n++) {
        const size_t index = ebb_quantile_index(0.9, n);
        assert_true(10 * (index + 1) >= 9 * n);
        assert_true(10 * index < 9 * n);
    }
}

static void test_median_interval_by_hand(void **state)
{
    (void)state;
    /* B ~ Binomial(n, 1/2); the low rank r is the largest with P(B <= r − 1) <= 0.025,
     * the high rank n + 1 − r. n = 6:   P(B <= 0) = 1/64 = 0.0156, P(B <= 1) = 7/64 n =
     * 8:   P(B <= 0) = 1/256, P(B <= 1) = 9/256 = 0.0352 n = 9:   P(B <= 1) = 10/512 =
     * 0.0195, P(B <= 2) = 46/512 n = 10:  P(B <= 1) = 11/1024 = 0.0107, P(B <= 2) =
     * 56/1024 = 0.0547 n = 20:  P(B <= 5) = (1 + 20 + 190 + 1140 + 4845 + 15504) / 2^20 =
     * 0.0207, P(B <= 6) = 0.0577 n = 100: P(B <= 39) = 0.0176, P(B <= 40) = 0.0284 */
    static const struct {
        size_t n, low, high;
    } cases[] = {{6, 1, 6}, {8, 1, 8}, {9, 2, 8}, {10, 2, 9}, {20, 6, 15}, {100, 40, 61}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const ebb_summary s = summary_of_ranks(cases[i].n);
        assert_true(s.has_interval);
        assert_int_equal(s.p50_low, cases[i].low);
        assert_int_equal(s.p50_high, cases[i].high);
    }
}

static void test_large_counts_agree_with_the_normal_law(void **state)
{
    (void)state;
    static const size_t counts[] = {10000, 90000, 1000000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        const double n = (double)counts[i];
        const ebb_summary s = summary_of_ranks(counts[i]);
        /* z(0.975) = 1.95996 and z(0.95) = 1.64485, half a rank for continuity; what is
         * left is the skew of the binomial, (1 − 2q)(z² − 1)/6 ranks, below 0.3. */
        assert_true(fabs((double)s.p50_high - (n / 2 + 1.95996 * sqrt(n / 4) + 1)) < 1.5);
        assert_int_equal(s.p50_low, counts[i] + 1 - s.p50_high);
        assert_true(fabs((double)s.p90_high - (0.9 * n + 1.64485 * sqrt(0.09 * n) + 1)) <
                    1.8);
        assert_true(
            fabs((double)s.p99_high - (0.99 * n + 1.64485 * sqrt(0.0099 * n) + 1)) < 1.8);
    }
}

static void test_thresholds_of_the_count(void **state)
{
    (void)state;
    /* The largest of n samples bounds the median on both sides when 2^-n <= 0.025 (n >=
     * 6: 1/64; n = 5 gives 1/32), p90 when 0.9^n <= 0.05 (0.9^28 = 0.0523, 0.9^29 =
     * 0.0471), p99 when 0.99^n <= 0.05 (0.99^298 = 0.05003, 0.99^299 = 0.04953). */
    static const struct {
        size_t n;
        bool interval, p90, p99;
    } cases[] = {{1, false, false, false}, {5, false, false, false},
                 {6, true, false, false},  {28, true, false, false},
                 {29, true, true, false},  {298, true, true, false},
                 {299, true, true, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const ebb_summary s = summary_of_ranks(cases[i].n);
        assert_int_equal(s.count, cases[i].n);
        assert_int_equal(s.has_interval, cases[i].interval);
        assert_int_equal(s.has_p90, cases[i].p90);
        assert_int_equal(s.has_p99, cases[i].p99);
        assert_int_equal(s.p50, (cases[i].n + 1) / 2);
        assert_int_equal(s.min, 1);
        assert_int_equal(s.max, cases[i].n);
        if (!cases[i].interval) {
            assert_int_equal(s.p50_low, 0);
            assert_int_equal(s.p50_high, 0);
        }
        if (!cases[i].p99) {
            assert_int_equal(s.p99, 0);
            assert_int_equal(s.p99_high, 0);
        }
    }
}

static void test_upper_bounds_by_hand(void **state)
{
    (void)state;
    /* p90: n = 46: P(B >= 45) = 0.9^46 + 46 · 0.1 · 0.9^45 = 0.0079 + 0.0401 = 0.0480, so
     * the second largest will do; n = 45: 0.0087 + 0.0436 = 0.0523, it will not.
     * p99: n = 473: 0.99^473 + 473 · 0.01 · 0.99^472 = 0.0086 + 0.0412 = 0.0498;
     *      n = 472: 0.0087 + 0.0415 = 0.0502. */
    assert_int_equal(summary_of_ranks(29).p90_high, 29);
    assert_int_equal(summary_of_ranks(45).p90_high, 45);
    assert_int_equal(summary_of_ranks(46).p90_high, 45);
    assert_int_equal(summary_of_ranks(299).p99_high, 299);
    assert_int_equal(summary_of_ranks(472).p99_high, 472);
    assert_int_equal(summary_of_ranks(473).p99_high, 472);
    assert_int_equal(summary_of_ranks(473).p90, 426); /* 0.9 · 473 = 425.7 */
    assert_int_equal(summary_of_ranks(473).p99, 469); /* 0.99 · 473 = 468.3 */
}

static void test_nothing_and_one(void **state)
{
    (void)state;
    ebb_summary s;
    memset(&s, 0xff, sizeof s);
    assert_int_equal(ebb_summary_compute(&s, NULL, 0), EBB_OK);
    assert_int_equal(s.count, 0);
    assert_int_equal(s.n_bins, 0);
    assert_false(s.has_interval);
    const uint64_t one = 4711;
    assert_int_equal(ebb_summary_compute(&s, &one, 1), EBB_OK);
    assert_int_equal(s.p50, 4711);
    assert_true(s.mean == 4711.0);
    assert_int_equal(s.n_bins, 1);
    assert_int_equal(s.bins[0].count, 1);
}

static void test_ties(void **state)
{
    (void)state;
    uint64_t samples[300];
    for (size_t i = 0; i < 300; i++) {
        samples[i] = i < 290 ? 1000 : 2000;
    }
    ebb_summary s;
    assert_int_equal(ebb_summary_compute(&s, samples, 300), EBB_OK);
    assert_int_equal(s.p50, 1000);
    assert_int_equal(s.p50_low, 1000);
    assert_int_equal(s.p50_high, 1000);
    assert_int_equal(s.p90, 1000); /* rank 270 of 290 */
    assert_int_equal(s.p99, 2000); /* rank 297 */
    assert_int_equal(s.p99_high, 2000);
    /* (290 · 1000 + 10 · 2000) / 300 */
    assert_true(fabs(s.mean - 310000.0 / 300.0) < 1e-9);
    assert_int_equal(s.n_bins, 17); /* one factor of two apart */
    assert_int_equal(s.bins[0].count, 290);
    assert_int_equal(s.bins[16].count, 10);
}

static void test_histogram(void **state)
{
    (void)state;
    const uint64_t samples[] = {1024, 1069, 1070, 2047, 2048};
    ebb_summary s;
    assert_int_equal(ebb_summary_compute(&s, samples, 5), EBB_OK);
    /* 1024 · 2^(1/16) = 1069.3: the second bin begins at 1070. */
    assert_int_equal(s.n_bins, 17);
    assert_int_equal(s.bins[0].low_ns, 1024);
    assert_int_equal(s.bins[1].low_ns, 1070);
    assert_int_equal(s.bins[16].low_ns, 2048);
    assert_int_equal(s.bins[0].count, 2);
    assert_int_equal(s.bins[1].count, 1);
    assert_int_equal(s.bins[15].count, 1);
    assert_int_equal(s.bins[16].count, 1);
}

static void test_histogram_keeps_every_sample(void **state)
{
    (void)state;
    /* From zero to the largest number: more than the bins span, so the last one is open.
     */
    const uint64_t samples[] = {0, 1, 2, 3, 65535, 65536, 1u << 30, UINT64_MAX};
    ebb_summary s;
    assert_int_equal(ebb_summary_compute(&s, samples, 8), EBB_OK);
    assert_int_equal(s.n_bins, EBB_MAX_BINS);
    uint64_t total = 0;
    for (size_t i = 0; i < s.n_bins; i++) {
        total += s.bins[i].count;
        assert_true(i == 0 || s.bins[i].low_ns >= s.bins[i - 1].low_ns);
    }
    assert_int_equal(total, 8);
    assert_int_equal(s.bins[0].count, 2);
    assert_int_equal(s.bins[255].count, 4); /* from 2^(255/16) = 62757.9 up */
    for (int bit = 1; bit < 64; bit++) { /* borders fall into the bin that they begin */
        const uint64_t border = UINT64_C(1) << bit;
        const uint64_t pair[] = {border - 1, border};
        assert_int_equal(ebb_summary_compute(&s, pair, 2), EBB_OK);
        assert_true(s.n_bins >= 2);
        assert_true(s.bins[s.n_bins - 1].low_ns == border);
        assert_int_equal(s.bins[0].count, 1);
        assert_int_equal(s.bins[s.n_bins - 1].count, 1);
    }
}

/* Every bin holds what lies between its border and the next one. Samples spread over many
 * factors of two, as far apart as a step and a hiccup. */
static void test_histogram_against_counting(void **state)
{
    (void)state;
    enum { ROUNDS = 200, MOST = 400 };
    ebb_random rng;
    ebb_random_init(&rng, 3, EBB_PURPOSE_TEST, 0, 0);
    uint64_t samples[MOST];
    for (int round = 0; round < ROUNDS; round++) {
        const size_t n = 1 + ebb_random_below(&rng, MOST);
        const uint32_t octaves = 1 + ebb_random_below(&rng, 20);
        for (size_t i = 0; i < n; i++) {
            const uint32_t range = UINT32_C(2) << ebb_random_below(&rng, octaves);
            samples[i] = 1000 + ebb_random_below(&rng, range);
        }
        ebb_summary s;
        assert_int_equal(ebb_summary_compute(&s, samples, n), EBB_OK);
        size_t total = 0;
        for (size_t b = 0; b < s.n_bins; b++) {
            const bool last = b + 1 == s.n_bins;
            size_t count = 0;
            for (size_t i = 0; i < n; i++) {
                count += samples[i] >= s.bins[b].low_ns &&
                         (last || samples[i] < s.bins[b + 1].low_ns);
            }
            assert_int_equal(s.bins[b].count, count);
            /* The border is the first whole number from 2^(k/16) up. */
            const double k = nearbyint(log2((double)s.bins[b].low_ns) * 16.0);
            assert_true(fabs(exp2(k / 16.0) - (double)s.bins[b].low_ns) < 1.0);
            total += count;
        }
        assert_int_equal(total, n);
        assert_true(s.bins[0].count > 0 && s.bins[s.n_bins - 1].count > 0);
    }
}

/* Draws from the uniform law on 0 … 10^9, whose quantile q is q · 10^9, and counts how
 * often the interval or bound holds it. */
static void test_coverage(void **state)
{
    (void)state;
    enum { ROUNDS = 4000, COUNT = 300 };
    ebb_random rng;
    ebb_random_init(&rng, 2, EBB_PURPOSE_TEST, 0, 0);
    uint64_t samples[COUNT];
    size_t holds50 = 0, holds90 = 0, holds99 = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            samples[i] = ebb_random_below(&rng, 1000000000u);
        }
        ebb_summary s;
        assert_int_equal(ebb_summary_compute(&s, samples, COUNT), EBB_OK);
        holds50 += s.p50_low <= 500000000u && 500000000u <= s.p50_high;
        holds90 += s.p90_high >= 900000000u;
        holds99 += s.p99_high >= 990000000u;
    }
    /* At least 95 % each, and for the median not much more (300 ranks are fine steps).
     * One standard deviation of a share of 4000 rounds is 0.0034; four are allowed. */
    assert_true((double)holds50 / ROUNDS > 0.95 - 0.014);
    assert_true((double)holds50 / ROUNDS < 0.96 + 0.014);
    assert_true((double)holds90 / ROUNDS > 0.95 - 0.014);
    assert_true((double)holds90 / ROUNDS < 0.97 + 0.014);
    assert_true((double)holds99 / ROUNDS > 0.95 - 0.014);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantile_index),
        cmocka_unit_test(test_median_interval_by_hand),
        cmocka_unit_test(test_large_counts_agree_with_the_normal_law),
        cmocka_unit_test(test_thresholds_of_the_count),
        cmocka_unit_test(test_upper_bounds_by_hand),
        cmocka_unit_test(test_nothing_and_one),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_histogram_keeps_every_sample),
        cmocka_unit_test(test_histogram_against_counting),
        cmocka_unit_test(test_coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
