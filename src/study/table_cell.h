/* table_cell.h - cells that tables about time have in common; internal to study. */
#ifndef EBB_STUDY_TABLE_CELL_H
#define EBB_STUDY_TABLE_CELL_H

#include "study/table_row.h"

/* One unit for a whole table: milliseconds once the fastest step takes ten of them. */
double ebb_table__unit_ns(const ebb_table__rows *all);
/* "µs", "ms". */
const char *ebb_table__unit_name(double unit_ns);

/* A column a key, aligned as its values want. */
void ebb_table__key_columns(ebb_grid *grid, const ebb_table__keys *shown,
                            const ebb_table__trial *firsts, size_t n);
/* Likewise for programs: the keys' own names. */
void ebb_table__key_names(ebb_grid *grid, const ebb_table__keys *shown);
/* A number with so many decimals, or a dash. */
void ebb_table__number_cell(ebb_grid *grid, double value, int decimals);
/* "1607.5 [1605.0, 1610.0]", "invalid" or a dash. Returns the decimals it used. */
int ebb_table__p50_cell(ebb_grid *grid, const ebb_table__row *row, double unit_ns);
/* "3", or "3 + 1 invalid". */
void ebb_table__trials_cell(ebb_grid *grid, const ebb_table__row *row);
/* For programs: every digit that matters, nothing where there is no number. */
void ebb_table__csv_cells(ebb_grid *grid, const double *values, size_t n);
/* Columns of numbers. */
void ebb_table__number_columns(ebb_grid *grid, const char *const *names, size_t n);

/* Heading, and what all trials have in common. */
void ebb_table__title(ebb_text *out, ebb_format format, const char *heading,
                      const ebb_table__trial *trials, size_t n);
/* Where the peak of a row comes from, and how many trials measured less. */
void ebb_table__note_peak(ebb_text *out, ebb_format format, const ebb_table__rows *all);
/* The grid, cleared afterwards, and what sets it apart from the notes. */
ebb_status ebb_table__body(ebb_text *out, ebb_format format, ebb_grid *grid);

#endif
