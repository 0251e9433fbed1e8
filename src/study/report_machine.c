/* report_machine.c - where the trials ran, and what that machine can do. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/json.h"
#include "study/report_page.h"

/* Members of an object as "NAME=value", one behind the other. */
static void print_members(ebb_text *out, json_t *object)
{
    const char *key = NULL;
    json_t *value = NULL;
    const size_t before = out->length;
    json_object_foreach(object, key, value)
    {
        ebb_text_append(out, "%s%s=", out->length > before ? " " : "", key);
        ebb_json_print(out, value);
    }
}

static void fact_row(ebb_report__page *page, const char *key, const char *value)
{
    char *name = strdup(key);
    if (name == NULL) {
        page->out->failed = true;
        return;
    }
    for (char *at = strchr(name, '_'); at != NULL; at = strchr(at, '_')) {
        *at = ' ';
    }
    ebb_text_append(page->out, "<div><dt>");
    ebb_grid_escape_html(page->out, name);
    ebb_text_append(page->out, "</dt><dd>");
    ebb_grid_escape_html(page->out, value);
    ebb_text_append(page->out, "</dd></div>\n");
    free(name);
}

static void json_row(ebb_report__page *page, const char *name, json_t *value)
{
    ebb_text text = {0};
    if (json_is_object(value)) {
        print_members(&text, value);
    } else if (value != NULL) {
        ebb_json_print(&text, value);
    }
    fact_row(page, name, text.length > 0 ? text.data : "none");
    page->out->failed |= text.failed;
    ebb_text_clear(&text);
}

static void shape_rows(ebb_report__page *page, const json_t *machine)
{
    static const char *const keys[] = {"usable_cpus", "usable_cores", "quota", "packages",
                                       "numa_nodes",  "cores",        "pus"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_row(page, keys[i], json_object_get(machine, keys[i]));
    }
    json_t *placements = json_object_get(machine, "placements");
    const char *name = NULL;
    json_t *cpus = NULL;
    json_object_foreach(placements, name, cpus)
    {
        ebb_text row = {0};
        ebb_text_append(&row, "placement %s", name);
        if (row.data != NULL && json_array_size(cpus) > 0) {
            json_row(page, row.data, cpus);
        }
        ebb_text_clear(&row);
    }
}

static void append_facts(ebb_report__page *page, const json_t *machine,
                         json_t *environment)
{
    ebb_text_append(page->out, "<dl class=\"facts\">\n");
    if (machine != NULL) {
        shape_rows(page, machine);
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(environment, key, value)
    {
        json_row(page, key, value);
    }
    ebb_text_append(page->out, "</dl>\n");
}

static void roof_rows(ebb_grid *grid, const json_t *list, const char *what,
                      const char *unit)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *roof = json_array_get(list, i);
        const double value = ebb_json_get_number(roof, "value");
        const double low = ebb_json_get_number(roof, "low");
        const double high = ebb_json_get_number(roof, "high");
        if (isnan(value)) {
            continue;
        }
        const int decimals = value >= 100 ? 0 : 1;
        ebb_grid_cell(grid, "%s %s", what, ebb_json_get_text(roof, "isa"));
        ebb_grid_cell(grid, "%.0f", ebb_json_get_number(roof, "threads"));
        ebb_grid_cell(grid, "%.*f %s", decimals, value, unit);
        ebb_grid_cell(grid, "%.*f to %.*f", decimals, low, decimals, high);
    }
}

/* Of reading, writing and the triad of both, the last is nearest to a step. */
static void bandwidth_rows(ebb_grid *grid, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *roof = json_array_get(list, i);
        const double value = ebb_json_get_number(roof, "triad");
        const double low = ebb_json_get_number(roof, "triad_low");
        const double high = ebb_json_get_number(roof, "triad_high");
        if (isnan(value)) {
            continue;
        }
        ebb_grid_cell(grid, "bandwidth %s, triad", ebb_json_get_text(roof, "level"));
        ebb_grid_cell(grid, "%.0f", ebb_json_get_number(roof, "threads"));
        ebb_grid_cell(grid, "%.1f GB/s", value);
        if (isnan(low) || isnan(high)) {
            ebb_grid_cell(grid, "–");
        } else {
            ebb_grid_cell(grid, "%.1f to %.1f", low, high);
        }
    }
}

static ebb_status append_roofs(ebb_report__page *page, const json_t *machine)
{
    const json_t *roofs = json_object_get(machine, "roofs");
    ebb_grid grid = {0};
    ebb_grid_column(&grid, false, "roof");
    ebb_grid_column(&grid, true, "threads");
    ebb_grid_column(&grid, true, "median");
    ebb_grid_column(&grid, true, "lowest to highest");
    roof_rows(&grid, json_object_get(roofs, "fma_gflops"), "multiply-adds", "GFLOP/s");
    roof_rows(&grid, json_object_get(roofs, "matmul_gflops"), "matrix product",
              "GFLOP/s");
    bandwidth_rows(&grid, json_object_get(roofs, "bandwidth_gbs"));
    roof_rows(&grid, json_object_get(roofs, "barrier_ns"), "barrier", "ns");
    ebb_text_append(page->out, "<h3>Measured roofs</h3>\n");
    return ebb_report__table(page, &grid);
}

static void append_noise(ebb_report__page *page, const json_t *machine)
{
    const json_t *noise = json_object_get(machine, "noise");
    const json_t *rates = json_object_get(noise, "fma_gflops");
    const double median = ebb_json_get_number(rates, "value");
    const double seconds = ebb_json_get_number(noise, "seconds");
    const double delay = ebb_json_get_number(noise, "run_delay_ns") * 1e-9 / seconds;
    if (isnan(median) || isnan(seconds)) {
        return;
    }
    ebb_report__paragraph(
        page, "note",
        "Noise when the sweep began: in %.2f s of full load, rounds of equal work ran at "
        "%.0f to %.0f %% of the median rate.",
        seconds, 100 * ebb_json_get_number(rates, "low") / median,
        100 * ebb_json_get_number(rates, "high") / median);
    if (delay > 0.05) { /* the share above which a trial would not count either */
        ebb_report__paragraph(page, "warn",
                              "Other programs used these CPUs then (threads waited for "
                              "%.0f %% of the time): the roofs above are too low. Shares "
                              "of peak refer to the best that the trials measured.",
                              100 * fmin(delay, 1)); /* a wait counts when it ends */
    }
}

ebb_status ebb_report__machine(ebb_report__page *page)
{
    const ebb_report *report = page->report;
    const ebb_trials_item *first = &report->trials->items[0];
    const json_t *machine = report->machine;
    json_t *environment = json_object_get(machine, "environment");
    if (machine == NULL) {
        ebb_report__paragraph(page, "warn",
                              "%s: so no topology and no roofs here; the facts below "
                              "are those of the first trial.",
                              report->machine_fault);
    } else if (strcmp(ebb_json_get_text(machine, "machine_id"), first->machine_id) != 0) {
        ebb_report__paragraph(page, "warn",
                              "machine.json describes another machine than that of the "
                              "first trial.");
    }
    if (environment == NULL) {
        environment = json_object_get(first->record, "environment");
    }
    if (machine != NULL) {
        EBB_TRY(append_roofs(page, machine));
        append_noise(page, machine);
    }
    ebb_text_append(page->out, "<h3>Facts</h3>\n");
    append_facts(page, machine, environment);
    return EBB_OK;
}
