#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "machine/affinity.h"
#include "machine/peak.h"
#include "machine/report.h"
#include "machine/roofs.h"
#include "machine/spread.h"

static void check_ladder(const char *description, double quota_cpus,
                         const size_t *expected, size_t n)
{
    size_t sizes[16] = {0};
    ebb_topology *topology = NULL;
    assert_int_equal(
        ebb_topology_create_synthetic(&topology, description, NULL, 0, quota_cpus),
        EBB_OK);
    assert_int_equal(ebb_roofs_ladder(sizes, 16, topology), n);
    assert_memory_equal(sizes, expected, n * sizeof *expected);
    assert_int_equal(ebb_roofs_ladder(sizes, 1, topology), 1);
    ebb_topology_destroy(topology);
}

#define CHECK_LADDER(description, quota, ...)                                            \
    check_ladder((description), (quota), (const size_t[]){__VA_ARGS__},                  \
                 sizeof((const size_t[]){__VA_ARGS__}) / sizeof(size_t))

static void test_ladder(void **state)
{
    (void)state;
    CHECK_LADDER("core:1 pu:1", 0.0, 1);
    CHECK_LADDER("core:1 pu:2", 0.0, 1, 2);
    CHECK_LADDER("core:2 pu:1", 0.0, 1, 2);
    CHECK_LADDER("core:6 pu:1", 0.0, 1, 2, 4, 6);
    CHECK_LADDER("core:8 pu:2", 0.0, 1, 2, 4, 8, 16);
    CHECK_LADDER("core:8 pu:2", 3.5, 1, 2, 4);
    CHECK_LADDER("pack:2 core:64 pu:2", 0.0, 1, 2, 4, 8, 16, 32, 64, 128, 256);
    CHECK_LADDER("pack:16 core:64 pu:2", 0.0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512,
                 1024);
}

static void test_spread(void **state)
{
    (void)state;
    double odd[] = {3.0, 1.0, 2.0};
    ebb_spread spread = ebb_spread_of(odd, 3);
    assert_true(spread.low == 1.0 && spread.median == 2.0 && spread.high == 3.0);
    double even[] = {4.0, 1.0, 2.0, 8.0};
    spread = ebb_spread_of(even, 4);
    assert_true(spread.low == 1.0 && spread.median == 3.0 && spread.high == 8.0);
    spread = ebb_spread_of(even, 1);
    assert_true(spread.low == 1.0 && spread.median == 1.0 && spread.high == 1.0);
}

/* The calling thread was bound while it measured; afterwards it may go where it could. */
static void test_the_caller_is_free_again(void **state)
{
    (void)state;
    ebb_topology *topology = NULL;
    json_t *machine = NULL;
    ebb_cpu_mask before = {0};
    ebb_cpu_mask after = {0};
    assert_int_equal(ebb_affinity_get(&before, 0), EBB_OK);
    assert_int_equal(ebb_topology_create(&topology), EBB_OK);
    assert_int_equal(ebb_machine_json(&machine, topology), EBB_OK);
    assert_int_equal(ebb_affinity_get(&after, 0), EBB_OK);
    assert_true(CPU_EQUAL_S(before.size_bytes, before.set, after.set));
    assert_string_equal(json_string_value(json_object_get(machine, "schema")),
                        "ebb-machine/1");
    json_decref(machine);
    ebb_topology_destroy(topology);
    ebb_cpu_mask_clear(&before);
    ebb_cpu_mask_clear(&after);
}

static void test_roofs(void **state)
{
    (void)state;
    static ebb_roofs roofs;
    size_t sizes[16];
    size_t n_kinds = 1; /* there is always one */
    ebb_topology *topology = NULL;
    assert_int_equal(ebb_topology_create(&topology), EBB_OK);
    assert_int_equal(ebb_roofs_measure(&roofs, topology), EBB_OK);
    const size_t n_sizes = ebb_roofs_ladder(sizes, 16, topology);
    while (ebb_peak_isa(n_kinds) != NULL) {
        n_kinds++;
    }
    assert_int_equal(roofs.n_fma, n_sizes * n_kinds);
    assert_int_equal(roofs.n_barrier, n_sizes - 1);
    for (size_t i = 0; i < roofs.n_fma; i++) {
        assert_int_equal(roofs.fma[i].threads, sizes[i / n_kinds]);
        assert_string_equal(roofs.fma[i].isa, ebb_peak_isa(i % n_kinds));
        assert_true(roofs.fma[i].low > 0.0);
    }
    assert_true(roofs.n_bandwidth >= n_sizes); /* each at least one level */
    for (size_t i = 0; i < roofs.n_bandwidth; i++) {
        assert_true(i == 0 ||
                    roofs.bandwidth[i].threads >= roofs.bandwidth[i - 1].threads);
        assert_true(roofs.bandwidth[i].read.low > 0.0);
        assert_true(roofs.bandwidth[i].write.low > 0.0);
        assert_true(roofs.bandwidth[i].triad.low > 0.0);
    }
    assert_true(roofs.clock_ns > 0.0);
    assert_true(roofs.bound);
    assert_true(n_sizes == 1 || roofs.wake_ns > 0.0);
    assert_int_equal(roofs.noise.threads, sizes[n_sizes - 1]);
    assert_true(roofs.noise.seconds > 0.0);
    ebb_topology_destroy(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ladder),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_roofs),
        cmocka_unit_test(test_the_caller_is_free_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
