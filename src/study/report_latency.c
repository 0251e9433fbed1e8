/* report_latency.c - the table of step latency; steps and their share of the peak against
 * threads, and how the steps of a trial are distributed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/json.h"
#include "study/report_plot.h"

enum { MAX_CURVES = 6, MAX_LINES = 8, LABEL_LETTERS = 52, MAX_SUPPLY = 512 };

/* Some curves of rows, drawn into one figure: rows begin … end−1. */
typedef struct span {
    size_t begin, end;
} span;

static const ebb_table__row *row_at(const ebb_report__page *page, size_t i)
{
    return &page->rows.items[i];
}

/* The next rows that make one figure, whole curves that have something to show; empty at
 * the end. */
static span next_span(const ebb_report__page *page, size_t begin, size_t max_curves)
{
    span found = {begin, begin};
    for (size_t n = 0; n < max_curves && found.end < page->rows.n; n++) {
        found.end = ebb_report__curve_end(page, found.end);
    }
    return found;
}

/* Smallest and largest of what a figure shows; NaN where it shows nothing. */
typedef struct extent {
    double low, high;
} extent;

static const extent nothing = {(double)NAN, (double)NAN};

static void widen(extent *range, double value)
{
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

static extent threads_of(const ebb_report__page *page, span rows)
{
    extent threads = nothing;
    for (size_t i = rows.begin; i < rows.end; i++) {
        if (!isnan(row_at(page, i)->p50_ns)) {
            widen(&threads, (double)row_at(page, i)->threads);
        }
    }
    return threads;
}

/* Marks at the counts of threads that there are, and a line at the number of cores. */
static void threads_axis(ebb_text *script, const ebb_report__page *page, span rows)
{
    const extent threads = threads_of(page, rows);
    ebb_text_append(script,
                    "set logscale x 2\nset xrange [%.6g:%.6g]\nset xlabel 'threads'\n"
                    "set xtics (",
                    threads.low / 1.25, threads.high * 1.25);
    size_t last = 0;
    bool first = true;
    for (size_t i = 0; i < page->rows.n; i++) {
        size_t next = SIZE_MAX; /* the smallest count beyond the last one marked */
        for (size_t k = rows.begin; k < rows.end; k++) {
            const size_t count = row_at(page, k)->threads;
            next = count > last && count < next ? count : next;
        }
        if (next == SIZE_MAX) {
            break;
        }
        ebb_text_append(script, "%s%zu", first ? "" : ", ", next);
        first = false;
        last = next;
    }
    ebb_text_append(script, ")\n");
    const double cores = ebb_json_get_number(page->report->machine, "usable_cores");
    if (cores > threads.low && cores < threads.high) {
        ebb_text_append(script,
                        "set arrow 1 from %.0f, graph 0 to %.0f, graph 1 nohead dt 3 "
                        "lc rgb '#767676'\nset label 1 'cores' at %.0f, graph 0.97 "
                        "right offset -0.4,0 tc rgb '#767676'\n",
                        cores, cores, cores);
    }
}

/* Each curve has a line of its own below the plot, whose height it must not take. */
static void begin_with_key(ebb_text *script, const ebb_report__page *page, span rows)
{
    int n = 0;
    for (size_t i = rows.begin; i < rows.end; i = ebb_report__curve_end(page, i)) {
        n++;
    }
    ebb_report__plot_begin(script, EBB_REPORT_HALF, 310 + 17 * n);
    ebb_text_append(script, "set key bmargin left Left reverse vertical maxcols 1 "
                            "samplen 2.5\n");
}

/* Of all curves of a span: title of the one that begins at row i. */
static void quote_label(ebb_text *script, const ebb_report__page *page, size_t i)
{
    ebb_text label = {0};
    ebb_report__row_label(&label, page, i, false);
    ebb_report__quote(script, label.data != NULL ? label.data : "", LABEL_LETTERS);
    script->failed |= label.failed;
    ebb_text_clear(&label);
}

/* ---- Step latency against threads. */

/* Of a step if threads brought all they could: the base's time, as much longer as the
 * batch is larger and as much shorter as the threads are more. */
static double ideal_ns(const ebb_table__row *r)
{
    return r->base_p50_ns * (r->batch / r->base_batch) * (double)r->base_threads /
           (double)r->threads;
}

static void latency_data(ebb_text *script, const ebb_report__page *page, span curve,
                         size_t n)
{
    const ebb_table__row *base = NULL;
    const ebb_table__row *last = NULL;
    ebb_text_append(script, "$c%zu << EOD\n", n);
    for (size_t i = curve.begin; i < curve.end; i++) {
        const ebb_table__row *r = row_at(page, i);
        if (isnan(r->p50_ns)) {
            continue;
        }
        base = base == NULL ? r : base;
        last = r;
        ebb_text_append(script, "%zu %.6g", r->threads, r->p50_ns / 1e3);
        if (isnan(r->low_ns) || isnan(r->high_ns)) {
            ebb_text_append(script, " ? ?\n");
        } else {
            ebb_text_append(script, " %.6g %.6g\n", r->low_ns / 1e3, r->high_ns / 1e3);
        }
    }
    ebb_text_append(script, "EOD\n$i%zu << EOD\n", n);
    if (base != NULL && last->threads > base->threads) {
        ebb_text_append(script, "%zu %.6g\n%zu %.6g\n", base->threads, base->p50_ns / 1e3,
                        last->threads, ideal_ns(last) / 1e3);
    } else {
        ebb_text_append(script, "? ?\n");
    }
    ebb_text_append(script, "EOD\n");
}

static extent latency_extent(const ebb_report__page *page, span rows)
{
    extent range = nothing;
    for (size_t i = rows.begin; i < rows.end; i++) {
        const ebb_table__row *r = row_at(page, i);
        widen(&range, r->p50_ns / 1e3);
        widen(&range, r->low_ns / 1e3);
        widen(&range, r->high_ns / 1e3);
        widen(&range, ideal_ns(r) / 1e3);
    }
    return range;
}

static void latency_plot(ebb_text *script, const ebb_report__page *page, span rows)
{
    const extent range = latency_extent(page, rows);
    size_t n = 0;
    ebb_report__log_axis(script, 'y', range.low / 1.2, range.high * 1.2);
    threads_axis(script, page, rows);
    ebb_text_append(script, "set ylabel 'step, p50, µs'\n");
    for (size_t i = rows.begin; i < rows.end; i = ebb_report__curve_end(page, i)) {
        latency_data(script, page, (span){i, ebb_report__curve_end(page, i)}, n++);
    }
    ebb_text_append(script, "plot ");
    n = 0;
    for (size_t i = rows.begin; i < rows.end; i = ebb_report__curve_end(page, i)) {
        const char *hue = ebb_report__hue(n);
        ebb_text_append(
            script,
            "%s$i%zu using 1:2 with lines lw 1 dt 2 lc rgb '%s' notitle, "
            "$c%zu using 1:3:(0):($4-$3) with vectors nohead lw 1.5 lc "
            "rgb '%s' notitle, $c%zu using 1:2 with linespoints lw 2 pt %zu ps 0.7 "
            "lc rgb '%s' title ",
            n == 0 ? "" : ", ", n, hue, n, hue, n, 5 + 2 * (n % 5), hue);
        quote_label(script, page, i);
        n++;
    }
    ebb_text_append(script,
                    ", NaN with lines lw 1 dt 2 lc rgb '#767676' title 'ideal, from "
                    "the base of each curve'\n");
}

/* "finetuning 62.8 µs on 1 thread": a speed-up means nothing without it. */
static void caption_bases(ebb_text *out, const ebb_report__page *page, span rows)
{
    ebb_text_append(out, " Base: ");
    bool first = true;
    for (size_t i = rows.begin; i < rows.end; i = ebb_report__curve_end(page, i)) {
        const size_t threads = row_at(page, i)->base_threads;
        size_t k = i;
        while (k + 1 < ebb_report__curve_end(page, i) && isnan(row_at(page, k)->p50_ns)) {
            k++;
        }
        if (threads > 0) {
            ebb_text_append(out, "%s", first ? "" : "; ");
            ebb_report__row_label(out, page, i, false);
            const double us = row_at(page, k)->p50_ns / 1e3;
            ebb_text_append(out, " %.*f µs on %zu thread%s", ebb_grid_decimals(us, 0, 0),
                            us, threads, threads == 1 ? "" : "s");
            first = false;
        }
    }
    ebb_text_append(out, ".");
}

static ebb_status latency_figure(ebb_report__page *page, span rows)
{
    ebb_text script = {0};
    ebb_text caption = {0};
    begin_with_key(&script, page, rows);
    latency_plot(&script, page, rows);
    ebb_text_append(&caption,
                    "Step latency against threads: median, with the range over trials "
                    "(of a single trial: its 95 %% interval); lines guide the eye; "
                    "dashed: the base's time "
                    "if the threads shared the work evenly.");
    caption_bases(&caption, page, rows);
    return ebb_report__figure(page, &script, &caption);
}

/* ---- Rate against threads, under the measured peak. */

static void peak_data(ebb_text *script, extent *range, const ebb_report__page *page,
                      span rows)
{
    ebb_text_append(script, "$peak << EOD\n");
    for (size_t threads = 0, next = 0; next != SIZE_MAX; threads = next) {
        double peak = (double)NAN;
        next = SIZE_MAX;
        for (size_t i = rows.begin; i < rows.end; i++) {
            const ebb_table__row *r = row_at(page, i);
            if (r->threads > threads && r->threads < next) {
                next = r->threads;
                peak = (double)NAN;
            }
            peak = r->threads == next ? fmax(peak, r->peak_gflops) : peak;
        }
        if (next != SIZE_MAX && !isnan(peak)) {
            ebb_text_append(script, "%zu %.6g\n", next, peak);
            widen(range, peak);
        }
    }
    ebb_text_append(script, "? ?\nEOD\n");
}

static void rate_data(ebb_text *script, extent *range, const ebb_report__page *page,
                      span rows)
{
    size_t n = 0;
    for (size_t i = rows.begin; i < rows.end;) {
        ebb_text_append(script, "$c%zu << EOD\n", n++);
        for (const size_t end = ebb_report__curve_end(page, i); i < end; i++) {
            const ebb_table__row *r = row_at(page, i);
            if (!isnan(r->gflops)) {
                ebb_text_append(script, "%zu %.6g\n", r->threads, r->gflops);
                widen(range, r->gflops);
            }
        }
        ebb_text_append(script, "? ?\nEOD\n");
    }
}

static ebb_status rate_figure(ebb_report__page *page, span rows)
{
    extent range = nothing;
    ebb_text script = {0};
    ebb_text caption = {0};
    begin_with_key(&script, page, rows);
    peak_data(&script, &range, page, rows);
    rate_data(&script, &range, page, rows);
    if (isnan(range.low)) {
        ebb_text_clear(&script);
        return EBB_OK;
    }
    ebb_report__log_axis(&script, 'y', range.low / 1.3, range.high * 1.3);
    threads_axis(&script, page, rows);
    ebb_text_append(&script, "set ylabel 'GFLOP/s of the p50 step'\n"
                             "plot $peak using 1:2 with linespoints lw 2 dt 4 pt 2 ps "
                             "0.6 lc rgb '#767676' title 'measured peak'");
    size_t n = 0;
    for (size_t i = rows.begin; i < rows.end; i = ebb_report__curve_end(page, i)) {
        ebb_text_append(&script,
                        ", $c%zu using 1:2 with linespoints lw 2 pt %zu ps 0.7 lc rgb "
                        "'%s' title ",
                        n, 5 + 2 * (n % 5), ebb_report__hue(n));
        quote_label(&script, page, i);
        n++;
    }
    ebb_text_append(&script, "\n");
    ebb_text_append(&caption,
                    "Rate of the median step under its upper bound: multiply-adds in "
                    "registers, measured on the same threads in the same process. Shares "
                    "of the peak stand in the table.");
    return ebb_report__figure(page, &script, &caption);
}

/* ---- Distribution of the steps. */

#define BIN_RATIO 1.0443 /* of the ends of a bin: a sixteenth of a factor of two */

/* Steps that took at most so long; the upper end of a bin. */
typedef struct supply {
    double upper_ns, count;
} supply;

static int compare_supplies(const void *a, const void *b)
{
    const double x = ((const supply *)a)->upper_ns;
    const double y = ((const supply *)b)->upper_ns;
    return (x > y) - (x < y);
}

/* Adds the histogram of a record to n bins; the borders of all histograms are the same
 * list of numbers, but for the open end of the last bin, which is the longest step. */
static size_t add_histogram(supply *bins, size_t n, const json_t *record)
{
    const json_t *step = json_object_get(record, "step_ns");
    const json_t *histogram = json_object_get(step, "histogram");
    const size_t n_bins = json_array_size(histogram);
    for (size_t i = 0; i < n_bins; i++) {
        const double count = ebb_json_get_entry(histogram, i, 1);
        const double upper = i + 1 < n_bins ? ebb_json_get_entry(histogram, i + 1, 0)
                                            : ebb_json_get_number(step, "max");
        size_t k = 0;
        while (k < n && bins[k].upper_ns < upper) {
            k++;
        }
        const bool there = k < n && !(bins[k].upper_ns > upper);
        if (!(count > 0) || !(upper > 0) || (!there && n == MAX_SUPPLY)) {
            continue;
        }
        if (!there) {
            bins[n++] = (supply){upper, 0};
            qsort(bins, n, sizeof *bins, compare_supplies);
        }
        bins[k].count += count;
    }
    return n;
}

/* Place of a share of the steps on an axis that gives the tail its room. */
static double place_of(double share)
{
    return -log10(1 - share);
}

static void distribution_data(ebb_text *script, extent *range, double *most,
                              const ebb_table__row *r)
{
    supply bins[MAX_SUPPLY];
    size_t n = 0;
    double total = 0;
    double below = 0;
    for (size_t i = 0; i < r->n; i++) {
        n = r->trials[i]->valid ? add_histogram(bins, n, r->trials[i]->record) : n;
    }
    for (size_t i = 0; i < n; i++) {
        total += bins[i].count;
    }
    if (n > 0) { /* the lower end of the first bin */
        ebb_text_append(script, "0 %.6g\n", bins[0].upper_ns / 1e3 / BIN_RATIO);
        widen(range, bins[0].upper_ns / 1e3 / BIN_RATIO);
    }
    for (size_t i = 0; i < n; i++) {
        below += bins[i].count;
        /* The very last step stands half a step before the end, which is at infinity. */
        const double share = fmin(below, total - 0.5) / total;
        ebb_text_append(script, "%.6g %.6g\n", place_of(share), bins[i].upper_ns / 1e3);
        widen(range, bins[i].upper_ns / 1e3);
        *most = fmax(*most, place_of(share));
    }
}

static ebb_status distribution_figure(ebb_report__page *page, span curve)
{
    extent range = nothing;
    double most = 1;
    ebb_text script = {0};
    ebb_text caption = {0};
    const size_t end =
        curve.end - curve.begin > MAX_LINES ? curve.begin + MAX_LINES : curve.end;
    ebb_report__plot_begin(&script, EBB_REPORT_HALF, 320);
    for (size_t i = curve.begin; i < end; i++) {
        ebb_text_append(&script, "$d%zu << EOD\n", i - curve.begin);
        distribution_data(&script, &range, &most, row_at(page, i));
        ebb_text_append(&script, "? ?\nEOD\n");
    }
    if (isnan(range.low)) {
        ebb_text_clear(&script);
        return EBB_OK;
    }
    ebb_report__log_axis(&script, 'y', range.low / 1.1, range.high * 1.15);
    ebb_text_append(
        &script,
        "set xrange [0:%.4g]\nset xlabel 'percent of the steps that take at "
        "most so long'\nset ylabel 'step, µs'\nset xtics ('50' 0.30103, '90' "
        "1, '99' 2, '99.9' 3, '99.99' 4, '99.999' 5)\nset key outside right top "
        "Left reverse samplen 1.5 title 'threads'\nplot ",
        most);
    for (size_t i = curve.begin; i < end; i++) {
        const size_t n = i - curve.begin;
        ebb_text_append(
            &script, "%s$d%zu using 1:2 with lines lw 2 lc rgb '%s' title '%zu'",
            n == 0 ? "" : ", ", n, ebb_report__hue(n), row_at(page, i)->threads);
    }
    ebb_text_append(&script, "\n");
    ebb_text_append(&caption, "Distribution of the step times, ");
    ebb_report__row_label(&caption, page, curve.begin, false);
    ebb_text_append(&caption,
                    ": all timed steps of the valid trials (from histograms: at most "
                    "4.4 %% too long)%s.",
                    end < curve.end ? "; the first 8 counts of threads" : "");
    return ebb_report__figure(page, &script, &caption);
}

/* ---- The section. */

typedef ebb_status (*figure_fn)(ebb_report__page *page, span rows);

static ebb_status append_figures(ebb_report__page *page, figure_fn figure,
                                 size_t max_curves)
{
    size_t n = 0;
    for (span rows = next_span(page, 0, max_curves); rows.begin < rows.end;
         rows = next_span(page, rows.end, max_curves)) {
        if (!isnan(threads_of(page, rows).low) && n++ < EBB_REPORT_MAX_FIGURES) {
            EBB_TRY(figure(page, rows));
        }
    }
    if (n > EBB_REPORT_MAX_FIGURES) {
        ebb_report__paragraph(page, "note",
                              "%zu more figures of this kind are left out; the table has "
                              "their numbers.",
                              n - EBB_REPORT_MAX_FIGURES);
    }
    return EBB_OK;
}

static ebb_status append_plots(ebb_report__page *page)
{
    if (isnan(threads_of(page, (span){0, page->rows.n}).low)) {
        ebb_report__paragraph(page, "warn",
                              "No trial is valid, so there is no time to draw.");
        return EBB_OK;
    }
    if (!ebb_report__draws(page)) {
        return EBB_OK;
    }
    ebb_report__figures_begin(page);
    EBB_TRY(append_figures(page, latency_figure, MAX_CURVES));
    EBB_TRY(append_figures(page, rate_figure, MAX_CURVES));
    EBB_TRY(append_figures(page, distribution_figure, 1));
    EBB_TRY(ebb_report__roofline(page));
    ebb_report__figures_end(page);
    return EBB_OK;
}

ebb_status ebb_report__latency(ebb_report__page *page)
{
    EBB_TRY(ebb_report__kind(page, "step-latency"));
    EBB_TRY(append_plots(page));
    EBB_TRY(ebb_report__kind(page, "scaling"));
    return ebb_report__kind(page, "roofline");
}
