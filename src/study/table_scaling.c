/* table_scaling.c - what more threads bring for the same work. */
#include <math.h>

#include "study/table.h"
#include "study/table_cell.h"
#include "study/table_note.h"

/* Does the batch grow with the threads? */
static bool is_weak(const ebb_table__row *r)
{
    return json_is_integer(json_object_get(r->trials[0]->config, "batch_per_thread"));
}

/* Share of the work that did not become faster with p times the threads. The same work:
 * of the base's (Karp and Flatt 1990), (1/s − 1/p) / (1 − 1/p). As much more of it: of
 * the time on p (Gustafson 1988), (p − s) / (p − 1). NaN at the base itself. */
static double serial_fraction(const ebb_table__row *r)
{
    const double p = (double)r->threads / (double)r->base_threads;
    if (r->threads <= r->base_threads) {
        return (double)NAN;
    }
    return is_weak(r) ? (p - r->speed_up) / (p - 1)
                      : (1 / r->speed_up - 1 / p) / (1 - 1 / p);
}

/* Speed-up over what the peaks of the same threads allow. */
static double of_peaks(const ebb_table__row *r)
{
    return r->speed_up * r->base_peak_gflops / r->peak_gflops;
}

static void fill_readable(ebb_grid *grid, const ebb_table__rows *all)
{
    static const char *const always[] = {"threads", NULL};
    ebb_table__keys shown;
    ebb_table__shown(&shown, &all->keys, all->firsts, all->n, always, true);
    const double unit = ebb_table__unit_ns(all);
    const char *name = ebb_table__unit_name(unit);
    ebb_table__key_columns(grid, &shown, all->firsts, all->n);
    ebb_grid_column(grid, true, "p50 %s", name);
    ebb_grid_column(grid, true, "base threads");
    ebb_grid_column(grid, true, "base p50 %s", name);
    ebb_grid_column(grid, true, "speed-up");
    ebb_grid_column(grid, true, "efficiency %%");
    ebb_grid_column(grid, true, "of the peaks' %%");
    ebb_grid_column(grid, true, "serial %%");
    ebb_grid_column(grid, true, "trials");
    for (size_t i = 0; i < all->n; i++) {
        const ebb_table__row *r = &all->items[i];
        const double base = r->base_threads > 0 ? (double)r->base_threads : (double)NAN;
        ebb_table__key_cells(grid, r->trials[0], &shown, "–");
        const int decimals = ebb_table__p50_cell(grid, r, unit);
        ebb_table__number_cell(grid, base, 0);
        ebb_table__number_cell(grid, r->base_p50_ns / unit, decimals);
        ebb_table__number_cell(grid, r->speed_up, 2);
        ebb_table__number_cell(grid, 100 * r->efficiency, 0);
        ebb_table__number_cell(grid, 100 * of_peaks(r), 0);
        ebb_table__number_cell(grid, 100 * serial_fraction(r), 1);
        ebb_table__trials_cell(grid, r);
    }
}

static void fill_csv(ebb_grid *grid, const ebb_table__rows *all)
{
    static const char *const always[] = {"algorithm", "strategy",         "batch_size",
                                         "placement", "batch_per_thread", "threads",
                                         NULL};
    static const char *const measures[] = {
        "trials",         "invalid_trials", "p50_ns",           "p50_low_ns",
        "p50_high_ns",    "base_threads",   "base_p50_ns",      "speed_up",
        "efficiency",     "peak_gflops",    "base_peak_gflops", "speed_up_of_peaks",
        "serial_fraction"};
    ebb_table__keys shown;
    ebb_table__shown(&shown, &all->keys, all->firsts, all->n, always, false);
    ebb_table__key_names(grid, &shown);
    ebb_table__number_columns(grid, measures, sizeof measures / sizeof measures[0]);
    for (size_t i = 0; i < all->n; i++) {
        const ebb_table__row *r = &all->items[i];
        const double values[] = {
            (double)r->n_valid,
            (double)(r->n - r->n_valid),
            r->p50_ns,
            r->low_ns,
            r->high_ns,
            r->base_threads > 0 ? (double)r->base_threads : (double)NAN,
            r->base_p50_ns,
            r->speed_up,
            r->efficiency,
            r->peak_gflops,
            r->base_peak_gflops,
            of_peaks(r),
            serial_fraction(r)};
        ebb_table__key_cells(grid, r->trials[0], &shown, "");
        ebb_table__csv_cells(grid, values, sizeof values / sizeof values[0]);
    }
}

static void note_serial(ebb_text *out, ebb_format format, bool strong, bool weak)
{
    if (strong) {
        ebb_table__note(out, format,
                        "serial%s: share of the base's work that threads did not make "
                        "faster (Karp and Flatt 1990); below zero where more threads "
                        "brought more than their share, as caches do.",
                        weak ? " of a fixed batch" : "");
    }
    if (weak) {
        ebb_table__note(out, format,
                        "batch_per_thread: weak scaling, the batch grows with the "
                        "threads; efficiency is then base p50 / p50, and serial the "
                        "share of the time on all threads that one spent alone "
                        "(Gustafson 1988).");
    }
}

static void note_columns(ebb_text *out, ebb_format format, const ebb_table__rows *all)
{
    bool strong = false;
    bool weak = false;
    for (size_t i = 0; i < all->n; i++) {
        weak = weak || is_weak(&all->items[i]);
        strong = strong || !is_weak(&all->items[i]);
    }
    ebb_table__note(out, format,
                    "base: the fewest threads with a valid trial of the same settings; "
                    "speed-up = images/s over those of the base%s; efficiency = speed-up "
                    "x base threads / threads.",
                    strong ? ", base p50 / p50 for the same batch" : "");
    ebb_table__note(out, format,
                    "of the peaks': speed-up over the growth of the FMA peak measured on "
                    "the same threads, which a processor that slows down under load does "
                    "not double.");
    ebb_table__note_peak(out, format, all);
    note_serial(out, format, strong, weak);
}

static const char *title_of(const ebb_table__rows *all)
{
    bool any = false;
    for (size_t i = 0; i < all->n; i++) {
        any = any || is_weak(&all->items[i]);
    }
    return any ? "Scaling: the same work, or the same work a thread, on more threads"
               : "Scaling: the same work on more threads";
}

static ebb_status render_rows(ebb_text *out, const ebb_trials *trials,
                              const ebb_table__rows *all, ebb_format format)
{
    ebb_grid grid = {0};
    ebb_table__title(out, format, title_of(all), all->sorted, trials->n);
    if (format == EBB_CSV) {
        fill_csv(&grid, all);
    } else {
        fill_readable(&grid, all);
    }
    const ebb_status status = ebb_table__body(out, format, &grid);
    note_columns(out, format, all);
    ebb_table__note_file(out, format, trials, "left out of all numbers above", true);
    return status;
}

static ebb_status render(ebb_text *out, const ebb_trials *trials, ebb_format format)
{
    return ebb_table__render_rows(out, trials, format, render_rows);
}

const ebb_table ebb_table_scaling = {
    .choice = {.name = "scaling",
               .summary =
                   "speed-up and efficiency of the step against the fewest threads"},
    .file_stem = "scaling",
    .render = render,
};
