/* cmd_export.c - `ebb export`: the numbers of a folder's trials for other tools. */
#include <string.h>

#include "command.h"
#include "output.h"
#include "study/export.h"
#include "study/table.h"

enum { MAX_FORMATS = 16 };

static ebb_status find_format(const ebb_export **out, const ebb_arguments *arguments)
{
    const char *wanted = ebb_arguments_value(arguments, "format", NULL);
    const char *names[MAX_FORMATS];
    size_t n = 0;
    *out = NULL;
    for (; n < MAX_FORMATS && ebb_export_choice(n) != NULL; n++) {
        names[n] = ebb_export_choice(n)->name;
        if (wanted != NULL && strcmp(names[n], wanted) == 0) {
            *out = ebb_export_at(n);
        }
    }
    if (*out == NULL) {
        return ebb_text_fail_name(
            "--format", wanted == NULL ? "missing" : "unknown format", wanted, names, n);
    }
    if (!(*out)->one_direction && ebb_arguments_has(arguments, "better")) {
        return ebb_fail(EBB_ERR_USAGE,
                        "--better: not with --format %s, which holds all numbers "
                        "(--format github-action-benchmark)",
                        wanted);
    }
    return EBB_OK;
}

/* The file is written also where results contradict each other; the status tells. */
static ebb_status export_trials(const ebb_trials *trials, const ebb_export *format,
                                const ebb_arguments *arguments)
{
    ebb_text text = {0};
    ebb_text verdict = {0};
    const ebb_export_better better =
        (ebb_export_better)ebb_arguments_choice(arguments, "better");
    ebb_status status = ebb_export_render(&text, trials, format, better);
    if (status == EBB_OK) {
        fputs(text.data, stdout);
        status = ebb_table_check(&verdict, trials, NULL, 0);
    }
    ebb_text_clear(&text);
    ebb_text_clear(&verdict);
    return status;
}

static ebb_status run(const ebb_arguments *arguments)
{
    const ebb_export *format = NULL;
    EBB_TRY(find_format(&format, arguments)); /* before any file is read */
    ebb_trials trials;
    EBB_TRY(ebb_trials_read_folder(&trials, arguments->words[0]));
    const ebb_status status = export_trials(&trials, format, arguments);
    ebb_trials_clear(&trials);
    return status;
}

/* In the order of ebb_export_better. */
static const char *const directions[] = {"smaller", "bigger", NULL};

static const ebb_option options[] = {
    {"format", "FORMAT", "whose format; must be given", NULL},
    {"better", "DIRECTION",
     "smaller (step latency) or bigger (images/s, accuracy); github-action-benchmark "
     "[smaller]",
     directions},
    {NULL, NULL, NULL, NULL},
};

static const ebb_term examples[] = {
    {"ebb export results/quick --format bmf > ebb.bmf.json",
     "for a tracker that reads Bencher Metric Format"},
    {"ebb export results/quick --format github-action-benchmark --better bigger",
     "throughput and accuracy, where more is better"},
    {NULL, NULL},
};

static const ebb_term files[] = {
    {"DIR/trials.jsonl", "the trials of a sweep, one JSON object a line (ebb-trial/1)"},
    {NULL, NULL},
};

static const ebb_term statuses[] = {
    {"1", "there is no valid trial"},
    {"4", "digests differ that must be equal; the file is printed"},
    {NULL, NULL},
};

static const ebb_registry registries[] = {{"format", ebb_export_choice}, {NULL, NULL}};

const ebb_command ebb_command_export = {
    .name = "export",
    .summary = "the numbers of a sweep in the formats of other tools",
    .usage = "DIR --format FORMAT [options]",
    .details =
        "Reads DIR/trials.jsonl and prints one file to stdout: step latency with its\n"
        "interval, images/s and accuracies of the valid trials, repetitions and seeds\n"
        "together. Names of benchmarks hold no blanks and depend on the settings alone.\n"
        "In junit's XML a test case is a trial: disturbed ones are skipped, diverged "
        "ones\n"
        "and unequal digests fail.\n",
    .examples = examples,
    .files = files,
    .statuses = statuses,
    .registries = registries,
    .options = options,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
