/* test_exports.c - exports: golden files, what they leave out, and the command. */
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
#include "study/export.h"

enum { TEXT_BYTES = 65536 };

static const char *const amnesiac = "amnesiac-finetuning";

/* One trial of a sweep, with what exports read beside the tables. */
static void append(const char *path, const fixture *trial)
{
    json_t *record = fixture_record(trial);
    json_object_set_new(record, "started_at", json_string("2026-01-02T03:04:05Z"));
    json_object_set_new(record, "wall_seconds", json_real(1.5));
    fixture_append(path, record);
}

/* Both algorithms at one and two threads, two repetitions; one trial disturbed, one
 * diverged. */
static void append_sweep(const char *path)
{
    for (size_t i = 0; i < 8; i++) {
        const size_t threads = 1 + i % 2;
        const size_t repetition = 1 + i / 2 % 2;
        const bool unlearns = i >= 4;
        append(path, &(fixture){.algorithm = unlearns ? amnesiac : NULL,
                                .unlearn = unlearns ? "2:1" : NULL,
                                .threads = threads,
                                .repetition = repetition,
                                .problem = i == 5 ? "run delay <7 %> & \"more\"" : NULL,
                                .p50_ns = 1600000 / threads + 4000 * repetition});
    }
    append(path, &(fixture){.threads = 4, .diverged = true, .p50_ns = 7});
}

static void write_caches(void)
{
    fixture_append_text(
        "machine.json",
        "{\"schema\": \"ebb-machine/1\", \"machine_id\": \"a000000000000000\", "
        "\"caches\": [{\"name\": \"L2\", \"level\": 2, \"size_bytes\": 1048576, "
        "\"pus_each\": 1}, {\"name\": \"L1d\", \"level\": 1, \"size_bytes\": 32768, "
        "\"pus_each\": 1}]}\n");
}

static ebb_text rendered(const char *path, const ebb_export *format,
                         ebb_export_better better)
{
    ebb_trials trials = fixture_read(path);
    ebb_text out = {0};
    assert_int_equal(ebb_export_render(&out, &trials, format, better), EBB_OK);
    ebb_trials_clear(&trials);
    return out;
}

/* EBB_WRITE_GOLDEN=1 writes the files anew; look at the difference before committing. */
static void compare_golden(const char *name, const ebb_text *text)
{
    char path[512];
    static char expected[TEXT_BYTES];
    snprintf(path, sizeof path, "%s/tests/study/golden/%s", EBB_SOURCE_DIR, name);
    if (getenv("EBB_WRITE_GOLDEN") != NULL) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text->data, file);
        assert_int_equal(fclose(file), 0);
    }
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    expected[fread(expected, 1, TEXT_BYTES - 1, file)] = '\0';
    fclose(file);
    if (strcmp(expected, text->data) != 0) {
        fail_msg("%s is not what is rendered:\n%s", name, text->data);
    }
}

static void test_golden_files(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    append_sweep(path);
    write_caches();
    for (size_t i = 0; ebb_export_choice(i) != NULL; i++) {
        const ebb_export *format = ebb_export_at(i);
        for (int better = 0; better < (format->one_direction ? 2 : 1); better++) {
            char name[96];
            ebb_text text = rendered(path, format, (ebb_export_better)better);
            snprintf(name, sizeof name, "export-%s%s.%s", format->choice.name,
                     better == 1 ? "-bigger" : "", text.data[0] == '<' ? "xml" : "json");
            compare_golden(name, &text);
            ebb_text_clear(&text);
        }
    }
    assert_int_equal(unlink("machine.json"), 0);
    fixture_end();
}

static void test_rows_of_the_registry(void **state)
{
    (void)state;
    for (size_t i = 0; ebb_export_choice(i) != NULL; i++) {
        const ebb_export *format = ebb_export_at(i);
        assert_ptr_equal(&format->choice, ebb_export_choice(i));
        assert_non_null(format->render);
        assert_true(strlen(format->choice.name) > 0 &&
                    strlen(format->choice.summary) > 0);
    }
}

static void test_a_new_point_renames_none(void **state)
{
    (void)state;
    static const char name[] =
        "\"step/algorithm:finetuning/strategy:shards/batch_size:128/placement:cores/"
        "dataset:fashion-mnist/sequence:permuted/scenario:til/hidden:256-100-64/"
        "optimizer:adam/threads:1\"";
    const char *path = fixture_begin();
    for (size_t i = 0; i < 2; i++) {
        append(path, &(fixture){.batch = i == 0 ? 128 : 32, .p50_ns = 1000});
        ebb_text text = rendered(path, &ebb_export_bmf, EBB_EXPORT_SMALLER);
        if (strstr(text.data, name) == NULL) {
            fail_msg("%s is not in %s", name, text.data);
        }
        ebb_text_clear(&text);
    }
    fixture_end();
}

static void test_nothing_to_export(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append_text(path, "");
    for (size_t round = 0; round < 2; round++) {
        ebb_trials trials = fixture_read(path);
        for (size_t i = 0; ebb_export_choice(i) != NULL; i++) {
            const bool tells = ebb_export_at(i) == &ebb_export_junit;
            ebb_text text = {0};
            assert_int_equal(
                ebb_export_render(&text, &trials, ebb_export_at(i), EBB_EXPORT_BIGGER),
                tells ? EBB_OK : EBB_ERR_FAILED);
            assert_true(tells ? text.length > 0 : text.length == 0);
            ebb_text_clear(&text);
        }
        ebb_trials_clear(&trials);
        append(path, &(fixture){.problem = "steal", .p50_ns = 1000});
    }
    fixture_end();
}

static int run_export(char text[TEXT_BYTES], const char *words)
{
    char command[1024];
    snprintf(command, sizeof command, "%s export %s 2>&1", EBB_PROGRAM, words);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    text[fread(text, 1, TEXT_BYTES - 1, pipe)] = '\0';
    const int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect_run(const char *words, int status, const char *says)
{
    static char text[TEXT_BYTES];
    assert_int_equal(run_export(text, words), status);
    if (strstr(text, says) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", says, text);
    }
}

static void test_command(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    expect_run(". --format bmf", 3, "ebb: ./trials.jsonl: No such file");
    append(path, &(fixture){.p50_ns = 1000});
    expect_run(". --format bmf", 0, "\"latency\": {\n      \"value\": 1000");
    expect_run(". --format github-action-benchmark", 0, "\"unit\": \"ns\"");
    expect_run(". --format github-action-benchmark --better bigger", 0, "\"images/s\"");
    expect_run(". --format junit", 0, "<?xml version=\"1.0\"");
    expect_run(". --format bmf --better bigger", 2, "--better: not with --format bmf");
    expect_run(". --format bfm", 2, "nearest: bmf");
    expect_run(".", 2, "--format: missing");
    expect_run("--format bmf", 2, "DIR");
    expect_run("--help", 0, "Usage: ebb export DIR");
    append(path, &(fixture){.threads = 2, .p50_ns = 1000, .letter = 'f'});
    expect_run(". --format google-benchmark", 4, "\nebb: ./trials.jsonl:2 (");
    expect_run(". --format junit", 4, "<failure message=\"results differ");
    fixture_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_files),
        cmocka_unit_test(test_rows_of_the_registry),
        cmocka_unit_test(test_a_new_point_renames_none),
        cmocka_unit_test(test_nothing_to_export),
        cmocka_unit_test(test_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
