/* grid.h - a table of texts and its written forms.
 *
 * Columns are declared first, then cells are appended row by row. A refused allocation is
 * kept in failed and seen when the grid is rendered. */
#ifndef EBB_STUDY_GRID_H
#define EBB_STUDY_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* HTML is for the report alone; the others can be asked for by name. */
typedef enum ebb_format { EBB_MARKDOWN, EBB_CSV, EBB_LATEX, EBB_HTML } ebb_format;

typedef struct ebb_grid {
    char **cells; /* owned texts, row-major; the first row is the head */
    size_t n_cells, capacity;
    size_t n_columns;
    bool *numeric; /* by column: aligned to the right */
    bool failed;
} ebb_grid; /* starts as {0} */

/* A column of numbers or of text. Not after the first cell. */
void ebb_grid_column(ebb_grid *grid, bool numeric, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The next cell of the current row; a row ends when it is full. */
void ebb_grid_cell(ebb_grid *grid, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Markdown with aligned columns, CSV (RFC 4180, but lines end in \n), LaTeX (tabular
 * with booktabs rules), or an HTML table in a box that scrolls, of class "wide" when
 * paper is too narrow for it. The last row must be full. Fails with EBB_ERR_ENVIRONMENT.
 */
ebb_status ebb_grid_render(ebb_text *out, const ebb_grid *grid, ebb_format format);
void ebb_grid_clear(ebb_grid *grid);

/* Appends text so that LaTeX prints it as it is. */
void ebb_grid_escape_latex(ebb_text *out, const char *text);
/* Likewise HTML, also inside quoted attributes; what XML cannot hold becomes U+FFFD. */
void ebb_grid_escape_html(ebb_text *out, const char *text);

/* Decimals that a value known to lie in [low, high] deserves: two digits of the width,
 * at least three and at most five digits of the value. NaN bounds: three digits. */
int ebb_grid_decimals(double value, double low, double high);
/* value rounded to so many significant digits. */
double ebb_grid_significant(double value, int digits);

#endif
