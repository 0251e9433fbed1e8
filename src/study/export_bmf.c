/* export_bmf.c - Bencher Metric Format: by benchmark and measure, a value with bounds. */
#include <math.h>

#include "study/export.h"
#include "study/export_point.h"
#include "study/json.h"

/* Bounds are left out where there are none; null is not allowed. */
static void put_measure(ebb_json_builder *measures, const char *slug,
                        const ebb_export__value *value)
{
    if (isnan(value->value)) {
        return;
    }
    ebb_json_builder measure = ebb_json_begin();
    ebb_json_put_number(&measure, "value", value->value);
    if (!isnan(value->low) && !isnan(value->high)) {
        ebb_json_put_number(&measure, "lower_value", value->low);
        ebb_json_put_number(&measure, "upper_value", value->high);
    }
    ebb_json_put(measures, slug, ebb_json_end(&measure));
}

/* latency in ns and throughput in operations a second are Bencher's own measures. */
static json_t *measures_of(const ebb_table__row *row)
{
    const double images = row->samples_per_second * row->p50_ns;
    const double none = (double)NAN;
    const ebb_export__value latency = {row->p50_ns, row->low_ns, row->high_ns};
    const ebb_export__value rate = {row->samples_per_second, images / row->high_ns,
                                    images / row->low_ns};
    const ebb_export__value gflops = {row->gflops, row->flop / row->high_ns,
                                      row->flop / row->low_ns};
    const ebb_export__value peak = {row->peak_fraction, none, none};
    const ebb_export__value accuracy = ebb_export__metric(row, "average_accuracy");
    const ebb_export__value forgetting = ebb_export__metric(row, "forgetting");
    ebb_json_builder measures = ebb_json_begin();
    put_measure(&measures, "latency", &latency);
    put_measure(&measures, "throughput", &rate);
    put_measure(&measures, "gflops", &gflops);
    put_measure(&measures, "peak-fraction", &peak);
    put_measure(&measures, "average-accuracy", &accuracy);
    put_measure(&measures, "forgetting", &forgetting);
    return ebb_json_end(&measures);
}

static ebb_status render_points(ebb_text *out, const ebb_export__points *points)
{
    ebb_json_builder object = ebb_json_begin();
    for (size_t i = 0; i < points->rows.n; i++) {
        const ebb_table__row *row = &points->rows.items[i];
        if (isnan(row->p50_ns)) {
            continue;
        }
        ebb_text name = {0};
        ebb_export__name(&name, points, "step", row->trials[0]);
        object.failed |= name.failed;
        if (name.data != NULL) {
            ebb_json_put(&object, name.data, measures_of(row));
        }
        ebb_text_clear(&name);
    }
    json_t *json = ebb_json_end(&object);
    if (json != NULL && json_object_size(json) == 0) {
        json_decref(json);
        return ebb_export__fail_empty(points->trials);
    }
    return ebb_export__json(out, json);
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

const ebb_export ebb_export_bmf = {
    .choice = {.name = "bmf",
               .summary =
                   "Bencher Metric Format: latency, throughput, accuracy with bounds"},
    .render = render,
};
