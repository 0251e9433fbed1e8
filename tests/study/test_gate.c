/* The sequential sign test against hand-computed cases and against all walks there are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "study/gate.h"

static void add_all(ebb_gate *gate, const double *ratios, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ebb_gate_add(gate, ratios[i]), EBB_OK);
    }
}

/* 1 … n in an order that is not theirs. */
static void add_numbers(ebb_gate *gate, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ebb_gate_add(gate, (double)(i * 7 % n + 1)), EBB_OK);
    }
}

static void check_interval(ebb_gate_interval found, double low, double high)
{
    if (!(found.low == low && found.high == high)) { /* infinite ones too */
        fail_msg("[%g, %g] instead of [%g, %g]", found.low, found.high, low, high);
    }
}

/* One look with all of alpha is the textbook's interval. Binomial tails: 2 · 1/64 for six
 * pairs; 2 · (1 + 20 + 190 + 1140 + 4845 + 15504) / 2^20 = 0.0414 for twenty. */
static void test_one_look(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        double alpha, low, high;
    } cases[] = {
        {5, 0.05, -(double)INFINITY, (double)INFINITY},
        {5, 0.0625, 1, 5},
        {6, 0.05, 1, 6},
        {6, 0.031, -(double)INFINITY, (double)INFINITY},
        {20, 0.05, 6, 15},
        {20, 0.0413, 5, 16},
        {8, 0.0078125, 1, 8},
        {8, 0.0078, -(double)INFINITY, (double)INFINITY},
        {1, 0.999, -(double)INFINITY, (double)INFINITY},
        {2, 0.5, 1, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ebb_gate gate;
        ebb_gate_init(&gate, cases[i].alpha);
        add_numbers(&gate, cases[i].n);
        check_interval(ebb_gate_look(&gate, 1.0), cases[i].low, cases[i].high);
        ebb_gate_clear(&gate);
    }
}

/* Six pairs spend 2/64 of 0.05 at the first look, so the seventh may spend 0.01875 more.
 * Of the walks that are left none has all its ratios on one side, and one in 2 · 6/128
 * has all but one: too many. */
static void test_two_looks(void **state)
{
    (void)state;
    ebb_gate gate;
    ebb_gate_init(&gate, 0.05);
    add_numbers(&gate, 6);
    check_interval(ebb_gate_look(&gate, 0.62), -(double)INFINITY, (double)INFINITY);
    check_interval(ebb_gate_look(&gate, 0.63), 1, 6);
    assert_true(fabs(gate.spent - 2.0 / 64) < 1e-15);
    check_interval(ebb_gate_look(&gate, 0.63), 1, 6); /* again costs nothing */
    assert_true(fabs(gate.spent - 2.0 / 64) < 1e-15);
    assert_int_equal(ebb_gate_add(&gate, 3.5), EBB_OK);
    check_interval(ebb_gate_look(&gate, 1.0), 1, 6);
    assert_true(fabs(gate.spent - 2.0 / 64) < 1e-15);
    ebb_gate_clear(&gate);
}

static void test_median(void **state)
{
    (void)state;
    ebb_gate gate;
    ebb_gate_init(&gate, 0.05);
    assert_true(isnan(ebb_gate_look(&gate, 0.5).median));
    check_interval(ebb_gate_look(&gate, 0.5), -(double)INFINITY, (double)INFINITY);
    add_all(&gate, (const double[]){3, -1}, 2);
    assert_true(ebb_gate_look(&gate, 1).median == 1.0);
    add_all(&gate, (const double[]){0.5}, 1);
    assert_true(ebb_gate_look(&gate, 1).median == 0.5);
    ebb_gate_clear(&gate);
}

enum { MAX_COINS = 14 };

/* Does any interval of this walk (bit i: the i-th ratio is above 0) leave 0 out? */
static bool misses(double *spent, unsigned walk, size_t n, double alpha, double power)
{
    bool missed = false;
    ebb_gate gate;
    ebb_gate_init(&gate, alpha);
    for (size_t i = 0; i < n; i++) {
        /* Sizes differ, so that only the sign can matter. */
        const double size = 1.0 + (double)(i * 5 % n);
        assert_int_equal(ebb_gate_add(&gate, (walk >> i & 1) != 0 ? size : -size),
                         EBB_OK);
        const ebb_gate_interval interval =
            ebb_gate_look(&gate, pow((double)(i + 1) / (double)n, power));
        missed = missed || interval.low > 0 || interval.high < 0;
    }
    *spent = gate.spent;
    ebb_gate_clear(&gate);
    return missed;
}

/* All walks of fair coins, looked at after every one: the share of those that are misled
 * is what the gate says it has spent, and at most alpha. */
static void test_all_walks(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        double alpha, power;
    } cases[] = {{MAX_COINS, 0.05, 1}, {MAX_COINS, 0.05, 0.5}, {MAX_COINS, 0.01, 1},
                 {11, 0.2, 2},         {6, 0.05, 1},           {4, 0.5, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n_missed = 0;
        double spent = 0;
        for (unsigned walk = 0; walk < 1U << cases[i].n; walk++) {
            n_missed +=
                misses(&spent, walk, cases[i].n, cases[i].alpha, cases[i].power) ? 1 : 0;
        }
        const double share = (double)n_missed / (double)(1U << cases[i].n);
        assert_true(share <= cases[i].alpha);
        assert_true(share > 0.2 * cases[i].alpha); /* it is of use */
        assert_true(fabs(share - spent) < 1e-12);
    }
}

static void test_many_pairs(void **state)
{
    (void)state;
    ebb_gate gate;
    ebb_gate_init(&gate, 0.05);
    add_numbers(&gate, 3000);
    const ebb_gate_interval interval = ebb_gate_look(&gate, 1.0);
    /* Normal approximation: 1500 ± 1.96 · √3000 / 2. */
    assert_true(fabs(interval.low - (1500.5 - 53.7)) < 2);
    assert_true(fabs(interval.high - (1500.5 + 53.7)) < 2);
    assert_true(gate.spent <= 0.05);
    ebb_gate_clear(&gate);
}

static void test_judge(void **state)
{
    (void)state;
    static const struct {
        double low, high;
        ebb_gate_verdict verdict, last;
    } cases[] = {
        {-0.5, 0.5, EBB_GATE_UNKNOWN, EBB_GATE_UNKNOWN},
        {-(double)INFINITY, (double)INFINITY, EBB_GATE_UNKNOWN, EBB_GATE_UNKNOWN},
        {-0.1, 0.1, EBB_GATE_SAME, EBB_GATE_SAME},
        {-0.01, 0.02, EBB_GATE_SAME, EBB_GATE_SAME},
        {0.05, 0.06, EBB_GATE_SAME, EBB_GATE_SAME},
        {0.05, 0.2, EBB_GATE_UNKNOWN, EBB_GATE_UNKNOWN},
        {0.1, 0.2, EBB_GATE_UNKNOWN, EBB_GATE_UNKNOWN},
        {0.101, 0.2, EBB_GATE_SLOWER, EBB_GATE_SLOWER},
        {-0.2, -0.1, EBB_GATE_UNKNOWN, EBB_GATE_SAME},
        {-0.2, -0.101, EBB_GATE_FASTER, EBB_GATE_FASTER},
        {-0.2, 0.05, EBB_GATE_UNKNOWN, EBB_GATE_SAME},
        {-0.2, 0.101, EBB_GATE_UNKNOWN, EBB_GATE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const ebb_gate_interval interval = {0, cases[i].low, cases[i].high};
        assert_int_equal(ebb_gate_judge(&interval, 0.1, false), cases[i].verdict);
        assert_int_equal(ebb_gate_judge(&interval, 0.1, true), cases[i].last);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(ebb_gate_verdict_name(EBB_GATE_SAME), "same");
    assert_string_equal(ebb_gate_verdict_name(EBB_GATE_FASTER), "faster");
    assert_string_equal(ebb_gate_verdict_name(EBB_GATE_UNKNOWN), "cannot tell");
    assert_string_equal(ebb_gate_verdict_name(EBB_GATE_SLOWER), "slower");
    assert_string_equal(ebb_gate_verdict_name(EBB_GATE_MISSING), "missing");
    assert_string_equal(ebb_gate_verdict_name(EBB_GATE_WRONG), "wrong");
}

/* Ranks of the tables of Mann and Whitney: critical U plus one. Values are powers, so
 * that the log ratios are whole numbers of log 2. */
static void test_groups(void **state)
{
    (void)state;
    static const struct {
        size_t n_baseline, n_candidate;
        double alpha;
        size_t rank;
    } cases[] = {{3, 3, 0.05, 0},    {3, 3, 0.1, 1},      {4, 4, 0.05, 1},
                 {5, 5, 0.05, 3},    {5, 5, 0.01, 1},     {4, 8, 0.05, 5},
                 {8, 4, 0.05, 5},    {8, 8, 0.05, 14},    {8, 8, 0.01, 8},
                 {10, 10, 0.05, 24}, {20, 20, 0.05, 128}, {20, 20, 0.01, 106},
                 {1, 1, 0.05, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t a = cases[i].n_baseline;
        const size_t b = cases[i].n_candidate;
        double baseline[20];
        double candidate[20];
        for (size_t k = 0; k < a; k++) {
            baseline[k] = exp2(-(double)(k * b));
        }
        for (size_t k = 0; k < b; k++) {
            candidate[k] = exp2((double)k);
        }
        /* Ratios are 2^0 … 2^(ab − 1), each once. */
        ebb_gate_interval interval;
        assert_int_equal(
            ebb_gate_groups(&interval, baseline, a, candidate, b, cases[i].alpha),
            EBB_OK);
        const double last = (double)(a * b - 1);
        assert_true(fabs(interval.median / log(2) - 0.5 * last) < 1e-9);
        if (cases[i].rank == 0) {
            check_interval(interval, -(double)INFINITY, (double)INFINITY);
            continue;
        }
        const double low = (double)cases[i].rank - 1;
        assert_true(fabs(interval.low / log(2) - low) < 1e-9);
        assert_true(fabs(interval.high / log(2) - (last - low)) < 1e-9);
    }
}

static void test_groups_needed(void **state)
{
    (void)state;
    assert_int_equal(ebb_gate_groups_needed(0.1), 3);
    assert_int_equal(ebb_gate_groups_needed(0.05), 4);
    assert_int_equal(ebb_gate_groups_needed(0.05 / 4), 5);
    assert_int_equal(ebb_gate_groups_needed(0.05 / 100), 8);
    ebb_gate_interval interval;
    assert_int_equal(ebb_gate_groups(&interval, NULL, 0, NULL, 0, 0.05), EBB_OK);
    assert_true(isnan(interval.median));
}

/* 500 and more values: counts of arrangements stay finite. */
static void test_large_groups(void **state)
{
    (void)state;
    enum { N = 600 };
    double *values = malloc(N * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < N; i++) {
        values[i] = 100.0 + (double)(i * 7 % 500);
    }
    ebb_gate_interval interval;
    assert_int_equal(ebb_gate_groups(&interval, values, N, values, N, 0.05), EBB_OK);
    assert_true(fabs(interval.median) < 1e-9);
    assert_true(interval.low < -0.01 && interval.low > -0.2);
    assert_true(fabs(interval.low + interval.high) < 1e-9);
    free(values);
}

/* All together err as often as one alone may. */
static void test_alpha(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        double alpha;
    } cases[] = {{1, 0.05}, {2, 0.025}, {5, 0.01}, {100, 0.0005}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(fabs(ebb_gate_alpha(cases[i].n) / cases[i].alpha - 1) < 1e-15);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_look),      cmocka_unit_test(test_two_looks),
        cmocka_unit_test(test_median),        cmocka_unit_test(test_all_walks),
        cmocka_unit_test(test_many_pairs),    cmocka_unit_test(test_judge),
        cmocka_unit_test(test_names),         cmocka_unit_test(test_groups),
        cmocka_unit_test(test_groups_needed), cmocka_unit_test(test_large_groups),
        cmocka_unit_test(test_alpha),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
