#include "shim_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shim_report.h"
#include "shim_text.h"

/* What became of the benchmark with one list of arguments, in the current run. */
typedef struct verdict {
    ebb_shim_outcome outcome;
    char *message; /* owned; NULL: memory was refused */
} verdict;

typedef struct counter_name {
    char *name; /* owned */
    unsigned flags;
} counter_name;

struct ebb_shim_case {
    ebb_shim_benchmark options; /* name and args point to the copies below */
    char *name;                 /* owned */
    int64_t *args;              /* owned */
    verdict *verdicts;          /* one a list of arguments */
    counter_name *counters;     /* every one that was ever set */
    size_t n_counters;
};

typedef enum phase { BEFORE, RUNNING, PAUSED, ENDED } phase;

struct ebb_shim_state {
    ebb_shim_case *own;
    ebb_library_state *library;
    verdict *result;
    phase phase;
    bool was_timed;
    size_t n_samples;
};

/* ---- verdicts -----------------------------------------------------------------------
 */

static bool is_going(const ebb_shim_state *state)
{
    return state->result->outcome == EBB_SHIM_MEASURED;
}

static void decide(ebb_shim_state *state, ebb_shim_outcome outcome, const char *message)
{
    if (is_going(state)) {
        state->result->outcome = outcome;
        state->result->message = ebb_shim_text_copy(message);
    }
}

void ebb_shim_fail(ebb_shim_state *state, const char *message)
{
    decide(state, EBB_SHIM_FAILED, message);
}

void ebb_shim_skip(ebb_shim_state *state, const char *message)
{
    decide(state, EBB_SHIM_SKIPPED, message);
}

/* A call that must not be is a fault of the benchmark too. */
static ebb_shim_status refuse(ebb_shim_state *state, ebb_shim_status status,
                              const char *what, const char *text)
{
    (void)ebb_shim_text_refuse(status, "%.200s: %s", what, text);
    decide(state, EBB_SHIM_FAILED, ebb_shim_last_error());
    return status;
}

/* ---- the loop -----------------------------------------------------------------------
 */

const char *ebb_shim_name(const ebb_shim_state *state)
{
    return state->own->options.name;
}

int64_t ebb_shim_argument(ebb_shim_state *state, size_t i)
{
    if (i >= state->own->options.n_args) {
        (void)refuse(state, EBB_SHIM_USAGE, "argument", "there are not so many");
        return 0;
    }
    return ebb_library_argument(state->library, i);
}

int64_t ebb_shim_iterations(const ebb_shim_state *state)
{
    return ebb_library_iterations(state->library);
}

int64_t ebb_shim_planned_iterations(const ebb_shim_state *state)
{
    return ebb_library_planned(state->library);
}

static int64_t count_left(const ebb_shim_state *state)
{
    return ebb_library_planned(state->library) - ebb_library_iterations(state->library);
}

/* The library stops a clock at the end of the loop, which must run then. */
static void restart_clock(ebb_shim_state *state)
{
    if (state->phase == PAUSED) {
        ebb_library_resume(state->library);
        state->phase = RUNNING;
    }
}

/* Never asks for more than is left, so that every entry does exactly the iterations that
 * were planned: the library insists that repetitions have equally many. */
int64_t ebb_shim_keep_running(ebb_shim_state *state, int64_t batch)
{
    if (batch < 1) {
        (void)refuse(state, EBB_SHIM_USAGE, "keep_running", "a batch below 1");
    }
    if (!is_going(state) || state->phase == ENDED) {
        return 0;
    }
    restart_clock(state);
    const int64_t left = count_left(state);
    const int64_t n = left < batch ? left : batch;
    const bool more = ebb_library_keep_running(state->library, n > 0 ? n : 1);
    state->phase = more ? RUNNING : ENDED;
    return more ? n : 0;
}

/* Ends a loop that was left: compiled with assertions, the library ends the process where
 * that does not happen. */
static void drain(ebb_shim_state *state)
{
    if (state->phase == ENDED) {
        return;
    }
    restart_clock(state);
    const int64_t left = count_left(state);
    if (left > 0) {
        (void)ebb_library_keep_running(state->library, left);
    }
    (void)ebb_library_keep_running(state->library, 1);
    state->phase = ENDED;
}

ebb_shim_status ebb_shim_pause(ebb_shim_state *state)
{
    if (state->phase != RUNNING) {
        return ebb_shim_text_refuse(EBB_SHIM_STATE, "pause: the clock does not run");
    }
    ebb_library_pause(state->library);
    state->phase = PAUSED;
    return EBB_SHIM_OK;
}

ebb_shim_status ebb_shim_resume(ebb_shim_state *state)
{
    if (state->phase != PAUSED) {
        return ebb_shim_text_refuse(EBB_SHIM_STATE, "resume: the clock is not paused");
    }
    restart_clock(state);
    return EBB_SHIM_OK;
}

ebb_shim_status ebb_shim_set_time(ebb_shim_state *state, double seconds)
{
    if (state->own->options.clock != EBB_SHIM_MANUAL_TIME) {
        return refuse(state, EBB_SHIM_STATE, "set_time", "not with this clock");
    }
    if (!isfinite(seconds) || seconds < 0.0) {
        return refuse(state, EBB_SHIM_USAGE, "set_time", "not a time");
    }
    state->was_timed = state->was_timed || seconds > 0.0;
    ebb_library_set_time(state->library, seconds);
    return EBB_SHIM_OK;
}

size_t ebb_shim_samples(const ebb_shim_state *state)
{
    return state->n_samples;
}

/* ---- counters -----------------------------------------------------------------------
 */

static bool is_counter_name(const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || *c == '"' ||
            *c == '\\') {
            return false;
        }
    }
    return *name != '\0' && !ebb_shim_json_has_key(name);
}

/* The library ends the process when a counter's flags change between repetitions. */
static bool has_these_flags(ebb_shim_case *own, const char *name, unsigned flags)
{
    for (size_t i = 0; i < own->n_counters; i++) {
        if (strcmp(own->counters[i].name, name) == 0) {
            return own->counters[i].flags == flags;
        }
    }
    counter_name *counters =
        realloc(own->counters, (own->n_counters + 1) * sizeof *counters);
    if (counters == NULL) {
        return false;
    }
    own->counters = counters;
    counters[own->n_counters] = (counter_name){strdup(name), flags};
    own->n_counters += counters[own->n_counters].name != NULL;
    return true;
}

ebb_shim_status ebb_shim_set_counter(ebb_shim_state *state, const char *name,
                                     double value, unsigned flags)
{
    char what[256];
    snprintf(what, sizeof what, "counter '%.200s'", name == NULL ? "" : name);
    if (name == NULL || !is_counter_name(name)) {
        return refuse(state, EBB_SHIM_USAGE, what, "not a name for a counter");
    }
    const bool inverse_of_zero = (flags & EBB_SHIM_INVERT) != 0 && value == 0.0;
    if (!isfinite(value) || inverse_of_zero) {
        return refuse(state, EBB_SHIM_USAGE, what, "is not finite");
    }
    if (!has_these_flags(state->own, name, flags)) {
        return refuse(state, EBB_SHIM_USAGE, what, "had other flags before");
    }
    return ebb_library_set_counter(state->library, name, value, flags);
}

ebb_shim_status ebb_shim_set_items(ebb_shim_state *state, int64_t items)
{
    return ebb_shim_set_counter(state, "items_per_second", (double)items, EBB_SHIM_RATE);
}

ebb_shim_status ebb_shim_set_bytes(ebb_shim_state *state, int64_t bytes)
{
    return ebb_shim_set_counter(state, "bytes_per_second", (double)bytes,
                                EBB_SHIM_RATE | EBB_SHIM_UNIT_1024);
}

ebb_shim_status ebb_shim_set_label(ebb_shim_state *state, const char *label)
{
    char *copy = ebb_shim_text_copy(label);
    if (copy == NULL) {
        return ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "memory: refused");
    }
    const ebb_shim_status status = ebb_library_set_label(state->library, copy);
    free(copy);
    return status;
}

/* ---- one entry ----------------------------------------------------------------------
 */

/* A callback that throws or returns something else than 0 fails its benchmark. */
static void judge(ebb_shim_state *state, const char *what, ebb_shim_status status,
                  int result)
{
    char text[64];
    if (status != EBB_SHIM_OK) {
        decide(state, EBB_SHIM_FAILED, ebb_shim_last_error());
    } else if (result != 0) {
        snprintf(text, sizeof text, "%s returned %d", what, result);
        decide(state, EBB_SHIM_FAILED, text);
    }
}

static void call(ebb_shim_state *state, const char *what, ebb_shim_entry_fn fn)
{
    int result = 0;
    if (fn != NULL) {
        const ebb_shim_status status =
            ebb_library_call(&result, fn, state, state->own->options.user);
        judge(state, what, status, result);
    }
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void run_steps(ebb_shim_state *state)
{
    const ebb_shim_benchmark *options = &state->own->options;
    for (int64_t i = 0; ebb_shim_keep_running(state, 1) > 0; i++) {
        int result = 0;
        const uint64_t begin_ns = now_ns();
        const ebb_shim_status status =
            ebb_library_call_step(&result, options->step, state, options->user, i);
        const uint64_t end_ns = now_ns();
        if (state->n_samples < options->samples_capacity) {
            options->samples_ns[state->n_samples++] = end_ns - begin_ns;
        }
        judge(state, "step", status, result);
    }
}

static void run_entry(ebb_shim_state *state)
{
    const ebb_shim_benchmark *options = &state->own->options;
    call(state, "before", options->before);
    if (!is_going(state)) {
        return;
    }
    if (options->step != NULL) {
        run_steps(state);
    } else {
        call(state, "body", options->body);
    }
    if (state->phase != ENDED) {
        decide(state, EBB_SHIM_FAILED, "returned before its loop had ended");
    } else if (options->clock == EBB_SHIM_MANUAL_TIME && !state->was_timed) {
        decide(state, EBB_SHIM_FAILED, "no time was set");
    }
    drain(state);
    call(state, "after", options->after);
}

/* The lists of arguments are told apart by their values; equal ones share a verdict. */
static verdict *find_verdict(ebb_shim_case *own, ebb_library_state *library)
{
    const ebb_shim_benchmark *options = &own->options;
    size_t set = 0;
    for (size_t i = 0; i < options->n_args && set + 1 < options->n_sets;) {
        const bool same =
            options->args[set * options->n_args + i] == ebb_library_argument(library, i);
        set += !same;
        i = same ? i + 1 : 0;
    }
    return &own->verdicts[set];
}

/* A benchmark that failed once fails for good: with a first repetition that failed and
 * two later ones that did not, the library would read a pointer it never set. It is told
 * last, so that an entry that failed has as many iterations as one that did not. */
static void enter(void *argument, ebb_library_state *library)
{
    ebb_shim_case *own = argument;
    ebb_shim_state state = {
        .own = own, .library = library, .result = find_verdict(own, library)};
    if (is_going(&state)) {
        run_entry(&state);
    }
    drain(&state);
    if (!is_going(&state)) {
        const char *message = state.result->message;
        ebb_library_end(library, state.result->outcome,
                        message == NULL ? "memory: refused" : message);
    }
}

/* ---- life ----------------------------------------------------------------------------
 */

static bool copy_contents(ebb_shim_case *own)
{
    ebb_shim_benchmark *o = &own->options;
    const size_t n = o->n_args > 0 ? o->n_args * o->n_sets : 0;
    own->name = ebb_shim_text_copy(o->name);
    own->args = calloc(n + 1, sizeof *own->args);
    own->verdicts = calloc(o->n_sets + 1, sizeof *own->verdicts);
    if (own->name == NULL || own->args == NULL || own->verdicts == NULL) {
        return false;
    }
    if (n > 0) {
        memcpy(own->args, o->args, n * sizeof *own->args);
    }
    o->name = own->name;
    o->args = own->args;
    return true;
}

ebb_shim_status ebb_shim_case_create(ebb_shim_case **out,
                                     const ebb_shim_benchmark *options)
{
    *out = NULL;
    ebb_shim_case *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "memory: refused");
    }
    self->options = *options;
    if (!copy_contents(self)) {
        ebb_shim_case_destroy(self);
        return ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "memory: refused");
    }
    const ebb_shim_status status = ebb_library_register(&self->options, enter, self);
    self->options.arg_names = NULL;
    *out = self;
    return status;
}

void ebb_shim_case_reset(ebb_shim_case *self)
{
    for (size_t i = 0; i < self->options.n_sets + 1; i++) {
        free(self->verdicts[i].message);
        self->verdicts[i] = (verdict){0};
    }
}

void ebb_shim_case_destroy(ebb_shim_case *self)
{
    if (self == NULL) {
        return;
    }
    if (self->verdicts != NULL) {
        ebb_shim_case_reset(self);
    }
    for (size_t i = 0; i < self->n_counters; i++) {
        free(self->counters[i].name);
    }
    free(self->name);
    free(self->args);
    free(self->counters);
    free(self->verdicts);
    free(self);
}
