#include "sweep_estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "launch.h"
#include "machine/environment.h"
#include "net/strategy.h"
#include "study/json.h"
#include "study/trials.h"

enum { PROBE_TIMEOUT_SECONDS = 60 };

/* What no flop count tells, of the order of what two machines showed. */
static const double optimizer_ns = 0.2;        /* a parameter and step, one thread */
static const double read_bytes_per_s = 2e8;    /* of images, inflated and hashed */
static const double prepare_bytes_per_s = 1e9; /* of a task's images, permuted */
static const double thread_share = 0.85; /* of a thread's rate, with others beside */

/* ---- work -------------------------------------------------------------------------- */

/* Samples and sizes that a configuration implies. */
typedef struct work {
    double n_train, n_test, n_validation; /* of a task */
    double features, classes;
} work;

static void describe(work *out, const ebb_config *config)
{
    const ebb_dataset_kind *kind = ebb_dataset_at((size_t)config->dataset);
    const bool read = kind->n_train > 0;
    const double n = (double)(read ? kind->n_train : config->synthetic[0]);
    const double classes = (double)(read ? kind->classes : config->synthetic[3]);
    const double side = read ? (double)kind->rows : sqrt((double)config->synthetic[2]);
    const double padded = side + 2 * (double)config->pad;
    const bool splits = ebb_sequence_at((size_t)config->sequence)->splits_classes;
    out->classes = splits ? (double)config->classes_per_task : classes;
    const double share = out->classes / classes;
    out->n_validation = floor(n * config->validation_fraction) * share;
    out->n_train = n * share - out->n_validation;
    out->n_test = (double)(read ? kind->n_test : config->synthetic[1]) * share;
    out->features = padded * padded;
}

/* Weights of all layers, and of all but the first. */
static void count_weights(double *all, double *later, const ebb_config *config,
                          const work *task)
{
    double width = task->features;
    *all = 0;
    *later = 0;
    for (size_t i = 0; i <= config->n_hidden; i++) {
        const bool joint = config->scenario == EBB_SCENARIO_CIL ||
                           (config->scenario == EBB_SCENARIO_TIL && config->masked_head);
        const double outputs = task->classes * (joint ? (double)config->tasks : 1);
        const double next = i < config->n_hidden ? (double)config->hidden[i] : outputs;
        *all += width * next;
        *later += i > 0 ? width * next : 0;
        width = next;
    }
}

double ebb_sweep_step_flop(const ebb_config *config)
{
    work task;
    double all = 0;
    double later = 0;
    describe(&task, config);
    count_weights(&all, &later, config, &task);
    return (double)config->batch_size * (4 * all + 2 * later);
}

/* ---- rate -------------------------------------------------------------------------- */

/* What the short trial showed. */
typedef struct rate {
    double flop_per_s;    /* of one thread, without the optimizer */
    double start_seconds; /* all that is no training */
    size_t cores;
} rate;

/* Times the rate of one thread that threads of a strategy reach together. */
static double gain_of(const ebb_config *config, const rate *measured)
{
    const char *strategy = ebb_strategy_at((size_t)config->strategy)->choice.name;
    const size_t threads =
        config->threads < measured->cores ? config->threads : measured->cores;
    const double team = threads > 1 ? (double)threads * thread_share : 1;
    return strcmp(strategy, "reference") == 0 ? team / 8 : team;
}

static double seconds_of_trial(const ebb_config *config, const rate *measured)
{
    work task;
    double all = 0;
    double later = 0;
    describe(&task, config);
    count_weights(&all, &later, config, &task);
    const double tasks = (double)config->tasks;
    const double flop_per_s = measured->flop_per_s * gain_of(config, measured);
    const double per_epoch = fmax(1, floor(task.n_train / (double)config->batch_size));
    const double steps =
        config->steps > 0 ? (double)config->steps : (double)config->epochs * per_epoch;
    const double step = ebb_sweep_step_flop(config) / flop_per_s +
                        all * optimizer_ns * 1e-9 / gain_of(config, measured);
    const double tested = task.n_test * tasks * (tasks + 1) / 2 +
                          task.n_validation * tasks * ceil(steps / per_epoch);
    const bool read = ebb_dataset_at((size_t)config->dataset)->n_train > 0;
    const double bytes = task.n_train * task.features;
    return measured->start_seconds + tasks * steps * step +
           tested * 2 * all / flop_per_s + tasks * bytes / prepare_bytes_per_s +
           (read ? bytes / read_bytes_per_s : 0);
}

/* One thread, published network, generated data; a fraction of a second. */
static ebb_status make_probe(ebb_config *out)
{
    static const char *const options[][2] = {
        {"dataset", "synthetic"}, {"synthetic", "2000,100,784,10"},
        {"tasks", "1"},           {"validation-fraction", "0"},
        {"steps", "140"},         {"threads", "1"},
    };
    ebb_config_init(out);
    ebb_status status = EBB_OK;
    for (size_t i = 0; i < sizeof options / sizeof options[0] && status == EBB_OK; i++) {
        status = ebb_config_set(out, options[i][0], options[i][0], options[i][1]);
    }
    if (status != EBB_OK) {
        ebb_config_clear(out);
    }
    return status;
}

static ebb_status read_probe(rate *out, const ebb_child *child, const ebb_config *config,
                             double seconds)
{
    char reason[128];
    if (ebb_child_reason(reason, child)[0] != '\0') {
        char *message = ebb_child_message(child);
        const ebb_status status =
            ebb_fail(EBB_ERR_FAILED, "a short trial: %s: %s", reason,
                     message == NULL ? "no message" : message);
        free(message);
        return status;
    }
    json_t *record = json_loads(child->output.data == NULL ? "" : child->output.data,
                                JSON_REJECT_DUPLICATES, NULL);
    const double p50_ns = ebb_json_get_number(json_object_get(record, "step_ns"), "p50");
    const double train = ebb_json_get_number(record, "train_seconds");
    json_decref(record);
    work task;
    double all = 0;
    double later = 0;
    describe(&task, config);
    count_weights(&all, &later, config, &task);
    const double flop_ns = fmax(p50_ns - all * optimizer_ns, p50_ns / 2);
    out->flop_per_s = ebb_sweep_step_flop(config) * 1e9 / flop_ns;
    out->start_seconds = fmax(seconds - train, 0.05);
    return isfinite(out->flop_per_s) && isfinite(out->start_seconds)
               ? EBB_OK
               : ebb_fail(EBB_ERR_FAILED, "a short trial printed no record with a time");
}

static ebb_status measure(rate *out, const ebb_topology *topology, const char *program)
{
    static const char *const extras[] = {"--format=json", "--progress=never",
                                         "--color=never", NULL};
    ebb_config config;
    EBB_TRY(make_probe(&config));
    const ebb_launch launch = {
        .topology = topology, .config = &config, .repetition = 1, .extras = extras};
    const ebb_child_plan plan = {.program = program,
                                 .timeout_seconds = PROBE_TIMEOUT_SECONDS};
    ebb_child child;
    const uint64_t begin_ns = ebb_clock_now_ns();
    ebb_status status = ebb_launch_child(&child, &launch, &plan);
    if (status == EBB_OK) {
        const double seconds = ebb_clock_seconds(begin_ns, ebb_clock_now_ns());
        status = read_probe(out, &child, &config, seconds);
        ebb_child_clear(&child);
    }
    ebb_config_clear(&config);
    return status;
}

/* ---- stored trials ------------------------------------------------------------------
 */

/* Mean of the stored trials of a point that are of this machine; NaN without one. */
static double stored_seconds(const ebb_trials *stored, const char *machine_id,
                             const char *config_hash)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < stored->n; i++) {
        const ebb_trials_item *item = &stored->items[i];
        if (strcmp(item->config_hash, config_hash) == 0 &&
            strcmp(item->machine_id, machine_id) == 0) {
            sum += ebb_json_get_number(item->record, "wall_seconds");
            n++;
        }
    }
    return sum / (double)n;
}

static ebb_status add_points(ebb_estimate *out, const ebb_suite *suite,
                             const ebb_topology *topology, const ebb_trials *stored,
                             const char *program)
{
    char machine_id[EBB_ID_BYTES];
    rate measured = {.cores = ebb_topology_usable_cores(topology)};
    EBB_TRY(ebb_environment_machine_id(machine_id, topology));
    for (size_t i = 0; i < suite->n_points; i++) {
        const ebb_suite_point *point = &suite->points[i];
        double seconds = stored_seconds(stored, machine_id, point->hash);
        if (!isnan(seconds)) {
            out->n_stored++;
        } else {
            if (measured.flop_per_s == 0) {
                EBB_TRY(measure(&measured, topology, program));
            }
            seconds = seconds_of_trial(&point->config, &measured);
        }
        out->seconds += seconds * (double)suite->repetitions;
    }
    out->gflops = measured.flop_per_s * 1e-9;
    out->start_seconds = measured.start_seconds;
    return EBB_OK;
}

ebb_status ebb_sweep_estimate(ebb_estimate *out, const ebb_suite *suite,
                              const ebb_topology *topology, const char *trials,
                              const char *program)
{
    *out = (ebb_estimate){.seconds = 0};
    ebb_trials stored = {.n = 0};
    /* Trials that cannot be read are for the sweep to complain of. */
    const bool any =
        access(trials, R_OK) == 0 && ebb_trials_read(&stored, trials) == EBB_OK;
    const ebb_status status = add_points(out, suite, topology, &stored, program);
    if (any) {
        ebb_trials_clear(&stored);
    }
    return status;
}
