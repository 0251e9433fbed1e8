#include "machine/textbox.h"

#include <string.h>

static size_t columns(const char *text, size_t length)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        n += ((unsigned char)text[i] & 0xc0) != 0x80; /* no continuation byte */
    }
    return n;
}

static void repeat(ebb_text *out, const char *what, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ebb_text_append(out, "%s", what);
    }
}

void ebb_textbox_add(ebb_textbox *box, const char *line)
{
    const size_t width = columns(line, strlen(line));
    ebb_text_append(&box->text, "%s\n", line);
    box->width = width > box->width ? width : box->width;
    box->height++;
}

/* Takes the next line off *rest; "" when there is none. */
static size_t next_line(const char **line, const char **rest)
{
    *line = *rest;
    const size_t length = strcspn(*rest, "\n");
    *rest += length + ((*rest)[length] == '\n' ? 1 : 0);
    return length;
}

static const char *text_of(const ebb_textbox *box)
{
    return box->text.data == NULL ? "" : box->text.data;
}

/* Line number `index` of a box, padded to its width. */
static void append_line(ebb_text *out, const ebb_textbox *box, size_t index)
{
    const char *rest = text_of(box);
    const char *line = "";
    size_t length = 0;
    for (size_t i = 0; i <= index; i++) {
        length = next_line(&line, &rest);
    }
    ebb_text_append(out, "%.*s", (int)length, line);
    repeat(out, " ", box->width - columns(line, length));
}

static void add_side_by_side(ebb_textbox *box, const ebb_textbox *boxes, size_t n)
{
    size_t height = 0;
    for (size_t i = 0; i < n; i++) {
        height = boxes[i].height > height ? boxes[i].height : height;
    }
    for (size_t l = 0; l < height; l++) {
        ebb_text line = {0};
        for (size_t i = 0; i < n; i++) {
            ebb_text_append(&line, "%s", i > 0 ? " " : "");
            append_line(&line, &boxes[i], l);
        }
        ebb_textbox_add(box, line.data == NULL ? "" : line.data);
        box->text.failed = box->text.failed || line.failed;
        ebb_text_clear(&line);
    }
}

void ebb_textbox_stack(ebb_textbox *box, const ebb_textbox *boxes, size_t n,
                       size_t max_columns)
{
    for (size_t begin = 0; begin < n;) {
        size_t end = begin + 1;
        size_t width = boxes[begin].width;
        while (end < n && width + 1 + boxes[end].width <= max_columns) {
            width += 1 + boxes[end].width;
            end++;
        }
        add_side_by_side(box, boxes + begin, end - begin);
        begin = end;
    }
    for (size_t i = 0; i < n; i++) {
        box->text.failed = box->text.failed || boxes[i].text.failed;
    }
}

void ebb_textbox_frame(ebb_textbox *box, const char *title)
{
    const size_t title_width = columns(title, strlen(title)) + 1;
    const size_t width = box->width > title_width ? box->width : title_width;
    ebb_textbox inner = *box;
    inner.width = width;
    *box = (ebb_textbox){.width = width + EBB_TEXTBOX_FRAME, .height = inner.height + 2};
    ebb_text_append(&box->text, "┌ %s ", title);
    repeat(&box->text, "─", width - title_width + 1);
    ebb_text_append(&box->text, "┐\n");
    for (size_t l = 0; l < inner.height; l++) {
        ebb_text_append(&box->text, "│ ");
        append_line(&box->text, &inner, l);
        ebb_text_append(&box->text, " │\n");
    }
    ebb_text_append(&box->text, "└");
    repeat(&box->text, "─", width + 2);
    ebb_text_append(&box->text, "┘\n");
    box->text.failed = box->text.failed || inner.text.failed;
    ebb_textbox_clear(&inner);
}

void ebb_textbox_clear(ebb_textbox *box)
{
    ebb_text_clear(&box->text);
    *box = (ebb_textbox){0};
}
