/* table_step_latency.c - how long a training step takes, by threads and settings. */
#include <math.h>

#include "study/table.h"
#include "study/table_cell.h"
#include "study/table_note.h"

static void latency_cells(ebb_grid *grid, const ebb_table__row *r, double unit)
{
    const int decimals = ebb_table__p50_cell(grid, r, unit);
    ebb_table__number_cell(grid, r->p90_ns / unit, decimals);
    ebb_table__number_cell(grid, r->p99_ns / unit, decimals);
}

static void rate_cells(ebb_grid *grid, const ebb_table__row *r)
{
    ebb_table__number_cell(grid, ebb_grid_significant(r->samples_per_second, 4), 0);
    ebb_table__number_cell(grid, r->gflops,
                           isnan(r->gflops) ? 0 : ebb_grid_decimals(r->gflops, 0, 0));
    ebb_table__number_cell(grid, 100 * r->peak_fraction, 0);
    ebb_table__number_cell(grid, r->speed_up, 2);
    ebb_table__number_cell(grid, 100 * r->efficiency, 0);
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
    ebb_grid_column(grid, true, "p90 %s", name);
    ebb_grid_column(grid, true, "p99 %s", name);
    ebb_grid_column(grid, true, "images/s");
    ebb_grid_column(grid, true, "GFLOP/s");
    ebb_grid_column(grid, true, "%% of peak");
    ebb_grid_column(grid, true, "speed-up");
    ebb_grid_column(grid, true, "efficiency %%");
    ebb_grid_column(grid, true, "trials");
    for (size_t i = 0; i < all->n; i++) {
        const ebb_table__row *r = &all->items[i];
        ebb_table__key_cells(grid, r->trials[0], &shown, "–");
        latency_cells(grid, r, unit);
        rate_cells(grid, r);
        ebb_table__trials_cell(grid, r);
    }
}

static void fill_csv(ebb_grid *grid, const ebb_table__rows *all)
{
    static const char *const always[] = {"algorithm", "strategy", "batch_size",
                                         "placement", "threads",  NULL};
    static const char *const measures[] = {
        "trials",      "invalid_trials", "p50_ns",        "p50_low_ns",
        "p50_high_ns", "p90_ns",         "p99_ns",        "images_per_second",
        "gflops",      "peak_gflops",    "peak_fraction", "base_threads",
        "speed_up",    "efficiency"};
    ebb_table__keys shown;
    ebb_table__shown(&shown, &all->keys, all->firsts, all->n, always, false);
    ebb_table__key_names(grid, &shown);
    ebb_table__number_columns(grid, measures, sizeof measures / sizeof measures[0]);
    for (size_t i = 0; i < all->n; i++) {
        const ebb_table__row *r = &all->items[i];
        ebb_table__key_cells(grid, r->trials[0], &shown, "");
        const double values[] = {
            (double)r->n_valid,
            (double)(r->n - r->n_valid),
            r->p50_ns,
            r->low_ns,
            r->high_ns,
            r->p90_ns,
            r->p99_ns,
            r->samples_per_second,
            r->gflops,
            r->peak_gflops,
            r->peak_fraction,
            r->base_threads > 0 ? (double)r->base_threads : (double)NAN,
            r->speed_up,
            r->efficiency};
        ebb_table__csv_cells(grid, values, sizeof values / sizeof values[0]);
    }
}

/* What a dash means; in a row without a valid trial it is told under "invalid". */
static void note_dashes(ebb_text *out, ebb_format format, const ebb_table__rows *all)
{
    bool invalid = false, missing = false;
    for (size_t i = 0; i < all->n; i++) {
        const ebb_table__row *r = &all->items[i];
        invalid = invalid || r->n_valid == 0;
        missing =
            missing || (!isnan(r->p50_ns) && (isnan(r->p90_ns) || isnan(r->p99_ns)));
    }
    if (invalid) {
        ebb_table__note(out, format,
                        "invalid, and – beside it: no valid trial, so nothing is known.");
    }
    if (missing) {
        ebb_table__note(out, format,
                        "– under p90 or p99 beside a p50: too few steps for a bound of "
                        "that quantile (29 for p90, 299 for p99).");
    }
}

static void note_columns(ebb_text *out, ebb_format format, const ebb_table__rows *all)
{
    bool one = false, several = false;
    for (size_t i = 0; i < all->n; i++) {
        const ebb_table__row *r = &all->items[i];
        one = one || r->n_valid == 1;
        several = several || r->n_valid > 1;
    }
    if (several) {
        ebb_table__note(out, format,
                        "p50 [lowest, highest]: median and range of the medians of the "
                        "trials (repetitions and seeds); p90, p99: median over trials.");
    }
    if (one) {
        ebb_table__note(out, format,
                        "p50 [low, high]%s: median step with its 95 %% order-statistic "
                        "interval.",
                        several ? " of a single trial" : "");
    }
    note_dashes(out, format, all);
    ebb_table__note(out, format, "images/s, GFLOP/s, share of peak: of the p50 step.");
    ebb_table__note_peak(out, format, all);
}

/* Every base once: "1 thread"; different curves may start at different counts. */
static void note_bases(ebb_text *out, ebb_format format, const ebb_table__rows *all)
{
    ebb_text bases = {0};
    size_t last = 0;
    bool same = true;
    for (size_t i = 0; i < all->n; i++) {
        const size_t base = all->items[i].base_threads;
        if (base > 0) {
            same = same && (last == 0 || last == base);
            last = base;
        }
    }
    if (last == 0) {
        return;
    }
    if (same) {
        ebb_text_append(&bases, "%zu thread%s", last, last == 1 ? "" : "s");
    } else {
        ebb_text_append(&bases, "the fewest threads");
    }
    if (bases.data != NULL) {
        ebb_table__note(out, format,
                        "speed-up, efficiency: against %s of the same settings; "
                        "efficiency = speed-up x base threads / threads.",
                        bases.data);
    }
    ebb_text_clear(&bases);
}

static ebb_status render_rows(ebb_text *out, const ebb_trials *trials,
                              const ebb_table__rows *all, ebb_format format)
{
    ebb_table__title(out, format, "Step latency", all->sorted, trials->n);
    ebb_grid grid = {0};
    if (format == EBB_CSV) {
        fill_csv(&grid, all);
    } else {
        fill_readable(&grid, all);
    }
    const ebb_status status = ebb_table__body(out, format, &grid);
    note_columns(out, format, all);
    note_bases(out, format, all);
    ebb_table__note_file(out, format, trials, "left out of all numbers above", true);
    return status;
}

static ebb_status render(ebb_text *out, const ebb_trials *trials, ebb_format format)
{
    return ebb_table__render_rows(out, trials, format, render_rows);
}

const ebb_table ebb_table_step_latency = {
    .choice = {.name = "step-latency",
               .summary = "time of a training step, by threads and settings"},
    .file_stem = "step_latency",
    .shown = true,
    .render = render,
};
