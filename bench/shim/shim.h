/* shim.h - Google Benchmark for programs written in C.
 *
 * Benchmarks are registered from C, the library selects, repeats and reports them. Behind
 * this header lies one C++ file; no C++ type and no exception crosses the border. Works
 * with Google Benchmark 1.7.1 to 1.9.x.
 *
 * What it takes care of, because the library does not:
 * - init reports what is wrong with a flag or an environment variable and does not exit;
 * - a callback that leaves its loop early, fails in one of several repetitions or sets
 *   its counters differently each time gives an error entry, where the library may end
 *   the process;
 * - a benchmark that failed in any repetition is one error entry: no time, no aggregates;
 *   in JSON no `real_time`, where the library writes 0;
 * - JSON is strict: no NaN, no Infinity, no raw control characters;
 * - a report that could not be written is an error.
 *
 * Order of calls: init, add_context and register_benchmark, run_benchmarks or
 * list_benchmarks, destroy. All from one thread, outside parallel regions; callbacks are
 * entered on that thread. The library has one set of flags and benchmarks a process, so
 * one ebb_shim at a time. Nothing passed in need live longer than the call, save
 * callbacks, user pointers and sample arrays. Structs begin with their size, so that they
 * can grow: callers write {.size = sizeof(ebb_shim_...), ...}; what is left zero has its
 * default.
 *
 * Every function that can fail returns an ebb_shim_status; the text is in last_error. */
#ifndef EBB_BENCH_SHIM_SHIM_H
#define EBB_BENCH_SHIM_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ebb_shim_status {
    EBB_SHIM_OK = 0,
    EBB_SHIM_HELP = 1,        /* init: --help was among the arguments */
    EBB_SHIM_USAGE = 2,       /* an argument, flag, name or number that cannot be */
    EBB_SHIM_ENVIRONMENT = 3, /* memory, files, standard output, an exception */
    EBB_SHIM_STATE = 4,       /* not at this time: see the order of calls */
} ebb_shim_status;

/* What was wrong in this thread's last failed call; "" before. Never NULL. */
const char *ebb_shim_last_error(void);

/* ---- start and end ---- */

typedef struct ebb_shim ebb_shim;

typedef struct ebb_shim_pair {
    const char *key, *value;
} ebb_shim_pair;

/* Takes the library's flags (--benchmark_..., --v=..., --help) out of argv, moves the
 * others up and lowers *argc. defaults (n of them, {"benchmark_min_time", "0.2"}) take
 * the place of the library's; environment and command line have the last word. Owned by
 * the caller; NULL, and argv untouched, unless EBB_SHIM_OK. */
ebb_shim_status ebb_shim_init(ebb_shim **out, int *argc, char **argv,
                              const ebb_shim_pair *defaults, size_t n);

/* --benchmark_list_tests was given: run_benchmarks will only print names. */
bool ebb_shim_only_lists(const ebb_shim *shim);

/* The library's list of its flags, to stdout. */
ebb_shim_status ebb_shim_print_help(void);

/* An entry of the report's context; a key that is there already is EBB_SHIM_USAGE. */
ebb_shim_status ebb_shim_add_context(ebb_shim *shim, const char *key, const char *value);

/* Text of the library's version, and whether it was compiled with assertions, as Debian's
 * packages are. out holds size bytes. */
ebb_shim_status ebb_shim_library_version(char *out, size_t size, bool *debug);

/* Forgets benchmarks and context too. NULL is allowed. */
void ebb_shim_destroy(ebb_shim *shim);

/* ---- inside a benchmark ---- */

/* What a callback is given; valid while it runs. */
typedef struct ebb_shim_state ebb_shim_state;

/* The name it was registered under, without arguments. */
const char *ebb_shim_name(const ebb_shim_state *state);

/* Argument i. One that is not there gives 0 and fails the benchmark. */
int64_t ebb_shim_argument(ebb_shim_state *state, size_t i);

/* Loop form: how many iterations to do next, at most batch; 0 at the end, or once the
 * benchmark failed or was skipped. Time runs from the first call to the one that returns
 * 0:
 *     while ((n = ebb_shim_keep_running(state, 100)) > 0) { ... n times ... } */
int64_t ebb_shim_keep_running(ebb_shim_state *state, int64_t batch);

/* Iterations begun so far, and those that this entry is to do. */
int64_t ebb_shim_iterations(const ebb_shim_state *state);
int64_t ebb_shim_planned_iterations(const ebb_shim_state *state);

/* Stops and restarts the clock within the loop; costs about a microsecond each. A paused
 * clock goes on by itself with the next iteration. */
ebb_shim_status ebb_shim_pause(ebb_shim_state *state);
ebb_shim_status ebb_shim_resume(ebb_shim_state *state);

/* For EBB_SHIM_MANUAL_TIME: what the iterations since the last call took, in seconds. */
ebb_shim_status ebb_shim_set_time(ebb_shim_state *state, double seconds);

/* Step form: how many times the sample array holds; all of this entry. */
size_t ebb_shim_samples(const ebb_shim_state *state);

enum {
    EBB_SHIM_PLAIN = 0,
    EBB_SHIM_RATE = 1,           /* divided by the time */
    EBB_SHIM_ALL_ITERATIONS = 4, /* multiplied by the number of iterations */
    EBB_SHIM_PER_ITERATION = 8,  /* divided by it */
    EBB_SHIM_INVERT = 16,        /* 1/x, at the end */
    EBB_SHIM_UNIT_1024 = 32,     /* printed with Ki, Mi, ... */
};

/* A number in the report. The same flags for a name each time; a value that is not finite
 * is refused and fails the benchmark, so is a name that the report uses itself. */
ebb_shim_status ebb_shim_set_counter(ebb_shim_state *state, const char *name,
                                     double value, unsigned flags);

/* For all iterations together; reported as items_per_second, bytes_per_second. */
ebb_shim_status ebb_shim_set_items(ebb_shim_state *state, int64_t items);
ebb_shim_status ebb_shim_set_bytes(ebb_shim_state *state, int64_t bytes);
ebb_shim_status ebb_shim_set_label(ebb_shim_state *state, const char *label);

/* Ends the benchmark with a message instead of a time: as failed, or as not possible
 * here. The first call counts; the loop ends with the next question. Later entries of the
 * same benchmark in the same run are not made. */
void ebb_shim_fail(ebb_shim_state *state, const char *message);
void ebb_shim_skip(ebb_shim_state *state, const char *message);

/* ---- registration ---- */

typedef enum ebb_shim_clock {
    EBB_SHIM_REAL_TIME = 0, /* wall time; names end in /real_time */
    EBB_SHIM_CPU_TIME = 1,
    EBB_SHIM_MANUAL_TIME = 2,
} ebb_shim_clock;

typedef enum ebb_shim_unit {
    EBB_SHIM_NANOSECONDS = 0,
    EBB_SHIM_MICROSECONDS = 1,
    EBB_SHIM_MILLISECONDS = 2,
    EBB_SHIM_SECONDS = 3,
} ebb_shim_unit;

/* Entered several times: while the number of iterations is being found, and once a
 * repetition. A result that is not 0 fails the benchmark. */
typedef int (*ebb_shim_entry_fn)(ebb_shim_state *state, void *user);
typedef int (*ebb_shim_step_fn)(ebb_shim_state *state, void *user, int64_t index);

typedef struct ebb_shim_benchmark {
    size_t size;
    const char *name; /* no blanks, no control characters; "a/b" is fine */
    void *user;
    /* One of the two: body asks keep_running itself; step is called for each iteration.
     */
    ebb_shim_entry_fn body;
    ebb_shim_step_fn step;
    /* Optional: before the loop, untimed; and behind it, also when it failed, unless
     * before did. after is the place for the counters of a step. */
    ebb_shim_entry_fn before, after;
    /* n_sets lists of n_args arguments, one benchmark each; no arguments: one benchmark.
     * Names are printed as name:value; NULL: values alone. */
    const int64_t *args;
    size_t n_args, n_sets;
    const char *const *arg_names;     /* n_args */
    int64_t iterations;               /* exactly so many; 0: as many as min_time takes */
    double min_time, min_warmup_time; /* seconds; 0: as the flags say */
    int repetitions;                  /* 0: as the flag says */
    ebb_shim_clock clock;
    bool process_cpu_time; /* cpu_time counts all threads: cpu/real = busy CPUs */
    ebb_shim_unit unit;
    bool unit_from_flag; /* --benchmark_time_unit decides, unit is not read */
    /* Step form: duration of step i goes to samples_ns[i] while there is room. Starts
     * over with each entry. */
    uint64_t *samples_ns;
    size_t samples_capacity;
} ebb_shim_benchmark;

ebb_shim_status ebb_shim_register_benchmark(ebb_shim *shim,
                                            const ebb_shim_benchmark *benchmark);

/* ---- reports ---- */

typedef struct ebb_shim_cache {
    const char *type; /* "Data", "Instruction", "Unified" */
    int level;
    int64_t size_bytes;
    int sharing; /* CPUs */
} ebb_shim_cache;

/* What the library knows of the machine: all of it, whatever the process may use. */
typedef struct ebb_shim_context {
    size_t size;
    const char *executable, *host;
    const char *date; /* ISO 8601, local time with its offset */
    const char *library_version;
    bool library_debug;
    int cpus;
    double mhz;
    int frequency_scaling; /* 1, 0; −1: not known */
    const ebb_shim_cache *caches;
    size_t n_caches;
    const double *load_average;
    size_t n_load_average;
    const ebb_shim_pair *pairs; /* of add_context and --benchmark_context */
    size_t n_pairs;
} ebb_shim_context;

typedef enum ebb_shim_outcome {
    EBB_SHIM_MEASURED,
    EBB_SHIM_SKIPPED,
    EBB_SHIM_FAILED,
} ebb_shim_outcome;

typedef struct ebb_shim_counter {
    const char *name;
    double value; /* rates are already divided */
} ebb_shim_counter;

typedef struct ebb_shim_run {
    size_t size;
    const char *name;           /* as printed: with the aggregate's name, if it is one */
    const char *run_name;       /* of the benchmark */
    const char *aggregate_name; /* "mean", ...; NULL: one repetition */
    bool is_percentage;         /* of the aggregate: times are fractions */
    ebb_shim_outcome outcome;
    const char *message; /* why not measured, "" */
    const char *label;
    int64_t family, instance; /* positions in the run */
    int64_t repetition, repetitions, iterations;
    ebb_shim_unit unit;
    double real_time, cpu_time; /* per iteration, in unit; NaN unless measured */
    const ebb_shim_counter *counters;
    size_t n_counters;
} ebb_shim_run;

/* All strings and arrays are borrowed for the call. A result that is not 0 ends the
 * reporting; run then returns EBB_SHIM_ENVIRONMENT. Each may be NULL. */
typedef struct ebb_shim_reporter {
    size_t size;
    void *user;
    int (*context)(void *user, const ebb_shim_context *context);
    /* All of one benchmark: its repetitions, or its aggregates; or the one entry of a
     * benchmark that failed or was skipped. */
    int (*runs)(void *user, const ebb_shim_run *runs, size_t n);
    int (*finish)(void *user);
} ebb_shim_reporter;

typedef struct ebb_shim_options {
    size_t size;
    const char *filter;                /* NULL: as the flag says; "": all */
    const ebb_shim_reporter *reporter; /* in place of what goes to stdout; NULL: none */
} ebb_shim_options;

typedef struct ebb_shim_summary {
    size_t size;
    size_t matched; /* benchmarks that the filter chose */
    size_t measured, skipped, failed;
    bool listed; /* --benchmark_list_tests: names were printed, nothing ran */
} ebb_shim_summary;

/* Runs what is registered and chosen. options and out may be NULL. A filter that is no
 * regular expression, or chooses nothing, is EBB_SHIM_USAGE; failed benchmarks are not a
 * failure of the run. */
ebb_shim_status ebb_shim_run_benchmarks(ebb_shim *shim, ebb_shim_summary *out,
                                        const ebb_shim_options *options);

/* Calls fn with the full name of each benchmark that filter (NULL: all) chooses. */
ebb_shim_status ebb_shim_list_benchmarks(ebb_shim *shim, const char *filter,
                                         void (*fn)(void *user, const char *name),
                                         void *user);

#ifdef __cplusplus
}
#endif

#endif
