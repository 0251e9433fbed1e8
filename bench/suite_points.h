/* suite_points.h - the points of a suite, made of `trial`, `points` and `sweep`. */
#ifndef EBB_BENCH_SUITE_POINTS_H
#define EBB_BENCH_SUITE_POINTS_H

#include "document.h"
#include "suite.h"

/* What stands in the file, and what is needed to read it. */
typedef struct ebb_suite_source {
    const char *path;     /* begins messages */
    const ebb_node *root; /* a map of known keys */
    size_t usable_cores;
} ebb_suite_source;

/* Fills suite->points and n_points. Fails with EBB_ERR_USAGE. */
ebb_status ebb_suite_points_make(ebb_suite *suite, const ebb_suite_source *source);

#endif
