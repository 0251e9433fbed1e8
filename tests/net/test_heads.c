/* Which parameters a step may move: the heads that are not asked rest, bit for bit, and
 * columns outside the target's classes have a gradient of zero, which is not the same:
 * weight decay and moments still act on them. For every strategy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "fixture.h"

enum { BATCH = 32, N_HEADS = 4, CLASSES = 5 };

static const struct {
    const ebb_optimizer *optimizer;
    ebb_optimizer_spec numbers;
    bool moves_masked; /* columns that once had a gradient go on without one */
} ways[] = {
    {&ebb_optimizer_sgd, {0.1, 0, 0}, false},
    {&ebb_optimizer_sgd, {0.1, 0, 0.1}, true},
    {&ebb_optimizer_sgd, {0.1, 0.9, 0}, true},
    {&ebb_optimizer_adam, {0.001, 0, 0}, true},
    {&ebb_optimizer_adam, {0.001, 0, 0.1}, true},
};
enum { N_WAYS = sizeof ways / sizeof *ways };

static void open_heads(fixture *self, size_t way, size_t n_heads, size_t classes)
{
    const fixture_spec spec = {.features = 9,
                               .hidden = {17},
                               .n_heads = n_heads,
                               .classes = classes,
                               .optimizer = ways[way].optimizer,
                               .numbers = ways[way].numbers};
    fixture_init(self, &spec);
}

static float *snapshot(const fixture *self)
{
    float *out = NULL;
    fixture_succeed(ebb_parameters_arena(&out, self->net->parameters), "arena");
    ebb_parameters_copy(out, self->net->parameters);
    return out;
}

/* A snapshot of moments, or NULL. */
static float *copy_of(const fixture *self, const float *moments)
{
    float *out = NULL;
    if (moments != NULL) {
        fixture_succeed(ebb_parameters_arena(&out, self->net->parameters), "arena");
        memcpy(out, moments, self->shape.n_floats * sizeof *out);
    }
    return out;
}

static bool same_layer(const float *a, const float *b, const ebb_layer *layer)
{
    return memcmp(a + layer->offset, b + layer->offset,
                  ebb_layer_floats(layer) * sizeof *a) == 0;
}

static void check_rest(const ebb_strategy *strategy, size_t way)
{
    fixture self;
    open_heads(&self, way, N_HEADS, CLASSES);
    const ebb_net *net = self.net;
    fixture_train_once(&self, strategy, BATCH, fixture_target(&self, 0), 2);
    float *values = snapshot(&self);
    float *first = copy_of(&self, net->first);
    float *second = copy_of(&self, net->second);
    fixture_train_once(&self, strategy, BATCH, fixture_target(&self, 2), 3);
    for (size_t h = 0; h < N_HEADS; h++) {
        const ebb_layer *head = &self.shape.heads[h];
        assert_int_equal(same_layer(net->parameters->values, values, head), h != 2);
        assert_true(h == 2 || first == NULL || same_layer(net->first, first, head));
        assert_true(h == 2 || second == NULL || same_layer(net->second, second, head));
    }
    assert_false(same_layer(net->parameters->values, values, &self.shape.backbone[0]));
    ebb_buffer_free(values);
    ebb_buffer_free(first);
    ebb_buffer_free(second);
    fixture_clear(&self);
}

static void test_inactive_heads_rest(void **state)
{
    (void)state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        for (size_t way = 0; way < N_WAYS; way++) {
            check_rest(ebb_strategy_at(s), way);
        }
    }
}

/* The column went where the publication's formulas send it with a gradient of zero.
 * Returns the number of parameters that moved. before: values and moments. */
static size_t check_column(const fixture *self, float *const before[3], size_t column,
                           unsigned long step_count)
{
    const ebb_net *net = self->net;
    const ebb_layer *head = &self->shape.heads[0];
    size_t n_moved = 0;
    for (size_t i = 0; i <= head->in; i++) {
        const size_t at = fixture_at(head, i, column);
        float first = before[1] == NULL ? 0 : before[1][at];
        float second = before[2] == NULL ? 0 : before[2][at];
        const double start = (double)before[0][at];
        const double expected = net->optimizer->reference(
            &net->optimizer_spec, step_count, start, &first, &second, 0.0);
        const double found = (double)net->parameters->values[at];
        const double bound = 1e-7 * fabs(start) + 1e-5 * fabs(expected - start);
        if (!(fabs(found - expected) <= bound)) {
            fail_msg("column %zu, row %zu: %.9g to %.9g, expected %.9g", column, i, start,
                     found, expected);
        }
        n_moved += found != start;
    }
    return n_moved;
}

static void check_masked(const ebb_strategy *strategy, size_t way)
{
    enum { OLD_END = 4, NEW_BEGIN = 6, NEW_END = 9, N = 10 };
    fixture self;
    open_heads(&self, way, 1, N);
    fixture_label(&self, 3, 0);
    const ebb_target old = {0, 0, OLD_END, 0};
    const ebb_target new = {0, NEW_BEGIN, NEW_END, NEW_BEGIN};
    fixture_train_once(&self, strategy, BATCH, old, 2);
    float *const before[3] = {snapshot(&self), copy_of(&self, self.net->first),
                              copy_of(&self, self.net->second)};
    fixture_train_once(&self, strategy, BATCH, new, 1);
    size_t n_moved = 0;
    for (size_t c = 0; c < N; c++) {
        if (c < NEW_BEGIN || c >= NEW_END) {
            n_moved += check_column(&self, before, c, 3);
        }
    }
    assert_int_equal(n_moved > 0, ways[way].moves_masked);
    for (size_t i = 0; i < 3; i++) {
        ebb_buffer_free(before[i]);
    }
    fixture_clear(&self);
}

static void test_masked_columns_have_no_gradient(void **state)
{
    (void)state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        for (size_t way = 0; way < N_WAYS; way++) {
            check_masked(ebb_strategy_at(s), way);
        }
    }
}

/* Columns that never had a gradient rest without decay. */
static void test_unseen_columns_rest(void **state)
{
    (void)state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        fixture self;
        open_heads(&self, 3, 1, 10);
        fixture_label(&self, 2, 0);
        float *before = snapshot(&self);
        const ebb_target seen = {0, 0, 4, 2};
        fixture_train_once(&self, ebb_strategy_at(s), BATCH, seen, 3);
        const ebb_layer *head = &self.shape.heads[0];
        for (size_t i = 0; i <= head->in; i++) {
            const size_t at = fixture_at(head, i, 0);
            const float *now = self.net->parameters->values + at;
            assert_memory_equal(now + 4, before + at + 4, 6 * sizeof *now);
        }
        ebb_buffer_free(before);
        fixture_clear(&self);
    }
}

static double largest_move(const fixture *self, const float *before,
                           const ebb_layer *layer)
{
    double largest = 0;
    for (size_t i = 0; i < ebb_layer_floats(layer); i++) {
        const double now = (double)self->net->parameters->values[layer->offset + i];
        largest = fmax(largest, fabs(now - (double)before[layer->offset + i]));
    }
    return largest;
}

/* Adam's first step is as long as the learning rate, whatever the gradient; a fourth step
 * with the moments of one is about 0.6 of it. So the length tells the counter. */
static void test_each_head_has_a_counter(void **state)
{
    (void)state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        fixture self;
        open_heads(&self, 3, N_HEADS, CLASSES);
        const ebb_strategy *strategy = ebb_strategy_at(s);
        fixture_train_once(&self, strategy, BATCH, fixture_target(&self, 0), 3);
        assert_int_equal(self.net->backbone_steps, 3);
        assert_int_equal(self.net->head_steps[0], 3);
        assert_int_equal(self.net->head_steps[1], 0);
        float *before = snapshot(&self);
        fixture_train_once(&self, strategy, BATCH, fixture_target(&self, 1), 1);
        assert_int_equal(self.net->backbone_steps, 4);
        assert_int_equal(self.net->head_steps[1], 1);
        const double move = largest_move(&self, before, &self.shape.heads[1]);
        assert_true(fabs(move / 0.001 - 1.0) < 0.001);
        ebb_buffer_free(before);
        fixture_clear(&self);
    }
}

static void test_reset_begins_anew(void **state)
{
    (void)state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        fixture self;
        open_heads(&self, 3, N_HEADS, CLASSES);
        const ebb_strategy *strategy = ebb_strategy_at(s);
        fixture_train_once(&self, strategy, BATCH, fixture_target(&self, 0), 4);
        ebb_net_reset_optimizer(self.net);
        for (size_t i = 0; i < self.shape.n_floats; i++) {
            assert_true(self.net->first[i] == 0.0f && self.net->second[i] == 0.0f);
        }
        float *before = snapshot(&self);
        fixture_train_once(&self, strategy, BATCH, fixture_target(&self, 0), 1);
        const double backbone = largest_move(&self, before, &self.shape.backbone[0]);
        const double head = largest_move(&self, before, &self.shape.heads[0]);
        assert_true(fabs(backbone / 0.001 - 1.0) < 0.001);
        assert_true(fabs(head / 0.001 - 1.0) < 0.001);
        ebb_buffer_free(before);
        fixture_clear(&self);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inactive_heads_rest),
        cmocka_unit_test(test_masked_columns_have_no_gradient),
        cmocka_unit_test(test_unseen_columns_rest),
        cmocka_unit_test(test_each_head_has_a_counter),
        cmocka_unit_test(test_reset_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
