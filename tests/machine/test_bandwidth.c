#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "machine/bandwidth.h"
#include "machine/cache_share.h"
#include "machine/stream.h"

enum { KIB = 1024, MIB = 1024 * 1024, MANY = 64 };

static const size_t plenty = (size_t)1 << 40; /* free bytes */

/* Two packages, an L3 for each four cores, two hardware threads a core. */
static const char *const server =
    "pack:2 l3:2(size=33554432) l2:4(size=1048576) l1:1(size=32768) core:1 pu:2";

static ebb_topology *synthetic(const char *description)
{
    ebb_topology *topology = NULL;
    assert_int_equal(ebb_topology_create_synthetic(&topology, description, NULL, 0, 0.0),
                     EBB_OK);
    return topology;
}

static void check_share(const ebb_cache_share *share, int level, size_t size,
                        size_t share_bytes, size_t total)
{
    assert_int_equal(share->level, level);
    assert_int_equal(share->size_bytes, size);
    assert_int_equal(share->share_bytes, share_bytes);
    assert_int_equal(share->total_bytes, total);
}

static void test_a_thread_alone_has_whole_caches(void **state)
{
    (void)state;
    ebb_cache_share shares[EBB_CACHE_MAX_LEVELS];
    ebb_topology *topology = synthetic(server);
    const int cpu = 5;
    assert_int_equal(ebb_cache_share_list(shares, topology, &cpu, 1), 3);
    check_share(&shares[0], 1, 32 * KIB, 32 * KIB, 32 * KIB);
    check_share(&shares[1], 2, MIB, MIB, MIB);
    check_share(&shares[2], 3, 32 * MIB, 32 * MIB, 32 * MIB);
    ebb_topology_destroy(topology);
}

static void test_threads_share_what_they_have_in_common(void **state)
{
    (void)state;
    ebb_cache_share shares[EBB_CACHE_MAX_LEVELS];
    ebb_topology *topology = synthetic(server);
    /* Both threads of core 0, one of core 1, one of the second L3: the first L3 has
     * three. */
    const int cpus[] = {0, 1, 2, 8};
    assert_int_equal(ebb_cache_share_list(shares, topology, cpus, 4), 3);
    check_share(&shares[0], 1, 32 * KIB, 16 * KIB, 96 * KIB);
    check_share(&shares[1], 2, MIB, MIB / 2, 3 * MIB);
    check_share(&shares[2], 3, 32 * MIB, 32 * MIB / 3, 64 * MIB);
    ebb_topology_destroy(topology);
}

static void test_no_caches_are_told(void **state)
{
    (void)state;
    ebb_cache_share shares[EBB_CACHE_MAX_LEVELS];
    ebb_bandwidth levels[EBB_BANDWIDTH_MAX];
    ebb_topology *topology = synthetic("core:2 pu:1");
    const int cpus[] = {0, 1};
    assert_int_equal(ebb_cache_share_list(shares, topology, cpus, 2), 0);
    assert_int_equal(ebb_bandwidth_plan(levels, topology, cpus, 2, plenty), 1);
    assert_string_equal(levels[0].level, "memory");
    assert_in_range(levels[0].array_bytes, 32 * MIB, 33 * MIB); /* 64 MiB by two */
    ebb_topology_destroy(topology);
}

/* Levels of a team and the bytes of each thread, "L1 L2 memory". */
static void check_plan(const char *description, size_t n_threads, size_t free_bytes,
                       const char *expected)
{
    ebb_text names = {0};
    int cpus[MANY];
    ebb_bandwidth levels[EBB_BANDWIDTH_MAX];
    ebb_topology *topology = synthetic(description);
    for (size_t i = 0; i < n_threads; i++) {
        cpus[i] = (int)i;
    }
    const size_t n = ebb_bandwidth_plan(levels, topology, cpus, n_threads, free_bytes);
    for (size_t i = 0; i < n; i++) {
        ebb_text_append(&names, "%s%s", i > 0 ? " " : "", levels[i].level);
        assert_int_equal(levels[i].threads, n_threads);
        assert_true(i == 0 || levels[i].array_bytes > levels[i - 1].array_bytes);
        assert_int_equal(levels[i].array_bytes % EBB_STREAM_GRAIN, 0);
    }
    assert_int_equal(ebb_text_check(&names), EBB_OK);
    assert_string_equal(names.data == NULL ? "" : names.data, expected);
    ebb_text_clear(&names);
    ebb_topology_destroy(topology);
}

static void test_levels_that_cannot_be_told_apart_are_left_out(void **state)
{
    (void)state;
    check_plan(server, 1, plenty, "L1 L2 L3 memory");
    check_plan(server, 32, plenty, "L1 L2 L3 memory");
    /* Eight threads have 2 MiB each of an L3 behind an L2 of 1 MiB. */
    check_plan("l3:1(size=16777216) l2:8(size=1048576) l1:1(size=32768) core:1 pu:1", 8,
               plenty, "L1 L2 memory");
    check_plan("l3:1(size=16777216) l2:8(size=1048576) l1:1(size=32768) core:1 pu:1", 2,
               plenty, "L1 L2 L3 memory");
}

static void test_memory_is_not_filled(void **state)
{
    (void)state;
    check_plan(server, 1, (size_t)4 * 128 * MIB, "L1 L2 L3 memory");
    check_plan(server, 1, (size_t)4 * 128 * MIB - 1, "L1 L2 L3");
    check_plan("core:1 pu:1", 1, (size_t)4 * 64 * MIB - 1, "");
}

/* What streams do to arrays, by the arrays. */
static void test_streams_do_what_they_say(void **state)
{
    (void)state;
    enum {
        BYTES = 5 * EBB_STREAM_GRAIN,
        N = BYTES / 4,
        SPARE = EBB_STREAM_SPARE_BYTES / 4
    };
    void *buffer = NULL;
    assert_int_equal(ebb_buffer_allocate(&buffer, N + SPARE, sizeof(float)), EBB_OK);
    float *x = buffer;
    for (size_t i = 0; i < N + SPARE; i++) {
        x[i] = 1.0f;
    }
    /* The sum's first lane: every array is a multiple of 16 lanes of ones. */
    const float once = ebb_stream_run(&ebb_stream_read, x, BYTES, 1);
    assert_true(once > 0.0f);
    assert_true(ebb_stream_run(&ebb_stream_read, x, BYTES, 3) == 3.0f * once);

    (void)ebb_stream_run(&ebb_stream_triad, x, BYTES, 2);
    for (size_t i = 0; i < N + SPARE; i++) {
        assert_true(x[i] == (i < N / 3 ? 1.5f : 1.0f));
    }
    (void)ebb_stream_run(&ebb_stream_write, x, BYTES, 2); /* the second pass fills 2 */
    for (size_t i = 0; i < N + SPARE; i++) {
        assert_true(x[i] == (i < N ? 2.0f : 1.0f));
    }
    ebb_buffer_free(buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thread_alone_has_whole_caches),
        cmocka_unit_test(test_threads_share_what_they_have_in_common),
        cmocka_unit_test(test_no_caches_are_told),
        cmocka_unit_test(test_levels_that_cannot_be_told_apart_are_left_out),
        cmocka_unit_test(test_memory_is_not_filled),
        cmocka_unit_test(test_streams_do_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
