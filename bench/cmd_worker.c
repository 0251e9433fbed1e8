/* cmd_worker.c - `ebb worker`: the trial itself, in a process that a launcher prepared.
 */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "launch.h"
#include "machine/placement.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "study/record.h"
#include "study/trial.h"

static void show_progress(void *argument, double share, const char *what)
{
    ebb_progress_show(argument, share, what);
}

static ebb_status write_samples(const char *path, const ebb_result *result)
{
    ebb_text text = {0};
    ebb_text_append(&text, "%s", "");
    for (size_t i = 0; i < result->n_steps; i++) {
        ebb_text_append(&text, "%llu\n", (unsigned long long)result->sample_ns[i]);
    }
    ebb_status status = ebb_text_check(&text);
    if (status == EBB_OK) {
        status = ebb_output_write(path, text.data, text.length);
    }
    ebb_text_clear(&text);
    return status;
}

/* main sees to it that it was written. */
static ebb_status print_record(const json_t *record, bool json)
{
    ebb_text text = {0};
    ebb_status status =
        json ? ebb_record_line(&text, record) : ebb_record_summary(&text, record);
    if (status == EBB_OK) {
        status = ebb_text_check(&text);
    }
    if (status == EBB_OK) {
        fputs(text.data == NULL ? "" : text.data, stdout);
    }
    ebb_text_clear(&text);
    return status;
}

/* Prints first: what was measured is seen even where a file cannot be written. */
static ebb_status report(const ebb_arguments *arguments, const json_t *record,
                         const ebb_config *config, const ebb_result *result)
{
    EBB_TRY(ebb_text_check_thread());
    EBB_TRY(print_record(record, ebb_arguments_choice(arguments, "format") == 1));
    if (config->output != NULL) {
        EBB_TRY(ebb_record_append(config->output, record));
    }
    if (config->samples != NULL) {
        EBB_TRY(write_samples(config->samples, result));
    }
    if (result->diverged) {
        return ebb_fail(EBB_ERR_FAILED,
                        "run: the trial diverged, a loss was no number or huge "
                        "(try a smaller --learning-rate)");
    }
    return EBB_OK;
}

static ebb_status run_trial(ebb_result *result, const ebb_arguments *arguments,
                            const ebb_config *config, const ebb_topology *topology)
{
    int *cpus = NULL;
    EBB_TRY(ebb_launch_cpus(&cpus, config, topology));
    const ebb_placement *placement = ebb_placement_at((size_t)config->placement);
    ebb_progress progress;
    const ebb_progress_kind kind = ebb_arguments_progress(arguments);
    /* One trial needs no log of how it went. */
    ebb_progress_start(&progress, kind == EBB_PROGRESS_LINES ? EBB_PROGRESS_NONE : kind);
    const ebb_status status =
        ebb_trial_run(result, config,
                      &(ebb_trial_setting){
                          .cpus = cpus,
                          .taken_cpus = ebb_topology_taken_cpus(topology),
                          .usable_cpus = ebb_placement_usable_cpus(placement, topology),
                          .progress = show_progress,
                          .argument = &progress});
    ebb_progress_end(&progress);
    free(cpus);
    return status;
}

static ebb_status run_with(const ebb_arguments *arguments, ebb_config *config,
                           const ebb_topology *topology)
{
    size_t repetition = 1;
    EBB_TRY(ebb_options_count(&repetition, arguments, "repetition", 1, 1000000));
    EBB_TRY(ebb_launch_resolve(config, topology));
    ebb_result result = {0};
    json_t *record = NULL;
    ebb_status status = run_trial(&result, arguments, config, topology);
    if (status == EBB_OK) {
        status = ebb_record_json(&record, &result, config, repetition, topology);
    }
    if (status == EBB_OK) {
        status = report(arguments, record, config, &result);
    }
    json_decref(record);
    ebb_result_clear(&result);
    return status;
}

static ebb_status run(const ebb_arguments *arguments)
{
    ebb_config config;
    EBB_TRY(ebb_options_config(&config, arguments));
    ebb_topology *topology = NULL;
    ebb_status status = ebb_topology_create(&topology);
    if (status == EBB_OK) {
        status = run_with(arguments, &config, topology);
    }
    ebb_topology_destroy(topology);
    ebb_config_clear(&config);
    return status;
}

static const char *const formats[] = {"text", "json", NULL};

static const ebb_option options[] = {
    {"format", "FORMAT", "text or json [text]", formats},
    {"repetition", "N", "which repetition of its point this trial is [1]", NULL},
    {NULL, NULL, NULL, NULL},
};

const ebb_command ebb_command_worker = {
    .name = "worker",
    .summary = "the process of one trial, started by run and sweep",
    .usage = "[options]",
    .details =
        "Expects the environment that its launcher prepared; use ebb run instead.\n",
    .options = options,
    .trial_options = true,
    .hidden = true,
    .run = run,
};
