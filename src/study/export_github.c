/* export_github.c - customSmallerIsBetter and customBiggerIsBetter of
 * github-action-benchmark: a list of numbers that share one direction. */
#include <math.h>

#include "study/export.h"
#include "study/export_point.h"
#include "study/json.h"

/* How the action's own adapters write a spread, with the larger distance. */
static json_t *range_of(double value, double low, double high)
{
    ebb_text text = {0};
    ebb_text_append(&text, "± %.6g", fmax(high - value, value - low));
    json_t *json = text.failed ? NULL : json_string(text.data);
    ebb_text_clear(&text);
    return json;
}

static void add_latency(ebb_json_builder *list, const ebb_export__points *points,
                        const ebb_table__row *row)
{
    ebb_text name = {0};
    ebb_text extra = {0};
    ebb_export__name(&name, points, "step", row->trials[0]);
    ebb_text_append(&extra, "median step, valid trials: %zu", row->n_valid);
    if (!isnan(row->p90_ns)) {
        ebb_text_append(&extra, "\np90 %.0f ns", row->p90_ns);
    }
    if (!isnan(row->p99_ns)) {
        ebb_text_append(&extra, "\np99 %.0f ns", row->p99_ns);
    }
    ebb_json_builder entry = ebb_json_begin();
    ebb_json_put(&entry, "name", ebb_json_text(name.data));
    ebb_json_put(&entry, "unit", json_string("ns"));
    ebb_json_put_number(&entry, "value", row->p50_ns);
    if (!isnan(row->low_ns)) {
        ebb_json_put(&entry, "range", range_of(row->p50_ns, row->low_ns, row->high_ns));
    }
    ebb_json_put(&entry, "extra", ebb_json_text(extra.data));
    list->failed |= name.failed || extra.failed;
    ebb_json_add(list, ebb_json_end(&entry));
    ebb_text_clear(&name);
    ebb_text_clear(&extra);
}

static void add_value(ebb_json_builder *list, const ebb_export__points *points,
                      const ebb_table__row *row, const char *prefix,
                      const ebb_export__value *value)
{
    if (isnan(value->value)) {
        return;
    }
    ebb_text name = {0};
    ebb_export__name(&name, points, prefix, row->trials[0]);
    ebb_json_builder entry = ebb_json_begin();
    ebb_json_put(&entry, "name", ebb_json_text(name.data));
    ebb_json_put(&entry, "unit", json_string(prefix[0] == 'i' ? "images/s" : "fraction"));
    ebb_json_put_number(&entry, "value", value->value);
    if (value->high > value->low) {
        ebb_json_put(&entry, "range", range_of(value->value, value->low, value->high));
    }
    list->failed |= name.failed;
    ebb_json_add(list, ebb_json_end(&entry));
    ebb_text_clear(&name);
}

/* The fastest step is the highest rate. */
static void add_bigger(ebb_json_builder *list, const ebb_export__points *points,
                       const ebb_table__row *row)
{
    const double images = row->samples_per_second * row->p50_ns;
    const ebb_export__value rate = {row->samples_per_second, images / row->high_ns,
                                    images / row->low_ns};
    const ebb_export__value accuracy = ebb_export__metric(row, "average_accuracy");
    add_value(list, points, row, "images_per_second", &rate);
    add_value(list, points, row, "average_accuracy", &accuracy);
}

static ebb_status render_points(ebb_text *out, const ebb_export__points *points,
                                ebb_export_better better)
{
    ebb_json_builder list = ebb_json_begin_list();
    for (size_t i = 0; i < points->rows.n; i++) {
        const ebb_table__row *row = &points->rows.items[i];
        if (isnan(row->p50_ns)) {
            continue;
        }
        if (better == EBB_EXPORT_SMALLER) {
            add_latency(&list, points, row);
        } else {
            add_bigger(&list, points, row);
        }
    }
    json_t *json = ebb_json_end(&list);
    if (json != NULL && json_array_size(json) == 0) {
        json_decref(json);
        return ebb_export__fail_empty(points->trials);
    }
    return ebb_export__json(out, json);
}

static ebb_status render(ebb_text *out, const ebb_trials *trials,
                         ebb_export_better better)
{
    ebb_export__points points;
    EBB_TRY(ebb_export__points_make(&points, trials));
    const ebb_status status = render_points(out, &points, better);
    ebb_export__points_clear(&points);
    return status;
}

const ebb_export ebb_export_github = {
    .choice = {.name = "github-action-benchmark",
               .summary = "its customSmallerIsBetter and customBiggerIsBetter lists"},
    .one_direction = true,
    .render = render,
};
