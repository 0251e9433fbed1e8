#include "study/record.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "learn/metrics.h"
#include "machine/environment.h"
#include "study/json.h"
#include "study/statistics.h"

typedef struct writer {
    ebb_json_builder object;
    const ebb_result *result;
    const json_t *config; /* owned by object */
} writer;

static json_t *text_list(char *const *texts, size_t n)
{
    ebb_json_builder list = ebb_json_begin_list();
    for (size_t i = 0; i < n; i++) {
        ebb_json_add(&list, ebb_json_text(texts[i]));
    }
    return ebb_json_end(&list);
}

/* n x n numbers, row-major. */
static json_t *matrix(const double *values, size_t n)
{
    ebb_json_builder rows = ebb_json_begin_list();
    for (size_t t = 0; t < n; t++) {
        ebb_json_builder row = ebb_json_begin_list();
        for (size_t k = 0; k < n; k++) {
            ebb_json_add(&row, ebb_json_number(values[t * n + k]));
        }
        ebb_json_add(&rows, ebb_json_end(&row));
    }
    return ebb_json_end(&rows);
}

static json_t *task_digests(const ebb_result *result)
{
    ebb_json_builder list = ebb_json_begin_list();
    for (size_t t = 0; t < result->n_tasks; t++) {
        ebb_json_add(&list, ebb_json_text_or_null(result->task_digests[t]));
    }
    return ebb_json_end(&list);
}

static json_t *validation(const ebb_result *result)
{
    ebb_json_builder list = ebb_json_begin_list();
    for (size_t i = 0; i < result->n_validation; i++) {
        const ebb_validation *entry = &result->validation[i];
        ebb_json_builder object = ebb_json_begin();
        ebb_json_put_count(&object, "task", entry->task);
        ebb_json_put_count(&object, "epoch", entry->epoch);
        ebb_json_put_number(&object, "accuracy", entry->accuracy);
        ebb_json_put_number(&object, "loss", entry->loss);
        ebb_json_add(&list, ebb_json_end(&object));
    }
    return ebb_json_end(&list);
}

static double mean_of_last_row(const double *values, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        sum += values[(n - 1) * n + k];
    }
    return sum / (double)n;
}

/* What the original system prints stands beside the exact numbers: means over batches
 * that do not weigh a short last batch less, averages over all tasks, unlearned ones
 * included, and a backward transfer only from three tasks on. */
static json_t *metrics(const ebb_result *result)
{
    const size_t n = result->n_tasks;
    ebb_metrics exact;
    ebb_metrics compat;
    ebb_metrics_compute(&exact, result->accuracy, n, result->unlearned);
    ebb_metrics_compute(&compat, result->batch_accuracy, n, result->unlearned);
    ebb_json_builder m = ebb_json_begin();
    ebb_json_put_number(&m, "average_accuracy", exact.average_accuracy);
    ebb_json_put_number(&m, "average_accuracy_remaining",
                        exact.average_accuracy_remaining);
    ebb_json_put_number(&m, "average_accuracy_unlearned",
                        exact.average_accuracy_unlearned);
    ebb_json_put_number(&m, "backward_transfer", exact.backward_transfer);
    ebb_json_put_number(&m, "backward_transfer_all", exact.backward_transfer_all);
    ebb_json_put_number(&m, "forgetting", exact.forgetting);
    ebb_json_put_number(&m, "forgetting_all", exact.forgetting_all);
    ebb_json_put_number(&m, "learning_accuracy", exact.learning_accuracy);
    ebb_json_put_number(&m, "average_loss", mean_of_last_row(result->loss, n));
    ebb_json_put_number(&m, "compat_average_accuracy", compat.average_accuracy);
    ebb_json_put_number(&m, "compat_average_loss",
                        mean_of_last_row(result->batch_loss, n));
    ebb_json_put_number(&m, "compat_backward_transfer",
                        n >= 3 ? compat.backward_transfer_all : (double)NAN);
    ebb_json_put(&m, "compat_accuracy", matrix(result->batch_accuracy, n));
    ebb_json_put(&m, "compat_loss", matrix(result->batch_loss, n));
    return ebb_json_end(&m);
}

static json_t *nanoseconds(bool known, uint64_t value)
{
    return known ? json_integer((json_int_t)value) : json_null();
}

static json_t *histogram(const ebb_summary *summary)
{
    ebb_json_builder list = ebb_json_begin_list();
    for (size_t i = 0; i < summary->n_bins; i++) {
        const ebb_bin *bin = &summary->bins[i];
        json_t *pair = json_pack("[II]", (json_int_t)bin->low_ns, (json_int_t)bin->count);
        ebb_json_add(&list, pair);
    }
    return ebb_json_end(&list);
}

static json_t *step_ns(const ebb_summary *s)
{
    const bool any = s->count > 0;
    ebb_json_builder object = ebb_json_begin();
    ebb_json_put_count(&object, "count", s->count);
    ebb_json_put(&object, "min", nanoseconds(any, s->min));
    ebb_json_put(&object, "p50", nanoseconds(any, s->p50));
    ebb_json_put(&object, "p50_low", nanoseconds(s->has_interval, s->p50_low));
    ebb_json_put(&object, "p50_high", nanoseconds(s->has_interval, s->p50_high));
    ebb_json_put(&object, "p90", nanoseconds(s->has_p90, s->p90));
    ebb_json_put(&object, "p90_high", nanoseconds(s->has_p90, s->p90_high));
    ebb_json_put(&object, "p99", nanoseconds(s->has_p99, s->p99));
    ebb_json_put(&object, "p99_high", nanoseconds(s->has_p99, s->p99_high));
    ebb_json_put(&object, "max", nanoseconds(any, s->max));
    ebb_json_put_number(&object, "mean", any ? s->mean : (double)NAN);
    ebb_json_put(&object, "histogram", histogram(s));
    return ebb_json_end(&object);
}

/* Null where the system tells no page's node, or there is none to be told. */
static json_t *pages(const ebb_residence *found)
{
    if (found->local + found->remote == 0) {
        return json_null();
    }
    ebb_json_builder object = ebb_json_begin();
    ebb_json_put_count(&object, "local", found->local);
    ebb_json_put_count(&object, "remote", found->remote);
    ebb_json_put_count(&object, "unknown", found->unknown);
    return ebb_json_end(&object);
}

static json_t *placement(const writer *w)
{
    const ebb_result *result = w->result;
    ebb_json_builder cpus = ebb_json_begin_list();
    for (size_t i = 0; i < result->threads; i++) {
        const int cpu = result->seats[i].bound_cpu;
        ebb_json_add(&cpus, cpu >= 0 ? json_integer(cpu) : json_null());
    }
    ebb_json_builder object = ebb_json_begin();
    ebb_json_put(&object, "name",
                 ebb_json_text(ebb_json_get_text(w->config, "placement")));
    ebb_json_put(&object, "cpus", ebb_json_end(&cpus));
    ebb_json_put(&object, "verified", json_boolean(result->placement_verified));
    ebb_json_put(&object, "parameter_pages", pages(&result->homes.parameters));
    ebb_json_put(&object, "activation_pages", pages(&result->homes.activations));
    return ebb_json_end(&object);
}

/* One operation may be listed for several shapes of batch; other kernels are appended. */
static json_t *kernels(const ebb_result *result)
{
    ebb_json_builder object = ebb_json_begin();
    for (size_t i = 0; i < result->n_kernels; i++) {
        const ebb_kernel_use *use = &result->kernels[i];
        const char *known = ebb_json_get_text(object.json, use->operation);
        if (known[0] == '\0') {
            ebb_json_put(&object, use->operation, ebb_json_text(use->kernel));
        } else if (strstr(known, use->kernel) == NULL) {
            ebb_json_put(&object, use->operation,
                         json_sprintf("%s, %s", known, use->kernel));
        }
    }
    return ebb_json_end(&object);
}

static json_t *task_list(const uint8_t *tasks, size_t n)
{
    ebb_json_builder list = ebb_json_begin_list();
    for (size_t i = 0; i < n; i++) {
        ebb_json_add(&list, json_integer(tasks[i]));
    }
    return ebb_json_end(&list);
}

static json_t *unlearning(const writer *w)
{
    ebb_json_builder list = ebb_json_begin_list();
    for (size_t i = 0; i < w->result->n_unlearning; i++) {
        const ebb_unlearning *entry = &w->result->unlearning[i];
        ebb_json_builder object = ebb_json_begin();
        ebb_json_put_count(&object, "after_task", entry->after);
        ebb_json_put(&object, "tasks", task_list(entry->tasks, entry->n_tasks));
        ebb_json_put(&object, "mode",
                     ebb_json_text(ebb_json_get_text(w->config, "unlearn_mode")));
        ebb_json_put_number(&object, "seconds", entry->seconds);
        ebb_json_put_count(&object, "bytes", entry->bytes);
        ebb_json_put_number(&object, "residue", entry->residue);
        ebb_json_add(&list, ebb_json_end(&object));
    }
    return ebb_json_end(&list);
}

static json_t *told(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

static json_t *disturbance(const ebb_disturbance *d)
{
    ebb_json_builder object = ebb_json_begin();
    ebb_json_put(&object, "involuntary_switches", told(d->involuntary_switches));
    ebb_json_put(&object, "run_delay_ns", told(d->run_delay_ns));
    ebb_json_put(&object, "steal_ns", told(d->steal_ns));
    ebb_json_put(&object, "throttled", told(d->throttled));
    ebb_json_put(&object, "major_faults", told(d->major_faults));
    return ebb_json_end(&object);
}

static ebb_status put_identity(writer *w, const ebb_config *config, size_t repetition,
                               const ebb_topology *topology)
{
    char config_hash[17];
    char build_id[EBB_ID_BYTES];
    char machine_id[EBB_ID_BYTES];
    EBB_TRY(ebb_config_hash(config_hash, config, false));
    EBB_TRY(ebb_environment_build_id(build_id));
    EBB_TRY(ebb_environment_machine_id(machine_id, topology));
    json_t *json = NULL;
    EBB_TRY(ebb_config_json(&json, config));
    ebb_json_put(&w->object, "schema", json_string(EBB_RECORD_SCHEMA));
    ebb_json_put(&w->object, "config", json);
    w->config = json_object_get(w->object.json, "config");
    ebb_json_put(&w->object, "config_hash", json_string(config_hash));
    ebb_json_put_count(&w->object, "repetition", repetition);
    ebb_json_put(&w->object, "build_id", json_string(build_id));
    ebb_json_put(&w->object, "machine_id", json_string(machine_id));
    ebb_json_put(&w->object, "started_at", ebb_json_text(w->result->started_at));
    return EBB_OK;
}

static void put_learning(writer *w)
{
    const ebb_result *result = w->result;
    ebb_json_builder *out = &w->object;
    ebb_json_put(out, "valid", json_boolean(result->valid));
    ebb_json_put(out, "diverged", json_boolean(result->diverged));
    ebb_json_put(out, "problems", text_list(result->problems, result->n_problems));
    ebb_json_put_count(out, "parameters", result->parameters);
    ebb_json_put(out, "digest", ebb_json_text_or_null(result->digest));
    ebb_json_put(out, "task_digests", task_digests(result));
    ebb_json_put(out, "accuracy", matrix(result->accuracy, result->n_tasks));
    ebb_json_put(out, "loss", matrix(result->loss, result->n_tasks));
    ebb_json_put(out, "validation", validation(result));
    ebb_json_put(out, "metrics", metrics(result));
}

/* gflops and samples_per_second are of the median step. */
static ebb_status put_speed(writer *w, const ebb_config *config)
{
    const ebb_result *result = w->result;
    ebb_json_builder *out = &w->object;
    ebb_summary summary;
    EBB_TRY(ebb_summary_compute(&summary, result->step_ns, result->n_step_ns));
    const double p50_ns = summary.p50 > 0 ? (double)summary.p50 : (double)NAN;
    const double peak = fmax(result->peak_before.gflops, result->peak_after.gflops);
    const double gflops = result->step_flop / p50_ns; /* flop/ns = Gflop/s */
    ebb_json_put(out, "step_ns", step_ns(&summary));
    ebb_json_put_count(out, "steps", result->n_steps);
    ebb_json_put_number(out, "step_flop", result->step_flop);
    ebb_json_put_number(out, "step_bytes", result->step_bytes);
    ebb_json_put_number(out, "gflops", gflops);
    ebb_json_put_number(out, "peak_gflops", peak);
    ebb_json_put_number(out, "peak_before_gflops", result->peak_before.gflops);
    ebb_json_put_number(out, "peak_after_gflops", result->peak_after.gflops);
    ebb_json_put(out, "peak_isa", ebb_json_text_or_null(result->peak_before.isa));
    ebb_json_put_number(out, "peak_fraction", peak > 0 ? gflops / peak : (double)NAN);
    ebb_json_put_number(out, "samples_per_second",
                        (double)config->batch_size * 1e9 / p50_ns);
    return EBB_OK;
}

static void put_seconds(writer *w)
{
    const ebb_result *result = w->result;
    ebb_json_builder *out = &w->object;
    ebb_json_put_number(out, "train_seconds", result->train_seconds);
    ebb_json_put_number(out, "validation_seconds", result->validation_seconds);
    ebb_json_put_number(out, "test_seconds", result->test_seconds);
    ebb_json_put_number(out, "record_seconds", result->record_seconds);
    ebb_json_put_number(out, "unlearn_seconds", result->unlearn_seconds);
    ebb_json_put_number(out, "setup_seconds", result->setup_seconds);
    ebb_json_put_number(out, "data_seconds", result->data_seconds);
    ebb_json_put_number(out, "wall_seconds", result->wall_seconds);
}

static json_t *profile_of_thread(const ebb_profile *profile, size_t n_steps)
{
    ebb_json_builder object = ebb_json_begin();
    for (int work = 0; work < EBB_WORK_COUNT; work++) {
        char key[32];
        snprintf(key, sizeof key, "%s_ns", ebb_work_name((ebb_work)work));
        ebb_json_put_number(&object, key, (double)profile->ns[work] / (double)n_steps);
    }
    return ebb_json_end(&object);
}

static json_t *profile(const ebb_result *result)
{
    if (result->profile_steps == 0) {
        return json_null();
    }
    json_t *threads = json_array();
    for (size_t t = 0; t < result->n_profile && threads != NULL; t++) {
        json_array_append_new(
            threads, profile_of_thread(&result->profile[t], result->profile_steps));
    }
    ebb_json_builder object = ebb_json_begin();
    ebb_json_put_count(&object, "steps", result->profile_steps);
    ebb_json_put_number(&object, "step_ns",
                        (double)result->profile_step_ns / (double)result->profile_steps);
    ebb_json_put(&object, "threads", threads);
    return ebb_json_end(&object);
}

static void put_execution(writer *w)
{
    const ebb_result *result = w->result;
    ebb_json_builder *out = &w->object;
    ebb_json_put_count(out, "threads", result->threads);
    ebb_json_put_count(out, "usable_cpus", result->usable_cpus);
    ebb_json_put(out, "placement", placement(w));
    ebb_json_put(out, "strategy",
                 ebb_json_text(ebb_json_get_text(w->config, "strategy")));
    ebb_json_put_count(out, "shards", result->shards);
    ebb_json_put(out, "kernels", kernels(result));
    ebb_json_put(out, "unlearning", unlearning(w));
    ebb_json_put_count(out, "ledger_bytes", result->ledger_bytes);
    ebb_json_put_count(out, "arena_bytes", result->arena_bytes);
    ebb_json_put_count(out, "peak_rss_bytes", result->peak_rss_bytes);
    ebb_json_put(out, "profile", profile(result));
    ebb_json_put(out, "disturbance", disturbance(&result->disturbance));
}

static ebb_status put_environment(writer *w, const ebb_topology *topology)
{
    json_t *json = NULL;
    EBB_TRY(ebb_environment_json(&json, topology));
    ebb_json_builder environment = {.json = json};
    ebb_json_put(&environment, "onednn", ebb_json_text(w->result->onednn));
    ebb_json_put(&environment, "onednn_cpu_isa", ebb_json_text(w->result->onednn_isa));
    ebb_json_put(&w->object, "environment", ebb_json_end(&environment));
    return EBB_OK;
}

static ebb_status put_all(writer *w, const ebb_config *config, size_t repetition,
                          const ebb_topology *topology)
{
    EBB_TRY(put_identity(w, config, repetition, topology));
    put_learning(w);
    EBB_TRY(put_speed(w, config));
    put_seconds(w);
    put_execution(w);
    return put_environment(w, topology);
}

ebb_status ebb_record_json(json_t **out, const ebb_result *result,
                           const ebb_config *config, size_t repetition,
                           const ebb_topology *topology)
{
    *out = NULL;
    writer w = {.object = ebb_json_begin(), .result = result};
    const ebb_status status = put_all(&w, config, repetition, topology);
    json_t *json = ebb_json_end(&w.object);
    if (status != EBB_OK) {
        json_decref(json);
        return status;
    }
    *out = json;
    return json != NULL ? EBB_OK
                        : ebb_fail(EBB_ERR_ENVIRONMENT,
                                   "memory: the record of a trial does not fit");
}

bool ebb_record_unlearned(const json_t *record, size_t task, size_t after)
{
    const json_t *requests = json_object_get(record, "unlearning");
    for (size_t i = 0; i < json_array_size(requests); i++) {
        const json_t *entry = json_array_get(requests, i);
        const json_t *tasks = json_object_get(entry, "tasks");
        const bool due = ebb_json_get_number(entry, "after_task") <= (double)after;
        for (size_t j = 0; j < json_array_size(tasks) && due; j++) {
            if ((size_t)json_integer_value(json_array_get(tasks, j)) == task) {
                return true;
            }
        }
    }
    return false;
}
