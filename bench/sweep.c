#include "sweep.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "launch.h"
#include "machine/placement.h"
#include "output.h"
#include "shipped.h"
#include "sweep_estimate.h"
#include "sweep_tables.h"
#include "sweep_trial.h"

enum { MACHINE_TIMEOUT_SECONDS = 600 };

/* A sweep under way. */
typedef struct sweep {
    const ebb_sweep_plan *plan;
    const ebb_arguments *arguments;
    ebb_topology *topology;
    ebb_suite suite;
    ebb_sweep_folder folder;
    bool *done;      /* see ebb_sweep_folder_done */
    size_t n_trials; /* of the whole suite */
    size_t n_before; /* done when the sweep began */
    size_t n_kept;   /* records appended by this sweep */
    size_t n_failed;
    ebb_status worst; /* of the failures */
    char last_failure[512];
    ebb_progress progress;
    uint64_t begin_ns;       /* of the first trial */
    uint64_t trial_begin_ns; /* of the current one */
    ebb_text label;          /* of the current one */
} sweep;

/* Points that read files look for them in data_dir. */
static ebb_status set_data_dir(ebb_suite *suite, const char *data_dir)
{
    if (data_dir == NULL) {
        return EBB_OK;
    }
    bool any = false;
    for (size_t i = 0; i < suite->n_points; i++) {
        ebb_config *config = &suite->points[i].config;
        if (ebb_dataset_at((size_t)config->dataset)->n_train == 0) {
            continue;
        }
        any = true;
        EBB_TRY(ebb_config_set(config, "--data-dir", "data-dir", data_dir));
    }
    return any ? EBB_OK
               : ebb_fail(EBB_ERR_USAGE,
                          "--data-dir: no point of suite %s reads files "
                          "(allowed: with a dataset that does)",
                          suite->name);
}

static ebb_status load_suite(sweep *self)
{
    char *path = NULL;
    EBB_TRY(ebb_shipped_resolve(&path, self->plan->suite));
    ebb_status status =
        ebb_suite_load(&self->suite, path, ebb_topology_usable_cores(self->topology));
    free(path);
    EBB_TRY(status);
    EBB_TRY(set_data_dir(&self->suite, self->plan->data_dir));
    self->n_trials = self->suite.n_points * self->suite.repetitions;
    return EBB_OK;
}

/* Where results go. */
static ebb_status choose_folder(ebb_text *path, const sweep *self)
{
    if (self->plan->folder != NULL) {
        ebb_text_append(path, "%s", self->plan->folder);
    } else {
        ebb_text_append(path, "results/%s", self->suite.name);
    }
    return ebb_text_check(path);
}

/* A command line a point: hash and how to run it alone. */
static ebb_status print_points(const sweep *self)
{
    const ebb_suite *suite = &self->suite;
    for (size_t i = 0; i < suite->n_points; i++) {
        ebb_text command = {0};
        ebb_config_command(&command, &suite->points[i].config);
        const ebb_status status = ebb_text_check(&command);
        printf("%s  ebb run%s\n", suite->points[i].hash,
               command.data == NULL ? "" : command.data);
        ebb_text_clear(&command);
        EBB_TRY(status);
    }
    return EBB_OK;
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* "40 s", "3 min", "2.5 h" */
static const char *print_duration(char out[32], double seconds)
{
    if (seconds < 100) {
        snprintf(out, 32, "%.0f s", fmax(seconds, 1));
    } else if (seconds < 6000) {
        snprintf(out, 32, "%.0f min", seconds / 60);
    } else {
        snprintf(out, 32, "%.1f h", seconds / 3600);
    }
    return out;
}

/* An estimate takes a short trial; nobody waits for what nobody reads. */
static void tell_estimate(const sweep *self, const char *folder)
{
    char *trials = ebb_output_path(folder, "trials.jsonl");
    ebb_estimate estimate;
    if (trials == NULL || ebb_arguments_quiet(self->arguments)) {
        free(trials);
        return;
    }
    const ebb_status status = ebb_sweep_estimate(&estimate, &self->suite, self->topology,
                                                 trials, self->plan->program);
    free(trials);
    if (status != EBB_OK) {
        ebb_note(self->arguments, "no estimate of the time: %s", ebb_last_error());
        return;
    }
    char middle[32], low[32], high[32];
    ebb_note(self->arguments, "estimate: %s, between %s and %s if nothing else runs here",
             print_duration(middle, estimate.seconds),
             print_duration(low, estimate.seconds / 2),
             print_duration(high, estimate.seconds * 2));
    const size_t n_new = self->suite.n_points - estimate.n_stored;
    if (estimate.gflops > 0) {
        ebb_note(self->arguments,
                 "estimated from the flop of %zu point%s at %.0f GFLOP/s a thread and "
                 "%.2f s a start, as a short trial showed just now",
                 n_new, plural(n_new), estimate.gflops, estimate.start_seconds);
    }
    if (estimate.n_stored > 0) {
        ebb_note(self->arguments, "estimated from stored trials in %s: %zu point%s",
                 folder, estimate.n_stored, plural(estimate.n_stored));
    }
}

/* Such points are measured, and what is measured is mostly that threads wait. */
static void tell_crowding(const sweep *self)
{
    const size_t n_cpus = ebb_topology_usable_cpus(self->topology);
    size_t n = 0;
    size_t n_placed = 0; /* of those, they would fit on the whole machine */
    for (size_t i = 0; i < self->suite.n_points; i++) {
        const ebb_config *config = &self->suite.points[i].config;
        const ebb_placement *placement = ebb_placement_at((size_t)config->placement);
        const bool crowded =
            config->threads > ebb_placement_usable_cpus(placement, self->topology);
        n += crowded;
        n_placed += crowded && config->threads <= n_cpus;
    }
    if (n > 0) {
        ebb_note(self->arguments,
                 "%zu of %zu point%s more threads than the %zu usable CPU%s%s: there, "
                 "threads wait for each other's CPU, which is part of the time",
                 n, self->suite.n_points, self->suite.n_points == 1 ? " has" : "s have",
                 n_cpus, plural(n_cpus),
                 n_placed > 0 ? ", or than those of their placement" : "");
    }
}

/* The number of points comes first: a list of thousands is then no surprise. */
static ebb_status show_plan(const sweep *self)
{
    const ebb_suite *suite = &self->suite;
    ebb_note(self->arguments, "suite %s: %zu point%s, %zu repetition%s, %zu trial%s",
             suite->name, suite->n_points, plural(suite->n_points), suite->repetitions,
             plural(suite->repetitions), self->n_trials, plural(self->n_trials));
    EBB_TRY(print_points(self));
    tell_crowding(self);
    ebb_text folder = {0};
    EBB_TRY(choose_folder(&folder, self));
    tell_estimate(self, folder.data);
    ebb_text_clear(&folder);
    return EBB_OK;
}

/* hwloc writes the file itself; beside and renamed all the same. */
static ebb_status write_topology(const sweep *self)
{
    char *path = ebb_output_path(self->folder.path, "topology.xml");
    char *beside = ebb_output_path(self->folder.path, "topology.xml.new");
    ebb_status status = path == NULL || beside == NULL
                            ? ebb_fail_memory(strlen(self->folder.path))
                            : ebb_topology_export(self->topology, beside);
    if (status == EBB_OK && rename(beside, path) != 0) {
        status =
            ebb_fail(EBB_ERR_ENVIRONMENT, "%s: not written (%s)", path, strerror(errno));
    }
    if (status != EBB_OK && beside != NULL) {
        unlink(beside);
    }
    free(path);
    free(beside);
    return status;
}

static void tick_machine(void *argument)
{
    sweep *self = argument;
    ebb_progress_show(&self->progress, 0, "measuring the machine's roofs");
}

/* `ebb machine` in a process of its own: measuring needs threads, and we have none. */
static ebb_status write_machine(sweep *self)
{
    static const char *const words[] = {"ebb", "machine", "--format=json",
                                        "--progress=never", NULL};
    ebb_child child;
    EBB_TRY(ebb_child_run(&child, &(ebb_child_plan){
                                      .program = self->plan->program == NULL
                                                     ? EBB_THIS_PROGRAM
                                                     : self->plan->program,
                                      .words = words,
                                      .timeout_seconds = MACHINE_TIMEOUT_SECONDS,
                                      .tick = tick_machine,
                                      .tick_argument = self,
                                  }));
    char reason[128];
    ebb_status status = EBB_OK;
    if (ebb_child_reason(reason, &child)[0] != '\0') {
        char *message = ebb_child_message(&child);
        status = ebb_fail(EBB_ERR_ENVIRONMENT, "ebb machine: %s: %s", reason,
                          message == NULL ? "no message" : message);
        free(message);
    } else {
        status = ebb_sweep_folder_write(&self->folder, "machine.json", child.output.data,
                                        child.output.length);
    }
    ebb_child_clear(&child);
    return status;
}

/* What is told about machine and suite stands there before the first trial. */
static ebb_status describe(sweep *self)
{
    EBB_TRY(ebb_sweep_folder_write(&self->folder, "suite.yaml", self->suite.text,
                                   self->suite.size_bytes));
    EBB_TRY(write_topology(self));
    char *machine = ebb_output_path(self->folder.path, "machine.json");
    if (machine == NULL) {
        return ebb_fail_memory(strlen(self->folder.path));
    }
    /* Of this very build and machine, or the folder would have been refused. */
    const bool known = self->n_before > 0 && access(machine, F_OK) == 0;
    free(machine);
    return known ? EBB_OK : write_machine(self);
}

/* Share of the suite that is done, the current trial by what the earlier ones took. */
static void tick_trial(void *argument)
{
    sweep *self = argument;
    const uint64_t now = ebb_clock_now_ns();
    double part = 0;
    if (self->n_kept > 0) {
        const double mean = ebb_clock_seconds(self->begin_ns, self->trial_begin_ns) /
                            (double)(self->n_kept + self->n_failed);
        part = ebb_clock_seconds(self->trial_begin_ns, now) / mean;
        part = part > 0.9 ? 0.9 : part;
    }
    const double finished = (double)(self->n_before + self->n_kept + self->n_failed);
    ebb_progress_show(&self->progress, (finished + part) / (double)self->n_trials,
                      self->label.data == NULL ? "" : self->label.data);
}

static void set_label(sweep *self, size_t point, size_t repetition)
{
    ebb_text_clear(&self->label);
    ebb_text_append(&self->label, "trial %zu of %zu: repetition %zu",
                    self->n_before + self->n_kept + self->n_failed + 1, self->n_trials,
                    repetition);
    if (self->suite.varying != 0) {
        ebb_text_append(&self->label, ", ");
        ebb_suite_label(&self->label, &self->suite, point);
    }
}

/* A failure of one trial is told and the others go on, but not when nothing can be kept
 * or when the first thing tried finds its files missing. */
static ebb_status run_trial(sweep *self, size_t point, size_t repetition)
{
    set_label(self, point, repetition);
    self->trial_begin_ns = ebb_clock_now_ns();
    const ebb_sweep_trial trial = {&self->folder, self->topology,
                                   &self->suite.points[point], repetition};
    const ebb_child_plan plan = {
        .program = self->plan->program,
        .timeout_seconds = self->plan->timeout_seconds,
        .tick = tick_trial,
        .tick_argument = self,
    };
    bool broken = false;
    const ebb_status status = ebb_sweep_trial_run(&broken, &trial, &plan);
    if (status == EBB_OK) {
        self->n_kept++;
        return EBB_OK;
    }
    if (broken || (status != EBB_ERR_FAILED && self->n_kept + self->n_failed == 0)) {
        return status;
    }
    snprintf(self->last_failure, sizeof self->last_failure, "%s", ebb_last_error());
    ebb_progress_hide(&self->progress);
    ebb_note(self->arguments, "%s: %s", self->label.data == NULL ? "" : self->label.data,
             self->last_failure);
    self->n_failed++;
    self->worst = status > self->worst ? status : self->worst;
    return EBB_OK;
}

static ebb_status run_repetition(sweep *self, uint32_t *order, size_t repetition)
{
    const size_t n = self->suite.n_points;
    for (size_t i = 0; i < n; i++) {
        order[i] = (uint32_t)i;
    }
    ebb_random rng;
    ebb_random_init(&rng, self->suite.points[0].config.seed, EBB_PURPOSE_SWEEP,
                    (uint32_t)repetition, 0);
    ebb_random_shuffle(&rng, order, n);
    for (size_t i = 0; i < n; i++) {
        if (!self->done[order[i] * self->suite.repetitions + repetition - 1]) {
            EBB_TRY(run_trial(self, order[i], repetition));
        }
    }
    return EBB_OK;
}

static ebb_status run_all(sweep *self)
{
    uint32_t *order = calloc(self->suite.n_points, sizeof *order);
    if (order == NULL) {
        return ebb_fail_memory(self->suite.n_points * sizeof *order);
    }
    ebb_status status = EBB_OK;
    self->begin_ns = ebb_clock_now_ns();
    for (size_t r = 1; r <= self->suite.repetitions && status == EBB_OK; r++) {
        status = run_repetition(self, order, r);
    }
    free(order);
    if (status == EBB_OK && self->n_failed > 0) {
        status = ebb_fail(
            self->worst,
            "sweep %s: %zu of %zu trials failed, the last: %s (allowed: the "
            "same command, it runs them again)",
            self->suite.name, self->n_failed, self->n_trials, self->last_failure);
    }
    return status;
}

static ebb_status find_done(sweep *self)
{
    size_t n_foreign = 0;
    self->done = calloc(self->n_trials, sizeof *self->done);
    if (self->done == NULL) {
        return ebb_fail_memory(self->n_trials * sizeof *self->done);
    }
    EBB_TRY(ebb_sweep_folder_done(self->done, &n_foreign, &self->folder, &self->suite,
                                  self->plan->retry_invalid));
    for (size_t i = 0; i < self->n_trials; i++) {
        self->n_before += self->done[i] ? 1 : 0;
    }
    if (n_foreign > 0) {
        ebb_note(self->arguments,
                 "%s: %zu %s to no point of suite %s; what is there stays and counts in "
                 "the tables",
                 self->folder.trials, n_foreign,
                 n_foreign == 1 ? "trial belongs" : "trials belong", self->suite.name);
    }
    return EBB_OK;
}

static ebb_status run_missing(sweep *self)
{
    EBB_TRY(find_done(self));
    if (self->n_before < self->n_trials) {
        ebb_note(self->arguments, "suite %s: %zu of %zu trials to run, results in %s",
                 self->suite.name, self->n_trials - self->n_before, self->n_trials,
                 self->folder.path);
        const ebb_progress_kind kind = ebb_arguments_progress(self->arguments);
        ebb_progress_start(&self->progress, kind);
        ebb_status status = describe(self);
        if (status == EBB_OK) { /* what is left is reckoned from the trials alone */
            ebb_progress_end(&self->progress);
            ebb_progress_start(&self->progress, kind);
            status = run_all(self);
        }
        ebb_progress_end(&self->progress);
        EBB_TRY(status);
    }
    return ebb_sweep_tables(&self->folder, &self->suite, self->arguments);
}

static ebb_status run_in_folder(sweep *self)
{
    ebb_text path = {0};
    ebb_status status = choose_folder(&path, self);
    if (status == EBB_OK) {
        status = ebb_sweep_folder_open(&self->folder, path.data, self->topology,
                                       self->plan->fresh, self->arguments);
    }
    if (status == EBB_OK) {
        status = run_missing(self);
    }
    ebb_sweep_folder_close(&self->folder);
    ebb_text_clear(&path);
    return status;
}

/* What --fresh would put aside stays where it is when no trial could start. */
static ebb_status check_data(const sweep *self)
{
    for (size_t i = 0; i < self->suite.n_points; i++) {
        const ebb_config *config = &self->suite.points[i].config;
        EBB_TRY(ebb_dataset_available(ebb_dataset_at((size_t)config->dataset),
                                      config->data_dir));
    }
    return EBB_OK;
}

ebb_status ebb_sweep_run(const ebb_sweep_plan *plan, const ebb_arguments *arguments)
{
    sweep self = {.plan = plan, .arguments = arguments, .folder = {.lock = -1}};
    EBB_TRY(ebb_topology_create(&self.topology));
    ebb_status status = load_suite(&self);
    if (status == EBB_OK && plan->fresh && !plan->dry_run) {
        status = check_data(&self);
    }
    if (status == EBB_OK) {
        status = plan->dry_run ? show_plan(&self) : run_in_folder(&self);
    }
    free(self.done);
    ebb_text_clear(&self.label);
    ebb_suite_clear(&self.suite);
    ebb_topology_destroy(self.topology);
    return status;
}
