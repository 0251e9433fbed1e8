/* table_step_latency.c - how long a training step takes, by threads and settings. */
#include <math.h>

#include "study/json.h"
#include "study/table.h"
#include "study/table_note.h"
#include "study/table_row.h"

/* Whole table in one unit: milliseconds once the fastest step takes ten of them. */
static double unit_ns(const ebb_table__rows *all)
{
    double fastest = (double)NAN;
    for (size_t i = 0; i < all->n; i++) {
        fastest = fmin(fastest, all->items[i].p50_ns);
    }
    return fastest >= 1e7 ? 1e6 : 1e3;
}

/* A number with so many decimals, or a dash. */
static void number_cell(ebb_grid *grid, double value, int decimals)
{
    if (isnan(value)) {
        ebb_grid_cell(grid, "–");
    } else {
        ebb_grid_cell(grid, "%.*f", decimals, value);
    }
}

static void latency_cells(ebb_grid *grid, const ebb_table__row *r, double unit)
{
    const double p50 = r->p50_ns / unit;
    const double low = r->low_ns / unit;
    const double high = r->high_ns / unit;
    const int decimals = ebb_grid_decimals(p50, low, high);
    if (isnan(p50)) {
        ebb_grid_cell(grid, "%s", r->n_valid == 0 ? "invalid" : "–");
    } else if (isnan(low)) {
        ebb_grid_cell(grid, "%.*f", decimals, p50);
    } else {
        ebb_grid_cell(grid, "%.*f [%.*f, %.*f]", decimals, p50, decimals, low, decimals,
                      high);
    }
    number_cell(grid, r->p90_ns / unit, decimals);
    number_cell(grid, r->p99_ns / unit, decimals);
}

static void rate_cells(ebb_grid *grid, const ebb_table__row *r)
{
    number_cell(grid, ebb_grid_significant(r->samples_per_second, 4), 0);
    number_cell(grid, r->gflops,
                isnan(r->gflops) ? 0 : ebb_grid_decimals(r->gflops, 0, 0));
    number_cell(grid, 100 * r->peak_fraction, 0);
    number_cell(grid, r->speed_up, 2);
    number_cell(grid, 100 * r->efficiency, 0);
}

static void trials_cell(ebb_grid *grid, const ebb_table__row *r)
{
    if (r->n_valid == r->n) {
        ebb_grid_cell(grid, "%zu", r->n);
    } else {
        ebb_grid_cell(grid, "%zu + %zu invalid", r->n_valid, r->n - r->n_valid);
    }
}

static void fill_readable(ebb_grid *grid, const ebb_table__rows *all)
{
    static const char *const always[] = {"threads", NULL};
    ebb_table__keys shown;
    ebb_table__shown(&shown, &all->keys, all->firsts, all->n, always, true);
    const double unit = unit_ns(all);
    const char *name = unit > 1e3 ? "ms" : "µs";
    for (size_t i = 0; i < shown.n; i++) {
        const json_t *value =
            all->n == 0 ? NULL : json_object_get(all->firsts[0]->config, shown.names[i]);
        ebb_grid_column(grid, json_is_number(value), "%s", shown.names[i]);
    }
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
        trials_cell(grid, r);
    }
}

/* Whole nanoseconds where they are; nothing where there is no number. */
static void csv_cell(ebb_grid *grid, double value)
{
    if (isnan(value)) {
        ebb_grid_cell(grid, "%s", "");
    } else {
        ebb_grid_cell(grid, "%.10g", value);
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
    for (size_t i = 0; i < shown.n; i++) {
        ebb_grid_column(grid, false, "%s", shown.names[i]);
    }
    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++) {
        ebb_grid_column(grid, true, "%s", measures[i]);
    }
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
        for (size_t j = 0; j < sizeof values / sizeof values[0]; j++) {
            csv_cell(grid, values[j]);
        }
    }
}

static void note_columns(ebb_text *out, ebb_format format, const ebb_table__rows *all)
{
    bool one = false, several = false, missing = false;
    for (size_t i = 0; i < all->n; i++) {
        const ebb_table__row *r = &all->items[i];
        one = one || r->n_valid == 1;
        several = several || r->n_valid > 1;
        missing = missing || (r->n_valid > 0 && (isnan(r->p90_ns) || isnan(r->p99_ns)));
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
    if (missing) {
        ebb_table__note(
            out, format,
            "–: too few steps for a bound of that quantile (29 for p90, 299 for "
            "p99).");
    }
    ebb_table__note(out, format,
                    "images/s, GFLOP/s, share of peak: of the p50 step; peak: "
                    "register-only FMA loop on the same threads.");
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
    ebb_text common = {0};
    ebb_table__print_common(&common, all->sorted, trials->n);
    ebb_table__heading(out, format, "Step latency",
                       common.data != NULL ? common.data : "");
    ebb_text_clear(&common);
    ebb_grid grid = {0};
    if (format == EBB_CSV) {
        fill_csv(&grid, all);
    } else {
        fill_readable(&grid, all);
    }
    const ebb_status status = ebb_grid_render(out, &grid, format);
    ebb_grid_clear(&grid);
    if (format == EBB_MARKDOWN) {
        ebb_text_append(out, "\n");
    }
    note_columns(out, format, all);
    note_bases(out, format, all);
    ebb_table__note_file(out, format, trials, "left out of all numbers above", true);
    return status;
}

static ebb_status render(ebb_text *out, const ebb_trials *trials, ebb_format format)
{
    ebb_table__rows all;
    EBB_TRY(ebb_table__rows_make(&all, trials));
    const ebb_status status = render_rows(out, trials, &all, format);
    ebb_table__rows_clear(&all);
    return status;
}

const ebb_table ebb_table_step_latency = {
    .choice = {.name = "step-latency",
               .summary = "time of a training step, by threads and settings"},
    .file_stem = "step_latency",
    .render = render,
};
