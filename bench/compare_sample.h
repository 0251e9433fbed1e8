/* compare_sample.h - one measurement: a build run once in a fresh process.
 *
 * A build like `ebb` prints a trial record, one like `ebb-bench` the JSON of Google
 * Benchmark. Whatever else it does (crash, hang, print something else) is told by the
 * kind, with its last output. */
#ifndef EBB_BENCH_COMPARE_SAMPLE_H
#define EBB_BENCH_COMPARE_SAMPLE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/status.h"

typedef enum ebb_sample_kind {
    EBB_SAMPLE_GOOD,
    EBB_SAMPLE_DISTURBED, /* its own record says that the time is not to be trusted */
    EBB_SAMPLE_EXPIRED,   /* it was ended after its time-out */
    EBB_SAMPLE_BROKEN,    /* crashed, refused by its surroundings, printed garbage */
    EBB_SAMPLE_DIVERGED,  /* a loss was not finite */
    EBB_SAMPLE_MISSING,   /* no such benchmark in this build */
    EBB_SAMPLE_WRONG,     /* a check of its own failed */
} ebb_sample_kind;

typedef struct ebb_sample {
    ebb_sample_kind kind;
    double ns;      /* median step of a good one, > 0 */
    json_t *record; /* of a trial that ended, else NULL; owned */
    char message[512];
} ebb_sample;

typedef struct ebb_sample_plan {
    const char *program;      /* what to execute */
    const char *name;         /* of the benchmark */
    const char *const *words; /* argv from 1 on, NULL-ended */
    bool micro;               /* a build like `ebb-bench` */
    double timeout_seconds;
    void (*tick)(void *tick_argument); /* see ebb_child_plan */
    void *tick_argument;
} ebb_sample_plan;

/* Fails with EBB_ERR_ENVIRONMENT when no process or memory is to be had. */
ebb_status ebb_sample_take(ebb_sample *out, const ebb_sample_plan *plan);
void ebb_sample_clear(ebb_sample *sample);

/* The names of the benchmarks that match a pattern, in a build like `ebb-bench`: a list
 * of texts, new reference; NULL, and out tells why, when it does not say. Of plan,
 * program, time-out and tick count. */
ebb_status ebb_sample_list(json_t **names, ebb_sample *out, const ebb_sample_plan *plan,
                           const char *pattern);

#endif
