/* child.h - running this program once more and catching what it prints.
 *
 * The child dies with its parent, whatever way that ends. Call from a process without
 * other threads: the child runs C code between fork and exec. */
#ifndef EBB_BENCH_CHILD_H
#define EBB_BENCH_CHILD_H

#include <stdbool.h>

#include "base/text.h"

typedef struct ebb_child_plan {
    const char *program;      /* what to execute */
    const char *const *words; /* its argv, NULL-ended */
    double timeout_seconds;   /* then it is killed */
    /* In a process group of its own, which is killed as a whole when the child ends: a
     * script's own children do not go on. */
    bool group;
    /* Called in the child before exec; its failure is the child's. NULL: nothing to do.
     */
    ebb_status (*prepare)(const void *argument);
    const void *argument;
    /* Called in the parent a few times a second. NULL: nothing to do. */
    void (*tick)(void *tick_argument);
    void *tick_argument;
} ebb_child_plan;

/* How it ended, and what it printed; zero bytes in it are replaced by byte 1. */
typedef struct ebb_child {
    ebb_text output; /* stdout; owned */
    ebb_text errors; /* stderr; owned */
    int status;      /* exit status, −1 when a signal ended it */
    int signal;      /* that signal, else 0 */
    bool timed_out;
    bool printed_too_much; /* more than 16 MiB: killed */
} ebb_child;

/* Fails with EBB_ERR_ENVIRONMENT when no process can be made or its output cannot be
 * taken over; whatever the child does is no failure of this function. */
ebb_status ebb_child_run(ebb_child *out, const ebb_child_plan *plan);
/* Why the child did not end with status 0, as one clause in out (128 bytes); "" when it
 * did. */
const char *ebb_child_reason(char out[128], const ebb_child *child);
/* The last line of what it wrote to stderr, without "ebb: "; owned by the caller, NULL
 * when there is none. */
char *ebb_child_message(const ebb_child *child);
void ebb_child_clear(ebb_child *child);

#endif
