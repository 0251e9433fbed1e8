#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "machine/placement.h"

enum { MAX_THREADS = 600 };

static ebb_topology *new_topology(const char *description, const int *allowed, size_t n,
                                  double quota_cpus)
{
    ebb_topology *topology = NULL;
    assert_int_equal(
        ebb_topology_create_synthetic(&topology, description, allowed, n, quota_cpus),
        EBB_OK);
    return topology;
}

static void check_cpus(const ebb_placement *placement, const ebb_topology *topology,
                       const int *expected, size_t n)
{
    int cpus[MAX_THREADS] = {0};
    assert_true(n < MAX_THREADS);
    cpus[n] = -77;
    assert_int_equal(ebb_placement_assign(placement, cpus, n, topology), EBB_OK);
    for (size_t i = 0; i < n; i++) {
        if (cpus[i] != expected[i]) {
            fail_msg("%s: thread %zu on CPU %d, expected %d", placement->choice.name, i,
                     cpus[i], expected[i]);
        }
    }
    assert_int_equal(cpus[n], -77);
}

#define CHECK(placement, topology, ...)                                                  \
    check_cpus(&(placement), (topology), (const int[]){__VA_ARGS__},                     \
               sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

/* Two packages, each with one L3 over four cores of two hardware threads. Here PU numbers
 * are logical: core c holds 2c and 2c + 1. */
static void test_two_packages_with_smt(void **state)
{
    (void)state;
    ebb_topology *topology = new_topology("pack:2 [numa] l3:1 core:4 pu:2", NULL, 0, 0.0);
    CHECK(ebb_placement_cores, topology, 0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13,
          15);
    CHECK(ebb_placement_compact, topology, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
          14, 15);
    CHECK(ebb_placement_scatter, topology, 0, 8, 2, 10, 4, 12, 6, 14, 1, 9, 3, 11, 5, 13,
          7, 15);
    CHECK(ebb_placement_none, topology, -1, -1, -1);
    assert_int_equal(ebb_topology_usable_cores(topology), 8);
    assert_int_equal(ebb_topology_usable_cpus(topology), 16);
    ebb_topology_destroy(topology);
}

/* The numbering that Linux gives such a machine: second hardware threads come last. */
static void test_os_indexes_are_not_logical(void **state)
{
    (void)state;
    ebb_topology *topology = new_topology(
        "pack:2 [numa] l3:1 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)", NULL, 0, 0.0);
    CHECK(ebb_placement_cores, topology, 0, 1, 2, 3, 4, 5, 6, 7);
    CHECK(ebb_placement_compact, topology, 0, 4, 1, 5, 2, 6, 3, 7);
    CHECK(ebb_placement_scatter, topology, 0, 2, 1, 3, 4, 6, 5, 7);
    ebb_topology_destroy(topology);
}

static void test_four_numa_nodes(void **state)
{
    (void)state;
    ebb_topology *topology =
        new_topology("pack:1 group:4 [numa] l3:1 core:3 pu:1", NULL, 0, 0.0);
    CHECK(ebb_placement_cores, topology, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    CHECK(ebb_placement_compact, topology, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    CHECK(ebb_placement_scatter, topology, 0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11);
    assert_int_equal(ebb_topology_count(topology).numa_nodes, 4);
    ebb_topology_destroy(topology);
}

/* Several L3 caches a node: nodes first, then caches, then cores. */
static void test_one_l3_for_four_cores(void **state)
{
    (void)state;
    ebb_topology *topology = new_topology("pack:2 [numa] l3:2 core:4 pu:1", NULL, 0, 0.0);
    CHECK(ebb_placement_cores, topology, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
          15);
    CHECK(ebb_placement_scatter, topology, 0, 8, 4, 12, 1, 9, 5, 13, 2, 10, 6, 14, 3, 11,
          7, 15);
    ebb_topology_destroy(topology);
}

static void test_one_node_without_l3(void **state)
{
    (void)state;
    ebb_topology *topology = new_topology("pack:1 core:3 pu:2", NULL, 0, 0.0);
    CHECK(ebb_placement_cores, topology, 0, 2, 4, 1, 3, 5);
    CHECK(ebb_placement_scatter, topology, 0, 2, 4, 1, 3, 5);
    ebb_topology_destroy(topology);
}

static void test_one_cpu_allowed(void **state)
{
    (void)state;
    const int allowed[] = {5};
    ebb_topology *topology =
        new_topology("pack:2 [numa] l3:1 core:4 pu:2", allowed, 1, 0.0);
    CHECK(ebb_placement_cores, topology, 5, 5, 5);
    CHECK(ebb_placement_compact, topology, 5);
    CHECK(ebb_placement_scatter, topology, 5, 5);
    CHECK(ebb_placement_none, topology, -1);
    size_t n = 0;
    const ebb_pu *pus = ebb_topology_pus(topology, &n);
    assert_int_equal(n, 1);
    assert_int_equal(pus[0].os_index, 5);
    assert_int_equal(pus[0].core, 2);
    assert_int_equal(pus[0].smt_rank, 0);
    assert_int_equal(pus[0].core_rank, 0);
    assert_int_equal(ebb_topology_usable_cores(topology), 1);
    assert_int_equal(ebb_topology_usable_cpus(topology), 1);
    assert_int_equal(ebb_topology_count(topology).pus, 16);
    ebb_topology_destroy(topology);
}

/* Only second hardware threads of cores 1 and 2, and both of core 5: ranks count what may
 * be used, so PU 3 is its core's first. */
static void test_holes_in_the_cpuset(void **state)
{
    (void)state;
    const int allowed[] = {11, 3, 10, 5};
    ebb_topology *topology =
        new_topology("pack:2 [numa] l3:1 core:4 pu:2", allowed, 4, 0.0);
    CHECK(ebb_placement_cores, topology, 3, 5, 10, 11, 3, 5, 10, 11, 3);
    CHECK(ebb_placement_compact, topology, 3, 5, 10, 11);
    CHECK(ebb_placement_scatter, topology, 3, 10, 5, 11);
    assert_int_equal(ebb_topology_usable_cores(topology), 3);
    assert_int_equal(ebb_topology_usable_cpus(topology), 4);
    ebb_topology_destroy(topology);
}

static void test_quota_below_the_cpu_count(void **state)
{
    (void)state;
    ebb_topology *topology = new_topology("pack:1 core:8 pu:2", NULL, 0, 2.5);
    assert_int_equal(ebb_topology_usable_cores(topology), 3);
    assert_int_equal(ebb_topology_usable_cpus(topology), 3);
    assert_true(ebb_topology_count(topology).quota_cpus == 2.5);
    CHECK(ebb_placement_cores, topology, 0, 2, 4, 6);
    ebb_topology_destroy(topology);
    topology = new_topology("pack:1 core:8 pu:2", NULL, 0, 0.1);
    assert_int_equal(ebb_topology_usable_cores(topology), 1);
    assert_int_equal(ebb_topology_usable_cpus(topology), 1);
    ebb_topology_destroy(topology);
    topology = new_topology("pack:1 core:8 pu:2", NULL, 0, 12.0);
    assert_int_equal(ebb_topology_usable_cores(topology), 8);
    assert_int_equal(ebb_topology_usable_cpus(topology), 12);
    ebb_topology_destroy(topology);
}

static void test_256_pus(void **state)
{
    (void)state;
    ebb_topology *topology = new_topology("pack:2 [numa] l3:8 core:8 pu:2", NULL, 0, 0.0);
    int expected[512];
    for (int i = 0; i < 512; i++) {
        const int j = i % 256;
        expected[i] = j < 128 ? 2 * j : 2 * (j - 128) + 1;
    }
    check_cpus(&ebb_placement_cores, topology, expected, 512);
    for (int i = 0; i < 256; i++) {
        expected[i] = i;
    }
    check_cpus(&ebb_placement_compact, topology, expected, 256);
    for (int i = 0; i < 256; i++) {
        const int node = i % 2;
        const int l3 = i / 2 % 8;
        const int core = i / 16 % 8;
        const int smt = i / 128;
        expected[i] = ((node * 8 + l3) * 8 + core) * 2 + smt;
    }
    check_cpus(&ebb_placement_scatter, topology, expected, 256);
    assert_int_equal(ebb_topology_usable_cores(topology), 128);
    ebb_topology_destroy(topology);
}

static void test_more_threads_than_cpus(void **state)
{
    (void)state;
    ebb_topology *topology = new_topology("core:2 pu:1", NULL, 0, 0.0);
    CHECK(ebb_placement_cores, topology, 0, 1, 0, 1, 0);
    CHECK(ebb_placement_none, topology, -1, -1, -1, -1, -1);
    ebb_topology_destroy(topology);
}

/* Each usable PU once before any comes again, whatever the placement and the machine. */
static void test_every_placement_uses_each_pu_once(void **state)
{
    (void)state;
    const char *const machines[] = {"pack:2 [numa] l3:3 core:5 pu:2", "pu:7",
                                    "pack:4 group:2 [numa] l3:2 core:3 pu:4"};
    for (size_t m = 0; m < sizeof machines / sizeof machines[0]; m++) {
        ebb_topology *topology = new_topology(machines[m], NULL, 0, 0.0);
        size_t n = 0;
        (void)ebb_topology_pus(topology, &n);
        for (size_t p = 0; ebb_placement_choice(p) != NULL; p++) {
            int cpus[MAX_THREADS];
            unsigned char seen[MAX_THREADS] = {0};
            const ebb_placement *placement = ebb_placement_at(p);
            assert_int_equal(ebb_placement_assign(placement, cpus, n, topology), EBB_OK);
            for (size_t i = 0; placement->compare != NULL && i < n; i++) {
                assert_in_range(cpus[i], 0, n - 1);
                assert_int_equal(seen[cpus[i]]++, 0);
            }
        }
        ebb_topology_destroy(topology);
    }
}

static void test_the_table(void **state)
{
    (void)state;
    assert_string_equal(ebb_placement_choice(0)->name, "cores");
    size_t n = 0;
    for (; ebb_placement_choice(n) != NULL; n++) {
        assert_ptr_equal(ebb_placement_choice(n), &ebb_placement_at(n)->choice);
        assert_true(strlen(ebb_placement_choice(n)->summary) > 10);
    }
    assert_int_equal(n, 4);
}

static void test_wrong_descriptions_are_refused(void **state)
{
    ebb_topology *topology = (ebb_topology *)state;
    assert_int_equal(ebb_topology_create_synthetic(&topology, "pack:x", NULL, 0, 0.0),
                     EBB_ERR_USAGE);
    assert_null(topology);
    const int allowed[] = {9};
    assert_int_equal(
        ebb_topology_create_synthetic(&topology, "core:2 pu:1", allowed, 1, 0.0),
        EBB_ERR_USAGE);
    assert_null(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_packages_with_smt),
        cmocka_unit_test(test_os_indexes_are_not_logical),
        cmocka_unit_test(test_four_numa_nodes),
        cmocka_unit_test(test_one_l3_for_four_cores),
        cmocka_unit_test(test_one_node_without_l3),
        cmocka_unit_test(test_one_cpu_allowed),
        cmocka_unit_test(test_holes_in_the_cpuset),
        cmocka_unit_test(test_quota_below_the_cpu_count),
        cmocka_unit_test(test_256_pus),
        cmocka_unit_test(test_more_threads_than_cpus),
        cmocka_unit_test(test_every_placement_uses_each_pu_once),
        cmocka_unit_test(test_the_table),
        cmocka_unit_test(test_wrong_descriptions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
