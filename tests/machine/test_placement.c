#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "machine/placement.h"

enum { MAX_CPUS = 300 };

#define TOPOLOGIES EBB_SOURCE_DIR "/tests/machine/topologies/"

/* A machine, which of its CPUs may be used, and the CPUs that threads take in this order,
 * worked out by hand. Lists are numbers and ascending ranges, "0 2 4-6". */
typedef struct machine {
    const char *title;
    const char *description; /* synthetic, or the path of an XML file */
    const char *allowed;     /* NULL: all */
    double quota_cpus;
    const char *cores, *compact, *scatter, *numa_fill, *numa_spread, *fast_cores;
    size_t usable_cores, usable_cpus; /* what `cores` may use */
} machine;

static const machine machines[] = {
    /* Core c holds PUs 2c and 2c + 1; cores 0 to 3 are node 0. */
    {.title = "two packages with SMT",
     .description = "pack:2 [numa] l3:1 core:4 pu:2",
     .cores = "0 2 4 6 8 10 12 14 1 3 5 7 9 11 13 15",
     .compact = "0-15",
     .scatter = "0 8 2 10 4 12 6 14 1 9 3 11 5 13 7 15",
     .numa_fill = "0 2 4 6 1 3 5 7 8 10 12 14 9 11 13 15",
     .numa_spread = "0 8 2 10 4 12 6 14 1 9 3 11 5 13 7 15",
     .fast_cores = "0 2 4 6 8 10 12 14 1 3 5 7 9 11 13 15",
     .usable_cores = 8,
     .usable_cpus = 16},
    /* As Linux numbers: core c holds c and c + 4; cores 0 and 1 are node 0. */
    {.title = "second hardware threads numbered last",
     .description = "pack:2 [numa] l3:1 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)",
     .cores = "0-7",
     .compact = "0 4 1 5 2 6 3 7",
     .scatter = "0 2 1 3 4 6 5 7",
     .numa_fill = "0 1 4 5 2 3 6 7",
     .numa_spread = "0 2 1 3 4 6 5 7",
     .fast_cores = "0-7",
     .usable_cores = 4,
     .usable_cpus = 8},
    {.title = "four NUMA nodes in one package",
     .description = "pack:1 group:4 [numa] l3:1 core:3 pu:1",
     .cores = "0-11",
     .compact = "0-11",
     .scatter = "0 3 6 9 1 4 7 10 2 5 8 11",
     .numa_fill = "0-11",
     .numa_spread = "0 3 6 9 1 4 7 10 2 5 8 11",
     .fast_cores = "0-11",
     .usable_cores = 12,
     .usable_cpus = 12},
    /* A node holds 8 PUs: two L3 of two cores of two. */
    {.title = "four NUMA nodes with SMT, two L3 caches each",
     .description = "pack:2 group:2 [numa] l3:2 core:2 pu:2",
     .cores = "0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 "
              "1 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31",
     .compact = "0-31",
     .scatter = "0 8 16 24 4 12 20 28 2 10 18 26 6 14 22 30 "
                "1 9 17 25 5 13 21 29 3 11 19 27 7 15 23 31",
     .numa_fill = "0 2 4 6 1 3 5 7 8 10 12 14 9 11 13 15 "
                  "16 18 20 22 17 19 21 23 24 26 28 30 25 27 29 31",
     .numa_spread = "0 8 16 24 2 10 18 26 4 12 20 28 6 14 22 30 "
                    "1 9 17 25 3 11 19 27 5 13 21 29 7 15 23 31",
     .fast_cores = "0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 "
                   "1 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31",
     .usable_cores = 16,
     .usable_cpus = 32},
    {.title = "one L3 per four cores, two nodes",
     .description = "pack:2 [numa] l3:2 core:4 pu:1",
     .cores = "0-15",
     .compact = "0-15",
     .scatter = "0 8 4 12 1 9 5 13 2 10 6 14 3 11 7 15",
     .numa_fill = "0-15",
     .numa_spread = "0 8 1 9 2 10 3 11 4 12 5 13 6 14 7 15",
     .fast_cores = "0-15",
     .usable_cores = 16,
     .usable_cpus = 16},
    {.title = "one L3 per four cores, one node, SMT",
     .description = "pack:1 [numa] l3:3 core:4 pu:2",
     .cores = "0 2 4 6 8 10 12 14 16 18 20 22 1 3 5 7 9 11 13 15 17 19 21 23",
     .compact = "0-23",
     .scatter = "0 8 16 2 10 18 4 12 20 6 14 22 1 9 17 3 11 19 5 13 21 7 15 23",
     .numa_fill = "0 2 4 6 8 10 12 14 16 18 20 22 1 3 5 7 9 11 13 15 17 19 21 23",
     .numa_spread = "0 2 4 6 8 10 12 14 16 18 20 22 1 3 5 7 9 11 13 15 17 19 21 23",
     .fast_cores = "0 2 4 6 8 10 12 14 16 18 20 22 1 3 5 7 9 11 13 15 17 19 21 23",
     .usable_cores = 12,
     .usable_cpus = 24},
    {.title = "no L3 and no node",
     .description = "pack:1 core:3 pu:2",
     .cores = "0 2 4 1 3 5",
     .compact = "0-5",
     .scatter = "0 2 4 1 3 5",
     .numa_fill = "0 2 4 1 3 5",
     .numa_spread = "0 2 4 1 3 5",
     .fast_cores = "0 2 4 1 3 5",
     .usable_cores = 3,
     .usable_cpus = 6},
    /* Fast cores {0, 1} and {2, 3}; slow ones 4 to 7. */
    {.title = "big and little cores",
     .description = TOPOLOGIES "hybrid.xml",
     .cores = "0 2 4-7 1 3",
     .compact = "0-7",
     .scatter = "0 2 4-7 1 3",
     .numa_fill = "0 2 4-7 1 3",
     .numa_spread = "0 2 4-7 1 3",
     .fast_cores = "0 2 1 3",
     .usable_cores = 6,
     .usable_cpus = 8},
    {.title = "big and little cores, of a big one half is left",
     .description = TOPOLOGIES "hybrid.xml",
     .allowed = "3-5",
     .cores = "3-5",
     .compact = "3-5",
     .scatter = "3-5",
     .numa_fill = "3-5",
     .numa_spread = "3-5",
     .fast_cores = "3",
     .usable_cores = 3,
     .usable_cpus = 3},
    /* The fastest of those that may be used. */
    {.title = "only little cores allowed",
     .description = TOPOLOGIES "hybrid.xml",
     .allowed = "4 6 7",
     .cores = "4 6 7",
     .compact = "4 6 7",
     .scatter = "4 6 7",
     .numa_fill = "4 6 7",
     .numa_spread = "4 6 7",
     .fast_cores = "4 6 7",
     .usable_cores = 3,
     .usable_cpus = 3},
    {.title = "three kinds, the fastest last",
     .description = TOPOLOGIES "three-kinds.xml",
     .cores = "0-7",
     .compact = "0-7",
     .scatter = "0-7",
     .numa_fill = "0-7",
     .numa_spread = "0-7",
     .fast_cores = "6 7",
     .usable_cores = 8,
     .usable_cpus = 8},
    {.title = "kinds that nothing ranks",
     .description = TOPOLOGIES "unranked.xml",
     .cores = "0-3",
     .compact = "0-3",
     .scatter = "0-3",
     .numa_fill = "0-3",
     .numa_spread = "0-3",
     .fast_cores = "0-3",
     .usable_cores = 4,
     .usable_cpus = 4},
    /* Cores {0, 4*} {1*, 5} on node 0, {2, 6} {3*, 7} on node 1; * is not usable, and PU
     * 5 is its core's first. */
    {.title = "offline and disallowed CPUs",
     .description = TOPOLOGIES "offline.xml",
     .cores = "0 5 2 7 6",
     .compact = "0 5 2 6 7",
     .scatter = "0 2 5 7 6",
     .numa_fill = "0 5 2 7 6",
     .numa_spread = "0 2 5 7 6",
     .fast_cores = "0 5 2 7 6",
     .usable_cores = 4,
     .usable_cpus = 5},
    {.title = "a cpuset of one CPU",
     .description = "pack:2 [numa] l3:1 core:4 pu:2",
     .allowed = "5",
     .cores = "5",
     .compact = "5",
     .scatter = "5",
     .numa_fill = "5",
     .numa_spread = "5",
     .fast_cores = "5",
     .usable_cores = 1,
     .usable_cpus = 1},
    /* PUs 3 and 5 are alone on cores 1 and 2 of node 0; 10 and 11 are core 5. */
    {.title = "holes in the cpuset",
     .description = "pack:2 [numa] l3:1 core:4 pu:2",
     .allowed = "3 5 10 11",
     .cores = "3 5 10 11",
     .compact = "3 5 10 11",
     .scatter = "3 10 5 11",
     .numa_fill = "3 5 10 11",
     .numa_spread = "3 10 5 11",
     .fast_cores = "3 5 10 11",
     .usable_cores = 3,
     .usable_cpus = 4},
    /* Three cores are left of node 0, one core of two PUs of node 1: its second PU comes
     * before node 0 is done when nodes take turns, and last when cores do. */
    {.title = "nodes of which unequal parts are left",
     .description = "pack:2 [numa] l3:1 core:4 pu:2",
     .allowed = "1 2 4 8 9",
     .cores = "1 2 4 8 9",
     .compact = "1 2 4 8 9",
     .scatter = "1 8 2 4 9",
     .numa_fill = "1 2 4 8 9",
     .numa_spread = "1 8 2 9 4",
     .fast_cores = "1 2 4 8 9",
     .usable_cores = 4,
     .usable_cpus = 5},
    /* A quota says how much, not where. */
    {.title = "a quota below the CPU count",
     .description = "pack:2 [numa] core:2 pu:2",
     .quota_cpus = 2.5,
     .cores = "0 2 4 6 1 3 5 7",
     .compact = "0-7",
     .scatter = "0 4 2 6 1 5 3 7",
     .numa_fill = "0 2 1 3 4 6 5 7",
     .numa_spread = "0 4 2 6 1 5 3 7",
     .fast_cores = "0 2 4 6 1 3 5 7",
     .usable_cores = 3,
     .usable_cpus = 3},
    {.title = "a quota below one CPU",
     .description = "core:2 pu:2",
     .quota_cpus = 0.1,
     .cores = "0 2 1 3",
     .compact = "0-3",
     .scatter = "0 2 1 3",
     .numa_fill = "0 2 1 3",
     .numa_spread = "0 2 1 3",
     .fast_cores = "0 2 1 3",
     .usable_cores = 1,
     .usable_cpus = 1},
    {.title = "a quota between cores and CPUs",
     .description = "core:2 pu:2",
     .quota_cpus = 3.0,
     .cores = "0 2 1 3",
     .compact = "0-3",
     .scatter = "0 2 1 3",
     .numa_fill = "0 2 1 3",
     .numa_spread = "0 2 1 3",
     .fast_cores = "0 2 1 3",
     .usable_cores = 2,
     .usable_cpus = 3},
};
enum { N_MACHINES = sizeof machines / sizeof machines[0] };

/* Numbers of a list; returns how many. */
static size_t parse(int *out, const char *list)
{
    size_t n = 0;
    char *end = NULL;
    for (const char *next = list; *next != '\0'; next = end + (*end == ' ')) {
        const long first = strtol(next, &end, 10);
        const long last = *end == '-' ? strtol(end + 1, &end, 10) : first;
        for (long cpu = first; cpu <= last; cpu++) {
            assert_true(n < MAX_CPUS);
            out[n++] = (int)cpu;
        }
    }
    return n;
}

static ebb_topology *load(const machine *m)
{
    int allowed[MAX_CPUS];
    const size_t n = m->allowed == NULL ? 0 : parse(allowed, m->allowed);
    const int *list = m->allowed == NULL ? NULL : allowed;
    ebb_topology *topology = NULL;
    const ebb_status status =
        strstr(m->description, ".xml") != NULL
            ? ebb_topology_create_xml(&topology, m->description, list, n, m->quota_cpus)
            : ebb_topology_create_synthetic(&topology, m->description, list, n,
                                            m->quota_cpus);
    if (status != EBB_OK) {
        fail_msg("%s: %s", m->title, ebb_last_error());
    }
    return topology;
}

/* The list holds what is expected, starts over at its end, and nothing is written behind
 * it. */
static void check_cpus(const char *title, const ebb_placement *placement,
                       const ebb_topology *topology, const int *expected, size_t n)
{
    int cpus[2 * MAX_CPUS + 2];
    const size_t n_threads = 2 * n + 1;
    assert_int_equal(ebb_placement_length(placement, topology), n);
    cpus[n_threads] = -77;
    assert_int_equal(ebb_placement_assign(placement, cpus, n_threads, topology), EBB_OK);
    for (size_t i = 0; i < n_threads; i++) {
        if (cpus[i] != expected[i % n]) {
            fail_msg("%s, %s: thread %zu on CPU %d, expected %d", title,
                     placement->choice.name, i, cpus[i], expected[i % n]);
        }
    }
    assert_int_equal(cpus[n_threads], -77);
}

static void check_list(const machine *m, const ebb_placement *placement,
                       const ebb_topology *topology, const char *list)
{
    int expected[MAX_CPUS];
    check_cpus(m->title, placement, topology, expected, parse(expected, list));
}

static void check_unbound(const ebb_topology *topology, size_t n)
{
    int cpus[MAX_CPUS] = {0};
    assert_int_equal(ebb_placement_assign(&ebb_placement_none, cpus, n, topology),
                     EBB_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(cpus[i], -1);
    }
    assert_int_equal(cpus[n], 0);
    assert_int_equal(ebb_placement_length(&ebb_placement_none, topology), n);
}

static void test_every_placement_on_every_machine(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MACHINES; i++) {
        const machine *m = &machines[i];
        ebb_topology *topology = load(m);
        check_list(m, &ebb_placement_cores, topology, m->cores);
        check_list(m, &ebb_placement_compact, topology, m->compact);
        check_list(m, &ebb_placement_scatter, topology, m->scatter);
        check_list(m, &ebb_placement_numa_fill, topology, m->numa_fill);
        check_list(m, &ebb_placement_numa_spread, topology, m->numa_spread);
        check_list(m, &ebb_placement_fast_cores, topology, m->fast_cores);
        size_t n = 0;
        (void)ebb_topology_pus(topology, &n);
        check_unbound(topology, n);
        ebb_topology_destroy(topology);
    }
}

static void test_what_may_be_used(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MACHINES; i++) {
        const machine *m = &machines[i];
        ebb_topology *topology = load(m);
        const ebb_placement *cores = &ebb_placement_cores;
        assert_int_equal(ebb_topology_usable_cores(topology), m->usable_cores);
        assert_int_equal(ebb_topology_usable_cpus(topology), m->usable_cpus);
        assert_int_equal(ebb_placement_usable_cores(cores, topology), m->usable_cores);
        assert_int_equal(ebb_placement_usable_cpus(cores, topology), m->usable_cpus);
        assert_true(ebb_topology_count(topology).quota_cpus == m->quota_cpus);
        ebb_topology_destroy(topology);
    }
}

/* `--threads all` on fast cores takes those only, and no more than the quota. */
static void test_what_fast_cores_may_use(void **state)
{
    (void)state;
    const machine hybrid = {.title = "hybrid", .description = TOPOLOGIES "hybrid.xml"};
    machine limited = hybrid;
    limited.quota_cpus = 1.5;
    ebb_topology *topology = load(&hybrid);
    const ebb_placement *fast = &ebb_placement_fast_cores;
    assert_int_equal(ebb_placement_usable_cores(fast, topology), 2);
    assert_int_equal(ebb_placement_usable_cpus(fast, topology), 4);
    assert_int_equal(ebb_topology_count(topology).core_kinds, 2);
    ebb_topology_destroy(topology);
    limited.quota_cpus = 3.5;
    topology = load(&limited);
    assert_int_equal(ebb_placement_usable_cores(fast, topology), 2);
    assert_int_equal(ebb_placement_usable_cpus(fast, topology), 4);
    ebb_topology_destroy(topology);
    limited.quota_cpus = 0.5;
    topology = load(&limited);
    assert_int_equal(ebb_placement_usable_cores(fast, topology), 1);
    assert_int_equal(ebb_placement_usable_cpus(fast, topology), 1);
    ebb_topology_destroy(topology);
}

/* Two nodes of eight L3 of eight cores of two: PU ((node · 8 + l3) · 8 + core) · 2 + smt.
 */
static int pu_of(int node, int l3, int core, int smt)
{
    return ((node * 8 + l3) * 8 + core) * 2 + smt;
}

static void test_256_pus(void **state)
{
    (void)state;
    const machine m = {.title = "256 PUs",
                       .description = "pack:2 [numa] l3:8 core:8 pu:2"};
    int cores[256];
    int compact[256];
    int scatter[256];
    int fill[256];
    int spread[256];
    for (int i = 0; i < 256; i++) {
        cores[i] = 2 * (i % 128) + i / 128;
        compact[i] = i;
        scatter[i] = pu_of(i % 2, i / 2 % 8, i / 16 % 8, i / 128);
        fill[i] = pu_of(i / 128, i / 8 % 8, i % 8, i / 64 % 2);
        spread[i] = pu_of(i % 2, i / 16 % 8, i / 2 % 8, i / 128);
    }
    ebb_topology *topology = load(&m);
    check_cpus(m.title, &ebb_placement_cores, topology, cores, 256);
    check_cpus(m.title, &ebb_placement_compact, topology, compact, 256);
    check_cpus(m.title, &ebb_placement_scatter, topology, scatter, 256);
    check_cpus(m.title, &ebb_placement_numa_fill, topology, fill, 256);
    check_cpus(m.title, &ebb_placement_numa_spread, topology, spread, 256);
    check_cpus(m.title, &ebb_placement_fast_cores, topology, cores, 256);
    check_unbound(topology, 256);
    assert_int_equal(ebb_topology_usable_cores(topology), 128);
    assert_int_equal(ebb_topology_usable_cpus(topology), 256);
    ebb_topology_destroy(topology);
}

/* For placements that are yet to come: each PU once before any comes again. */
static void test_no_cpu_comes_twice_too_early(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MACHINES; i++) {
        ebb_topology *topology = load(&machines[i]);
        for (size_t p = 0; ebb_placement_choice(p) != NULL; p++) {
            int cpus[MAX_CPUS];
            unsigned char seen[MAX_CPUS] = {0};
            const ebb_placement *placement = ebb_placement_at(p);
            const size_t n = ebb_placement_length(placement, topology);
            assert_int_equal(ebb_placement_assign(placement, cpus, n, topology), EBB_OK);
            for (size_t t = 0; placement->compare != NULL && t < n; t++) {
                assert_in_range(cpus[t], 0, MAX_CPUS - 1);
                assert_int_equal(seen[cpus[t]]++, 0);
            }
        }
        ebb_topology_destroy(topology);
    }
}

static void test_the_table(void **state)
{
    (void)state;
    static const char *const names[] = {
        "cores", "compact", "scatter", "numa-fill", "numa-spread", "fast-cores", "none"};
    size_t n = 0;
    for (; ebb_placement_choice(n) != NULL; n++) {
        assert_true(n < sizeof names / sizeof names[0]);
        assert_string_equal(ebb_placement_choice(n)->name, names[n]);
        assert_ptr_equal(ebb_placement_choice(n), &ebb_placement_at(n)->choice);
        assert_true(strlen(ebb_placement_choice(n)->summary) > 10);
    }
    assert_int_equal(n, sizeof names / sizeof names[0]);
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
    const char *const not_here = TOPOLOGIES "no-such-file.xml";
    assert_int_equal(ebb_topology_create_xml(&topology, not_here, NULL, 0, 0.0),
                     EBB_ERR_USAGE);
    assert_null(topology);
    assert_non_null(strstr(ebb_last_error(), "no-such-file.xml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_placement_on_every_machine),
        cmocka_unit_test(test_what_may_be_used),
        cmocka_unit_test(test_what_fast_cores_may_use),
        cmocka_unit_test(test_256_pus),
        cmocka_unit_test(test_no_cpu_comes_twice_too_early),
        cmocka_unit_test(test_the_table),
        cmocka_unit_test(test_wrong_descriptions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
