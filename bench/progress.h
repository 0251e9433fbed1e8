/* progress.h - one line on stderr that says how far things are, and how long they will
 * take. Redrawn at most five times a second, cleared at the end and when SIGINT, SIGTERM
 * or SIGHUP end the program. One bar at a time. */
#ifndef EBB_BENCH_PROGRESS_H
#define EBB_BENCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct ebb_progress {
    bool on;
    uint64_t start_ns;
    uint64_t drawn_ns; /* 0: not yet */
    double start_share;
} ebb_progress;

/* on: see ebb_arguments_progress; without it nothing is ever drawn. */
void ebb_progress_start(ebb_progress *progress, bool on);
/* share done, 0 … 1, and what is going on. Cheap: some 30 ns when nothing is due. */
void ebb_progress_show(ebb_progress *progress, double share, const char *what);
/* Takes the line away, so that other text can be written; the next show draws it anew. */
void ebb_progress_hide(ebb_progress *progress);
/* Hides it for good. */
void ebb_progress_end(ebb_progress *progress);

#endif
