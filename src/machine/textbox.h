/* textbox.h - drawing with characters: lines, frames around them, boxes side by side.
 *
 * A box starts as {0} and is cleared by its owner. A refused allocation is kept in
 * text.failed, as in base/text.h. Widths are columns: a UTF-8 character is one. */
#ifndef EBB_MACHINE_TEXTBOX_H
#define EBB_MACHINE_TEXTBOX_H

#include "base/text.h"

typedef struct ebb_textbox {
    ebb_text text; /* lines, each ended by a line feed */
    size_t width;  /* of the longest line */
    size_t height;
} ebb_textbox;

/* Columns that a frame takes beside what it holds. */
enum { EBB_TEXTBOX_FRAME = 4 };

/* Adds a line below. */
void ebb_textbox_add(ebb_textbox *box, const char *line);
/* Puts boxes (n of them) below, side by side while they fit in max_columns. */
void ebb_textbox_stack(ebb_textbox *box, const ebb_textbox *boxes, size_t n,
                       size_t max_columns);
/* Puts a frame around all of it, with a title in the upper edge. */
void ebb_textbox_frame(ebb_textbox *box, const char *title);
void ebb_textbox_clear(ebb_textbox *box);

#endif
