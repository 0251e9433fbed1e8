/* test_table_command.c - `ebb table` as scripts see it: exit status, stdout, stderr. */
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

#include "fixture.h"

/* Runs `ebb table` with words in the folder of the fixture; text holds what it printed.
 */
static int run_table(char text[16384], const char *words, const char *redirection)
{
    char command[1024];
    snprintf(command, sizeof command, "%s table %s %s", EBB_PROGRAM, words, redirection);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    const size_t n = fread(text, 1, 16383, pipe);
    text[n] = '\0';
    const int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_says(const char *text, const char *expected)
{
    if (strstr(text, expected) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", expected, text);
    }
}

static void append_two(const char *path, char letter)
{
    fixture_append(path, fixture_record(&(fixture){.threads = 1, .p50_ns = 200000}));
    fixture_append(path, fixture_record(&(fixture){
                             .threads = 2, .p50_ns = 100000, .letter = letter}));
}

static void test_tables_go_to_stdout(void **state)
{
    (void)state;
    char text[16384];
    append_two(fixture_begin(), 0);
    assert_int_equal(run_table(text, ".", "2>&1"), 0);
    assert_says(text, "### Step latency");
    assert_says(text, "\n\n### Forgetting");
    assert_says(text,
                "digests: equal over threads, placements and repetitions (groups: 1)");
    assert_int_equal(run_table(text, ". --kind forgetting", "2>&1"), 0);
    assert_null(strstr(text, "Step latency"));
    assert_int_equal(run_table(text, ". --kind step-latency --format csv", "2>/dev/null"),
                     0);
    assert_int_equal(strncmp(text, "algorithm,strategy,", 19), 0);
    assert_null(strstr(text, "digests")); /* for programs: rows and nothing else */
    assert_int_equal(run_table(text, ". --kind step-latency --format csv", "2>&1"), 0);
    assert_says(text, "ebb: digests: equal");
    assert_int_equal(run_table(text, ". --format latex", "2>&1"), 0);
    assert_says(text, "\\toprule");
    fixture_end();
}

static void test_different_digests_are_status_4(void **state)
{
    (void)state;
    char text[16384];
    append_two(fixture_begin(), 'f');
    assert_int_equal(run_table(text, ".", "2>&1"), 4);
    assert_says(text, "WRONG: ./trials.jsonl:2");
    assert_says(text,
                "\nebb: ./trials.jsonl:2 (finetuning, threads 2, repetition 1) differs");
    assert_int_equal(run_table(text, ". --quiet --format csv", "2>&1 >/dev/null"), 4);
    assert_says(text, "ebb: ./trials.jsonl:2");
    fixture_end();
}

static void test_files_that_are_no_trials_are_status_3(void **state)
{
    (void)state;
    char text[16384];
    const char *path = fixture_begin();
    assert_int_equal(run_table(text, ".", "2>&1"), 3);
    assert_says(text, "ebb: ./trials.jsonl: No such file or directory (allowed: a folder "
                      "that holds trials.jsonl");
    fixture_append_text(path, "{}\n");
    assert_int_equal(run_table(text, ".", "2>&1"), 3);
    assert_says(text, "ebb: ./trials.jsonl:1: not a record");
    fixture_end();
}

static void test_usage_is_status_2(void **state)
{
    (void)state;
    char text[16384];
    fixture_begin();
    assert_int_equal(run_table(text, "", "2>&1"), 2);
    assert_int_equal(run_table(text, ". --kind forgeting", "2>&1"), 2);
    assert_says(text, "nearest: forgetting");
    assert_int_equal(run_table(text, ". --format html", "2>&1"), 2);
    assert_says(text, "markdown");
    assert_int_equal(run_table(text, ". other", "2>&1"), 2);
    fixture_end();
}

/* The sweep leaves its suite beside the trials; its bands hold for them. */
static void test_bands_of_the_suite(void **state)
{
    (void)state;
    static const char suite[] = "suite: x\n"
                                "trial: {dataset: synthetic}\n"
                                "expect: {average_accuracy: [%s]}\n";
    static const struct {
        const char *band;
        int status;
        const char *says;
    } cases[] = {{"0.6, 0.9", 0, "average_accuracy: 2 of 2 trials in the expected band"},
                 {"0.9, 1", 1, "average_accuracy: 0 of 2 trials in the expected band"},
                 {"none", 0, "`expect` is not judged"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[16384];
        append_two(fixture_begin(), 0);
        FILE *file = fopen("suite.yaml", "w");
        assert_non_null(file);
        fprintf(file, suite, cases[i].band);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(run_table(text, ".", "2>&1"), cases[i].status);
        assert_says(text, cases[i].says);
        assert_int_equal(unlink("suite.yaml"), 0);
        fixture_end();
    }
}

static void test_help(void **state)
{
    (void)state;
    char text[16384];
    assert_int_equal(run_table(text, "--help", "2>/dev/null"), 0);
    assert_says(text, "Usage: ebb table DIR");
    assert_says(text, "--kind");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_go_to_stdout),
        cmocka_unit_test(test_different_digests_are_status_4),
        cmocka_unit_test(test_files_that_are_no_trials_are_status_3),
        cmocka_unit_test(test_usage_is_status_2),
        cmocka_unit_test(test_bands_of_the_suite),
        cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
