/* Networks: sizes, the derived copies of the weights, and what becomes of stale ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "fixture.h"

static void test_flop_of_a_step(void **state)
{
    (void)state;
    const fixture_spec spec = {
        .features = 784, .hidden = {256, 100, 64}, .n_heads = 5, .classes = 10};
    fixture base;
    fixture_init(&base, &spec);
    const double first = 784.0 * 256;
    const double others = 256.0 * 100 + 100.0 * 64 + 64.0 * 10;
    assert_true(ebb_net_step_flop(base.net, 128) == 128 * (4 * first + 6 * others));
    assert_true(ebb_net_step_flop(base.net, 1) == 4 * first + 6 * others);
    assert_true(ebb_net_step_bytes(base.net, 128) > ebb_net_step_bytes(base.net, 64));
    fixture_clear(&base);
}

static void test_flop_without_hidden_layers(void **state)
{
    (void)state;
    const fixture_spec spec = {.features = 49, .n_heads = 2, .classes = 10};
    fixture base;
    fixture_init(&base, &spec);
    assert_true(ebb_net_step_flop(base.net, 16) == 16.0 * 4 * 49 * 10);
    assert_int_equal(ebb_net_layers(base.net), 1);
    fixture_clear(&base);
}

static void test_arena_bytes_count_moments(void **state)
{
    (void)state;
    fixture_spec spec = {.features = 49, .n_heads = 2, .classes = 10};
    fixture base;
    spec.optimizer = &ebb_optimizer_sgd;
    fixture_init(&base, &spec);
    const size_t size_bytes = base.shape.n_floats * sizeof(float);
    assert_int_equal(ebb_net_arena_bytes(base.net), 2 * size_bytes);
    fixture_clear(&base);
    spec.optimizer = &ebb_optimizer_adam;
    fixture_init(&base, &spec);
    assert_int_equal(ebb_net_arena_bytes(base.net), 3 * size_bytes);
    fixture_clear(&base);
    spec.hidden[0] = 17; /* now the heads have transposed copies too */
    fixture_init(&base, &spec);
    assert_true(ebb_net_arena_bytes(base.net) >
                3 * base.shape.n_floats * sizeof(float) + 17 * sizeof(float) * 20);
    fixture_clear(&base);
}

/* Transposed weights of layers and heads: leading rows of in_leading columns in panels,
 * the padding zero. */
static void check_copy(const fixture *self, size_t number, size_t head)
{
    const ebb_layer *layer = ebb_net_layer(self->net, number, head);
    const float *copy = ebb_net_transposed(self->net, number, head);
    for (size_t j = 0; j < layer->leading; j++) {
        for (size_t i = 0; i < layer->in_leading; i++) {
            const bool inside = i < layer->in && j < layer->out;
            const float expected =
                inside ? self->net->parameters->values[fixture_at(layer, i, j)] : 0.0f;
            const size_t in_panel = i % ebb_net_transposed_panel(layer);
            const size_t at = (i - in_panel) * layer->leading +
                              j * ebb_net_transposed_distance(layer, i) + in_panel;
            assert_true(copy[at] == expected);
        }
    }
}

static void check_copies(const fixture *self)
{
    const size_t n_backbone = self->shape.n_backbone;
    assert_null(ebb_net_transposed(self->net, 0, 0));
    for (size_t l = 1; l < n_backbone; l++) {
        check_copy(self, l, 0);
    }
    for (size_t h = 0; h < self->shape.n_heads && n_backbone > 0; h++) {
        check_copy(self, n_backbone, h);
    }
}

/* A request of unlearning leaves current copies of what it moved; nothing to refresh. */
static void check_following(const fixture_spec *spec)
{
    fixture base;
    fixture_init(&base, spec);
    ebb_parameters *parameters = base.net->parameters;
    float *before = NULL;
    float *record = NULL;
    fixture_succeed(ebb_parameters_arena(&before, parameters), "arena");
    fixture_succeed(ebb_parameters_arena(&record, parameters), "arena");
    ebb_parameters_copy(before, parameters);
    for (size_t i = 0; i < base.shape.n_floats; i++) {
        record[i] = before[i] * (float)(i % 7);
    }
    const float *const records[] = {record, record};
    const size_t bytes = ebb_parameters_subtract(parameters, records, 2);
    assert_true(bytes >= 4 * base.shape.n_floats * sizeof *record);
    for (size_t i = 0; i < base.shape.n_floats; i++) {
        assert_true(parameters->values[i] == before[i] - record[i] - record[i]);
    }
    check_copies(&base);
    assert_int_equal(ebb_net_refresh(base.net), 0);
    ebb_buffer_free(before);
    ebb_buffer_free(record);
    fixture_clear(&base);
}

static void test_copies_follow_a_subtraction(void **state)
{
    (void)state;
    fixture_spec spec = {
        .features = 300, .hidden = {400, 350, 17}, .n_heads = 2, .classes = 10};
    check_following(&spec);
    spec.panel = 128;
    for (spec.threads = 1; spec.threads <= 3; spec.threads++) {
        check_following(&spec);
    }
    spec.hidden[0] = 0;
    check_following(&spec);
}

static void test_refresh_transposes(void **state)
{
    (void)state;
    fixture_spec spec = {
        .features = 5, .hidden = {17, 3, 33}, .n_heads = 3, .classes = 10};
    fixture base;
    fixture_init(&base, &spec);
    check_copies(&base);
    ebb_parameters_initialize(base.net->parameters, EBB_INITIALIZATION_XAVIER_UNIFORM, 99,
                              10);
    ebb_net_refresh(base.net);
    check_copies(&base);
    fixture_clear(&base);
    spec.hidden[0] = 0;
    fixture_init(&base, &spec);
    check_copies(&base);
    fixture_clear(&base);
}

static ebb_status try_step(fixture *base, const ebb_strategy *strategy)
{
    double loss = 0;
    uint32_t correct = 0;
    uint64_t step_ns = 0;
    const ebb_training training = {.rows = &base->rows,
                                   .order = base->order,
                                   .n_steps = 1,
                                   .target = fixture_target(base, 0),
                                   .loss = &loss,
                                   .correct = &correct,
                                   .step_ns = &step_ns};
    ebb_program *program = NULL;
    fixture_succeed(strategy->compile_train(&program, base->net, 16), "compiling");
    const ebb_status status = ebb_program_train(program, &training);
    ebb_program_destroy(program);
    return status;
}

static const fixture_spec stepping = {
    .features = 5, .hidden = {17}, .n_heads = 2, .classes = 3, .numbers = {0.1, 0, 0}};

/* A strategy that works with copies refuses stale ones and leaves everything as it is. */
static void check_refusal(fixture *base, const ebb_strategy *strategy)
{
    float *before = NULL;
    const unsigned long n_steps = base->net->backbone_steps;
    const size_t size_bytes = base->shape.n_floats * sizeof *before;
    fixture_succeed(ebb_parameters_arena(&before, base->net->parameters), "arena");
    ebb_parameters_copy(before, base->net->parameters);
    assert_int_equal(try_step(base, strategy), EBB_ERR_WRONG);
    assert_memory_equal(base->net->parameters->values, before, size_bytes);
    assert_int_equal(base->net->backbone_steps, n_steps);
    ebb_net_refresh(base->net);
    assert_int_equal(try_step(base, strategy), EBB_OK);
    assert_memory_not_equal(base->net->parameters->values, before, size_bytes);
    ebb_buffer_free(before);
}

static void test_stale_copies_are_refused(void **state)
{
    (void)state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        const ebb_strategy *strategy = ebb_strategy_at(s);
        if (strategy == &ebb_strategy_reference) {
            continue; /* has no use for copies */
        }
        fixture base;
        fixture_init(&base, &stepping);
        assert_int_equal(try_step(&base, strategy), EBB_OK);
        ebb_parameters_initialize(base.net->parameters, EBB_INITIALIZATION_UNIFORM_FAN_IN,
                                  1, 3);
        check_refusal(&base, strategy);
        fixture_clear(&base);
    }
}

static void test_oracle_leaves_copies_stale(void **state)
{
    (void)state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        const ebb_strategy *strategy = ebb_strategy_at(s);
        if (strategy == &ebb_strategy_reference) {
            continue;
        }
        fixture base;
        fixture_init(&base, &stepping);
        assert_int_equal(try_step(&base, &ebb_strategy_reference), EBB_OK);
        assert_int_equal(try_step(&base, &ebb_strategy_reference), EBB_OK);
        check_refusal(&base, strategy);
        fixture_clear(&base);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flop_of_a_step),
        cmocka_unit_test(test_flop_without_hidden_layers),
        cmocka_unit_test(test_arena_bytes_count_moments),
        cmocka_unit_test(test_refresh_transposes),
        cmocka_unit_test(test_copies_follow_a_subtraction),
        cmocka_unit_test(test_stale_copies_are_refused),
        cmocka_unit_test(test_oracle_leaves_copies_stale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
