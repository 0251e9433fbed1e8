/* recorder.h - keeps what the shim reports, so that tests can look at it. */
#ifndef EBB_TESTS_SHIM_RECORDER_H
#define EBB_TESTS_SHIM_RECORDER_H

#include "shim.h"

#define BENCHMARK(...)                                                                   \
    &(ebb_shim_benchmark)                                                                \
    {                                                                                    \
        .size = sizeof(ebb_shim_benchmark), __VA_ARGS__                                  \
    }

enum { RECORDER_MAX_RUNS = 64, RECORDER_MAX_COUNTERS = 8 };

typedef struct recorded_counter {
    char name[32];
    double value;
} recorded_counter;

typedef struct recorded_run {
    char name[96], run_name[96], aggregate[16], message[128], label[64];
    ebb_shim_outcome outcome;
    bool is_percentage;
    int64_t repetition, repetitions, iterations;
    ebb_shim_unit unit;
    double real_time, cpu_time;
    recorded_counter counters[RECORDER_MAX_COUNTERS];
    size_t n_counters;
} recorded_run;

typedef struct recorder {
    recorded_run runs[RECORDER_MAX_RUNS];
    size_t n_runs;
    int n_contexts, n_finishes;
    char executable[64], version[32], date[64], pairs[128]; /* pairs: "k=v;…" */
    int result_of_runs;                                     /* returned to the shim */
} recorder;

/* A shim without flags; ends the test where that does not work. words: NULL-ended,
 * without the program's name. */
ebb_shim *recorder_init(const char *const *words);
/* Registers; ends the test where that does not work. */
void recorder_register(ebb_shim *shim, const ebb_shim_benchmark *benchmark);
/* Runs all that filter chooses (NULL: all) into a zeroed recorder; returns the status. */
ebb_shim_status recorder_run(recorder *self, ebb_shim *shim, ebb_shim_summary *summary,
                             const char *filter);
/* Registers, runs with little time and forgets one benchmark. */
recorder recorder_run_one(const ebb_shim_benchmark *benchmark);
/* Ends the test unless the benchmark comes out as failed, with a message that has text.
 */
void recorder_check_failed(const ebb_shim_benchmark *benchmark, const char *text);
/* The run of this name; ends the test when there is none, or more than one. */
const recorded_run *recorder_find(const recorder *self, const char *name);
size_t recorder_count(const recorder *self, const char *run_name);
/* NaN when there is none. */
double recorder_counter(const recorded_run *run, const char *name);

#endif
