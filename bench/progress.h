/* progress.h - on stderr, how far things are, and how long they will take.
 *
 * On a terminal one line with a bar, redrawn at most five times a second, cleared at the
 * end and when SIGINT, SIGTERM or SIGHUP end the program. For a log a line now and then:
 * with each tenth that is done, or after half a minute. One at a time. */
#ifndef EBB_BENCH_PROGRESS_H
#define EBB_BENCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ebb_progress_kind {
    EBB_PROGRESS_NONE,
    EBB_PROGRESS_BAR,
    EBB_PROGRESS_LINES
} ebb_progress_kind;

typedef struct ebb_progress {
    ebb_progress_kind kind;
    uint64_t start_ns;
    uint64_t drawn_ns; /* 0: not yet */
    double start_share;
    int tenths; /* done when the last line was written */
} ebb_progress;

/* kind: see ebb_arguments_progress. */
void ebb_progress_start(ebb_progress *progress, ebb_progress_kind kind);
/* share done, 0 … 1, and what is going on. Cheap: some 30 ns when nothing is due. */
void ebb_progress_show(ebb_progress *progress, double share, const char *what);
/* Takes the bar away, so that other text can be written; the next show draws it anew. */
void ebb_progress_hide(ebb_progress *progress);
/* Hides it for good. */
void ebb_progress_end(ebb_progress *progress);

#endif
