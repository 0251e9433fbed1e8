/* shim_library.h - Google Benchmark as functions of C, one to one: what the one C++ file
 * offers to the rest of the shim. No exception leaves it; what would be one is
 * EBB_SHIM_ENVIRONMENT with its text. */
#ifndef EBB_BENCH_SHIM_SHIM_LIBRARY_H
#define EBB_BENCH_SHIM_SHIM_LIBRARY_H

#include "shim.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 10701 for 1.7.1. */
int ebb_library_number(void);
/* Compiled with assertions? The library knows, and tells it in its JSON only. */
ebb_shim_status ebb_library_is_debug(bool *out);
ebb_shim_status ebb_library_print_help(void);

/* argv is in the library's own form and judged before; argv[0] is kept by the library. */
ebb_shim_status ebb_library_configure(int argc, char **argv);
/* A key that is there already is left as it is, and *added false. */
ebb_shim_status ebb_library_add_context(bool *added, const char *key, const char *value);
/* Benchmarks and context. */
void ebb_library_clear(void);

/* benchmark::State of one entry. */
typedef struct ebb_library_state ebb_library_state;
typedef void (*ebb_library_enter_fn)(void *own, ebb_library_state *state);

ebb_shim_status ebb_library_register(const ebb_shim_benchmark *options,
                                     ebb_library_enter_fn enter, void *own);

/* Begins the loop where it has not begun, does n more iterations if so many are left. */
bool ebb_library_keep_running(ebb_library_state *state, int64_t n);
int64_t ebb_library_iterations(ebb_library_state *state);
int64_t ebb_library_planned(ebb_library_state *state);
int64_t ebb_library_argument(ebb_library_state *state, size_t i);
/* Only within the loop, in turn. */
void ebb_library_pause(ebb_library_state *state);
void ebb_library_resume(ebb_library_state *state);
void ebb_library_set_time(ebb_library_state *state, double seconds);
/* What its SetItemsProcessed makes is the counter items_per_second, a rate. */
ebb_shim_status ebb_library_set_counter(ebb_library_state *state, const char *name,
                                        double value, unsigned flags);
ebb_shim_status ebb_library_set_label(ebb_library_state *state, const char *label);
/* After the loop. */
void ebb_library_end(ebb_library_state *state, ebb_shim_outcome outcome,
                     const char *message);

/* Calls fn and catches what it throws. */
ebb_shim_status ebb_library_call(int *result, ebb_shim_entry_fn fn, ebb_shim_state *state,
                                 void *user);
ebb_shim_status ebb_library_call_step(int *result, ebb_shim_step_fn fn,
                                      ebb_shim_state *state, void *user, int64_t index);

/* The library's own printing for people. */
typedef struct ebb_library_console {
    bool on, color, tabular;
} ebb_library_console;

/* Where results go. */
typedef struct ebb_library_output {
    void *user;
    /* Without date and version. False: nothing is run. */
    bool (*context)(void *user, const ebb_shim_context *context);
    /* Repetitions, or aggregates, of one benchmark. Sets bit c of show[i], all 0 before,
     * to have run i printed on console c. */
    void (*runs)(void *user, const ebb_shim_run *runs, unsigned char *show, size_t n);
    ebb_library_console consoles[2]; /* stdout; path */
    const char *path;                /* NULL: none, and consoles[1] is off */
} ebb_library_output;

/* *complaint: what the library has to say about the filter, "" in general; owned by the
 * caller, free(). */
ebb_shim_status ebb_library_run(size_t *matched, char **complaint, const char *filter,
                                const ebb_library_output *output);
/* Likewise, after configure with --benchmark_list_tests=true. */
ebb_shim_status ebb_library_list(size_t *matched, char **complaint, const char *filter,
                                 void (*fn)(void *user, const char *name), void *user);

#ifdef __cplusplus
}
#endif

#endif
