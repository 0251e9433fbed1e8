/* gate.h - is one build slower than another: a sequential sign test on paired ratios.
 *
 * Each pair of measurements, made one right after the other, gives r = ln(candidate /
 * baseline). If the median of r were θ, the number of pairs below θ would be a walk of
 * fair coins, whatever the noise looks like. The interval after n pairs is
 * [r_(k), r_(n+1-k)], and the rank k is chosen so that the chance that *any* interval
 * looked at so far misses θ is at most alpha: stopping as soon as a verdict stands costs
 * nothing. How much of alpha may be spent by a look is told by the clock: in proportion
 * to the time used (Lan and DeMets 1983, "Discrete sequential boundaries for clinical
 * trials"), so that the last look, whenever it comes, has what is left.
 *
 * The chance is summed exactly: of all walks that no earlier look has seen outside, how
 * many end where. That takes n additions for the n-th pair. */
#ifndef EBB_STUDY_GATE_H
#define EBB_STUDY_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* In the order of gravity, the least first; the names are those of the interface. */
typedef enum ebb_gate_verdict {
    EBB_GATE_SAME,    /* no slowdown beyond the threshold, and none is hidden by noise */
    EBB_GATE_FASTER,  /* the whole interval is below -threshold */
    EBB_GATE_UNKNOWN, /* "cannot tell" */
    EBB_GATE_SLOWER,  /* the whole interval is above the threshold */
    EBB_GATE_MISSING, /* one side does not have it */
    EBB_GATE_WRONG,   /* the results of the two differ, or a check failed */
} ebb_gate_verdict;

const char *ebb_gate_verdict_name(ebb_gate_verdict verdict);

/* A median of log ratios with its interval, which may be infinite. */
typedef struct ebb_gate_interval {
    double median; /* NaN without any ratio */
    double low, high;
} ebb_gate_interval;

/* What an interval says against ±threshold (of log ratios, > 0). `same` takes an interval
 * within the thresholds; with last set, when no better one will come, also one that
 * reaches below -threshold but not above the upper one: it excludes a slowdown. */
ebb_gate_verdict ebb_gate_judge(const ebb_gate_interval *interval, double threshold,
                                bool last);

typedef struct ebb_gate {
    double alpha;   /* chance of a wrong interval, both sides and all looks together */
    double spent;   /* of it, by the looks so far */
    double *ratios; /* logarithms, sorted; owned */
    double *chance; /* [s]: of s ratios below the median, unseen by any look; owned */
    size_t n, capacity;
} ebb_gate;

/* What one of so many benchmarks (1 at least) may spend, for all intervals of a
 * comparison to hold together with 95 % (Bonferroni). */
double ebb_gate_alpha(size_t n_benchmarks);

/* Starts empty. 0 < alpha < 1. */
void ebb_gate_init(ebb_gate *gate, double alpha);
/* log_ratio is finite. Fails with EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_gate_add(ebb_gate *gate, double log_ratio);
/* The interval now; share of the time used, 0 … 1, never less than at an earlier look. */
ebb_gate_interval ebb_gate_look(ebb_gate *gate, double share);
void ebb_gate_clear(ebb_gate *gate);

/* For measurements that were not paired: the interval of the ratio of two groups of
 * positive values, from the ranks of all their log ratios (Hodges and Lehmann 1963), with
 * an error of at most alpha if nothing but the build makes them differ; of each group the
 * first 500 values count. Infinite where
 * the counts cannot carry one. Fails with EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_gate_groups(ebb_gate_interval *out, const double *baseline,
                           size_t n_baseline, const double *candidate, size_t n_candidate,
                           double alpha);
/* The fewest values a group (as many in each) that carry such an interval. */
size_t ebb_gate_groups_needed(double alpha);

#endif
