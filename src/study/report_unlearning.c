/* report_unlearning.c - what a request costs: time, memory traffic, and the records that
 * are kept for it. */
#include <math.h>
#include <stdlib.h>

#include "machine/spread.h"
#include "study/json.h"
#include "study/report_plot.h"

static size_t n_requests(const ebb_table__row *r)
{
    return json_array_size(json_object_get(r->trials[0]->record, "unlearning"));
}

static const json_t *request_at(const ebb_table__row *r, size_t trial, size_t i)
{
    return json_array_get(json_object_get(r->trials[trial]->record, "unlearning"), i);
}

/* Seconds of one request over the valid trials of a row, which seconds has room for. */
static ebb_spread cost_of(const ebb_table__row *r, size_t i, double *seconds)
{
    size_t n = 0;
    for (size_t trial = 0; trial < r->n; trial++) {
        const double value = ebb_json_get_number(request_at(r, trial, i), "seconds");
        if (r->trials[trial]->valid && !isnan(value)) {
            seconds[n++] = value;
        }
    }
    return ebb_spread_of(seconds, n);
}

/* "1 after 2" */
static void print_request(ebb_text *out, const ebb_table__row *r, size_t i)
{
    const json_t *entry = request_at(r, 0, i);
    ebb_json_print(out, json_object_get(entry, "tasks"));
    ebb_text_append(out, " after %.0f", ebb_json_get_number(entry, "after_task"));
}

/* The share of the training that keeping records took, and their memory. */
static void note_records(ebb_report__page *page)
{
    double most_bytes = 0;
    double share = (double)NAN;
    for (size_t i = 0; i < page->report->trials->n; i++) {
        const ebb_trials_item *item = &page->report->trials->items[i];
        const double bytes = ebb_json_get_number(item->record, "ledger_bytes");
        most_bytes = fmax(most_bytes, bytes);
        if (item->valid && bytes > 0) {
            share = fmax(share, ebb_json_get_number(item->record, "record_seconds") /
                                    ebb_json_get_number(item->record, "train_seconds"));
        }
    }
    if (most_bytes > 0) {
        ebb_report__paragraph(page, "note", "The records take up to %.3g MB.",
                              most_bytes / 1e6);
    }
    if (isfinite(share)) {
        ebb_report__paragraph(page, "note",
                              "Keeping them took at most %.2g %% of the training time of "
                              "a trial.",
                              100 * share);
    }
}

/* Rows begin … end−1 of one curve: a line of points for each count of threads. */
static ebb_status cost_figure(ebb_report__page *page, size_t begin, size_t end,
                              double *seconds)
{
    const ebb_table__row *first = &page->rows.items[begin];
    const size_t n = n_requests(first);
    ebb_text script = {0};
    ebb_text caption = {0};
    double low = (double)NAN;
    double high = (double)NAN;
    ebb_report__plot_begin(&script, n > 4 ? EBB_REPORT_FULL : EBB_REPORT_HALF, 300);
    for (size_t row = begin; row < end; row++) {
        ebb_text_append(&script, "$r%zu << EOD\n", row - begin);
        for (size_t i = 0; i < n && i < n_requests(&page->rows.items[row]); i++) {
            const ebb_spread c = cost_of(&page->rows.items[row], i, seconds);
            if (!isnan(c.median) && c.low > 0) {
                const double shift =
                    0.3 * ((double)(row - begin) + 0.5) / (double)(end - begin) - 0.15;
                ebb_text_append(&script, "%.6g %.6g %.6g %.6g\n", (double)i + 1 + shift,
                                c.median * 1e6, c.low * 1e6, c.high * 1e6);
                low = fmin(low, c.low * 1e6);
                high = fmax(high, c.high * 1e6);
            }
        }
        ebb_text_append(&script, "? ? ? ?\nEOD\n");
    }
    if (isnan(low)) {
        ebb_text_clear(&script);
        return EBB_OK;
    }
    ebb_report__log_axis(&script, 'y', low / 1.3, high * 1.3);
    ebb_text_append(&script,
                    "set xrange [0.5:%zu.5]\nset xlabel 'request: task after task'\n"
                    "set ylabel 'µs'\nset key outside right top samplen 1\nset xtics (",
                    n);
    const size_t step = (n + 9) / 10; /* names that fit beside each other */
    for (size_t i = 0; i < n; i += step) {
        ebb_text name = {0};
        print_request(&name, first, i);
        ebb_text_append(&script, "%s", i == 0 ? "" : ", ");
        ebb_report__quote(&script, name.data != NULL ? name.data : "", 12);
        ebb_text_append(&script, " %zu", i + 1);
        ebb_text_clear(&name);
    }
    ebb_text_append(&script, ")\nplot ");
    for (size_t row = begin; row < end; row++) {
        const size_t k = row - begin;
        const size_t threads = page->rows.items[row].threads;
        ebb_text_append(&script,
                        "%s$r%zu using 1:3:(0):($4-$3) with vectors nohead lw 1.5 lc rgb "
                        "'%s' notitle, $r%zu using 1:2 with points pt %zu ps 0.8 lc rgb "
                        "'%s' title '%zu thread%s'",
                        k == 0 ? "" : ", ", k, ebb_report__hue(k), k, 5 + 2 * (k % 5),
                        ebb_report__hue(k), threads, threads == 1 ? "" : "s");
    }
    ebb_text_append(&script, "\n");
    ebb_text_append(&caption, "Time to unlearn, ");
    ebb_report__row_label(&caption, page, begin, false);
    ebb_text_append(&caption, ": median and range over the valid trials.");
    return ebb_report__figure(page, &script, &caption);
}

static ebb_status append_figures(ebb_report__page *page, double *seconds)
{
    size_t n = 0;
    ebb_report__figures_begin(page);
    for (size_t i = 0; i < page->rows.n; i = ebb_report__curve_end(page, i)) {
        if (n_requests(&page->rows.items[i]) > 0 && n++ < EBB_REPORT_MAX_FIGURES) {
            EBB_TRY(cost_figure(page, i, ebb_report__curve_end(page, i), seconds));
        }
    }
    ebb_report__figures_end(page);
    return EBB_OK;
}

ebb_status ebb_report__unlearning(ebb_report__page *page)
{
    size_t n = 0;
    for (size_t i = 0; i < page->rows.n; i++) {
        n += n_requests(&page->rows.items[i]);
    }
    if (n == 0) {
        ebb_report__paragraph(page, "note", "No trial had a request to unlearn.");
        note_records(page);
        return EBB_OK;
    }
    EBB_TRY(ebb_report__kind(page, "unlearning"));
    note_records(page);
    if (!ebb_report__draws(page)) {
        return EBB_OK;
    }
    double *seconds = calloc(page->report->trials->n + 1, sizeof *seconds);
    if (seconds == NULL) {
        return ebb_fail_memory(page->report->trials->n * sizeof *seconds);
    }
    const ebb_status status = append_figures(page, seconds);
    free(seconds);
    return status;
}
