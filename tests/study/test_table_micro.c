/* The table of micro-benchmarks: medians of repetitions, rates, failures, broken files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "study/table.h"

static char folder[64];
static const char *const file_name = "micro.json";

static void enter(void)
{
    snprintf(folder, sizeof folder, "/tmp/ebb-micro-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
}

static void leave(void)
{
    unlink(file_name);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void write_file(const char *text)
{
    FILE *file = fopen(file_name, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static ebb_status render(ebb_text *out, ebb_format format)
{
    *out = (ebb_text){0};
    return ebb_table_micro.render_file(out, file_name, format);
}

/* Three repetitions and aggregates of one, an aggregate alone, bytes a second of a
 * foreign benchmark, one that failed and one that was skipped. */
static const char report[] =
    "{\"context\": {\"cpu\": \"Test CPU\", \"num_cpus\": 4, \"host_name\": \"h\",\n"
    " \"date\": \"2026-11-24T12:00:00+00:00\"}, \"benchmarks\": [\n"
    "{\"name\": \"step/batch:8/process_time/real_time\", \"run_type\": \"iteration\",\n"
    " \"real_time\": 30, \"cpu_time\": 20, \"time_unit\": \"us\", \"gflops\": 300,\n"
    " \"roof_share\": 0.5},\n"
    "{\"name\": \"step/batch:8/process_time/real_time\", \"run_type\": \"iteration\",\n"
    " \"real_time\": 10, \"cpu_time\": 10, \"time_unit\": \"us\", \"gflops\": 100,\n"
    " \"roof_share\": 0.25},\n"
    "{\"name\": \"step/batch:8/process_time/real_time\", \"run_type\": \"iteration\",\n"
    " \"real_time\": 20, \"cpu_time\": 15, \"time_unit\": \"us\", \"gflops\": 200,\n"
    " \"roof_share\": 0.4},\n"
    "{\"name\": \"step/batch:8/process_time/real_time_mean\", \"run_type\":\n"
    " \"aggregate\", \"run_name\": \"step/batch:8/process_time/real_time\",\n"
    " \"aggregate_name\": \"mean\", \"real_time\": 77, \"time_unit\": \"us\"},\n"
    "{\"name\": \"alone_mean\", \"run_name\": \"alone\", \"run_type\": \"aggregate\",\n"
    " \"aggregate_name\": \"mean\", \"real_time\": 9, \"time_unit\": \"ms\"},\n"
    "{\"name\": \"alone_median\", \"run_name\": \"alone\", \"run_type\": \"aggregate\",\n"
    " \"aggregate_name\": \"median\", \"real_time\": 8, \"time_unit\": \"ms\"},\n"
    "{\"name\": \"copy\", \"real_time\": 250, \"cpu_time\": 250, \"time_unit\": \"ns\",\n"
    " \"bytes_per_second\": 2e9, \"items_per_second\": 4e6},\n"
    "{\"name\": \"broken\", \"error_occurred\": true, \"error_message\": \"differs\",\n"
    " \"real_time\": 0, \"time_unit\": \"us\"},\n"
    "{\"name\": \"left_out\", \"skipped\": true, \"skip_message\": \"\",\n"
    " \"real_time\": 0, \"time_unit\": \"us\"}]}\n";

static void compare_golden(const char *ending, const ebb_text *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/study/golden/micro.%s", EBB_SOURCE_DIR, ending);
    if (getenv("EBB_WRITE_GOLDEN") != NULL) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text->data, file);
        assert_int_equal(fclose(file), 0);
    }
    char *expected = calloc(1, 1 << 16);
    assert_non_null(expected);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        const size_t n = fread(expected, 1, (1 << 16) - 1, file);
        assert_true(n > 0);
        assert_int_equal(fclose(file), 0);
    }
    if (strcmp(expected, text->data) != 0) {
        fail_msg("micro.%s is not what is rendered:\n%s", ending, text->data);
    }
    free(expected);
}

static void test_golden(void **state)
{
    (void)state;
    static const char *const endings[] = {"md", "csv", "tex"};
    enter();
    write_file(report);
    for (int format = EBB_MARKDOWN; format <= EBB_LATEX; format++) {
        ebb_text text;
        assert_int_equal(render(&text, (ebb_format)format), EBB_ERR_WRONG);
        assert_non_null(strstr(ebb_last_error(), "1 of 5 benchmarks failed"));
        compare_golden(endings[format], &text);
        ebb_text_clear(&text);
    }
    leave();
}

/* Means of 15.1 and 14.9 us beside a median of 10, and one below its median. */
static void test_disturbed(void **state)
{
    (void)state;
    enter();
    write_file(
        "{\"context\": {}, \"benchmarks\": [\n"
        "{\"name\": \"a\", \"real_time\": 15.1, \"time_unit\": \"us\", \"p50_us\": 10},\n"
        "{\"name\": \"b\", \"real_time\": 14.9, \"time_unit\": \"us\", \"p50_us\": 10},\n"
        "{\"name\": \"c\", \"real_time\": 6, \"time_unit\": \"us\", \"p50_us\": 10}]}\n");
    ebb_text text;
    assert_int_equal(render(&text, EBB_MARKDOWN), EBB_OK);
    assert_non_null(strstr(text.data, "15.1 † |"));
    assert_non_null(strstr(text.data, " 14.9 |"));
    assert_non_null(strstr(text.data, "6.00 † |"));
    assert_non_null(strstr(text.data, "- † disturbed, 2 of 3: "));
    ebb_text_clear(&text);
    assert_int_equal(render(&text, EBB_CSV), EBB_OK);
    assert_non_null(strstr(text.data, "\na,disturbed,"));
    assert_non_null(strstr(text.data, "\nb,measured,"));
    assert_non_null(strstr(text.data, "\nc,disturbed,"));
    ebb_text_clear(&text);
    leave();
}

/* Hand-computed: medians of 10, 20, 30 and of 100, 200, 300; 2e9 bytes are 2 GB. */
static void test_numbers(void **state)
{
    (void)state;
    static const char *const lines[] = {
        ",measured,3,20000,10000,30000,15000,200,,0.4,\n",
        "\nalone,measured,0,8000000,,,,,,,\n",
        "\ncopy,measured,1,250,,,250,,2,,4000000\n",
        "\nbroken,failed,0,,,,,,,,\n",
        "\nleft_out,skipped,0,,,,,,,,\n",
    };
    enter();
    write_file(report);
    ebb_text text;
    assert_int_equal(render(&text, EBB_CSV), EBB_ERR_WRONG);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (strstr(text.data, lines[i]) == NULL) {
            fail_msg("%s is not in\n%s", lines[i], text.data);
        }
    }
    ebb_text_clear(&text);
    leave();
}

#define ENTRY(...) "{\"benchmarks\": [{\"name\": \"x\", " __VA_ARGS__ "}]}"

static void test_broken_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "micro.json"},
        {"{\"benchmarks\": [", "micro.json:1: "},
        {"[]", "benchmarks: missing"},
        {"{}", "benchmarks: missing"},
        {"{\"benchmarks\": {}}", "benchmarks: missing"},
        {"{\"benchmarks\": [3]}", "benchmark 1: name: missing"},
        {"{\"benchmarks\": [{}]}", "benchmark 1: name: missing"},
        {ENTRY("\"real_time\": NaN"), "micro.json:1: "},
        {ENTRY("\"real_time\": 1e999, \"time_unit\": \"ns\""), "micro.json:1: "},
        {ENTRY("\"real_time\": 1"), "x: real_time is no time"},
        {ENTRY("\"real_time\": 1, \"time_unit\": \"h\""), "x: real_time is no time"},
        {ENTRY("\"real_time\": 0, \"time_unit\": \"ns\""), "x: real_time is no time"},
        {ENTRY("\"real_time\": -1, \"time_unit\": \"ns\""), "x: real_time is no time"},
        {ENTRY("\"real_time\": 1, \"time_unit\": \"ns\", \"gflops\": null"),
         "x: gflops is not finite"},
        {ENTRY("\"real_time\": 1, \"time_unit\": \"ns\", \"roof_share\": Infinity"),
         "micro.json:1: "},
        {ENTRY("\"real_time\": 1, \"time_unit\": \"ns\", \"gbs\": \"nan\""),
         "x: gbs is not finite"},
        {ENTRY("\"run_type\": \"aggregate\", \"aggregate_name\": \"cv\""), "x: no time"},
    };
    enter();
    ebb_text text;
    assert_int_equal(render(&text, EBB_CSV), EBB_ERR_ENVIRONMENT);
    assert_non_null(strstr(ebb_last_error(), "micro.json: No such file"));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_file(cases[i].text);
        if (render(&text, EBB_CSV) != EBB_ERR_ENVIRONMENT ||
            strstr(ebb_last_error(), cases[i].part) == NULL) {
            fail_msg("%s: %s", cases[i].text, ebb_last_error());
        }
        assert_true(text.length == 0);
        ebb_text_clear(&text);
    }
    leave();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_disturbed),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_broken_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
