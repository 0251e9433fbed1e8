/* ending.h - what a signal that ends the program leaves behind: nothing.
 *
 * Whoever draws a line or starts a group of processes says so here. On SIGINT, SIGTERM
 * and SIGHUP the line is cleared, the group is killed, and the program ends as the signal
 * would have ended it, so that the caller sees which one it was. */
#ifndef EBB_BENCH_ENDING_H
#define EBB_BENCH_ENDING_H

#include <stdbool.h>
#include <sys/types.h>

#define EBB_CLEAR_LINE "\r\033[K"

/* Is a line on stderr that is to be cleared? */
void ebb_ending_line(bool drawn);
bool ebb_ending_has_line(void);

/* Between hold and release none of the signals comes through: a process may be made and
 * named in between. A child releases too. */
void ebb_ending_hold(void);
void ebb_ending_release(void);
/* The process group to kill; 0: none. */
void ebb_ending_group(pid_t group);

#endif
