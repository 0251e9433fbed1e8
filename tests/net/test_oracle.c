/* Every strategy against the one written in plain loops in double precision.
 *
 * Both train the same network on the same batches. What is compared is the way each layer
 * went: |difference of the results| / |way of the oracle|, Euclidean. Rounding alone
 * makes 1e-7 to 1e-5 of it: sums of K terms in float err by about sqrt(K) · 6e-8, K up to
 * 785, and a few steps amplify that a little. A pre-activation within rounding of zero
 * may have either sign; then one unit's share for one sample differs, 1/batch of one
 * column of many. (A gradient within rounding of zero may also have either sign, but is
 * far below Adam's epsilon and moves nothing.) BOUND leaves room for such a sign in the
 * widest layers, where it may happen on some machine, and is far below what a wrong row,
 * column or sample makes: 1/sqrt(rows), 1/sqrt(columns), 1/batch, never less than 0.0078.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "fixture.h"

static const double BOUND = 5e-4;
static const double LOSS_BOUND = 1e-5; /* nats, relative above 1 */

enum { MAX_RUNS = 4, MAX_STEPS = 8 };

/* Consecutive steps with one batch size and one target. */
typedef struct run {
    size_t batch, n_steps;
    ebb_target target;
    size_t n_labels;
} run;

typedef struct oracle_case {
    const char *name;
    fixture_spec spec;
    run runs[MAX_RUNS]; /* ends at batch 0 */
} oracle_case;

#define ADAM            .optimizer = &ebb_optimizer_adam, .numbers = {0.001, 0, 0}
#define SGD             .optimizer = &ebb_optimizer_sgd, .numbers = {0.1, 0, 0}
#define MOMENTUM        .optimizer = &ebb_optimizer_sgd, .numbers = {0.05, 0.9, 0}
#define ADAM_DECAY      .optimizer = &ebb_optimizer_adam, .numbers = {0.002, 0, 0.05}
#define SGD_DECAY       .optimizer = &ebb_optimizer_sgd, .numbers = {0.05, 0.9, 0.05}
#define SGD_PLAIN_DECAY .optimizer = &ebb_optimizer_sgd, .numbers = {0.1, 0, 0.01}
#define HEAD(number, n) {number, 0, n, 0}, n

static const oracle_case cases[] = {
    {"the published network",
     {784, {256, 100, 64}, 5, 10, ADAM},
     {{128, 2, HEAD(0, 10)}, {32, 2, HEAD(1, 10)}}},
    {"the published network, sgd",
     {784, {256, 100, 64}, 1, 10, SGD},
     {{128, 2, HEAD(0, 10)}}},
    {"width 1", {49, {1}, 1, 10, SGD}, {{16, 4, HEAD(0, 10)}, {1, 3, HEAD(0, 10)}}},
    {"widths 3, 1, 17", {5, {3, 1, 17}, 2, 3, MOMENTUM}, {{13, 4, HEAD(1, 3)}}},
    {"width 17, Adam", {49, {17}, 1, 10, ADAM}, {{32, 4, HEAD(0, 10)}}},
    {"widths 100 and 256", {5, {100, 256}, 1, 2, SGD}, {{100, 3, HEAD(0, 2)}}},
    {"one feature", {1, {17, 3}, 1, 5, SGD}, {{5, 4, HEAD(0, 5)}}},
    {"one of everything", {1, {1}, 1, 1, SGD_DECAY}, {{1, 4, HEAD(0, 1)}}},
    {"batch 1", {49, {17, 3}, 1, 10, ADAM}, {{1, 8, HEAD(0, 10)}}},
    {"batch 5", {784, {17}, 1, 10, SGD}, {{5, 4, HEAD(0, 10)}}},
    {"ragged",
     {49, {100, 17}, 1, 10, ADAM},
     {{32, 4, HEAD(0, 10)},
      {5, 1, HEAD(0, 10)},
      {32, 4, HEAD(0, 10)},
      {13, 1, HEAD(0, 10)}}},
    {"no hidden layer", {784, {0}, 1, 10, SGD}, {{32, 4, HEAD(0, 10)}}},
    {"no hidden layer, ten heads",
     {49, {0}, 10, 1, ADAM_DECAY},
     {{13, 3, HEAD(9, 1)}, {13, 3, HEAD(0, 1)}}},
    {"ten heads, back and forth",
     {49, {17, 100}, 10, 10, ADAM},
     {{16, 3, HEAD(0, 10)},
      {16, 2, HEAD(9, 10)},
      {13, 3, HEAD(4, 10)},
      {16, 2, HEAD(0, 10)}}},
    {"ten heads, momentum and decay",
     {49, {17}, 10, 3, SGD_DECAY},
     {{100, 2, HEAD(3, 3)}, {100, 2, HEAD(9, 3)}, {100, 2, HEAD(3, 3)}}},
    {"one class a head", {49, {17}, 10, 1, SGD_DECAY}, {{13, 3, HEAD(9, 1)}}},
    {"masked head",
     {49, {100, 17}, 1, 50, ADAM_DECAY, .xavier = true},
     {{32, 3, {0, 0, 10, 0}, 10},
      {32, 3, {0, 40, 50, 40}, 10},
      {32, 2, {0, 10, 20, 10}, 10}}},
    {"masked head, one class a task",
     {49, {17}, 1, 17, MOMENTUM},
     {{16, 3, {0, 16, 17, 16}, 1}, {16, 3, {0, 3, 4, 3}, 1}}},
    {"growing head",
     {49, {17, 100}, 1, 20, MOMENTUM, .classes_per_draw = 2},
     {{13, 3, {0, 0, 2, 0}, 2}, {13, 3, {0, 0, 4, 2}, 2}, {13, 3, {0, 0, 20, 18}, 2}}},
    {"growing head, Adam, Xavier",
     {784, {100}, 1, 10, ADAM, .xavier = true, .classes_per_draw = 5},
     {{100, 3, {0, 0, 5, 0}, 5}, {100, 2, {0, 0, 10, 5}, 5}}},
    {"Xavier", {49, {256, 3}, 1, 10, SGD, .xavier = true}, {{128, 2, HEAD(0, 10)}}},
    {"a head of 100", {5, {3}, 1, 100, SGD, .xavier = true}, {{16, 4, HEAD(0, 100)}}},
    /* few rows against a wide first layer, which strategies may cut by columns */
    {"wide first layer",
     {49, {300, 17}, 2, 10, SGD_PLAIN_DECAY, .threads = 3},
     {{100, 2, HEAD(0, 10)}, {13, 2, HEAD(1, 10)}, {1, 2, HEAD(0, 10)}}},
    {"wide first layer, wide batch",
     {49, {300}, 1, 10, SGD},
     {{128, 1, HEAD(0, 10)}, {150, 1, HEAD(0, 10)}, {151, 1, HEAD(0, 10)}}},
    {"wide heads alone",
     {49, {0}, 3, 100, SGD, .threads = 2},
     {{16, 2, HEAD(2, 100)}, {16, 2, {0, 30, 60, 30}, 30}, {5, 2, HEAD(2, 100)}}},
    /* more weights than stay in a cache, so that they lie in panels */
    {"wide layers in the middle",
     {5, {400, 350, 3, 400}, 2, 10, ADAM_DECAY, .threads = 3},
     {{40, 2, HEAD(0, 10)}, {13, 2, HEAD(1, 10)}, {100, 1, HEAD(0, 10)}}},
    {"wide layers, SGD",
     {49, {400, 400}, 1, 10, SGD, .threads = 2},
     {{70, 2, HEAD(0, 10)}, {5, 2, HEAD(0, 10)}}},
    {"a wide head",
     {49, {300}, 2, 450, MOMENTUM, .threads = 2},
     {{40, 2, HEAD(1, 450)}, {40, 1, {0, 100, 220, 100}, 120}}},
    {"three threads",
     {49, {100, 17}, 1, 10, ADAM, .threads = 3},
     {{100, 3, HEAD(0, 10)}}},
};

/* What a strategy made of a case. */
typedef struct outcome {
    fixture base;
    float *start; /* values before training */
    double loss[MAX_RUNS * MAX_STEPS];
    uint32_t correct[MAX_RUNS * MAX_STEPS];
    size_t n_steps;
    float *test_loss;
    uint8_t *test_correct;
} outcome;

static void train(outcome *out, const ebb_strategy *strategy, const run *runs)
{
    for (size_t r = 0; r < MAX_RUNS && runs[r].batch > 0; r++) {
        ebb_program *program = NULL;
        assert_true(runs[r].n_steps <= MAX_STEPS);
        fixture_label(&out->base, runs[r].n_labels, (uint32_t)r);
        fixture_succeed(strategy->compile_train(&program, out->base.net, runs[r].batch),
                        "compiling");
        fixture_train(&out->base, program, runs[r].target, runs[r].n_steps,
                      out->loss + out->n_steps, out->correct + out->n_steps);
        ebb_program_destroy(program);
        out->n_steps += runs[r].n_steps;
    }
}

static outcome *follow(const ebb_strategy *strategy, const oracle_case *which,
                       size_t panel)
{
    outcome *out = calloc(1, sizeof *out);
    fixture_spec spec = which->spec;
    assert_non_null(out);
    spec.panel = panel;
    fixture_init(&out->base, &spec);
    fixture_succeed(ebb_parameters_arena(&out->start, out->base.net->parameters),
                    "arena");
    ebb_parameters_copy(out->start, out->base.net->parameters);
    train(out, strategy, which->runs);
    out->test_loss = calloc(out->base.n_samples, sizeof *out->test_loss);
    out->test_correct = calloc(out->base.n_samples, sizeof *out->test_correct);
    assert_non_null(out->test_loss);
    assert_non_null(out->test_correct);
    fixture_test(&out->base, strategy, which->runs[0].target, out->test_loss,
                 out->test_correct);
    return out;
}

static void forget(outcome *self)
{
    ebb_buffer_free(self->start);
    free(self->test_loss);
    free(self->test_correct);
    fixture_clear(&self->base);
    free(self);
}

static double distance(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += pow((double)a[i] - (double)b[i], 2);
    }
    return sqrt(sum);
}

static void compare_layers(const outcome *oracle, const outcome *other, const char *name)
{
    const float *expected = oracle->base.net->parameters->values;
    float *found = fixture_in_rows(&other->base, other->base.net->parameters->values);
    for (size_t l = 0; l < fixture_layers(&oracle->base); l++) {
        const ebb_layer *layer = fixture_layer(&oracle->base, l);
        const size_t n = ebb_layer_floats(layer);
        const size_t at = layer->offset;
        const double way = distance(expected + at, oracle->start + at, n);
        const double error = distance(found + at, expected + at, n);
        if (!(error <= BOUND * way)) {
            fail_msg("%s, layer %zu: error %.3g of the way %.3g", name, l, error, way);
        }
    }
    free(found);
}

static void compare_losses(const outcome *oracle, const outcome *other, const char *name)
{
    size_t differing = 0;
    for (size_t i = 0; i < oracle->n_steps; i++) {
        const double bound = LOSS_BOUND * fmax(1.0, oracle->loss[i]);
        if (!(fabs(other->loss[i] - oracle->loss[i]) <= bound)) {
            fail_msg("%s, step %zu: loss %.9g, expected %.9g", name, i, other->loss[i],
                     oracle->loss[i]);
        }
        differing += (size_t)abs((int)other->correct[i] - (int)oracle->correct[i]);
    }
    /* Two logits within rounding of each other may be told apart either way. */
    assert_in_range(differing, 0, 1);
}

static void compare_tests(const outcome *oracle, const outcome *other, const char *name)
{
    size_t differing = 0;
    for (size_t i = 0; i < oracle->base.n_samples; i++) {
        const double expected = (double)oracle->test_loss[i];
        const double found = (double)other->test_loss[i];
        if (!(fabs(found - expected) <= 1e-4 * fmax(1.0, expected))) {
            fail_msg("%s, sample %zu: loss %.9g, expected %.9g", name, i, found,
                     expected);
        }
        differing += other->test_correct[i] != oracle->test_correct[i];
    }
    assert_in_range(differing, 0, 1);
}

static void check_all_padding(const outcome *self)
{
    fixture_check_padding(&self->base, self->base.net->parameters->values);
    fixture_check_padding(&self->base, self->base.net->first);
    fixture_check_padding(&self->base, self->base.net->second);
}

/* Where nothing moves, nothing is proved; one class alone has no gradient. */
static void check_moved(const outcome *oracle, const run *runs)
{
    const ebb_target *target = &runs[0].target;
    if (target->class_end - target->class_begin > 1) {
        const double way = distance(oracle->base.net->parameters->values, oracle->start,
                                    oracle->base.shape.n_floats);
        assert_true(way > 1e-3);
    }
}

static void compare_with(const outcome *oracle, const ebb_strategy *strategy,
                         const oracle_case *which, size_t panel)
{
    char name[160];
    snprintf(name, sizeof name, "%s: %s", which->name, strategy->choice.name);
    outcome *other = follow(strategy, which, panel);
    compare_layers(oracle, other, name);
    compare_losses(oracle, other, name);
    compare_tests(oracle, other, name);
    check_all_padding(other);
    forget(other);
}

static void compare(void **state)
{
    const oracle_case *which = *state;
    outcome *oracle = follow(&ebb_strategy_reference, which, 0);
    check_all_padding(oracle);
    check_moved(oracle, which->runs);
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        const ebb_strategy *strategy = ebb_strategy_at(s);
        if (strategy == &ebb_strategy_reference) {
            continue;
        }
        compare_with(oracle, strategy, which, 0);
        if (strategy->panel > 0) {
            compare_with(oracle, strategy, which, strategy->panel);
        }
    }
    forget(oracle);
}

/* ---- awkward shapes: every combination ---------------------------------------------
 */

enum { N_WIDTHS = 3, N_BATCHES = 3, N_TEAMS = 2 };
static const size_t widths[N_WIDTHS] = {1, 3, 17};
static const size_t batches[N_BATCHES] = {1, 5, 13};
/* Three are more than some rows and columns. */
static const size_t teams[N_TEAMS] = {1, 3};

/* What a scenario asks of the head: of two tasks with 5 classes each, one after the
 * other. */
static const struct {
    const char *name;
    size_t n_heads, classes;
    ebb_target tasks[2];
} scenarios[] = {
    {"awkward shapes, til", 2, 5, {{1, 0, 5, 0}, {0, 0, 5, 0}}},
    {"awkward shapes, til, masked head", 1, 10, {{0, 5, 10, 5}, {0, 0, 5, 0}}},
    {"awkward shapes, dil", 1, 5, {{0, 0, 5, 0}, {0, 0, 5, 0}}},
    {"awkward shapes, cil, seen classes", 1, 10, {{0, 0, 5, 0}, {0, 0, 10, 5}}},
    {"awkward shapes, cil, all classes", 1, 10, {{0, 0, 10, 0}, {0, 0, 10, 5}}},
};
enum { N_SCENARIOS = sizeof scenarios / sizeof *scenarios };

static void compare_shape(size_t scenario, const ebb_optimizer *optimizer, size_t width,
                          size_t batch)
{
    const ebb_target *tasks = scenarios[scenario].tasks;
    for (size_t t = 0; t < N_TEAMS; t++) {
        char name[128];
        snprintf(name, sizeof name, "%s, width %zu, batch %zu, threads %zu",
                 optimizer->choice.name, width, batch, teams[t]);
        oracle_case own = {name,
                           {7,
                            {width, width},
                            scenarios[scenario].n_heads,
                            scenarios[scenario].classes,
                            .optimizer = optimizer,
                            .numbers = {0.01, 0, 0},
                            .threads = teams[t],
                            .n_samples = 40},
                           {{batch, 3, tasks[0], 5}, {batch, 3, tasks[1], 5}}};
        void *state = &own;
        compare(&state);
    }
}

static void compare_shapes(void **state)
{
    const size_t scenario = *(const size_t *)*state;
    for (size_t o = 0; ebb_optimizer_choice(o) != NULL; o++) {
        for (size_t w = 0; w < N_WIDTHS; w++) {
            for (size_t b = 0; b < N_BATCHES; b++) {
                compare_shape(scenario, ebb_optimizer_at(o), widths[w], batches[b]);
            }
        }
    }
}

int main(void)
{
    enum { N = sizeof cases / sizeof *cases };
    oracle_case own[N]; /* a state is no pointer to const */
    size_t numbers[N_SCENARIOS];
    struct CMUnitTest tests[N + N_SCENARIOS];
    memcpy(own, cases, sizeof cases);
    for (size_t i = 0; i < N; i++) {
        tests[i] = (struct CMUnitTest){own[i].name, compare, NULL, NULL, &own[i]};
    }
    for (size_t i = 0; i < N_SCENARIOS; i++) {
        numbers[i] = i;
        tests[N + i] = (struct CMUnitTest){scenarios[i].name, compare_shapes, NULL, NULL,
                                           &numbers[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
