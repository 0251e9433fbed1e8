/* cmd_sweep.c - `ebb sweep`: every point of a suite. */
#include "command.h"
#include "options.h"
#include "sweep.h"

enum { MAX_TIMEOUT_SECONDS = 1000000, DEFAULT_TIMEOUT_SECONDS = 3600 };

static ebb_status run(const ebb_arguments *arguments)
{
    size_t timeout_seconds = 0;
    EBB_TRY(ebb_options_count(&timeout_seconds, arguments, "timeout",
                              DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS));
    const ebb_sweep_plan plan = {
        .suite = arguments->words[0],
        .folder = ebb_arguments_value(arguments, "output-dir", NULL),
        .data_dir = ebb_arguments_value(arguments, "data-dir", NULL),
        .timeout_seconds = (double)timeout_seconds,
        .dry_run = ebb_arguments_has(arguments, "dry-run"),
        .fresh = ebb_arguments_has(arguments, "fresh"),
        .retry_invalid = ebb_arguments_has(arguments, "retry-invalid"),
    };
    if (plan.folder != NULL && plan.folder[0] == '\0') {
        return ebb_fail(EBB_ERR_USAGE, "--output-dir: empty: '' (allowed: a path)");
    }
    return ebb_sweep_run(&plan, arguments);
}

static const ebb_option options[] = {
    {"output-dir", "DIR", "where results go [results/SUITE]", NULL},
    {"data-dir", "DIR", "folder with the data files, for the points that read some",
     NULL},
    {"dry-run", NULL, "list the points, estimate the time, sweep nothing", NULL},
    {"fresh", NULL, "start over; earlier trials are kept under another name", NULL},
    {"retry-invalid", NULL, "run trials again that were disturbed or diverged", NULL},
    {"timeout", "SECONDS", "end a trial that takes longer [3600]", NULL},
    {NULL, NULL, NULL, NULL},
};

static const ebb_term examples[] = {
    {"ebb sweep quick", "step latency over threads, and forgetting, in a minute"},
    {"ebb sweep mine.yaml --dry-run", "what a suite of your own would run"},
    {"ebb sweep mine.yaml --output-dir mine --fresh",
     "run it, and start over where it was run before"},
    {NULL, NULL},
};

static const ebb_term files[] = {
    {"PREFIX/share/ebb/suites/*.yaml", "the suites that come with ebb"},
    {"DIR/trials.jsonl", "the trials of a sweep, one JSON object a line (ebb-trial/1)"},
    {"DIR/suite.yaml", "the suite as it was run"},
    {"DIR/machine.json", "what ebb machine measured beforehand"},
    {"DIR/*.md, DIR/*.csv", "the tables"},
    {NULL, NULL},
};

static const ebb_term statuses[] = {
    {"1", "a trial failed or diverged, or a metric lies outside the band that the suite "
          "expects"},
    {"4", "digests differ that must be equal"},
    {NULL, NULL},
};

const ebb_command ebb_command_sweep = {
    .name = "sweep",
    .summary = "run every point of a suite and print its tables",
    .usage = "SUITE [options]",
    .details =
        "SUITE is a suite that comes with ebb (ebb list suites) or a file "
        "FILE.yaml. Each\n"
        "trial runs in a process of its own, in random order, and is appended to\n"
        "DIR/trials.jsonl when it is finished. Run again, a sweep does what is "
        "missing; when\n"
        "nothing is, it prints the tables.\n"
        "\n"
        "A suite is written in YAML:\n"
        "\n"
        "  suite: mine\n"
        "  trial: {dataset: synthetic, epochs: 1}   # common to all points\n"
        "  points:                                  # may be left out\n"
        "    - {algorithm: finetuning}\n"
        "    - {algorithm: amnesiac-finetuning, unlearn: \"2:1\"}\n"
        "  sweep: {batch_size: [64, 256], threads: ladder}\n"
        "  repetitions: 3\n"
        "\n"
        "Each entry of `points` is run with every combination of the values under\n"
        "`sweep`. Keys are the options of a trial (ebb list options), written with _ "
        "for -;\n"
        "`threads: ladder` means 1, 2, 4, ... up to all usable cores.\n",
    .examples = examples,
    .files = files,
    .statuses = statuses,
    .environment = ebb_trial_environment,
    .options = options,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
