#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_root.h"
#include "machine/cgroup.h"

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
    fake_root_put(*state, "/proc/self/mountinfo", v2_mounts);
    fake_root_put(*state, "/proc/self/cgroup", "0::/user.slice/job/step\n");
    fake_root_put(*state, "/sys/fs/cgroup/user.slice/job/step/cpu.max", "max 100000\n");
    fake_root_put(*state, "/sys/fs/cgroup/user.slice/job/step/cpu.stat",
                  "usage_usec 12\nnr_periods 4\nnr_throttled 3\nthrottled_usec 5\n");
    fake_root_put(*state, "/sys/fs/cgroup/user.slice/job/cpu.max", "150000 100000\n");
    fake_root_put(*state, "/sys/fs/cgroup/user.slice/job/cpu.stat", "nr_throttled 40\n");
    fake_root_put(*state, "/sys/fs/cgroup/user.slice/cpu.max", "800000 100000\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpu.stat", "usage_usec 12\n");
    const ebb_cgroup found = ebb_cgroup_read(*state);
    assert_int_equal(found.version, 2);
    assert_true(found.quota_cpus == 1.5);
    assert_int_equal(found.n_throttled, 43);
}

static void test_v2_no_quota(void **state)
{
    fake_root_put(*state, "/proc/self/mountinfo", v2_mounts);
    fake_root_put(*state, "/proc/self/cgroup", "0::/\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpu.stat", "usage_usec 12\n");
    const ebb_cgroup found = ebb_cgroup_read(*state);
    assert_int_equal(found.version, 2);
    assert_true(found.quota_cpus == 0.0);
    assert_int_equal(found.n_throttled, -1);
}

/* A container with a namespace of its own sees its group as the root. */
static void test_v2_inside_a_namespace(void **state)
{
    fake_root_put(*state, "/proc/self/mountinfo",
                  "30 22 0:26 /../../.. /sys/fs/cgroup ro - cgroup2 cgroup ro\n");
    fake_root_put(*state, "/proc/self/cgroup", "0::/\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpu.max", "50000 100000\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpu.stat", "nr_throttled 0\n");
    const ebb_cgroup found = ebb_cgroup_read(*state);
    assert_true(found.quota_cpus == 0.5);
    assert_int_equal(found.n_throttled, 0);
}

static void test_v1_in_a_hybrid_system(void **state)
{
    fake_root_put(
        *state, "/proc/self/mountinfo",
        "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
        "33 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
        "32 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
    fake_root_put(*state, "/proc/self/cgroup",
                  "3:cpuset:/other\n2:cpu,cpuacct:/a/b\n1:name=systemd:/x\n0::/y\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.stat",
                  "nr_periods 9\nnr_throttled 7\nthrottled_time 1\n");
    const ebb_cgroup found = ebb_cgroup_read(*state);
    assert_int_equal(found.version, 1);
    assert_true(found.quota_cpus == 2.5);
    assert_int_equal(found.n_throttled, 7);
}

/* Docker without a namespace: the group's path begins with what is mounted. */
static void test_v1_part_mounted(void **state)
{
    fake_root_put(
        *state, "/proc/self/mountinfo",
        "32 31 0:30 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
    fake_root_put(*state, "/proc/self/cgroup", "4:cpu:/docker/abc/inner\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "400000\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us", "300000\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpu/inner/cpu.cfs_period_us", "100000\n");
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

static void test_free_memory_is_what_the_tightest_limit_leaves(void **state)
{
    assert_int_equal(ebb_cgroup_free_memory(*state), -1);
    fake_root_put(*state, "/proc/meminfo",
                  "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n");
    assert_int_equal(ebb_cgroup_free_memory(*state), 8000 * 1024);
    fake_root_put(*state, "/proc/self/mountinfo", v2_mounts);
    fake_root_put(*state, "/proc/self/cgroup", "0::/job/step\n");
    fake_root_put(*state, "/sys/fs/cgroup/job/step/memory.max", "max\n");
    fake_root_put(*state, "/sys/fs/cgroup/job/step/memory.current", "5\n");
    assert_int_equal(ebb_cgroup_free_memory(*state), 8000 * 1024);
    fake_root_put(*state, "/sys/fs/cgroup/job/memory.max", "1000000\n");
    fake_root_put(*state, "/sys/fs/cgroup/job/memory.current", "700000\n");
    assert_int_equal(ebb_cgroup_free_memory(*state), 300000);
    fake_root_put(*state, "/sys/fs/cgroup/job/memory.stat",
                  "anon 1\ninactive_file 200000\n");
    assert_int_equal(ebb_cgroup_free_memory(*state), 500000);
    fake_root_put(*state, "/sys/fs/cgroup/job/memory.current", "1300000\n");
    assert_int_equal(ebb_cgroup_free_memory(*state), 0);
}

static void test_free_memory_of_version_1(void **state)
{
    fake_root_put(*state, "/proc/meminfo", "MemAvailable:    8000 kB\n");
    fake_root_put(*state, "/proc/self/mountinfo",
                  "31 22 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
                  "32 22 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    fake_root_put(*state, "/proc/self/cgroup", "4:cpu:/other\n3:memory:/job\n");
    fake_root_put(*state, "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                  "9223372036854771712\n");
    fake_root_put(*state, "/sys/fs/cgroup/memory/memory.usage_in_bytes", "4096\n");
    fake_root_put(*state, "/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "600000\n");
    fake_root_put(*state, "/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "100000\n");
    fake_root_put(*state, "/sys/fs/cgroup/memory/job/memory.stat",
                  "inactive_file 7\ntotal_inactive_file 1000\n");
    assert_int_equal(ebb_cgroup_free_memory(*state), 501000);
}

static void check_cpuset(const char *root, const char *expected)
{
    ebb_text found = {0};
    ebb_cgroup_cpuset(&found, root);
    assert_string_equal(found.data == NULL ? "" : found.data, expected);
    ebb_text_clear(&found);
}

/* The group's own file, else that of the nearest group above. */
static void test_cpuset(void **state)
{
    check_cpuset(*state, "");
    fake_root_put(*state, "/proc/self/mountinfo", v2_mounts);
    fake_root_put(*state, "/proc/self/cgroup", "0::/job/step\n");
    check_cpuset(*state, "");
    fake_root_put(*state, "/sys/fs/cgroup/cpuset.cpus.effective", "0-15\n");
    check_cpuset(*state, "0-15");
    fake_root_put(*state, "/sys/fs/cgroup/job/cpuset.cpus.effective", "0-3,8\n");
    check_cpuset(*state, "0-3,8");
    fake_root_put(*state, "/sys/fs/cgroup/job/step/cpuset.cpus.effective", "8\n");
    check_cpuset(*state, "8");
}

static void test_cpuset_of_version_1(void **state)
{
    fake_root_put(*state, "/proc/self/mountinfo",
                  "33 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n");
    fake_root_put(*state, "/proc/self/cgroup", "3:cpuset:/job\n2:cpu:/other\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpuset/cpuset.effective_cpus", "0-7\n");
    fake_root_put(*state, "/sys/fs/cgroup/cpuset/job/cpuset.effective_cpus", "2,4\n");
    check_cpuset(*state, "2,4");
}

static void test_memory_limit(void **state)
{
    assert_int_equal(ebb_cgroup_memory_limit(*state), -1);
    fake_root_put(*state, "/proc/self/mountinfo", v2_mounts);
    fake_root_put(*state, "/proc/self/cgroup", "0::/job/step\n");
    fake_root_put(*state, "/sys/fs/cgroup/job/step/memory.max", "max\n");
    assert_int_equal(ebb_cgroup_memory_limit(*state), 0);
    fake_root_put(*state, "/sys/fs/cgroup/job/memory.max", "2147483648\n");
    assert_int_equal(ebb_cgroup_memory_limit(*state), 2147483648);
    fake_root_put(*state, "/sys/fs/cgroup/job/step/memory.max", "1073741824\n");
    assert_int_equal(ebb_cgroup_memory_limit(*state), 1073741824);
}

static void test_memory_limit_of_version_1(void **state)
{
    fake_root_put(*state, "/proc/self/mountinfo",
                  "32 22 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    fake_root_put(*state, "/proc/self/cgroup", "3:memory:/job\n");
    fake_root_put(*state, "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                  "9223372036854771712\n");
    assert_int_equal(ebb_cgroup_memory_limit(*state), 0);
    fake_root_put(*state, "/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "600000\n");
    assert_int_equal(ebb_cgroup_memory_limit(*state), 600000);
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
        ON_A_ROOT(test_cpuset),
        ON_A_ROOT(test_cpuset_of_version_1),
        ON_A_ROOT(test_memory_limit),
        ON_A_ROOT(test_memory_limit_of_version_1),
        cmocka_unit_test(test_this_system),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
