#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "study/record.h"

static size_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (size_t)info.st_size : SIZE_MAX;
}

static void test_records_come_back(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.threads = 2, .repetition = 3}));
    fixture_append(path, fixture_record(&(fixture){.algorithm = "amnesiac-finetuning",
                                                   .unlearn = "2:1",
                                                   .problem = "run delay"}));
    ebb_trials trials = fixture_read(path);
    assert_int_equal(trials.n, 2);
    assert_int_equal(trials.torn_line, 0);
    assert_int_equal(trials.torn_offset, size_of(path));
    const ebb_trials_item *item = trials.items;
    assert_int_equal(item[0].line, 1);
    assert_int_equal(item[0].threads, 2);
    assert_int_equal(item[0].repetition, 3);
    assert_int_equal(item[0].n_tasks, FIXTURE_TASKS);
    assert_string_equal(item[0].strategy, "shards");
    assert_string_equal(item[0].placement, "cores");
    assert_true(item[0].valid);
    assert_true(item[0].same_bits);
    assert_int_equal(ebb_trials_first_request(&item[0]), SIZE_MAX);
    assert_false(item[1].valid);
    assert_string_equal(item[1].algorithm, "amnesiac-finetuning");
    assert_int_equal(ebb_trials_first_request(&item[1]), 2);
    assert_string_not_equal(item[0].group, item[1].group);
    assert_false(ebb_record_unlearned(item[1].record, 1, 1));
    assert_true(ebb_record_unlearned(item[1].record, 1, 2));
    assert_false(ebb_record_unlearned(item[1].record, 2, 3));
    ebb_trials_clear(&trials);
    fixture_end();
}

static void test_groups_leave_threads_and_placement_out(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.threads = 1}));
    fixture_append(path,
                   fixture_record(&(fixture){.threads = 2, .placement = "scatter"}));
    fixture_append(path, fixture_record(&(fixture){.threads = 1, .seed = 2}));
    ebb_trials trials = fixture_read(path);
    assert_string_equal(trials.items[0].group, trials.items[1].group);
    assert_string_not_equal(trials.items[0].group, trials.items[2].group);
    ebb_trials_clear(&trials);
    fixture_end();
}

static void test_a_torn_last_line_is_apart(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){0}));
    const size_t whole = size_of(path);
    fixture_append_text(path, "{\"schema\": \"ebb-tri");
    ebb_trials trials = fixture_read(path);
    assert_int_equal(trials.n, 1);
    assert_int_equal(trials.torn_line, 2);
    assert_int_equal(trials.torn_offset, whole);
    ebb_trials_clear(&trials);
    fixture_end();
}

static void test_an_empty_file_has_no_trials(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append_text(path, "");
    ebb_trials trials = fixture_read(path);
    assert_int_equal(trials.n, 0);
    assert_int_equal(trials.torn_offset, 0);
    ebb_trials_clear(&trials);
    fixture_end();
}

static void expect_refused(const char *path, const char *where, const char *what)
{
    ebb_trials trials;
    assert_int_equal(ebb_trials_read(&trials, path), EBB_ERR_ENVIRONMENT);
    assert_int_equal(trials.n, 0);
    assert_null(trials.items);
    char place[128];
    snprintf(place, sizeof place, "%s%s: ", path, where);
    if (strncmp(ebb_last_error(), place, strlen(place)) != 0 ||
        strstr(ebb_last_error(), what) == NULL) {
        fail_msg("\"%s\" does not begin with \"%s\" and name \"%s\"", ebb_last_error(),
                 place, what);
    }
}

static void test_other_lines_are_errors_with_their_number(void **state)
{
    (void)state;
    static const struct {
        const char *text, *what;
    } cases[] = {
        {"\n", "not a record"},
        {"not json\n", "not a record"},
        {"[1, 2]\n", "schema is ''"},
        {"{\"schema\": \"ebb-trial/9\"}\n", "ebb-trial/9"},
        {"{\"schema\": \"ebb-trial/1\"}\n", "config"},
        {"{\"schema\": \"ebb-trial/1\", \"schema\": \"ebb-trial/1\"}\n", "duplicate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = fixture_begin();
        fixture_append(path, fixture_record(&(fixture){0}));
        fixture_append_text(path, cases[i].text);
        fixture_append(path, fixture_record(&(fixture){0}));
        expect_refused(path, ":2", cases[i].what);
        fixture_end();
    }
}

static void expect_member_refused(const char *member, json_t *value)
{
    const char *path = fixture_begin();
    json_t *record = fixture_record(&(fixture){0});
    assert_int_equal(json_object_del(record, member), 0);
    if (value != NULL) {
        assert_int_equal(json_object_set_new(record, member, value), 0);
    }
    fixture_append(path, record);
    expect_refused(path, ":1", member);
    fixture_end();
}

static void test_damaged_members_are_named(void **state)
{
    (void)state;
    static const char *const objects[] = {"config", "metrics", "step_ns", "placement",
                                          "environment"};
    static const char *const others[] = {
        "config_hash",  "repetition", "build_id",   "machine_id", "valid",
        "problems",     "digest",     "accuracy",   "loss",       "threads",
        "task_digests", "strategy",   "unlearning", "step_flop",  "peak_gflops"};
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        expect_member_refused(objects[i], NULL);
        expect_member_refused(objects[i], json_integer(1));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        expect_member_refused(others[i], NULL);
        expect_member_refused(others[i], json_object());
    }
    expect_member_refused("threads", json_integer(0));
    expect_member_refused("repetition", json_real(1.5));
    expect_member_refused("unlearning", json_pack("[{s:i}]", "after_task", 2));
    expect_member_refused("task_digests", json_array());
}

static void test_ragged_matrices_and_unknown_options_are_refused(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    json_t *record = fixture_record(&(fixture){0});
    json_array_remove(json_array_get(json_object_get(record, "accuracy"), 1), 0);
    fixture_append(path, record);
    expect_refused(path, ":1", "accuracy");
    fixture_end();
    path = fixture_begin();
    record = fixture_record(&(fixture){0});
    json_object_set_new(json_object_get(record, "config"), "flux", json_integer(1));
    fixture_append(path, record);
    expect_refused(path, ":1", "flux");
    fixture_end();
    path = fixture_begin();
    record = fixture_record(&(fixture){0});
    json_object_set_new(json_object_get(record, "config"), "strategy",
                        json_string("shardz"));
    fixture_append(path, record);
    expect_refused(path, ":1", "shards");
    fixture_end();
}

static void test_absent_and_unreadable_files(void **state)
{
    (void)state;
    ebb_trials trials;
    assert_int_equal(ebb_trials_read(&trials, "/nonexistent/trials.jsonl"),
                     EBB_ERR_ENVIRONMENT);
    assert_non_null(strstr(ebb_last_error(), "/nonexistent/trials.jsonl"));
    assert_int_equal(ebb_trials_read(&trials, "/tmp"), EBB_ERR_ENVIRONMENT);
    assert_non_null(strstr(ebb_last_error(), "/tmp"));
}

static void test_append_ends_a_torn_line_first(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append_text(path, "torn");
    fixture_append(path, fixture_record(&(fixture){0}));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char line[16];
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "torn\n");
    fclose(file);
    expect_refused(path, ":1", "not a record");
    fixture_end();
}

static void test_append_fails_whole(void **state)
{
    (void)state;
    json_t *record = fixture_record(&(fixture){0});
    assert_int_equal(ebb_record_append("/nonexistent/x.jsonl", record),
                     EBB_ERR_ENVIRONMENT);
    assert_non_null(strstr(ebb_last_error(), "/nonexistent/x.jsonl"));
    assert_int_equal(ebb_record_append("/dev/full", record), EBB_ERR_ENVIRONMENT);
    assert_non_null(strstr(ebb_last_error(), "No space left"));
    /* A limit in the middle of the line: the first part is taken back. */
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){0}));
    const size_t before = size_of(path);
    struct rlimit old, low;
    getrlimit(RLIMIT_FSIZE, &old);
    low = (struct rlimit){.rlim_cur = before + 100, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &low);
    const ebb_status status = ebb_record_append(path, record);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, EBB_ERR_ENVIRONMENT);
    assert_non_null(strstr(ebb_last_error(), "only 100 of"));
    assert_int_equal(size_of(path), before);
    /* And a file that was not there is not there afterwards. */
    unlink(path);
    low.rlim_cur = 10;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &low);
    assert_int_equal(ebb_record_append(path, record), EBB_ERR_ENVIRONMENT);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(access(path, F_OK), -1);
    json_decref(record);
    fixture_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_come_back),
        cmocka_unit_test(test_groups_leave_threads_and_placement_out),
        cmocka_unit_test(test_a_torn_last_line_is_apart),
        cmocka_unit_test(test_an_empty_file_has_no_trials),
        cmocka_unit_test(test_other_lines_are_errors_with_their_number),
        cmocka_unit_test(test_damaged_members_are_named),
        cmocka_unit_test(test_ragged_matrices_and_unknown_options_are_refused),
        cmocka_unit_test(test_absent_and_unreadable_files),
        cmocka_unit_test(test_append_ends_a_torn_line_first),
        cmocka_unit_test(test_append_fails_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
