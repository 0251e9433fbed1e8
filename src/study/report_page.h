/* report_page.h - the page while it is written, and its sections; internal to study. */
#ifndef EBB_STUDY_REPORT_PAGE_H
#define EBB_STUDY_REPORT_PAGE_H

#include "study/report.h"
#include "study/table_block.h"
#include "study/table_row.h"

typedef struct ebb_report__page {
    ebb_text *out;
    const ebb_report *report;
    ebb_table__rows rows;
    ebb_table__keys shown; /* tell rows apart, but for their threads */
    ebb_table__settings settings;
    size_t n_figures; /* numbered from 1, drawn or not */
    size_t n_drawn, n_undrawn;
} ebb_report__page;

/* One section each: appends its HTML. Fail with EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_report__verdict(ebb_report__page *page);
ebb_status ebb_report__machine(ebb_report__page *page);
ebb_status ebb_report__latency(ebb_report__page *page);
ebb_status ebb_report__forgetting(ebb_report__page *page);
ebb_status ebb_report__unlearning(ebb_report__page *page);
ebb_status ebb_report__micro(ebb_report__page *page);
ebb_status ebb_report__commands(ebb_report__page *page);
ebb_status ebb_report__rules(ebb_report__page *page);

/* The figure of the roofline, where there are roofs and steps for it. */
ebb_status ebb_report__roofline(ebb_report__page *page);

/* Of the section with that id. */
const char *ebb_report__title(const char *id);

/* The style sheet. */
void ebb_report__style(ebb_text *out);

/* "<p class=KIND>TEXT</p>" with the text escaped. */
void ebb_report__paragraph(ebb_report__page *page, const char *kind, const char *format,
                           ...) __attribute__((format(printf, 3, 4)));
/* Renders and clears the grid. */
ebb_status ebb_report__table(ebb_report__page *page, ebb_grid *grid);
/* The table of that kind with its notes; nothing where the registry has none. */
ebb_status ebb_report__kind(ebb_report__page *page, const char *name);

/* What tells row i of the latency table apart: "finetuning, shards, batch_size 32". */
void ebb_report__row_label(ebb_text *out, const ebb_report__page *page, size_t i,
                           bool with_threads);
/* Rows that differ in threads only begin at `begin`; the end of them. */
size_t ebb_report__curve_end(const ebb_report__page *page, size_t begin);

#endif
