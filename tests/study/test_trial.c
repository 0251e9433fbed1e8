/* What a trial does and reports: steps, matrices, validation, divergence, seconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "attempt.h"

enum { N_TASKS = 3, N_TEST = 120 };

/* ---- steps ------------------------------------------------------------------------- */

/* 400 samples make 8 batches of 48 and 16 left over; three tasks, warm-up of two steps. A
 * split task has 133 or 134 samples. */
static void test_steps_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        size_t n_steps, n_timed; /* of a task */
    } rows[] = {
        {"epochs=3", 24, 22},
        {"epochs=1 warmup-steps=5", 8, 3},
        {"epochs=1 warmup-steps=9", 8, 0},
        {"epochs=3 last-batch=keep", 27, 22},
        {"epochs=2 last-batch=keep batch-size=50", 16, 14},
        {"epochs=2 last-batch=keep batch-size=200 sequence=split", 2, 0},
        {"steps=5", 5, 3},
        {"steps=8", 8, 6},
        {"steps=20", 20, 18},
        {"steps=8 last-batch=keep", 8, 6},
        {"steps=9 last-batch=keep", 9, 6},
        {"steps=20 last-batch=keep", 20, 16},
        {"steps=3 last-batch=keep batch-size=200 sequence=split", 3, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        attempt self;
        attempt_run(&self, rows[i].options);
        if (self.result.n_steps != N_TASKS * rows[i].n_steps ||
            self.result.n_step_ns != N_TASKS * rows[i].n_timed) {
            fail_msg("%s: %zu steps, %zu timed", rows[i].options, self.result.n_steps,
                     self.result.n_step_ns);
        }
        for (size_t k = 0; k < self.result.n_step_ns; k++) {
            assert_true(self.result.step_ns[k] > 0);
        }
        attempt_clear(&self);
    }
}

static void test_whole_epochs_as_steps(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"epochs=2", "steps=16"},
        {"epochs=2 last-batch=keep", "steps=18 last-batch=keep"},
        {"epochs=2 batch-size=50", "epochs=2 batch-size=50 last-batch=keep"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        attempt one;
        attempt other;
        attempt_run(&one, pairs[i][0]);
        attempt_run(&other, pairs[i][1]);
        attempt_compare(&one, &other);
        attempt_clear(&one);
        attempt_clear(&other);
    }
}

/* ---- matrices ---------------------------------------------------------------------- */

static void check_matrix(const double *matrix, double low, double high)
{
    for (size_t t = 0; t < N_TASKS; t++) {
        for (size_t k = 0; k < N_TASKS; k++) {
            const double value = matrix[t * N_TASKS + k];
            assert_true(k <= t ? value >= low && value <= high : isnan(value));
        }
    }
}

static void test_tasks_to_come_are_not_tested(void **state)
{
    (void)state;
    static const char *const options[] = {"", "scenario=cil", "scenario=dil"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        attempt self;
        attempt_run(&self, options[i]);
        check_matrix(self.result.accuracy, 0, 1);
        check_matrix(self.result.batch_accuracy, 0, 1);
        check_matrix(self.result.loss, 1e-6, 100);
        check_matrix(self.result.batch_loss, 1e-6, 100);
        for (size_t t = 1; t <= N_TASKS; t++) {
            for (size_t k = 1; k <= t; k++) {
                const double right = attempt_right(&self, t, k, N_TEST);
                assert_true(fabs(right - round(right)) < 1e-9);
            }
        }
        attempt_clear(&self);
    }
}

/* One batch is the whole, three batches of 40 weigh alike; 48, 48 and 24 do not. */
static void test_means_over_batches(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        bool equal;
    } rows[] = {
        {"batch-size=40", true}, {"batch-size=48", false}, {"batch-size=200", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        attempt self;
        double largest = 0;
        attempt_run(&self, rows[i].options);
        for (size_t t = 0; t < N_TASKS; t++) {
            for (size_t at = t * N_TASKS; at <= t * N_TASKS + t; at++) {
                const ebb_result *r = &self.result;
                largest = fmax(largest, fabs(r->loss[at] - r->batch_loss[at]));
                assert_true(fabs(r->accuracy[at] - r->batch_accuracy[at]) < 0.2);
            }
        }
        assert_true(rows[i].equal ? largest < 1e-12 : largest > 1e-6);
        attempt_clear(&self);
    }
}

static void test_learns_and_forgets(void **state)
{
    (void)state;
    attempt self;
    attempt_run(&self, "scenario=dil");
    for (size_t t = 1; t <= N_TASKS; t++) {
        assert_true(attempt_accuracy(&self, t, t) > 0.85);
    }
    assert_true(attempt_accuracy(&self, 3, 1) < attempt_accuracy(&self, 1, 1) - 0.1);
    attempt_clear(&self);
}

/* ---- validation -------------------------------------------------------------------- */

static void check_validation(const char *options, size_t n_epochs)
{
    attempt self;
    attempt_run(&self, options);
    assert_int_equal(self.result.n_validation, N_TASKS * n_epochs);
    size_t task = 1;
    size_t epoch = 0;
    for (size_t i = 0; i < self.result.n_validation; i++) {
        const ebb_validation *v = &self.result.validation[i];
        task += epoch == n_epochs;
        epoch = epoch == n_epochs ? 1 : epoch + 1;
        assert_int_equal(v->task, task);
        assert_int_equal(v->epoch, epoch);
        const double right = v->accuracy * 40; /* a tenth of the training samples */
        assert_true(fabs(right - round(right)) < 1e-9);
        assert_true(v->loss > 0 && v->loss < 10);
        assert_true(v->epoch < n_epochs || v->accuracy > 0.7);
    }
    attempt_clear(&self);
}

static void test_validation_follows_each_epoch(void **state)
{
    (void)state;
    check_validation("validation-fraction=0.1 epochs=4", 4);
    check_validation("validation-fraction=0.1 steps=20", 3); /* 7, 7 and 6 steps */
    check_validation("validation-fraction=0.1 steps=14", 2);
    check_validation("validation-fraction=0 epochs=2", 0);
}

/* ---- divergence -------------------------------------------------------------------- */

#define DIVERGE "optimizer=sgd learning-rate=1e30 "

static void test_divergence_is_told(void **state)
{
    (void)state;
    static const char *const options[] = {
        DIVERGE,
        "optimizer=adam learning-rate=1e30",
        DIVERGE "batch-size=200 sequence=split last-batch=keep steps=3",
        DIVERGE "steps=1 tasks=1",
        DIVERGE "steps=1 tasks=1 validation-fraction=0.1",
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        attempt self;
        attempt_run(&self, options[i]);
        assert_true(self.result.diverged);
        assert_false(self.result.valid);
        assert_true(self.result.n_problems > 0);
        assert_non_null(strstr(self.result.problems[0], "diverged"));
        assert_int_equal(strlen(self.result.digest), 64);
        attempt_clear(&self);
    }
}

/* Seen in the losses of the first epoch: no other follows, and nothing is tested. */
static void test_divergence_ends_the_trial(void **state)
{
    (void)state;
    attempt self;
    attempt_run(&self, DIVERGE "epochs=3");
    assert_int_equal(self.result.n_steps, 8);
    assert_non_null(strstr(self.result.problems[0], "the loss of task 1 is "));
    assert_non_null(strstr(self.result.problems[0], " in epoch 1"));
    for (size_t i = 0; i < N_TASKS; i++) {
        assert_true(isnan(self.result.accuracy[i * N_TASKS]));
        assert_int_equal(self.result.task_digests[i][0], '\0');
    }
    attempt_clear(&self);
}

static void test_a_sound_trial_has_not_diverged(void **state)
{
    (void)state;
    attempt self;
    attempt_run(&self, "");
    assert_false(self.result.diverged);
    assert_true(self.result.placement_verified);
    attempt_clear(&self);
}

/* ---- what else is reported --------------------------------------------------------- */

static void test_seconds_are_parts_of_the_whole(void **state)
{
    (void)state;
    attempt self;
    attempt_run(&self, "algorithm=amnesiac-finetuning unlearn=2:1 warmup-steps=0 "
                       "validation-fraction=0.1");
    const ebb_result *r = &self.result;
    const double parts[] = {
        r->data_seconds, r->setup_seconds,  r->train_seconds,   r->validation_seconds,
        r->test_seconds, r->record_seconds, r->unlearn_seconds, 0};
    double sum = 0;
    double steps = 0;
    for (size_t i = 0; i < 7; i++) {
        assert_true(parts[i] > 0);
        sum += parts[i];
    }
    for (size_t i = 0; i < r->n_step_ns; i++) {
        steps += (double)r->step_ns[i] * 1e-9;
    }
    assert_true(sum <= r->wall_seconds);
    assert_true(steps <= r->train_seconds);
    assert_true(steps > 0);
    assert_int_equal(strlen(r->started_at), strlen("2026-01-01T00:00:00Z"));
    attempt_clear(&self);
}

static void test_sizes_and_counts(void **state)
{
    (void)state;
    attempt self;
    attempt_run(&self, "strategy=shards steps=1");
    const ebb_result *r = &self.result;
    /* 49 x 17 and three heads of 17 x 6, each with its bias */
    assert_int_equal(r->parameters, 49 * 17 + 17 + 3 * (17 * 6 + 6));
    /* batch · (4 · all products + 2 · all but the first) */
    assert_true(r->step_flop == 48.0 * (4 * (49 * 17 + 17 * 6) + 2 * 17 * 6));
    assert_true(r->step_bytes > 0);
    assert_int_equal(r->shards, 3);
    assert_true(r->n_kernels > 0);
    assert_true(r->kernels[0].operation[0] != '\0' && r->kernels[0].kernel[0] != '\0');
    assert_true(r->onednn[0] != '\0' && r->onednn_isa[0] != '\0');
    /* values and Adam's two moments */
    assert_true(r->arena_bytes >= 3 * r->parameters * sizeof(float));
    assert_true(r->peak_rss_bytes > r->arena_bytes);
    assert_int_equal(r->threads, 1);
    assert_int_equal(r->usable_cpus, 2);
    attempt_clear(&self);
}

/* 49 x 17 and 17 for the backbone, (17 + 1) a class. */
static void test_classes_of_the_heads(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        size_t classes;
    } rows[] = {
        {"scenario=til", 18},
        {"scenario=til head=masked", 18},
        {"scenario=cil", 18},
        {"scenario=cil cil-classes=all", 18},
        {"scenario=dil", 6},
        {"scenario=til sequence=split", 6},
        {"scenario=cil sequence=split", 6},
        {"scenario=dil sequence=split", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[64];
        attempt self;
        snprintf(line, sizeof line, "%s steps=1", rows[i].options);
        attempt_run(&self, line);
        assert_int_equal(self.result.parameters,
                         49 * 17 + 17 + (17 + 1) * rows[i].classes);
        attempt_clear(&self);
    }
}

typedef struct progress {
    double last;
    size_t n_calls;
} progress;

static void note_progress(void *argument, double share, const char *what)
{
    progress *self = argument;
    assert_true(share >= self->last && share <= 1);
    assert_memory_equal(what, "task ", 5);
    self->last = share;
    self->n_calls++;
}

static void run_set(ebb_result *out, const char *options,
                    const ebb_trial_setting *setting)
{
    ebb_config config;
    attempt_configure(&config, options);
    assert_int_equal(ebb_trial_run(out, &config, setting), EBB_OK);
    ebb_config_clear(&config);
}

static void test_progress_grows_to_one(void **state)
{
    (void)state;
    static const char *const options[] = {"", "steps=20 last-batch=keep"};
    for (size_t i = 0; i < 2; i++) {
        progress seen = {0};
        const int unbound = -1;
        const ebb_trial_setting setting = {.cpus = &unbound,
                                           .usable_cpus = 2,
                                           .progress = note_progress,
                                           .argument = &seen};
        ebb_result result;
        run_set(&result, options[i], &setting);
        assert_true(seen.last == 1);
        assert_true(seen.n_calls > N_TASKS);
        ebb_result_clear(&result);
    }
}

static bool has_problem(const ebb_result *result, const char *part)
{
    for (size_t i = 0; i < result->n_problems; i++) {
        if (strstr(result->problems[i], part) != NULL) {
            return true;
        }
    }
    return false;
}

/* This process is bound to no single CPU, and to none with that number. */
/* A thread's kinds of work are disjoint stretches of the steps. */
static void test_profile_is_within_the_steps(void **state)
{
    (void)state;
    attempt self;
    attempt_run(&self, "threads=2 epochs=2 profile=yes");
    const ebb_result *result = &self.result;
    assert_int_equal(result->n_profile, 2);
    assert_int_equal(result->profile_steps, result->n_steps);
    for (size_t t = 0; t < 2; t++) {
        uint64_t sum = 0;
        for (int work = 0; work < EBB_WORK_COUNT; work++) {
            sum += result->profile[t].ns[work];
        }
        assert_true(sum > 0 && sum <= result->profile_step_ns);
        assert_true(result->profile[t].ns[EBB_WORK_UPDATE] > 0);
    }
    attempt_clear(&self);
    attempt_run(&self, "threads=2 epochs=2");
    assert_null(self.result.profile);
    assert_int_equal(self.result.profile_steps, 0);
    attempt_clear(&self);
}

static void test_wrong_binding_is_no_measurement(void **state)
{
    (void)state;
    const int asked = 4321;
    const ebb_trial_setting setting = {.cpus = &asked, .usable_cpus = 2};
    ebb_result result;
    run_set(&result, "steps=5", &setting);
    assert_false(result.placement_verified);
    assert_false(result.valid);
    assert_true(has_problem(&result, "CPU 4321"));
    ebb_result_clear(&result);
}

static void test_oversubscription_is_noted(void **state)
{
    (void)state;
    const int unbound[] = {-1, -1, -1};
    const ebb_trial_setting setting = {.cpus = unbound, .usable_cpus = 2};
    ebb_result result;
    run_set(&result, "steps=5 threads=3", &setting);
    assert_true(has_problem(&result, "3 threads share 2 usable CPUs"));
    assert_false(has_problem(&result, "waited"));
    assert_true(result.placement_verified);
    ebb_result_clear(&result);
    run_set(&result, "steps=5 threads=2", &setting);
    assert_false(has_problem(&result, "share"));
    ebb_result_clear(&result);
}

static void test_nothing_left_to_time_is_told(void **state)
{
    (void)state;
    attempt self;
    attempt_run(&self, "steps=5 warmup-steps=5");
    assert_int_equal(self.result.n_step_ns, 0);
    assert_true(has_problem(&self.result, "warm-up"));
    attempt_clear(&self);
}

/* ---- failures ---------------------------------------------------------------------- */

static void test_failures_name_their_cause(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        ebb_status status;
        const char *part;
    } rows[] = {
        {"sequence=split batch-size=200", EBB_ERR_USAGE, "--batch-size"},
        {"dataset=mnist data-dir=no-such-folder", EBB_ERR_ENVIRONMENT, "no-such-folder"},
        {"dump=no-such-folder/below", EBB_ERR_ENVIRONMENT, "no-such-folder"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        attempt self;
        assert_int_equal(attempt_try(&self, rows[i].options), rows[i].status);
        assert_non_null(strstr(ebb_last_error(), rows[i].part));
        attempt_clear(&self);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_are_counted),
        cmocka_unit_test(test_whole_epochs_as_steps),
        cmocka_unit_test(test_tasks_to_come_are_not_tested),
        cmocka_unit_test(test_means_over_batches),
        cmocka_unit_test(test_learns_and_forgets),
        cmocka_unit_test(test_validation_follows_each_epoch),
        cmocka_unit_test(test_divergence_is_told),
        cmocka_unit_test(test_divergence_ends_the_trial),
        cmocka_unit_test(test_a_sound_trial_has_not_diverged),
        cmocka_unit_test(test_seconds_are_parts_of_the_whole),
        cmocka_unit_test(test_sizes_and_counts),
        cmocka_unit_test(test_classes_of_the_heads),
        cmocka_unit_test(test_progress_grows_to_one),
        cmocka_unit_test(test_profile_is_within_the_steps),
        cmocka_unit_test(test_wrong_binding_is_no_measurement),
        cmocka_unit_test(test_oversubscription_is_noted),
        cmocka_unit_test(test_nothing_left_to_time_is_told),
        cmocka_unit_test(test_failures_name_their_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
