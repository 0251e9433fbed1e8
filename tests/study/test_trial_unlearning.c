/* What a request takes away, what it leaves, and what the result says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "dumps.h"
#include "net/strategy.h"

enum { LINE = 256 };

/* Tasks before T are as they were after task T − 1, but for what one rounding of each
 * parameter makes: at most one image. */
static void test_the_last_task_goes_alone(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        size_t n_test; /* images a task */
    } rows[] = {
        {"scenario=til", 120},
        {"scenario=til head=masked", 120},
        {"scenario=til sequence=split", 40},
        {"scenario=cil sequence=split cil-classes=all", 40},
        {"scenario=dil optimizer=sgd momentum=0.9", 120},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[LINE];
        attempt self;
        snprintf(line, sizeof line, "algorithm=amnesiac-finetuning unlearn=3:3 %s",
                 rows[i].options);
        attempt_run(&self, line);
        for (size_t k = 1; k < 3; k++) {
            const double before = attempt_right(&self, 2, k, rows[i].n_test);
            const double after = attempt_right(&self, 3, k, rows[i].n_test);
            assert_true(fabs(after - before) <= 1.0 + 1e-9);
        }
        /* and task 3 is not known any more */
        assert_true(attempt_accuracy(&self, 3, 3) < 0.8);
        attempt_clear(&self);
    }
}

/* Only the request for the task just trained, and for no other, has a state to return to.
 */
static void test_residue_of_the_last_task(void **state)
{
    (void)state;
    static const struct {
        const char *requests;
        bool known[3];
    } rows[] = {
        {"3:3", {true, false, false}},     {"1:1,2:2,3:3", {true, true, true}},
        {"2:1,3:3", {false, true, false}}, {"3:3+1", {false, false, false}},
        {"3:2", {false, false, false}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[LINE];
        attempt self;
        snprintf(line, sizeof line, "algorithm=amnesiac-finetuning unlearn=%s",
                 rows[i].requests);
        attempt_run(&self, line);
        for (size_t k = 0; k < self.result.n_unlearning; k++) {
            const double residue = self.result.unlearning[k].residue;
            assert_true(isnan(residue) == !rows[i].known[k]);
            /* A rounding a parameter: half a unit of 2^-23, and those that were moved by
             * much more than they are large. */
            assert_true(!rows[i].known[k] || (residue >= 0 && residue < 1e-6));
        }
        attempt_clear(&self);
    }
}

/* What was trained is seen in a trial of finetuning, whose bits are the same. */
static void test_parameters_return(void **state)
{
    (void)state;
    char path[DUMPS_PATH_BYTES];
    char line[LINE];
    attempt plain;
    attempt amnesiac;
    dumps_open(path);
    snprintf(line, sizeof line, "dump=%s", path);
    attempt_run(&plain, line);
    size_t n = plain.result.parameters;
    float *start = dumps_read(&n, path, "parameters_task2", "<f4");
    float *end = dumps_read(&n, path, "parameters_task3", "<f4");
    snprintf(line, sizeof line, "algorithm=amnesiac-finetuning unlearn=3:3 dump=%s",
             path);
    attempt_run(&amnesiac, line);
    float *back = dumps_read(&n, path, "parameters_task3", "<f4");
    size_t n_moved = 0;
    for (size_t i = 0; i < n; i++) {
        const float larger = fmaxf(fabsf(start[i]), fabsf(end[i]));
        assert_true(fabsf(back[i] - start[i]) <= nextafterf(larger, INFINITY) - larger);
        n_moved += end[i] != start[i];
    }
    assert_true(n_moved > n / 2);
    assert_string_equal(plain.result.task_digests[1], amnesiac.result.task_digests[1]);
    free(start);
    free(end);
    free(back);
    dumps_close(path);
    attempt_clear(&plain);
    attempt_clear(&amnesiac);
}

static void test_requests_are_logged(void **state)
{
    (void)state;
    attempt self;
    attempt_run(&self, "algorithm=amnesiac-finetuning tasks=4 unlearn=2:1,4:4+2");
    const ebb_result *result = &self.result;
    /* Task 1 is gone when 3 is recorded: never more than three records at a time. */
    const size_t arena_bytes = result->ledger_bytes / 3;
    assert_true(arena_bytes >= result->parameters * sizeof(float));
    /* A request reads values and records, writes values, and renews the derived copies.
     */
    const size_t derived_bytes = result->unlearning[0].bytes - 3 * arena_bytes;
    assert_true(derived_bytes > 0 && derived_bytes < 2 * arena_bytes);
    assert_int_equal(result->n_unlearning, 2);
    assert_int_equal(result->unlearning[0].after, 2);
    assert_int_equal(result->unlearning[0].n_tasks, 1);
    assert_int_equal(result->unlearning[0].tasks[0], 1);
    assert_int_equal(result->unlearning[1].after, 4);
    assert_int_equal(result->unlearning[1].n_tasks, 2);
    assert_int_equal(result->unlearning[1].tasks[0], 4);
    assert_int_equal(result->unlearning[1].tasks[1], 2);
    assert_int_equal(result->unlearning[1].bytes, 4 * arena_bytes + derived_bytes);
    static const bool unlearned[] = {true, true, false, true};
    assert_memory_equal(result->unlearned, unlearned, sizeof unlearned);
    double seconds = 0;
    for (size_t i = 0; i < 2; i++) {
        assert_true(result->unlearning[i].seconds > 0);
        seconds += result->unlearning[i].seconds;
    }
    assert_true(fabs(seconds - result->unlearn_seconds) < 1e-9);
    assert_int_equal(result->ledger_bytes, 3 * arena_bytes);
    attempt_clear(&self);
}

static void test_age_bounds_the_ledger(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        size_t n_records;
    } rows[] = {
        {"unlearn-age=1", 1},          {"unlearn-age=2", 2},
        {"unlearn-age=3", 3},          {"", 4},
        {"disable-unlearning=yes", 0},
    };
    size_t record_bytes = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[LINE];
        attempt self;
        snprintf(line, sizeof line,
                 "algorithm=amnesiac-finetuning tasks=4 steps=1 warmup-steps=0 %s",
                 rows[i].options);
        attempt_run(&self, line);
        record_bytes = i == 0 ? self.result.ledger_bytes : record_bytes;
        assert_true(record_bytes >= self.result.parameters * sizeof(float));
        assert_int_equal(self.result.ledger_bytes, rows[i].n_records * record_bytes);
        assert_int_equal(self.result.n_unlearning, 0);
        attempt_clear(&self);
    }
}

static void test_finetuning_keeps_nothing(void **state)
{
    (void)state;
    attempt self;
    attempt_run(&self, "steps=1");
    assert_int_equal(self.result.ledger_bytes, 0);
    assert_int_equal(self.result.n_unlearning, 0);
    assert_true(self.result.unlearn_seconds == 0);
    attempt_clear(&self);
}

/* A request in the middle: later tasks train on what is left, and the derived copies of
 * the weights are those of what is left. With the oracle, which has no copies, the result
 * is the same but for rounding. */
static void run_on(attempt *out, const ebb_strategy *strategy)
{
    char line[LINE];
    snprintf(line, sizeof line,
             "algorithm=amnesiac-finetuning hidden=33,17 unlearn=1:1,2:2 strategy=%s",
             strategy->choice.name);
    attempt_run(out, line);
    assert_true(attempt_accuracy(out, 3, 3) > 0.8);
}

static void test_training_goes_on_after_a_request(void **state)
{
    (void)state;
    attempt exact;
    run_on(&exact, &ebb_strategy_reference);
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        attempt other;
        run_on(&other, ebb_strategy_at(s));
        for (size_t k = 1; k <= 3; k++) {
            const double difference =
                attempt_right(&other, 3, k, 120) - attempt_right(&exact, 3, k, 120);
            assert_true(fabs(difference) <= 1.0 + 1e-9);
        }
        attempt_clear(&other);
    }
    attempt_clear(&exact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_task_goes_alone),
        cmocka_unit_test(test_residue_of_the_last_task),
        cmocka_unit_test(test_parameters_return),
        cmocka_unit_test(test_requests_are_logged),
        cmocka_unit_test(test_age_bounds_the_ledger),
        cmocka_unit_test(test_finetuning_keeps_nothing),
        cmocka_unit_test(test_training_goes_on_after_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
