#include "study/export_point.h"

#include <ctype.h>
#include <math.h>

#include "machine/dump_json.h"
#include "study/json.h"

/* Always in a name, so that another point in the suite renames none. */
static const char *const always[] = {"algorithm", "dataset",   "sequence",   "scenario",
                                     "hidden",    "optimizer", "batch_size", "strategy",
                                     "placement", "threads",   NULL};

ebb_status ebb_export__points_make(ebb_export__points *out, const ebb_trials *trials)
{
    *out = (ebb_export__points){.trials = trials};
    EBB_TRY(ebb_table__rows_make(&out->rows, trials));
    const ebb_table__rows *rows = &out->rows;
    ebb_table__shown(&out->shown, &rows->keys, rows->firsts, rows->n, always, false);
    return EBB_OK;
}

void ebb_export__points_clear(ebb_export__points *points)
{
    ebb_table__rows_clear(&points->rows);
}

/* "256,100,64" → "256-100-64": trackers, shells and regular expressions read names. */
static void append_plain(ebb_text *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const bool plain =
            isalnum((unsigned char)*text) || *text == '.' || *text == '_' || *text == '+';
        ebb_text_append(out, "%c", plain ? *text : '-');
    }
}

void ebb_export__name(ebb_text *out, const ebb_export__points *points, const char *prefix,
                      ebb_table__trial trial)
{
    ebb_text_append(out, "%s", prefix);
    for (size_t i = 0; i < points->shown.n; i++) {
        ebb_text value = {0};
        ebb_table__print(&value, trial, points->shown.names[i], "");
        if (value.length > 0) {
            ebb_text_append(out, "/%s:", points->shown.names[i]);
            append_plain(out, value.data);
        }
        out->failed |= value.failed;
        ebb_text_clear(&value);
    }
}

ebb_export__value ebb_export__metric(const ebb_table__row *row, const char *metric)
{
    const double none = (double)NAN;
    ebb_export__value out = {none, none, none};
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < row->n; i++) {
        const json_t *metrics = json_object_get(row->trials[i]->record, "metrics");
        const double value = ebb_json_get_number(metrics, metric);
        if (!row->trials[i]->diverged && !isnan(value)) {
            sum += value;
            n++;
            out.low = fmin(out.low, value);
            out.high = fmax(out.high, value);
        }
    }
    out.value = n > 0 ? sum / (double)n : none;
    return out;
}

ebb_status ebb_export__json(ebb_text *out, json_t *json)
{
    const ebb_status status =
        ebb_dump_json(out, json, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    json_decref(json);
    ebb_text_append(out, "\n");
    return status == EBB_OK ? ebb_text_check(out) : status;
}

ebb_status ebb_export__fail_empty(const ebb_trials *trials)
{
    return ebb_fail(EBB_ERR_FAILED,
                    "%s: no valid trial with timed steps to export (at least one)",
                    trials->path);
}
