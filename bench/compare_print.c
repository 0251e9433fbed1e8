#include "compare_print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/grid.h"

void ebb_compare_remark(ebb_text *out, const ebb_comparison *comparison,
                        const ebb_compare_benchmark *benchmark)
{
    if (benchmark->message != NULL) {
        ebb_text_append(out, "%s", benchmark->message);
    } else if (benchmark->verdict == EBB_GATE_UNKNOWN) {
        const double shown = ebb_compare_detectable(comparison, benchmark);
        if (isfinite(shown)) {
            ebb_text_append(out, "only a slowdown of %.1f %% would have been shown",
                            100.0 * shown);
        }
    }
}

void ebb_compare_count(ebb_text *out, const ebb_comparison *comparison,
                       const ebb_compare_benchmark *benchmark)
{
    const size_t n = benchmark->times[EBB_BASELINE].n;
    if (comparison->stored) {
        ebb_text_append(out, "%zu and %zu", n, benchmark->times[EBB_CANDIDATE].n);
    } else {
        ebb_text_append(out, "%zu", n);
    }
}

/* Why nobody can tell, by the first benchmark of which that is so; NULL: of none. */
static const char *print_doubt(const ebb_comparison *comparison,
                               const ebb_compare_benchmark *first)
{
    if (first == NULL) {
        return "nothing could be compared";
    }
    if (first->message == NULL) {
        return "the noise could hide a slowdown";
    }
    if (!first->starved) {
        return "a benchmark could not be judged";
    }
    if (comparison->stored) {
        return "too few valid trials for an interval";
    }
    return first->times[EBB_BASELINE].n == 0 ? "not one pair was measured in the budget"
                                             : "the budget was too small for an interval";
}

void ebb_compare_conclusion(ebb_text *out, const ebb_comparison *comparison)
{
    static const char *const meanings[] = {
        [EBB_GATE_SAME] = "no slowdown beyond the threshold",
        [EBB_GATE_FASTER] = "no slowdown beyond the threshold, and a speed-up",
        [EBB_GATE_SLOWER] = "a slowdown beyond the threshold",
        [EBB_GATE_MISSING] = "something to compare is not there",
        [EBB_GATE_WRONG] = "results differ or a check failed",
    };
    size_t n = 0;
    const ebb_compare_benchmark *first = ebb_comparison_gravest(&n, comparison);
    ebb_text_append(
        out, "%s: %s (%zu of %zu %s%s; threshold %.4g %%",
        ebb_gate_verdict_name(comparison->verdict),
        comparison->verdict == EBB_GATE_UNKNOWN ? print_doubt(comparison, first)
                                                : meanings[comparison->verdict],
        n, comparison->n_benchmarks, comparison->stored ? "configuration" : "benchmark",
        comparison->n_benchmarks == 1 ? "" : "s", 100.0 * comparison->threshold);
    if (!comparison->stored) {
        ebb_text_append(out, ", %.1f s of %.4g", comparison->seconds,
                        comparison->budget_seconds);
    }
    ebb_text_append(out, ")");
}

static const char *verdict_color(ebb_gate_verdict verdict)
{
    static const char *const colors[] = {
        [EBB_GATE_SAME] = "\033[32m",    [EBB_GATE_FASTER] = "\033[32;1m",
        [EBB_GATE_UNKNOWN] = "\033[33m", [EBB_GATE_SLOWER] = "\033[31;1m",
        [EBB_GATE_MISSING] = "\033[31m", [EBB_GATE_WRONG] = "\033[31;1m",
    };
    return colors[verdict];
}

static void append_ratio(ebb_text *out, const ebb_gate_interval *interval)
{
    char median[32] = "-";
    char range[64] = "-";
    if (isfinite(interval->median)) {
        snprintf(median, sizeof median, "%.4f", exp(interval->median));
    }
    if (isfinite(interval->low)) {
        snprintf(range, sizeof range, "[%.4f, %.4f]", exp(interval->low),
                 exp(interval->high));
    }
    ebb_text_append(out, "%7s %-18s", median, range);
}

static void append_line(ebb_text *out, const ebb_comparison *comparison,
                        const ebb_compare_benchmark *benchmark, bool color)
{
    ebb_text count = {0};
    ebb_text remark = {0};
    ebb_compare_count(&count, comparison, benchmark);
    ebb_compare_remark(&remark, comparison, benchmark);
    append_ratio(out, &benchmark->interval);
    ebb_text_append(out, " %*s  %s%s%s%s%s\n", comparison->stored ? 9 : 5,
                    count.failed ? "?" : count.data,
                    color ? verdict_color(benchmark->verdict) : "",
                    ebb_gate_verdict_name(benchmark->verdict), color ? "\033[0m" : "",
                    remark.length > 0 ? ": " : "", remark.length > 0 ? remark.data : "");
    ebb_text_clear(&count);
    ebb_text_clear(&remark);
}

ebb_status ebb_compare_text(ebb_text *out, const ebb_comparison *comparison, bool color)
{
    static const char head[] = "benchmark";
    int width = (int)sizeof head - 1;
    for (size_t i = 0; i < comparison->n_benchmarks; i++) {
        const int length = (int)strlen(comparison->benchmarks[i].name);
        width = length > width ? length : width;
    }
    if (comparison->n_benchmarks > 0) {
        ebb_text_append(out, "%-*s  %-26s %*s  verdict\n", width, head,
                        " candidate / baseline", comparison->stored ? 9 : 5,
                        comparison->stored ? "trials" : "pairs");
    }
    for (size_t i = 0; i < comparison->n_benchmarks; i++) {
        ebb_text_append(out, "%-*s  ", width, comparison->benchmarks[i].name);
        append_line(out, comparison, &comparison->benchmarks[i], color);
    }
    ebb_compare_conclusion(out, comparison);
    ebb_text_append(out, "\n");
    return ebb_text_check(out);
}

/* What a program printed is text and nothing else, in a table too. */
static void escape_markdown(ebb_text *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        ebb_text_append(out, "%s%c", strchr("\\`*_{}[]<>|&#", *c) != NULL ? "\\" : "",
                        *c);
    }
}

static void fill_verdict(ebb_grid *grid, const ebb_comparison *comparison,
                         const ebb_compare_benchmark *benchmark)
{
    ebb_text remark = {0};
    ebb_text cell = {0};
    ebb_compare_remark(&remark, comparison, benchmark);
    ebb_text_append(&cell, "%s", ebb_gate_verdict_name(benchmark->verdict));
    if (remark.length > 0) {
        ebb_text_append(&cell, ": ");
        escape_markdown(&cell, remark.data);
    }
    ebb_grid_cell(grid, "%s", cell.data == NULL ? "" : cell.data);
    grid->failed = grid->failed || cell.failed || remark.failed;
    ebb_text_clear(&remark);
    ebb_text_clear(&cell);
}

static void fill_row(ebb_grid *grid, const ebb_comparison *comparison,
                     const ebb_compare_benchmark *benchmark)
{
    const ebb_gate_interval *interval = &benchmark->interval;
    ebb_text text = {0};
    escape_markdown(&text, benchmark->name);
    ebb_grid_cell(grid, "%s", text.data == NULL ? "" : text.data);
    ebb_text_clear(&text);
    if (isfinite(interval->median)) {
        ebb_grid_cell(grid, "%.4f", exp(interval->median));
    } else {
        ebb_grid_cell(grid, "-");
    }
    if (isfinite(interval->low)) {
        ebb_grid_cell(grid, "%.4f to %.4f", exp(interval->low), exp(interval->high));
    } else {
        ebb_grid_cell(grid, "-");
    }
    ebb_compare_count(&text, comparison, benchmark);
    ebb_grid_cell(grid, "%s", text.data == NULL ? "" : text.data);
    grid->failed = grid->failed || text.failed;
    ebb_text_clear(&text);
    fill_verdict(grid, comparison, benchmark);
}

ebb_status ebb_compare_markdown(ebb_text *out, const ebb_comparison *comparison)
{
    ebb_grid grid = {0};
    ebb_grid_column(&grid, false, "benchmark");
    ebb_grid_column(&grid, true, "candidate / baseline");
    ebb_grid_column(&grid, true, "95 %% interval");
    ebb_grid_column(&grid, true, comparison->stored ? "trials" : "pairs");
    ebb_grid_column(&grid, false, "verdict");
    for (size_t i = 0; i < comparison->n_benchmarks; i++) {
        fill_row(&grid, comparison, &comparison->benchmarks[i]);
    }
    ebb_text_append(out, "### ebb compare\n\n");
    ebb_status status = EBB_OK;
    if (comparison->n_benchmarks > 0) {
        status = ebb_grid_render(out, &grid, EBB_MARKDOWN);
        ebb_text_append(out, "\n");
    }
    ebb_grid_clear(&grid);
    EBB_TRY(status);
    ebb_text_append(out, "**");
    ebb_compare_conclusion(out, comparison);
    ebb_text_append(out, "**\n");
    for (size_t i = 0; i < json_array_size(comparison->notes); i++) {
        ebb_text_append(out, "%s- ", i == 0 ? "\n" : "");
        escape_markdown(out, json_string_value(json_array_get(comparison->notes, i)));
        ebb_text_append(out, "\n");
    }
    return ebb_text_check(out);
}
