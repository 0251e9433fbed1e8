/* Runs: filter, list, repetitions, aggregates, and what a reporter is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "recorder.h"

static int spin(ebb_shim_state *state, void *user)
{
    (void)user;
    while (ebb_shim_keep_running(state, 100) > 0) {
    }
    return ebb_shim_set_counter(state, "zero", 0.0, EBB_SHIM_PLAIN) != EBB_SHIM_OK;
}

/* Entries, of which from the first_bad-th on (1-based) each n-th fails. */
typedef struct schedule {
    int entries, bad;
    bool forever;
} schedule;

static int fail_on_schedule(ebb_shim_state *state, void *user)
{
    schedule *own = user;
    own->entries++;
    const bool bad =
        own->entries == own->bad || (own->forever && own->entries > own->bad);
    while (ebb_shim_keep_running(state, 100) > 0) {
        if (bad) {
            ebb_shim_fail(state, "wrong");
        }
    }
    return 0;
}

static void add(ebb_shim *shim, const char *name, ebb_shim_entry_fn body, void *user)
{
    recorder_register(shim, &(ebb_shim_benchmark){.size = sizeof(ebb_shim_benchmark),
                                                  .name = name,
                                                  .body = body,
                                                  .user = user,
                                                  .iterations = 1000});
}

static void check_run(recorder *all, ebb_shim *shim, ebb_shim_summary *summary,
                      const char *filter)
{
    if (recorder_run(all, shim, summary, filter) != EBB_SHIM_OK) {
        fail_msg("run: %s", ebb_shim_last_error());
    }
}

static void filter_chooses(void **state)
{
    (void)state;
    ebb_shim *shim = recorder_init((const char *const[]){"--benchmark_filter=^b", NULL});
    add(shim, "alpha", spin, NULL);
    add(shim, "beta", spin, NULL);
    add(shim, "gamma", spin, NULL);
    recorder all = {0};
    ebb_shim_summary summary;
    check_run(&all, shim, &summary, NULL);
    assert_int_equal(summary.matched, 1);
    assert_int_equal(all.n_runs, 1);
    assert_int_equal(all.n_contexts, 1);
    assert_int_equal(all.n_finishes, 1);
    assert_string_equal(all.runs[0].run_name, "beta/iterations:1000/real_time");
    all = (recorder){0};
    check_run(&all, shim, &summary, "");
    assert_int_equal(all.n_runs, 3);
    all = (recorder){0};
    check_run(&all, shim, &summary, "-a$|alpha");
    assert_int_equal(all.n_runs, 2);
    ebb_shim_destroy(shim);
}

static void filter_without_a_match_is_told(void **state)
{
    (void)state;
    ebb_shim *shim = recorder_init(NULL);
    add(shim, "alpha", spin, NULL);
    recorder all = {0};
    ebb_shim_summary summary;
    assert_int_equal(recorder_run(&all, shim, &summary, "delta"), EBB_SHIM_USAGE);
    assert_non_null(strstr(ebb_shim_last_error(), "'delta' chooses no benchmark"));
    assert_int_equal(recorder_run(&all, shim, &summary, "(unclosed"), EBB_SHIM_USAGE);
    assert_non_null(strstr(ebb_shim_last_error(), "no regular expression"));
    assert_int_equal(summary.matched, 0);
    assert_int_equal(all.n_contexts + all.n_finishes, 0);
    ebb_shim_destroy(shim);
}

typedef struct name_list {
    char text[256];
} name_list;

static void append(void *user, const char *name)
{
    name_list *own = user;
    const size_t length = strlen(own->text);
    snprintf(own->text + length, sizeof own->text - length, "%s\n", name);
}

static void list_gives_full_names(void **state)
{
    (void)state;
    const int64_t sets[] = {1, 2};
    const char *const names[] = {"n"};
    ebb_shim *shim = recorder_init(NULL);
    recorder_register(shim, &(ebb_shim_benchmark){.size = sizeof(ebb_shim_benchmark),
                                                  .name = "a/b",
                                                  .body = spin,
                                                  .args = sets,
                                                  .n_args = 1,
                                                  .n_sets = 2,
                                                  .arg_names = names});
    add(shim, "c", spin, NULL);
    name_list all = {""};
    assert_int_equal(ebb_shim_list_benchmarks(shim, NULL, append, &all), EBB_SHIM_OK);
    assert_string_equal(all.text, "a/b/n:1/real_time\na/b/n:2/real_time\n"
                                  "c/iterations:1000/real_time\n");
    assert_int_equal(ebb_shim_list_benchmarks(shim, "nothing", append, &all),
                     EBB_SHIM_USAGE);
    ebb_shim_destroy(shim);
}

static void aggregates_follow_repetitions(void **state)
{
    (void)state;
    ebb_shim *shim =
        recorder_init((const char *const[]){"--benchmark_repetitions=3", NULL});
    add(shim, "a", spin, NULL);
    recorder all = {0};
    ebb_shim_summary summary;
    check_run(&all, shim, &summary, NULL);
    const char *const name = "a/iterations:1000/real_time";
    assert_int_equal(recorder_count(&all, name), 3 + 4);
    assert_int_equal(summary.measured, 1);
    double sum = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(all.runs[i].repetition, i);
        assert_string_equal(all.runs[i].aggregate, "");
        sum += all.runs[i].real_time;
    }
    const recorded_run *mean = recorder_find(&all, "a/iterations:1000/real_time_mean");
    assert_true(fabs(mean->real_time - sum / 3) < 1e-6 * sum);
    assert_string_equal(mean->aggregate, "mean");
    const recorded_run *cv = recorder_find(&all, "a/iterations:1000/real_time_cv");
    const recorded_run *deviation =
        recorder_find(&all, "a/iterations:1000/real_time_stddev");
    assert_true(cv->is_percentage && !mean->is_percentage);
    /* A fraction in every version, whatever the unit of the time. */
    assert_true(fabs(cv->real_time - deviation->real_time / mean->real_time) < 1e-9);
    assert_int_equal(mean->n_counters, 1);
    /* What would be 0/0: left out, or 0 where the library says so. */
    assert_true(cv->n_counters == 0 || recorder_counter(cv, "zero") == 0.0);
    ebb_shim_destroy(shim);
}

static void aggregates_alone_on_request(void **state)
{
    (void)state;
    ebb_shim *shim = recorder_init((const char *const[]){
        "--benchmark_repetitions=2", "--benchmark_report_aggregates_only", NULL});
    add(shim, "a", spin, NULL);
    recorder_register(shim, &(ebb_shim_benchmark){.size = sizeof(ebb_shim_benchmark),
                                                  .name = "once",
                                                  .body = spin,
                                                  .iterations = 1000,
                                                  .repetitions = 1});
    schedule always = {.bad = 2};
    add(shim, "bad", fail_on_schedule, &always);
    recorder all = {0};
    ebb_shim_summary summary;
    check_run(&all, shim, &summary, NULL);
    assert_int_equal(recorder_count(&all, "a/iterations:1000/real_time"), 4);
    assert_int_equal(recorder_count(&all, "once/iterations:1000/repeats:1/real_time"), 1);
    const recorded_run *bad = recorder_find(&all, "bad/iterations:1000/real_time");
    assert_int_equal(bad->outcome, EBB_SHIM_FAILED);
    assert_int_equal(summary.measured, 2);
    assert_int_equal(summary.failed, 1);
    ebb_shim_destroy(shim);
}

/* Wherever the failure lies, the benchmark is one entry without a time, and the process
 * lives on. Left alone, the library ends it in several of these cases. */
static void one_failed_repetition_is_the_verdict(void **state)
{
    (void)state;
    for (int bad = 1; bad <= 5; bad++) {
        ebb_shim *shim =
            recorder_init((const char *const[]){"--benchmark_repetitions=5", NULL});
        schedule own = {.bad = bad};
        add(shim, "before", spin, NULL);
        add(shim, "bad", fail_on_schedule, &own);
        add(shim, "behind", spin, NULL);
        recorder all = {0};
        ebb_shim_summary summary;
        check_run(&all, shim, &summary, NULL);
        const char *const name = "bad/iterations:1000/real_time";
        assert_int_equal(recorder_count(&all, name), 1);
        const recorded_run *run = recorder_find(&all, name);
        assert_int_equal(run->outcome, EBB_SHIM_FAILED);
        assert_string_equal(run->message, "wrong");
        assert_true(isnan(run->real_time) && isnan(run->cpu_time));
        assert_int_equal(recorder_count(&all, "behind/iterations:1000/real_time"), 9);
        /* What failed is not entered again in this run. */
        assert_int_equal(own.entries, bad);
        assert_int_equal(summary.measured, 2);
        assert_int_equal(summary.failed, 1);
        ebb_shim_destroy(shim);
    }
}

static void next_run_tries_again(void **state)
{
    (void)state;
    ebb_shim *shim = recorder_init(NULL);
    schedule own = {.bad = 1};
    add(shim, "bad", fail_on_schedule, &own);
    recorder all = {0};
    ebb_shim_summary summary;
    check_run(&all, shim, &summary, NULL);
    assert_int_equal(summary.failed, 1);
    check_run(&all, shim, &summary, NULL);
    assert_int_equal(summary.failed, 0);
    assert_int_equal(summary.measured, 1);
    ebb_shim_destroy(shim);
}

static void verdicts_are_kept_by_arguments(void **state)
{
    (void)state;
    const int64_t sets[] = {1, 2, 3};
    schedule own = {.bad = 2};
    ebb_shim *shim = recorder_init(NULL);
    recorder_register(shim, &(ebb_shim_benchmark){.size = sizeof(ebb_shim_benchmark),
                                                  .name = "b",
                                                  .body = fail_on_schedule,
                                                  .user = &own,
                                                  .args = sets,
                                                  .n_args = 1,
                                                  .n_sets = 3,
                                                  .iterations = 1000});
    recorder all = {0};
    ebb_shim_summary summary;
    check_run(&all, shim, &summary, NULL);
    assert_int_equal(own.entries, 3);
    assert_int_equal(recorder_find(&all, "b/1/iterations:1000/real_time")->outcome,
                     EBB_SHIM_MEASURED);
    assert_int_equal(recorder_find(&all, "b/2/iterations:1000/real_time")->outcome,
                     EBB_SHIM_FAILED);
    assert_int_equal(recorder_find(&all, "b/3/iterations:1000/real_time")->outcome,
                     EBB_SHIM_MEASURED);
    ebb_shim_destroy(shim);
}

static void interleaved_repetitions_come_out_whole(void **state)
{
    (void)state;
    ebb_shim *shim = recorder_init((const char *const[]){
        "--benchmark_repetitions=4", "--benchmark_enable_random_interleaving", NULL});
    schedule own = {.bad = 3};
    add(shim, "a", spin, NULL);
    add(shim, "bad", fail_on_schedule, &own);
    add(shim, "c", spin, NULL);
    recorder all = {0};
    ebb_shim_summary summary;
    check_run(&all, shim, &summary, NULL);
    assert_int_equal(recorder_count(&all, "a/iterations:1000/real_time"), 8);
    assert_int_equal(recorder_count(&all, "bad/iterations:1000/real_time"), 1);
    assert_int_equal(recorder_count(&all, "c/iterations:1000/real_time"), 8);
    ebb_shim_destroy(shim);
}

static void dry_run_is_short_in_every_version(void **state)
{
    (void)state;
    ebb_shim *shim = recorder_init((const char *const[]){"--benchmark_dry_run",
                                                         "--benchmark_repetitions=9",
                                                         "--benchmark_min_time=9", NULL});
    recorder_register(shim, &(ebb_shim_benchmark){.size = sizeof(ebb_shim_benchmark),
                                                  .name = "dry",
                                                  .body = spin});
    recorder all = {0};
    ebb_shim_summary summary;
    check_run(&all, shim, &summary, NULL);
    assert_int_equal(all.n_runs, 1);
    assert_int_equal(all.runs[0].iterations, 1);
    assert_string_equal(all.runs[0].name, "dry/real_time");
    ebb_shim_destroy(shim);
}

static void reporter_that_refuses_ends_the_reporting(void **state)
{
    (void)state;
    ebb_shim *shim = recorder_init(NULL);
    add(shim, "a", spin, NULL);
    add(shim, "b", spin, NULL);
    recorder all = {.result_of_runs = 1};
    ebb_shim_summary summary;
    assert_int_equal(recorder_run(&all, shim, &summary, NULL), EBB_SHIM_ENVIRONMENT);
    assert_int_equal(all.n_runs, 1);
    ebb_shim_destroy(shim);
}

/* ---- order of calls ---- */

static int use_shim_within(ebb_shim_state *state, void *user)
{
    ebb_shim *shim = user;
    const ebb_shim_benchmark other = {.size = sizeof other, .name = "x", .body = spin};
    name_list names = {""};
    assert_int_equal(ebb_shim_register_benchmark(shim, &other), EBB_SHIM_STATE);
    assert_int_equal(ebb_shim_add_context(shim, "k", "v"), EBB_SHIM_STATE);
    assert_int_equal(ebb_shim_run_benchmarks(shim, NULL, NULL), EBB_SHIM_STATE);
    assert_int_equal(ebb_shim_list_benchmarks(shim, NULL, append, &names),
                     EBB_SHIM_STATE);
    assert_string_equal(ebb_shim_name(state), "within");
    return spin(state, NULL);
}

static void nothing_changes_while_benchmarks_run(void **state)
{
    (void)state;
    ebb_shim *shim = recorder_init(NULL);
    add(shim, "within", use_shim_within, shim);
    recorder all = {0};
    ebb_shim_summary summary;
    check_run(&all, shim, &summary, NULL);
    assert_int_equal(summary.measured, 1);
    ebb_shim_destroy(shim);
    ebb_shim_destroy(NULL);
}

static void library_tells_its_version(void **state)
{
    (void)state;
    char version[32];
    bool debug = false;
    assert_int_equal(ebb_shim_library_version(version, sizeof version, &debug),
                     EBB_SHIM_OK);
    assert_true(version[0] == '1' && version[1] == '.');
    ebb_shim *shim = recorder_init(NULL);
    add(shim, "a", spin, NULL);
    recorder all = {0};
    ebb_shim_summary summary;
    check_run(&all, shim, &summary, NULL);
    assert_string_equal(all.version, version);
    assert_int_equal(strlen(all.date), strlen("2026-08-18T08:19:18+01:00"));
    ebb_shim_destroy(shim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_chooses),
        cmocka_unit_test(filter_without_a_match_is_told),
        cmocka_unit_test(list_gives_full_names),
        cmocka_unit_test(aggregates_follow_repetitions),
        cmocka_unit_test(aggregates_alone_on_request),
        cmocka_unit_test(one_failed_repetition_is_the_verdict),
        cmocka_unit_test(next_run_tries_again),
        cmocka_unit_test(verdicts_are_kept_by_arguments),
        cmocka_unit_test(interleaved_repetitions_come_out_whole),
        cmocka_unit_test(dry_run_is_short_in_every_version),
        cmocka_unit_test(reporter_that_refuses_ends_the_reporting),
        cmocka_unit_test(nothing_changes_while_benchmarks_run),
        cmocka_unit_test(library_tells_its_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
