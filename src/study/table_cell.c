#include "study/table_cell.h"

#include <math.h>

#include "study/json.h"
#include "study/table_note.h"

double ebb_table__unit_ns(const ebb_table__rows *all)
{
    double fastest = (double)NAN;
    for (size_t i = 0; i < all->n; i++) {
        fastest = fmin(fastest, all->items[i].p50_ns);
    }
    return fastest >= 1e7 ? 1e6 : 1e3;
}

const char *ebb_table__unit_name(double unit_ns)
{
    return unit_ns > 1e3 ? "ms" : "µs";
}

/* Numbers, and places where there is none. */
static bool is_numeric(const char *key, const ebb_table__trial *firsts, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_object_get(firsts[i]->config, key);
        if (!json_is_number(value) && !json_is_null(value)) {
            return false;
        }
        any = any || json_is_number(value);
    }
    return any;
}

void ebb_table__key_columns(ebb_grid *grid, const ebb_table__keys *shown,
                            const ebb_table__trial *firsts, size_t n)
{
    for (size_t i = 0; i < shown->n; i++) {
        ebb_grid_column(grid, is_numeric(shown->names[i], firsts, n), "%s",
                        shown->names[i]);
    }
}

void ebb_table__number_cell(ebb_grid *grid, double value, int decimals)
{
    if (isnan(value)) {
        ebb_grid_cell(grid, "–");
    } else {
        ebb_grid_cell(grid, "%.*f", decimals, value);
    }
}

int ebb_table__p50_cell(ebb_grid *grid, const ebb_table__row *row, double unit_ns)
{
    const double p50 = row->p50_ns / unit_ns;
    const double low = row->low_ns / unit_ns;
    const double high = row->high_ns / unit_ns;
    const int decimals = ebb_grid_decimals(p50, low, high);
    if (isnan(p50)) {
        ebb_grid_cell(grid, "%s", row->n_valid == 0 ? "invalid" : "–");
    } else if (isnan(low)) {
        ebb_grid_cell(grid, "%.*f", decimals, p50);
    } else {
        ebb_grid_cell(grid, "%.*f [%.*f, %.*f]", decimals, p50, decimals, low, decimals,
                      high);
    }
    return decimals;
}

void ebb_table__trials_cell(ebb_grid *grid, const ebb_table__row *row)
{
    if (row->n_valid == row->n) {
        ebb_grid_cell(grid, "%zu", row->n);
    } else {
        ebb_grid_cell(grid, "%zu + %zu invalid", row->n_valid, row->n - row->n_valid);
    }
}

void ebb_table__csv_cells(ebb_grid *grid, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i])) {
            ebb_grid_cell(grid, "%s", "");
        } else {
            ebb_grid_cell(grid, "%.10g", values[i]);
        }
    }
}

void ebb_table__key_names(ebb_grid *grid, const ebb_table__keys *shown)
{
    for (size_t i = 0; i < shown->n; i++) {
        ebb_grid_column(grid, false, "%s", shown->names[i]);
    }
}

void ebb_table__number_columns(ebb_grid *grid, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ebb_grid_column(grid, true, "%s", names[i]);
    }
}

void ebb_table__title(ebb_text *out, ebb_format format, const char *heading,
                      const ebb_table__trial *trials, size_t n)
{
    ebb_text common = {0};
    ebb_table__print_common(&common, trials, n);
    ebb_table__heading(out, format, heading, common.data != NULL ? common.data : "");
    ebb_text_clear(&common);
}

void ebb_table__note_peak(ebb_text *out, ebb_format format, const ebb_table__rows *all)
{
    size_t n_low = 0;
    size_t n_valid = 0;
    size_t n_disturbed = 0;
    for (size_t i = 0; i < all->n; i++) {
        n_low += all->items[i].n_low_peaks;
        n_valid += all->items[i].n_valid;
        n_disturbed += all->items[i].peak_disturbed ? 1 : 0;
    }
    ebb_table__note(
        out, format,
        "peak: register-only FMA loop on as many threads in the same "
        "placement, before and after each trial; the best of all valid trials "
        "of the file on that machine.");
    if (n_low > 0) {
        ebb_table__note(out, format,
                        "%zu of %zu valid trials measured a peak more than 10 %% below "
                        "that best: something slowed them from end to end, and their "
                        "times may be too long.",
                        n_low, n_valid);
    }
    if (n_disturbed > 0) {
        ebb_table__note(out, format,
                        "– in place of the peak and of shares of it, in %zu of %zu rows: "
                        "the step is faster than the peak, which was disturbed whenever "
                        "it was measured.",
                        n_disturbed, all->n);
    }
}

ebb_status ebb_table__body(ebb_text *out, ebb_format format, ebb_grid *grid)
{
    const ebb_status status = ebb_grid_render(out, grid, format);
    ebb_grid_clear(grid);
    if (format == EBB_MARKDOWN) {
        ebb_text_append(out, "\n");
    }
    return status;
}
