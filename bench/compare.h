/* compare.h - what a comparison of two builds, or of two stored results, knows.
 *
 * compare_list makes the benchmarks, compare_pairs (or compare_stored) fills them,
 * compare_print and compare_json tell about them. The statistics are in study/gate.h. */
#ifndef EBB_BENCH_COMPARE_H
#define EBB_BENCH_COMPARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "study/gate.h"

typedef enum ebb_side { EBB_BASELINE, EBB_CANDIDATE, EBB_SIDES } ebb_side;

const char *ebb_side_name(ebb_side side);

/* How far results of two correct builds may be apart where their bits differ. A loss may
 * differ by the larger of a share of it and an amount in nats. */
typedef struct ebb_compare_bound {
    double accuracy;
    double loss_share, loss;
} ebb_compare_bound;

typedef struct ebb_times {
    double *ns; /* owned */
    size_t n, capacity;
} ebb_times;

ebb_status ebb_times_add(ebb_times *times, double ns);
/* NaN for none. */
double ebb_times_median(const ebb_times *times);
void ebb_times_clear(ebb_times *times);

typedef struct ebb_compare_benchmark {
    char *name;   /* owned; one line */
    char **words; /* of the program, from its argv[1] on, NULL-ended; owned; NULL: none */
    ebb_compare_bound bound;
    ebb_times times[EBB_SIDES]; /* median step of each process, in pairs (or trials) */
    json_t *records[EBB_SIDES]; /* the first of each side; owned; NULL: none */
    ebb_gate gate;
    ebb_gate_interval interval; /* of log ratios */
    ebb_gate_verdict verdict;
    bool decided;       /* no more is to be measured */
    bool starved;       /* undecided: too few pairs or trials for an interval */
    size_t n_discarded; /* pairs that were disturbed */
    char *message;      /* why unknown, missing or wrong; owned; NULL: nothing */
} ebb_compare_benchmark;

typedef struct ebb_comparison {
    const char *paths[EBB_SIDES];      /* borrowed: builds or folders */
    bool stored;                       /* folders */
    bool micro;                        /* builds like `ebb-bench` */
    double threshold;                  /* a share: 0.02 */
    double budget_seconds;             /* 0 when stored */
    double seconds;                    /* that it took */
    ebb_compare_benchmark *benchmarks; /* owned */
    size_t n_benchmarks;
    json_t *notes; /* texts; owned; NULL: none */
    ebb_gate_verdict verdict;
} ebb_comparison;

/* One more benchmark, named name, that nothing is known about yet; borrowed from
 * comparison until the next is added. Fails with EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_comparison_add(ebb_compare_benchmark **out, ebb_comparison *comparison,
                              const char *name);
/* Ends the measurement of a benchmark with a verdict and, unless NULL, its reason. */
void ebb_compare_decide(ebb_compare_benchmark *benchmark, ebb_gate_verdict verdict,
                        const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What is true of the comparison as a whole, once each. */
void ebb_comparison_note(ebb_comparison *comparison, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The first benchmark with the verdict of the whole, and how many there are; NULL: none.
 */
const ebb_compare_benchmark *ebb_comparison_gravest(size_t *n,
                                                    const ebb_comparison *comparison);
/* Sets the verdict: the gravest of all benchmarks. */
void ebb_comparison_conclude(ebb_comparison *comparison);
/* The whole as a failure (its exit status and its one line), EBB_OK for `same` and
 * `faster`. */
ebb_status ebb_comparison_status(const ebb_comparison *comparison);
void ebb_comparison_clear(ebb_comparison *comparison);

/* A slowdown, as a share, that would have been shown by this many pairs this noisy; NaN
 * without an interval. */
double ebb_compare_detectable(const ebb_comparison *comparison,
                              const ebb_compare_benchmark *benchmark);
#endif
