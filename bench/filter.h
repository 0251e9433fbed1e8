/* filter.h - a program that reads a text and prints another, without a shell. */
#ifndef EBB_BENCH_FILTER_H
#define EBB_BENCH_FILTER_H

#include "base/text.h"

typedef struct ebb_filter {
    const char *name;         /* in messages */
    const char *program;      /* what to execute */
    const char *const *words; /* its argv, NULL-ended */
} ebb_filter;

/* Runs it with input as its standard input and appends what it prints. What it has
 * started itself is gone when it is: the program may be a script that wraps the one
 * meant. Fails with EBB_ERR_ENVIRONMENT: no process, a time-out of half a minute, any
 * other end than status 0. */
ebb_status ebb_filter_run(ebb_text *out, const ebb_filter *filter, const char *input);

#endif
