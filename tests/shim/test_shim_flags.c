/* Flags: what init takes, refuses and leaves; environment and defaults; registration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder.h"

static int nothing(ebb_shim_state *state, void *user)
{
    (void)user;
    while (ebb_shim_keep_running(state, 100) > 0) {
    }
    return 0;
}

static int no_step(ebb_shim_state *state, void *user, int64_t index)
{
    (void)state;
    (void)user;
    (void)index;
    return 0;
}

static void takes_its_flags_and_leaves_others(void **state)
{
    (void)state;
    char texts[6][40] = {"program",   "first", "--benchmark_repetitions=2",
                         "--other=1", "--v=1", "last"};
    char *argv[7] = {texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], NULL};
    int argc = 6;
    ebb_shim *shim = NULL;
    assert_int_equal(ebb_shim_init(&shim, &argc, argv, NULL, 0), EBB_SHIM_OK);
    assert_int_equal(argc, 4);
    assert_string_equal(argv[1], "first");
    assert_string_equal(argv[2], "--other=1");
    assert_string_equal(argv[3], "last");
    assert_null(argv[4]);
    ebb_shim_destroy(shim);
}

static void tells_whether_it_only_lists(void **state)
{
    (void)state;
    static const char *const without[] = {NULL};
    static const char *const with[] = {"--benchmark_list_tests=true", NULL};
    static const char *const against[] = {"--benchmark_list_tests=false", NULL};
    static const char *const *const words[] = {without, with, against};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        ebb_shim *shim = recorder_init(words[i]);
        assert_int_equal(ebb_shim_only_lists(shim), words[i] == with);
        ebb_shim_destroy(shim);
    }
}

/* argv[0] may go away: a report names the executable long after. */
static void copies_the_name_of_the_program(void **state)
{
    (void)state;
    char name[] = "prog\x01ram";
    char *argv[2] = {name, NULL};
    int argc = 1;
    ebb_shim *shim = NULL;
    assert_int_equal(ebb_shim_init(&shim, &argc, argv, NULL, 0), EBB_SHIM_OK);
    memset(name, 'x', sizeof name - 1);
    recorder_register(shim, &(ebb_shim_benchmark){.size = sizeof(ebb_shim_benchmark),
                                                  .name = "b",
                                                  .body = nothing,
                                                  .iterations = 1000});
    recorder all = {0};
    ebb_shim_summary summary;
    assert_int_equal(recorder_run(&all, shim, &summary, NULL), EBB_SHIM_OK);
    assert_string_equal(all.executable, "prog ram");
    ebb_shim_destroy(shim);
}

typedef struct bad_word {
    const char *word, *text; /* part of the message */
} bad_word;

static void refuses(void **state)
{
    const bad_word *bad = *state;
    char program[] = "program";
    char word[64];
    snprintf(word, sizeof word, "%s", bad->word);
    char *argv[3] = {program, word, NULL};
    int argc = 2;
    ebb_shim *shim = NULL;
    assert_int_equal(ebb_shim_init(&shim, &argc, argv, NULL, 0), EBB_SHIM_USAGE);
    assert_null(shim);
    assert_int_equal(argc, 2);
    assert_ptr_equal(argv[1], word);
    if (strstr(ebb_shim_last_error(), bad->text) == NULL) {
        fail_msg("'%s' does not contain '%s'", ebb_shim_last_error(), bad->text);
    }
}

static void help_is_told_not_printed(void **state)
{
    (void)state;
    char program[] = "program";
    char word[] = "--help";
    char *argv[3] = {program, word, NULL};
    int argc = 2;
    ebb_shim *shim = NULL;
    assert_int_equal(ebb_shim_init(&shim, &argc, argv, NULL, 0), EBB_SHIM_HELP);
    assert_null(shim);
    assert_int_equal(argc, 2);
}

static void environment_is_judged_too(void **state)
{
    (void)state;
    char program[] = "program";
    char *argv[2] = {program, NULL};
    int argc = 1;
    ebb_shim *shim = NULL;
    setenv("BENCHMARK_FORMAT", "xml", 1);
    assert_int_equal(ebb_shim_init(&shim, &argc, argv, NULL, 0), EBB_SHIM_USAGE);
    assert_non_null(strstr(ebb_shim_last_error(), "BENCHMARK_FORMAT"));
    unsetenv("BENCHMARK_FORMAT");
    assert_int_equal(ebb_shim_init(&shim, &argc, argv, NULL, 0), EBB_SHIM_OK);
    ebb_shim_destroy(shim);
}

/* Number of repetitions that come out for a default, a variable, and a flag. */
static size_t repetitions_with(const char *fallback, const char *variable, char *word)
{
    char program[] = "program";
    char *argv[3] = {program, word, NULL};
    int argc = word == NULL ? 1 : 2;
    const ebb_shim_pair defaults[] = {{"benchmark_repetitions", fallback}};
    ebb_shim *shim = NULL;
    if (variable != NULL) {
        setenv("BENCHMARK_REPETITIONS", variable, 1);
    }
    assert_int_equal(ebb_shim_init(&shim, &argc, argv, defaults, fallback != NULL),
                     EBB_SHIM_OK);
    unsetenv("BENCHMARK_REPETITIONS");
    recorder_register(shim, &(ebb_shim_benchmark){.size = sizeof(ebb_shim_benchmark),
                                                  .name = "b",
                                                  .step = no_step,
                                                  .iterations = 100});
    recorder all = {0};
    ebb_shim_summary summary;
    assert_int_equal(recorder_run(&all, shim, &summary, NULL), EBB_SHIM_OK);
    ebb_shim_destroy(shim);
    return (size_t)all.runs[0].repetitions;
}

static void command_line_before_environment_before_default(void **state)
{
    (void)state;
    char word[] = "--benchmark_repetitions=4";
    assert_int_equal(repetitions_with(NULL, NULL, NULL), 1);
    assert_int_equal(repetitions_with("2", NULL, NULL), 2);
    assert_int_equal(repetitions_with("2", "3", NULL), 3);
    assert_int_equal(repetitions_with("2", "3", word), 4);
    /* Nothing of it stays. */
    assert_int_equal(repetitions_with(NULL, NULL, NULL), 1);
}

static void refuses_defaults_that_cannot_be(void **state)
{
    (void)state;
    char program[] = "program";
    char *argv[2] = {program, NULL};
    int argc = 1;
    ebb_shim *shim = NULL;
    const ebb_shim_pair defaults[] = {{"benchmark_min_time", "-1"}, {"benchmark_x", "1"}};
    assert_int_equal(ebb_shim_init(&shim, &argc, argv, &defaults[0], 1), EBB_SHIM_USAGE);
    assert_int_equal(ebb_shim_init(&shim, &argc, argv, &defaults[1], 1), EBB_SHIM_USAGE);
    assert_null(shim);
}

static void context_comes_from_flags_and_calls(void **state)
{
    (void)state;
    ebb_shim *shim =
        recorder_init((const char *const[]){"--benchmark_context=a=1,b=2", NULL});
    assert_int_equal(ebb_shim_add_context(shim, "c", "x\ny\xff"), EBB_SHIM_OK);
    assert_int_equal(ebb_shim_add_context(shim, "a", "again"), EBB_SHIM_USAGE);
    assert_int_equal(ebb_shim_add_context(shim, "num_cpus", "3"), EBB_SHIM_USAGE);
    assert_int_equal(ebb_shim_add_context(shim, "", "3"), EBB_SHIM_USAGE);
    recorder_register(shim, &(ebb_shim_benchmark){.size = sizeof(ebb_shim_benchmark),
                                                  .name = "b",
                                                  .body = nothing,
                                                  .iterations = 1000});
    recorder all = {0};
    ebb_shim_summary summary;
    assert_int_equal(recorder_run(&all, shim, &summary, NULL), EBB_SHIM_OK);
    assert_string_equal(all.pairs, "a=1;b=2;c=x y?;");
    ebb_shim_destroy(shim);
}

/* ---- registration ---- */

typedef struct bad_benchmark {
    ebb_shim_benchmark benchmark;
    const char *text;
} bad_benchmark;

static const int64_t one[] = {1};
static const char *const blank[] = {"a b"};
static uint64_t samples[1];

static const bad_benchmark bad_benchmarks[] = {
    {{.name = "two words", .body = nothing}, "blank"},
    {{.name = "", .body = nothing}, "name"},
    {{.body = nothing}, "name"},
    {{.name = "a\nb", .body = nothing}, "blank"},
    {{.name = "neither"}, "body or step"},
    {{.name = "both", .body = nothing, .step = no_step}, "body or step"},
    {{.name = "b", .body = nothing, .n_args = 1, .n_sets = 1}, "arguments"},
    {{.name = "b", .body = nothing, .n_args = 1, .args = one}, "arguments"},
    {{.name = "b",
      .body = nothing,
      .n_args = 1,
      .n_sets = 1,
      .args = one,
      .arg_names = blank},
     "blank"},
    {{.name = "b", .body = nothing, .iterations = -1}, "negative"},
    {{.name = "b", .body = nothing, .repetitions = -1}, "negative"},
    {{.name = "b", .body = nothing, .iterations = 1, .min_time = 1}, "either"},
    {{.name = "b", .body = nothing, .min_warmup_time = 1}, "min_warmup_time"},
    {{.name = "b", .body = nothing, .samples_ns = samples, .samples_capacity = 1},
     "step form"},
    {{.name = "b", .step = no_step, .samples_capacity = 1}, "step form"},
    {{.name = "b", .body = nothing, .clock = (ebb_shim_clock)3}, "clock"},
};

static void refuses_benchmarks_that_cannot_be(void **state)
{
    (void)state;
    ebb_shim *shim = recorder_init(NULL);
    for (size_t i = 0; i < sizeof bad_benchmarks / sizeof *bad_benchmarks; i++) {
        ebb_shim_benchmark own = bad_benchmarks[i].benchmark;
        own.size = sizeof own;
        assert_int_equal(ebb_shim_register_benchmark(shim, &own), EBB_SHIM_USAGE);
        if (strstr(ebb_shim_last_error(), bad_benchmarks[i].text) == NULL) {
            fail_msg("%zu: '%s' does not contain '%s'", i, ebb_shim_last_error(),
                     bad_benchmarks[i].text);
        }
    }
    ebb_shim_benchmark own = {.name = "b", .body = nothing};
    assert_int_equal(ebb_shim_register_benchmark(shim, &own), EBB_SHIM_USAGE);
    own.size = sizeof own + 8;
    assert_int_equal(ebb_shim_register_benchmark(shim, &own), EBB_SHIM_USAGE);
    ebb_shim_destroy(shim);
}

/* A caller compiled against an older header has a shorter struct. */
static void accepts_the_beginning_of_the_struct(void **state)
{
    (void)state;
    ebb_shim *shim =
        recorder_init((const char *const[]){"--benchmark_min_time=0.001", NULL});
    ebb_shim_benchmark own;
    memset(&own, 0xff, sizeof own);
    own.size = offsetof(ebb_shim_benchmark, step);
    own.name = "old";
    own.user = NULL;
    own.body = nothing;
    recorder_register(shim, &own);
    recorder all = {0};
    ebb_shim_summary summary;
    assert_int_equal(recorder_run(&all, shim, &summary, NULL), EBB_SHIM_OK);
    assert_int_equal(recorder_find(&all, "old/real_time")->outcome, EBB_SHIM_MEASURED);
    ebb_shim_destroy(shim);
}

static bad_word bad_words[] = {
    {"--benchmark_nonsense", "--benchmark_nonsense: no such flag"},
    {"--benchmark_filter", "has no value"},
    {"--benchmark_format=xml", "'xml' (console, json, csv)"},
    {"--benchmark_out_format=", "console, json, csv"},
    {"--benchmark_repetitions=0", "'0'"},
    {"--benchmark_repetitions=2.5", "'2.5'"},
    {"--benchmark_repetitions=", "''"},
    {"--benchmark_repetitions=99999999999", "99999999999"},
    {"--benchmark_min_time=-1", "seconds"},
    {"--benchmark_min_time=abc", "'abc'"},
    {"--benchmark_min_time=inf", "'inf'"},
    {"--benchmark_min_time=1h", "'1h'"},
    {"--benchmark_min_time=0x", "'0x'"},
    {"--benchmark_min_warmup_time=x", "seconds"},
    {"--benchmark_list_tests=perhaps", "true, false"},
    {"--benchmark_time_unit=m", "ns, us, ms, s"},
    {"--benchmark_color=blue", "auto, true, false"},
    {"--benchmark_context=x", "key=value"},
    {"--benchmark_context=a=1,a=2", "there already"},
    {"--benchmark_context=date=1", "context 'date'"},
    {"--v=-1", "'-1'"},
};

int main(void)
{
    enum { N = sizeof bad_words / sizeof *bad_words };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_its_flags_and_leaves_others),
        cmocka_unit_test(tells_whether_it_only_lists),
        cmocka_unit_test(copies_the_name_of_the_program),
        cmocka_unit_test(help_is_told_not_printed),
        cmocka_unit_test(environment_is_judged_too),
        cmocka_unit_test(command_line_before_environment_before_default),
        cmocka_unit_test(refuses_defaults_that_cannot_be),
        cmocka_unit_test(context_comes_from_flags_and_calls),
        cmocka_unit_test(refuses_benchmarks_that_cannot_be),
        cmocka_unit_test(accepts_the_beginning_of_the_struct),
    };
    struct CMUnitTest refusals[N];
    for (size_t i = 0; i < N; i++) {
        refusals[i] =
            (struct CMUnitTest){bad_words[i].word, refuses, NULL, NULL, &bad_words[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL) +
           cmocka_run_group_tests(refusals, NULL, NULL);
}
