#include "study/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/json.h"
#include "study/report_page.h"
#include "study/report_plot.h"

static ebb_status other_tables(ebb_report__page *page);

static const struct {
    const char *id, *title;
    ebb_status (*append)(ebb_report__page *page);
} sections[] = {
    {"verdict", "Can these results be believed?", ebb_report__verdict},
    {"machine", "The machine", ebb_report__machine},
    {"latency", "How long a training step takes", ebb_report__latency},
    {"forgetting", "How fast the network forgets", ebb_report__forgetting},
    {"unlearning", "What unlearning costs", ebb_report__unlearning},
    {"micro", "What the parts cost alone", ebb_report__micro},
    {"tables", "Further tables", other_tables},
    {"commands", "Each row again", ebb_report__commands},
    {"rules", "Twelve rules, and where each is met", ebb_report__rules},
};
enum { N_SECTIONS = sizeof sections / sizeof sections[0] };

const char *ebb_report__title(const char *id)
{
    size_t i = 0;
    while (i + 1 < N_SECTIONS && strcmp(sections[i].id, id) != 0) {
        i++;
    }
    return sections[i].title;
}

void ebb_report__paragraph(ebb_report__page *page, const char *kind, const char *format,
                           ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0) {
        text = NULL;
        page->out->failed = true;
    }
    va_end(arguments);
    if (text != NULL) {
        ebb_text_append(page->out, "<p class=\"%s\">", kind);
        ebb_grid_escape_html(page->out, text);
        ebb_text_append(page->out, "</p>\n");
    }
    free(text);
}

ebb_status ebb_report__table(ebb_report__page *page, ebb_grid *grid)
{
    const ebb_status status = ebb_grid_render(page->out, grid, EBB_HTML);
    ebb_grid_clear(grid);
    return status;
}

static const ebb_table *find_kind(const char *name)
{
    for (size_t i = 0; ebb_table_choice(i) != NULL; i++) {
        if (strcmp(ebb_table_choice(i)->name, name) == 0) {
            return ebb_table_at(i);
        }
    }
    return NULL;
}

/* Without the verdict of ebb_table_render, which has its own section. A table that needs
 * more than trials may fail for want of it. */
ebb_status ebb_report__kind(ebb_report__page *page, const char *name)
{
    const ebb_table *kind = find_kind(name);
    ebb_text text = {0};
    if (kind == NULL) {
        return EBB_OK;
    }
    const ebb_status status = kind->render(&text, page->report->trials, EBB_HTML);
    if (status == EBB_OK && text.data != NULL) {
        ebb_text_append(page->out, "%s", text.data);
    } else if (status != EBB_OK) {
        ebb_report__paragraph(page, "warn", "No table of %s: %s.", kind->choice.summary,
                              ebb_last_error());
    }
    page->out->failed |= text.failed;
    ebb_text_clear(&text);
    return EBB_OK;
}

/* Of the batch and the batch a thread a curve has one, and the other is left unsaid. */
static bool is_unsaid(ebb_table__trial trial, const char *key)
{
    const bool weak = json_is_integer(json_object_get(trial->config, "batch_per_thread"));
    return strcmp(key, weak ? "batch_size" : "batch_per_thread") == 0;
}

void ebb_report__row_label(ebb_text *out, const ebb_report__page *page, size_t i,
                           bool with_threads)
{
    const size_t before = out->length;
    for (size_t k = 0; k < page->shown.n; k++) {
        const char *key = page->shown.names[k];
        if (is_unsaid(page->rows.firsts[i], key)) {
            continue;
        }
        ebb_text_append(out, "%s", out->length > before ? ", " : "");
        if (strcmp(key, "algorithm") != 0 && strcmp(key, "strategy") != 0) {
            ebb_text_append(out, "%s ", key);
        }
        ebb_table__print(out, page->rows.firsts[i], key, "none");
    }
    if (with_threads) {
        const size_t threads = page->rows.items[i].threads;
        ebb_text_append(out, ", %zu thread%s", threads, threads == 1 ? "" : "s");
    }
}

/* The algorithm is always named; threads are told apart from the rest. */
static void choose_shown(ebb_report__page *page)
{
    static const char *const always[] = {"algorithm", NULL};
    const ebb_table__rows *rows = &page->rows;
    ebb_table__keys keys = rows->keys;
    keys.n--;
    ebb_table__shown(&page->shown, &keys, rows->firsts, rows->n, always, true);
}

size_t ebb_report__curve_end(const ebb_report__page *page, size_t begin)
{
    const ebb_table__rows *rows = &page->rows;
    return ebb_table__run_end(rows->firsts, begin, rows->n, &rows->keys,
                              rows->keys.n - 1);
}

/* Has the kind a section of its own, or none at all as it is not made of trials? */
static bool has_section(const char *kind)
{
    static const char *const placed[] = {"step-latency", "scaling",    "roofline",
                                         "forgetting",   "unlearning", NULL};
    return ebb_table__listed(placed, kind) || find_kind(kind)->render == NULL;
}

/* Kinds that have no section of their own. */
static ebb_status other_tables(ebb_report__page *page)
{
    for (size_t i = 0; ebb_table_choice(i) != NULL; i++) {
        const char *name = ebb_table_choice(i)->name;
        if (!has_section(name)) {
            EBB_TRY(ebb_report__kind(page, name));
        }
    }
    return EBB_OK;
}

/* A section of further tables needs one, that of micro-benchmarks their file. */
static bool is_present(const ebb_report *report, size_t section)
{
    if (sections[section].append == ebb_report__micro) {
        return report->micro_path != NULL;
    }
    bool present = sections[section].append != other_tables;
    for (size_t i = 0; ebb_table_choice(i) != NULL; i++) {
        present = present || !has_section(ebb_table_choice(i)->name);
    }
    return present;
}

static void append_head(ebb_report__page *page)
{
    ebb_text *out = page->out;
    ebb_text_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                         "<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" "
                         "content=\"width=device-width, initial-scale=1\"/>\n"
                         "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>");
    ebb_grid_escape_html(out, page->report->title);
    ebb_text_append(out, " – ebb report</title>\n<style>\n");
    ebb_report__style(out);
    ebb_text_append(out, "</style>\n</head>\n<body>\n<header>\n<h1>");
    ebb_grid_escape_html(out, page->report->title);
    ebb_text_append(out, "</h1>\n");
}

/* The days between which the trials began: of ISO 8601 the first ten letters. */
static void print_days(ebb_text *out, const ebb_trials *trials)
{
    const char *first = "";
    const char *last = "";
    for (size_t i = 0; i < trials->n; i++) {
        const char *day = ebb_json_get_text(trials->items[i].record, "started_at");
        first = *first == '\0' || strcmp(day, first) < 0 ? day : first;
        last = strcmp(day, last) > 0 ? day : last;
    }
    ebb_text_append(out, "%.10s", first);
    if (strncmp(first, last, 10) != 0) {
        ebb_text_append(out, " to %.10s", last);
    }
}

static void append_summary(ebb_report__page *page)
{
    const ebb_trials *trials = page->report->trials;
    const json_t *environment = json_object_get(trials->items[0].record, "environment");
    if (page->report->description[0] != '\0') {
        ebb_report__paragraph(page, "lead", "%s", page->report->description);
    }
    ebb_text days = {0};
    print_days(&days, trials);
    ebb_report__paragraph(page, "note", "%zu trial%s, %s, on %s; ebb %s, revision %s.",
                          trials->n, trials->n == 1 ? "" : "s",
                          days.data != NULL && days.length > 0 ? days.data : "undated",
                          ebb_json_get_text(environment, "cpu"),
                          ebb_json_get_text(environment, "ebb"),
                          ebb_json_get_text(environment, "git"));
    ebb_text_clear(&days);
    ebb_text_append(page->out, "<nav>\n");
    for (size_t i = 0; i < N_SECTIONS; i++) {
        if (!is_present(page->report, i)) {
            continue;
        }
        ebb_text_append(page->out, "<a href=\"#%s\">%s</a>\n", sections[i].id,
                        sections[i].title);
    }
    ebb_text_append(page->out, "</nav>\n</header>\n<main>\n");
    if (page->report->pen.draw == NULL) {
        ebb_report__paragraph(page, "warn", "Tables only, no plots: %s.",
                              page->report->pen.absent);
    }
}

static ebb_status append_sections(ebb_report__page *page)
{
    for (size_t i = 0; i < N_SECTIONS; i++) {
        if (!is_present(page->report, i)) {
            continue;
        }
        ebb_text_append(page->out, "<section id=\"%s\">\n<h2>%s</h2>\n", sections[i].id,
                        sections[i].title);
        EBB_TRY(sections[i].append(page));
        ebb_text_append(page->out, "</section>\n");
    }
    return EBB_OK;
}

ebb_status ebb_report_render(ebb_text *out, size_t *n_undrawn, const ebb_report *report)
{
    *n_undrawn = 0;
    ebb_report__page page = {.out = out, .report = report};
    EBB_TRY(ebb_table__rows_make(&page.rows, report->trials));
    ebb_status status = ebb_table__settings_make(&page.settings, report->trials);
    if (status == EBB_OK) {
        choose_shown(&page);
        append_head(&page);
        append_summary(&page);
        status = append_sections(&page);
        ebb_text_append(out, "</main>\n</body>\n</html>\n");
    }
    *n_undrawn = page.n_undrawn;
    ebb_table__settings_clear(&page.settings);
    ebb_table__rows_clear(&page.rows);
    return status != EBB_OK ? status : ebb_text_check(out);
}
