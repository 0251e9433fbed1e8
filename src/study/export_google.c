/* export_google.c - the JSON of Google Benchmark, as its compare tool reads it.
 *
 * An entry a trial, equal names for repetitions, aggregates behind them. Time is that of
 * the median step. The CPU time of a step is not measured; the format wants a number, so
 * the real time stands there too, and the context says so. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/export.h"
#include "study/export_point.h"
#include "study/json.h"
#include "study/roof_file.h"

/* null where a record that was not written here lacks it. */
static json_t *member(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return value != NULL ? json_incref(value) : json_null();
}

/* Of hwloc's names "L1d", "L1i", "L2". */
static const char *cache_type(const char *name)
{
    static const char *const types[][2] = {{"d", "Data"}, {"i", "Instruction"}};
    const size_t n = strlen(name);
    for (size_t i = 0; i < 2 && n > 0; i++) {
        if (strcmp(name + n - 1, types[i][0]) == 0) {
            return types[i][1];
        }
    }
    return "Unified";
}

static json_t *caches_of(const ebb_roof_file *file)
{
    const json_t *caches = json_object_get(file->machine, "caches");
    ebb_json_builder list = ebb_json_begin_list();
    for (size_t i = 0; i < json_array_size(caches); i++) {
        const json_t *cache = json_array_get(caches, i);
        const char *type = cache_type(ebb_json_get_text(cache, "name"));
        ebb_json_builder entry = ebb_json_begin();
        ebb_json_put(&entry, "type", json_string(type));
        ebb_json_put(&entry, "level", member(cache, "level"));
        ebb_json_put(&entry, "size", member(cache, "size_bytes"));
        ebb_json_put(&entry, "num_sharing", member(cache, "pus_each"));
        ebb_json_add(&list, ebb_json_end(&entry));
    }
    return ebb_json_end(&list);
}

static json_t *context_of(const ebb_trials *trials, const ebb_roof_file *file)
{
    static const char *const facts[] = {"cpu", "kernel", "compiler", "onednn", "git"};
    const json_t *record = trials->items[0].record;
    const json_t *environment = json_object_get(record, "environment");
    ebb_json_builder context = ebb_json_begin();
    ebb_json_put(&context, "date",
                 ebb_json_text(ebb_json_get_text(record, "started_at")));
    ebb_json_put(&context, "host_name", ebb_json_text(trials->items[0].machine_id));
    ebb_json_put(&context, "executable", json_string("ebb"));
    ebb_json_put(&context, "num_cpus", member(record, "usable_cpus"));
    ebb_json_put(&context, "caches", caches_of(file));
    ebb_json_put(&context, "load_avg", json_array());
    ebb_json_put(&context, "build_id", ebb_json_text(trials->items[0].build_id));
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        ebb_json_put(&context, facts[i],
                     ebb_json_text(ebb_json_get_text(environment, facts[i])));
    }
    ebb_json_put(&context, "real_time", json_string("of the median step of a trial"));
    ebb_json_put(&context, "cpu_time", json_string("not measured: the real time"));
    return ebb_json_end(&context);
}

/* A row whose trials are written: its name and place. */
typedef struct family {
    ebb_json_builder *list;
    const ebb_table__row *row;
    const char *name;
    size_t index;
} family;

static ebb_json_builder begin_entry(const family *self, const char *suffix,
                                    const char *run_type)
{
    ebb_text name = {0};
    ebb_json_builder entry = ebb_json_begin();
    ebb_text_append(&name, "%s%s", self->name, suffix);
    entry.failed |= name.failed;
    ebb_json_put(&entry, "name", ebb_json_text(name.data));
    ebb_json_put_count(&entry, "family_index", self->index);
    ebb_json_put_count(&entry, "per_family_instance_index", 0);
    ebb_json_put(&entry, "run_name", ebb_json_text(self->name));
    ebb_json_put(&entry, "run_type", json_string(run_type));
    ebb_json_put_count(&entry, "repetitions", self->row->n_valid);
    ebb_json_put_count(&entry, "threads", self->row->threads);
    ebb_text_clear(&name);
    return entry;
}

static void put_times(ebb_json_builder *entry, double time)
{
    ebb_json_put_number(entry, "real_time", time);
    ebb_json_put_number(entry, "cpu_time", time);
    ebb_json_put(entry, "time_unit", json_string("ns"));
}

static void put_counter(ebb_json_builder *entry, const char *key, double value)
{
    if (!isnan(value)) {
        ebb_json_put_number(entry, key, value);
    }
}

static void add_iteration(const family *self, ebb_table__trial trial, size_t repetition)
{
    const json_t *record = trial->record;
    const json_t *step = json_object_get(record, "step_ns");
    const double p50 = ebb_json_get_number(step, "p50");
    const double batch = ebb_json_get_number(trial->config, "batch_size");
    const double gflops = ebb_json_get_number(record, "step_flop") / p50;
    ebb_json_builder entry = begin_entry(self, "", "iteration");
    ebb_json_put_count(&entry, "repetition_index", repetition);
    ebb_json_put(&entry, "iterations", member(step, "count"));
    put_times(&entry, p50);
    put_counter(&entry, "items_per_second", batch * 1e9 / p50);
    put_counter(&entry, "p90_ns", ebb_json_get_number(step, "p90"));
    put_counter(&entry, "p99_ns", ebb_json_get_number(step, "p99"));
    put_counter(&entry, "gflops", gflops);
    put_counter(&entry, "peak_fraction", gflops / self->row->peak_gflops);
    put_counter(
        &entry, "average_accuracy",
        ebb_json_get_number(json_object_get(record, "metrics"), "average_accuracy"));
    ebb_json_add(self->list, ebb_json_end(&entry));
}

static void add_aggregate(const family *self, const char *name, const char *unit,
                          double value)
{
    char suffix[16];
    snprintf(suffix, sizeof suffix, "_%s", name);
    ebb_json_builder entry = begin_entry(self, suffix, "aggregate");
    ebb_json_put(&entry, "aggregate_name", json_string(name));
    ebb_json_put(&entry, "aggregate_unit", json_string(unit));
    ebb_json_put_count(&entry, "iterations", self->row->n_valid);
    put_times(&entry, value);
    ebb_json_add(self->list, ebb_json_end(&entry));
}

/* Of the times of n trials, n > 1: mean, median of row, sample deviation, its share. */
static void add_aggregates(const family *self, double sum, size_t n)
{
    const double mean = sum / (double)n;
    double squares = 0;
    for (size_t i = 0; i < self->row->n; i++) {
        const ebb_table__trial trial = self->row->trials[i];
        const double p50 =
            ebb_json_get_number(json_object_get(trial->record, "step_ns"), "p50");
        if (trial->valid && !isnan(p50)) {
            squares += (p50 - mean) * (p50 - mean);
        }
    }
    const double deviation = sqrt(squares / (double)(n - 1));
    add_aggregate(self, "mean", "time", mean);
    add_aggregate(self, "median", "time", self->row->p50_ns);
    add_aggregate(self, "stddev", "time", deviation);
    add_aggregate(self, "cv", "percentage", deviation / mean);
}

static void add_row(const family *self)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < self->row->n; i++) {
        const ebb_table__trial trial = self->row->trials[i];
        const double p50 =
            ebb_json_get_number(json_object_get(trial->record, "step_ns"), "p50");
        if (trial->valid && !isnan(p50)) {
            add_iteration(self, trial, n++);
            sum += p50;
        }
    }
    if (n > 1) {
        add_aggregates(self, sum, n);
    }
}

static json_t *benchmarks_of(const ebb_export__points *points)
{
    ebb_json_builder list = ebb_json_begin_list();
    size_t index = 0;
    for (size_t i = 0; i < points->rows.n; i++) {
        const ebb_table__row *row = &points->rows.items[i];
        if (isnan(row->p50_ns)) {
            continue;
        }
        ebb_text name = {0};
        ebb_export__name(&name, points, "step", row->trials[0]);
        ebb_text_append(&name, "/real_time"); /* or some readers take CPU time */
        list.failed |= name.failed;
        add_row(&(family){&list, row, name.data, index++});
        ebb_text_clear(&name);
    }
    return ebb_json_end(&list);
}

static ebb_status render_points(ebb_text *out, const ebb_export__points *points)
{
    json_t *benchmarks = benchmarks_of(points);
    if (benchmarks != NULL && json_array_size(benchmarks) == 0) {
        json_decref(benchmarks);
        return ebb_export__fail_empty(points->trials);
    }
    ebb_roof_file file;
    const ebb_status status = ebb_roof_file_read(&file, points->trials->path);
    if (status != EBB_OK) {
        json_decref(benchmarks);
        return status;
    }
    ebb_json_builder object = ebb_json_begin();
    ebb_json_put(&object, "context", context_of(points->trials, &file));
    ebb_json_put(&object, "benchmarks", benchmarks);
    ebb_roof_file_clear(&file);
    return ebb_export__json(out, ebb_json_end(&object));
}

static ebb_status render(ebb_text *out, const ebb_trials *trials,
                         ebb_export_better better)
{
    (void)better;
    ebb_export__points points;
    EBB_TRY(ebb_export__points_make(&points, trials));
    const ebb_status status = render_points(out, &points);
    ebb_export__points_clear(&points);
    return status;
}

const ebb_export ebb_export_google = {
    .choice = {.name = "google-benchmark",
               .summary =
                   "JSON of Google Benchmark, for its compare tool and its readers"},
    .render = render,
};
