/* troff.h - man pages: text in the macros of man(7), which groff and mandoc read alike.
 *
 * All functions append whole lines; a refused allocation is found by ebb_text_check. */
#ifndef EBB_BENCH_TROFF_H
#define EBB_BENCH_TROFF_H

#include "base/text.h"

/* Title and the section NAME. */
void ebb_troff_begin(ebb_text *out, const char *name, const char *summary,
                     const char *version);
void ebb_troff_section(ebb_text *out, const char *heading);
void ebb_troff_subsection(ebb_text *out, const char *heading);
/* The line of a synopsis: command in bold, words in capitals of usage in italics. */
void ebb_troff_synopsis(ebb_text *out, const char *command, const char *usage);
/* Paragraphs with a blank line between them; what stands in backquotes becomes bold.
 * Lines that begin with blanks are shown as they are. */
void ebb_troff_paragraphs(ebb_text *out, const char *text);
/* A term in bold, the name of its value in italics (NULL: none), and what it means. */
void ebb_troff_term(ebb_text *out, const char *term, const char *value, const char *text);
/* Terms until end stand under the one before. */
void ebb_troff_begin_inner(ebb_text *out);
void ebb_troff_end_inner(ebb_text *out);
/* A command line, after what it is for. */
void ebb_troff_example(ebb_text *out, const char *command, const char *text);
/* "ebb-run(1)" in a list; last: without a comma. */
void ebb_troff_reference(ebb_text *out, const char *name, bool last);

#endif
