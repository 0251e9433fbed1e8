/* report_commands.c - what to type to measure a row again. */
#include <string.h>

#include "study/json.h"
#include "study/report_page.h"

/* A word that any shell takes as it is. */
static void print_word(ebb_text *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-./:,+=@%";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        ebb_text_append(out, "%s", word);
        return;
    }
    ebb_text_append(out, "'");
    for (; *word != '\0'; word++) {
        ebb_text_append(out, "%s%c", *word == '\'' ? "'\\'" : "", *word);
    }
    ebb_text_append(out, "'");
}

static json_int_t seed_of(ebb_table__trial trial)
{
    return json_integer_value(json_object_get(trial->config, "seed"));
}

/* The trial of the lowest seed above `above`, or of the lowest of all where `any`; NULL
 * when there is none. */
static ebb_table__trial next_seed(const ebb_table__row *r, json_int_t above, bool any)
{
    ebb_table__trial found = NULL;
    for (size_t i = 0; i < r->n; i++) {
        const json_int_t seed = seed_of(r->trials[i]);
        if ((any || seed > above) && (found == NULL || seed < seed_of(found))) {
            found = r->trials[i];
        }
    }
    return found;
}

/* "6 trials; seeds 1, 2, 3; repetitions 1 to 2" */
static void print_trials(ebb_text *out, const ebb_table__row *r)
{
    size_t n_repetitions = 0;
    for (size_t i = 0; i < r->n; i++) {
        const size_t repetition = r->trials[i]->repetition;
        n_repetitions = repetition > n_repetitions ? repetition : n_repetitions;
    }
    ebb_text_append(out, "%zu trial%s", r->n, r->n == 1 ? "" : "s");
    if (r->n_valid < r->n) {
        ebb_text_append(out, ", %zu valid", r->n_valid);
    }
    ebb_table__trial trial = next_seed(r, 0, true);
    const bool several = next_seed(r, seed_of(trial), false) != NULL;
    for (bool first = true; trial != NULL; first = false) {
        ebb_text_append(out, "%s%" JSON_INTEGER_FORMAT,
                        first ? (several ? "; seeds " : "; seed ") : ", ",
                        seed_of(trial));
        trial = next_seed(r, seed_of(trial), false);
    }
    if (n_repetitions > 1) {
        ebb_text_append(out, "; repetitions 1 to %zu", n_repetitions);
    }
}

/* The command of the trial with a row's lowest seed. */
static ebb_status print_command(ebb_text *out, const ebb_table__row *r)
{
    ebb_config config;
    EBB_TRY(ebb_config_from_json(&config, next_seed(r, 0, true)->config, "record"));
    ebb_text_append(out, "ebb run");
    ebb_config_command(out, &config);
    ebb_config_clear(&config);
    return ebb_text_check(out);
}

static ebb_status append_row(ebb_report__page *page, size_t i)
{
    const ebb_table__row *r = &page->rows.items[i];
    ebb_text label = {0};
    ebb_text command = {0};
    ebb_report__row_label(&label, page, i, true);
    ebb_text_append(&label, ": ");
    print_trials(&label, r);
    ebb_status status = print_command(&command, r);
    status = status == EBB_OK ? ebb_text_check(&label) : status;
    if (status == EBB_OK) {
        ebb_text_append(page->out, "<dt>");
        ebb_grid_escape_html(page->out, label.data);
        ebb_text_append(page->out, "</dt>\n<dd><code>");
        ebb_grid_escape_html(page->out, command.data);
        ebb_text_append(page->out, "</code></dd>\n");
    }
    ebb_text_clear(&label);
    ebb_text_clear(&command);
    return status;
}

/* The whole sweep, where the suite lies beside its trials. */
static void append_sweep(ebb_report__page *page)
{
    if (page->report->suite_path == NULL) {
        return;
    }
    ebb_text command = {0};
    ebb_text_append(&command, "ebb sweep ");
    print_word(&command, page->report->suite_path);
    ebb_text_append(&command, " --output-dir again");
    ebb_text_append(page->out, "<dl><dt>The whole sweep, into a new folder</dt>\n"
                               "<dd><code>");
    ebb_grid_escape_html(page->out, command.data != NULL ? command.data : "");
    ebb_text_append(page->out, "</code></dd></dl>\n");
    page->out->failed |= command.failed;
    ebb_text_clear(&command);
}

ebb_status ebb_report__commands(ebb_report__page *page)
{
    ebb_report__paragraph(
        page, "note",
        "One command a row of the step-latency table, with the "
        "lowest of its seeds; the others differ in --seed only. Threads are "
        "bound as the placement says; --data-dir, which bears on no "
        "result, is left out.");
    append_sweep(page);
    ebb_text_append(page->out, "<dl>\n");
    for (size_t i = 0; i < page->rows.n; i++) {
        EBB_TRY(append_row(page, i));
    }
    ebb_text_append(page->out, "</dl>\n");
    return EBB_OK;
}
