/* table_roofline.c - which roof bounds a step, and how near to it the step is. */
#include <math.h>
#include <string.h>

#include "study/roof_file.h"
#include "study/table.h"
#include "study/table_cell.h"
#include "study/table_note.h"

/* Between the two phases of a step and after them. */
enum { BARRIERS_PER_STEP = 2 };

/* The time that each roof alone would allow, in ns; NaN where a roof is not known. */
typedef struct roofline {
    double compute_ns, bandwidth_ns, barrier_ns;
    ebb_roof_level level;
    double matmul_gflops;
    const char *bound; /* "compute", a level, "barriers"; "" when nothing is known */
    double bound_ns;
} roofline;

static void consider(roofline *self, const char *name, double ns)
{
    if (!isnan(ns) && !(ns <= self->bound_ns)) {
        self->bound = name;
        self->bound_ns = ns;
    }
}

/* One caller forks and joins inside every operation instead: how often is not known. */
static bool has_barriers(const ebb_table__row *row)
{
    return strcmp(row->trials[0]->strategy, "internal") != 0;
}

static void set_barriers(roofline *self, const ebb_table__row *row,
                         const ebb_roof_file *file)
{
    if (has_barriers(row)) {
        self->barrier_ns = BARRIERS_PER_STEP * ebb_roof_file_barrier(file, row->threads);
    }
}

static void compute(roofline *self, const ebb_table__row *row, const ebb_roof_file *file)
{
    const double none = (double)NAN;
    *self = (roofline){.compute_ns = row->flop / row->peak_gflops,
                       .bandwidth_ns = none,
                       .barrier_ns = none,
                       .level = {.name = "", .gbs = none},
                       .matmul_gflops = none,
                       .bound = "",
                       .bound_ns = none};
    if (isnan(row->p50_ns) || row->peak_disturbed) {
        return; /* nothing to hold against a roof, or no roof */
    }
    if (file->machine != NULL &&
        strcmp(file->machine_id, row->trials[0]->machine_id) == 0) {
        self->level = ebb_roof_file_level(file, row->arena_bytes, row->threads);
        self->bandwidth_ns = row->bytes / self->level.gbs;
        self->matmul_gflops = ebb_roof_file_matmul(file, row->threads);
        set_barriers(self, row, file);
    }
    consider(self, "compute", self->compute_ns);
    consider(self, self->level.name, self->bandwidth_ns);
    consider(self, "barriers", self->barrier_ns);
}

static void readable_columns(ebb_grid *grid, const ebb_table__keys *shown,
                             const ebb_table__rows *all, const char *unit)
{
    ebb_table__key_columns(grid, shown, all->firsts, all->n);
    ebb_grid_column(grid, true, "p50 %s", unit);
    ebb_grid_column(grid, true, "flop/byte");
    ebb_grid_column(grid, true, "compute %s", unit);
    ebb_grid_column(grid, false, "level");
    ebb_grid_column(grid, true, "bandwidth %s", unit);
    ebb_grid_column(grid, true, "barriers %s", unit);
    ebb_grid_column(grid, false, "bound");
    ebb_grid_column(grid, true, "%% of bound");
    ebb_grid_column(grid, true, "%% of matmul");
}

static const char *or_dash(const char *text)
{
    return text[0] != '\0' ? text : "–";
}

static void fill_readable(ebb_grid *grid, const ebb_table__rows *all,
                          const ebb_roof_file *file)
{
    static const char *const always[] = {"threads", NULL};
    ebb_table__keys shown;
    ebb_table__shown(&shown, &all->keys, all->firsts, all->n, always, true);
    const double unit = ebb_table__unit_ns(all);
    readable_columns(grid, &shown, all, ebb_table__unit_name(unit));
    for (size_t i = 0; i < all->n; i++) {
        const ebb_table__row *r = &all->items[i];
        const double intensity = r->flop / r->bytes;
        roofline roof;
        compute(&roof, r, file);
        ebb_table__key_cells(grid, r->trials[0], &shown, "–");
        const int decimals = ebb_table__p50_cell(grid, r, unit);
        ebb_table__number_cell(grid, intensity, 1);
        ebb_table__number_cell(grid, roof.compute_ns / unit, decimals);
        ebb_grid_cell(grid, "%s", or_dash(roof.level.name));
        ebb_table__number_cell(grid, roof.bandwidth_ns / unit, decimals);
        ebb_table__number_cell(grid, roof.barrier_ns / unit, decimals > 2 ? decimals : 2);
        ebb_grid_cell(grid, "%s", or_dash(roof.bound));
        ebb_table__number_cell(grid, 100 * roof.bound_ns / r->p50_ns, 0);
        ebb_table__number_cell(grid, 100 * r->gflops / roof.matmul_gflops, 0);
    }
}

static void csv_columns(ebb_grid *grid, const ebb_table__keys *shown)
{
    static const char *const numbers[] = {
        "trials",        "invalid_trials", "p50_ns",        "step_flop",
        "step_bytes",    "flop_per_byte",  "gflops",        "peak_gflops",
        "matmul_gflops", "bandwidth_gbs",  "compute_ns",    "bandwidth_ns",
        "barriers_ns",   "bound_ns",       "bound_fraction"};
    ebb_table__key_names(grid, shown);
    ebb_grid_column(grid, false, "bandwidth_level");
    ebb_grid_column(grid, false, "bound");
    ebb_table__number_columns(grid, numbers, sizeof numbers / sizeof numbers[0]);
}

static void fill_csv(ebb_grid *grid, const ebb_table__rows *all,
                     const ebb_roof_file *file)
{
    static const char *const always[] = {"algorithm", "strategy", "batch_size",
                                         "placement", "threads",  NULL};
    ebb_table__keys shown;
    ebb_table__shown(&shown, &all->keys, all->firsts, all->n, always, false);
    csv_columns(grid, &shown);
    for (size_t i = 0; i < all->n; i++) {
        const ebb_table__row *r = &all->items[i];
        roofline roof;
        compute(&roof, r, file);
        const double values[] = {(double)r->n_valid,
                                 (double)(r->n - r->n_valid),
                                 r->p50_ns,
                                 r->flop,
                                 r->bytes,
                                 r->flop / r->bytes,
                                 r->gflops,
                                 r->peak_gflops,
                                 roof.matmul_gflops,
                                 roof.level.gbs,
                                 roof.compute_ns,
                                 roof.bandwidth_ns,
                                 roof.barrier_ns,
                                 roof.bound_ns,
                                 roof.bound_ns / r->p50_ns};
        ebb_table__key_cells(grid, r->trials[0], &shown, "");
        ebb_grid_cell(grid, "%s", roof.level.name);
        ebb_grid_cell(grid, "%s", roof.bound);
        ebb_table__csv_cells(grid, values, sizeof values / sizeof values[0]);
    }
}

static bool is_foreign(const ebb_trials *trials, const ebb_roof_file *file)
{
    bool foreign = false;
    for (size_t i = 0; i < trials->n; i++) {
        foreign = foreign || strcmp(trials->items[i].machine_id, file->machine_id) != 0;
    }
    return foreign;
}

static void note_roofs(ebb_text *out, ebb_format format, const ebb_trials *trials,
                       const ebb_roof_file *file)
{
    if (file->machine == NULL) {
        ebb_table__note(out, format,
                        "%s is not there: without its roofs only compute is known.",
                        file->path);
    } else if (is_foreign(trials, file)) {
        ebb_table__note(out, format,
                        "%s is of another machine than some trials: of those only "
                        "compute is known.",
                        file->path);
    }
}

static void note_columns(ebb_text *out, ebb_format format, const ebb_table__rows *all)
{
    ebb_table__note(out, format,
                    "compute, bandwidth, barriers: the time a step would take if that "
                    "roof alone held; bound: the longest of them; %% of bound: it over "
                    "the p50 step.");
    ebb_table__note(out, format,
                    "compute: flop of a step at the FMA peak of the same threads; %% of "
                    "matmul: the step's rate over that of oneDNN's matrix product in "
                    "cache.");
    ebb_table__note(out, format,
                    "bandwidth: bytes of a step by the layers' formulas, all of them at "
                    "the triad bandwidth of the innermost level that holds parameters, "
                    "their copies and moments; what inner caches keep makes it shorter.");
    ebb_table__note(out, format,
                    "barriers: %d a step; those of the strategy internal are not "
                    "known.",
                    BARRIERS_PER_STEP);
    ebb_table__note_peak(out, format, all);
}

static ebb_status render_rows(ebb_text *out, const ebb_trials *trials,
                              const ebb_table__rows *all, ebb_format format)
{
    ebb_roof_file file;
    ebb_grid grid = {0};
    EBB_TRY(ebb_roof_file_read(&file, trials->path));
    ebb_table__title(out, format, "Roofline", all->sorted, trials->n);
    if (format == EBB_CSV) {
        fill_csv(&grid, all, &file);
    } else {
        fill_readable(&grid, all, &file);
    }
    const ebb_status status = ebb_table__body(out, format, &grid);
    note_columns(out, format, all);
    note_roofs(out, format, trials, &file);
    ebb_table__note_file(out, format, trials, "left out of all numbers above", true);
    ebb_roof_file_clear(&file);
    return status;
}

static ebb_status render(ebb_text *out, const ebb_trials *trials, ebb_format format)
{
    return ebb_table__render_rows(out, trials, format, render_rows);
}

const ebb_table ebb_table_roofline = {
    .choice = {.name = "roofline",
               .summary =
                   "which roof bounds the step: compute, a cache, memory, barriers"},
    .file_stem = "roofline",
    .render = render,
};
