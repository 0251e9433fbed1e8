/* report_plot.h - scripts for gnuplot, and what they drew as a figure of the page;
 * internal to study. */
#ifndef EBB_STUDY_REPORT_PLOT_H
#define EBB_STUDY_REPORT_PLOT_H

#include "study/report_page.h"

/* Sizes in units of the drawing, about a pixel. Two halves stand beside each other. */
enum {
    EBB_REPORT_HALF = 430,
    EBB_REPORT_FULL = 860,
    EBB_REPORT_HUES = 10,
    EBB_REPORT_MAX_FIGURES = 16, /* of one kind; what is beyond is in the tables */
};

/* Hue i of a curve (repeating) as "#rrggbb"; the style sheet knows them all and lightens
 * them on a dark page. */
const char *ebb_report__hue(size_t i);

/* Terminal, borders, grid lines. */
void ebb_report__plot_begin(ebb_text *script, int width, int height);
/* A text in quotes, in which nothing means anything to gnuplot; at most about
 * max_letters letters. */
void ebb_report__quote(ebb_text *script, const char *text, size_t max_letters);
/* Logarithmic axis from low > 0 to high, with marks at round numbers; from 1 to 10 where
 * they are no such range. */
void ebb_report__log_axis(ebb_text *script, char axis, double low, double high);
/* Marks of the axis at every whole number, or at every so-manieth up to n. */
void ebb_report__task_axis(ebb_text *script, char axis, size_t n);

/* False when there is nothing to draw with, or drawing has failed. */
bool ebb_report__draws(const ebb_report__page *page);
/* Around figures that stand beside each other. */
void ebb_report__figures_begin(ebb_report__page *page);
void ebb_report__figures_end(ebb_report__page *page);
/* Draws the script, appends the figure and clears both texts. */
ebb_status ebb_report__figure(ebb_report__page *page, ebb_text *script,
                              ebb_text *caption);

/* Appends the drawing in svg as an element of a page: prefix makes its ids its own, label
 * is read out to who cannot see it. False when svg is no SVG. */
bool ebb_report__adopt(ebb_text *out, const char *svg, const char *prefix,
                       const char *label);

#endif
