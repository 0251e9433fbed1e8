/* Gradients of every parameter against central differences of an independent forward pass
 * in double precision, for every strategy, head kind and range of classes.
 *
 * The gradient is read off one step of plain SGD: (before − after) / rate. A rate of 2^20
 * makes the difference large beside the values, so that this reading costs no more than
 * one rounding. Central differences with h = 1e-5 err by h²/6 times the third derivative
 * (some 1e-9 here) and by 1e-16/h from rounding; the engine's float sums err by some 1e-7
 * of the largest gradient of their layer. BOUND leaves a factor of ten to that. Where a
 * hidden unit changes its sign between −h and +h the loss has a kink and the difference
 * means nothing: skipped, and counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static const double STEP = 1e-5;
static const double BOUND = 2e-6; /* of the layer's largest gradient */
static const double FLOOR = 2e-9; /* what the differences themselves err */
static const double RATE = 1048576.0;
static const double KINK = 1e-6; /* no sample as near to one as float errs */

enum { MAX_WIDTH = 64 };

typedef struct gradient_case {
    const char *name;
    fixture_spec spec;
    size_t batch;
    ebb_target target;
    size_t n_labels;
} gradient_case;

#define RATES .numbers = {1048576.0, 0, 0} /* RATE */

static const gradient_case cases[] = {
    {"a head", {5, {7, 3}, 1, 4, RATES}, 13, {0, 0, 4, 0}, 4},
    {"one of three heads", {5, {7, 3}, 3, 4, RATES}, 16, {1, 0, 4, 0}, 4},
    {"masked, in the middle", {5, {7, 6}, 1, 20, RATES}, 13, {0, 5, 9, 5}, 4},
    {"masked, at the end", {5, {7, 6}, 1, 20, RATES}, 13, {0, 17, 20, 17}, 3},
    {"seen classes, first task", {5, {7, 6}, 1, 20, RATES}, 13, {0, 0, 2, 0}, 2},
    {"seen classes, third task", {5, {7, 6}, 1, 20, RATES}, 32, {0, 0, 6, 4}, 2},
    {"all classes, second task", {5, {7, 6}, 1, 20, RATES}, 13, {0, 0, 20, 2}, 2},
    {"one class", {5, {7}, 2, 1, RATES}, 13, {1, 0, 1, 0}, 1},
    {"one class of many", {5, {7}, 1, 17, RATES}, 5, {0, 16, 17, 16}, 1},
    {"no hidden layer", {17, {0}, 1, 10, RATES}, 13, {0, 0, 10, 0}, 10},
    {"no hidden layer, masked", {9, {0}, 2, 20, RATES}, 33, {1, 3, 10, 3}, 7},
    {"no hidden layer, few rows", {9, {0}, 2, 40, RATES}, 8, {1, 3, 10, 3}, 7},
    {"wide first layer", {5, {40, 3}, 2, 4, RATES}, 13, {1, 0, 4, 0}, 4},
    {"batch 1", {5, {17}, 1, 3, RATES}, 1, {0, 0, 3, 0}, 3},
    {"width 1", {5, {1}, 1, 3, RATES}, 16, {0, 0, 3, 0}, 3},
    {"one feature", {1, {3}, 1, 3, RATES}, 5, {0, 0, 3, 0}, 3},
    {"two shards", {9, {17, 5}, 1, 10, RATES}, 32, {0, 0, 10, 0}, 10},
    {"three shards, ragged", {9, {17, 5}, 1, 10, RATES}, 61, {0, 0, 10, 0}, 10},
    {"four layers", {6, {5, 4, 9, 6}, 1, 3, RATES}, 13, {0, 0, 3, 0}, 3},
    {"Xavier", {9, {17}, 1, 10, RATES, .xavier = true}, 16, {0, 0, 10, 0}, 10},
};

/* ---- the independent forward pass ------------------------------------------------ */

typedef struct model {
    const fixture *base;
    const gradient_case *which;
    double *values; /* the arena in double */
    uint64_t signs; /* of all hidden units for all samples, hashed */
    double nearest; /* smallest |pre-activation| */
} model;

static void note_sign(model *self, double z)
{
    self->signs = (self->signs ^ (z > 0)) * UINT64_C(1099511628211);
    self->nearest = fmin(self->nearest, fabs(z));
}

static void forward_layer(model *self, double *x, const ebb_layer *layer, bool hidden)
{
    double y[MAX_WIDTH];
    for (size_t j = 0; j < layer->out; j++) {
        y[j] = self->values[fixture_at(layer, layer->in, j)];
        for (size_t i = 0; i < layer->in; i++) {
            y[j] += x[i] * self->values[fixture_at(layer, i, j)];
        }
    }
    for (size_t j = 0; j < layer->out; j++) {
        if (hidden) {
            note_sign(self, y[j]);
        }
        x[j] = hidden && y[j] <= 0 ? 0 : y[j];
    }
}

/* Loss of one sample; *correct: no class has a larger logit, and none before as large. */
static double sample_loss(model *self, uint32_t sample, bool *correct)
{
    const fixture *base = self->base;
    const ebb_target *target = &self->which->target;
    double x[MAX_WIDTH] = {0};
    for (size_t i = 0; i < base->rows.features; i++) {
        const float pixel = (float)base->pixels[sample * base->rows.stride + i];
        x[i] = (double)(pixel * base->rows.scale + base->rows.shift);
    }
    for (size_t l = 0; l < base->shape.n_backbone; l++) {
        forward_layer(self, x, &base->shape.backbone[l], true);
    }
    forward_layer(self, x, &base->shape.heads[target->head], false);
    const size_t label = target->label_offset + base->labels[sample];
    double sum = 0;
    *correct = true;
    for (size_t c = target->class_begin; c < target->class_end; c++) {
        sum += exp(x[c] - x[label]);
        *correct = *correct && (c < label ? x[c] < x[label] : x[c] <= x[label]);
    }
    return log(sum);
}

static double batch_loss(model *self, size_t *n_correct)
{
    const size_t n = self->which->batch;
    double sum = 0;
    self->signs = UINT64_C(14695981039346656037);
    self->nearest = (double)INFINITY;
    *n_correct = 0;
    for (size_t i = 0; i < n; i++) {
        bool correct = false;
        sum += sample_loss(self, self->base->order[i], &correct);
        *n_correct += correct;
    }
    return sum / (double)n;
}

static void open_model(model *self, const fixture *base, const gradient_case *which)
{
    *self = (model){.base = base, .which = which};
    self->values = malloc(base->shape.n_floats * sizeof *self->values);
    assert_non_null(self->values);
    for (size_t i = 0; i < base->shape.n_floats; i++) {
        self->values[i] = (double)base->net->parameters->values[i];
    }
}

/* ---- differences ------------------------------------------------------------------ */

/* False at a kink. */
static bool differentiate(double *out, model *self, size_t at)
{
    const double value = self->values[at];
    size_t unused = 0;
    self->values[at] = value - STEP;
    const double below = batch_loss(self, &unused);
    const uint64_t signs = self->signs;
    self->values[at] = value + STEP;
    const double above = batch_loss(self, &unused);
    self->values[at] = value;
    *out = (above - below) / (2 * STEP);
    return self->signs == signs;
}

/* Central differences of the whole arena; NaN at kinks. */
static double *all_differences(model *self)
{
    const fixture *base = self->base;
    double *out = calloc(base->shape.n_floats, sizeof *out);
    assert_non_null(out);
    size_t n_kinks = 0;
    for (size_t l = 0; l < fixture_layers(base); l++) {
        const ebb_layer *layer = fixture_layer(base, l);
        for (size_t k = 0; k < (layer->in + 1) * layer->out; k++) {
            const size_t at = fixture_at(layer, k / layer->out, k % layer->out);
            if (!differentiate(&out[at], self, at)) {
                out[at] = (double)NAN;
                n_kinks++;
            }
        }
    }
    assert_in_range(n_kinks, 0, base->shape.n_parameters / 20);
    return out;
}

static double largest_of(const double *differences, const ebb_layer *layer)
{
    double largest = 0;
    for (size_t i = 0; i < ebb_layer_floats(layer); i++) {
        largest = fmax(largest, fabs(differences[layer->offset + i]));
    }
    return largest;
}

/* before: the values the model still has. */
static void compare_layer(const model *self, const double *differences,
                          const ebb_layer *layer, const char *what)
{
    const float *after = self->base->net->parameters->values;
    const double bound = BOUND * largest_of(differences, layer) + FLOOR;
    for (size_t k = 0; k < ebb_layer_floats(layer); k++) {
        const size_t at = layer->offset + k;
        const double found = (self->values[at] - (double)after[at]) / RATE;
        if (isfinite(differences[at]) && !(fabs(found - differences[at]) <= bound)) {
            fail_msg("%s, row %zu, column %zu: gradient %.9g, expected %.9g ± %.1g", what,
                     k / layer->leading, k % layer->leading, found, differences[at],
                     bound);
        }
    }
}

static void compare_strategy(const gradient_case *which, const ebb_strategy *strategy)
{
    fixture base;
    model exact;
    fixture_init(&base, &which->spec);
    fixture_label(&base, which->n_labels, 0);
    open_model(&exact, &base, which);
    size_t n_correct = 0;
    const double loss = batch_loss(&exact, &n_correct);
    assert_true(exact.nearest > KINK);
    double *differences = all_differences(&exact);
    ebb_program *program = NULL;
    fixture_succeed(strategy->compile_train(&program, base.net, which->batch),
                    "compiling");
    double found_loss = 0;
    uint32_t found_correct = 0;
    fixture_train(&base, program, which->target, 1, &found_loss, &found_correct);
    assert_true(fabs(found_loss - loss) <= 1e-6 * fmax(1.0, loss));
    assert_int_equal(found_correct, n_correct);
    for (size_t l = 0; l < fixture_layers(&base); l++) {
        char what[64];
        snprintf(what, sizeof what, "%s, layer %zu", strategy->choice.name, l);
        compare_layer(&exact, differences, fixture_layer(&base, l), what);
    }
    /* A head of one class learns nothing; any other case that has no gradient is empty.
     */
    const bool alone = which->target.class_end - which->target.class_begin == 1;
    const ebb_layer *head = &base.shape.heads[which->target.head];
    assert_int_equal(largest_of(differences, head) > 1e-3, !alone);
    ebb_program_destroy(program);
    free(differences);
    free(exact.values);
    fixture_clear(&base);
}

static void compare_gradients(void **state)
{
    const gradient_case *which = *state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        compare_strategy(which, ebb_strategy_at(s));
    }
}

/* ---- tests ------------------------------------------------------------------------- */

/* Test programs, whose last block is ragged, sample by sample. */
static void compare_test(const gradient_case *which, const ebb_strategy *strategy)
{
    fixture base;
    model exact;
    fixture_init(&base, &which->spec);
    fixture_label(&base, which->n_labels, 0);
    open_model(&exact, &base, which);
    float *loss = calloc(base.n_samples, sizeof *loss);
    uint8_t *correct = calloc(base.n_samples, sizeof *correct);
    assert_non_null(loss);
    assert_non_null(correct);
    fixture_test(&base, strategy, which->target, loss, correct);
    size_t n_wrong = 0;
    for (size_t i = 0; i < base.n_samples; i++) {
        bool right = false;
        const double expected = sample_loss(&exact, base.order[i], &right);
        if (!(fabs((double)loss[i] - expected) <= 2e-6 * fmax(1.0, expected))) {
            fail_msg("%s, sample %zu: loss %.9g, expected %.9g", strategy->choice.name, i,
                     (double)loss[i], expected);
        }
        n_wrong += correct[i] != right;
    }
    assert_int_equal(n_wrong, 0);
    free(loss);
    free(correct);
    free(exact.values);
    fixture_clear(&base);
}

static void test_losses_of_samples(void **state)
{
    (void)state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            compare_test(&cases[i], ebb_strategy_at(s));
        }
    }
}

int main(void)
{
    enum { N = sizeof cases / sizeof *cases };
    gradient_case own[N]; /* a state is no pointer to const */
    struct CMUnitTest tests[N + 1] = {cmocka_unit_test(test_losses_of_samples)};
    memcpy(own, cases, sizeof cases);
    for (size_t i = 0; i < N; i++) {
        tests[i + 1] =
            (struct CMUnitTest){own[i].name, compare_gradients, NULL, NULL, &own[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
