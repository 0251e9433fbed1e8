/* sweep_estimate.h - how long the trials of a suite will take, before any of them runs.
 *
 * A point that was swept before, on this machine, takes what its stored trials took. Any
 * other takes its multiplications and additions at a rate that one short trial measures
 * on the spot, and what reading the data and starting take. Good to a factor of two on a
 * machine with nothing else to do. */
#ifndef EBB_BENCH_SWEEP_ESTIMATE_H
#define EBB_BENCH_SWEEP_ESTIMATE_H

#include "machine/topology.h"
#include "suite.h"

typedef struct ebb_estimate {
    double seconds;       /* of all trials of all repetitions */
    double gflops;        /* of one thread, measured; 0: nothing had to be measured */
    double start_seconds; /* of a process and its trial without data, measured */
    size_t n_stored;      /* points whose time is that of stored trials */
} ebb_estimate;

/* trials: a file of stored trials, which may be absent. program: that behaves like `ebb`,
 * NULL: this one. Fails with EBB_ERR_FAILED or EBB_ERR_ENVIRONMENT when the short trial
 * does. */
ebb_status ebb_sweep_estimate(ebb_estimate *out, const ebb_suite *suite,
                              const ebb_topology *topology, const char *trials,
                              const char *program);

/* Multiplications and additions of one step of training, as src/net counts them, of the
 * network and batch that config describes. */
double ebb_sweep_step_flop(const ebb_config *config);

#endif
