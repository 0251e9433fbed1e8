/* table_micro.h - entries of Google Benchmark's JSON as rows of a table; internal to
 * study.
 *
 * Repetitions of one name make one row. What was not measured has a reason and no number.
 */
#ifndef EBB_STUDY_TABLE_MICRO_H
#define EBB_STUDY_TABLE_MICRO_H

#include <jansson.h>
#include <stdbool.h>

#include "study/grid.h"

typedef struct ebb_micro_row {
    const char *name;  /* borrowed */
    const char *fault; /* "failed", "skipped", NULL: it was measured */
    const char *reason;
    size_t repetitions; /* 0: only aggregates are there */
    /* Of one iteration, nanoseconds: median and range of the repetitions. Numbers that
     * the file does not tell are NaN. */
    double real_ns, low_ns, high_ns, cpu_ns;
    double gflops, gbs, roof_share, items_per_second; /* medians likewise */
    double p50_ns;  /* of single iterations, where the benchmark times them */
    bool disturbed; /* that and the mean iteration, real_ns, are far apart */
} ebb_micro_row;

typedef struct ebb_micro_file {
    json_t *report; /* owned; rows borrow from it */
    ebb_micro_row *rows;
    size_t n;
    size_t n_failed;
} ebb_micro_file;

/* Owned by the caller: ebb_micro_file_clear. Fails with EBB_ERR_ENVIRONMENT: absent,
 * unreadable, no such JSON, or a benchmark whose time or counter is no finite number. */
ebb_status ebb_micro_file_read(ebb_micro_file *out, const char *path);
void ebb_micro_file_clear(ebb_micro_file *file);

/* Appends the table and its notes. */
ebb_status ebb_micro_file_render(ebb_text *out, const ebb_micro_file *file,
                                 ebb_format format);

#endif
