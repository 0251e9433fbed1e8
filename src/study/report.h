/* report.h - everything that the trials of one file say, as one HTML page.
 *
 * The page needs nothing beside itself: no script, no font, no picture, no network. The
 * same trials give the same page. How plots come to be is the caller's: this layer starts
 * no processes, it writes scripts for gnuplot and takes in what they draw. */
#ifndef EBB_STUDY_REPORT_H
#define EBB_STUDY_REPORT_H

#include <jansson.h>

#include "study/table.h"

/* Draws. A failed drawing costs a picture, not the report. */
typedef struct ebb_report_pen {
    /* Appends the SVG that gnuplot makes of script. NULL: there is nothing to draw with.
     */
    ebb_status (*draw)(ebb_text *svg, const char *script, void *argument);
    void *argument;
    const char *absent; /* why there is none, as one clause */
} ebb_report_pen;

typedef struct ebb_report {
    const ebb_trials *trials; /* at least one */
    const char *title;
    const char *description;   /* "" when there is none */
    const char *suite_path;    /* what to sweep again; NULL: not known */
    const json_t *machine;     /* `ebb-machine/1`; NULL: none */
    const char *machine_fault; /* why there is none */
    const char *micro_path;    /* of ebb_table_micro; NULL: there is no such file */
    const ebb_band *bands;     /* n_bands of them, as for ebb_table_check */
    size_t n_bands;
    ebb_report_pen pen;
} ebb_report;

/* Appends the page. *n_undrawn: pictures that should be in it and are not. Whether the
 * trials agree is for whoever asks ebb_table_check; the page says it in words. Fails with
 * EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_report_render(ebb_text *out, size_t *n_undrawn, const ebb_report *report);

#endif
