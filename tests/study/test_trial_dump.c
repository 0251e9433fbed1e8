/* The .npy files of --dump: what an outside witness needs to repeat a trial. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "base/digest.h"
#include "dumps.h"

enum {
    LINE = 256,
    NAME = 32,
    N_SAMPLES = 400,
    N_TASKS = 3,
    BATCH = 48,
    N_FIRST = 49 * 17, /* weights of the first layer */
};

typedef struct dumped {
    attempt trial;
    char path[DUMPS_PATH_BYTES];
} dumped;

static void open_dump(dumped *self, const char *options)
{
    char line[LINE];
    dumps_open(self->path);
    snprintf(line, sizeof line, "%s dump=%s", options, self->path);
    attempt_run(&self->trial, line);
}

static void close_dump(dumped *self)
{
    dumps_close(self->path);
    attempt_clear(&self->trial);
}

static float *read_parameters(const dumped *self, const char *which)
{
    char name[2 * NAME];
    size_t n = self->trial.result.parameters;
    snprintf(name, sizeof name, "parameters_%s", which);
    return dumps_read(&n, self->path, name, "<f4");
}

/* The files hold logical values in the order of the digest, so the digest is theirs. */
static void expect_digest(const dumped *self, const char *which, const char *digest)
{
    char found[EBB_DIGEST_HEX_BYTES];
    float *values = read_parameters(self, which);
    const size_t size_bytes = self->trial.result.parameters * sizeof *values;
    assert_int_equal(ebb_digest_of(found, values, size_bytes), EBB_OK);
    assert_string_equal(found, digest);
    free(values);
}

static void test_parameters_are_those_of_the_digests(void **state)
{
    (void)state;
    static const char *const options[] = {
        "hidden=17,3", "hidden=none scenario=cil",
        "algorithm=amnesiac-finetuning unlearn=2:1 scenario=dil"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        dumped self;
        open_dump(&self, options[i]);
        const ebb_result *result = &self.trial.result;
        for (size_t t = 1; t <= N_TASKS; t++) {
            char name[NAME];
            snprintf(name, sizeof name, "task%zu", t);
            expect_digest(&self, name, result->task_digests[t - 1]);
        }
        expect_digest(&self, "final", result->digest);
        assert_string_equal(result->digest, result->task_digests[N_TASKS - 1]);
        close_dump(&self);
    }
}

static void test_initial_parameters_are_untrained(void **state)
{
    (void)state;
    dumped self;
    open_dump(&self, "");
    float *initial = read_parameters(&self, "initial");
    float *trained = read_parameters(&self, "task1");
    size_t n_moved = 0;
    for (size_t i = 0; i < N_FIRST; i++) { /* ±1/√49 */
        assert_true(fabsf(initial[i]) <= 1.0f / 7.0f);
        n_moved += trained[i] != initial[i];
    }
    assert_true(n_moved > N_FIRST / 2);
    free(initial);
    free(trained);
    close_dump(&self);
}

enum { N_BACKBONE = 49 * 17 + 17, N_ROWS = 17 + 1, N_CLASSES = 6 };
enum { N_HEAD = N_ROWS * N_CLASSES, N_HEADS = N_TASKS * N_HEAD };

/* Does the wide head of `one` begin as the heads of `own`, side by side? */
static bool begins_as_heads(const float *one, const float *own)
{
    for (size_t i = 0; i < N_HEADS; i++) {
        const size_t task = i / N_CLASSES % N_TASKS;
        const size_t row = i / N_CLASSES / N_TASKS;
        const size_t at = task * N_HEAD + row * N_CLASSES + i % N_CLASSES;
        if (one[N_BACKBONE + i] != own[N_BACKBONE + at]) {
            return false;
        }
    }
    return true;
}

/* A head that grows with the tasks is drawn task by task, one that is whole from the
 * start at once. */
static void test_wide_heads_are_drawn_as_they_grow(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        bool grows;
    } rows[] = {
        {"scenario=cil cil-classes=seen steps=1", true},
        {"scenario=cil cil-classes=all steps=1", false},
        {"scenario=til head=masked steps=1", false},
    };
    dumped own;
    open_dump(&own, "scenario=til head=own steps=1");
    float *heads = read_parameters(&own, "initial");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dumped wide;
        open_dump(&wide, rows[i].options);
        float *head = read_parameters(&wide, "initial");
        assert_memory_equal(head, heads, N_BACKBONE * sizeof *head);
        assert_int_equal(begins_as_heads(head, heads), rows[i].grows);
        free(head);
        close_dump(&wide);
    }
    free(heads);
    close_dump(&own);
}

/* Behind the backbone lie the heads; one that is its task's own moves then and rests at
 * all other times. */
static void test_each_task_moves_its_own_head(void **state)
{
    (void)state;
    static const char *const names[] = {"initial", "task1", "task2", "task3"};
    dumped self;
    open_dump(&self, "scenario=til head=own weight-decay=0.01");
    for (size_t t = 1; t <= N_TASKS; t++) {
        float *before = read_parameters(&self, names[t - 1]);
        float *after = read_parameters(&self, names[t]);
        for (size_t k = 1; k <= N_TASKS; k++) {
            size_t n_moved = 0;
            for (size_t i = 0; i < N_HEAD; i++) {
                const size_t at = N_BACKBONE + (k - 1) * N_HEAD + i;
                n_moved += before[at] != after[at];
            }
            assert_int_equal(n_moved > 0, k == t);
        }
        free(before);
        free(after);
    }
    close_dump(&self);
}

/* ---- order of samples ---------------------------------------------------------------
 */

/* Counts how often each sample stands in a part of an order. */
static void count_samples(size_t counts[N_SAMPLES], const uint32_t *order, size_t n)
{
    memset(counts, 0, N_SAMPLES * sizeof *counts);
    for (size_t i = 0; i < n; i++) {
        assert_true(order[i] < N_SAMPLES);
        counts[order[i]]++;
    }
}

static uint32_t *read_order(const dumped *self, size_t task, size_t n)
{
    char name[NAME];
    snprintf(name, sizeof name, "task%zu_order", task);
    return dumps_read(&n, self->path, name, "<u4");
}

/* n distinct samples. */
static void check_distinct(const uint32_t *order, size_t n)
{
    size_t counts[N_SAMPLES];
    count_samples(counts, order, n);
    for (size_t s = 0; s < N_SAMPLES; s++) {
        assert_in_range(counts[s], 0, 1);
    }
}

static void test_orders_are_permutations(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        size_t per_epoch; /* samples */
    } rows[] = {
        {"epochs=2", 384},
        {"epochs=2 last-batch=keep", 400},
        {"epochs=2 last-batch=keep validation-fraction=0.1", 360},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dumped self;
        const size_t n = rows[i].per_epoch;
        open_dump(&self, rows[i].options);
        uint32_t *first = read_order(&self, 1, 2 * n);
        uint32_t *second = read_order(&self, 2, 2 * n);
        check_distinct(first, n);
        check_distinct(first + n, n);
        check_distinct(second, n);
        assert_memory_not_equal(first, first + n, n * sizeof *first);
        assert_memory_not_equal(first, second, n * sizeof *first);
        free(first);
        free(second);
        close_dump(&self);
    }
}

/* The part that is held out is the same in every task and is never trained on. */
static void test_validation_samples_are_not_trained_on(void **state)
{
    (void)state;
    dumped self;
    size_t all[N_SAMPLES] = {0};
    open_dump(&self, "epochs=1 last-batch=keep validation-fraction=0.25");
    for (size_t t = 1; t <= N_TASKS; t++) {
        size_t counts[N_SAMPLES];
        uint32_t *order = read_order(&self, t, 300);
        count_samples(counts, order, 300);
        for (size_t s = 0; s < N_SAMPLES; s++) {
            all[s] += counts[s];
        }
        free(order);
    }
    size_t n_late = 0; /* the part held out is no tail of the file */
    for (size_t s = 0; s < N_SAMPLES; s++) {
        assert_true(all[s] == 0 || all[s] == N_TASKS);
        n_late += s >= 300 && all[s] > 0;
    }
    assert_in_range(n_late, 40, 99);
    close_dump(&self);
}

/* Six classes in three tasks: each sample of the file is in one of them. */
static void test_split_tasks_share_no_sample(void **state)
{
    (void)state;
    dumped self;
    size_t all[N_SAMPLES] = {0};
    size_t n_all = 0;
    open_dump(&self, "sequence=split epochs=1 last-batch=keep");
    for (size_t t = 1; t <= N_TASKS; t++) {
        char name[NAME];
        size_t counts[N_SAMPLES];
        size_t n = 0;
        snprintf(name, sizeof name, "task%zu_order", t);
        uint32_t *order = dumps_read(&n, self.path, name, "<u4");
        count_samples(counts, order, n);
        for (size_t s = 0; s < N_SAMPLES; s++) {
            all[s] += counts[s];
        }
        n_all += n;
        free(order);
    }
    assert_int_equal(n_all, N_SAMPLES);
    for (size_t s = 0; s < N_SAMPLES; s++) {
        assert_int_equal(all[s], 1);
    }
    close_dump(&self);
}

static void test_orders_belong_to_seed_and_task(void **state)
{
    (void)state;
    dumped one;
    dumped same;
    dumped other;
    open_dump(&one, "steps=3");
    open_dump(&same, "steps=3 scenario=dil hidden=3 tasks=2 optimizer=sgd");
    open_dump(&other, "steps=3 seed=2");
    const size_t n = (size_t)3 * BATCH;
    uint32_t *a = read_order(&one, 2, n);
    uint32_t *b = read_order(&same, 2, n);
    uint32_t *c = read_order(&other, 2, n);
    assert_memory_equal(a, b, n * sizeof *a);
    assert_memory_not_equal(a, c, n * sizeof *a);
    free(a);
    free(b);
    free(c);
    close_dump(&one);
    close_dump(&same);
    close_dump(&other);
}

/* ---- losses --------------------------------------------------------------------------
 */

/* Six classes: the loss begins near ln 6 and falls. */
static void test_losses_of_every_step(void **state)
{
    (void)state;
    dumped self;
    size_t n = 27;
    open_dump(&self, "epochs=3 last-batch=keep");
    double *loss = dumps_read(&n, self.path, "task1_loss", "<f8");
    assert_true(fabs(loss[0] - log(6)) < 0.5);
    assert_true(loss[26] < 0.5 * loss[0]);
    for (size_t i = 0; i < n; i++) {
        assert_true(loss[i] > 0);
        assert_true(i == 0 || loss[i] != loss[i - 1]);
    }
    free(loss);
    close_dump(&self);
}

static void test_an_existing_folder_is_used(void **state)
{
    (void)state;
    dumped self;
    open_dump(&self, "steps=3");
    char line[LINE];
    attempt again;
    snprintf(line, sizeof line, "steps=2 dump=%s", self.path);
    attempt_run(&again, line);
    uint32_t *order = read_order(&self, 1, (size_t)2 * BATCH); /* the new one */
    free(order);
    attempt_clear(&again);
    close_dump(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters_are_those_of_the_digests),
        cmocka_unit_test(test_initial_parameters_are_untrained),
        cmocka_unit_test(test_wide_heads_are_drawn_as_they_grow),
        cmocka_unit_test(test_each_task_moves_its_own_head),
        cmocka_unit_test(test_orders_are_permutations),
        cmocka_unit_test(test_validation_samples_are_not_trained_on),
        cmocka_unit_test(test_split_tasks_share_no_sample),
        cmocka_unit_test(test_orders_belong_to_seed_and_task),
        cmocka_unit_test(test_losses_of_every_step),
        cmocka_unit_test(test_an_existing_folder_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
