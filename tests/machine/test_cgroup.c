#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/cgroup.h"

/* Each test builds the few files of a system below a folder of its own. */
static int make_root(void **state)
{
    char *root = strdup("/tmp/ebb-cgroup-XXXXXX");
    *state = root;
    return root != NULL && mkdtemp(root) != NULL ? 0 : -1;
}

static int remove_root(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", (const char *)*state);
    const int result = system(command);
    free(*state);
    return result;
}

static void put(const char *root, const char *path, const char *content)
{
    char name[512];
    snprintf(name, sizeof name, "%s%s", root, path);
    for (char *at = name + strlen(root) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(name, 0700);
        *at = '/';
    }
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static const char v2_mounts[] =
    "22 1 0:20 / /proc rw - proc proc rw\n"
    "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

static void test_nothing_known(void **state)
{
    const ebb_cgroup found = ebb_cgroup_read(*state);
    assert_int_equal(found.version, 0);
    assert_true(found.quota_cpus == 0.0);
    assert_int_equal(found.n_throttled, -1);
}

static void test_v2_smallest_of_all_levels(void **state)
{
    put(*state, "/proc/self/mountinfo", v2_mounts);
    put(*state, "/proc/self/cgroup", "0::/user.slice/job/step\n");
    put(*state, "/sys/fs/cgroup/user.slice/job/step/cpu.max", "max 100000\n");
    put(*state, "/sys/fs/cgroup/user.slice/job/step/cpu.stat",
        "usage_usec 12\nnr_periods 4\nnr_throttled 3\nthrottled_usec 5\n");
    put(*state, "/sys/fs/cgroup/user.slice/job/cpu.max", "150000 100000\n");
    put(*state, "/sys/fs/cgroup/user.slice/job/cpu.stat", "nr_throttled 40\n");
    put(*state, "/sys/fs/cgroup/user.slice/cpu.max", "800000 100000\n");
    put(*state, "/sys/fs/cgroup/cpu.stat", "usage_usec 12\n");
    const ebb_cgroup found = ebb_cgroup_read(*state);
    assert_int_equal(found.version, 2);
    assert_true(found.quota_cpus == 1.5);
    assert_int_equal(found.n_throttled, 43);
}

static void test_v2_no_quota(void **state)
{
    put(*state, "/proc/self/mountinfo", v2_mounts);
    put(*state, "/proc/self/cgroup", "0::/\n");
    put(*state, "/sys/fs/cgroup/cpu.stat", "usage_usec 12\n");
    const ebb_cgroup found = ebb_cgroup_read(*state);
    assert_int_equal(found.version, 2);
    assert_true(found.quota_cpus == 0.0);
    assert_int_equal(found.n_throttled, -1);
}

/* A container with a namespace of its own sees its group as the root. */
static void test_v2_inside_a_namespace(void **state)
{
    put(*state, "/proc/self/mountinfo",
        "30 22 0:26 /../../.. /sys/fs/cgroup ro - cgroup2 cgroup ro\n");
    put(*state, "/proc/self/cgroup", "0::/\n");
    put(*state, "/sys/fs/cgroup/cpu.max", "50000 100000\n");
    put(*state, "/sys/fs/cgroup/cpu.stat", "nr_throttled 0\n");
    const ebb_cgroup found = ebb_cgroup_read(*state);
    assert_true(found.quota_cpus == 0.5);
    assert_int_equal(found.n_throttled, 0);
}

static void test_v1_in_a_hybrid_system(void **state)
{
    put(*state, "/proc/self/mountinfo",
        "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
        "33 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
        "32 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
    put(*state, "/proc/self/cgroup",
        "3:cpuset:/other\n2:cpu,cpuacct:/a/b\n1:name=systemd:/x\n0::/y\n");
    put(*state, "/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
    put(*state, "/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
    put(*state, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n");
    put(*state, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
    put(*state, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.stat",
        "nr_periods 9\nnr_throttled 7\nthrottled_time 1\n");
    const ebb_cgroup found = ebb_cgroup_read(*state);
    assert_int_equal(found.version, 1);
    assert_true(found.quota_cpus == 2.5);
    assert_int_equal(found.n_throttled, 7);
}

/* Docker without a namespace: the group's path begins with what is mounted. */
static void test_v1_part_mounted(void **state)
{
    put(*state, "/proc/self/mountinfo",
        "32 31 0:30 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
    put(*state, "/proc/self/cgroup", "4:cpu:/docker/abc/inner\n");
    put(*state, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "400000\n");
    put(*state, "/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    put(*state, "/sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us", "300000\n");
    put(*state, "/sys/fs/cgroup/cpu/inner/cpu.cfs_period_us", "100000\n");
    assert_true(ebb_cgroup_read(*state).quota_cpus == 3.0);
}

static void test_this_system(void **state)
{
    (void)state;
    const ebb_cgroup found = ebb_cgroup_read("");
    assert_in_range(found.version, 0, 2);
    assert_true(found.quota_cpus >= 0.0);
    assert_true(found.n_throttled >= -1);
}

#define ON_A_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

static void test_free_memory_is_what_the_tightest_limit_leaves(void **state)
{
    assert_int_equal(ebb_cgroup_free_memory(*state), -1);
    put(*state, "/proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n");
    assert_int_equal(ebb_cgroup_free_memory(*state), 8000 * 1024);
    put(*state, "/proc/self/mountinfo", v2_mounts);
    put(*state, "/proc/self/cgroup", "0::/job/step\n");
    put(*state, "/sys/fs/cgroup/job/step/memory.max", "max\n");
    put(*state, "/sys/fs/cgroup/job/step/memory.current", "5\n");
    assert_int_equal(ebb_cgroup_free_memory(*state), 8000 * 1024);
    put(*state, "/sys/fs/cgroup/job/memory.max", "1000000\n");
    put(*state, "/sys/fs/cgroup/job/memory.current", "700000\n");
    assert_int_equal(ebb_cgroup_free_memory(*state), 300000);
    put(*state, "/sys/fs/cgroup/job/memory.stat", "anon 1\ninactive_file 200000\n");
    assert_int_equal(ebb_cgroup_free_memory(*state), 500000);
    put(*state, "/sys/fs/cgroup/job/memory.current", "1300000\n");
    assert_int_equal(ebb_cgroup_free_memory(*state), 0);
}

static void test_free_memory_of_version_1(void **state)
{
    put(*state, "/proc/meminfo", "MemAvailable:    8000 kB\n");
    put(*state, "/proc/self/mountinfo",
        "31 22 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        "32 22 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    put(*state, "/proc/self/cgroup", "4:cpu:/other\n3:memory:/job\n");
    put(*state, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put(*state, "/sys/fs/cgroup/memory/memory.usage_in_bytes", "4096\n");
    put(*state, "/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "600000\n");
    put(*state, "/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "100000\n");
    put(*state, "/sys/fs/cgroup/memory/job/memory.stat",
        "inactive_file 7\ntotal_inactive_file 1000\n");
    assert_int_equal(ebb_cgroup_free_memory(*state), 501000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_ROOT(test_nothing_known),
        ON_A_ROOT(test_v2_smallest_of_all_levels),
        ON_A_ROOT(test_v2_no_quota),
        ON_A_ROOT(test_v2_inside_a_namespace),
        ON_A_ROOT(test_v1_in_a_hybrid_system),
        ON_A_ROOT(test_v1_part_mounted),
        ON_A_ROOT(test_free_memory_is_what_the_tightest_limit_leaves),
        ON_A_ROOT(test_free_memory_of_version_1),
        cmocka_unit_test(test_this_system),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
