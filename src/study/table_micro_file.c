/* table_micro_file.c - Google Benchmark's JSON read into rows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "machine/spread.h"
#include "study/json.h"
#include "study/micro_entry.h"
#include "study/table_micro.h"

/* Repetitions bear the name itself, aggregates have it as run_name. */
static const char *name_of(const json_t *entry)
{
    const char *name = ebb_json_get_text(entry, "run_name");
    return name[0] != '\0' ? name : ebb_json_get_text(entry, "name");
}

/* The entries of one row, and room for a number of each. */
typedef struct entries {
    const json_t **items;
    double *values;
    size_t n;
} entries;

/* Of a member over the entries that have it. */
static ebb_spread spread_of(entries *all, const char *key, bool is_time)
{
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++) {
        const json_t *entry = all->items[i];
        const double value =
            is_time ? ebb_micro_entry_ns(entry, key) : ebb_json_get_number(entry, key);
        if (!isnan(value)) {
            all->values[n++] = value;
        }
    }
    return ebb_spread_of(all->values, n);
}

static double median_of(entries *all, const char *key)
{
    return spread_of(all, key, false).median;
}

static const double MAX_SKEW = 1.5; /* of mean and median of an undisturbed run */

static void measure(ebb_micro_row *row, entries *all)
{
    const ebb_spread real = spread_of(all, "real_time", true);
    row->cpu_ns = spread_of(all, "cpu_time", true).median;
    row->gflops = median_of(all, "gflops");
    row->gbs = median_of(all, "gbs");
    if (isnan(row->gbs)) {
        row->gbs = median_of(all, "bytes_per_second") * 1e-9;
    }
    row->roof_share = median_of(all, "roof_share");
    row->items_per_second = median_of(all, "items_per_second");
    row->real_ns = real.median;
    row->p50_ns = 1e3 * median_of(all, "p50_us");
    row->disturbed =
        real.median > MAX_SKEW * row->p50_ns || row->p50_ns > MAX_SKEW * real.median;
    row->low_ns = row->repetitions > 1 ? real.low : (double)NAN;
    row->high_ns = row->repetitions > 1 ? real.high : (double)NAN;
}

/* Every time is one, and every counter that is read is a number. */
static ebb_status check_entry(const json_t *entry, const char *path)
{
    static const char *const counters[] = {
        "gflops",           "gbs",    "roof_share", "items_per_second", "cpu_time",
        "bytes_per_second", "p50_us", NULL};
    const double ns = ebb_micro_entry_ns(entry, "real_time");
    if (!(ns > 0) || !isfinite(ns)) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "%s: %s: real_time is no time (a number above 0, in ns, us, ms "
                        "or s)",
                        path, name_of(entry));
    }
    for (size_t i = 0; counters[i] != NULL; i++) {
        const json_t *value = json_object_get(entry, counters[i]);
        if (value != NULL && !json_is_number(value)) {
            return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s: %s is not finite (a number)",
                            path, name_of(entry), counters[i]);
        }
    }
    return EBB_OK;
}

/* All entries of the name; repetitions, or the median or mean where there are none. */
static ebb_status collect(ebb_micro_row *row, entries *all, const json_t *list,
                          const char *path)
{
    const json_t *aggregate = NULL;
    all->n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        if (strcmp(name_of(entry), row->name) != 0) {
            continue;
        }
        row->fault = ebb_micro_entry_fault(&row->reason, entry);
        if (row->fault != NULL) {
            return EBB_OK;
        }
        if (ebb_micro_entry_is_repetition(entry)) {
            EBB_TRY(check_entry(entry, path));
            all->items[all->n++] = entry;
        } else if (ebb_json_has_text(entry, "aggregate_name", "median") ||
                   (aggregate == NULL &&
                    ebb_json_has_text(entry, "aggregate_name", "mean"))) {
            aggregate = entry;
        }
    }
    row->repetitions = all->n;
    if (all->n == 0 && aggregate == NULL) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s: no time (a repetition or a median)",
                        path, row->name);
    }
    if (all->n == 0) {
        EBB_TRY(check_entry(aggregate, path));
        all->items[all->n++] = aggregate;
    }
    return EBB_OK;
}

static bool is_known(const ebb_micro_file *file, const char *name)
{
    for (size_t i = 0; i < file->n; i++) {
        if (strcmp(file->rows[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static ebb_status add_row(ebb_micro_file *file, entries *all, const json_t *list,
                          const char *name, const char *path)
{
    const double none = (double)NAN;
    ebb_micro_row *row = &file->rows[file->n];
    *row = (ebb_micro_row){.name = name,
                           .real_ns = none,
                           .low_ns = none,
                           .high_ns = none,
                           .cpu_ns = none,
                           .gflops = none,
                           .p50_ns = none,
                           .gbs = none,
                           .roof_share = none,
                           .items_per_second = none};
    EBB_TRY(collect(row, all, list, path));
    if (row->fault == NULL) {
        measure(row, all);
    } else {
        row->repetitions = 0;
        file->n_failed += strcmp(row->fault, "failed") == 0 ? 1 : 0;
    }
    file->n++;
    return EBB_OK;
}

static ebb_status fill(ebb_micro_file *out, const char *path)
{
    const json_t *list = json_object_get(out->report, "benchmarks");
    if (!json_is_array(list)) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "%s: benchmarks: missing or of the wrong kind (Google "
                        "Benchmark's JSON)",
                        path);
    }
    const size_t n = json_array_size(list);
    entries all = {.items = calloc(n + 1, sizeof *all.items),
                   .values = calloc(n + 1, sizeof *all.values)};
    out->rows = calloc(n + 1, sizeof *out->rows);
    out->n = 0;
    ebb_status status = EBB_OK;
    if (all.items == NULL || all.values == NULL || out->rows == NULL) {
        status = ebb_fail_memory(n * sizeof *out->rows);
    }
    for (size_t i = 0; i < n && status == EBB_OK; i++) {
        const char *name = name_of(json_array_get(list, i));
        if (name[0] == '\0') {
            status = ebb_fail(EBB_ERR_ENVIRONMENT, "%s: benchmark %zu: name: missing",
                              path, i + 1);
        } else if (!is_known(out, name)) {
            status = add_row(out, &all, list, name, path);
        }
    }
    free(all.items);
    free(all.values);
    return status;
}

void ebb_micro_file_clear(ebb_micro_file *file)
{
    free(file->rows);
    json_decref(file->report);
    *file = (ebb_micro_file){.report = NULL};
}

ebb_status ebb_micro_file_read(ebb_micro_file *out, const char *path)
{
    *out = (ebb_micro_file){.report = NULL};
    const char *reason = NULL;
    FILE *file = ebb_file_open(&reason, path);
    if (file == NULL) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s", path, reason);
    }
    json_error_t error;
    out->report = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    fclose(file);
    if (out->report == NULL) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s:%d: %s", path, error.line, error.text);
    }
    const ebb_status status = fill(out, path);
    if (status != EBB_OK) {
        ebb_micro_file_clear(out);
    }
    return status;
}
