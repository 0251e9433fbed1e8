#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "learn/metrics.h"
#include "study/json.h"
#include "study/record.h"

enum { N = FIXTURE_TASKS };

static const char *or_else(const char *text, const char *fallback)
{
    return text != NULL ? text : fallback;
}

static size_t count_or(size_t count, size_t fallback)
{
    return count != 0 ? count : fallback;
}

static json_t *config_of(const fixture *trial)
{
    static const char *const names[] = {"algorithm", "strategy",  "placement",
                                        "unlearn",   "tasks",     "threads",
                                        "seed",      "batch_size"};
    char numbers[4][24];
    const size_t counts[] = {N, count_or(trial->threads, 1), count_or(trial->seed, 1),
                             count_or(trial->batch, 128)};
    const char *const values[] = {or_else(trial->algorithm, "finetuning"),
                                  or_else(trial->strategy, "shards"),
                                  or_else(trial->placement, "cores"),
                                  trial->unlearn,
                                  numbers[0],
                                  numbers[1],
                                  numbers[2],
                                  trial->per_thread > 0 ? NULL : numbers[3]};
    ebb_config config;
    ebb_config_init(&config);
    for (size_t i = 0; i < 8; i++) {
        if (i >= 4) {
            snprintf(numbers[i - 4], sizeof numbers[0], "%zu", counts[i - 4]);
        }
        if (values[i] != NULL) {
            assert_int_equal(ebb_config_set(&config, "test", names[i], values[i]),
                             EBB_OK);
        }
    }
    config.batch_per_thread = trial->per_thread;
    ebb_config_resolve(&config, 1);
    json_t *json = NULL;
    assert_int_equal(ebb_config_json(&json, &config), EBB_OK);
    ebb_config_clear(&config);
    return json;
}

/* The one request "AFTER:TASK"; after = N + 1 when there is none. */
static void request_of(size_t *after, size_t *task, const fixture *trial)
{
    *after = N + 1;
    *task = 0;
    if (trial->unlearn != NULL) {
        assert_int_equal(sscanf(trial->unlearn, "%zu:%zu", after, task), 2);
    }
}

static json_t *matrix_of(double *values, const fixture *trial)
{
    size_t after, task;
    request_of(&after, &task, trial);
    const double seed = (double)count_or(trial->seed, 1);
    json_t *rows = json_array();
    for (size_t t = 0; t < N; t++) {
        json_t *row = json_array();
        for (size_t k = 0; k < N; k++) {
            double value =
                k > t ? (double)NAN : 0.9 - 0.1 * (double)(t - k) + 0.01 * seed;
            if (k + 1 == task && t + 1 >= after) {
                value = 0.2;
            }
            values[t * N + k] = value;
            json_array_append_new(row, ebb_json_number(value));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *metrics_of(const double *accuracy, const fixture *trial)
{
    size_t after, task;
    request_of(&after, &task, trial);
    bool unlearned[N] = {false};
    if (task > 0) {
        unlearned[task - 1] = true;
    }
    ebb_metrics m;
    ebb_metrics_compute(&m, accuracy, N, unlearned);
    ebb_json_builder json = ebb_json_begin();
    ebb_json_put_number(&json, "average_accuracy", m.average_accuracy);
    ebb_json_put_number(&json, "average_accuracy_remaining",
                        m.average_accuracy_remaining);
    ebb_json_put_number(&json, "average_accuracy_unlearned",
                        m.average_accuracy_unlearned);
    ebb_json_put_number(&json, "backward_transfer", m.backward_transfer);
    ebb_json_put_number(&json, "backward_transfer_all", m.backward_transfer_all);
    ebb_json_put_number(&json, "forgetting", m.forgetting);
    ebb_json_put_number(&json, "forgetting_all", m.forgetting_all);
    ebb_json_put_number(&json, "learning_accuracy", m.learning_accuracy);
    return ebb_json_end(&json);
}

static void digest_of(char digest[65], const fixture *trial, size_t t)
{
    size_t after, task;
    request_of(&after, &task, trial);
    char letter = trial->letter;
    if (letter == 0) {
        letter = "0123456789"[trial->seed % 10];
    }
    memset(digest, letter, 64);
    digest[64] = '\0';
    digest[0] = (char)('1' + t);
    digest[1] = "ab"[t + 1 >= after];
}

static json_t *step_of(size_t p50)
{
    if (p50 == 0) {
        return json_pack("{s:i}", "count", 0);
    }
    const json_int_t x = (json_int_t)p50;
    return json_pack("{s:i,s:I,s:I,s:I,s:I,s:I}", "count", 400, "p50", x, "p50_low",
                     x - x / 100, "p50_high", x + x / 50, "p90", x + x / 10, "p99",
                     x + x / 2);
}

static void put_learning(ebb_json_builder *record, const fixture *trial)
{
    size_t after, task;
    request_of(&after, &task, trial);
    double accuracy[N * N];
    json_t *matrix = matrix_of(accuracy, trial);
    json_t *digests = json_array();
    char digest[65] = "";
    for (size_t t = 0; t < N; t++) {
        digest_of(digest, trial, t);
        json_array_append_new(digests, json_string(digest));
    }
    ebb_json_put(record, "digest", trial->diverged ? json_null() : json_string(digest));
    ebb_json_put(record, "task_digests", digests);
    ebb_json_put(record, "loss", json_deep_copy(matrix));
    ebb_json_put(record, "accuracy", matrix);
    ebb_json_put(record, "metrics", metrics_of(accuracy, trial));
    json_t *unlearning = task == 0
                             ? json_array()
                             : json_pack("[{s:i,s:[i],s:s,s:f,s:i}]", "after_task",
                                         (int)after, "tasks", (int)task, "mode",
                                         "subtract", "seconds", 0.001, "bytes", 3000000);
    ebb_json_put(record, "unlearning", unlearning);
}

static void put_speed(ebb_json_builder *record, const fixture *trial)
{
    const size_t threads = count_or(trial->threads, 1);
    const char *name = or_else(trial->placement, "cores");
    ebb_json_put(record, "step_ns", step_of(trial->p50_ns));
    ebb_json_put_number(record, "step_flop", 1e8);
    ebb_json_put_number(record, "step_bytes", 2e7);
    ebb_json_put_count(record, "arena_bytes", 2 << 20);
    ebb_json_put_number(record, "peak_gflops", 200.0 * (double)threads);
    ebb_json_put_count(record, "threads", threads);
    ebb_json_put_count(record, "usable_cpus", 4);
    ebb_json_put(record, "placement", json_pack("{s:s}", "name", name));
    ebb_json_put(record, "strategy", json_string(or_else(trial->strategy, "shards")));
    ebb_json_put(record, "environment",
                 json_pack("{s:s,s:s,s:s,s:s}", "cpu", "Test CPU", "onednn", "2.6.3",
                           "onednn_cpu_isa", "avx2", "compiler", "gcc 12"));
}

json_t *fixture_record(const fixture *trial)
{
    const bool valid = trial->problem == NULL && !trial->diverged;
    ebb_json_builder record = ebb_json_begin();
    ebb_json_put(&record, "schema", json_string(EBB_RECORD_SCHEMA));
    ebb_json_put(&record, "config", config_of(trial));
    ebb_json_put(&record, "config_hash", json_string("0123456789abcdef"));
    ebb_json_put_count(&record, "repetition", count_or(trial->repetition, 1));
    ebb_json_put(&record, "build_id", json_string("b000000000000000"));
    ebb_json_put(&record, "machine_id", json_string("a000000000000000"));
    ebb_json_put(&record, "valid", json_boolean(valid));
    ebb_json_put(&record, "diverged", json_boolean(trial->diverged));
    ebb_json_put(&record, "problems",
                 valid ? json_array()
                       : json_pack("[s]", or_else(trial->problem, "loss is not finite")));
    put_learning(&record, trial);
    put_speed(&record, trial);
    json_t *json = ebb_json_end(&record);
    assert_non_null(json);
    return json;
}

static char folder[64];
static const char *const file_name = "trials.jsonl";

const char *fixture_begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/ebb-study-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    return file_name;
}

void fixture_append(const char *path, json_t *record)
{
    assert_int_equal(ebb_record_append(path, record), EBB_OK);
    json_decref(record);
}

void fixture_append_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

ebb_trials fixture_read(const char *path)
{
    ebb_trials trials;
    if (ebb_trials_read(&trials, path) != EBB_OK) {
        fail_msg("%s", ebb_last_error());
    }
    return trials;
}

void fixture_end(void)
{
    unlink(file_name);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
}
