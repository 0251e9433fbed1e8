/* No allocation inside a timed step: a run of 300 steps allocates as often as a run of 3,
 * namely one block for the whole run. Counts what ebb itself does, see allocations.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "allocations.h"
#include "fixture.h"

enum {
    BATCH = 32,
    SHORT = 3,
    LONG = 300,
    SAMPLES = BATCH * LONG,
    THREADS = 2,
    BLOCK = 2, /* made, released */
};

/* A first layer of more columns than a panel; the strategies that want none get none. */
static const fixture_spec spec = {.features = 9,
                                  .hidden = {133, 17},
                                  .n_heads = 2,
                                  .classes = 10,
                                  .optimizer = &ebb_optimizer_adam,
                                  .numbers = {0.001, 0, 0},
                                  .threads = THREADS,
                                  .n_samples = SAMPLES};

static void init(fixture *base, const ebb_strategy *strategy)
{
    fixture_spec own = spec;
    own.panel = strategy->panel;
    fixture_init(base, &own);
}

/* Allocations and releases while n_steps steps run. */
static size_t count_training(fixture *base, ebb_program *program, size_t n_steps)
{
    static double loss[LONG];
    static uint32_t correct[LONG];
    static uint64_t step_ns[LONG];
    const ebb_training training = {.rows = &base->rows,
                                   .order = base->order,
                                   .n_steps = n_steps,
                                   .target = fixture_target(base, 1),
                                   .loss = loss,
                                   .correct = correct,
                                   .step_ns = step_ns};
    const size_t before = allocations_count();
    const ebb_status status = ebb_program_train(program, &training);
    const size_t after = allocations_count();
    fixture_succeed(status, "training");
    return after - before;
}

static size_t count_testing(fixture *base, ebb_program *program, size_t n)
{
    static float loss[SAMPLES];
    static uint8_t correct[SAMPLES];
    const ebb_testing testing = {.rows = &base->rows,
                                 .samples = base->order,
                                 .n = n,
                                 .target = fixture_target(base, 1),
                                 .loss = loss,
                                 .correct = correct};
    const size_t before = allocations_count();
    const ebb_status status = ebb_program_test(program, &testing);
    const size_t after = allocations_count();
    fixture_succeed(status, "testing");
    return after - before;
}

static void test_steps_allocate_nothing(void **state)
{
    (void)state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        fixture base;
        ebb_program *program = NULL;
        init(&base, ebb_strategy_at(s));
        const size_t before = allocations_count();
        fixture_succeed(ebb_strategy_at(s)->compile_train(&program, base.net, BATCH),
                        "compiling");
        assert_true(allocations_count() > before + BLOCK);
        assert_int_equal(count_training(&base, program, SHORT), BLOCK);
        assert_int_equal(count_training(&base, program, LONG), BLOCK);
        ebb_program_destroy(program);
        fixture_clear(&base);
    }
}

static void test_tests_allocate_nothing(void **state)
{
    (void)state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        fixture base;
        ebb_program *program = NULL;
        init(&base, ebb_strategy_at(s));
        fixture_succeed(ebb_strategy_at(s)->compile_test(&program, base.net),
                        "compiling");
        assert_int_equal(count_testing(&base, program, 1), 0);
        assert_int_equal(count_testing(&base, program, SAMPLES), 0);
        ebb_program_destroy(program);
        fixture_clear(&base);
    }
}

/* ---- can the counters count? ------------------------------------------------------ */

static void allocate_in_step(const void *self, const ebb_step *step)
{
    (void)self;
    (void)step;
    void *volatile block = malloc(16);
    free(block);
}

static void bind_nothing(ebb_program *self, size_t head)
{
    (void)self;
    (void)head;
}

static void test_an_allocating_step_is_seen(void **state)
{
    (void)state;
    const ebb_op op = {.run = allocate_in_step};
    ebb_phase phases[THREADS] = {{&op, 1}, {&op, 1}};
    fixture base;
    fixture_init(&base, &spec);
    ebb_program program = {.net = base.net,
                           .n_rows = BATCH,
                           .n_threads = THREADS,
                           .n_phases = 1,
                           .phases = phases,
                           .bind_head = bind_nothing};
    assert_int_equal(count_training(&base, &program, SHORT), BLOCK + 2 * THREADS * SHORT);
    assert_int_equal(count_training(&base, &program, LONG), BLOCK + 2 * THREADS * LONG);
    fixture_clear(&base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_allocate_nothing),
        cmocka_unit_test(test_tests_allocate_nothing),
        cmocka_unit_test(test_an_allocating_step_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
