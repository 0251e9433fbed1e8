/* program.h - a step compiled into phases, and the loops that run it.
 *
 * For every thread and phase a program holds a flat list of ready operations; a barrier
 * of the team stands between phases and nowhere else. The hot loop walks lists: it
 * allocates nothing, creates no primitive, takes no lock and does no I/O. oneDNN does
 * allocate inside dnnl_primitive_execute: small blocks, some 50 a step and thread where
 * primitives make the products; sgemm and micro-kernels do not.
 *
 * A strategy compiles two kinds of program: training (all phases on one batch) and
 * testing (one phase; each thread runs it on blocks of rows of its own). */
#ifndef EBB_NET_PROGRAM_H
#define EBB_NET_PROGRAM_H

#include <stdatomic.h>

#include "data/rows.h"
#include "net/net.h"

/* What the operations of one step read and write besides their own arguments. */
typedef struct ebb_step {
    const ebb_rows *rows;
    const uint32_t *samples; /* of the batch or block */
    size_t n_rows;           /* valid rows */
    const ebb_target *target;
    const ebb_optimizer_step *backbone, *head; /* training: numbers of this step */
    unsigned long backbone_count, head_count;  /* training: optimizer steps, 1-based */
    float *row_loss;                           /* n_rows, out */
    uint8_t *row_correct;                      /* n_rows, out */
} ebb_step;

/* What an operation's time counts as. */
typedef enum ebb_work {
    EBB_WORK_BATCH, /* forming the batch */
    EBB_WORK_FORWARD,
    EBB_WORK_LOSS,     /* with its gradient */
    EBB_WORK_BACKWARD, /* gradients of activations */
    EBB_WORK_UPDATE,   /* gradients of weights and the optimizer */
    EBB_WORK_WAIT,     /* at barriers; no operation is of this kind */
    EBB_WORK_COUNT
} ebb_work;

typedef struct ebb_op {
    void (*run)(const void *self, const ebb_step *step);
    const void *self;
    ebb_work work;
} ebb_op;

typedef struct ebb_phase {
    const ebb_op *ops;
    size_t n;
} ebb_phase;

typedef struct ebb_program ebb_program;

/* What a kernel was chosen for, for the record. Static or program-owned texts. */
typedef struct ebb_program_kernel {
    char operation[32];
    char kernel[64];
} ebb_program_kernel;

enum { EBB_PROGRAM_MAX_KERNELS = 128 };

struct ebb_program {
    ebb_net *net;
    size_t n_rows;    /* of a batch, or of a testing block */
    size_t n_threads; /* that walk the lists: the team's, or 1 when alone is set */
    bool alone;       /* one caller runs all phases; the operations are parallel inside */
    size_t n_phases;
    ebb_phase *phases; /* [thread · n_phases + phase] */
    atomic_int failed; /* set by an operation whose kernel was refused */
    /* Of a training batch, the rows of a shard, or the thread's share of them where there
     * are no shards, first written by the thread that runs them; NULL: no thread owns
     * rows. */
    const struct ebb_activations *batch;
    size_t n_shards;     /* logical pieces of a batch; 0: the strategy has none */
    bool ignores_copies; /* of the weights: reads none, and leaves them stale */
    ebb_program_kernel kernels[EBB_PROGRAM_MAX_KERNELS];
    size_t n_kernels;
    /* Points all operations to another head (all heads are equally wide). */
    void (*bind_head)(ebb_program *self, size_t head);
    void (*destroy)(ebb_program *self);
};

/* Where one thread's time went, summed over steps. A line of its own for each thread. */
typedef struct ebb_profile {
    _Alignas(64) uint64_t ns[EBB_WORK_COUNT];
} ebb_profile;

/* "batch", "forward", …: names for records and tables. */
const char *ebb_work_name(ebb_work work);

/* Training steps one after the other; arrays hold one entry a step unless said. */
typedef struct ebb_training {
    const ebb_rows *rows;
    const uint32_t *order; /* n_steps · program->n_rows samples */
    size_t n_steps;
    ebb_target target;
    double *loss;      /* out: mean over the batch, nats */
    uint32_t *correct; /* out: rows predicted right before the update */
    uint64_t *step_ns; /* out: from the first thread's start to the last thread's end */
    ebb_profile *profile; /* one a thread of the program, added to; NULL: not wanted */
} ebb_training;

/* Runs the steps inside one parallel region. Fails with EBB_ERR_WRONG when derived
 * weights are stale, EBB_ERR_ENVIRONMENT (memory, a refused kernel). */
ebb_status ebb_program_train(ebb_program *program, const ebb_training *training);

/* Evaluates n samples; loss and correct hold n entries, in the order of samples. */
typedef struct ebb_testing {
    const ebb_rows *rows;
    const uint32_t *samples;
    size_t n;
    ebb_target target;
    float *loss;
    uint8_t *correct;
} ebb_testing;

ebb_status ebb_program_test(ebb_program *program, const ebb_testing *testing);

/* Adds what an operation runs on to the record, once each. */
void ebb_program_note_kernel(ebb_program *program, const char *operation,
                             const char *kernel);

void ebb_program_destroy(ebb_program *program); /* NULL is allowed */

#endif
