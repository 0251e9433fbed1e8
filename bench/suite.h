/* suite.h - a suite: the points of a sweep, as a YAML file says.
 *
 * A point is a trial's configuration: `trial`, over it an entry of `points`, over it one
 * value of each list in `sweep`. All points are made, checked and told apart by their
 * hash when the file is read, so that nothing is found wrong while a sweep runs. */
#ifndef EBB_BENCH_SUITE_H
#define EBB_BENCH_SUITE_H

#include <stddef.h>

#include "command.h"
#include "study/config.h"
#include "study/table.h"

enum {
    EBB_SUITE_MAX_POINTS = 10000,
    EBB_SUITE_MAX_REPETITIONS = 1000,
};

typedef struct ebb_suite_point {
    ebb_config config; /* checked, threads resolved */
    char hash[17];
    size_t line; /* in the file, of the entry it comes from */
} ebb_suite_point;

typedef struct ebb_suite {
    char *text; /* the whole file, owned */
    size_t size_bytes;
    char *name;        /* lower case letters, digits, '-': names a folder; owned */
    char *description; /* one line, may be empty; owned */
    ebb_suite_point *points;
    size_t n_points; /* 1 … EBB_SUITE_MAX_POINTS */
    size_t repetitions;
    uint64_t varying; /* bit i: option i is not the same in all points */
    ebb_band *bands;  /* `expect`; owned, the names in it are static */
    size_t n_bands;
} ebb_suite;

/* Owned by the caller: ebb_suite_clear. usable_cores is what `all` means and where
 * `ladder` ends. Fails with EBB_ERR_USAGE and "FILE:LINE: KEY: WHAT (ALLOWED)", also when
 * the file does not exist, or EBB_ERR_ENVIRONMENT when it cannot be read. */
ebb_status ebb_suite_load(ebb_suite *out, const char *path, size_t usable_cores);
/* The suite.yaml that a sweep left in folder. *path is its name, owned by the caller,
 * NULL when there is none. A suite that this program does not understand keeps nobody
 * from reading the trials: that is noted, and *out is empty. Else fails like
 * ebb_suite_load. */
ebb_status ebb_suite_load_beside(ebb_suite *out, char **path, const char *folder,
                                 const ebb_arguments *arguments);
void ebb_suite_clear(ebb_suite *suite); /* a zeroed one is allowed */

/* Appends the options in which points[index] may differ from others of the suite, as
 * "algorithm finetuning, threads 2"; what all points have in common is left out. */
void ebb_suite_label(ebb_text *out, const ebb_suite *suite, size_t index);

#endif
