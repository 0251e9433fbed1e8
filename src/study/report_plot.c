#include "study/report_plot.h"

#include <math.h>
#include <string.h>

void ebb_report__plot_begin(ebb_text *script, int width, int height)
{
    ebb_text_append(script,
                    "set encoding utf8\n"
                    "set terminal svg size %d,%d dynamic noenhanced font "
                    "'sans-serif,12' linewidth 1\n"
                    "set border 3 lc rgb '#767676'\n"
                    "set xtics nomirror textcolor rgb 'black'\n"
                    "set ytics nomirror textcolor rgb 'black'\n"
                    "set grid lt 1 lw 0.7 lc rgb '#d4d8de'\n"
                    "set datafile missing '?'\n",
                    width, height);
}

void ebb_report__quote(ebb_text *script, const char *text, size_t max_letters)
{
    size_t n = 0;
    ebb_text_append(script, "'");
    for (; *text != '\0' && n < max_letters; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (*text == '\'') {
            ebb_text_append(script, "''"); /* the only letter that means something */
        } else {
            ebb_text_append(script, "%c", byte < 0x20 || byte == 0x7f ? ' ' : *text);
        }
        n += ((unsigned char)text[1] & 0xc0) != 0x80; /* at the end of a character */
    }
    ebb_text_append(script, "%s'", *text == '\0' ? "" : "…");
}

/* Marks of a decade that leave a handful of them on an axis. */
typedef struct mark_list {
    double below; /* the ratio of the ends of the axis */
    size_t n;
    double marks[16];
} mark_list;

static const mark_list ladder[] = {
    {2.5, 16, {1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9}},
    {10, 8, {1, 1.5, 2, 3, 4, 5, 6, 8}},
    {1000, 3, {1, 2, 5}},
    {HUGE_VAL, 1, {1}},
};

void ebb_report__log_axis(ebb_text *script, char axis, double low, double high)
{
    if (!(low > 0) || !(high > low) || !isfinite(high)) { /* a record that lies */
        low = 1;
        high = 10;
    }
    const mark_list *chosen = ladder;
    while (high / low >= chosen->below && chosen->below < HUGE_VAL) {
        chosen++;
    }
    ebb_text_append(script, "set logscale %c 10\nset %crange [%.6g:%.6g]\nset %ctics (",
                    axis, axis, low, high, axis);
    bool first = true;
    const int last = (int)floor(log10(high));
    for (int decade = (int)floor(log10(low)); decade <= last; decade++) {
        for (size_t i = 0; i < chosen->n; i++) {
            const double mark = chosen->marks[i] * pow(10, decade);
            if (mark >= low && mark <= high) {
                ebb_text_append(script, "%s'%.10g' %.10g", first ? "" : ", ", mark, mark);
                first = false;
            }
        }
    }
    ebb_text_append(script, ")\n");
}

void ebb_report__task_axis(ebb_text *script, char axis, size_t n)
{
    static const size_t steps[] = {1, 2, 5, 10, 20, 50};
    size_t i = 0;
    while (i + 1 < sizeof steps / sizeof steps[0] && n / steps[i] > 20) {
        i++;
    }
    const size_t step = steps[i];
    ebb_text_append(script, "set %ctics (1", axis);
    for (size_t task = step == 1 ? 2 : step; task <= n; task += step) {
        ebb_text_append(script, ", %zu", task);
    }
    ebb_text_append(script, ")\n");
}

bool ebb_report__draws(const ebb_report__page *page)
{
    return page->report->pen.draw != NULL && page->n_undrawn == 0;
}

void ebb_report__figures_begin(ebb_report__page *page)
{
    ebb_text_append(page->out, "<div class=\"figures\">\n");
}

void ebb_report__figures_end(ebb_report__page *page)
{
    ebb_text_append(page->out, "</div>\n");
}

static void append_figure(ebb_report__page *page, const char *svg, const char *caption)
{
    char prefix[32];
    snprintf(prefix, sizeof prefix, "f%zu-", page->n_figures);
    const size_t before = page->out->length;
    const bool full = strstr(svg, "viewBox=\"0 0 860 ") != NULL;
    ebb_text_append(page->out, "<figure%s>\n", full ? " class=\"full\"" : "");
    if (!ebb_report__adopt(page->out, svg, prefix, caption)) {
        page->out->length = before;
        page->out->data[before] = '\0';
        page->n_undrawn++;
        ebb_report__paragraph(page, "warn",
                              "Figure %zu is not drawn: what gnuplot printed is no SVG.",
                              page->n_figures);
        return;
    }
    page->n_drawn++;
    ebb_text_append(page->out, "<figcaption>Figure %zu. ", page->n_figures);
    ebb_grid_escape_html(page->out, caption);
    ebb_text_append(page->out, "</figcaption>\n</figure>\n");
}

ebb_status ebb_report__figure(ebb_report__page *page, ebb_text *script, ebb_text *caption)
{
    const ebb_report_pen *pen = &page->report->pen;
    ebb_status status = ebb_text_check(script);
    status = status == EBB_OK ? ebb_text_check(caption) : status;
    page->n_figures++;
    if (status == EBB_OK && !ebb_report__draws(page)) {
        page->n_undrawn += pen->draw != NULL;
    } else if (status == EBB_OK) {
        ebb_text svg = {0};
        if (pen->draw(&svg, script->data, pen->argument) == EBB_OK && svg.data != NULL) {
            append_figure(page, svg.data, caption->data);
        } else {
            page->n_undrawn++;
            ebb_report__paragraph(page, "warn",
                                  "Figure %zu and those after it are not drawn: %s.",
                                  page->n_figures, ebb_last_error());
        }
        ebb_text_clear(&svg);
    }
    ebb_text_clear(script);
    ebb_text_clear(caption);
    return status;
}
