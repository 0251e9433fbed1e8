/* export_junit.c - JUnit XML: a test case a trial, and one for the group of them. */
#include <math.h>

#include "study/export.h"
#include "study/export_point.h"
#include "study/grid.h"
#include "study/json.h"
#include "study/table.h"

typedef struct tally {
    size_t failed, skipped;
    double seconds;
} tally;

static double seconds_of(ebb_table__trial trial)
{
    const double seconds = ebb_json_get_number(trial->record, "wall_seconds");
    return isnan(seconds) ? 0 : seconds;
}

static tally count(const ebb_trials *trials)
{
    tally all = {0, 0, 0};
    for (size_t i = 0; i < trials->n; i++) {
        all.failed += trials->items[i].diverged ? 1 : 0;
        all.skipped += !trials->items[i].diverged && !trials->items[i].valid ? 1 : 0;
        all.seconds += seconds_of(&trials->items[i]);
    }
    return all;
}

static void append_escaped(ebb_text *out, const char *text)
{
    ebb_grid_escape_html(out, text);
}

/* The first reason why the trial does not count. */
static const char *reason_of(ebb_table__trial trial)
{
    const json_t *problems = json_object_get(trial->record, "problems");
    const char *first = json_string_value(json_array_get(problems, 0));
    return first != NULL ? first : "no reason recorded";
}

static void append_numbers(ebb_text *out, ebb_table__trial trial)
{
    static const char *const quantiles[] = {"p50", "p90", "p99"};
    const json_t *step = json_object_get(trial->record, "step_ns");
    const double accuracy = ebb_json_get_number(json_object_get(trial->record, "metrics"),
                                                "average_accuracy");
    ebb_text_append(out, "      <system-out>");
    for (size_t i = 0; i < 3; i++) {
        const double value = ebb_json_get_number(step, quantiles[i]);
        if (!isnan(value)) {
            ebb_text_append(out, "step %s: %.0f ns\n", quantiles[i], value);
        }
    }
    if (!isnan(accuracy)) {
        ebb_text_append(out, "average accuracy: %.4f\n", accuracy);
    }
    ebb_text_append(out, "</system-out>\n");
}

static void append_trial(ebb_text *out, const ebb_export__points *points,
                         ebb_table__trial trial)
{
    ebb_text name = {0};
    ebb_export__name(&name, points, "step", trial);
    ebb_text_append(&name, "/seed:");
    ebb_table__print(&name, trial, "seed", "");
    ebb_text_append(&name, "/repetition:%zu", trial->repetition);
    ebb_text_append(out, "    <testcase classname=\"ebb.trials\" name=\"");
    append_escaped(out, name.data != NULL ? name.data : "");
    ebb_text_append(out, "\" time=\"%.6f\">\n", seconds_of(trial));
    out->failed |= name.failed;
    ebb_text_clear(&name);
    if (trial->diverged || !trial->valid) {
        ebb_text_append(out, "      <%s message=\"",
                        trial->diverged ? "failure" : "skipped");
        append_escaped(out, reason_of(trial));
        ebb_text_append(out, "\"%s/>\n", trial->diverged ? " type=\"diverged\"" : "");
    }
    if (!trial->diverged) {
        append_numbers(out, trial);
    }
    ebb_text_append(out, "    </testcase>\n");
}

static void append_trials(ebb_text *out, const ebb_export__points *points)
{
    const tally all = count(points->trials);
    ebb_text_append(out,
                    "  <testsuite name=\"trials\" tests=\"%zu\" failures=\"%zu\" "
                    "errors=\"0\" skipped=\"%zu\" time=\"%.6f\">\n",
                    points->trials->n, all.failed, all.skipped, all.seconds);
    for (size_t i = 0; i < points->rows.n; i++) {
        const ebb_table__row *row = &points->rows.items[i];
        for (size_t j = 0; j < row->n; j++) {
            append_trial(out, points, row->trials[j]);
        }
    }
    ebb_text_append(out, "  </testsuite>\n");
}

/* What ebb_table_check says. */
static void append_group(ebb_text *out, const char *verdict, bool wrong)
{
    ebb_text_append(out,
                    "  <testsuite name=\"group\" tests=\"1\" failures=\"%d\" "
                    "errors=\"0\" skipped=\"0\" time=\"0.000000\">\n"
                    "    <testcase classname=\"ebb.group\" name=\"equal-digests\" "
                    "time=\"0.000000\">\n",
                    wrong ? 1 : 0);
    if (wrong) {
        ebb_text_append(out, "      <failure message=\"results differ that must be "
                             "equal\" type=\"wrong\">");
        append_escaped(out, verdict);
        ebb_text_append(out, "</failure>\n");
    } else {
        ebb_text_append(out, "      <system-out>");
        append_escaped(out, verdict);
        ebb_text_append(out, "</system-out>\n");
    }
    ebb_text_append(out, "    </testcase>\n  </testsuite>\n");
}

static void append_all(ebb_text *out, const ebb_export__points *points,
                       const char *verdict, bool wrong)
{
    const tally all = count(points->trials);
    ebb_text_append(out,
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                    "<testsuites name=\"ebb\" tests=\"%zu\" failures=\"%zu\" "
                    "errors=\"0\" skipped=\"%zu\" time=\"%.6f\">\n",
                    points->trials->n + 1, all.failed + (wrong ? 1 : 0), all.skipped,
                    all.seconds);
    append_trials(out, points);
    append_group(out, verdict, wrong);
    ebb_text_append(out, "</testsuites>\n");
}

static ebb_status render(ebb_text *out, const ebb_trials *trials,
                         ebb_export_better better)
{
    (void)better;
    ebb_export__points points;
    ebb_text verdict = {0};
    EBB_TRY(ebb_export__points_make(&points, trials));
    const ebb_status judged = ebb_table_check(&verdict, trials, NULL, 0);
    append_all(out, &points, verdict.data != NULL ? verdict.data : "",
               judged == EBB_ERR_WRONG);
    ebb_export__points_clear(&points);
    ebb_text_clear(&verdict);
    return judged == EBB_ERR_ENVIRONMENT ? judged : EBB_OK;
}

const ebb_export ebb_export_junit = {
    .choice = {.name = "junit",
               .summary = "JUnit XML: trials that count, failed, or were disturbed"},
    .render = render,
};
