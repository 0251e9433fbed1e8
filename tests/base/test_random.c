/* Random streams: published vectors of the generators, and that a stream depends on its
 * name alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/random.h"

/* From kat_vectors of the Random123 distribution, philox4x32 with 10 rounds. The stream's
 * key and counter are open, so the vectors can be set. */
static void test_philox_vectors(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], block[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ebb_random rng = {.used = 4};
        memcpy(rng.counter, cases[i].counter, sizeof rng.counter);
        memcpy(rng.key, cases[i].key, sizeof rng.key);
        for (size_t j = 0; j < 4; j++) {
            assert_int_equal(ebb_random_next(&rng), cases[i].block[j]);
        }
    }
}

static void test_streams(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed;
        ebb_purpose purpose;
        uint32_t task, epoch;
    } names[] = {
        {1, EBB_PURPOSE_SHUFFLE, 1, 1},
        {2, EBB_PURPOSE_SHUFFLE, 1, 1},
        {1 + (UINT64_C(1) << 32), EBB_PURPOSE_SHUFFLE, 1, 1},
        {1, EBB_PURPOSE_HEAD, 1, 1},
        {1, EBB_PURPOSE_SHUFFLE, 2, 1},
        {1, EBB_PURPOSE_SHUFFLE, 1, 2},
    };
    enum { N = sizeof names / sizeof names[0] };
    uint32_t first[N];
    for (size_t i = 0; i < N; i++) {
        for (int again = 0; again < 2; again++) {
            ebb_random rng;
            ebb_random_init(&rng, names[i].seed, names[i].purpose, names[i].task,
                            names[i].epoch);
            const uint32_t value = ebb_random_next(&rng);
            assert_true(again == 0 || value == first[i]);
            first[i] = value;
        }
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(first[i], first[j]);
        }
    }
}

static void test_below(void **state)
{
    (void)state;
    ebb_random rng;
    ebb_random_init(&rng, 3, EBB_PURPOSE_TEST, 0, 0);
    size_t counts[7] = {0};
    for (size_t i = 0; i < 70000; i++) {
        const uint32_t value = ebb_random_below(&rng, 7);
        assert_true(value < 7);
        counts[value]++;
    }
    for (size_t i = 0; i < 7; i++) {
        assert_in_range(counts[i], 9600, 10400); /* 10000 ± 4.3 standard deviations */
    }
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(ebb_random_below(&rng, 1), 0);
        assert_true(ebb_random_below(&rng, UINT32_MAX) < UINT32_MAX);
    }
}

static void test_unit_and_normal(void **state)
{
    (void)state;
    enum { N = 100000 };
    ebb_random rng;
    ebb_random_init(&rng, 4, EBB_PURPOSE_TEST, 0, 0);
    double unit_sum = 0;
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < N; i++) {
        const float unit = ebb_random_unit(&rng);
        assert_true(unit >= 0.0f && unit < 1.0f);
        unit_sum += (double)unit;
        const double normal = (double)ebb_random_normal(&rng);
        assert_true(isfinite(normal));
        sum += normal;
        squares += normal * normal;
    }
    assert_true(fabs(unit_sum / N - 0.5) < 0.005);
    assert_true(fabs(sum / N) < 0.015);
    assert_true(fabs(squares / N - 1.0) < 0.025);
}

static void test_shuffle(void **state)
{
    (void)state;
    uint32_t items[100];
    int seen[100] = {0};
    for (uint32_t i = 0; i < 100; i++) {
        items[i] = i;
    }
    ebb_random rng;
    ebb_random_init(&rng, 5, EBB_PURPOSE_TEST, 0, 0);
    ebb_random_shuffle(&rng, items, 100);
    size_t fixed = 0;
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(items[i] < 100);
        assert_int_equal(seen[items[i]]++, 0);
        fixed += items[i] == i;
    }
    assert_true(fixed < 10);
    ebb_random_shuffle(&rng, items, 0);
}

/* The reference implementation's first output, and the ten thousandth, which the C++
 * standard states for its mt19937. */
static void test_mersenne_twister(void **state)
{
    (void)state;
    ebb_mt19937 rng;
    ebb_mt19937_init(&rng, 5489);
    assert_int_equal(ebb_mt19937_next(&rng), 3499211612u);
    for (size_t i = 2; i < 10000; i++) {
        (void)ebb_mt19937_next(&rng);
    }
    assert_int_equal(ebb_mt19937_next(&rng), 4123659995u);
}

static void test_mersenne_permutation(void **state)
{
    (void)state;
    static const uint32_t expected[] = {5, 12, 11, 7, 4, 1, 2, 9, 8, 10, 6, 3, 0};
    uint32_t order[13];
    ebb_mt19937 rng;
    ebb_mt19937_init(&rng, 42);
    ebb_mt19937_permutation(&rng, order, 13);
    assert_memory_equal(order, expected, sizeof expected);
    ebb_mt19937_permutation(&rng, order, 1);
    assert_int_equal(order[0], 0);
    ebb_mt19937_permutation(&rng, order, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox_vectors),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_unit_and_normal),
        cmocka_unit_test(test_shuffle),
        cmocka_unit_test(test_mersenne_twister),
        cmocka_unit_test(test_mersenne_permutation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
