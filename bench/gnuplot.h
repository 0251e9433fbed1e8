/* gnuplot.h - drawing with gnuplot, as a child process without a shell. */
#ifndef EBB_BENCH_GNUPLOT_H
#define EBB_BENCH_GNUPLOT_H

#include "base/text.h"

/* The program in PATH, owned by the caller; NULL where there is none. */
char *ebb_gnuplot_find(void);

/* Runs program with script as its standard input and appends what it prints. Nobody's
 * own settings are read. Fails with EBB_ERR_ENVIRONMENT: no process, a time-out of half a
 * minute, any other end than status 0. */
ebb_status ebb_gnuplot_draw(ebb_text *out, const char *program, const char *script);

#endif
