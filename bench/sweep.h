/* sweep.h - every point of a suite, each trial in a process of its own.
 *
 * The sweep itself uses no OpenMP. Points run in random order, interleaved over
 * repetitions, so that a drift of the machine hits all alike. A finished trial is one
 * whole line in `trials.jsonl`; whatever ends the sweep loses at most the trial in
 * flight, and the next one does what is missing. */
#ifndef EBB_BENCH_SWEEP_H
#define EBB_BENCH_SWEEP_H

#include "command.h"
#include "progress.h"
#include "suite.h"
#include "sweep_folder.h"

typedef struct ebb_sweep_plan {
    const char *suite;    /* a shipped suite's name or a file */
    const char *folder;   /* NULL: results/<suite> */
    const char *data_dir; /* for the points that read files; NULL: as they say */
    const char *program;  /* that behaves like `ebb`; NULL: this one */
    double timeout_seconds;
    bool dry_run, fresh, retry_invalid;
} ebb_sweep_plan;

/* Prints the tables, or the points of a dry run, to stdout and notes to stderr. Fails
 * with EBB_ERR_USAGE (suite), EBB_ERR_ENVIRONMENT (folder, worker), EBB_ERR_FAILED (a
 * trial diverged, crashed or printed garbage, a metric is outside its band) or
 * EBB_ERR_WRONG. */
ebb_status ebb_sweep_run(const ebb_sweep_plan *plan, const ebb_arguments *arguments);

#endif
