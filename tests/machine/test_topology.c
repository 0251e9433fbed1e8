#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/affinity.h"
#include "machine/topology.h"

static ebb_topology *this_machine(void)
{
    ebb_topology *topology = NULL;
    assert_int_equal(ebb_topology_create(&topology), EBB_OK);
    return topology;
}

static void test_usable_pus_are_those_of_the_mask(void **state)
{
    (void)state;
    ebb_cpu_mask mask = {0};
    assert_int_equal(ebb_affinity_get(&mask, 0), EBB_OK);
    ebb_topology *topology = this_machine();
    size_t n = 0;
    const ebb_pu *pus = ebb_topology_pus(topology, &n);
    assert_int_equal(n, ebb_cpu_mask_count(&mask));
    for (size_t i = 0; i < n; i++) {
        assert_true(ebb_cpu_mask_has(&mask, pus[i].os_index));
        assert_true(i == 0 || pus[i].core >= pus[i - 1].core);
    }
    assert_in_range(ebb_topology_usable_cores(topology), 1, n);
    assert_in_range(ebb_topology_usable_cpus(topology), 1, n);
    const ebb_topology_counts counts = ebb_topology_count(topology);
    assert_true(counts.pus >= counts.cores && counts.cores >= counts.packages);
    assert_true(counts.packages >= 1 && counts.numa_nodes >= 1 && counts.core_kinds >= 0);
    assert_true((size_t)counts.pus >= n);
    assert_non_null(ebb_topology_handle(topology));
    ebb_topology_destroy(topology);
    ebb_cpu_mask_clear(&mask);
}

/* Loading must leave the thread where it was, and see one CPU only. */
static void test_a_narrow_mask(void **state)
{
    (void)state;
    ebb_topology *topology = this_machine();
    size_t n = 0;
    int cpus[1024] = {0};
    const ebb_pu *pus = ebb_topology_pus(topology, &n);
    assert_in_range(n, 1, 1024);
    for (size_t i = 0; i < n; i++) {
        cpus[i] = pus[i].os_index;
    }
    const ebb_topology_counts counts = ebb_topology_count(topology);
    ebb_topology_destroy(topology);

    assert_int_equal(ebb_affinity_set(&cpus[n - 1], 1), EBB_OK);
    topology = this_machine();
    size_t n_narrow = 0;
    pus = ebb_topology_pus(topology, &n_narrow);
    assert_int_equal(n_narrow, 1);
    assert_int_equal(pus[0].os_index, cpus[n - 1]);
    assert_int_equal(ebb_topology_usable_cpus(topology), 1);
    assert_int_equal(ebb_topology_count(topology).pus, counts.pus);
    ebb_topology_destroy(topology);

    ebb_cpu_mask mask = {0};
    assert_int_equal(ebb_affinity_get(&mask, 0), EBB_OK);
    assert_int_equal(ebb_cpu_mask_single(&mask), cpus[n - 1]);
    ebb_cpu_mask_clear(&mask);
    assert_int_equal(ebb_affinity_set(cpus, n), EBB_OK);
}

static void test_the_launchers_list_takes_the_place_of_the_mask(void **state)
{
    (void)state;
    ebb_topology *topology = this_machine();
    size_t n = 0;
    char first[32];
    snprintf(first, sizeof first, "%d", ebb_topology_pus(topology, &n)[0].os_index);
    ebb_topology_destroy(topology);

    setenv(EBB_USABLE_CPUS_VARIABLE, first, 1);
    topology = this_machine();
    assert_int_equal(ebb_topology_pus(topology, &n)[0].os_index, atoi(first));
    assert_int_equal(n, 1);
    ebb_topology_destroy(topology);

    const char *const bad[] = {"", "x", "0,", "0 1", "-1", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        setenv(EBB_USABLE_CPUS_VARIABLE, bad[i], 1);
        assert_int_equal(ebb_topology_create(&topology), EBB_ERR_ENVIRONMENT);
        assert_null(topology);
        assert_non_null(strstr(ebb_last_error(), EBB_USABLE_CPUS_VARIABLE));
    }
    unsetenv(EBB_USABLE_CPUS_VARIABLE);
}

static void test_export_can_be_read_back(void **state)
{
    (void)state;
    char path[] = "/tmp/ebb-topology-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    ebb_topology *topology = NULL;
    assert_int_equal(
        ebb_topology_create_synthetic(&topology, "pack:2 core:3 pu:2", NULL, 0, 0.0),
        EBB_OK);
    assert_int_equal(ebb_topology_export(topology, path), EBB_OK);
    hwloc_topology_t again;
    assert_int_equal(hwloc_topology_init(&again), 0);
    assert_int_equal(hwloc_topology_set_xml(again, path), 0);
    assert_int_equal(hwloc_topology_load(again), 0);
    assert_int_equal(hwloc_get_nbobjs_by_type(again, HWLOC_OBJ_PU), 12);
    hwloc_topology_destroy(again);
    unlink(path);
    assert_int_equal(ebb_topology_export(topology, "/nonexistent/topology.xml"),
                     EBB_ERR_ENVIRONMENT);
    assert_non_null(strstr(ebb_last_error(), "/nonexistent/topology.xml"));
    ebb_topology_destroy(topology);
}

static void test_ranks(void **state)
{
    (void)state;
    ebb_topology *topology = NULL;
    assert_int_equal(ebb_topology_create_synthetic(
                         &topology, "pack:2 [numa] l3:2 core:2 pu:2", NULL, 0, 0.0),
                     EBB_OK);
    size_t n = 0;
    const ebb_pu *pus = ebb_topology_pus(topology, &n);
    assert_int_equal(n, 16);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(pus[i].os_index, i);
        assert_int_equal(pus[i].smt_rank, i % 2);
        assert_int_equal(pus[i].core, i / 2);
        assert_int_equal(pus[i].core_rank, i / 2 % 2);
        assert_int_equal(pus[i].l3_rank, i / 4 % 2);
        assert_int_equal(pus[i].numa_node, i / 8);
        assert_int_equal(pus[i].node_rank, i % 8 / 2 + i % 2 * 4);
        assert_int_equal(pus[i].package, i / 8);
        assert_int_equal(pus[i].kind, 0);
    }
    ebb_topology_destroy(topology);
    ebb_topology_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usable_pus_are_those_of_the_mask),
        cmocka_unit_test(test_a_narrow_mask),
        cmocka_unit_test(test_the_launchers_list_takes_the_place_of_the_mask),
        cmocka_unit_test(test_export_can_be_read_back),
        cmocka_unit_test(test_ranks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
