/* report_forgetting.c - the forgetting tables; accuracy of each task over the sequence,
 * algorithms beside each other on equal axes; accuracy matrices with their numbers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/json.h"
#include "study/record.h"
#include "study/report_plot.h"

enum {
    MAX_NAMED = 10,    /* tasks with a hue and a symbol each; more share a ramp */
    MAX_MARKED = 20,   /* requests whose tasks are named in the plot */
    MAX_NUMBERED = 20, /* tasks of a matrix with numbers in its cells */
    MAX_BLOCKS = 4,    /* of one setting that are drawn */
};

/* What a figure of a block needs. */
typedef struct panel {
    const ebb_table__setting *setting;
    const ebb_table__block *block;
    ebb_table__trial first;
    size_t n_tasks;
} panel;

static panel panel_of(const ebb_table__setting *setting, size_t b)
{
    return (panel){setting, &setting->blocks[b], setting->firsts[b], setting->n_tasks};
}

static bool gone(const panel *p, size_t t, size_t k)
{
    return ebb_record_unlearned(p->first->record, k + 1, t + 1);
}

/* ---- Curves. */

/* Ends of the axis of tasks. */
static double first_place(const panel *p)
{
    return 1 - 0.04 * (double)p->n_tasks;
}

static double last_place(const panel *p)
{
    return 1.04 * (double)p->n_tasks;
}

/* Columns: after task, mean, lowest, highest over seeds, task; in percent. A curve is cut
 * where its task was unlearned; what comes then, with the last point before, is the curve
 * `u`. */
static void curve_data(ebb_text *script, const panel *p, size_t k, bool unlearned)
{
    ebb_text_append(script, "$%c%zu << EOD\n", unlearned ? 'u' : 'k', k);
    for (size_t t = 0; t < p->n_tasks; t++) {
        const bool before = t + 1 < p->n_tasks && gone(p, t + 1, k) && !gone(p, t, k);
        const ebb_table__spread value = ebb_table__accuracy(p->block, t, k);
        if (!isnan(value.mean) && (gone(p, t, k) == unlearned || (unlearned && before))) {
            ebb_text_append(script, "%zu %.4f %.4f %.4f %zu\n", t + 1, 100 * value.mean,
                            100 * value.low, 100 * value.high, k + 1);
        }
    }
    ebb_text_append(script, "? ? ? ? ?\nEOD\n");
}

/* An upright line where tasks are unlearned, and on top of it which: "−1". */
static void mark_requests(ebb_text *script, const panel *p)
{
    const json_t *requests = json_object_get(p->first->record, "unlearning");
    const size_t n = json_array_size(requests);
    ebb_text marks = {0};
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(requests, i);
        const double after = ebb_json_get_number(entry, "after_task");
        ebb_text tasks = {0};
        ebb_text_append(&tasks, "−");
        ebb_json_print(&tasks, json_object_get(entry, "tasks"));
        ebb_text_append(script,
                        "set arrow %zu from %.0f, graph 0 to %.0f, graph 1 nohead dt 3 "
                        "lw 1.2 lc rgb '#767676'\n",
                        i + 1, after, after);
        ebb_text_append(&marks, "%s", i == 0 ? "" : ", ");
        ebb_report__quote(&marks, tasks.data != NULL ? tasks.data : "", 8);
        ebb_text_append(&marks, " %.0f", after);
        ebb_text_clear(&tasks);
    }
    if (n > 0 && n <= MAX_MARKED && marks.data != NULL) {
        ebb_text_append(script,
                        "set x2range [%.6g:%.6g]\nset x2tics scale 0 offset 0,-0.4 "
                        "textcolor rgb 'black' font ',10' (%s)\n",
                        first_place(p), last_place(p), marks.data);
    }
    script->failed |= marks.failed;
    ebb_text_clear(&marks);
}

static void named_curves(ebb_text *script, const panel *p)
{
    for (size_t k = 0; k < p->n_tasks; k++) {
        const char *hue = ebb_report__hue(k);
        const size_t symbol = 5 + 2 * (k % 5);
        ebb_text_append(script, "%s", k == 0 ? "plot " : ", ");
        if (p->block->n_seeds > 1) {
            ebb_text_append(script,
                            "$k%zu using 1:3:(0):($4-$3) with vectors nohead lw 1.2 "
                            "lc rgb '%s' notitle, ",
                            k, hue);
        }
        ebb_text_append(script,
                        "$u%zu using 1:2 with linespoints lw 1.2 dt 2 pt 6 ps 0.5 lc rgb "
                        "'%s' notitle, $k%zu using 1:2 with linespoints lw 2 pt %zu ps "
                        "0.6 lc rgb '%s' notitle, NaN with linespoints lw 2 pt %zu ps "
                        "0.6 lc rgb '%s' title '%zu'",
                        k, hue, k, symbol, hue, symbol, hue, k + 1);
    }
    ebb_text_append(script, "\n");
}

/* From the first task to the last in one ramp, with a scale instead of names. */
static void ramp_curves(ebb_text *script, const panel *p)
{
    ebb_text_append(script,
                    "set palette defined (0 '#0072b2', 0.5 '#a05a9a', 1 '#c75000')\n"
                    "set cbrange [1:%zu]\nset cblabel 'task'\n",
                    p->n_tasks);
    ebb_text_append(script, "set cbtics (1, %zu) textcolor rgb 'black'\n", p->n_tasks);
    for (size_t k = 0; k < p->n_tasks; k++) {
        ebb_text_append(script,
                        "%s$u%zu using 1:2:5 with lines lw 0.8 dt 3 lc palette notitle, "
                        "$k%zu using 1:2:5 with linespoints lw 1.2 pt 7 ps 0.15 lc "
                        "palette notitle",
                        k == 0 ? "plot " : ", ", k, k);
    }
    ebb_text_append(script, "\n");
}

static ebb_status curves_figure(ebb_report__page *page, size_t index, size_t b)
{
    const panel p = panel_of(&page->settings.items[index], b);
    ebb_text script = {0};
    ebb_text caption = {0};
    const bool large = p.n_tasks > MAX_NAMED;
    ebb_report__plot_begin(&script, large ? EBB_REPORT_FULL : EBB_REPORT_HALF,
                           large ? 400 : 320);
    for (size_t k = 0; k < p.n_tasks; k++) {
        curve_data(&script, &p, k, false);
        curve_data(&script, &p, k, true);
    }
    ebb_text_append(&script,
                    "set lmargin 8\nset rmargin 9\nset tmargin 4\nset bmargin 4\n"
                    "set xrange [%.6g:%.6g]\nset yrange [0:102]\nset ytics 0, 20, 100\n"
                    "set xlabel 'tasks trained'\nset ylabel 'test accuracy, %%'\n"
                    "set title ",
                    first_place(&p), last_place(&p));
    ebb_report__quote(&script, p.block->label, 56);
    ebb_text_append(&script, "\nset key outside right top samplen 1.5 title 'task'\n%s",
                    large ? "unset key\n" : "");
    ebb_report__task_axis(&script, 'x', p.n_tasks);
    mark_requests(&script, &p);
    if (!large) {
        named_curves(&script, &p);
    } else {
        ramp_curves(&script, &p);
    }
    ebb_text_append(&caption, "Accuracy of each task after every task, %s",
                    p.block->label);
    ebb_table__print_difference(&caption, &page->settings, index, ", ", ", ");
    ebb_text_append(&caption, ": mean over %zu seed%s%s.%s", p.block->n_seeds,
                    p.block->n_seeds == 1 ? "" : "s",
                    p.block->n_seeds == 1    ? ""
                    : p.n_tasks <= MAX_NAMED ? ", bars from the lowest to the highest"
                                             : "",
                    ebb_trials_first_request(p.first) < SIZE_MAX
                        ? " Dotted uprights: requests, with the tasks that they "
                          "unlearn; dashed, open: once unlearned."
                        : "");
    return ebb_report__figure(page, &script, &caption);
}

/* ---- Matrices. */

/* The entry of the matrix of block p in percent, or what it is above that of base. */
static double entry_of(const panel *p, const panel *base, size_t t, size_t k)
{
    const double value = ebb_table__accuracy(p->block, t, k).mean;
    const double less = base == NULL ? 0 : ebb_table__accuracy(base->block, t, k).mean;
    return 100 * (value - less);
}

/* Is the cell of this value so dark that its number must be white? Either has a contrast
 * of 4 at least. */
static bool is_dark(double value, bool difference)
{
    return difference ? fabs(value) > 60 : value > 66;
}

static void matrix_data(ebb_text *script, const panel *p, const panel *base)
{
    const int decimals = p->n_tasks <= 6 ? 1 : 0;
    const double scale = decimals == 1 ? 10 : 1;
    ebb_text_append(script, "$m << EOD\n");
    for (size_t t = 0; t < p->n_tasks; t++) {
        for (size_t k = 0; k < p->n_tasks; k++) {
            const double value = entry_of(p, base, t, k);
            if (isnan(value)) {
                continue;
            }
            /* As it is printed, so that nothing is "+0" or "-0". */
            const double shown = round(value * scale) / scale;
            const char *sign = base != NULL && shown > 0 ? "+" : "";
            const bool mark = gone(p, t, k);
            ebb_text_append(script, "%zu %zu %.4f \"%s%.*f%s\" %d\n", k + 1, t + 1, value,
                            sign, decimals, shown + 0.0, mark ? "†" : "",
                            is_dark(value, base != NULL) ? 0xffffff : 0x101418);
        }
    }
    ebb_text_append(script, "EOD\n");
}

static void matrix_plot(ebb_text *script, const panel *p, const panel *base)
{
    const char *palette =
        base == NULL
            ? "0 '#f2f6fa', 0.3 '#b7d3ea', 0.6 '#4e8fc4', 1 '#08306b'"
            : "0 '#7f2704', 0.25 '#d9701f', 0.5 '#f4f4f4', 0.75 '#4e8fc4', 1 '#08306b'";
    ebb_text_append(script,
                    "unset grid\nset border 0\nset xtics scale 0\nset ytics scale 0\n"
                    "set palette defined (%s)\nset cbrange [%d:100]\n"
                    "set xrange [0.5:%zu.5]\nset yrange [%zu.5:0.5]\nset cbtics 50 "
                    "textcolor rgb 'black'\n"
                    "set xlabel '%s on task, %%'\nset ylabel 'after task'\n"
                    "set title ",
                    palette, base == NULL ? 0 : -100, p->n_tasks, p->n_tasks,
                    base == NULL ? "accuracy" : "difference");
    ebb_text title = {0};
    ebb_text_append(&title, "%s%s%s", p->block->label, base == NULL ? "" : " − ",
                    base == NULL ? "" : base->block->label);
    ebb_report__quote(script, title.data != NULL ? title.data : "", 56);
    ebb_text_clear(&title);
    ebb_text_append(script, "\n");
    ebb_report__task_axis(script, 'x', p->n_tasks);
    ebb_report__task_axis(script, 'y', p->n_tasks);
    const bool numbered = p->n_tasks <= MAX_NUMBERED;
    const double half =
        numbered ? 0.475 : 0.5; /* many cells leave no room between them */
    ebb_text_append(script,
                    "plot $m using 1:2:($1-%g):($1+%g):($2-%g):($2+%g):3 with boxxyerror "
                    "fs solid 1 noborder fc palette notitle",
                    half, half, half, half);
    if (numbered) {
        ebb_text_append(script,
                        ", $m using 1:2:4:5 with labels font ',%d' tc rgb variable "
                        "notitle",
                        p->n_tasks <= 6 ? 11 : 9);
    }
    ebb_text_append(script, "\n");
}

/* base NULL: the matrix of block b itself. */
static ebb_status matrix_figure(ebb_report__page *page, size_t index, size_t b,
                                bool difference)
{
    const ebb_table__setting *setting = &page->settings.items[index];
    const panel p = panel_of(setting, b);
    const panel base = panel_of(setting, 0);
    const bool large = p.n_tasks > 8;
    ebb_text script = {0};
    ebb_text caption = {0};
    ebb_report__plot_begin(&script, large ? EBB_REPORT_FULL : EBB_REPORT_HALF,
                           large ? 600 : 330);
    matrix_data(&script, &p, difference ? &base : NULL);
    matrix_plot(&script, &p, difference ? &base : NULL);
    if (difference) {
        ebb_text_append(&caption, "What %s has more or less than %s, points",
                        p.block->label, base.block->label);
    } else {
        ebb_text_append(&caption, "Accuracy matrix, %s", p.block->label);
    }
    ebb_table__print_difference(&caption, &page->settings, index, ", ", ", ");
    ebb_text_append(
        &caption, ", mean over %zu seed%s%s%s.", p.block->n_seeds,
        p.block->n_seeds == 1 ? "" : "s",
        ebb_trials_first_request(p.first) < SIZE_MAX ? "; †: unlearned by then" : "",
        p.n_tasks > MAX_NUMBERED ? "; too many tasks for numbers, which are in the table"
                                 : "");
    return ebb_report__figure(page, &script, &caption);
}

/* ---- The section. */

static ebb_status setting_figures(ebb_report__page *page, size_t index)
{
    const ebb_table__setting *setting = &page->settings.items[index];
    const size_t n = setting->n_blocks < MAX_BLOCKS ? setting->n_blocks : MAX_BLOCKS;
    for (size_t b = 0; b < n; b++) {
        EBB_TRY(curves_figure(page, index, b));
    }
    for (size_t b = 0; b < n; b++) {
        EBB_TRY(matrix_figure(page, index, b, false));
    }
    for (size_t b = 1; b < n; b++) {
        EBB_TRY(matrix_figure(page, index, b, true));
    }
    if (n < setting->n_blocks) {
        ebb_report__paragraph(page, "note", "Of %zu variants, the first %zu are drawn.",
                              setting->n_blocks, n);
    }
    return EBB_OK;
}

/* Settings of several tasks, as in the table. */
ebb_status ebb_report__forgetting(ebb_report__page *page)
{
    size_t n = 0;
    EBB_TRY(ebb_report__kind(page, "forgetting"));
    if (page->settings.n == 0 || !ebb_report__draws(page)) {
        return EBB_OK;
    }
    ebb_report__figures_begin(page);
    for (size_t i = 0; i < page->settings.n; i++) {
        if (page->settings.items[i].n_tasks > 1 && n++ < EBB_REPORT_MAX_FIGURES / 2) {
            EBB_TRY(setting_figures(page, i));
        }
    }
    ebb_report__figures_end(page);
    if (n > EBB_REPORT_MAX_FIGURES / 2) {
        ebb_report__paragraph(page, "note",
                              "Of %zu settings, the first %d are drawn; the tables have "
                              "all.",
                              n, EBB_REPORT_MAX_FIGURES / 2);
    }
    return EBB_OK;
}
