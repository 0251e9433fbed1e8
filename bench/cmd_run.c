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

const ebb_command ebb_command_run = {
    .name = "run",
    .summary = "train, unlearn and test one sequence of tasks",
    .usage = "[options]",
    .details =
        "Trains a network over a sequence of tasks, honours requests to unlearn, tests "
        "all\n"
        "tasks after each, and reports step times and accuracies. The trial runs in a "
        "process\n"
        "of its own whose threads are bound as --placement says.\n"
        "\n"
        "  ebb run --dataset synthetic --epochs 1\n"
        "  ebb run --algorithm amnesiac-finetuning --unlearn 2:1,4:2,5:5 --threads all\n"
        "  ebb run --sequence split --scenario cil --format json --output trials.jsonl\n",
    .options = options,
    .trial_options = true,
    .run = run,
};
