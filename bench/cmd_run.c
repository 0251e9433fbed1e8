/* cmd_run.c - `ebb run`: one trial, in a process that starts with its threads in place.
 */
#include <stdlib.h>

#include "command.h"
#include "launch.h"
#include "options.h"
#include "output.h"

static ebb_status launch(ebb_config *config, const ebb_topology *topology,
                         const ebb_arguments *arguments)
{
    EBB_TRY(ebb_launch_resolve(config, topology));
    /* Whether there is a terminal is found out again by the worker. */
    static const char *const progress[] = {"--progress=auto", "--progress=always",
                                           "--progress=never"};
    static const char *const color[] = {"--color=auto", "--color=always",
                                        "--color=never"};
    static const char *const format[] = {"--format=text", "--format=json"};
    const char *extras[] = {
        format[ebb_arguments_choice(arguments, "format")],
        progress[ebb_arguments_choice(arguments, "progress")],
        color[ebb_arguments_choice(arguments, "color")],
        ebb_arguments_quiet(arguments) ? "--quiet" : NULL,
        NULL,
    };
    return ebb_launch_replace(&(ebb_launch){
        .topology = topology, .config = config, .repetition = 1, .extras = extras});
}

static ebb_status run(const ebb_arguments *arguments)
{
    ebb_config config;
    EBB_TRY(ebb_options_config(&config, arguments));
    ebb_topology *topology = NULL;
    ebb_status status = ebb_output_check(config.output);
    if (status == EBB_OK) {
        status = ebb_output_check(config.samples);
    }
    if (status == EBB_OK) {
        status = ebb_topology_create(&topology);
    }
    if (status == EBB_OK) {
        status = launch(&config, topology, arguments);
    }
    ebb_topology_destroy(topology);
    ebb_config_clear(&config);
    return status;
}

static const char *const formats[] = {"text", "json", NULL};

static const ebb_option options[] = {
    {"format", "FORMAT",
     "text: a summary; json: one JSON object, the trial record [text]", formats},
    {NULL, NULL, NULL, NULL},
};

static const ebb_term examples[] = {
    {"ebb run --dataset synthetic --epochs 1", "one trial that needs no files"},
    {"ebb run --dataset synthetic --algorithm amnesiac-finetuning --unlearn 2:1,5:5",
     "unlearn task 1 after task 2, and task 5 after itself"},
    {"ebb run --sequence split --scenario cil --threads all --output trials.jsonl",
     "Fashion-MNIST in five tasks; the record is appended to a file"},
    {NULL, NULL},
};

static const ebb_term files[] = {
    {"/usr/share/datasets/fashion-mnist, /usr/share/datasets/mnist",
     "where data sets are looked for, below /usr/local too"},
    {"PREFIX/share/ebb/schema/ebb-trial-1.json", "JSON Schema of the record"},
    {NULL, NULL},
};

static const ebb_term statuses[] = {
    {"1", "the training diverged; its record is written"},
    {NULL, NULL},
};

const ebb_command ebb_command_run = {
    .name = "run",
    .summary = "train, unlearn and test one sequence of tasks",
    .usage = "[options]",
    .details =
        "Trains a network over a sequence of tasks, honours requests to unlearn, "
        "tests all\n"
        "tasks after each, and reports step times and accuracies. The trial runs "
        "in a process\n"
        "of its own whose threads are bound as --placement says.\n"
        "\n"
        "`p50 12.3 µs [95 % interval 12.1, 12.6]` is the median of the timed steps "
        "and where\n"
        "it lies with 95 % confidence, by order statistics; tables over several "
        "trials give\n"
        "in brackets the lowest and highest of the trials' medians instead.\n",
    .examples = examples,
    .files = files,
    .statuses = statuses,
    .environment = ebb_trial_environment,
    .options = options,
    .trial_options = true,
    .run = run,
};
