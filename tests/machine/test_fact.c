/* Facts of systems that are not here, and what is advised about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "fake_root.h"
#include "machine/advice.h"
#include "machine/fact.h"

static const char cpu[] = "/sys/devices/system/cpu/";

static void put_cpu(const char *root, const char *name, const char *content)
{
    char path[256];
    snprintf(path, sizeof path, "%s%s", cpu, name);
    fake_root_put(root, path, content);
}

static const ebb_fact *find(const char *key)
{
    const ebb_fact *const tables[] = {ebb_fact_hardware, ebb_fact_software};
    for (size_t t = 0; t < 2; t++) {
        for (const ebb_fact *fact = tables[t]; fact->key != NULL; fact++) {
            if (strcmp(fact->key, key) == 0) {
                return fact;
            }
        }
    }
    fail_msg("no fact %s", key);
    return NULL;
}

/* On a machine of CPUs 0 to 3 of which 2 and 3 may be used. expected "": nothing. */
static void check(const char *root, const char *key, const char *expected)
{
    ebb_topology *topology = NULL;
    const int allowed[] = {2, 3};
    assert_int_equal(
        ebb_topology_create_synthetic(&topology, "core:4 pu:1", allowed, 2, 0.0), EBB_OK);
    const ebb_fact_source from = {
        .root = root, .topology = topology, .cpuinfo = "", .cpu = 2};
    ebb_text text = {0};
    find(key)->tell(&text, &from);
    const char *told = text.data == NULL ? "" : text.data;
    if (strcmp(told, expected) != 0) {
        fail_msg("%s: \"%s\", expected \"%s\"", key, told, expected);
    }
    ebb_text_clear(&text);
    ebb_topology_destroy(topology);
}

/* A system without files tells nothing, and nothing is made up. */
static void test_an_empty_system(void **state)
{
    static const char *const keys[] = {"governor",
                                       "frequency_driver",
                                       "frequency",
                                       "boost",
                                       "smt",
                                       "clock_source",
                                       "isolated_cpus",
                                       "cgroup",
                                       "cgroup_cpuset",
                                       "cgroup_memory",
                                       "load_average",
                                       "cpu_pressure",
                                       "kernel_command_line",
                                       "transparent_huge_pages",
                                       "address_randomization"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        check(*state, keys[i], "");
    }
}

/* Those of usable CPUs, each once. */
static void test_governor(void **state)
{
    put_cpu(*state, "cpu0/cpufreq/scaling_governor", "ondemand\n");
    check(*state, "governor", "");
    put_cpu(*state, "cpu2/cpufreq/scaling_governor", "performance\n");
    check(*state, "governor", "performance");
    put_cpu(*state, "cpu3/cpufreq/scaling_governor", "performance\n");
    check(*state, "governor", "performance");
    put_cpu(*state, "cpu3/cpufreq/scaling_governor", "powersave\n");
    check(*state, "governor", "performance, powersave");
    put_cpu(*state, "cpu2/cpufreq/scaling_governor", "\n");
    check(*state, "governor", "powersave");
}

static void test_frequency(void **state)
{
    put_cpu(*state, "cpu2/cpufreq/scaling_driver", "amd-pstate-epp\n");
    put_cpu(*state, "cpu2/cpufreq/cpuinfo_min_freq", "400000\n");
    check(*state, "frequency_driver", "amd-pstate-epp");
    check(*state, "frequency", "");
    put_cpu(*state, "cpu2/cpufreq/cpuinfo_max_freq", "5100000\n");
    check(*state, "frequency", "400000 to 5100000 kHz");
}

static void test_boost(void **state)
{
    put_cpu(*state, "cpu2/cpufreq/boost", "0\n");
    check(*state, "boost", "off");
    put_cpu(*state, "intel_pstate/no_turbo", "0\n");
    check(*state, "boost", "on");
    put_cpu(*state, "intel_pstate/no_turbo", "1\n");
    check(*state, "boost", "off");
    put_cpu(*state, "cpufreq/boost", "1\n");
    check(*state, "boost", "on");
    put_cpu(*state, "cpufreq/boost", "0\n");
    check(*state, "boost", "off");
}

static void test_smt(void **state)
{
    put_cpu(*state, "smt/active", "1\n");
    check(*state, "smt", "on");
    put_cpu(*state, "smt/active", "0\n");
    check(*state, "smt", "off");
    put_cpu(*state, "smt/active", "");
    check(*state, "smt", "");
}

static void test_clock_source(void **state)
{
    fake_root_put(*state,
                  "/sys/devices/system/clocksource/clocksource0/current_clocksource",
                  "hpet\n");
    check(*state, "clock_source", "hpet");
}

static void test_system(void **state)
{
    put_cpu(*state, "isolated", "\n");
    check(*state, "isolated_cpus", "none");
    put_cpu(*state, "isolated", "2-3\n");
    check(*state, "isolated_cpus", "2-3");
    fake_root_put(*state, "/sys/kernel/mm/transparent_hugepage/enabled",
                  "always [madvise] never\n");
    check(*state, "transparent_huge_pages", "madvise");
    fake_root_put(*state, "/proc/cmdline", "root=/dev/vda secret=7 isolcpus=2,3 nosmt\n");
    check(*state, "kernel_command_line", "isolcpus=2,3 nosmt");
    fake_root_put(*state, "/proc/cmdline", "root=/dev/vda\n");
    check(*state, "kernel_command_line", "nothing that changes timing");
}

static void test_cgroup_limits(void **state)
{
    fake_root_put(*state, "/proc/self/mountinfo",
                  "30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    fake_root_put(*state, "/proc/self/cgroup", "0::/job\n");
    check(*state, "cgroup", "version 2, no quota");
    check(*state, "cgroup_memory", "no limit");
    check(*state, "cgroup_cpuset", "");
    fake_root_put(*state, "/sys/fs/cgroup/job/cpu.max", "150000 100000\n");
    fake_root_put(*state, "/sys/fs/cgroup/job/memory.max", "2147483648\n");
    fake_root_put(*state, "/sys/fs/cgroup/job/cpuset.cpus.effective", "2-3\n");
    check(*state, "cgroup", "version 2, quota of 1.50 CPUs");
    check(*state, "cgroup_memory", "limit of 2.00 GiB");
    check(*state, "cgroup_cpuset", "2-3");
}

static void test_numa_memory(void **state)
{
    (void)state;
    ebb_topology *topology = NULL;
    ebb_text text = {0};
    assert_int_equal(
        ebb_topology_create_synthetic(
            &topology, "pack:2 [numa(memory=17179869184)] core:1 pu:1", NULL, 0, 0.0),
        EBB_OK);
    find("numa_memory")->tell(&text, &(ebb_fact_source){"", topology, "", 0});
    assert_string_equal(text.data, "node 0: 16.0 GiB, node 1: 16.0 GiB");
    ebb_text_clear(&text);
    ebb_topology_destroy(topology);
}

typedef struct advised {
    const char *key, *fact;
    const char *remedy; /* part of it; NULL: no advice */
} advised;

static void test_advice(void **state)
{
    (void)state;
    static const advised cases[] = {
        {"governor", "performance", NULL},
        {"governor", "powersave", "cpupower frequency-set --governor performance"},
        {"governor", "performance, powersave", "cpupower"},
        {"governor", "not available", NULL},
        {"boost", "off", NULL},
        {"boost", "on", "/sys/devices/system/cpu/cpufreq/boost"},
        {"boost", "not available", NULL},
        {"smt", "off", NULL},
        {"smt", "on", "--placement cores"},
        {"clock_source", "tsc", NULL},
        {"clock_source", "kvm-clock", NULL},
        {"clock_source", "hpet", "echo tsc"},
        {"clock_source", "acpi_pm", "echo tsc"},
        {"clock_source", "not available", NULL},
        {"cgroup", "version 2, no quota", NULL},
        {"cgroup", "version 2, quota of 1.50 CPUs", "raise cpu.max"},
        {"cgroup", "not available", NULL},
        {"hypervisor", "none", NULL},
        {"hypervisor", "KVMKVMKVM", "one guest"},
        {"hypervisor", "not available", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const advised *c = &cases[i];
        json_t *environment = json_pack("{s:s}", c->key, c->fact);
        json_t *list = ebb_advice_json(environment);
        assert_non_null(list);
        if (json_array_size(list) != (c->remedy == NULL ? 0 : 1)) {
            fail_msg("%s is %s: %zu advices", c->key, c->fact, json_array_size(list));
        }
        const char *text = json_string_value(json_array_get(list, 0));
        if (c->remedy != NULL) {
            assert_int_equal(strncmp(text, c->key, strlen(c->key)), 0);
            assert_non_null(strstr(text, c->fact));
            assert_non_null(strstr(strchr(text, '('), c->remedy));
        }
        json_decref(list);
        json_decref(environment);
    }
}

static void test_advice_on_everything(void **state)
{
    (void)state;
    json_t *environment =
        json_pack("{s:s, s:s, s:s, s:s, s:i}", "governor", "ondemand", "boost", "on",
                  "smt", "on", "hypervisor", "none", "memory_bytes", 1);
    json_t *list = ebb_advice_json(environment);
    assert_int_equal(json_array_size(list), 3);
    json_decref(list);
    json_decref(environment);
    environment = json_object();
    list = ebb_advice_json(environment);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    json_decref(environment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_ROOT(test_an_empty_system),
        ON_A_ROOT(test_governor),
        ON_A_ROOT(test_frequency),
        ON_A_ROOT(test_boost),
        ON_A_ROOT(test_smt),
        ON_A_ROOT(test_clock_source),
        ON_A_ROOT(test_system),
        ON_A_ROOT(test_cgroup_limits),
        cmocka_unit_test(test_numa_memory),
        cmocka_unit_test(test_advice),
        cmocka_unit_test(test_advice_on_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
