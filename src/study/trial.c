#include "study/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/random.h"
#include "net/onednn.h"
#include "study/dump.h"
#include "study/evaluation.h"
#include "study/residue.h"
#include "study/session.h"
#include "study/verdict.h"

enum { PEAK_ROUNDS = 5 };
static const uint64_t PEAK_ROUND_NS = 2000000;

typedef struct trial {
    const ebb_config *config;
    const ebb_trial_setting *setting;
    ebb_result *result;
    ebb_session session;
    /* Of the longest epoch: */
    uint32_t *order;
    double *loss;
    uint32_t *correct;
    uint64_t *step_ns;
    size_t step_capacity; /* entries of result->step_ns */
    size_t task_steps;    /* full-size steps of the task so far */
    ebb_dump_array dump_order, dump_loss;
    ebb_residue residue; /* of the request that the current task may make for itself */
} trial;

/* ---- plan ------------------------------------------------------------------------- */

static size_t full_steps_per_epoch(const trial *self, size_t task)
{
    return self->session.sequence->tasks[task - 1].n_train / self->config->batch_size;
}

static size_t ragged_rows(const trial *self, size_t task)
{
    return self->config->keep_last_batch
               ? self->session.sequence->tasks[task - 1].n_train %
                     self->config->batch_size
               : 0;
}

static size_t steps_of_task(const trial *self, size_t task)
{
    const size_t per_epoch =
        full_steps_per_epoch(self, task) + (ragged_rows(self, task) > 0);
    return self->config->steps > 0 ? self->config->steps
                                   : self->config->epochs * per_epoch;
}

/* Lines of their own need an alignment that malloc does not promise. */
static ebb_status allocate_profile(trial *self)
{
    if (!self->config->profile) {
        return EBB_OK;
    }
    void *profile = NULL;
    self->result->n_profile = self->session.train->n_threads;
    EBB_TRY(ebb_buffer_allocate(&profile, self->result->n_profile, sizeof(ebb_profile)));
    self->result->profile = profile;
    return EBB_OK;
}

static ebb_status allocate_epoch(trial *self)
{
    size_t longest = 1;
    for (size_t task = 1; task <= self->config->tasks; task++) {
        const size_t n = self->session.sequence->tasks[task - 1].n_train;
        longest = n > longest ? n : longest;
        self->step_capacity += steps_of_task(self, task);
    }
    const size_t n_steps = longest / self->config->batch_size + 1;
    self->order = malloc(longest * sizeof *self->order);
    self->loss = malloc(n_steps * sizeof *self->loss);
    self->correct = malloc(n_steps * sizeof *self->correct);
    self->step_ns = malloc(n_steps * sizeof *self->step_ns);
    self->result->step_ns = malloc((self->step_capacity + 1) * sizeof(uint64_t));
    const size_t n_ragged = self->config->tasks * self->config->epochs;
    self->result->sample_ns =
        malloc((self->step_capacity + n_ragged + 1) * sizeof(uint64_t));
    const bool complete = self->order != NULL && self->loss != NULL &&
                          self->correct != NULL && self->step_ns != NULL &&
                          self->result->step_ns != NULL &&
                          self->result->sample_ns != NULL;
    return complete ? EBB_OK : ebb_fail_memory(longest * sizeof *self->order);
}

/* ---- training --------------------------------------------------------------------- */

static void shuffle(trial *self, size_t task, size_t epoch)
{
    const size_t n = self->session.training.n;
    for (size_t i = 0; i < n; i++) {
        self->order[i] = (uint32_t)i;
    }
    ebb_random rng;
    ebb_random_init(&rng, self->config->seed, EBB_PURPOSE_SHUFFLE, (uint32_t)task,
                    (uint32_t)epoch);
    ebb_random_shuffle(&rng, self->order, n);
}

static void keep_step_times(trial *self, size_t n_steps)
{
    ebb_result *result = self->result;
    for (size_t i = 0; i < n_steps && result->profile != NULL; i++) {
        result->profile_step_ns += self->step_ns[i];
        result->profile_steps++;
    }
    for (size_t i = 0; i < n_steps; i++) {
        if (self->task_steps++ >= self->config->warmup_steps &&
            result->n_step_ns < self->step_capacity) {
            result->step_ns[result->n_step_ns++] = self->step_ns[i];
        }
    }
}

static ebb_status keep_for_dump(trial *self, size_t task, size_t first, size_t n_samples,
                                size_t n_steps)
{
    if (self->config->dump == NULL) {
        return EBB_OK;
    }
    const uint32_t *samples = self->session.sequence->tasks[task - 1].train;
    for (size_t i = first; i < first + n_samples; i++) {
        EBB_TRY(ebb_dump_append(&self->dump_order, &samples[self->order[i]], 1,
                                sizeof *samples));
    }
    return ebb_dump_append(&self->dump_loss, self->loss, n_steps, sizeof *self->loss);
}

/* A million nats: no learning rate that learns comes near it. */
static bool is_sound(double loss)
{
    return isfinite(loss) && loss < 1e6;
}

static void note_divergence(trial *self, size_t n_steps, size_t task, size_t epoch)
{
    for (size_t i = 0; i < n_steps && !self->result->diverged; i++) {
        if (!is_sound(self->loss[i])) {
            self->result->diverged = true;
            ebb_verdict_problem(self->result,
                                "diverged: the loss of task %zu is %g in epoch %zu", task,
                                self->loss[i], epoch);
        }
    }
}

/* Steps on consecutive batches of the shuffled order, with what happened to the machine
 * meanwhile. */
static ebb_status run_steps(trial *self, ebb_program *program, size_t first,
                            size_t n_steps, size_t task)
{
    const ebb_session *session = &self->session;
    const ebb_training training = {
        .rows = &session->training.rows,
        .order = self->order + first,
        .n_steps = n_steps,
        .target = ebb_session_target(session, task, task),
        .loss = self->loss,
        .correct = self->correct,
        .step_ns = self->step_ns,
        .profile = program == session->train ? self->result->profile : NULL,
    };
    ebb_disturbance_reading *before = NULL;
    ebb_disturbance_reading *after = NULL;
    ebb_status status = ebb_disturbance_read(&before, session->team);
    if (status == EBB_OK) {
        const uint64_t begin_ns = ebb_clock_now_ns();
        status = ebb_program_train(program, &training);
        self->result->train_seconds += ebb_clock_seconds(begin_ns, ebb_clock_now_ns());
    }
    if (status == EBB_OK) {
        status = ebb_disturbance_read(&after, session->team);
    }
    if (status == EBB_OK) {
        const ebb_disturbance between = ebb_disturbance_between(before, after);
        ebb_verdict_add_disturbance(&self->result->disturbance, &between);
        memcpy(self->result->sample_ns + self->result->n_steps, self->step_ns,
               n_steps * sizeof *self->step_ns);
        self->result->n_steps += n_steps;
        status = keep_for_dump(self, task, first, n_steps * program->n_rows, n_steps);
    }
    ebb_disturbance_reading_destroy(before);
    ebb_disturbance_reading_destroy(after);
    return status;
}

/* Once through the data, but at most n_left steps; *n_done tells how many there were. */
static ebb_status train_epoch(size_t *n_done, trial *self, size_t task, size_t epoch,
                              size_t n_left)
{
    const size_t full = full_steps_per_epoch(self, task);
    const size_t n_steps = n_left < full ? n_left : full;
    *n_done = n_steps;
    shuffle(self, task, epoch);
    if (n_steps > 0) {
        EBB_TRY(run_steps(self, self->session.train, 0, n_steps, task));
        keep_step_times(self, n_steps);
        note_divergence(self, n_steps, task, epoch);
    }
    if (ragged_rows(self, task) > 0 && n_steps < n_left && !self->result->diverged) {
        EBB_TRY(run_steps(self, self->session.ragged, n_steps * self->config->batch_size,
                          1, task));
        note_divergence(self, 1, task, epoch);
        (*n_done)++;
    }
    return EBB_OK;
}

/* ---- evaluation ------------------------------------------------------------------- */

/* The last step may be the one that spoils the parameters. */
static void judge_evaluation(trial *self, const ebb_evaluation *values, const char *part,
                             size_t task)
{
    if (!is_sound(values->loss) && !self->result->diverged) {
        self->result->diverged = true;
        ebb_verdict_problem(
            self->result, "diverged: the %s loss of task %zu is not finite", part, task);
    }
}

static ebb_status validate(trial *self, size_t task, size_t epoch)
{
    const ebb_prepared *prepared = &self->session.validation;
    if (self->session.sequence->tasks[task - 1].n_validation == 0) {
        return EBB_OK;
    }
    ebb_result *result = self->result;
    const size_t n = result->n_validation + 1;
    ebb_validation *grown = realloc(result->validation, n * sizeof *grown);
    if (grown == NULL) {
        return ebb_fail_memory(n * sizeof *grown);
    }
    result->validation = grown;
    const uint64_t begin_ns = ebb_clock_now_ns();
    ebb_evaluation values;
    EBB_TRY(ebb_evaluation_run(&values, &self->session, prepared,
                               ebb_session_target(&self->session, task, task)));
    result->validation_seconds += ebb_clock_seconds(begin_ns, ebb_clock_now_ns());
    grown[result->n_validation++] =
        (ebb_validation){task, epoch, values.accuracy, values.loss};
    judge_evaluation(self, &values, "validation", task);
    return EBB_OK;
}

static ebb_status test_task(trial *self, size_t task, size_t trained)
{
    ebb_result *result = self->result;
    const ebb_prepared *prepared = NULL;
    const uint64_t begin_ns = ebb_clock_now_ns();
    EBB_TRY(ebb_session_test_rows(&self->session, &prepared, task));
    const uint64_t prepared_ns = ebb_clock_now_ns();
    ebb_evaluation values;
    EBB_TRY(ebb_evaluation_run(&values, &self->session, prepared,
                               ebb_session_target(&self->session, task, trained)));
    result->setup_seconds += ebb_clock_seconds(begin_ns, prepared_ns);
    result->test_seconds += ebb_clock_seconds(prepared_ns, ebb_clock_now_ns());
    const size_t at = (trained - 1) * result->n_tasks + task - 1;
    result->accuracy[at] = values.accuracy;
    result->loss[at] = values.loss;
    result->batch_accuracy[at] = values.batch_accuracy;
    result->batch_loss[at] = values.batch_loss;
    judge_evaluation(self, &values, "test", task);
    return EBB_OK;
}

/* ---- a task ----------------------------------------------------------------------- */

static void progress(const trial *self, size_t task, double share)
{
    char what[48];
    if (self->setting->progress != NULL) {
        snprintf(what, sizeof what, "task %zu of %zu", task, self->config->tasks);
        self->setting->progress(
            self->setting->argument,
            ((double)(task - 1) + share) / (double)self->config->tasks, what);
    }
}

static ebb_status train_task(trial *self, size_t task)
{
    const size_t total = steps_of_task(self, task);
    size_t done = 0;
    self->task_steps = 0;
    for (size_t epoch = 1; done < total && !self->result->diverged; epoch++) {
        size_t n_steps = 0;
        EBB_TRY(train_epoch(&n_steps, self, task, epoch, total - done));
        EBB_TRY(validate(self, task, epoch));
        done += n_steps;
        progress(self, task, 0.8 * (double)done / (double)(total + 1));
    }
    return EBB_OK;
}

/* The tasks to be unlearned after `task`, in the order written. */
static size_t requested(uint8_t tasks[EBB_MAX_TASKS], const ebb_config *config,
                        size_t task)
{
    size_t n = 0;
    for (size_t i = 0; i < config->n_requests; i++) {
        if (config->requests[i].after == task) {
            tasks[n++] = config->requests[i].task;
        }
    }
    return n;
}

static ebb_status unlearn(trial *self, size_t task)
{
    ebb_result *result = self->result;
    ebb_unlearning *entry = &result->unlearning[result->n_unlearning];
    entry->n_tasks = requested(entry->tasks, self->config, task);
    if (entry->n_tasks == 0) {
        return EBB_OK;
    }
    entry->after = task;
    const uint64_t begin_ns = ebb_clock_now_ns();
    EBB_TRY(ebb_algorithm_unlearn(self->session.algorithm, entry->tasks, entry->n_tasks,
                                  &entry->bytes));
    entry->bytes += ebb_net_refresh(self->session.net);
    entry->seconds = ebb_clock_seconds(begin_ns, ebb_clock_now_ns());
    entry->residue = ebb_residue_take(&self->residue, self->session.net->parameters);
    result->unlearn_seconds += entry->seconds;
    for (size_t i = 0; i < entry->n_tasks; i++) {
        result->unlearned[entry->tasks[i] - 1] = true;
    }
    result->n_unlearning++;
    return EBB_OK;
}

static ebb_status prepare_task(trial *self, size_t task)
{
    const uint64_t begin_ns = ebb_clock_now_ns();
    EBB_TRY(ebb_session_prepare_task(&self->session, task));
    if (!self->config->keep_optimizer_state) {
        ebb_net_reset_optimizer(self->session.net);
    }
    EBB_TRY(ebb_residue_keep(&self->residue, self->config, task,
                             self->session.net->parameters));
    const uint64_t prepared_ns = ebb_clock_now_ns();
    EBB_TRY(ebb_algorithm_begin_task(self->session.algorithm, task));
    self->result->setup_seconds += ebb_clock_seconds(begin_ns, prepared_ns);
    self->result->record_seconds += ebb_clock_seconds(prepared_ns, ebb_clock_now_ns());
    return EBB_OK;
}

static ebb_status end_task(trial *self, size_t task)
{
    const uint64_t begin_ns = ebb_clock_now_ns();
    EBB_TRY(ebb_algorithm_end_task(self->session.algorithm, task));
    self->result->record_seconds += ebb_clock_seconds(begin_ns, ebb_clock_now_ns());
    const size_t bytes = ebb_algorithm_memory_bytes(self->session.algorithm);
    if (bytes > self->result->ledger_bytes) {
        self->result->ledger_bytes = bytes;
    }
    return EBB_OK;
}

static ebb_status dump_task(trial *self, size_t task)
{
    const char *directory = self->config->dump;
    char name[48];
    snprintf(name, sizeof name, "task%zu_order", task);
    EBB_TRY(ebb_dump_write(directory, name, &self->dump_order, "<u4"));
    snprintf(name, sizeof name, "task%zu_loss", task);
    EBB_TRY(ebb_dump_write(directory, name, &self->dump_loss, "<f8"));
    snprintf(name, sizeof name, "parameters_task%zu", task);
    return ebb_dump_parameters(directory, name, self->session.net->parameters);
}

static ebb_status run_task(trial *self, size_t task)
{
    EBB_TRY(prepare_task(self, task));
    EBB_TRY(train_task(self, task));
    if (self->result->diverged) {
        return EBB_OK;
    }
    EBB_TRY(end_task(self, task));
    EBB_TRY(unlearn(self, task));
    EBB_TRY(ebb_parameters_digest(self->result->task_digests[task - 1],
                                  self->session.net->parameters));
    for (size_t k = 1; k <= task && !self->result->diverged; k++) {
        EBB_TRY(test_task(self, k, task));
    }
    progress(self, task, 1.0);
    return dump_task(self, task);
}

/* ---- the trial -------------------------------------------------------------------- */

static ebb_status run_tasks(trial *self)
{
    ebb_result *result = self->result;
    EBB_TRY(ebb_dump_parameters(self->config->dump, "parameters_initial",
                                self->session.net->parameters));
    ebb_peak_measure(&result->peak_before, self->session.team, PEAK_ROUNDS,
                     PEAK_ROUND_NS);
    for (size_t task = 1; task <= self->config->tasks && !result->diverged; task++) {
        EBB_TRY(run_task(self, task));
    }
    ebb_peak_measure(&result->peak_after, self->session.team, PEAK_ROUNDS, PEAK_ROUND_NS);
    EBB_TRY(ebb_parameters_digest(result->digest, self->session.net->parameters));
    return ebb_dump_parameters(self->config->dump, "parameters_final",
                               self->session.net->parameters);
}

static void note_kernels(ebb_result *result, const ebb_program *program)
{
    for (size_t i = 0; i < program->n_kernels && i < EBB_MAX_KERNELS; i++) {
        ebb_kernel_use *use = &result->kernels[result->n_kernels++];
        snprintf(use->operation, sizeof use->operation, "%s",
                 program->kernels[i].operation);
        snprintf(use->kernel, sizeof use->kernel, "%s", program->kernels[i].kernel);
    }
}

static void describe(trial *self)
{
    ebb_result *result = self->result;
    const ebb_net *net = self->session.net;
    result->parameters = self->session.shape.n_parameters;
    result->step_flop = ebb_net_step_flop(net, self->config->batch_size);
    result->step_bytes = ebb_net_step_bytes(net, self->config->batch_size);
    result->arena_bytes = ebb_net_arena_bytes(net);
    result->shards = self->session.train->n_shards;
    note_kernels(result, self->session.train);
    result->threads = self->config->threads;
    result->usable_cpus = self->setting->usable_cpus;
    ebb_team_seats(self->session.team, result->seats);
    ebb_onednn_version(result->onednn, sizeof result->onednn);
    ebb_onednn_isa(result->onednn_isa, sizeof result->onednn_isa);
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        result->peak_rss_bytes = (size_t)usage.ru_maxrss * 1024;
    }
}

static ebb_status run(trial *self)
{
    EBB_TRY(ebb_result_init(self->result, self->config->tasks, self->config->threads));
    EBB_TRY(ebb_session_open(&self->session, self->result, self->config));
    EBB_TRY(ebb_dump_open(self->config->dump)); /* nothing is left by what cannot start */
    EBB_TRY(allocate_epoch(self));
    EBB_TRY(allocate_profile(self));
    EBB_TRY(run_tasks(self));
    describe(self);
    return ebb_homes_look(&self->result->homes, self->session.train);
}

static void write_start(char out[32])
{
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

ebb_status ebb_trial_run(ebb_result *out, const ebb_config *config,
                         const ebb_trial_setting *setting)
{
    memset(out, 0, sizeof *out);
    write_start(out->started_at);
    const uint64_t begin_ns = ebb_clock_now_ns();
    trial self = {.config = config, .setting = setting, .result = out};
    const ebb_status status = run(&self);
    ebb_session_close(&self.session);
    free(self.order);
    free(self.loss);
    free(self.correct);
    free(self.step_ns);
    ebb_dump_clear(&self.dump_order);
    ebb_dump_clear(&self.dump_loss);
    ebb_residue_clear(&self.residue);
    out->wall_seconds = ebb_clock_seconds(begin_ns, ebb_clock_now_ns());
    if (status == EBB_OK) {
        ebb_verdict_judge(out, setting);
    }
    return status;
}
