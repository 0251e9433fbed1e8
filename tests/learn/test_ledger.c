#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "learn/ledger.h"
#include "walk.h"

enum { N_TASKS = 4 };

/* A ledger that has seen all tasks, and the way of the values: before task i + 1. */
typedef struct history {
    walk walk;
    ebb_ledger *ledger;
    float *before[N_TASKS + 1];
} history;

static void begin(history *self)
{
    memset(self, 0, sizeof *self);
    walk_init(&self->walk);
    assert_int_equal(ebb_ledger_create(&self->ledger, N_TASKS, 2, self->walk.parameters),
                     EBB_OK);
    self->before[0] = walk_snapshot(&self->walk);
}

static void learn(history *self, size_t task)
{
    assert_int_equal(ebb_ledger_open(self->ledger, task), EBB_OK);
    walk_step(&self->walk);
    ebb_ledger_close(self->ledger, task);
    self->before[task] = walk_snapshot(&self->walk);
}

static void learn_all(history *self)
{
    begin(self);
    for (size_t task = 1; task <= N_TASKS; task++) {
        learn(self, task);
    }
}

static void end(history *self)
{
    for (size_t i = 0; i <= N_TASKS; i++) {
        ebb_buffer_free(self->before[i]);
    }
    ebb_ledger_destroy(self->ledger);
    walk_clear(&self->walk);
}

static void subtract(history *self, const uint8_t *tasks, size_t n)
{
    size_t moved_bytes = 0;
    assert_int_equal(ebb_ledger_subtract(self->ledger, tasks, n, &moved_bytes), EBB_OK);
    assert_int_equal(moved_bytes, (2 + n) * self->walk.size_bytes);
}

static void test_subtracting_returns_to_the_start(void **state)
{
    (void)state;
    history self;
    learn_all(&self);
    const uint64_t generation = self.walk.parameters->generation;
    subtract(&self, (const uint8_t[]){N_TASKS}, 1);
    walk_check_back(&self.walk, self.before[N_TASKS - 1], self.before[N_TASKS]);
    assert_false(walk_is_at(&self.walk, self.before[N_TASKS]));
    assert_true(self.walk.parameters->generation > generation);
    end(&self);
}

/* What task 2 changed goes, what the others changed stays: θ = θ4 − (θ2 − θ1). */
static void test_subtracts_what_the_task_changed(void **state)
{
    (void)state;
    history self;
    learn_all(&self);
    subtract(&self, (const uint8_t[]){2}, 1);
    for (size_t i = 0; i < self.walk.shape.n_floats; i++) {
        const float change = self.before[2][i] - self.before[1][i];
        assert_true(self.walk.parameters->values[i] == self.before[4][i] - change);
    }
    end(&self);
}

static void test_one_request_equals_one_after_the_other(void **state)
{
    (void)state;
    history together;
    history apart;
    learn_all(&together);
    learn_all(&apart);
    subtract(&together, (const uint8_t[]){3, 1, 4}, 3);
    subtract(&apart, (const uint8_t[]){3}, 1);
    subtract(&apart, (const uint8_t[]){1}, 1);
    subtract(&apart, (const uint8_t[]){4}, 1);
    assert_true(walk_is_at(&together.walk, apart.walk.parameters->values));
    assert_false(ebb_ledger_has(together.ledger, 1));
    assert_true(ebb_ledger_has(together.ledger, 2));
    assert_false(ebb_ledger_has(together.ledger, 3));
    assert_false(ebb_ledger_has(together.ledger, 4));
    end(&together);
    end(&apart);
}

static void expect_refusal(history *self, const uint8_t *tasks, size_t n)
{
    float *before = walk_snapshot(&self->walk);
    const size_t size_bytes = ebb_ledger_bytes(self->ledger);
    const uint64_t generation = self->walk.parameters->generation;
    size_t moved_bytes = 7;
    assert_int_equal(ebb_ledger_subtract(self->ledger, tasks, n, &moved_bytes),
                     EBB_ERR_USAGE);
    assert_true(walk_is_at(&self->walk, before));
    assert_true(self->walk.parameters->generation == generation);
    assert_int_equal(ebb_ledger_bytes(self->ledger), size_bytes);
    assert_int_equal(moved_bytes, 7);
    ebb_buffer_free(before);
}

static void test_refused_requests_change_nothing(void **state)
{
    (void)state;
    history self;
    begin(&self);
    learn(&self, 1);
    learn(&self, 2);
    expect_refusal(&self, (const uint8_t[]){3}, 1); /* not trained */
    expect_refusal(&self, (const uint8_t[]){1, 3}, 2);
    expect_refusal(&self, (const uint8_t[]){2, 1, 2}, 3); /* twice */
    expect_refusal(&self, (const uint8_t[]){0}, 1);
    expect_refusal(&self, (const uint8_t[]){N_TASKS + 1}, 1);
    subtract(&self, (const uint8_t[]){1}, 1);
    expect_refusal(&self, (const uint8_t[]){1}, 1); /* gone */
    expect_refusal(&self, (const uint8_t[]){2, 1}, 2);
    assert_true(ebb_ledger_has(self.ledger, 2));
    end(&self);
}

static void test_bytes_are_those_of_the_records(void **state)
{
    (void)state;
    history self;
    begin(&self);
    const size_t record = self.walk.size_bytes;
    assert_int_equal(ebb_ledger_bytes(self.ledger), 0);
    assert_int_equal(ebb_ledger_open(self.ledger, 1), EBB_OK);
    assert_int_equal(ebb_ledger_bytes(self.ledger), record);
    learn(&self, 1); /* opened again: the first record is replaced */
    assert_int_equal(ebb_ledger_bytes(self.ledger), record);
    learn(&self, 2);
    assert_int_equal(ebb_ledger_bytes(self.ledger), 2 * record);
    ebb_ledger_drop(self.ledger, 1);
    ebb_ledger_drop(self.ledger, 1);
    ebb_ledger_drop(self.ledger, 3);
    assert_int_equal(ebb_ledger_bytes(self.ledger), record);
    assert_false(ebb_ledger_has(self.ledger, 1));
    assert_true(ebb_ledger_has(self.ledger, 2));
    subtract(&self, (const uint8_t[]){2}, 1);
    assert_int_equal(ebb_ledger_bytes(self.ledger), 0);
    end(&self);
}

static void test_has_knows_its_tasks(void **state)
{
    (void)state;
    history self;
    learn_all(&self);
    assert_false(ebb_ledger_has(self.ledger, 0));
    assert_true(ebb_ledger_has(self.ledger, 1));
    assert_true(ebb_ledger_has(self.ledger, N_TASKS));
    assert_false(ebb_ledger_has(self.ledger, N_TASKS + 1));
    ebb_ledger_destroy(NULL);
    end(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subtracting_returns_to_the_start),
        cmocka_unit_test(test_subtracts_what_the_task_changed),
        cmocka_unit_test(test_one_request_equals_one_after_the_other),
        cmocka_unit_test(test_refused_requests_change_nothing),
        cmocka_unit_test(test_bytes_are_those_of_the_records),
        cmocka_unit_test(test_has_knows_its_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
