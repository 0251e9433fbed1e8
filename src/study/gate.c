#include "study/gate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums of halves are exact until they are tiny; a bound meant to be met may be missed by
 * rounding. */
static const double slack = 1e-12;

/* Both sides of an interval, all looks and all benchmarks together. */
static const double COMPARISON_ALPHA = 0.05;

const char *ebb_gate_verdict_name(ebb_gate_verdict verdict)
{
    static const char *const names[] = {
        [EBB_GATE_SAME] = "same",           [EBB_GATE_FASTER] = "faster",
        [EBB_GATE_UNKNOWN] = "cannot tell", [EBB_GATE_SLOWER] = "slower",
        [EBB_GATE_MISSING] = "missing",     [EBB_GATE_WRONG] = "wrong",
    };
    return names[verdict];
}

ebb_gate_verdict ebb_gate_judge(const ebb_gate_interval *interval, double threshold,
                                bool last)
{
    if (interval->low > threshold) {
        return EBB_GATE_SLOWER;
    }
    if (interval->high < -threshold) {
        return EBB_GATE_FASTER;
    }
    if (interval->high <= threshold && (last || interval->low >= -threshold)) {
        return EBB_GATE_SAME;
    }
    return EBB_GATE_UNKNOWN;
}

double ebb_gate_alpha(size_t n_benchmarks)
{
    return COMPARISON_ALPHA / (double)n_benchmarks;
}

void ebb_gate_init(ebb_gate *gate, double alpha)
{
    *gate = (ebb_gate){.alpha = alpha};
}

static ebb_status make_room(ebb_gate *gate)
{
    if (gate->n + 1 < gate->capacity) {
        return EBB_OK;
    }
    const size_t capacity = gate->capacity == 0 ? 64 : 2 * gate->capacity;
    double *ratios = realloc(gate->ratios, capacity * sizeof *ratios);
    gate->ratios = ratios == NULL ? gate->ratios : ratios;
    double *chance = realloc(gate->chance, capacity * sizeof *chance);
    gate->chance = chance == NULL ? gate->chance : chance;
    if (ratios == NULL || chance == NULL) {
        return ebb_fail_memory(2 * capacity * sizeof *ratios);
    }
    gate->capacity = capacity;
    return EBB_OK;
}

/* One more coin: half of every walk goes one place up. */
static void toss(ebb_gate *gate)
{
    double *chance = gate->chance;
    if (gate->n == 0) {
        chance[0] = 1.0;
    }
    chance[gate->n + 1] = 0.0;
    for (size_t s = gate->n + 1; s > 0; s--) {
        chance[s] = 0.5 * (chance[s] + chance[s - 1]);
    }
    chance[0] *= 0.5;
}

ebb_status ebb_gate_add(ebb_gate *gate, double log_ratio)
{
    EBB_TRY(make_room(gate));
    toss(gate);
    size_t at = gate->n;
    for (; at > 0 && gate->ratios[at - 1] > log_ratio; at--) {
        gate->ratios[at] = gate->ratios[at - 1];
    }
    gate->ratios[at] = log_ratio;
    gate->n++;
    return EBB_OK;
}

static double median_of(const double *sorted, size_t n)
{
    return n == 0 ? (double)NAN : 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]);
}

/* A walk that ends with fewer than k ratios below θ, or fewer than k above it, is one
 * whose interval misses θ. Takes these away, for the largest k that may be; returns k. */
static size_t spend(ebb_gate *gate, double share)
{
    const double allowed = gate->alpha * fmin(share, 1.0) * (1.0 + slack);
    size_t rank = 0;
    while (2 * (rank + 1) <= gate->n) {
        double *below = &gate->chance[rank];
        double *above = &gate->chance[gate->n - rank];
        if (gate->spent + *below + *above > allowed) {
            break;
        }
        gate->spent += *below + *above;
        *below = 0.0;
        *above = 0.0;
        rank++;
    }
    return rank;
}

ebb_gate_interval ebb_gate_look(ebb_gate *gate, double share)
{
    const size_t rank = gate->n == 0 ? 0 : spend(gate, share);
    ebb_gate_interval interval = {.median = median_of(gate->ratios, gate->n),
                                  .low = -(double)INFINITY,
                                  .high = (double)INFINITY};
    if (rank > 0) {
        interval.low = gate->ratios[rank - 1];
        interval.high = gate->ratios[gate->n - rank];
    }
    return interval;
}

void ebb_gate_clear(ebb_gate *gate)
{
    free(gate->ratios);
    free(gate->chance);
    *gate = (ebb_gate){0};
}
