/* cmd_table.c - `ebb table`: what the trials of a folder say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "output.h"
#include "study/table.h"
#include "suite.h"

enum { MAX_KINDS = 16 };

/* Index of the kind that is asked for; *all when none is. */
static ebb_status find_kind(size_t *kind, bool *all, const ebb_arguments *arguments)
{
    const char *wanted = ebb_arguments_value(arguments, "kind", NULL);
    const char *names[MAX_KINDS];
    *kind = 0;
    *all = wanted == NULL;
    size_t n = 0;
    for (; n < MAX_KINDS && ebb_table_choice(n) != NULL; n++) {
        names[n] = ebb_table_choice(n)->name;
        if (wanted != NULL && strcmp(names[n], wanted) == 0) {
            *kind = n;
            return EBB_OK;
        }
    }
    return *all ? EBB_OK : ebb_text_fail_name("--kind", "unknown kind", wanted, names, n);
}

static ebb_status print_table(const ebb_trials *trials, const ebb_table *kind,
                              ebb_format format)
{
    ebb_text text = {0};
    const ebb_status status = ebb_table_render(&text, trials, kind, format);
    if (status == EBB_OK) {
        fputs(text.data, stdout);
    }
    ebb_text_clear(&text);
    return status;
}

static ebb_status print_tables(const ebb_trials *trials, const ebb_arguments *arguments)
{
    const ebb_format format = (ebb_format)ebb_arguments_choice(arguments, "format");
    size_t kind = 0;
    bool all = false;
    EBB_TRY(find_kind(&kind, &all, arguments));
    if (!all) {
        return print_table(trials, ebb_table_at(kind), format);
    }
    bool first = true;
    for (size_t i = 0; ebb_table_choice(i) != NULL; i++) {
        if (!ebb_table_at(i)->shown) {
            continue;
        }
        if (!first) {
            putchar('\n');
        }
        first = false;
        EBB_TRY(print_table(trials, ebb_table_at(i), format));
    }
    return EBB_OK;
}

/* Tables carry the verdict on digests; what they do not carry is told beside them. */
static ebb_status judge(const ebb_trials *trials, const ebb_suite *suite,
                        const ebb_arguments *arguments)
{
    ebb_text verdict = {0};
    const ebb_status status =
        ebb_table_check(&verdict, trials, suite->bands, suite->n_bands);
    const bool told =
        ebb_arguments_choice(arguments, "format") != EBB_CSV && suite->n_bands == 0;
    for (char *line = told ? NULL : verdict.data; line != NULL && *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        ebb_note(arguments, "%.*s", (int)length, line);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    ebb_text_clear(&verdict);
    return status;
}

/* A table that needs no trials, of a file or of the one in a folder. What failed is shown
 * too. */
static ebb_status print_file(const ebb_table *kind, const ebb_arguments *arguments)
{
    const char *word = arguments->words[0];
    struct stat info;
    const bool is_folder = stat(word, &info) == 0 && S_ISDIR(info.st_mode);
    char *path = is_folder ? ebb_output_path(word, kind->file) : strdup(word);
    if (path == NULL) {
        return ebb_fail_memory(strlen(word));
    }
    const ebb_format format = (ebb_format)ebb_arguments_choice(arguments, "format");
    ebb_text text = {0};
    const ebb_status status = kind->render_file(&text, path, format);
    if (status == EBB_OK || status == EBB_ERR_WRONG) {
        fputs(text.data, stdout);
    }
    ebb_text_clear(&text);
    free(path);
    return status;
}

static ebb_status run(const ebb_arguments *arguments)
{
    size_t kind = 0;
    bool all = false;
    EBB_TRY(find_kind(&kind, &all, arguments)); /* before any file is read */
    if (!all && ebb_table_at(kind)->render == NULL) {
        return print_file(ebb_table_at(kind), arguments);
    }
    ebb_trials trials;
    EBB_TRY(ebb_trials_read_folder(&trials, arguments->words[0]));
    ebb_status status = print_tables(&trials, arguments);
    if (status == EBB_OK) {
        ebb_suite suite;
        char *suite_path = NULL;
        status =
            ebb_suite_load_beside(&suite, &suite_path, arguments->words[0], arguments);
        free(suite_path);
        if (status == EBB_OK) {
            status = judge(&trials, &suite, arguments);
        }
        ebb_suite_clear(&suite);
    }
    ebb_trials_clear(&trials);
    return status;
}

/* In the order of ebb_format. */
static const char *const formats[] = {"markdown", "csv", "latex", NULL};

static const ebb_option options[] = {
    {"kind", "KIND", "which table [step-latency and forgetting]", NULL},
    {"format", "FORMAT",
     "markdown; csv: one number a line, for programs; latex: needs booktabs [markdown]",
     formats},
    {NULL, NULL, NULL, NULL},
};

static const ebb_term examples[] = {
    {"ebb table results/quick", "step latency and forgetting"},
    {"ebb table results/quick --kind forgetting --format latex", "one table for a paper"},
    {"ebb table results/quick --kind step-latency --format csv", "for a program"},
    {"ebb table results/quick --kind roofline", "what bounds a step"},
    {"ebb table plan.json --kind micro", "of ebb-bench --benchmark_out=plan.json"},
    {NULL, NULL},
};

static const ebb_term files[] = {
    {"DIR/trials.jsonl", "the trials of a sweep, one JSON object a line (ebb-trial/1)"},
    {"DIR/suite.yaml", "the suite, whose expectations are judged"},
    {"DIR/machine.json", "the measured roofs"},
    {"DIR/micro.json", "for micro: what ebb-bench --benchmark_out wrote, or FILE.json"},
    {NULL, NULL},
};

static const ebb_term statuses[] = {
    {"1", "a metric lies outside the band that the suite expects"},
    {"4", "digests differ that must be equal; micro: a benchmark failed"},
    {NULL, NULL},
};

static const ebb_registry registries[] = {{"kind", ebb_table_choice}, {NULL, NULL}};

const ebb_command ebb_command_table = {
    .name = "table",
    .summary = "tables of step latency, forgetting and more from the trials of a sweep",
    .usage = "DIR|FILE.json [options]",
    .details =
        "Reads DIR/trials.jsonl and prints its tables to stdout. Under each stands what\n"
        "holds for the trials together: trials that differ only in threads and "
        "placement\n"
        "must have equal digests, and both algorithms up to the first request.\n"
        "In CSV each table has a header of its own, and an empty line stands between "
        "two:\n"
        "--kind prints one.\n",
    .examples = examples,
    .files = files,
    .statuses = statuses,
    .registries = registries,
    .options = options,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
