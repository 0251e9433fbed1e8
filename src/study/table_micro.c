/* table_micro.c - micro-benchmarks: time of one iteration, its rate and share of a roof.
 */
#include "study/table_micro.h"

#include <math.h>
#include <string.h>

#include "study/json.h"
#include "study/table.h"
#include "study/table_cell.h"
#include "study/table_note.h"

/* What Google Benchmark appends to every name of a benchmark timed like ours. */
static const char *const endings[] = {"/real_time", "/process_time", "/manual_time"};

static void name_cell(ebb_grid *grid, const ebb_micro_row *row)
{
    size_t length = strlen(row->name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        const size_t ending = strlen(endings[i]);
        if (length > ending &&
            strncmp(row->name + length - ending, endings[i], ending) == 0) {
            length -= ending;
        }
    }
    ebb_grid_cell(grid, "%.*s", (int)length, row->name);
}

static void time_cell(ebb_grid *grid, const ebb_micro_row *row)
{
    const double us = row->real_ns / 1e3;
    if (row->fault != NULL) {
        ebb_grid_cell(grid, "%s", row->fault);
        return;
    }
    const int decimals = ebb_grid_decimals(us, row->low_ns / 1e3, row->high_ns / 1e3);
    const char *mark = row->disturbed ? " †" : "";
    if (isnan(row->low_ns)) {
        ebb_grid_cell(grid, "%.*f%s", decimals, us, mark);
    } else {
        ebb_grid_cell(grid, "%.*f [%.*f, %.*f]%s", decimals, us, decimals,
                      row->low_ns / 1e3, decimals, row->high_ns / 1e3, mark);
    }
}

static void rate_cell(ebb_grid *grid, double value)
{
    ebb_table__number_cell(grid, value,
                           isnan(value) ? 0 : ebb_grid_decimals(value, 0, 0));
}

static void fill_readable(ebb_grid *grid, const ebb_micro_file *file)
{
    static const char *const columns[] = {"µs",        "GFLOP/s", "GB/s",
                                          "% of roof", "items/s", "repetitions"};
    ebb_grid_column(grid, false, "benchmark");
    ebb_table__number_columns(grid, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < file->n; i++) {
        const ebb_micro_row *row = &file->rows[i];
        name_cell(grid, row);
        time_cell(grid, row);
        rate_cell(grid, row->gflops);
        rate_cell(grid, row->gbs);
        ebb_table__number_cell(grid, 100 * row->roof_share, 0);
        ebb_table__number_cell(grid, ebb_grid_significant(row->items_per_second, 4), 0);
        ebb_table__number_cell(
            grid, row->repetitions > 0 ? (double)row->repetitions : (double)NAN, 0);
    }
}

static void fill_csv(ebb_grid *grid, const ebb_micro_file *file)
{
    static const char *const columns[] = {
        "repetitions",          "real_time_ns",  "real_time_low_ns",
        "real_time_high_ns",    "cpu_time_ns",   "gflops",
        "gigabytes_per_second", "roof_fraction", "items_per_second"};
    ebb_grid_column(grid, false, "benchmark");
    ebb_grid_column(grid, false, "state");
    ebb_table__number_columns(grid, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < file->n; i++) {
        const ebb_micro_row *row = &file->rows[i];
        const double values[] = {(double)row->repetitions,
                                 row->real_ns,
                                 row->low_ns,
                                 row->high_ns,
                                 row->cpu_ns,
                                 row->gflops,
                                 row->gbs,
                                 row->roof_share,
                                 row->items_per_second};
        ebb_grid_cell(grid, "%s", row->name);
        ebb_grid_cell(grid, "%s",
                      row->fault != NULL ? row->fault
                      : row->disturbed   ? "disturbed"
                                         : "measured");
        ebb_table__csv_cells(grid, values, sizeof values / sizeof values[0]);
    }
}

static void note_faults(ebb_text *out, ebb_format format, const ebb_micro_file *file)
{
    for (size_t i = 0; i < file->n; i++) {
        const ebb_micro_row *row = &file->rows[i];
        if (row->fault != NULL) {
            ebb_table__note(out, format, "%s: %s: %s", row->fault, row->name,
                            row->reason[0] != '\0' ? row->reason : "without a reason");
        }
    }
}

static void note_disturbed(ebb_text *out, ebb_format format, const ebb_micro_file *file)
{
    size_t n = 0;
    for (size_t i = 0; i < file->n; i++) {
        n += file->rows[i].disturbed ? 1 : 0;
    }
    if (n > 0) {
        ebb_table__note(out, format,
                        "† disturbed, %zu of %zu: the mean iteration and the median one "
                        "(p50_us) differ by more than a factor of 1.5, so something else "
                        "ran; the times and rates are not to be believed.",
                        n, file->n);
    }
}

static void note_context(ebb_text *out, ebb_format format, const ebb_micro_file *file)
{
    const json_t *context = json_object_get(file->report, "context");
    const char *cpu = ebb_json_get_text(context, "cpu");
    const char *host = ebb_json_get_text(context, "host_name");
    ebb_table__note(
        out, format,
        "µs: of one iteration, median [lowest, highest] of the repetitions; "
        "rates: medians; roof: what the counter roof_share of a benchmark is "
        "a share of, the FMA peak for GFLOP/s, the bandwidth for GB/s, and for "
        "team_barrier and team_fork_join the shortest time in which a cache "
        "line goes to another thread and back, over the benchmark's.");
    const double cpus = ebb_json_get_number(context, "num_cpus");
    if (cpus > 0) {
        ebb_table__note(out, format, "Measured on %s, CPUs %.0f, %.19s.",
                        cpu[0] != '\0' ? cpu : host, cpus,
                        ebb_json_get_text(context, "date"));
    }
}

ebb_status ebb_micro_file_render(ebb_text *out, const ebb_micro_file *file,
                                 ebb_format format)
{
    ebb_grid grid = {0};
    if (format == EBB_CSV) {
        fill_csv(&grid, file);
    } else {
        ebb_table__heading(out, format, "Micro-benchmarks", "");
        fill_readable(&grid, file);
    }
    const ebb_status status = ebb_table__body(out, format, &grid);
    note_faults(out, format, file);
    note_disturbed(out, format, file);
    note_context(out, format, file);
    return status != EBB_OK ? status : ebb_text_check(out);
}

static ebb_status render(ebb_text *out, const char *path, ebb_format format)
{
    ebb_micro_file file;
    EBB_TRY(ebb_micro_file_read(&file, path));
    ebb_status status = ebb_micro_file_render(out, &file, format);
    if (status == EBB_OK && file.n_failed > 0) {
        status = ebb_fail(EBB_ERR_WRONG, "%s: %zu of %zu benchmarks failed (none)", path,
                          file.n_failed, file.n);
    }
    ebb_micro_file_clear(&file);
    return status;
}

const ebb_table ebb_table_micro = {
    .choice = {.name = "micro",
               .summary = "times, rates and shares of the roofs of micro-benchmarks"},
    .file_stem = "micro",
    .file = "micro.json",
    .render_file = render,
};
