#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "recorder.h"

#define COPY(to, from) snprintf((to), sizeof(to), "%s", (from) == NULL ? "" : (from))

ebb_shim *recorder_init(const char *const *words)
{
    char texts[16][128] = {"test"};
    char *argv[17] = {texts[0]};
    int argc = 1;
    for (; words != NULL && words[argc - 1] != NULL; argc++) {
        assert_in_range(argc, 1, 15);
        COPY(texts[argc], words[argc - 1]);
        argv[argc] = texts[argc];
    }
    ebb_shim *shim = NULL;
    if (ebb_shim_init(&shim, &argc, argv, NULL, 0) != EBB_SHIM_OK) {
        fail_msg("init: %s", ebb_shim_last_error());
    }
    assert_int_equal(argc, 1);
    return shim;
}

void recorder_register(ebb_shim *shim, const ebb_shim_benchmark *benchmark)
{
    if (ebb_shim_register_benchmark(shim, benchmark) != EBB_SHIM_OK) {
        fail_msg("register: %s", ebb_shim_last_error());
    }
}

static int keep_context(void *user, const ebb_shim_context *context)
{
    recorder *self = user;
    self->n_contexts++;
    COPY(self->executable, context->executable);
    COPY(self->version, context->library_version);
    COPY(self->date, context->date);
    size_t at = 0;
    for (size_t i = 0; i < context->n_pairs && at < sizeof self->pairs; i++) {
        at += (size_t)snprintf(self->pairs + at, sizeof self->pairs - at, "%s=%s;",
                               context->pairs[i].key, context->pairs[i].value);
    }
    return 0;
}

static void keep_run(recorder *self, const ebb_shim_run *run)
{
    recorded_run *own = &self->runs[self->n_runs++];
    *own = (recorded_run){.outcome = run->outcome,
                          .is_percentage = run->is_percentage,
                          .repetition = run->repetition,
                          .repetitions = run->repetitions,
                          .iterations = run->iterations,
                          .unit = run->unit,
                          .real_time = run->real_time,
                          .cpu_time = run->cpu_time,
                          .n_counters = run->n_counters};
    COPY(own->name, run->name);
    COPY(own->run_name, run->run_name);
    COPY(own->aggregate, run->aggregate_name);
    COPY(own->message, run->message);
    COPY(own->label, run->label);
    assert_in_range(run->n_counters, 0, RECORDER_MAX_COUNTERS);
    for (size_t i = 0; i < run->n_counters; i++) {
        COPY(own->counters[i].name, run->counters[i].name);
        own->counters[i].value = run->counters[i].value;
    }
}

static int keep_runs(void *user, const ebb_shim_run *runs, size_t n)
{
    recorder *self = user;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(runs[i].size, sizeof *runs);
        assert_true(self->n_runs < RECORDER_MAX_RUNS);
        keep_run(self, &runs[i]);
    }
    return self->result_of_runs;
}

static int keep_finish(void *user)
{
    recorder *self = user;
    self->n_finishes++;
    return 0;
}

ebb_shim_status recorder_run(recorder *self, ebb_shim *shim, ebb_shim_summary *summary,
                             const char *filter)
{
    const ebb_shim_reporter reporter = {.size = sizeof reporter,
                                        .user = self,
                                        .context = keep_context,
                                        .runs = keep_runs,
                                        .finish = keep_finish};
    const ebb_shim_options options = {
        .size = sizeof options, .filter = filter, .reporter = &reporter};
    *summary = (ebb_shim_summary){.size = sizeof *summary};
    return ebb_shim_run_benchmarks(shim, summary, &options);
}

recorder recorder_run_one(const ebb_shim_benchmark *benchmark)
{
    recorder all = {0};
    ebb_shim_summary summary;
    ebb_shim *shim =
        recorder_init((const char *const[]){"--benchmark_min_time=0.002", NULL});
    recorder_register(shim, benchmark);
    if (recorder_run(&all, shim, &summary, NULL) != EBB_SHIM_OK) {
        fail_msg("run: %s", ebb_shim_last_error());
    }
    ebb_shim_destroy(shim);
    return all;
}

void recorder_check_failed(const ebb_shim_benchmark *benchmark, const char *text)
{
    const recorder all = recorder_run_one(benchmark);
    assert_int_equal(all.n_runs, 1);
    assert_int_equal(all.runs[0].outcome, EBB_SHIM_FAILED);
    assert_true(isnan(all.runs[0].real_time));
    assert_int_equal(all.runs[0].n_counters, 0);
    if (strstr(all.runs[0].message, text) == NULL) {
        fail_msg("'%s' does not contain '%s'", all.runs[0].message, text);
    }
}

const recorded_run *recorder_find(const recorder *self, const char *name)
{
    const recorded_run *found = NULL;
    for (size_t i = 0; i < self->n_runs; i++) {
        if (strcmp(self->runs[i].name, name) == 0) {
            assert_null(found);
            found = &self->runs[i];
        }
    }
    if (found == NULL) {
        fail_msg("no run is called %s", name);
    }
    return found;
}

size_t recorder_count(const recorder *self, const char *run_name)
{
    size_t n = 0;
    for (size_t i = 0; i < self->n_runs; i++) {
        n += strcmp(self->runs[i].run_name, run_name) == 0;
    }
    return n;
}

double recorder_counter(const recorded_run *run, const char *name)
{
    for (size_t i = 0; i < run->n_counters; i++) {
        if (strcmp(run->counters[i].name, name) == 0) {
            return run->counters[i].value;
        }
    }
    return (double)NAN;
}
