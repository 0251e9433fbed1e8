/* micro.h - what a micro-benchmark of ebb-bench is.
 *
 * A topic is one file and one row of the table in table.c. It adds benchmarks to a list;
 * each is a kind (functions), a name, and values for its arguments. A kind prepares a
 * fixture, proves it right against another way of computing the same, runs it a number of
 * times under the clock, and says afterwards whether what came out is still right. A
 * wrong result is an error entry and never a time.
 *
 * Benchmarks that use a team have the argument `threads` as their last one; the team's
 * threads are bound, one a CPU, whenever a fixture is open. */
#ifndef EBB_BENCH_MICRO_MICRO_H
#define EBB_BENCH_MICRO_MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "machine/team.h"

enum { EBB_MICRO_MAX_ARGS = 4, EBB_MICRO_NAME_BYTES = 80 };

/* What bounds a benchmark from above; measured in the same process, on the same team. */
typedef enum ebb_micro_roof {
    EBB_MICRO_FMA,      /* amount: floating-point operations */
    EBB_MICRO_STREAM,   /* amount: bytes; a triad over as much memory */
    EBB_MICRO_HANDOVER, /* amount: cache lines that pass from thread to thread in turn */
} ebb_micro_roof;

/* Of one iteration. */
typedef struct ebb_micro_work {
    ebb_micro_roof roof;
    double amount;
    double footprint_bytes; /* STREAM: what is read and written again and again */
    double items;           /* for items_per_second; 0: none */
    int64_t batch;          /* iterations of one run; 0: as many as take a while */
} ebb_micro_work;

/* What a fixture is made from. */
typedef struct ebb_micro_call {
    const char *name; /* of the benchmark, for messages */
    ebb_team *team;   /* NULL: does not use one */
    const int64_t *args;
    size_t variant[2]; /* as given when it was added */
} ebb_micro_call;

typedef struct ebb_micro_kind {
    const char *arg_names[EBB_MICRO_MAX_ARGS + 1]; /* NULL-ended */
    bool uses_team;                                /* the last argument is `threads` */
    size_t min_threads;                            /* 0: 1 */
    /* Makes *fixture and fills *work. EBB_ERR_MISSING: cannot be had here, which skips
     * the benchmark; EBB_ERR_WRONG: a wrong result. Fixtures live over several entries.
     */
    ebb_status (*open)(void **fixture, ebb_micro_work *work, const ebb_micro_call *call);
    /* Optional: at the start of each entry, and before each call of run; untimed. */
    void (*begin)(void *fixture);
    ebb_status (*rewind)(void *fixture);
    /* The only part under the clock; n is work.batch, or what is left of an entry. */
    ebb_status (*run)(void *fixture, int64_t n);
    /* After the last run of an entry. */
    ebb_status (*check)(void *fixture);
    /* Optional: durations of single iterations since begin, in ns; returns how many. */
    size_t (*samples)(void *fixture, uint64_t **out);
    void (*close)(void *fixture);
} ebb_micro_kind;

/* Values of one argument. */
typedef struct ebb_micro_axis {
    const int64_t *values;
    size_t n;
} ebb_micro_axis;

typedef struct ebb_micro_list ebb_micro_list;

/* Adds one benchmark for every combination of the arguments' values, the threads of the
 * ladder included; an axis an argument, without that of the threads. A name has no blanks
 * and "step" in it exactly when it is about whole training steps. */
ebb_status ebb_micro_add(ebb_micro_list *list, const ebb_micro_kind *kind,
                         const char *name, const size_t variant[2],
                         const ebb_micro_axis *axes);

typedef struct ebb_micro_topic {
    const char *name; /* occurs in the names of its benchmarks and of no others */
    const char *summary;
    ebb_status (*add)(ebb_micro_list *list);
} ebb_micro_topic;

extern const ebb_micro_topic ebb_micro_batch, ebb_micro_dense, ebb_micro_ledger,
    ebb_micro_loss, ebb_micro_optimizer, ebb_micro_plan, ebb_micro_reading,
    ebb_micro_steps, ebb_micro_synchronization, ebb_micro_task;

/* NULL past the last row. */
const ebb_micro_topic *ebb_micro_topic_at(size_t index);

#endif
