/* record_summary.c - a record for people: what ran, how fast, and what was kept. */
#include <math.h>
#include <string.h>

#include "study/grid.h"
#include "study/json.h"
#include "study/record.h"
#include "study/verdict.h"

enum { LABEL_WIDTH = 12 };

static void append_label(ebb_text *out, const char *label)
{
    ebb_text_append(out, "%-*s", LABEL_WIDTH, label);
}

static double get(const json_t *record, const char *object, const char *member)
{
    return ebb_json_get_number(json_object_get(record, object), member);
}

/* ", NAME VALUE" of an option, nothing where it has none. */
static void append_option(ebb_text *out, const json_t *config, const char *key,
                          const char *before)
{
    const json_t *value = json_object_get(config, key);
    if (value != NULL && !json_is_null(value)) {
        ebb_text_append(out, "%s", before);
        ebb_json_print(out, value);
    }
}

static void append_what(ebb_text *out, const json_t *record)
{
    const json_t *config = json_object_get(record, "config");
    append_label(out, "trial");
    append_option(out, config, "algorithm", "");
    append_option(out, config, "sequence", ", ");
    append_option(out, config, "dataset", " ");
    append_option(out, config, "tasks", ", tasks ");
    append_option(out, config, "scenario", ", ");
    append_option(out, config, "unlearn", ", unlearn ");
    ebb_text_append(out, "\n");
    append_label(out, "");
    append_option(out, config, "backbone", "");
    append_option(out, config, "hidden", " ");
    append_option(out, config, "optimizer", ", ");
    append_option(out, config, "learning_rate", " ");
    append_option(out, config, "batch_size", ", batch ");
    if (json_is_integer(json_object_get(config, "steps"))) {
        append_option(out, config, "steps", ", steps a task ");
    } else {
        append_option(out, config, "epochs", ", epochs ");
    }
    append_option(out, config, "seed", ", seed ");
    ebb_text_append(out, "\n");
    const json_t *placement = json_object_get(record, "placement");
    append_label(out, "threads");
    append_option(out, record, "threads", "");
    append_option(out, placement, "name", ", placement ");
    const json_t *cpus = json_object_get(placement, "cpus");
    if (json_is_integer(json_array_get(cpus, 0))) {
        ebb_text_append(out, " (CPU ");
        ebb_json_print(out, cpus);
        ebb_text_append(out, ")");
    }
    append_option(out, record, "strategy", ", strategy ");
    ebb_text_append(out, "\n");
}

/* ", NAME N UNIT", or that the steps are too few for it. */
static void append_quantile(ebb_text *out, const char *name, double value, int decimals,
                            const char *unit)
{
    if (isnan(value)) {
        ebb_text_append(out, ", %s: too few steps", name);
    } else {
        ebb_text_append(out, ", %s %.*f %s", name, decimals, value, unit);
    }
}

/* ", 49.0 % of a peak of 400"; no number where the peak was measured too low. */
static void append_share(ebb_text *out, double gflops, double peak)
{
    const int decimals = ebb_grid_decimals(peak, 0, 0);
    const double share = gflops / peak;
    if (isnan(share)) {
        return;
    }
    if (ebb_verdict_is_share(share)) {
        ebb_text_append(out, ", %.1f %% of a peak of %.*f", 100 * share, decimals, peak);
    } else {
        ebb_text_append(out, ", – %% of a disturbed peak of %.*f", decimals, peak);
    }
}

static void append_step(ebb_text *out, const json_t *record)
{
    const double p50_ns = get(record, "step_ns", "p50");
    append_label(out, "step");
    if (isnan(p50_ns)) {
        ebb_text_append(out, "no step was timed\n");
        return;
    }
    const bool slow = p50_ns >= 1e7;
    const double unit = slow ? 1e6 : 1e3;
    const char *unit_name = slow ? "ms" : "µs";
    const double low = get(record, "step_ns", "p50_low") / unit;
    const double high = get(record, "step_ns", "p50_high") / unit;
    const int decimals = ebb_grid_decimals(p50_ns / unit, low, high);
    ebb_text_append(out, "p50 %.*f %s", decimals, p50_ns / unit, unit_name);
    if (!isnan(low)) {
        ebb_text_append(out, " [95 %% interval %.*f, %.*f]", decimals, low, decimals,
                        high);
    }
    append_quantile(out, "p90", get(record, "step_ns", "p90") / unit, decimals,
                    unit_name);
    append_quantile(out, "p99", get(record, "step_ns", "p99") / unit, decimals,
                    unit_name);
    ebb_text_append(out, " (%.0f steps)\n", get(record, "step_ns", "count"));
    append_label(out, "");
    ebb_text_append(
        out, "%.0f samples/s",
        ebb_grid_significant(ebb_json_get_number(record, "samples_per_second"), 4));
    const double gflops = ebb_json_get_number(record, "gflops");
    const double peak = ebb_json_get_number(record, "peak_gflops");
    if (!isnan(gflops)) {
        ebb_text_append(out, ", %.*f GFLOP/s", ebb_grid_decimals(gflops, 0, 0), gflops);
    }
    append_share(out, gflops, peak);
    ebb_text_append(out, "\n");
}

static void append_times(ebb_text *out, const json_t *record)
{
    static const char *const parts[] = {"train",   "validation", "test",
                                        "unlearn", "setup",      "data"};
    append_label(out, "time");
    ebb_text_append(out, "%.2f s", ebb_json_get_number(record, "wall_seconds"));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        ebb_text key = {0};
        ebb_text_append(&key, "%s_seconds", parts[i]);
        if (key.data != NULL) {
            ebb_text_append(out, "%s%s %.2f", i == 0 ? ": " : ", ", parts[i],
                            ebb_json_get_number(record, key.data));
        }
        ebb_text_clear(&key);
    }
    ebb_text_append(out, "\n");
}

/* "NAME 12.3", percent, nothing where it is undefined. */
static void append_percent(ebb_text *out, const char *before, double fraction)
{
    if (!isnan(fraction)) {
        ebb_text_append(out, "%s%.2f", before, 100 * fraction);
    }
}

static void append_metrics(ebb_text *out, const json_t *record)
{
    append_label(out, "accuracy %");
    ebb_text_append(out, "average");
    append_percent(out, " ", get(record, "metrics", "average_accuracy"));
    const double unlearned = get(record, "metrics", "average_accuracy_unlearned");
    if (!isnan(unlearned)) {
        append_percent(out, " (remaining tasks ",
                       get(record, "metrics", "average_accuracy_remaining"));
        append_percent(out,
                       isnan(get(record, "metrics", "average_accuracy_remaining"))
                           ? " (unlearned "
                           : ", unlearned ",
                       unlearned);
        ebb_text_append(out, ")");
    }
    append_percent(out, ", forgetting ", get(record, "metrics", "forgetting"));
    append_percent(out, ", backward transfer ",
                   get(record, "metrics", "backward_transfer"));
    ebb_text_append(out, "\n");
}

static void append_matrix(ebb_text *out, const json_t *record)
{
    const json_t *accuracy = json_object_get(record, "accuracy");
    const size_t n = json_array_size(accuracy);
    ebb_text_append(out, "\n%*s", LABEL_WIDTH, "after task");
    for (size_t k = 0; k < n; k++) {
        ebb_text_append(out, "  task %-3zu", k + 1);
    }
    ebb_text_append(out, "\n");
    bool marked = false;
    for (size_t t = 0; t < n; t++) {
        ebb_text_append(out, "%*zu", LABEL_WIDTH, t + 1);
        for (size_t k = 0; k < n; k++) {
            const double value = ebb_json_get_entry(accuracy, t, k);
            const bool gone = ebb_record_unlearned(record, k + 1, t + 1);
            marked = marked || gone;
            if (isnan(value)) {
                ebb_text_append(out, "%10s", "");
            } else {
                ebb_text_append(out, "%8.2f%s ", 100 * value, gone ? "†" : " ");
            }
        }
        ebb_text_append(out, "\n");
    }
    ebb_text_append(out, "%s\n", marked ? "            † unlearned by then\n" : "");
}

static void append_unlearning(ebb_text *out, const json_t *record)
{
    const json_t *requests = json_object_get(record, "unlearning");
    for (size_t i = 0; i < json_array_size(requests); i++) {
        const json_t *entry = json_array_get(requests, i);
        append_label(out, "unlearning");
        ebb_text_append(out, "after task %.0f: task ",
                        ebb_json_get_number(entry, "after_task"));
        ebb_json_print(out, json_object_get(entry, "tasks"));
        ebb_text_append(out, ", %s, %.6f s", ebb_json_get_text(entry, "mode"),
                        ebb_json_get_number(entry, "seconds"));
        const double residue = ebb_json_get_number(entry, "residue");
        if (!isnan(residue)) {
            ebb_text_append(out, ", residue %.2g", residue);
        }
        ebb_text_append(out, "\n");
    }
}

static void append_end(ebb_text *out, const json_t *record)
{
    const json_t *problems = json_object_get(record, "problems");
    const bool valid = json_is_true(json_object_get(record, "valid"));
    for (size_t i = 0; i < json_array_size(problems); i++) {
        append_label(out, valid ? "noted" : "problem");
        ebb_json_print(out, json_array_get(problems, i));
        ebb_text_append(out, "\n");
    }
    append_label(out, "valid");
    ebb_text_append(out, "%s\n", valid ? "yes" : "NO");
    append_label(out, "digest");
    ebb_text_append(out, "%s\n", ebb_json_get_text(record, "digest"));
}

ebb_status ebb_record_summary(ebb_text *out, const json_t *record)
{
    append_what(out, record);
    append_step(out, record);
    append_times(out, record);
    append_metrics(out, record);
    append_matrix(out, record);
    append_unlearning(out, record);
    append_end(out, record);
    return ebb_text_check(out);
}
