/* Trials that must have the same bits, and ones that must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "attempt.h"
#include "net/strategy.h"

enum { LINE = 256 };

static void run_two(attempt *plain, attempt *amnesiac, const char *options,
                    const char *more)
{
    char line[LINE];
    attempt_run(plain, options);
    snprintf(line, sizeof line, "algorithm=amnesiac-finetuning %s %s", options, more);
    attempt_run(amnesiac, line);
}

static void clear_two(attempt *one, attempt *other)
{
    attempt_clear(one);
    attempt_clear(other);
}

static void test_unasked_amnesiac_is_finetuning(void **state)
{
    (void)state;
    static const struct {
        const char *both, *amnesiac;
    } rows[] = {
        {"validation-fraction=0.1 scenario=til", ""},
        {"head=masked optimizer=sgd momentum=0.5 optimizer-state=keep", "unlearn-age=1"},
        {"scenario=cil sequence=split weight-decay=0.01", ""},
        {"scenario=dil last-batch=keep", "disable-unlearning=yes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        attempt plain;
        attempt amnesiac;
        run_two(&plain, &amnesiac, rows[i].both, rows[i].amnesiac);
        attempt_compare(&plain, &amnesiac);
        clear_two(&plain, &amnesiac);
    }
}

static void test_same_bits_up_to_the_first_request(void **state)
{
    (void)state;
    static const size_t n_same[] = {1, 2}; /* tasks before the one with the request */
    static const char *const requests[] = {"unlearn=2:1", "unlearn=3:1+3"};
    for (size_t i = 0; i < 2; i++) {
        attempt plain;
        attempt amnesiac;
        run_two(&plain, &amnesiac, "validation-fraction=0.1 tasks=4", requests[i]);
        attempt_compare_until(&plain, &amnesiac, n_same[i]);
        for (size_t t = n_same[i]; t < 4; t++) {
            assert_string_not_equal(plain.result.task_digests[t],
                                    amnesiac.result.task_digests[t]);
        }
        clear_two(&plain, &amnesiac);
    }
}

static void test_threads_do_not_change_bits(void **state)
{
    (void)state;
    static const size_t threads[] = {2, 3, 5};
    static const char *const options[] = {
        "validation-fraction=0.1 hidden=33,17 algorithm=amnesiac-finetuning unlearn=2:1",
        "scenario=cil sequence=split optimizer=sgd momentum=0.9 last-batch=keep "
        "batch-size=16",
    };
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        const char *name = ebb_strategy_choice(s)->name;
        for (size_t i = 0; ebb_strategy_at(s)->same_bits && i < 2; i++) {
            char line[LINE];
            attempt one;
            snprintf(line, sizeof line, "%s strategy=%s", options[i], name);
            attempt_run(&one, line);
            for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
                attempt other;
                snprintf(line, sizeof line, "%s strategy=%s threads=%zu", options[i],
                         name, threads[t]);
                attempt_run(&other, line);
                assert_int_equal(other.result.threads, threads[t]);
                attempt_compare(&one, &other);
                attempt_clear(&other);
            }
            attempt_clear(&one);
        }
    }
}

static void test_what_is_timed_changes_no_bits(void **state)
{
    (void)state;
    attempt one;
    attempt other;
    attempt_run(&one, "warmup-steps=0");
    attempt_run(&other, "warmup-steps=1000");
    attempt_compare(&one, &other);
    assert_int_equal(one.result.n_step_ns, one.result.n_steps);
    assert_int_equal(other.result.n_step_ns, 0);
    clear_two(&one, &other);
}

/* What an option changes first: the task whose digest differs. 1: the first. */
static void test_options_change_bits(void **state)
{
    (void)state;
    static const struct {
        const char *option;
        size_t first_task;
    } rows[] = {
        {"seed=2", 1},
        {"initialization=xavier-uniform", 1},
        {"learning-rate=0.011", 1},
        {"weight-decay=0.01", 1},
        {"optimizer=sgd", 1},
        {"normalize=none", 1},
        {"pad=1", 1},
        {"permute-first=no", 1},
        {"permutations=independent", 1},
        {"batch-size=47", 1},
        {"last-batch=keep", 1},
        {"optimizer-state=keep", 2},
        {"head=masked", 1},
    };
    attempt plain;
    attempt_run(&plain, "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        attempt other;
        attempt_run(&other, rows[i].option);
        for (size_t t = 1; t <= 3; t++) {
            const bool same = strcmp(plain.result.task_digests[t - 1],
                                     other.result.task_digests[t - 1]) == 0;
            if (same != (t < rows[i].first_task)) {
                fail_msg("%s: task %zu is %s", rows[i].option, t,
                         same ? "the same" : "different");
            }
        }
        attempt_clear(&other);
    }
    attempt_clear(&plain);
}

/* The data set's own numbers, given by hand, and 0 and 1 for what is not normalised. */
static void test_normalisation(void **state)
{
    (void)state;
    char given[LINE];
    attempt one;
    attempt other;
    ebb_config config;
    ebb_synthetic_spec spec;
    ebb_dataset *dataset = NULL;
    attempt_configure(&config, "");
    ebb_config_synthetic_spec(&spec, &config);
    assert_int_equal(ebb_dataset_create(&dataset, &ebb_dataset_synthetic, NULL, &spec),
                     EBB_OK);
    snprintf(given, sizeof given, "normalize=%.17g,%.17g", dataset->mean,
             dataset->deviation);
    attempt_run(&one, "normalize=dataset");
    attempt_run(&other, given);
    attempt_compare(&one, &other);
    clear_two(&one, &other);
    attempt_run(&one, "normalize=none");
    attempt_run(&other, "normalize=0,1");
    attempt_compare(&one, &other);
    clear_two(&one, &other);
    ebb_dataset_destroy(dataset);
    ebb_config_clear(&config);
}

/* The first task does not know how many come after it, where each has a head of its own.
 */
static void test_tasks_to_come_change_no_bits(void **state)
{
    (void)state;
    static const char *const scenarios[] = {"scenario=til", "scenario=dil"};
    for (size_t i = 0; i < 2; i++) {
        char line[LINE];
        attempt few;
        attempt many;
        snprintf(line, sizeof line, "%s tasks=2", scenarios[i]);
        attempt_run(&few, line);
        snprintf(line, sizeof line, "%s tasks=4", scenarios[i]);
        attempt_run(&many, line);
        for (size_t t = 1; t <= 2; t++) {
            for (size_t k = 1; k <= t; k++) {
                assert_true(attempt_accuracy(&few, t, k) ==
                            attempt_accuracy(&many, t, k));
            }
        }
        clear_two(&few, &many);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unasked_amnesiac_is_finetuning),
        cmocka_unit_test(test_same_bits_up_to_the_first_request),
        cmocka_unit_test(test_threads_do_not_change_bits),
        cmocka_unit_test(test_what_is_timed_changes_no_bits),
        cmocka_unit_test(test_options_change_bits),
        cmocka_unit_test(test_normalisation),
        cmocka_unit_test(test_tasks_to_come_change_no_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
