#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "study/table.h"

static const char *const amnesiac = "amnesiac-finetuning";

static ebb_text rendered(const char *path, const ebb_table *kind, ebb_format format)
{
    ebb_trials trials = fixture_read(path);
    ebb_text out = {0};
    assert_int_equal(ebb_table_render(&out, &trials, kind, format), EBB_OK);
    ebb_trials_clear(&trials);
    return out;
}

static void assert_says(const ebb_text *text, const char *expected)
{
    if (text->data == NULL || strstr(text->data, expected) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", expected, text->data);
    }
}

static void assert_silent(const ebb_text *text, const char *unexpected)
{
    if (text->data != NULL && strstr(text->data, unexpected) != NULL) {
        fail_msg("\"%s\" is in:\n%s", unexpected, text->data);
    }
}

/* The table of the file says `expected`. */
static void assert_table_says(const char *path, const ebb_table *kind, ebb_format format,
                              const char *expected)
{
    ebb_text text = rendered(path, kind, format);
    assert_says(&text, expected);
    ebb_text_clear(&text);
}

static ebb_text read_golden(const char *name)
{
    ebb_text text = {0};
    char path[512];
    snprintf(path, sizeof path, "%s/tests/study/golden/%s", EBB_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    char line[512];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        ebb_text_append(&text, "%s", line);
    }
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

/* EBB_WRITE_GOLDEN=1 writes the files anew; look at the difference before committing. */
static void compare_golden(const char *name, const ebb_text *text)
{
    if (getenv("EBB_WRITE_GOLDEN") != NULL) {
        char path[512];
        snprintf(path, sizeof path, "%s/tests/study/golden/%s", EBB_SOURCE_DIR, name);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text->data, file);
        assert_int_equal(fclose(file), 0);
    }
    ebb_text expected = read_golden(name);
    if (expected.data == NULL || strcmp(expected.data, text->data) != 0) {
        fail_msg("%s is not what is rendered:\n%s", name, text->data);
    }
    ebb_text_clear(&expected);
}

/* Both algorithms, one and two threads, two repetitions of two seeds, one trial invalid,
 * in no particular order. */
static void append_sweep(const char *path)
{
    for (size_t i = 0; i < 16; i++) {
        const size_t place = i * 5 % 16;
        const size_t threads = 1 + place % 2;
        const size_t repetition = 1 + place / 2 % 2;
        const size_t seed = 1 + place / 4 % 2;
        const bool unlearns = place / 8 == 1;
        fixture trial = {.algorithm = unlearns ? amnesiac : NULL,
                         .unlearn = unlearns ? "2:1" : NULL,
                         .threads = threads,
                         .repetition = repetition,
                         .seed = seed,
                         .p50_ns = 1600000 / threads + 4000 * repetition + 1000 * seed};
        if (place == 3) {
            trial.problem = "run delay is 7 % of the training time (5 %)";
            trial.p50_ns *= 2;
        }
        fixture_append(path, fixture_record(&trial));
    }
}

static void test_golden_tables(void **state)
{
    (void)state;
    static const char *const endings[] = {"md", "csv", "tex"};
    const char *path = fixture_begin();
    append_sweep(path);
    for (size_t i = 0; ebb_table_choice(i) != NULL; i++) {
        const ebb_table *kind = ebb_table_at(i);
        for (int format = EBB_MARKDOWN; format <= EBB_LATEX && kind->render != NULL;
             format++) {
            ebb_text text = rendered(path, kind, (ebb_format)format);
            char name[64];
            snprintf(name, sizeof name, "%s.%s", kind->file_stem, endings[format]);
            compare_golden(name, &text);
            ebb_text_clear(&text);
        }
    }
    fixture_end();
}

static void test_one_repetition_has_its_own_interval(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.p50_ns = 20000000}));
    ebb_text text = rendered(path, &ebb_table_step_latency, EBB_MARKDOWN);
    assert_says(&text, "p50 ms");
    assert_says(&text, "20.00 [19.80, 20.40] |"); /* −1 %, +2 % */
    assert_says(&text, "order-statistic interval");
    assert_silent(&text, "range of the medians");
    ebb_text_clear(&text);
    fixture_end();
}

static void test_a_step_above_the_peak_has_no_share(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    json_t *record = fixture_record(&(fixture){.p50_ns = 100000});
    const double gflops = json_number_value(json_object_get(record, "step_flop")) / 1e5;
    json_object_set_new(record, "peak_gflops", json_real(gflops / 1.01));
    fixture_append(path, record);
    ebb_text text = rendered(path, &ebb_table_step_latency, EBB_MARKDOWN);
    assert_says(&text, "|       101 |");
    assert_silent(&text, "under % of peak");
    ebb_text_clear(&text);
    fixture_end();
    path = fixture_begin();
    record = fixture_record(&(fixture){.p50_ns = 100000});
    json_object_set_new(record, "peak_gflops", json_real(gflops / 1.25));
    fixture_append(path, record);
    text = rendered(path, &ebb_table_step_latency, EBB_MARKDOWN);
    assert_says(&text, "|         – |");
    assert_says(&text, "– in place of the peak and of shares of it, in 1 of ");
    assert_silent(&text, "invalid, and");
    ebb_text_clear(&text);
    fixture_end();
}

static void test_missing_numbers_are_dashes(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    json_t *record = fixture_record(&(fixture){.p50_ns = 100000});
    json_t *step = json_object_get(record, "step_ns");
    json_object_set_new(step, "p99", json_null());
    json_object_set_new(step, "p50_low", json_null());
    json_object_set_new(step, "p50_high", json_null());
    fixture_append(path, record);
    fixture_append(path, fixture_record(&(fixture){.threads = 2}));
    fixture_append(
        path, fixture_record(&(fixture){.threads = 4, .p50_ns = 1, .problem = "steal"}));
    ebb_text text = rendered(path, &ebb_table_step_latency, EBB_MARKDOWN);
    assert_says(&text, "|       1 |     100 |    110 |      – |");
    assert_says(&text, "|       2 |       – |      – |      – |");
    assert_says(&text, "|       4 | invalid |      – |      – |");
    assert_says(&text, "0 + 1 invalid |");
    assert_says(&text, "– under p90 or p99 beside a p50: too few steps");
    assert_says(&text, "invalid, and – beside it: no valid trial");
    ebb_text_clear(&text);
    assert_table_says(path, &ebb_table_step_latency, EBB_CSV,
                      "cores,4,0,1,,,,,,,,,,1,,\n");
    fixture_end();
}

static void test_base_is_the_fewest_valid_threads(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.threads = 8, .p50_ns = 100000}));
    fixture_append(path, fixture_record(&(fixture){.threads = 2, .p50_ns = 300000}));
    fixture_append(
        path, fixture_record(&(fixture){.threads = 1, .p50_ns = 1, .problem = "steal"}));
    assert_table_says(path, &ebb_table_step_latency, EBB_MARKDOWN, "against 2 threads");
    /* 300 / 100 = 3 times as fast on 4 times the threads */
    assert_table_says(path, &ebb_table_step_latency, EBB_CSV, ",2,3,0.75\n");
    fixture_end();
}

static void test_columns_are_what_varies(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.p50_ns = 1000000}));
    ebb_text text = rendered(path, &ebb_table_step_latency, EBB_MARKDOWN);
    assert_says(&text, "\n| threads |           p50 µs | p90 µs |");
    assert_says(&text, "batch_size 128; epochs 2; algorithm finetuning; strategy shards; "
                       "placement cores; seed 1\n");
    assert_silent(&text, "synthetic");
    ebb_text_clear(&text);
    fixture_append(path, fixture_record(&(fixture){.p50_ns = 1000000, .batch = 32}));
    fixture_append(path, fixture_record(&(fixture){.p50_ns = 1000000,
                                                   .batch = 32,
                                                   .strategy = "reference",
                                                   .placement = "scatter"}));
    /* placement follows from the strategy here, so it is no column */
    assert_table_says(path, &ebb_table_step_latency, EBB_MARKDOWN,
                      "| strategy  | batch_size | threads |");
    fixture_append(path, fixture_record(&(fixture){
                             .p50_ns = 1000000, .batch = 32, .placement = "scatter"}));
    assert_table_says(path, &ebb_table_step_latency, EBB_MARKDOWN,
                      "| strategy  | batch_size | placement | threads |");
    fixture_end();
}

static void test_foreign_builds_are_told_and_kept_apart(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.p50_ns = 1000000}));
    json_t *record =
        fixture_record(&(fixture){.p50_ns = 500000, .threads = 2, .letter = 'f'});
    json_object_set_new(record, "build_id", json_string("b111111111111111"));
    fixture_append(path, record);
    ebb_text text = rendered(path, &ebb_table_step_latency, EBB_MARKDOWN);
    assert_says(&text, "| build_id         | threads |");
    assert_says(&text, "The file holds trials of 2 builds");
    assert_silent(&text, "machines");
    assert_silent(&text, "2.00");  /* no speed-up from one build to another */
    assert_silent(&text, "WRONG"); /* another build may have other bits */
    ebb_text_clear(&text);
    fixture_end();
}

static void test_a_torn_line_is_told(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.p50_ns = 1000000}));
    fixture_append_text(path, "{\"schema\"");
    assert_table_says(path, &ebb_table_step_latency, EBB_MARKDOWN,
                      "trials.jsonl:2: a torn last line is left out.");
    fixture_end();
}

static void test_no_trials(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append_text(path, "");
    for (int format = EBB_MARKDOWN; format <= EBB_LATEX; format++) {
        ebb_text text = rendered(path, &ebb_table_step_latency, (ebb_format)format);
        assert_says(&text, "threads");
        ebb_text_clear(&text);
        text = rendered(path, &ebb_table_forgetting, (ebb_format)format);
        ebb_text_clear(&text);
    }
    assert_table_says(path, &ebb_table_forgetting, EBB_MARKDOWN, "no trial to compare");
    fixture_end();
}

static void test_settings_have_tables_of_their_own(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.batch = 32}));
    fixture_append(path, fixture_record(&(fixture){.batch = 128}));
    ebb_text text = rendered(path, &ebb_table_forgetting, EBB_MARKDOWN);
    assert_says(&text, "### Forgetting: batch_size 32\n");
    assert_says(&text, "### Forgetting: batch_size 128\n");
    assert_says(&text, "standard deviation over 1 seed (one seed has none)");
    assert_silent(&text, "±  ");
    assert_silent(&text, "unlearned in between"); /* nothing is */
    ebb_text_clear(&text);
    fixture_end();
}

static void test_many_blocks_are_stacked_and_told_apart(void **state)
{
    (void)state;
    static const char *const requests[] = {"2:1", "2:2", "3:1", "3:2"};
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){0}));
    for (size_t i = 0; i < 4; i++) {
        fixture_append(path, fixture_record(&(fixture){.algorithm = amnesiac,
                                                       .unlearn = requests[i]}));
    }
    ebb_text text = rendered(path, &ebb_table_forgetting, EBB_MARKDOWN);
    assert_says(&text, "amnesiac-finetuning, unlearn 2:1: task 1");
    assert_says(&text, "\n| after task | amnesiac-finetuning, unlearn 3:2: task 1 |");
    assert_says(&text, "unlearn 3:2 unlearns task 2 after task 3.");
    ebb_text_clear(&text);
    fixture_end();
}

static void test_diverged_trials_are_in_no_accuracy(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.seed = 1}));
    fixture_append(path, fixture_record(&(fixture){.seed = 9, .diverged = true}));
    ebb_text text = rendered(path, &ebb_table_forgetting, EBB_MARKDOWN);
    assert_says(&text, "over 1 seed (");
    assert_says(&text, "1 of 2 trials is invalid");
    ebb_text_clear(&text);
    fixture_end();
}

/* The judgement of the file, with one band where metric is given. */
static void expect_verdict(const char *path, ebb_status status, const ebb_band *band,
                           const char *expected)
{
    ebb_trials trials = fixture_read(path);
    ebb_text verdict = {0};
    assert_int_equal(ebb_table_check(&verdict, &trials, band, band != NULL), status);
    assert_says(&verdict, expected);
    ebb_text_clear(&verdict);
    ebb_trials_clear(&trials);
}

static void test_equal_digests_pass(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    append_sweep(path);
    expect_verdict(path, EBB_OK, NULL, "placements and repetitions (groups: 4)");
    expect_verdict(path, EBB_OK, NULL, "first unlearning request (trials compared: 8)");
    fixture_end();
}

static void test_a_planted_difference_is_wrong(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    append_sweep(path);
    fixture_append(
        path, fixture_record(&(fixture){.threads = 2, .repetition = 3, .letter = 'f'}));
    expect_verdict(path, EBB_ERR_WRONG, NULL, "digests: WRONG in 1 of 17 trials");
    assert_non_null(strstr(ebb_last_error(),
                           "trials.jsonl:17 (finetuning, threads 2, "
                           "repetition 3) differs from trials.jsonl:1"));
    assert_non_null(strstr(ebb_last_error(), "digest after task 1"));
    assert_table_says(path, &ebb_table_step_latency, EBB_MARKDOWN,
                      "- WRONG: trials.jsonl:17");
    assert_table_says(path, &ebb_table_forgetting, EBB_LATEX, "WRONG: trials.jsonl:17");
    fixture_end();
}

static void test_equal_digests_need_equal_results(void **state)
{
    (void)state;
    static const char *const members[] = {"accuracy", "loss"};
    for (size_t i = 0; i < 2; i++) {
        const char *path = fixture_begin();
        fixture_append(path, fixture_record(&(fixture){0}));
        json_t *record = fixture_record(&(fixture){.threads = 2});
        json_t *row = json_array_get(json_object_get(record, members[i]), 2);
        json_array_set_new(row, 1, json_real(0.123));
        fixture_append(path, record);
        expect_verdict(path, EBB_ERR_WRONG, NULL, members[i]);
        fixture_end();
    }
}

static void test_without_the_promise_threads_may_differ(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.threads = 1, .letter = 'c'}));
    fixture_append(path, fixture_record(&(fixture){.threads = 2, .letter = 'd'}));
    expect_verdict(path, EBB_ERR_WRONG, NULL, "WRONG in 1 of ");
    ebb_trials trials = fixture_read(path);
    trials.items[0].same_bits = trials.items[1].same_bits = false;
    ebb_text verdict = {0};
    assert_int_equal(ebb_table_check(&verdict, &trials, NULL, 0), EBB_OK);
    assert_says(&verdict, "each group is one trial");
    ebb_trials_clear(&trials);
    ebb_text_clear(&verdict);
    fixture_append(
        path, fixture_record(&(fixture){.threads = 2, .repetition = 2, .letter = 'e'}));
    trials = fixture_read(path);
    for (size_t i = 0; i < 3; i++) {
        trials.items[i].same_bits = false;
    }
    assert_int_equal(ebb_table_check(&verdict, &trials, NULL, 0), EBB_ERR_WRONG);
    ebb_text_clear(&verdict);
    ebb_trials_clear(&trials);
    fixture_end();
}

static void test_algorithms_agree_up_to_the_first_request(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){0}));
    json_t *record = fixture_record(&(fixture){.algorithm = amnesiac, .unlearn = "2:1"});
    fixture_append(path, json_deep_copy(record));
    expect_verdict(path, EBB_OK, NULL, "(trials compared: 1)");
    /* The digest after task 1 stands before the request after task 2. */
    json_array_set_new(json_object_get(record, "task_digests"), 0, json_string("odd"));
    fixture_append(path, record);
    expect_verdict(path, EBB_ERR_WRONG, NULL, "algorithms: WRONG in 1 of 2 trials");
    fixture_end();
    /* Without requests they agree to the end. */
    path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){0}));
    fixture_append(path, fixture_record(&(fixture){.algorithm = amnesiac}));
    expect_verdict(path, EBB_OK, NULL, "(trials compared: 1)");
    fixture_append(path,
                   fixture_record(&(fixture){.algorithm = amnesiac, .letter = 'f'}));
    expect_verdict(path, EBB_ERR_WRONG, NULL, "WRONG in 1 of ");
    fixture_end();
}

static void test_diverged_trials_are_not_compared(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){0}));
    fixture_append(
        path, fixture_record(&(fixture){.threads = 2, .diverged = true, .letter = 'f'}));
    expect_verdict(path, EBB_OK, NULL, "nothing to compare");
    fixture_end();
}

static void test_bands(void **state)
{
    (void)state;
    const ebb_band good = {"average_accuracy", 0.6, 0.9};
    const ebb_band narrow = {"average_accuracy", 0.8, 0.815};
    const ebb_band partly = {"average_accuracy_unlearned", 0.1, 0.3};
    const char *path = fixture_begin();
    append_sweep(path);
    expect_verdict(path, EBB_OK, &good,
                   "average_accuracy: 16 of 16 trials in the expected");
    /* finetuning: 0.81 with seed 1, 0.82 with seed 2; amnesiac: 0.64 and 0.65 */
    expect_verdict(path, EBB_ERR_FAILED, &narrow, "average_accuracy: 4 of 16 trials");
    assert_non_null(strstr(ebb_last_error(), "(0.8 to 0.815)"));
    /* undefined where nothing was unlearned: not judged */
    expect_verdict(path, EBB_OK, &partly, "average_accuracy_unlearned: 8 of 8 trials");
    fixture_append(path, fixture_record(&(fixture){.threads = 2, .letter = 'f'}));
    expect_verdict(path, EBB_ERR_WRONG, &narrow, "FAILED: ");
    assert_non_null(strstr(ebb_last_error(), "digest"));
    fixture_end();
    path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.diverged = true}));
    expect_verdict(path, EBB_ERR_FAILED, &good, "0 of 1 trials");
    fixture_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_tables),
        cmocka_unit_test(test_one_repetition_has_its_own_interval),
        cmocka_unit_test(test_missing_numbers_are_dashes),
        cmocka_unit_test(test_a_step_above_the_peak_has_no_share),
        cmocka_unit_test(test_base_is_the_fewest_valid_threads),
        cmocka_unit_test(test_columns_are_what_varies),
        cmocka_unit_test(test_foreign_builds_are_told_and_kept_apart),
        cmocka_unit_test(test_a_torn_line_is_told),
        cmocka_unit_test(test_no_trials),
        cmocka_unit_test(test_settings_have_tables_of_their_own),
        cmocka_unit_test(test_many_blocks_are_stacked_and_told_apart),
        cmocka_unit_test(test_diverged_trials_are_in_no_accuracy),
        cmocka_unit_test(test_equal_digests_pass),
        cmocka_unit_test(test_a_planted_difference_is_wrong),
        cmocka_unit_test(test_equal_digests_need_equal_results),
        cmocka_unit_test(test_without_the_promise_threads_may_differ),
        cmocka_unit_test(test_algorithms_agree_up_to_the_first_request),
        cmocka_unit_test(test_diverged_trials_are_not_compared),
        cmocka_unit_test(test_bands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
