/* choice.h - what every row of every registry begins with.
 *
 * A registry is one explicit table of const rows, one file a row. Its header offers
 *     const ebb_choice *ebb_THING_choice(size_t index);     NULL past the last row
 *     const ebb_THING *ebb_THING_at(size_t index);          index below the count
 * so that options, `ebb list` and the conformance test can walk any of them alike. */
#ifndef EBB_BASE_CHOICE_H
#define EBB_BASE_CHOICE_H

#include <stddef.h>

typedef struct ebb_choice {
    const char *name;    /* lower case, digits, '-'; unique in its registry */
    const char *summary; /* one line, no full stop */
} ebb_choice;

typedef const ebb_choice *(*ebb_choice_fn)(size_t index);

#endif
