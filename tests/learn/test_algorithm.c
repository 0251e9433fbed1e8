/* What every algorithm promises, over the registry, and what AmnesiacFinetuning adds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "learn/algorithm.h"
#include "walk.h"

enum { N_TASKS = 4 };

static ebb_algorithm *create(const ebb_algorithm_kind *kind, walk *base,
                             const ebb_algorithm_spec *spec)
{
    ebb_algorithm *out = NULL;
    assert_int_equal(kind->create(&out, spec, base->parameters), EBB_OK);
    assert_ptr_equal(out->kind, kind);
    return out;
}

/* The events of a task; training is a step of the walk. Events change no parameter. */
static void learn(ebb_algorithm *self, walk *base, size_t task)
{
    float *before = walk_snapshot(base);
    assert_int_equal(ebb_algorithm_begin_task(self, task), EBB_OK);
    assert_true(walk_is_at(base, before));
    walk_step(base);
    float *trained = walk_snapshot(base);
    assert_int_equal(ebb_algorithm_end_task(self, task), EBB_OK);
    assert_true(walk_is_at(base, trained));
    ebb_buffer_free(before);
    ebb_buffer_free(trained);
}

static void test_every_algorithm_goes_through_its_tasks(void **state)
{
    (void)state;
    const ebb_algorithm_spec spec = {.n_tasks = N_TASKS};
    for (size_t i = 0; ebb_algorithm_choice(i) != NULL; i++) {
        const ebb_algorithm_kind *kind = ebb_algorithm_at(i);
        assert_ptr_equal(&kind->choice, ebb_algorithm_choice(i));
        assert_non_null(kind->create);
        assert_non_null(kind->memory_bytes);
        assert_non_null(kind->destroy);
        assert_int_equal(kind->unlearn != NULL, kind->can_unlearn);
        walk base;
        walk_init(&base);
        float *start = walk_snapshot(&base);
        ebb_algorithm *self = create(kind, &base, &spec);
        assert_true(walk_is_at(&base, start));
        assert_int_equal(ebb_algorithm_memory_bytes(self), 0);
        for (size_t task = 1; task <= N_TASKS; task++) {
            learn(self, &base, task);
            const size_t kept_bytes = ebb_algorithm_memory_bytes(self);
            assert_true(!kind->can_unlearn || kept_bytes > 0);
            assert_true(kind != &ebb_algorithm_finetuning || kept_bytes == 0);
        }
        ebb_algorithm_destroy(self);
        ebb_buffer_free(start);
        walk_clear(&base);
    }
    ebb_algorithm_destroy(NULL);
}

static void test_those_that_can_unlearn_do(void **state)
{
    (void)state;
    const ebb_algorithm_spec spec = {.n_tasks = N_TASKS};
    for (size_t i = 0; ebb_algorithm_choice(i) != NULL; i++) {
        walk base;
        walk_init(&base);
        ebb_algorithm *self = create(ebb_algorithm_at(i), &base, &spec);
        learn(self, &base, 1);
        float *start = walk_snapshot(&base);
        learn(self, &base, 2);
        float *end = walk_snapshot(&base);
        size_t moved_bytes = 0;
        const ebb_status status =
            ebb_algorithm_unlearn(self, (const uint8_t[]){2}, 1, &moved_bytes);
        if (self->kind->can_unlearn) {
            assert_int_equal(status, EBB_OK);
            assert_true(moved_bytes >= 3 * base.size_bytes);
            walk_check_back(&base, start, end);
        } else {
            assert_int_equal(status, EBB_ERR_USAGE);
            assert_non_null(strstr(ebb_last_error(), self->kind->choice.name));
            assert_true(walk_is_at(&base, end));
        }
        ebb_algorithm_destroy(self);
        ebb_buffer_free(start);
        ebb_buffer_free(end);
        walk_clear(&base);
    }
}

static void expect_refusal(ebb_algorithm *self, walk *base, uint8_t task)
{
    float *before = walk_snapshot(base);
    size_t moved_bytes = 0;
    assert_int_equal(ebb_algorithm_unlearn(self, &task, 1, &moved_bytes), EBB_ERR_USAGE);
    assert_true(walk_is_at(base, before));
    assert_int_equal(moved_bytes, 0);
    ebb_buffer_free(before);
}

static void expect_unlearned(ebb_algorithm *self, uint8_t task)
{
    size_t moved_bytes = 0;
    assert_int_equal(ebb_algorithm_unlearn(self, &task, 1, &moved_bytes), EBB_OK);
}

/* Task k can go after task t while t − k < age; older records are freed. */
static void test_age_frees_records(void **state)
{
    (void)state;
    const ebb_algorithm_spec spec = {.n_tasks = N_TASKS, .unlearnable_age = 2};
    static const size_t n_records[] = {1, 2, 2, 2};
    walk base;
    walk_init(&base);
    ebb_algorithm *self = create(&ebb_algorithm_amnesiac, &base, &spec);
    float *before[N_TASKS + 1] = {walk_snapshot(&base)}; /* task i + 1 */
    for (size_t task = 1; task <= N_TASKS; task++) {
        learn(self, &base, task);
        before[task] = walk_snapshot(&base);
        assert_int_equal(ebb_algorithm_memory_bytes(self),
                         n_records[task - 1] * base.size_bytes);
    }
    expect_refusal(self, &base, 1);
    expect_refusal(self, &base, 2);
    expect_unlearned(self, 4);
    walk_check_back(&base, before[3], before[4]);
    expect_unlearned(self, 3);
    expect_refusal(self, &base, 3);
    for (size_t i = 0; i <= N_TASKS; i++) {
        ebb_buffer_free(before[i]);
    }
    ebb_algorithm_destroy(self);
    walk_clear(&base);
}

static void test_no_age_keeps_all(void **state)
{
    (void)state;
    const ebb_algorithm_spec spec = {.n_tasks = N_TASKS};
    walk base;
    walk_init(&base);
    ebb_algorithm *self = create(&ebb_algorithm_amnesiac, &base, &spec);
    for (size_t task = 1; task <= N_TASKS; task++) {
        learn(self, &base, task);
    }
    assert_int_equal(ebb_algorithm_memory_bytes(self), N_TASKS * base.size_bytes);
    expect_unlearned(self, 1);
    assert_int_equal(ebb_algorithm_memory_bytes(self), (N_TASKS - 1) * base.size_bytes);
    expect_refusal(self, &base, 1);
    ebb_algorithm_destroy(self);
    walk_clear(&base);
}

/* Only the task just trained. */
static void test_age_one(void **state)
{
    (void)state;
    const ebb_algorithm_spec spec = {.n_tasks = N_TASKS, .unlearnable_age = 1};
    walk base;
    walk_init(&base);
    ebb_algorithm *self = create(&ebb_algorithm_amnesiac, &base, &spec);
    learn(self, &base, 1);
    learn(self, &base, 2);
    assert_int_equal(ebb_algorithm_memory_bytes(self), base.size_bytes);
    expect_refusal(self, &base, 1);
    expect_unlearned(self, 2);
    ebb_algorithm_destroy(self);
    walk_clear(&base);
}

static void test_disabled_unlearning_keeps_nothing(void **state)
{
    (void)state;
    const ebb_algorithm_spec spec = {.n_tasks = N_TASKS, .disable_unlearning = true};
    walk base;
    walk_init(&base);
    ebb_algorithm *self = create(&ebb_algorithm_amnesiac, &base, &spec);
    learn(self, &base, 1);
    assert_int_equal(ebb_algorithm_memory_bytes(self), 0);
    expect_refusal(self, &base, 1);
    assert_non_null(strstr(ebb_last_error(), "disabled"));
    ebb_algorithm_destroy(self);
    walk_clear(&base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_algorithm_goes_through_its_tasks),
        cmocka_unit_test(test_those_that_can_unlearn_do),
        cmocka_unit_test(test_age_frees_records),
        cmocka_unit_test(test_no_age_keeps_all),
        cmocka_unit_test(test_age_one),
        cmocka_unit_test(test_disabled_unlearning_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
