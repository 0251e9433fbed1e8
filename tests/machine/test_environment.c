#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "machine/affinity.h"
#include "machine/environment.h"
#include "machine/libraries.h"
#include "machine/procfs.h"
#include "machine/variables.h"

static ebb_topology *this_machine(void)
{
    ebb_topology *topology = NULL;
    assert_int_equal(ebb_topology_create(&topology), EBB_OK);
    return topology;
}

static json_t *this_environment(void)
{
    json_t *found = NULL;
    ebb_topology *topology = this_machine();
    assert_int_equal(ebb_environment_json(&found, topology), EBB_OK);
    ebb_topology_destroy(topology);
    return found;
}

static void test_every_key_is_there(void **state)
{
    (void)state;
    static const char *const keys[] = {"cpu",
                                       "isa",
                                       "microcode",
                                       "caches",
                                       "governor",
                                       "boost",
                                       "smt",
                                       "hypervisor",
                                       "clock_source",
                                       "kernel",
                                       "kernel_command_line",
                                       "transparent_huge_pages",
                                       "cgroup",
                                       "cgroup_cpuset",
                                       "cgroup_memory",
                                       "numa_memory",
                                       "libc",
                                       "compiler",
                                       "flags",
                                       "libgomp",
                                       "hwloc",
                                       "zlib",
                                       "ebb",
                                       "git"};
    json_t *found = this_environment();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const json_t *value = json_object_get(found, keys[i]);
        if (!json_is_string(value) || json_string_length(value) == 0) {
            fail_msg("environment: no text for %s", keys[i]);
        }
    }
    const json_t *memory = json_object_get(found, "memory_bytes");
    assert_true(json_integer_value(memory) > 1 << 20);
    assert_true(json_is_object(json_object_get(found, "variables")));
    assert_true(json_is_object(json_object_get(found, "variables_in_force")));
    json_decref(found);
}

/* These are known on every system that can run the test. */
static void test_what_is_always_known(void **state)
{
    (void)state;
    static const char *const keys[] = {"kernel",  "libc",  "compiler", "flags",
                                       "libgomp", "hwloc", "zlib",     "ebb"};
    json_t *found = this_environment();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_string_not_equal(json_string_value(json_object_get(found, keys[i])),
                                "not available");
    }
    assert_non_null(strstr(json_string_value(json_object_get(found, "flags")), "-O"));
    json_decref(found);
}

static void test_users_variables(void **state)
{
    (void)state;
    setenv("ONEDNN_VERBOSE", "1", 1);
    setenv("OMP_STACKSIZE", "\xff\"x", 1);
    setenv("EBB_OMP_NOT_OURS", "1", 1);
    json_t *found = NULL;
    assert_int_equal(ebb_variables_user(&found), EBB_OK);
    assert_string_equal(json_string_value(json_object_get(found, "ONEDNN_VERBOSE")), "1");
    assert_string_equal(json_string_value(json_object_get(found, "OMP_STACKSIZE")),
                        "?\"x");
    assert_null(json_object_get(found, "EBB_OMP_NOT_OURS"));
    json_decref(found);

    assert_int_equal(ebb_variables_keep(), EBB_OK);
    setenv("ONEDNN_VERBOSE", "2", 1);
    assert_int_equal(ebb_variables_keep(), EBB_OK);
    assert_int_equal(ebb_variables_user(&found), EBB_OK);
    assert_string_equal(json_string_value(json_object_get(found, "ONEDNN_VERBOSE")), "1");
    json_decref(found);
    assert_int_equal(ebb_variables_in_force(&found), EBB_OK);
    assert_string_equal(json_string_value(json_object_get(found, "ONEDNN_VERBOSE")), "2");
    json_decref(found);

    setenv(EBB_USER_VARIABLES_VARIABLE, "[1]", 1);
    assert_int_equal(ebb_variables_user(&found), EBB_ERR_ENVIRONMENT);
    assert_null(found);
    unsetenv(EBB_USER_VARIABLES_VARIABLE);
    unsetenv("ONEDNN_VERBOSE");
    unsetenv("OMP_STACKSIZE");
    unsetenv("EBB_OMP_NOT_OURS");
}

static void check_id(const char id[EBB_ID_BYTES])
{
    assert_int_equal(strlen(id), 16);
    for (size_t i = 0; i < 16; i++) {
        assert_true(isdigit((unsigned char)id[i]) || (id[i] >= 'a' && id[i] <= 'f'));
    }
}

static void test_ids_are_stable(void **state)
{
    (void)state;
    char build[2][EBB_ID_BYTES];
    char machine[2][EBB_ID_BYTES];
    ebb_topology *topology = this_machine();
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ebb_environment_build_id(build[i]), EBB_OK);
        assert_int_equal(ebb_environment_machine_id(machine[i], topology), EBB_OK);
    }
    check_id(build[0]);
    check_id(machine[0]);
    assert_string_equal(build[0], build[1]);
    assert_string_equal(machine[0], machine[1]);
    assert_string_not_equal(build[0], machine[0]);
    ebb_topology_destroy(topology);
}

/* A launcher with all CPUs and a worker bound to one are on the same machine. */
static void test_machine_id_does_not_depend_on_the_mask(void **state)
{
    (void)state;
    char all[EBB_ID_BYTES];
    char narrow[EBB_ID_BYTES];
    char other[EBB_ID_BYTES];
    int cpus[1024];
    size_t n = 0;
    ebb_topology *topology = this_machine();
    const ebb_pu *pus = ebb_topology_pus(topology, &n);
    assert_in_range(n, 1, 1024);
    for (size_t i = 0; i < n; i++) {
        cpus[i] = pus[i].os_index;
    }
    assert_int_equal(ebb_environment_machine_id(all, topology), EBB_OK);
    ebb_topology_destroy(topology);
    assert_int_equal(ebb_affinity_set(cpus, 1), EBB_OK);
    topology = this_machine();
    assert_int_equal(ebb_environment_machine_id(narrow, topology), EBB_OK);
    ebb_topology_destroy(topology);
    assert_int_equal(ebb_affinity_set(cpus, n), EBB_OK);
    assert_string_equal(all, narrow);

    assert_int_equal(
        ebb_topology_create_synthetic(&topology, "pack:3 core:7 pu:2", NULL, 0, 0.0),
        EBB_OK);
    assert_int_equal(ebb_environment_machine_id(other, topology), EBB_OK);
    assert_string_not_equal(all, other);
    ebb_topology_destroy(topology);
}

static void test_loaded_libraries(void **state)
{
    (void)state;
    static const char *const libc[] = {"libc.so", NULL};
    static const char *const none[] = {"libnosuchthing", NULL};
    ebb_text found = {0};
    ebb_libraries_find(&found, libc);
    assert_true(found.length > 0 && found.data[0] == '/');
    assert_int_equal(found.data[found.length - 1], '\n');
    ebb_text_clear(&found);
    ebb_libraries_find(&found, none);
    assert_int_equal(found.length, 0);
    ebb_text_clear(&found);
}

static void test_fields_of_kernel_files(void **state)
{
    (void)state;
    static const char text[] = "model\t\t: 17\nmodel name\t: A CPU\nnr_throttled 43\n"
                               "nr_throttled_more 9\nempty\t:\n";
    assert_int_equal(ebb_procfs_number(text, "model"), 17);
    assert_int_equal(ebb_procfs_number(text, "nr_throttled"), 43);
    assert_int_equal(ebb_procfs_number(text, "model name"), -1);
    assert_int_equal(ebb_procfs_number(text, "absent"), -1);
    assert_int_equal(ebb_procfs_number(text, "empty"), -1);
    const char *name = ebb_procfs_field(text, "model name");
    assert_int_equal(ebb_procfs_line_length(name), 5);
    assert_memory_equal(name, "A CPU", 5);
    ebb_text read = {0};
    assert_false(ebb_procfs_read(&read, "/proc/no/such/file"));
    assert_int_equal(read.length, 0);
    assert_true(ebb_procfs_read(&read, "/proc/%s/comm", "self"));
    assert_true(read.length > 0);
    ebb_text_clear(&read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key_is_there),
        cmocka_unit_test(test_what_is_always_known),
        cmocka_unit_test(test_users_variables),
        cmocka_unit_test(test_ids_are_stable),
        cmocka_unit_test(test_machine_id_does_not_depend_on_the_mask),
        cmocka_unit_test(test_loaded_libraries),
        cmocka_unit_test(test_fields_of_kernel_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
