/* What a benchmark sees and can do: both forms of the loop, arguments, clocks, counters.
 * Several misuses here end the process when the library is left alone with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "recorder.h"

/* ---- loop form ---- */

typedef struct tally {
    int64_t done, calls, largest, entries, planned;
} tally;

static int count(ebb_shim_state *state, void *user)
{
    tally *own = user;
    *own = (tally){.entries = own->entries + 1};
    own->planned = ebb_shim_planned_iterations(state);
    int64_t n = 0;
    while ((n = ebb_shim_keep_running(state, 7)) > 0) {
        own->done += n;
        own->calls++;
        own->largest = n > own->largest ? n : own->largest;
        assert_int_equal(ebb_shim_iterations(state), own->done);
    }
    assert_int_equal(ebb_shim_keep_running(state, 7), 0);
    return 0;
}

/* The library itself would do 21. */
static void batches_never_overshoot(void **state)
{
    (void)state;
    tally own = {0};
    const recorder all = recorder_run_one(
        BENCHMARK(.name = "count", .body = count, .user = &own, .iterations = 20));
    const recorded_run *run = recorder_find(&all, "count/iterations:20/real_time");
    assert_int_equal(run->outcome, EBB_SHIM_MEASURED);
    assert_int_equal(run->iterations, 20);
    assert_int_equal(own.done, 20);
    assert_int_equal(own.planned, 20);
    assert_int_equal(own.calls, 3);
    assert_int_equal(own.largest, 7);
    assert_int_equal(own.entries, 1);
    assert_true(run->real_time > 0.0);
}

static void is_entered_until_it_takes_long_enough(void **state)
{
    (void)state;
    tally own = {0};
    const recorder all =
        recorder_run_one(BENCHMARK(.name = "count", .body = count, .user = &own));
    const recorded_run *run = recorder_find(&all, "count/real_time");
    assert_true(own.entries > 1);
    assert_int_equal(run->iterations, own.done);
    assert_true(run->real_time * (double)run->iterations >= 2e6);
}

/* ---- step form ---- */

typedef struct steps {
    int64_t next, before, after;
    size_t n_samples;
    uint64_t samples_ns[8];
} steps;

static int begin_steps(ebb_shim_state *state, void *user)
{
    steps *own = user;
    assert_int_equal(ebb_shim_iterations(state), 0);
    own->before++;
    own->next = 0;
    return 0;
}

static int one_step(ebb_shim_state *state, void *user, int64_t index)
{
    (void)state;
    steps *own = user;
    assert_int_equal(index, own->next++);
    return 0;
}

static int end_steps(ebb_shim_state *state, void *user)
{
    steps *own = user;
    own->after++;
    own->n_samples = ebb_shim_samples(state);
    return ebb_shim_set_counter(state, "samples", (double)own->n_samples,
                                EBB_SHIM_PLAIN) != EBB_SHIM_OK;
}

static void steps_are_counted_and_timed(void **state)
{
    (void)state;
    steps own = {0};
    const recorder all = recorder_run_one(
        BENCHMARK(.name = "steps", .before = begin_steps, .step = one_step,
                  .after = end_steps, .user = &own, .iterations = 5, .repetitions = 3,
                  .samples_ns = own.samples_ns, .samples_capacity = 8));
    assert_int_equal(own.before, 3);
    assert_int_equal(own.after, 3);
    assert_int_equal(own.next, 5);
    assert_int_equal(own.n_samples, 5);
    assert_true(own.samples_ns[4] > 0);
    assert_int_equal(own.samples_ns[5], 0);
    assert_int_equal(recorder_counter(&all.runs[0], "samples"), 5);
}

static void samples_stop_where_there_is_no_room(void **state)
{
    (void)state;
    steps own = {0};
    (void)recorder_run_one(BENCHMARK(.name = "steps", .before = begin_steps,
                                     .step = one_step, .after = end_steps, .user = &own,
                                     .iterations = 100, .samples_ns = own.samples_ns,
                                     .samples_capacity = 2));
    assert_int_equal(own.next, 100);
    assert_int_equal(own.n_samples, 2);
    assert_int_equal(own.samples_ns[2], 0);
}

static int third_step_fails(ebb_shim_state *state, void *user, int64_t index)
{
    return one_step(state, user, index) != 0 || index == 2 ? 42 : 0;
}

static void failed_step_ends_the_loop(void **state)
{
    (void)state;
    steps own = {0};
    recorder_check_failed(BENCHMARK(.name = "steps", .before = begin_steps,
                                    .step = third_step_fails, .after = end_steps,
                                    .user = &own, .iterations = 10),
                          "step returned 42");
    assert_int_equal(own.next, 3);
    assert_int_equal(own.after, 1);
}

/* ---- arguments ---- */

static int sum_arguments(ebb_shim_state *state, void *user)
{
    (void)user;
    while (ebb_shim_keep_running(state, 1000) > 0) {
    }
    return ebb_shim_set_counter(
               state, "sum",
               (double)(ebb_shim_argument(state, 0) + ebb_shim_argument(state, 1)),
               EBB_SHIM_PLAIN) != EBB_SHIM_OK;
}

static void arguments_and_their_names_are_copied(void **state)
{
    (void)state;
    char name[] = "sum";
    char first[] = "a";
    const char *names[] = {first, "b"};
    int64_t sets[][2] = {{1, 2}, {30, 40}, {-5, 5}};
    ebb_shim_benchmark *own =
        BENCHMARK(.name = name, .body = sum_arguments, .args = &sets[0][0], .n_args = 2,
                  .n_sets = 3, .arg_names = names, .iterations = 1000);
    ebb_shim *shim = recorder_init(NULL);
    recorder_register(shim, own);
    memset(own, 0, sizeof *own);
    memset(sets, 0, sizeof sets);
    name[0] = first[0] = 'x';
    names[1] = NULL;
    recorder all = {0};
    ebb_shim_summary summary;
    assert_int_equal(recorder_run(&all, shim, &summary, NULL), EBB_SHIM_OK);
    assert_int_equal(summary.matched, 3);
    const recorded_run *run =
        recorder_find(&all, "sum/a:30/b:40/iterations:1000/real_time");
    assert_int_equal(recorder_counter(run, "sum"), 70);
    run = recorder_find(&all, "sum/a:-5/b:5/iterations:1000/real_time");
    assert_int_equal(recorder_counter(run, "sum"), 0);
    ebb_shim_destroy(shim);
}

static int ask_for_a_third(ebb_shim_state *state, void *user)
{
    assert_int_equal(ebb_shim_argument(state, 2), 0);
    return sum_arguments(state, user);
}

static void argument_that_is_not_there_fails(void **state)
{
    (void)state;
    const int64_t set[] = {1, 2};
    recorder_check_failed(BENCHMARK(.name = "sum", .body = ask_for_a_third, .args = set,
                                    .n_args = 2, .n_sets = 1),
                          "argument");
}

/* ---- clocks ---- */

static int set_time(ebb_shim_state *state, void *user)
{
    const double *seconds = user;
    int64_t n = 0;
    while ((n = ebb_shim_keep_running(state, 10)) > 0) {
        (void)ebb_shim_set_time(state, *seconds * (double)n);
    }
    return 0;
}

static void manual_time_is_what_was_set(void **state)
{
    (void)state;
    double seconds = 0.25;
    const recorder all = recorder_run_one(
        BENCHMARK(.name = "manual", .body = set_time, .user = &seconds, .iterations = 100,
                  .clock = EBB_SHIM_MANUAL_TIME, .unit = EBB_SHIM_MILLISECONDS));
    const recorded_run *run = recorder_find(&all, "manual/iterations:100/manual_time");
    assert_true(fabs(run->real_time - 250.0) < 1e-9);
    assert_int_equal(run->unit, EBB_SHIM_MILLISECONDS);
}

static void manual_times_that_are_none_fail(void **state)
{
    (void)state;
    double seconds = 0.0;
    ebb_shim_benchmark *own = BENCHMARK(.name = "manual", .body = set_time,
                                        .user = &seconds, .clock = EBB_SHIM_MANUAL_TIME);
    recorder_check_failed(own, "no time was set");
    seconds = -1.0;
    recorder_check_failed(own, "not a time");
    seconds = (double)NAN;
    recorder_check_failed(own, "not a time");
    own->clock = EBB_SHIM_REAL_TIME;
    seconds = 1.0;
    recorder_check_failed(own, "not with this clock");
}

static int pause_in_all_ways(ebb_shim_state *state, void *user)
{
    (void)user;
    assert_int_equal(ebb_shim_pause(state), EBB_SHIM_STATE);
    assert_int_equal(ebb_shim_resume(state), EBB_SHIM_STATE);
    while (ebb_shim_keep_running(state, 1) > 0) {
        assert_int_equal(ebb_shim_resume(state), EBB_SHIM_STATE);
        assert_int_equal(ebb_shim_pause(state), EBB_SHIM_OK);
        assert_int_equal(ebb_shim_pause(state), EBB_SHIM_STATE);
        if (ebb_shim_iterations(state) % 2 == 0) {
            assert_int_equal(ebb_shim_resume(state), EBB_SHIM_OK);
        }
    }
    assert_int_equal(ebb_shim_pause(state), EBB_SHIM_STATE);
    return 0;
}

/* The last iteration ends with the clock stopped. */
static void paused_clock_goes_on_by_itself(void **state)
{
    (void)state;
    const recorder all = recorder_run_one(
        BENCHMARK(.name = "pause", .body = pause_in_all_ways, .iterations = 3));
    assert_int_equal(all.runs[0].outcome, EBB_SHIM_MEASURED);
}

static void names_tell_the_clock(void **state)
{
    (void)state;
    tally own = {0};
    recorder all =
        recorder_run_one(BENCHMARK(.name = "c", .body = count, .user = &own,
                                   .clock = EBB_SHIM_CPU_TIME, .iterations = 100));
    assert_string_equal(all.runs[0].name, "c/iterations:100");
    all = recorder_run_one(BENCHMARK(.name = "c", .body = count, .user = &own,
                                     .process_cpu_time = true, .min_time = 0.001));
    assert_string_equal(all.runs[0].name, "c/min_time:0.001/process_time/real_time");
}

/* ---- counters ---- */

static int set_all_counters(ebb_shim_state *state, void *user)
{
    (void)user;
    while (ebb_shim_keep_running(state, 1) > 0) {
        (void)ebb_shim_set_time(state, 0.5);
    }
    (void)ebb_shim_set_counter(state, "plain", 3.0, EBB_SHIM_PLAIN);
    (void)ebb_shim_set_counter(state, "rate", 10.0, EBB_SHIM_RATE);
    (void)ebb_shim_set_counter(state, "each", 10.0, EBB_SHIM_PER_ITERATION);
    (void)ebb_shim_set_counter(state, "all", 10.0, EBB_SHIM_ALL_ITERATIONS);
    (void)ebb_shim_set_counter(state, "inverse", 4.0, EBB_SHIM_INVERT);
    (void)ebb_shim_set_counter(state, "seconds", 10.0, EBB_SHIM_RATE | EBB_SHIM_INVERT);
    (void)ebb_shim_set_items(state, 20);
    (void)ebb_shim_set_bytes(state, 4096);
    return (int)ebb_shim_set_label(state, "some \x01 label");
}

static void counters_follow_their_flags(void **state)
{
    (void)state;
    const recorder all =
        recorder_run_one(BENCHMARK(.name = "counters", .body = set_all_counters,
                                   .clock = EBB_SHIM_MANUAL_TIME, .iterations = 4));
    const recorded_run *run = &all.runs[0];
    assert_int_equal(run->outcome, EBB_SHIM_MEASURED);
    assert_true(recorder_counter(run, "plain") == 3.0);
    assert_true(recorder_counter(run, "rate") == 5.0);
    assert_true(recorder_counter(run, "each") == 2.5);
    assert_true(recorder_counter(run, "all") == 40.0);
    assert_true(recorder_counter(run, "inverse") == 0.25);
    assert_true(recorder_counter(run, "seconds") == 0.2);
    assert_true(recorder_counter(run, "items_per_second") == 10.0);
    assert_true(recorder_counter(run, "bytes_per_second") == 2048.0);
    assert_string_equal(run->label, "some   label");
}

typedef struct bad_counter {
    const char *name;
    double value;
    unsigned flags;
} bad_counter;

static int set_bad_counter(ebb_shim_state *state, void *user)
{
    const bad_counter *own = user;
    while (ebb_shim_keep_running(state, 1) > 0) {
    }
    assert_int_equal(ebb_shim_set_counter(state, own->name, own->value, own->flags),
                     EBB_SHIM_USAGE);
    return 0;
}

static void bad_counters_are_refused(void **state)
{
    (void)state;
    bad_counter own = {"c", (double)NAN, EBB_SHIM_PLAIN};
    ebb_shim_benchmark *benchmark =
        BENCHMARK(.name = "bad", .body = set_bad_counter, .user = &own);
    recorder_check_failed(benchmark, "counter 'c': is not finite");
    own.value = (double)INFINITY;
    recorder_check_failed(benchmark, "is not finite");
    own.value = 0.0;
    own.flags = EBB_SHIM_INVERT;
    recorder_check_failed(benchmark, "is not finite");
    const char *const names[] = {"",   "real_time", "name", "two words",
                                 "\"", "a\n",       "\xff"};
    own = (bad_counter){NULL, 1.0, EBB_SHIM_PLAIN};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        own.name = names[i];
        recorder_check_failed(benchmark, "not a name");
    }
}

static int change_flags(ebb_shim_state *state, void *user)
{
    unsigned *flags = user;
    while (ebb_shim_keep_running(state, 1) > 0) {
    }
    *flags ^= EBB_SHIM_RATE;
    (void)ebb_shim_set_counter(state, "c", 1.0, *flags);
    return 0;
}

static void flags_of_a_counter_stay(void **state)
{
    (void)state;
    unsigned flags = EBB_SHIM_PLAIN;
    recorder_check_failed(BENCHMARK(.name = "flags", .body = change_flags, .user = &flags,
                                    .iterations = 10, .repetitions = 4),
                          "other flags");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_never_overshoot),
        cmocka_unit_test(is_entered_until_it_takes_long_enough),
        cmocka_unit_test(steps_are_counted_and_timed),
        cmocka_unit_test(samples_stop_where_there_is_no_room),
        cmocka_unit_test(failed_step_ends_the_loop),
        cmocka_unit_test(arguments_and_their_names_are_copied),
        cmocka_unit_test(argument_that_is_not_there_fails),
        cmocka_unit_test(manual_time_is_what_was_set),
        cmocka_unit_test(manual_times_that_are_none_fail),
        cmocka_unit_test(paused_clock_goes_on_by_itself),
        cmocka_unit_test(names_tell_the_clock),
        cmocka_unit_test(counters_follow_their_flags),
        cmocka_unit_test(bad_counters_are_refused),
        cmocka_unit_test(flags_of_a_counter_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
