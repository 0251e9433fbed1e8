/* launch.h - starting a trial in a process of its own.
 *
 * libgomp reads places and binding once, when a program starts. So whoever wants a trial
 * puts them into the environment and executes this same program as `ebb worker`, with the
 * options of the trial and the number of threads resolved. */
#ifndef EBB_BENCH_LAUNCH_H
#define EBB_BENCH_LAUNCH_H

#include "child.h"
#include "machine/topology.h"
#include "study/config.h"

/* `all` becomes the number of usable cores; the option then counts as given. */
ebb_status ebb_launch_resolve(ebb_config *config, const ebb_topology *topology);

/* The CPUs that the threads of config are to run on, one OS index a thread, −1: any.
 * Owned by the caller, to be released with free. */
ebb_status ebb_launch_cpus(int **out, const ebb_config *config,
                           const ebb_topology *topology);

/* What a worker is told. Borrows all it names. */
typedef struct ebb_launch {
    const ebb_topology *topology;
    const ebb_config *config;  /* checked, threads resolved */
    size_t repetition;         /* 1-based */
    const char *const *extras; /* further words for the worker, NULL-ended; NULL: none */
} ebb_launch;

/* Replaces this process by the worker; returns only on failure. */
ebb_status ebb_launch_replace(const ebb_launch *launch);

/* Runs the worker as a child: plan says all but words and prepare, program NULL is this
 * program itself. See ebb_child_run. */
ebb_status ebb_launch_child(ebb_child *out, const ebb_launch *launch,
                            const ebb_child_plan *plan);

/* This program, as exec finds it also when its file was replaced meanwhile. */
#define EBB_THIS_PROGRAM "/proc/self/exe"

#endif
