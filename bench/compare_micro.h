/* compare_micro.h - what Google Benchmark prints, read back. */
#ifndef EBB_BENCH_COMPARE_MICRO_H
#define EBB_BENCH_COMPARE_MICRO_H

#include <jansson.h>
#include <stdbool.h>

#include "base/status.h"

enum { EBB_MICRO_TEXT_BYTES = 256 };

typedef struct ebb_micro {
    bool readable;                   /* the text is JSON of that kind */
    bool found;                      /* an entry has the name */
    double ns;                       /* median of its repetitions; NaN: none */
    bool disturbed;                  /* one of them says so; ns is of the others */
    char text[EBB_MICRO_TEXT_BYTES]; /* what is wrong, or the entry's own error */
} ebb_micro;

/* text is what `--benchmark_format=json` printed, name that of one benchmark. */
void ebb_micro_read(ebb_micro *out, const char *text, const char *name);

/* A pattern that matches name and nothing else, owned by the caller; NULL when memory is
 * refused. */
char *ebb_micro_pattern(const char *name);

/* The lines that `--benchmark_list_tests` printed, as a list of texts; new reference.
 * NULL and *fault when one of them is no name, or memory is refused. */
json_t *ebb_micro_names(const char **fault, const char *text);

#endif
