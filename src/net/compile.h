/* compile.h - what every strategy on oneDNN does to make a program: one region in which
 * each thread builds its own part, and one place where the first failure is kept. */
#ifndef EBB_NET_COMPILE_H
#define EBB_NET_COMPILE_H

#include "net/block.h"

/* The part of a program that one thread runs. */
typedef struct ebb_thread_part {
    ebb_onednn *onednn;
    ebb_op_list *lists; /* n_phases */
} ebb_thread_part;

/* Builds thread's part; called inside ebb_team_run. */
typedef ebb_status (*ebb_compile_fn)(ebb_program *program, size_t thread);

typedef struct ebb_parts {
    ebb_thread_part *threads; /* n_threads */
    size_t n_threads, n_phases;
} ebb_parts;

/* Runs `build` for thread 0 alone when program->alone is set, else on every thread of the
 * team. Fills program->phases from the lists that `build` makes on every thread. On
 * failure the status and message of the lowest thread that failed; the caller destroys
 * the program.
 */
ebb_status ebb_compile(ebb_program *program, ebb_parts *parts, ebb_compile_fn build);
void ebb_parts_clear(ebb_parts *parts);

/* A program of one phase that tests blocks of rows; what compile_test of the strategies
 * on oneDNN returns. Owned by the caller. */
ebb_status ebb_compile_test(ebb_program **out, ebb_net *net);

#endif
