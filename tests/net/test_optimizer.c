#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "net/optimizer.h"

static void assert_near(double value, double expected, double bound)
{
    if (!(fabs(value - expected) <= bound)) {
        fail_msg("%.9g, expected %.9g", value, expected);
    }
}

/* One parameter under update. */
typedef struct parameter {
    float value, first, second;
} parameter;

static void step(const ebb_optimizer *optimizer, const ebb_optimizer_spec *spec,
                 unsigned long count, parameter *self, float gradient)
{
    ebb_optimizer_step numbers;
    optimizer->prepare(&numbers, spec, count);
    optimizer->update(&numbers, 1, &self->value, &self->first, &self->second, &gradient);
}

static void test_sgd_by_hand(void **state)
{
    (void)state;
    const ebb_optimizer_spec plain = {0.1, 0, 0};
    parameter p = {.value = 1.0f};
    step(&ebb_optimizer_sgd, &plain, 1, &p, 0.5f);
    assert_near((double)p.value, 0.95, 1e-7);
    const ebb_optimizer_spec decay = {0.1, 0, 0.01};
    p = (parameter){.value = 2.0f};
    step(&ebb_optimizer_sgd, &decay, 1, &p, 0.5f);
    assert_near((double)p.value, 2.0 - 0.1 * (0.5 + 0.02), 3e-7);
}

static void test_momentum_by_hand(void **state)
{
    (void)state;
    const ebb_optimizer_spec spec = {0.1, 0.5, 0.1};
    parameter p = {.value = 1.0f};
    step(&ebb_optimizer_sgd, &spec, 1, &p, 1.0f);
    assert_near((double)p.first, 1.1, 2e-7); /* 1 + 0.1 · 1 */
    assert_near((double)p.value, 0.89, 2e-7);
    step(&ebb_optimizer_sgd, &spec, 2, &p, -1.0f);
    assert_near((double)p.first, 0.55 - 1.0 + 0.089, 2e-7);
    assert_near((double)p.value, 0.89 - 0.1 * (0.55 - 1.0 + 0.089), 2e-7);
}

static void test_adam_by_hand(void **state)
{
    (void)state;
    const ebb_optimizer_spec spec = {0.001, 0, 0};
    parameter p = {.value = 1.0f};
    step(&ebb_optimizer_adam, &spec, 1, &p, 4.0f);
    assert_near((double)p.first, 0.4, 1e-7);
    assert_near((double)p.second, 0.016, 1e-8);
    /* m/(1 − β1) = 4, √(v/(1 − β2)) = 4: one learning rate, whatever the gradient */
    assert_near((double)p.value, 0.999, 1e-7);
    step(&ebb_optimizer_adam, &spec, 2, &p, -4.0f);
    /* m = 0.36 − 0.4 over 0.19; v = 16 · 0.001999 over 0.001999 */
    assert_near((double)p.first, -0.04, 1e-7);
    assert_near((double)p.value, 0.999 + 0.001 * (0.04 / 0.19) / 4.0, 1e-7);
}

static void test_adam_decay_joins_the_gradient(void **state)
{
    (void)state;
    const ebb_optimizer_spec spec = {0.001, 0, 0.5};
    parameter p = {.value = 2.0f};
    step(&ebb_optimizer_adam, &spec, 1, &p, -0.75f);
    assert_near((double)p.first, 0.1 * 0.25, 1e-8);
    assert_near((double)p.second, 0.001 * 0.0625, 1e-10);
    assert_near((double)p.value, 1.999, 3e-7);
    /* epsilon: a gradient as large as it goes half as far */
    const ebb_optimizer_spec plain = {0.001, 0, 0};
    p = (parameter){.value = 0.0f};
    step(&ebb_optimizer_adam, &plain, 1, &p, 1e-8f);
    assert_near((double)p.value, -0.0005, 1e-7);
    p = (parameter){.value = 1.0f};
    step(&ebb_optimizer_adam, &plain, 1, &p, 0.0f);
    assert_true(p.value == 1.0f && p.first == 0.0f && p.second == 0.0f);
}

enum { N = 1000, N_STEPS = 100 };

/* A field of parameters under update, beside the oracle's. */
typedef struct pair {
    float value[N], first[N], second[N], gradient[N];
    double exact[N];
    float exact_first[N], exact_second[N];
} pair;

static void begin(pair *self, ebb_random *rng)
{
    memset(self, 0, sizeof *self);
    for (size_t i = 0; i < N; i++) {
        self->value[i] = 0.2f * ebb_random_unit(rng) - 0.1f;
        self->exact[i] = (double)self->value[i];
    }
}

/* Gradients of sizes from 1 down to 1e-6, every seventh zero. */
static void draw_gradients(pair *self, ebb_random *rng)
{
    for (size_t i = 0; i < N; i++) {
        const float size = (float)pow(10.0, -(double)(i % 7));
        self->gradient[i] = i % 7 == 3 ? 0.0f : size * ebb_random_normal(rng);
    }
}

/* In pieces of odd lengths: what a piece holds must not depend on where it is cut. */
static void update_in_pieces(const ebb_optimizer *optimizer,
                             const ebb_optimizer_step *numbers, pair *self)
{
    static const size_t lengths[] = {1, 15, 16, 17, 3, 64, 7};
    size_t at = 0;
    for (size_t i = 0; at < N; i++) {
        const size_t length = lengths[i % 7] < N - at ? lengths[i % 7] : N - at;
        optimizer->update(numbers, length, self->value + at, self->first + at,
                          self->second + at, self->gradient + at);
        at += length;
    }
}

/* Each of 100 steps rounds the value once, by up to 2^-24 of it, and the step by some
 * 1e-7 of it: against the way of up to 100 steps, 1e-4 is ten times what was seen. */
static void compare_with_reference(const ebb_optimizer *optimizer,
                                   const ebb_optimizer_spec *spec)
{
    static pair self; /* too large for a stack */
    ebb_random rng;
    ebb_random_init(&rng, 1, EBB_PURPOSE_TEST, 0, 0);
    begin(&self, &rng);
    for (unsigned long t = 1; t <= N_STEPS; t++) {
        ebb_optimizer_step numbers;
        draw_gradients(&self, &rng);
        optimizer->prepare(&numbers, spec, t);
        update_in_pieces(optimizer, &numbers, &self);
        for (size_t i = 0; i < N; i++) {
            self.exact[i] =
                optimizer->reference(spec, t, self.exact[i], &self.exact_first[i],
                                     &self.exact_second[i], (double)self.gradient[i]);
        }
    }
    const double bound = N_STEPS * (spec->learning_rate * 1e-4 + 0.1 * 6e-8);
    for (size_t i = 0; i < N; i++) {
        assert_near((double)self.value[i], self.exact[i], bound);
    }
}

static void test_update_follows_reference(void **state)
{
    (void)state;
    static const ebb_optimizer_spec specs[] = {
        {0.001, 0, 0}, {0.01, 0, 0.01}, {0.01, 0.9, 0}, {0.01, 0.5, 0.1}};
    for (size_t o = 0; ebb_optimizer_choice(o) != NULL; o++) {
        const ebb_optimizer *optimizer = ebb_optimizer_at(o);
        for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
            if (specs[i].momentum == 0 || optimizer->uses_momentum) {
                compare_with_reference(optimizer, &specs[i]);
            }
        }
    }
}

/* Where a row says that its update is linear, the line gives what update gives, but for
 * the rounding of sums of this size. */
static void test_linear_is_the_same_update(void **state)
{
    (void)state;
    static const ebb_optimizer_spec specs[] = {{0.001, 0, 0}, {0.5, 0, 0}, {10, 0, 0}};
    for (size_t o = 0; ebb_optimizer_choice(o) != NULL; o++) {
        const ebb_optimizer *optimizer = ebb_optimizer_at(o);
        ebb_random rng;
        ebb_random_init(&rng, 2, EBB_PURPOSE_TEST, 0, 0);
        for (size_t i = 0; optimizer->linear != NULL && i < 300; i++) {
            ebb_optimizer_step numbers;
            float alpha = 0;
            float beta = 0;
            optimizer->prepare(&numbers, &specs[i % 3], 1);
            assert_true(optimizer->linear(&alpha, &beta, &numbers));
            const float gradient = ebb_random_normal(&rng);
            parameter p = {.value = ebb_random_normal(&rng)};
            const double line = (double)beta * (double)p.value + //
                                (double)alpha * (double)gradient;
            const double size = fabs((double)p.value) + fabs((double)(alpha * gradient));
            step(optimizer, &specs[i % 3], 1, &p, gradient);
            assert_near((double)p.value, line, 2e-7 * size);
        }
    }
}

/* A decay of 1e-9 a step would vanish in 1 − 1e-9 as a float. */
static void test_momentum_and_decay_are_not_linear(void **state)
{
    (void)state;
    static const ebb_optimizer_spec specs[] = {{0.1, 0.9, 0}, {1e-4, 0, 1e-5}};
    for (size_t i = 0; i < 2; i++) {
        ebb_optimizer_step numbers;
        float alpha = 0;
        float beta = 0;
        ebb_optimizer_sgd.prepare(&numbers, &specs[i], 1);
        assert_false(ebb_optimizer_sgd.linear(&alpha, &beta, &numbers));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sgd_by_hand),
        cmocka_unit_test(test_momentum_by_hand),
        cmocka_unit_test(test_adam_by_hand),
        cmocka_unit_test(test_adam_decay_joins_the_gradient),
        cmocka_unit_test(test_update_follows_reference),
        cmocka_unit_test(test_linear_is_the_same_update),
        cmocka_unit_test(test_momentum_and_decay_are_not_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
