#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "machine/affinity.h"
#include "machine/disturbance.h"
#include "machine/peak.h"

static ebb_team *new_team(size_t n_threads)
{
    ebb_team *team = NULL;
    assert_int_equal(ebb_team_create(&team, n_threads), EBB_OK);
    return team;
}

static ebb_disturbance_reading *new_reading(ebb_team *team)
{
    ebb_disturbance_reading *reading = NULL;
    assert_int_equal(ebb_disturbance_read(&reading, team), EBB_OK);
    assert_non_null(reading);
    return reading;
}

static void work(void *argument, size_t thread)
{
    (void)argument;
    (void)thread;
    const uint64_t end_ns = ebb_clock_now_ns() + 5000000;
    while (ebb_clock_now_ns() < end_ns) {
    }
}

/* Nothing ever counts down, and what is told once is told again. */
static void test_between_is_never_negative(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 4; n++) {
        ebb_team *team = new_team(n);
        ebb_disturbance_reading *before = new_reading(team);
        ebb_team_run(team, work, NULL);
        ebb_disturbance_reading *after = new_reading(team);
        const ebb_disturbance found = ebb_disturbance_between(before, after);
        assert_true(found.involuntary_switches >= 0);
        assert_true(found.major_faults >= 0);
        assert_true(found.run_delay_ns >= -1);
        assert_true(found.steal_ns >= -1);
        assert_true(found.throttled >= -1);
        ebb_disturbance_reading_destroy(before);
        ebb_disturbance_reading_destroy(after);
        ebb_team_destroy(team);
    }
    ebb_disturbance_reading_destroy(NULL);
}

static void test_a_reading_against_itself_is_zero(void **state)
{
    (void)state;
    ebb_team *team = new_team(2);
    ebb_disturbance_reading *reading = new_reading(team);
    const ebb_disturbance found = ebb_disturbance_between(reading, reading);
    assert_int_equal(found.involuntary_switches, 0);
    assert_int_equal(found.major_faults, 0);
    assert_true(found.run_delay_ns <= 0);
    assert_true(found.steal_ns <= 0);
    assert_true(found.throttled <= 0);
    ebb_disturbance_reading_destroy(reading);
    ebb_team_destroy(team);
}

static void crowd(void *argument, size_t thread)
{
    const int *cpu = argument;
    assert_int_equal(ebb_affinity_set(cpu, 1), EBB_OK);
    work(NULL, thread);
    work(NULL, thread);
}

/* Three threads that compute on one CPU wait for one another, and it is seen. */
static void test_waiting_for_a_cpu_is_seen(void **state)
{
    (void)state;
    if (access("/proc/self/schedstat", R_OK) != 0) {
        skip();
    }
    int cpu = sched_getcpu();
    ebb_team *team = new_team(3);
    ebb_disturbance_reading *before = new_reading(team);
    ebb_team_run(team, crowd, &cpu);
    ebb_disturbance_reading *after = new_reading(team);
    assert_true(ebb_disturbance_between(before, after).run_delay_ns > 1000000);
    ebb_disturbance_reading_destroy(before);
    ebb_disturbance_reading_destroy(after);
    ebb_team_destroy(team);
}

static long long own_waiting_ns(void)
{
    long long waiting_ns = -1;
    FILE *file = fopen("/proc/thread-self/schedstat", "r");
    if (file != NULL) {
        assert_int_equal(fscanf(file, "%*d %lld", &waiting_ns), 1);
        fclose(file);
    }
    return waiting_ns;
}

/* What the two readings tell lies within what the kernel tells around them. */
static void test_run_delay_is_the_kernels(void **state)
{
    (void)state;
    ebb_team *team = new_team(1);
    const long long outer_before_ns = own_waiting_ns();
    ebb_disturbance_reading *before = new_reading(team);
    const long long inner_before_ns = own_waiting_ns();
    ebb_team_run(team, work, NULL);
    const long long inner_after_ns = own_waiting_ns();
    ebb_disturbance_reading *after = new_reading(team);
    const long long outer_after_ns = own_waiting_ns();
    const ebb_disturbance found = ebb_disturbance_between(before, after);
    if (outer_before_ns < 0) {
        assert_int_equal(found.run_delay_ns, -1);
    } else {
        assert_true(found.run_delay_ns <= outer_after_ns - outer_before_ns);
        assert_true(found.run_delay_ns >= inner_after_ns - inner_before_ns);
    }
    ebb_disturbance_reading_destroy(before);
    ebb_disturbance_reading_destroy(after);
    ebb_team_destroy(team);
}

static void check_peak(const ebb_peak *peak)
{
    assert_non_null(peak->isa);
    assert_true(isfinite(peak->gflops) && isfinite(peak->high));
    assert_true(peak->low > 0.0);
    assert_true(peak->low <= peak->gflops && peak->gflops <= peak->high);
}

static void test_peak_with_every_kind_of_vectors(void **state)
{
    (void)state;
    size_t n_kinds = 0;
    for (size_t n = 1; n <= 3; n++) {
        ebb_team *team = new_team(n);
        for (n_kinds = 0; ebb_peak_isa(n_kinds) != NULL; n_kinds++) {
            ebb_peak peak = {0};
            ebb_peak_measure_isa(&peak, team, n_kinds, 3, 100000);
            assert_string_equal(peak.isa, ebb_peak_isa(n_kinds));
            check_peak(&peak);
        }
        ebb_team_destroy(team);
    }
    assert_in_range(n_kinds, 2, 4);
    assert_string_equal(ebb_peak_isa(n_kinds - 1), "scalar");
}

static void test_peak_at_the_edges_of_its_range(void **state)
{
    (void)state;
    ebb_team *team = new_team(1);
    ebb_peak peak = {0};
    ebb_peak_measure(&peak, team, 1, 1);
    check_peak(&peak);
    assert_string_equal(peak.isa, ebb_peak_isa(0));
    assert_true(peak.low == peak.gflops && peak.high == peak.gflops);
    ebb_peak_measure(&peak, team, 2, 1000);
    check_peak(&peak);
    ebb_peak_measure(&peak, team, EBB_PEAK_MAX_ROUNDS, 1000);
    check_peak(&peak);
    ebb_team_destroy(team);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_between_is_never_negative),
        cmocka_unit_test(test_a_reading_against_itself_is_zero),
        cmocka_unit_test(test_waiting_for_a_cpu_is_seen),
        cmocka_unit_test(test_run_delay_is_the_kernels),
        cmocka_unit_test(test_peak_with_every_kind_of_vectors),
        cmocka_unit_test(test_peak_at_the_edges_of_its_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
