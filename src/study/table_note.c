#include "study/table_note.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/json.h"

enum { MAX_LISTED = 5 };

void ebb_table__heading(ebb_text *out, ebb_format format, const char *heading,
                        const char *paragraph)
{
    if (format == EBB_MARKDOWN) {
        ebb_text_append(out, "### %s\n\n", heading);
        if (paragraph[0] != '\0') {
            ebb_text_append(out, "%s\n\n", paragraph);
        }
    } else if (format == EBB_LATEX) {
        ebb_text_append(out, "\\noindent\\textbf{");
        ebb_grid_escape_latex(out, heading);
        ebb_text_append(out, "}\\par\n");
        ebb_grid_escape_latex(out, paragraph);
        ebb_text_append(out, "%s", paragraph[0] != '\0' ? "\\par\n" : "");
    } else if (format == EBB_HTML) {
        ebb_text_append(out, "<h3>");
        ebb_grid_escape_html(out, heading);
        ebb_text_append(out, "</h3>\n%s",
                        paragraph[0] != '\0' ? "<p class=\"note\">" : "");
        ebb_grid_escape_html(out, paragraph);
        ebb_text_append(out, "%s", paragraph[0] != '\0' ? "</p>\n" : "");
    }
}

static void append_note(ebb_text *out, ebb_format format, const char *text)
{
    if (format == EBB_MARKDOWN) {
        ebb_text_append(out, "- %s\n", text);
    } else if (format == EBB_LATEX) {
        ebb_text_append(out, "\\par{\\footnotesize ");
        ebb_grid_escape_latex(out, text);
        ebb_text_append(out, "\\par}\n");
    } else if (format == EBB_HTML) {
        ebb_text_append(out, "<p class=\"note\">");
        ebb_grid_escape_html(out, text);
        ebb_text_append(out, "</p>\n");
    }
}

void ebb_table__note(ebb_text *out, ebb_format format, const char *note, ...)
{
    va_list arguments;
    va_start(arguments, note);
    char *text = NULL;
    if (vasprintf(&text, note, arguments) < 0) {
        text = NULL;
        out->failed = true;
    }
    va_end(arguments);
    if (text != NULL) {
        append_note(out, format, text);
    }
    free(text);
}

void ebb_table__notes(ebb_text *out, ebb_format format, const char *text)
{
    while (*text != '\0') {
        const size_t length = strcspn(text, "\n");
        ebb_table__note(out, format, "%.*s", (int)length, text);
        text += length;
        text += *text == '\n' ? 1 : 0;
    }
}

/* Has the option no part in what this trial did, although it has a value? */
static bool is_idle(ebb_table__trial trial, const char *key)
{
    const bool generated =
        strcmp(ebb_json_get_text(trial->config, "dataset"), "synthetic") == 0;
    const bool counts_steps = json_is_integer(json_object_get(trial->config, "steps"));
    const bool team_batch =
        json_is_integer(json_object_get(trial->config, "batch_per_thread"));
    return (!generated && strcmp(key, "synthetic") == 0) ||
           (counts_steps && strcmp(key, "epochs") == 0) ||
           (team_batch && strcmp(key, "batch_size") == 0);
}

void ebb_table__print_common(ebb_text *out, const ebb_table__trial *trials, size_t n)
{
    static const char *const keys[] = {
        "dataset",          "synthetic", "sequence",  "scenario",      "tasks",
        "backbone",         "hidden",    "optimizer", "learning_rate", "batch_size",
        "batch_per_thread", "epochs",    "steps",     "algorithm",     "unlearn",
        "strategy",         "placement", "seed",
    };
    const size_t before = out->length;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0] && n > 0; i++) {
        ebb_text value = {0};
        ebb_table__print(&value, trials[0], keys[i], "");
        if (value.length > 0 && !is_idle(trials[0], keys[i]) &&
            !ebb_table__varies(trials, n, keys[i])) {
            ebb_text_append(out, "%s%s %s", out->length > before ? "; " : "", keys[i],
                            value.data);
        }
        ebb_text_clear(&value);
    }
}

static void list_invalid(ebb_text *out, ebb_format format, const ebb_trials *trials)
{
    size_t n = 0;
    for (size_t i = 0; i < trials->n; i++) {
        const ebb_trials_item *item = &trials->items[i];
        const json_t *problems = json_object_get(item->record, "problems");
        const char *first = json_string_value(json_array_get(problems, 0));
        n += !item->valid;
        if (!item->valid && n <= MAX_LISTED) {
            ebb_table__note(out, format,
                            "invalid: %s:%zu, threads %zu, repetition %zu: %s",
                            trials->path, item->line, item->threads, item->repetition,
                            first != NULL ? first : "no reason recorded");
        }
    }
    if (n > MAX_LISTED) {
        ebb_table__note(out, format, "and %zu more invalid ones.", n - MAX_LISTED);
    }
}

static void note_invalid(ebb_text *out, ebb_format format, const ebb_trials *trials,
                         const char *left_out)
{
    size_t n_invalid = 0;
    for (size_t i = 0; i < trials->n; i++) {
        n_invalid += !trials->items[i].valid;
    }
    if (n_invalid > 0) {
        ebb_table__note(out, format, "%zu of %zu trials %s invalid: %s.", n_invalid,
                        trials->n, n_invalid == 1 ? "is" : "are", left_out);
    }
}

size_t ebb_table__count_origins(const ebb_trials *trials, const char *key)
{
    size_t n = 0;
    for (size_t i = 0; i < trials->n; i++) {
        const char *id = ebb_json_get_text(trials->items[i].record, key);
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++) {
            seen = strcmp(ebb_json_get_text(trials->items[j].record, key), id) == 0;
        }
        n += !seen;
    }
    return n;
}

static void note_origin(ebb_text *out, ebb_format format, const ebb_trials *trials,
                        const char *key, const char *what)
{
    const size_t n = ebb_table__count_origins(trials, key);
    if (n > 1) {
        ebb_table__note(
            out, format,
            "The file holds trials of %zu %ss: a number of one is no base for "
            "another.",
            n, what);
    }
}

static void note_machine(ebb_text *out, ebb_format format, const ebb_trials *trials)
{
    if (trials->n == 0) {
        return;
    }
    const json_t *record = trials->items[0].record;
    const json_t *environment = json_object_get(record, "environment");
    ebb_table__note(out, format, "Measured on %s, usable CPUs %.0f; oneDNN %s (%s), %s.",
                    ebb_json_get_text(environment, "cpu"),
                    ebb_json_get_number(record, "usable_cpus"),
                    ebb_json_get_text(environment, "onednn"),
                    ebb_json_get_text(environment, "onednn_cpu_isa"),
                    ebb_json_get_text(environment, "compiler"));
}

void ebb_table__note_file(ebb_text *out, ebb_format format, const ebb_trials *trials,
                          const char *left_out, bool list)
{
    if (format == EBB_HTML) { /* the page that the table stands on says the rest once */
        note_invalid(out, format, trials, left_out);
        return;
    }
    note_machine(out, format, trials);
    note_origin(out, format, trials, "build_id", "build");
    note_origin(out, format, trials, "machine_id", "machine");
    note_invalid(out, format, trials, left_out);
    if (list) {
        list_invalid(out, format, trials);
    }
    if (trials->torn_line > 0) {
        ebb_table__note(out, format, "%s:%zu: a torn last line is left out.",
                        trials->path, trials->torn_line);
    }
}
