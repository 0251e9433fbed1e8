/* trial.h - one trial from configuration to result: train → unlearn → test, task by task.
 *
 * Knows nothing of command lines. The environment must already be as the placement wants
 * it (see machine/placement.h); the trial verifies and reports what it got. */
#ifndef EBB_STUDY_TRIAL_H
#define EBB_STUDY_TRIAL_H

#include <stdbool.h>

#include "machine/disturbance.h"
#include "machine/peak.h"
#include "net/homes.h"
#include "net/program.h"
#include "study/config.h"

typedef struct ebb_validation {
    size_t task, epoch; /* 1-based */
    double accuracy, loss;
} ebb_validation;

typedef struct ebb_unlearning {
    size_t after; /* task id */
    uint8_t tasks[EBB_MAX_TASKS];
    size_t n_tasks;
    double seconds;
    size_t bytes;   /* read and written */
    double residue; /* relative distance to the state before the task, of a request
                       for the task just trained alone; NaN: of any other */
} ebb_unlearning;

typedef struct ebb_kernel_use {
    char operation[32]; /* "forward 784x256" */
    char kernel[64];    /* "matmul brg:avx512_core" */
} ebb_kernel_use;

enum { EBB_MAX_KERNELS = 128, EBB_MAX_PROBLEMS = 16 };

typedef struct ebb_result {
    size_t n_tasks;
    double *accuracy, *loss; /* n_tasks², row = after task, NaN: not tested; exact */
    double *batch_accuracy, *batch_loss; /* the same as unweighted means over batches */
    ebb_validation *validation;
    size_t n_validation;
    bool unlearned[EBB_MAX_TASKS];
    ebb_unlearning *unlearning; /* one entry a request, in order */
    size_t n_unlearning;

    size_t parameters; /* logical count, padding excluded */
    char (*task_digests)[65];
    char digest[65];

    uint64_t *step_ns; /* full-size steps after warm-up, of all tasks in order */
    size_t n_step_ns;
    uint64_t *sample_ns; /* every training step, warm-up and ragged included; n_steps */
    size_t n_steps;      /* all training steps, warm-up and ragged included */
    double step_flop, step_bytes; /* of a full-size step, by the layers' formulas */
    ebb_peak peak_before, peak_after;

    double data_seconds;  /* reading the data set */
    double setup_seconds; /* building sequence, network and programs; permuting */
    double train_seconds, validation_seconds, test_seconds, record_seconds,
        unlearn_seconds, wall_seconds;

    size_t threads;
    ebb_team_seat *seats; /* threads of them, after the run */
    bool placement_verified;
    ebb_homes homes; /* of memory, after the run */
    size_t usable_cpus;
    ebb_kernel_use kernels[EBB_MAX_KERNELS];
    size_t n_kernels;
    size_t shards; /* logical pieces of a batch; 0 where the strategy has none */
    size_t ledger_bytes, arena_bytes, peak_rss_bytes;
    ebb_profile
        *profile; /* n_profile threads, sums over profile_steps; NULL: not asked */
    size_t n_profile, profile_steps;
    uint64_t profile_step_ns;    /* sum of those steps */
    ebb_disturbance disturbance; /* over the training steps */
    char started_at[32];         /* UTC, ISO 8601 */
    char onednn[32], onednn_isa[48];

    bool valid;
    bool diverged;                    /* a loss was no number, or above 1e6 nats */
    char *problems[EBB_MAX_PROBLEMS]; /* owned texts */
    size_t n_problems;
} ebb_result;

/* Called now and then with the share done, 0 … 1, and what is going on. */
typedef void (*ebb_progress_fn)(void *argument, double share, const char *what);

/* What the launcher knows and the trial checks or reports. */
typedef struct ebb_trial_setting {
    const int *cpus;    /* OS index asked for, one a thread; −1: not to be bound */
    size_t usable_cpus; /* before threads were bound */
    size_t taken_cpus;  /* since the launcher chose */
    ebb_progress_fn progress; /* NULL: silent */
    void *argument;
} ebb_trial_setting;

/* Owned by the caller: ebb_result_clear, also after a failure. config is checked and its
 * threads are resolved. A diverged trial is EBB_OK with diverged set and valid = false.
 * EBB_ERR_USAGE where data make a request impossible, EBB_ERR_ENVIRONMENT for data,
 * memory and files. */
ebb_status ebb_trial_run(ebb_result *out, const ebb_config *config,
                         const ebb_trial_setting *setting);
/* The arrays that depend on tasks and threads only; accuracies are NaN. What fails here
 * is cleared like a result that ran. */
ebb_status ebb_result_init(ebb_result *result, size_t n_tasks, size_t n_threads);
void ebb_result_clear(ebb_result *result);

#endif
