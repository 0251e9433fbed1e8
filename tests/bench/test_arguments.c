/* Words of a command line against a command's tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"

static ebb_status run_nothing(const ebb_arguments *arguments)
{
    (void)arguments;
    return EBB_OK;
}

static const char *const colours[] = {"red", "green", NULL};

static const ebb_option options[] = {
    {"colour", "NAME", "one of two", colours},
    {"file", "FILE", "any text", NULL},
    {"count", "N", "a count", NULL},
    {"flag", NULL, "a flag", NULL},
    {NULL, NULL, NULL, NULL},
};

static const ebb_command plain = {
    .name = "plain",
    .usage = "WORD [WORD] [options]",
    .options = options,
    .min_words = 1,
    .max_words = 2,
    .run = run_nothing,
};

static const ebb_command trial = {
    .name = "trial", .usage = "[options]", .trial_options = true, .run = run_nothing};

enum { MAX_WORDS = 8 };

static ebb_status parse(ebb_arguments *arguments, const ebb_command *command,
                        const char *const *words)
{
    char *copy[MAX_WORDS];
    size_t n = 0;
    for (; words[n] != NULL; n++) {
        memcpy(&copy[n], &words[n], sizeof copy[n]);
    }
    size_t used = 0;
    *arguments = (ebb_arguments){.command = command};
    return ebb_arguments_parse(arguments, &used, copy, n);
}

static const struct {
    const ebb_command *command;
    const char *words[MAX_WORDS];
    const char *refused; /* part of the message, NULL: taken */
} cases[] = {
    {&plain, {"a"}, NULL},
    {&plain, {"a", "b"}, NULL},
    {&plain, {"a", "--flag"}, NULL},
    {&plain, {"--flag", "a"}, NULL},
    {&plain, {"a", "--file", "x"}, NULL},
    {&plain, {"a", "--file=x"}, NULL},
    {&plain, {"a", "--file="}, NULL},
    {&plain, {"a", "--file=--x"}, NULL},
    {&plain, {"a", "--file", "-1"}, NULL},
    {&plain, {"a", "--file=a=b"}, NULL},
    {&plain, {"a", "--colour", "red"}, NULL},
    {&plain, {"a", "--", "--flag"}, NULL},
    {&plain, {"-"}, NULL},
    {&plain, {"a", "--quiet", "--color", "never", "--progress=always"}, NULL},
    {&plain, {NULL}, "plain: argument missing (usage: ebb plain WORD"},
    {&plain, {"--flag"}, "argument missing"},
    {&plain, {"a", "b", "c"}, "plain: unexpected word 'c'"},
    {&plain, {"a", "--flg"}, "--flg: unknown option (nearest: --flag"},
    {&plain, {"a", "--fla"}, "--fla: unknown option (nearest: --flag"},
    {&plain, {"a", "--zzzz"}, "--zzzz: unknown option (all: ebb plain --help"},
    {&plain, {"a", "--zzzz=1"}, "--zzzz: unknown option"},
    {&plain, {"a", "--seed", "1"}, "--seed: unknown option"},
    {&plain, {"a", "--=x"}, "--: unknown option"},
    {&plain, {"a", "-f"}, "-f: unknown option (options begin with --)"},
    {&plain, {"a", "--file"}, "--file: value missing (allowed: --file FILE)"},
    {&plain, {"a", "--file", "--flag"}, "--file: value missing"},
    {&plain, {"a", "--flag=yes"}, "--flag: takes no value"},
    {&plain, {"a", "--flag="}, "--flag: takes no value"},
    {&plain, {"a", "--flag", "--flag"}, "--flag: given twice"},
    {&plain, {"a", "--file", "x", "--file=y"}, "--file: given twice"},
    {&plain, {"a", "--quiet", "--quiet"}, "--quiet: given twice"},
    {&plain,
     {"a", "--colour", "gren"},
     "--colour: unknown value 'gren' (allowed: red, green; nearest: green)"},
    {&plain, {"a", "--colour="}, "--colour: unknown value ''"},
    {&plain, {"a", "--progress", "often"}, "allowed: auto, always, never"},
    {&trial, {"--seed", "1", "--batch-size=3"}, NULL},
    {&trial,
     {"--batch_size", "3"},
     "--batch_size: unknown option (nearest: --batch-size"},
    {&trial, {"--batchsize", "3"}, "nearest: --batch-size"},
    {&trial, {"--seed"}, "--seed: value missing"},
    {&trial, {"--seed", "1", "--seed", "1"}, "--seed: given twice"},
    {&trial, {"x"}, "trial: unexpected word 'x'"},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ebb_arguments arguments;
        const ebb_status status = parse(&arguments, cases[i].command, cases[i].words);
        const bool good = cases[i].refused == NULL
                              ? status == EBB_OK
                              : status == EBB_ERR_USAGE &&
                                    strstr(ebb_last_error(), cases[i].refused) != NULL;
        if (!good) {
            fail_msg("case %zu: status %d, %s", i, (int)status, ebb_last_error());
        }
        ebb_arguments_clear(&arguments);
    }
}

static void test_values(void **state)
{
    (void)state;
    ebb_arguments arguments;
    const char *words[] = {"a", "--file=x=y", "--colour", "green", "--", "--flag", NULL};
    assert_int_equal(parse(&arguments, &plain, words), EBB_OK);
    assert_string_equal(ebb_arguments_value(&arguments, "file", "no"), "x=y");
    assert_string_equal(ebb_arguments_value(&arguments, "count", "no"), "no");
    assert_int_equal(ebb_arguments_choice(&arguments, "colour"), 1);
    assert_int_equal(ebb_arguments_choice(&arguments, "progress"), EBB_WHEN_AUTO);
    assert_false(ebb_arguments_has(&arguments, "flag"));
    assert_int_equal(arguments.n_words, 2);
    assert_string_equal(arguments.words[1], "--flag");
    ebb_arguments_clear(&arguments);
}

static void test_when(void **state)
{
    (void)state;
    ebb_arguments arguments;
    const char *always[] = {"a", "--color=always", "--progress=always", "--quiet", NULL};
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    assert_int_equal(parse(&arguments, &plain, always), EBB_OK);
    assert_true(ebb_arguments_color(&arguments, stdout)); /* what is asked for counts */
    assert_int_equal(ebb_arguments_progress(&arguments), EBB_PROGRESS_BAR);
    assert_true(ebb_arguments_quiet(&arguments));
    ebb_arguments_clear(&arguments);
    const char *never[] = {"a", "--color=never", "--progress=never", NULL};
    assert_int_equal(parse(&arguments, &plain, never), EBB_OK);
    assert_false(ebb_arguments_color(&arguments, stdout));
    assert_int_equal(ebb_arguments_progress(&arguments), EBB_PROGRESS_NONE);
    ebb_arguments_clear(&arguments);
}

static void test_counts(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "-1", "101", "x", "", "1.5", "1 "};
    size_t count = 0;
    ebb_arguments arguments;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *words[] = {"a", "--count", bad[i], NULL};
        assert_int_equal(parse(&arguments, &plain, words), EBB_OK);
        assert_int_equal(ebb_options_count(&count, &arguments, "count", 7, 100),
                         EBB_ERR_USAGE);
        assert_non_null(strstr(ebb_last_error(), "allowed: 1 to 100"));
        ebb_arguments_clear(&arguments);
    }
    const char *good[] = {"a", "--count=100", NULL};
    assert_int_equal(parse(&arguments, &plain, good), EBB_OK);
    assert_int_equal(ebb_options_count(&count, &arguments, "count", 7, 100), EBB_OK);
    assert_int_equal(count, 100);
    ebb_arguments_clear(&arguments);
    const char *none[] = {"a", NULL};
    assert_int_equal(parse(&arguments, &plain, none), EBB_OK);
    assert_int_equal(ebb_options_count(&count, &arguments, "count", 7, 100), EBB_OK);
    assert_int_equal(count, 7);
    ebb_arguments_clear(&arguments);
}

/* Every command of the program says what `--help` needs, and each name is found again. */
static void test_table(void **state)
{
    (void)state;
    const ebb_command *command = NULL;
    for (size_t i = 0; (command = ebb_command_at(i)) != NULL; i++) {
        assert_non_null(command->run);
        assert_non_null(command->summary);
        assert_non_null(command->usage);
        const size_t length = strlen(command->details);
        assert_true(length > 0 && command->details[length - 1] == '\n');
        assert_ptr_equal(ebb_command_find(command->name), command);
        for (const ebb_option *row = command->options; row != NULL && row->name != NULL;
             row++) {
            assert_non_null(row->help);
            assert_true(row->choices == NULL || row->value != NULL);
        }
    }
    assert_null(ebb_command_find("rum"));
    assert_non_null(strstr(ebb_last_error(), "nearest: run"));
    assert_null(strstr(ebb_last_error(), "worker")); /* internal */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_values),
        cmocka_unit_test(test_when),  cmocka_unit_test(test_counts),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
