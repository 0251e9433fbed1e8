/* procfs.h - small text files of the kernel (/proc, /sys), read whole. */
#ifndef EBB_MACHINE_PROCFS_H
#define EBB_MACHINE_PROCFS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* Replaces out by the content of the file, blanks at its end cut off. False, and out is
 * empty, when the file cannot be read. path is a format. */
bool ebb_procfs_read(ebb_text *out, const char *path, ...)
    __attribute__((format(printf, 2, 3)));

/* The rest of the first line of text that begins with key, past blanks and one ':';
 * borrowed, ends at the line's end or zero. NULL when there is none. */
const char *ebb_procfs_field(const char *text, const char *key);
/* Length of a line that begins at text. */
size_t ebb_procfs_line_length(const char *text);

/* The number a field begins with; −1 when there is no such field. */
int64_t ebb_procfs_number(const char *text, const char *key);

#endif
