/* export_point.h - what one benchmark of an export is called and measured; internal to
 * study. */
#ifndef EBB_STUDY_EXPORT_POINT_H
#define EBB_STUDY_EXPORT_POINT_H

#include "study/table_row.h"

/* The points of a file: rows of study/table_row.h. */
typedef struct ebb_export__points {
    ebb_table__rows rows;
    ebb_table__keys shown;    /* that names are made of */
    const ebb_trials *trials; /* borrowed */
} ebb_export__points;

/* Borrows trials; ebb_export__points_clear. Fails with EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_export__points_make(ebb_export__points *out, const ebb_trials *trials);
void ebb_export__points_clear(ebb_export__points *points);

/* Appends "PREFIX/algorithm:finetuning/…/threads:2" of a row or trial. */
void ebb_export__name(ebb_text *out, const ebb_export__points *points, const char *prefix,
                      ebb_table__trial trial);

/* Mean, lowest and highest of a member of `metrics` over the trials of a row that did not
 * diverge; NaN when none tells. */
typedef struct ebb_export__value {
    double value, low, high;
} ebb_export__value;

ebb_export__value ebb_export__metric(const ebb_table__row *row, const char *metric);

/* Appends the JSON and a newline, and steals it; NULL is a refused allocation. */
ebb_status ebb_export__json(ebb_text *out, json_t *json);

/* EBB_ERR_FAILED: no trial of the file has a number to give. */
ebb_status ebb_export__fail_empty(const ebb_trials *trials);

#endif
