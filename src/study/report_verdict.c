/* report_verdict.c - whether the trials agree, and which of them were measured badly. */
#include <stdlib.h>
#include <string.h>

#include "study/json.h"
#include "study/report_page.h"
#include "study/table_note.h"

enum { MAX_LISTED = 50 };

/* One line of ebb_table_check. */
static void append_finding(ebb_report__page *page, const char *line, size_t length)
{
    char *text = strndup(line, length);
    if (text == NULL) {
        page->out->failed = true;
        return;
    }
    const bool bad = strstr(text, "WRONG") != NULL || strncmp(text, "FAILED", 6) == 0;
    const bool doubt = strstr(text, "nothing to compare") != NULL ||
                       strstr(text, "no trial to compare") != NULL;
    const char *kind = bad ? "bad" : doubt ? "doubt" : "good";
    ebb_text_append(page->out, "<p class=\"verdict %s\"><span class=\"mark\">%s</span> ",
                    kind,
                    bad     ? "✗"
                    : doubt ? "–"
                            : "✓");
    ebb_grid_escape_html(page->out, text);
    ebb_text_append(page->out, "</p>\n");
    free(text);
}

static ebb_status append_findings(ebb_report__page *page)
{
    const ebb_report *report = page->report;
    ebb_text verdict = {0};
    const ebb_status status =
        ebb_table_check(&verdict, report->trials, report->bands, report->n_bands);
    for (const char *line = verdict.data; line != NULL && *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        append_finding(page, line, length);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    ebb_text_clear(&verdict);
    return status == EBB_ERR_ENVIRONMENT ? status : EBB_OK;
}

static void append_counts(ebb_report__page *page, size_t n_invalid)
{
    const ebb_trials *trials = page->report->trials;
    const size_t n_builds = ebb_table__count_origins(trials, "build_id");
    const size_t n_machines = ebb_table__count_origins(trials, "machine_id");
    const bool none = n_invalid == trials->n;
    const char *kind = n_invalid == 0 ? "good" : none ? "bad" : "doubt";
    const char *mark = n_invalid == 0 ? "✓" : none ? "✗" : "◐";
    ebb_text_append(
        page->out,
        "<p class=\"verdict %s\"><span class=\"mark\">%s</span> valid trials: "
        "%zu of %zu%s.</p>\n",
        kind, mark, trials->n - n_invalid, trials->n,
        n_invalid == 0 ? ", undisturbed, with threads where they should be"
                       : "; no time of the others stands in this report, but what they "
                         "learned does, which time has no part in");
    if (n_builds > 1 || n_machines > 1) {
        ebb_report__paragraph(page, "verdict bad",
                              "The trials come from %zu build%s on %zu machine%s: a "
                              "number of one is no base for another.",
                              n_builds, n_builds == 1 ? "" : "s", n_machines,
                              n_machines == 1 ? "" : "s");
    }
    if (trials->torn_line > 0) {
        ebb_report__paragraph(page, "warn",
                              "%s:%zu: a torn last line is left out: its trial was being "
                              "written when its writer ended.",
                              trials->path, trials->torn_line);
    }
}

static void print_problems(ebb_text *out, const ebb_trials_item *item)
{
    const json_t *problems = json_object_get(item->record, "problems");
    const size_t before = out->length;
    for (size_t i = 0; i < json_array_size(problems); i++) {
        const char *text = json_string_value(json_array_get(problems, i));
        ebb_text_append(out, "%s%s", out->length > before ? "; " : "",
                        text != NULL ? text : "");
    }
    if (out->length == before) {
        ebb_text_append(out, "no reason recorded");
    }
}

/* Trials that are valid, or not, with what is said of them. */
static ebb_status append_problems(ebb_report__page *page, bool valid, const char *title)
{
    const ebb_trials *trials = page->report->trials;
    static const char *const heads[] = {"line", "algorithm", "threads", "seed",
                                        "repetition"};
    ebb_grid grid = {0};
    for (size_t i = 0; i < 5; i++) {
        ebb_grid_column(&grid, i != 1, "%s", heads[i]);
    }
    ebb_grid_column(&grid, false, "%s", valid ? "noted, no reason against it" : "reason");
    size_t n = 0;
    for (size_t i = 0; i < trials->n; i++) {
        const ebb_trials_item *item = &trials->items[i];
        const size_t n_problems =
            json_array_size(json_object_get(item->record, "problems"));
        if (item->valid != valid || (valid && n_problems == 0) || n++ >= MAX_LISTED) {
            continue;
        }
        ebb_text seed = {0};
        ebb_text problems = {0};
        ebb_table__print(&seed, item, "seed", "");
        print_problems(&problems, item);
        ebb_grid_cell(&grid, "%zu", item->line);
        ebb_grid_cell(&grid, "%s%s", item->algorithm, item->diverged ? ", diverged" : "");
        ebb_grid_cell(&grid, "%zu", item->threads);
        ebb_grid_cell(&grid, "%s", seed.data != NULL ? seed.data : "");
        ebb_grid_cell(&grid, "%zu", item->repetition);
        ebb_grid_cell(&grid, "%s", problems.data != NULL ? problems.data : "");
        ebb_text_clear(&seed);
        ebb_text_clear(&problems);
    }
    if (n == 0) {
        ebb_grid_clear(&grid);
        return EBB_OK;
    }
    ebb_text_append(page->out, "<h3>%s</h3>\n", title);
    EBB_TRY(ebb_report__table(page, &grid));
    if (n > MAX_LISTED) {
        ebb_report__paragraph(page, "note", "And %zu more.", n - MAX_LISTED);
    }
    return EBB_OK;
}

ebb_status ebb_report__verdict(ebb_report__page *page)
{
    const ebb_trials *trials = page->report->trials;
    size_t n_invalid = 0;
    for (size_t i = 0; i < trials->n; i++) {
        n_invalid += !trials->items[i].valid;
    }
    EBB_TRY(append_findings(page));
    append_counts(page, n_invalid);
    ebb_report__paragraph(
        page, "note",
        "Digests are of all parameters after the last task: trials that differ only in "
        "threads, placement and repetition must end with the same bits, and the "
        "algorithms must agree up to the first request.");
    EBB_TRY(append_problems(page, false, "Invalid trials"));
    return append_problems(page, true, "Noted in valid trials");
}
