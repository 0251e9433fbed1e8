/* table_note.h - what stands above and under a table, in its format; internal to study.
 *
 * CSV has neither. */
#ifndef EBB_STUDY_TABLE_NOTE_H
#define EBB_STUDY_TABLE_NOTE_H

#include "study/grid.h"
#include "study/table_key.h"

/* A heading, and a paragraph under it; paragraph may be "". */
void ebb_table__heading(ebb_text *out, ebb_format format, const char *heading,
                        const char *paragraph);
/* One line of the list under the table. */
void ebb_table__note(ebb_text *out, ebb_format format, const char *note, ...)
    __attribute__((format(printf, 3, 4)));
/* Each line of text is a note. */
void ebb_table__notes(ebb_text *out, ebb_format format, const char *text);

/* "dataset mnist; sequence permuted; …": what a reader must know and all n trials share.
 */
void ebb_table__print_common(ebb_text *out, const ebb_table__trial *trials, size_t n);
/* How many different texts the records have under key: "build_id", "machine_id". */
size_t ebb_table__count_origins(const ebb_trials *trials, const char *key);
/* Notes on machine, several builds or machines, invalid trials and a torn line. left_out
 * says what the table does with invalid trials; list names the first of them. */
void ebb_table__note_file(ebb_text *out, ebb_format format, const ebb_trials *trials,
                          const char *left_out, bool list);

#endif
