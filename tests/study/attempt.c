#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "attempt.h"

const char attempt_options[] =
    "dataset=synthetic synthetic=400,120,49,6 tasks=3 classes-per-task=2 hidden=17 "
    "sequence=permuted validation-fraction=0 learning-rate=0.01 batch-size=48 epochs=3 "
    "warmup-steps=2";

enum { MAX_THREADS = 16 };

/* The linker leads ebb's trials here instead of to ebb_peak_measure: 40 ms a trial for a
 * number that no test of trials asks for would be most of their time. */
void __wrap_ebb_peak_measure(ebb_peak *out, ebb_team *team, int n_rounds,
                             uint64_t round_ns);

void __wrap_ebb_peak_measure(ebb_peak *out, ebb_team *team, int n_rounds,
                             uint64_t round_ns)
{
    (void)team;
    (void)n_rounds;
    (void)round_ns;
    *out = (ebb_peak){0};
}

static void set_options(ebb_config *config, const char *options)
{
    char *text = strdup(options);
    char *rest = NULL;
    assert_non_null(text);
    for (char *word = strtok_r(text, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        assert_non_null(value);
        *value++ = '\0';
        if (ebb_config_set(config, word, word, value) != EBB_OK) {
            fail_msg("%s", ebb_last_error());
        }
    }
    free(text);
}

void attempt_configure(ebb_config *out, const char *options)
{
    ebb_config_init(out);
    set_options(out, attempt_options);
    out->given = 0; /* may be without meaning beside the options to come */
    set_options(out, options);
    if (ebb_config_check(out, NULL) != EBB_OK) {
        fail_msg("%s: %s", options, ebb_last_error());
    }
}

ebb_status attempt_try(attempt *out, const char *options)
{
    static const int unbound[MAX_THREADS] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                             -1, -1, -1, -1, -1, -1, -1, -1};
    const ebb_trial_setting setting = {.cpus = unbound, .usable_cpus = 2};
    attempt_configure(&out->config, options);
    assert_in_range(out->config.threads, 1, MAX_THREADS);
    return ebb_trial_run(&out->result, &out->config, &setting);
}

void attempt_run(attempt *out, const char *options)
{
    if (attempt_try(out, options) != EBB_OK) {
        fail_msg("%s: %s", options, ebb_last_error());
    }
}

void attempt_clear(attempt *self)
{
    ebb_result_clear(&self->result);
    ebb_config_clear(&self->config);
}

static size_t entry(const attempt *self, size_t after, size_t task)
{
    assert_in_range(after, 1, self->result.n_tasks);
    assert_in_range(task, 1, self->result.n_tasks);
    return (after - 1) * self->result.n_tasks + task - 1;
}

double attempt_accuracy(const attempt *self, size_t after, size_t task)
{
    return self->result.accuracy[entry(self, after, task)];
}

double attempt_right(const attempt *self, size_t after, size_t task, size_t n_test)
{
    return attempt_accuracy(self, after, task) * (double)n_test;
}

void attempt_compare_until(const attempt *one, const attempt *other, size_t n_tasks)
{
    const ebb_result *a = &one->result;
    const ebb_result *b = &other->result;
    assert_int_equal(b->n_tasks, a->n_tasks);
    assert_in_range(n_tasks, 1, a->n_tasks);
    const size_t size_bytes = n_tasks * a->n_tasks * sizeof *a->accuracy;
    assert_memory_equal(b->task_digests, a->task_digests,
                        n_tasks * sizeof *a->task_digests);
    assert_memory_equal(b->accuracy, a->accuracy, size_bytes);
    assert_memory_equal(b->loss, a->loss, size_bytes);
    assert_memory_equal(b->batch_accuracy, a->batch_accuracy, size_bytes);
    assert_memory_equal(b->batch_loss, a->batch_loss, size_bytes);
    for (size_t i = 0; i < a->n_validation && a->validation[i].task <= n_tasks; i++) {
        assert_true(i < b->n_validation);
        assert_memory_equal(&b->validation[i], &a->validation[i],
                            sizeof a->validation[i]);
    }
}

void attempt_compare(const attempt *one, const attempt *other)
{
    attempt_compare_until(one, other, one->result.n_tasks);
    assert_string_equal(other->result.digest, one->result.digest);
    assert_int_equal(other->result.n_validation, one->result.n_validation);
    assert_int_equal(other->result.n_steps, one->result.n_steps);
}
