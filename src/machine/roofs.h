/* roofs.h - what this machine can do at most, and how quiet it is, measured.
 *
 * Teams of several sizes run one after another in this process, each bound as the
 * placement `cores` says. The rate of matrix products is measured by whoever knows the
 * library that computes them (study/matmul_roof.h). */
#ifndef EBB_MACHINE_ROOFS_H
#define EBB_MACHINE_ROOFS_H

#include <stdbool.h>

#include "machine/bandwidth.h"
#include "machine/disturbance.h"
#include "machine/topology.h"

enum {
    EBB_ROOFS_MAX_TEAMS = 14,
    EBB_ROOFS_MAX = 56, /* team sizes times kinds of vectors */
    EBB_ROOFS_MAX_BANDWIDTH = EBB_ROOFS_MAX_TEAMS * EBB_BANDWIDTH_MAX,
};

typedef struct ebb_roof {
    size_t threads;
    const char *isa; /* static; NULL for a barrier */
    double value;    /* median of the rounds: GFLOP/s, or ns a barrier */
    double low, high;
} ebb_roof;

/* A while of full load on all usable CPUs: what came between. */
typedef struct ebb_noise {
    size_t threads;
    double seconds;
    double low, median, high; /* GFLOP/s of the rounds */
    ebb_disturbance disturbance;
} ebb_noise;

typedef struct ebb_roofs {
    ebb_roof fma[EBB_ROOFS_MAX]; /* by team size, then from wide vectors to none */
    size_t n_fma;
    ebb_roof barrier[EBB_ROOFS_MAX]; /* teams of two and more */
    size_t n_barrier;
    ebb_bandwidth bandwidth[EBB_ROOFS_MAX_BANDWIDTH]; /* by team size, then outwards */
    size_t n_bandwidth;
    double clock_ns; /* one reading of the clock */
    double wake_ns; /* from the last arrival at a barrier to a sleeper's return; −1: one
                       CPU */
    bool bound;     /* every thread was where it should be, whenever looked at */
    ebb_noise noise;
} ebb_roofs;

/* The team sizes that are measured: 1, 2, 4, … below the usable cores, all of these, and
 * the usable CPUs where cores have several. Returns how many, at most `capacity`. */
size_t ebb_roofs_ladder(size_t *sizes, size_t capacity, const ebb_topology *topology);

/* A second or two. Leaves the calling thread free to use all usable CPUs. Outside
 * parallel regions only. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_roofs_measure(ebb_roofs *out, const ebb_topology *topology);

#endif
