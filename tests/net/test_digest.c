/* Same bits at every number of threads: parameters, moments, losses and tests, for every
 * strategy that promises it. And steps leave the derived copies of the weights as if they
 * had just been made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { N_STEPS = 3, N_SAMPLES = 400, MAX_RUNS = 2 };

/* Beyond two the threads of a small machine share processors. */
static const size_t team_sizes[] = {2, 3, 4, 5, 7, 8};
enum { N_SIZES = sizeof team_sizes / sizeof *team_sizes };

typedef struct digest_case {
    const char *name;
    fixture_spec spec;
    size_t batches[MAX_RUNS]; /* one after the other; 0: none */
    ebb_target target;
    size_t n_shards; /* of strategy shards for the first batch */
} digest_case;

#define ADAM     .optimizer = &ebb_optimizer_adam, .numbers = {0.001, 0, 0.01}
#define SGD      .optimizer = &ebb_optimizer_sgd, .numbers = {0.1, 0, 0}
#define MOMENTUM .optimizer = &ebb_optimizer_sgd, .numbers = {0.05, 0.9, 0.01}

static const digest_case cases[] = {
    {"one shard", {49, {100, 17}, 2, 10, ADAM}, {16}, {1, 0, 10, 0}, 1},
    {"one ragged shard", {49, {100, 17}, 2, 10, SGD}, {31, 5}, {1, 0, 10, 0}, 1},
    {"two shards", {49, {100, 17}, 1, 20, MOMENTUM}, {32}, {0, 0, 10, 4}, 2},
    {"two ragged shards", {49, {17}, 1, 10, ADAM}, {45, 32}, {0, 0, 10, 0}, 2},
    {"eight shards", {784, {256, 64}, 1, 10, ADAM}, {128, 13}, {0, 0, 10, 0}, 8},
    {"eight shards, sgd", {49, {256, 64}, 1, 10, SGD}, {128}, {0, 0, 10, 0}, 8},
    {"wide first layer", {49, {300, 17}, 2, 10, SGD}, {100, 13}, {1, 0, 10, 0}, 6},
    {"wide heads alone", {49, {0}, 3, 100, SGD}, {40, 5}, {2, 0, 50, 0}, 2},
    {"no hidden layer", {100, {0}, 3, 10, MOMENTUM}, {100}, {2, 0, 10, 0}, 6},
    {"wide layers", {5, {400, 350}, 1, 10, ADAM}, {40, 5}, {0, 0, 10, 0}, 2},
    {"wide layers, sgd", {5, {400, 350}, 1, 10, SGD}, {70}, {0, 0, 10, 0}, 4},
    /* panels of 128 columns and one of the rest; rows at once: 64 and a rest */
    {"a wide head", {20, {300}, 2, 450, MOMENTUM}, {24, 5}, {1, 100, 400, 100}, 1},
    {"a wide first head", {17, {0}, 2, 300, ADAM}, {13, 24}, {1, 0, 300, 0}, 1},
    {"wide batch", {49, {300, 17}, 1, 10, ADAM}, {266}, {0, 0, 10, 0}, 16},
    {"narrow", {3, {1, 3}, 1, 2, SGD}, {48, 1}, {0, 0, 2, 0}, 3},
};

enum { N_CASES = sizeof cases / sizeof *cases };

/* All that must not depend on the number of threads. */
typedef struct outcome {
    fixture base;
    size_t n_shards[MAX_RUNS];
    char digest[EBB_DIGEST_HEX_BYTES];
    double loss[MAX_RUNS * N_STEPS];
    uint32_t correct[MAX_RUNS * N_STEPS];
    float test_loss[N_SAMPLES];
    uint8_t test_correct[N_SAMPLES];
} outcome;

static outcome *follow(const ebb_strategy *strategy, const digest_case *which,
                       size_t threads)
{
    outcome *out = calloc(1, sizeof *out);
    assert_non_null(out);
    fixture_spec spec = which->spec;
    spec.threads = threads;
    spec.n_samples = N_SAMPLES;
    spec.panel = strategy->panel;
    fixture_init(&out->base, &spec);
    for (size_t r = 0; r < MAX_RUNS && which->batches[r] > 0; r++) {
        ebb_program *program = NULL;
        fixture_succeed(
            strategy->compile_train(&program, out->base.net, which->batches[r]),
            "compiling");
        assert_true(strategy != &ebb_strategy_shards || r > 0 ||
                    program->n_shards == which->n_shards);
        out->n_shards[r] = program->n_shards;
        fixture_train(&out->base, program, which->target, N_STEPS,
                      out->loss + r * N_STEPS, out->correct + r * N_STEPS);
        ebb_program_destroy(program);
    }
    fixture_test(&out->base, strategy, which->target, out->test_loss, out->test_correct);
    fixture_succeed(ebb_parameters_digest(out->digest, out->base.net->parameters),
                    "digest");
    return out;
}

/* The steps of the first batch size in runs of n_steps[0 … 2], by a team of two. */
static outcome *follow_in_runs(const ebb_strategy *strategy, const digest_case *which,
                               const size_t n_steps[3])
{
    outcome *out = calloc(1, sizeof *out);
    assert_non_null(out);
    fixture_spec spec = which->spec;
    ebb_program *program = NULL;
    spec.threads = 2;
    spec.n_samples = N_SAMPLES;
    spec.panel = strategy->panel;
    fixture_init(&out->base, &spec);
    fixture_succeed(strategy->compile_train(&program, out->base.net, which->batches[0]),
                    "compiling");
    uint32_t *order = out->base.order;
    size_t done = 0;
    for (size_t i = 0; i < 3 && n_steps[i] > 0; i++) {
        fixture_train(&out->base, program, which->target, n_steps[i], out->loss + done,
                      out->correct + done);
        done += n_steps[i];
        out->base.order = order + done * which->batches[0];
    }
    out->base.order = order;
    ebb_program_destroy(program);
    fixture_test(&out->base, strategy, which->target, out->test_loss, out->test_correct);
    fixture_succeed(ebb_parameters_digest(out->digest, out->base.net->parameters),
                    "digest");
    return out;
}

static void forget(outcome *self)
{
    fixture_clear(&self->base);
    free(self);
}

static void compare_outcomes(const outcome *one, const outcome *other)
{
    const ebb_net *net = one->base.net;
    const size_t size_bytes = one->base.shape.n_floats * sizeof(float);
    assert_string_equal(other->digest, one->digest);
    assert_memory_equal(other->loss, one->loss, sizeof one->loss);
    assert_memory_equal(other->correct, one->correct, sizeof one->correct);
    assert_memory_equal(other->test_loss, one->test_loss, sizeof one->test_loss);
    assert_memory_equal(other->test_correct, one->test_correct, sizeof one->test_correct);
    assert_memory_equal(other->base.net->first, net->first, size_bytes);
    if (net->second != NULL) {
        assert_memory_equal(other->base.net->second, net->second, size_bytes);
    }
}

static void compare_teams(void **state)
{
    const digest_case *which = *state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        const ebb_strategy *strategy = ebb_strategy_at(s);
        if (!strategy->same_bits) {
            continue;
        }
        outcome *one = follow(strategy, which, 1);
        assert_int_equal(strlen(one->digest), 64);
        for (size_t i = 0; i < N_SIZES; i++) {
            outcome *other = follow(strategy, which, team_sizes[i]);
            compare_outcomes(one, other);
            /* Rows often keep their bits where a batch is cut otherwise; not always. */
            assert_memory_equal(other->n_shards, one->n_shards, sizeof one->n_shards);
            forget(other);
        }
        forget(one);
    }
}

/* Without that promise the bits are still those of the number of threads. */
static void test_equal_teams_give_equal_bits(void **state)
{
    (void)state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        const ebb_strategy *strategy = ebb_strategy_at(s);
        for (size_t c = 0; !strategy->same_bits && c < N_CASES; c++) {
            outcome *one = follow(strategy, &cases[c], 2);
            outcome *other = follow(strategy, &cases[c], 2);
            compare_outcomes(one, other);
            forget(one);
            forget(other);
        }
    }
}

/* A run of several steps is the same as several runs: each takes the batch that is its
 * turn and counts on. */
static void test_runs_of_steps_may_be_cut(void **state)
{
    (void)state;
    static const size_t cuts[][3] = {{1, 1, 1}, {2, 1, 0}, {1, 2, 0}};
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        outcome *whole = follow(ebb_strategy_at(s), &cases[0], 2);
        for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
            outcome *cut = follow_in_runs(ebb_strategy_at(s), &cases[0], cuts[c]);
            compare_outcomes(whole, cut);
            forget(cut);
        }
        forget(whole);
    }
}

/* A digest that never changes would be equal, too. */
static void test_digests_tell_apart(void **state)
{
    (void)state;
    const ebb_strategy *strategy = ebb_strategy_at(0);
    outcome *one = follow(strategy, &cases[0], 1);
    fixture_train_once(&one->base, strategy, 16, cases[0].target, 1);
    char digest[EBB_DIGEST_HEX_BYTES];
    fixture_succeed(ebb_parameters_digest(digest, one->base.net->parameters), "digest");
    assert_string_not_equal(digest, one->digest);
    forget(one);
}

/* Trains two heads in turn; renew: derived copies are made anew before each step. */
static void take_turns(char digest[EBB_DIGEST_HEX_BYTES], const ebb_strategy *strategy,
                       const ebb_optimizer *optimizer, bool renew)
{
    const fixture_spec spec = {.features = 49,
                               .hidden = {100, 17, 64},
                               .n_heads = 3,
                               .classes = 10,
                               .optimizer = optimizer,
                               .numbers = {0.01, 0, 0},
                               .threads = 2};
    fixture base;
    fixture_init(&base, &spec);
    for (size_t i = 0; i < 6; i++) {
        if (renew) {
            base.net->parameters->generation++;
            ebb_net_refresh(base.net);
        }
        fixture_train_once(&base, strategy, 40, fixture_target(&base, 2 - i % 3), 1);
    }
    fixture_succeed(ebb_parameters_digest(digest, base.net->parameters), "digest");
    fixture_clear(&base);
}

static void test_derived_copies_stay_current(void **state)
{
    (void)state;
    const ebb_optimizer *const optimizers[] = {&ebb_optimizer_adam, &ebb_optimizer_sgd};
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        for (size_t o = 0; o < 2; o++) {
            char kept[EBB_DIGEST_HEX_BYTES];
            char renewed[EBB_DIGEST_HEX_BYTES];
            take_turns(kept, ebb_strategy_at(s), optimizers[o], false);
            take_turns(renewed, ebb_strategy_at(s), optimizers[o], true);
            assert_string_equal(kept, renewed);
        }
    }
}

/* Three steps, with the profile of both threads. */
static void train_profiled(fixture *base, const ebb_strategy *strategy,
                           ebb_profile profile[2])
{
    double loss[N_STEPS];
    uint32_t correct[N_STEPS];
    uint64_t step_ns[N_STEPS];
    const ebb_training training = {.rows = &base->rows,
                                   .order = base->order,
                                   .n_steps = N_STEPS,
                                   .target = cases[0].target,
                                   .loss = loss,
                                   .correct = correct,
                                   .step_ns = step_ns,
                                   .profile = profile};
    ebb_program *program = NULL;
    fixture_succeed(strategy->compile_train(&program, base->net, 16), "compiling");
    fixture_succeed(ebb_program_train(program, &training), "training");
    uint64_t all_ns = 0;
    uint64_t booked_ns = 0;
    for (size_t i = 0; i < N_STEPS; i++) {
        all_ns += step_ns[i];
    }
    for (size_t work = 0; work < EBB_WORK_COUNT; work++) {
        booked_ns += profile[0].ns[work];
    }
    assert_true(booked_ns > all_ns / 100 && booked_ns <= all_ns);
    assert_true(profile[0].ns[EBB_WORK_UPDATE] > 0);
    ebb_program_destroy(program);
}

static void test_profiles_change_no_bits(void **state)
{
    (void)state;
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        const ebb_strategy *strategy = ebb_strategy_at(s);
        fixture_spec spec = cases[0].spec;
        ebb_profile profile[2] = {0};
        fixture plain;
        fixture profiled;
        spec.threads = 2;
        fixture_init(&plain, &spec);
        fixture_init(&profiled, &spec);
        fixture_train_once(&plain, strategy, 16, cases[0].target, N_STEPS);
        train_profiled(&profiled, strategy, profile);
        assert_memory_equal(profiled.net->parameters->values,
                            plain.net->parameters->values,
                            plain.shape.n_floats * sizeof(float));
        fixture_clear(&plain);
        fixture_clear(&profiled);
    }
}

int main(void)
{
    static const struct CMUnitTest fixed[] = {
        cmocka_unit_test(test_equal_teams_give_equal_bits),
        cmocka_unit_test(test_runs_of_steps_may_be_cut),
        cmocka_unit_test(test_digests_tell_apart),
        cmocka_unit_test(test_derived_copies_stay_current),
        cmocka_unit_test(test_profiles_change_no_bits),
    };
    enum { N_FIXED = sizeof fixed / sizeof *fixed };
    digest_case own[N_CASES]; /* a state is no pointer to const */
    struct CMUnitTest tests[N_FIXED + N_CASES];
    memcpy(tests, fixed, sizeof fixed);
    memcpy(own, cases, sizeof cases);
    for (size_t i = 0; i < N_CASES; i++) {
        tests[N_FIXED + i] =
            (struct CMUnitTest){own[i].name, compare_teams, NULL, NULL, &own[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
