/* report_roofline.c - the steps under the roofs of the machine: the rate of
 * multiply-adds, and what each level of memory can bring. */
#include <math.h>
#include <string.h>

#include "study/json.h"
#include "study/report_plot.h"

enum { MAX_LEVELS = 8, MAX_CURVES = 6, LABEL_LETTERS = 44 };

typedef struct level {
    const char *name; /* borrowed from the machine */
    double gbs;       /* triad, all threads together */
} level;

/* The roofs of one number of threads. */
typedef struct roofs {
    size_t threads;
    double gflops;
    level levels[MAX_LEVELS]; /* from the inside outwards */
    size_t n_levels;
} roofs;

static bool measured_at(const json_t *roof, size_t threads)
{
    return ebb_json_get_number(roof, "threads") == (double)threads;
}

static roofs roofs_at(const json_t *machine, size_t threads)
{
    const json_t *all = json_object_get(machine, "roofs");
    const json_t *rates = json_object_get(all, "fma_gflops");
    const json_t *bandwidths = json_object_get(all, "bandwidth_gbs");
    roofs found = {.threads = threads, .gflops = (double)NAN};
    for (size_t i = 0; i < json_array_size(rates); i++) {
        const json_t *roof = json_array_get(rates, i);
        if (measured_at(roof, threads)) {
            found.gflops = fmax(found.gflops, ebb_json_get_number(roof, "value"));
        }
    }
    for (size_t i = 0; i < json_array_size(bandwidths); i++) {
        const json_t *roof = json_array_get(bandwidths, i);
        const double gbs = ebb_json_get_number(roof, "triad");
        if (measured_at(roof, threads) && gbs > 0 && found.n_levels < MAX_LEVELS) {
            found.levels[found.n_levels++] =
                (level){ebb_json_get_text(roof, "level"), gbs};
        }
    }
    return found;
}

/* Operations a byte, as the formulas of the record say; NaN where they do not. */
static double intensity_of(const ebb_table__row *r)
{
    return r->flop / ebb_json_get_number(r->trials[0]->record, "step_bytes");
}

static bool is_shown(const ebb_table__row *r, size_t threads)
{
    return r->threads == threads && r->gflops > 0 && intensity_of(r) > 0;
}

/* The highest peak that a trial measured: whatever disturbs a measurement lowers it. */
static double best_peak(const ebb_report__page *page, size_t threads)
{
    double best = (double)NAN;
    for (size_t i = 0; i < page->rows.n; i++) {
        const ebb_table__row *r = &page->rows.items[i];
        best = r->threads == threads ? fmax(best, r->peak_gflops) : best;
    }
    return best;
}

/* The largest team that has roofs of both kinds and a step to show; 0 threads: none. */
static roofs choose_roofs(const ebb_report__page *page)
{
    roofs best = {.threads = 0};
    for (size_t i = 0; i < page->rows.n; i++) {
        const size_t threads = page->rows.items[i].threads;
        if (threads > best.threads && is_shown(&page->rows.items[i], threads)) {
            roofs found = roofs_at(page->report->machine, threads);
            found.gflops = fmax(found.gflops, best_peak(page, threads));
            best = found.n_levels > 0 && found.gflops > 0 ? found : best;
        }
    }
    return best;
}

/* Ends of both axes: all points, and where each level meets the rate. */
static void set_axes(ebb_text *script, const ebb_report__page *page, const roofs *r,
                     double *left, double *right)
{
    double bottom = r->gflops;
    double top = r->gflops;
    *left = *right = r->gflops / r->levels[0].gbs;
    for (size_t i = 0; i < r->n_levels; i++) {
        *left = fmin(*left, r->gflops / r->levels[i].gbs);
        *right = fmax(*right, r->gflops / r->levels[i].gbs);
    }
    for (size_t i = 0; i < page->rows.n; i++) {
        const ebb_table__row *row = &page->rows.items[i];
        if (is_shown(row, r->threads)) {
            *left = fmin(*left, intensity_of(row));
            *right = fmax(*right, intensity_of(row));
            bottom = fmin(bottom, row->gflops);
            top = fmax(top, row->gflops);
        }
    }
    *left /= 2.5;
    *right *= 2.5;
    ebb_report__log_axis(script, 'x', *left, *right);
    ebb_report__log_axis(script, 'y', bottom / 2, top * 1.5);
}

static void points(ebb_text *script, const ebb_report__page *page, const roofs *r)
{
    size_t n = 0;
    for (size_t i = 0; i < page->rows.n && n < MAX_CURVES; i++) {
        const ebb_table__row *row = &page->rows.items[i];
        if (!is_shown(row, r->threads)) {
            continue;
        }
        ebb_text label = {0};
        ebb_report__row_label(&label, page, i, false);
        ebb_text_append(script,
                        ", '+' using (%.6g):(%.6g) every ::0::0 with points pt %zu ps 1 "
                        "lc rgb '%s' title ",
                        intensity_of(row), row->gflops, 5 + 2 * (n % 5),
                        ebb_report__hue(n));
        ebb_report__quote(script, label.data != NULL ? label.data : "", LABEL_LETTERS);
        ebb_text_clear(&label);
        n++;
    }
}

ebb_status ebb_report__roofline(ebb_report__page *page)
{
    const roofs r = choose_roofs(page);
    if (r.threads == 0) {
        return EBB_OK;
    }
    ebb_text script = {0};
    ebb_text caption = {0};
    double left = 0;
    double right = 0;
    ebb_report__plot_begin(&script, EBB_REPORT_HALF, 430);
    set_axes(&script, page, &r, &left, &right);
    ebb_text_append(&script,
                    "set samples 2\nset xlabel 'operations a byte'\nset ylabel "
                    "'GFLOP/s'\nset key bmargin left Left reverse vertical maxcols 1 "
                    "samplen 2.5\nplot [%.6g:%.6g] %.6g with lines lw 2 lc rgb '#000000' "
                    "title 'multiply-adds %.4g GFLOP/s'",
                    left, right, r.gflops, r.gflops);
    for (size_t i = 0; i < r.n_levels; i++) {
        const double ridge = r.gflops / r.levels[i].gbs;
        ebb_text title = {0};
        ebb_text_append(&title, "%s %.4g GB/s", r.levels[i].name, r.levels[i].gbs);
        ebb_text_append(&script,
                        ", [%.6g:%.6g] %.6g*x with lines lw 1.2 dt %zu lc rgb '#767676' "
                        "title ",
                        left, ridge, r.levels[i].gbs, i + 2);
        ebb_report__quote(&script, title.data != NULL ? title.data : "", LABEL_LETTERS);
        ebb_text_clear(&title);
    }
    points(&script, page, &r);
    ebb_text_append(&script, "\n");
    ebb_text_append(&caption,
                    "Roofline of %zu thread%s: median step of each configuration under "
                    "the roofs that machine.json has (multiply-adds: or a trial, where "
                    "it is higher). Bytes are the least a step must move, by the layers' "
                    "formulas.",
                    r.threads, r.threads == 1 ? "" : "s");
    return ebb_report__figure(page, &script, &caption);
}
