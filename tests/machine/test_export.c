/* What ebb_placement_export leaves for a program that is started by exec: this program
 * starts itself and tells, one fact a line, what it found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/affinity.h"
#include "machine/placement.h"
#include "machine/variables.h"

enum { MAX_THREADS = 5, OUTPUT_BYTES = 8192 };

static void tell_variable(const char *name)
{
    const char *value = getenv(name);
    printf("%s=%s\n", name, value == NULL ? "(unset)" : value);
}

static void tell_team(size_t n_threads)
{
    ebb_team *team = NULL;
    ebb_team_seat seats[MAX_THREADS];
    if (ebb_team_create(&team, n_threads) != EBB_OK) {
        printf("team: %s\n", ebb_last_error());
        return;
    }
    ebb_team_seats(team, seats);
    for (size_t i = 0; i < n_threads; i++) {
        printf("thread %zu bound to %d\n", i, seats[i].bound_cpu);
    }
    ebb_team_destroy(team);
}

static int tell(size_t n_threads)
{
    static const char *const names[] = {"OMP_NUM_THREADS",       "OMP_PLACES",
                                        "OMP_PROC_BIND",         "OMP_DYNAMIC",
                                        "OMP_MAX_ACTIVE_LEVELS", "OMP_WAIT_POLICY",
                                        "GOMP_CPU_AFFINITY",     "OMP_THREAD_LIMIT",
                                        "GOMP_SPINCOUNT"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        tell_variable(names[i]);
    }
    ebb_topology *topology = NULL;
    json_t *user = NULL;
    if (ebb_topology_create(&topology) == EBB_OK) {
        size_t n = 0;
        (void)ebb_topology_pus(topology, &n);
        printf("usable %zu\n", n);
    }
    ebb_topology_destroy(topology);
    if (ebb_variables_user(&user) == EBB_OK) {
        const char *threads = json_string_value(json_object_get(user, "OMP_NUM_THREADS"));
        printf("user OMP_NUM_THREADS %s\n", threads == NULL ? "(unset)" : threads);
    }
    json_decref(user);
    tell_team(n_threads);
    fflush(stdout);
    return 0;
}

/* In the forked child: exports, then becomes a new program. Exit status 99 if it cannot.
 */
static void become(const int *cpus, size_t n_threads, const ebb_topology *topology)
{
    char number[16];
    snprintf(number, sizeof number, "%zu", n_threads);
    if (ebb_placement_export(cpus, n_threads, topology) == EBB_OK) {
        execl("/proc/self/exe", "test_export", "--tell", number, (char *)NULL);
    }
    _exit(99);
}

typedef void (*become_fn)(const int *cpus, size_t n_threads,
                          const ebb_topology *topology);

static void run_as(become_fn become_it, char *output, const int *cpus, size_t n_threads,
                   const ebb_topology *topology)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        become_it(cpus, n_threads, topology);
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t n = 0;
    while ((n = read(ends[0], output + length, OUTPUT_BYTES - 1 - length)) > 0) {
        length += (size_t)n;
    }
    output[length] = '\0';
    close(ends[0]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void run_child(char *output, const int *cpus, size_t n_threads,
                      const ebb_topology *topology)
{
    run_as(become, output, cpus, n_threads, topology);
}

static void expect_line(const char *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void expect_line(const char *output, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    const size_t length = strlen(line);
    for (const char *at = output; (at = strstr(at, line)) != NULL; at++) {
        if ((at == output || at[-1] == '\n') && at[length] == '\n') {
            return;
        }
    }
    fail_msg("no line \"%s\" in:\n%s", line, output);
}

/* As a shell would start it, with the user's variables only. */
static void become_bound(const int *cpus, size_t n_threads, const ebb_topology *topology)
{
    (void)cpus;
    (void)n_threads;
    (void)topology;
    setenv("OMP_PROC_BIND", "true", 1);
    setenv("OMP_PLACES", "threads", 1);
    execl("/proc/self/exe", "test_export", "--tell", "1", (char *)NULL);
    _exit(99);
}

typedef struct fixture {
    ebb_topology *topology;
    size_t n_pus;
    int pus[1024];
} fixture;

static int set_up(void **state)
{
    static fixture shared;
    shared = (fixture){0};
    if (ebb_topology_create(&shared.topology) != EBB_OK) {
        return -1;
    }
    const ebb_pu *pus = ebb_topology_pus(shared.topology, &shared.n_pus);
    for (size_t i = 0; i < shared.n_pus && i < 1024; i++) {
        shared.pus[i] = pus[i].os_index;
    }
    *state = &shared;
    return 0;
}

static int tear_down(void **state)
{
    fixture *shared = *state;
    ebb_topology_destroy(shared->topology);
    return 0;
}

static void test_bound_threads(void **state)
{
    const fixture *shared = *state;
    const size_t n_threads = shared->n_pus < 2 ? 1 : 2;
    char output[OUTPUT_BYTES];
    int cpus[2];
    /* The last CPU first, so that no default order passes. */
    cpus[0] = shared->pus[shared->n_pus - 1];
    cpus[1] = shared->pus[0];
    run_child(output, cpus, n_threads, shared->topology);
    expect_line(output, "OMP_NUM_THREADS=%zu", n_threads);
    if (n_threads == 2) {
        expect_line(output, "OMP_PLACES={%d},{%d}", cpus[0], cpus[1]);
        expect_line(output, "thread 1 bound to %d", cpus[1]);
    }
    expect_line(output, "OMP_PROC_BIND=close");
    expect_line(output, "OMP_DYNAMIC=false");
    expect_line(output, "OMP_MAX_ACTIVE_LEVELS=1");
    expect_line(output, "thread 0 bound to %d", cpus[0]);
    /* The worker knows what its launcher could use, though it is bound to one CPU. */
    expect_line(output, "usable %zu", shared->n_pus);
}

static void test_more_threads_than_cpus(void **state)
{
    const fixture *shared = *state;
    char output[OUTPUT_BYTES];
    int cpus[MAX_THREADS];
    for (size_t i = 0; i < MAX_THREADS; i++) {
        cpus[i] = shared->pus[i % shared->n_pus];
    }
    run_child(output, cpus, MAX_THREADS, shared->topology);
    for (size_t i = 0; i < MAX_THREADS; i++) {
        expect_line(output, "thread %zu bound to %d", i, cpus[i]);
    }
    if (MAX_THREADS > shared->n_pus) {
        expect_line(output, "OMP_WAIT_POLICY=passive");
    }
}

/* CPUs are left, but not for a placement that takes a few of them only. */
static void test_threads_that_share_one_of_several_cpus(void **state)
{
    const fixture *shared = *state;
    char output[OUTPUT_BYTES];
    const int cpus[] = {shared->pus[0], shared->pus[0]};
    run_child(output, cpus, 2, shared->topology);
    expect_line(output, "thread 0 bound to %d", cpus[0]);
    expect_line(output, "thread 1 bound to %d", cpus[0]);
    expect_line(output, "OMP_WAIT_POLICY=passive");
}

static void test_unbound_threads(void **state)
{
    const fixture *shared = *state;
    char output[OUTPUT_BYTES];
    const int cpus[] = {-1, -1};
    run_child(output, cpus, 2, shared->topology);
    expect_line(output, "OMP_PROC_BIND=false");
    expect_line(output, "OMP_PLACES=(unset)");
    const int bound = shared->n_pus == 1 ? shared->pus[0] : -1;
    expect_line(output, "thread 0 bound to %d", bound);
    expect_line(output, "thread 1 bound to %d", bound);
}

static void test_users_variables_are_overruled_and_kept(void **state)
{
    const fixture *shared = *state;
    char output[OUTPUT_BYTES];
    setenv("OMP_NUM_THREADS", "7", 1);
    setenv("OMP_PLACES", "cores", 1);
    setenv("GOMP_CPU_AFFINITY", "0", 1);
    setenv("OMP_THREAD_LIMIT", "1", 1);
    setenv("GOMP_SPINCOUNT", "infinity", 1);
    run_child(output, shared->pus, 1, shared->topology);
    expect_line(output, "OMP_NUM_THREADS=1");
    expect_line(output, "OMP_PLACES={%d}", shared->pus[0]);
    expect_line(output, "GOMP_CPU_AFFINITY=(unset)");
    expect_line(output, "OMP_THREAD_LIMIT=(unset)");
    expect_line(output, "GOMP_SPINCOUNT=(unset)");
    expect_line(output, "user OMP_NUM_THREADS 7");
    /* Its one place is one CPU; the others are known from the launcher's list. */
    expect_line(output, "usable %zu", shared->n_pus);
    unsetenv("OMP_NUM_THREADS");
    unsetenv("OMP_PLACES");
    unsetenv("GOMP_CPU_AFFINITY");
    unsetenv("OMP_THREAD_LIMIT");
    unsetenv("GOMP_SPINCOUNT");
    run_child(output, shared->pus, 1, shared->topology);
    expect_line(output, "user OMP_NUM_THREADS (unset)");
}

/* A launcher that is itself bound to one CPU gives its child all usable ones. */
static void test_mask_is_reset(void **state)
{
    const fixture *shared = *state;
    char output[OUTPUT_BYTES];
    const int unbound[] = {-1};
    assert_int_equal(ebb_affinity_set(&shared->pus[0], 1), EBB_OK);
    run_child(output, unbound, 1, shared->topology);
    expect_line(output, "thread 0 bound to %d", shared->n_pus == 1 ? shared->pus[0] : -1);
    assert_int_equal(ebb_affinity_set(shared->pus, shared->n_pus), EBB_OK);
}

/* With OMP_PROC_BIND in the user's shell a program starts with one CPU in its mask, and
 * may still use all. */
static void test_bound_before_main(void **state)
{
    const fixture *shared = *state;
    char output[OUTPUT_BYTES];
    run_as(become_bound, output, NULL, 1, shared->topology);
    expect_line(output, "usable %zu", shared->n_pus);
}

/* Team sizes that change within one process, bound without OpenMP's help. */
static void test_bind_in_process(void **state)
{
    const fixture *shared = *state;
    for (size_t n = 1; n <= 3; n++) {
        int cpus[3];
        int unbound[3] = {-1, -1, -1};
        ebb_team *team = NULL;
        ebb_team_seat seats[3];
        for (size_t i = 0; i < n; i++) {
            cpus[i] = shared->pus[(i + 1) % shared->n_pus];
        }
        assert_int_equal(ebb_team_create(&team, n), EBB_OK);
        assert_int_equal(ebb_placement_bind(team, cpus, shared->topology), EBB_OK);
        ebb_team_seats(team, seats);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(seats[i].bound_cpu, cpus[i]);
        }
        assert_int_equal(ebb_placement_bind(team, unbound, shared->topology), EBB_OK);
        ebb_team_seats(team, seats);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(seats[i].bound_cpu, shared->n_pus == 1 ? cpus[i] : -1);
        }
        ebb_team_destroy(team);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--tell") == 0) {
        return tell((size_t)atoi(argv[2]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bound_threads),
        cmocka_unit_test(test_more_threads_than_cpus),
        cmocka_unit_test(test_threads_that_share_one_of_several_cpus),
        cmocka_unit_test(test_unbound_threads),
        cmocka_unit_test(test_users_variables_are_overruled_and_kept),
        cmocka_unit_test(test_mask_is_reset),
        cmocka_unit_test(test_bound_before_main),
        cmocka_unit_test(test_bind_in_process),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
