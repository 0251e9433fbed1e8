#include "machine/procfs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PATH_BYTES = 4096, CHUNK_BYTES = 4096 };

/* Such files have no size to ask for. */
static bool append_all(ebb_text *out, int file)
{
    char chunk[CHUNK_BYTES + 1];
    ssize_t length = 0;
    do {
        length = read(file, chunk, CHUNK_BYTES);
        if (length > 0) {
            chunk[length] = '\0';
            ebb_text_append(out, "%s", chunk);
        }
    } while (length > 0 || (length < 0 && errno == EINTR));
    return length == 0 && !out->failed;
}

static void trim(ebb_text *text)
{
    while (text->length > 0 && isspace((unsigned char)text->data[text->length - 1])) {
        text->data[--text->length] = '\0';
    }
}

bool ebb_procfs_read(ebb_text *out, const char *path, ...)
{
    char name[MAX_PATH_BYTES];
    va_list arguments;
    va_start(arguments, path);
    const int length = vsnprintf(name, sizeof name, path, arguments);
    va_end(arguments);
    ebb_text_clear(out);
    if (length < 0 || (size_t)length >= sizeof name) {
        return false;
    }
    const int file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    ebb_text_append(out, "%s", "");
    const bool complete = append_all(out, file);
    close(file);
    if (!complete) {
        ebb_text_clear(out);
        return false;
    }
    trim(out);
    return true;
}

const char *ebb_procfs_field(const char *text, const char *key)
{
    const size_t length = strlen(key);
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, key, length) == 0) {
            const char *rest = line + length;
            const char *value = rest + strspn(rest, " \t");
            value += *value == ':';
            value += strspn(value, " \t");
            if (value > rest || *rest == '\0' || *rest == '\n') {
                return value;
            }
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return NULL;
}

size_t ebb_procfs_line_length(const char *text)
{
    return strcspn(text, "\n");
}

int64_t ebb_procfs_number(const char *text, const char *key)
{
    const char *value = ebb_procfs_field(text, key);
    if (value == NULL || !isdigit((unsigned char)*value)) {
        return -1;
    }
    return strtoll(value, NULL, 10);
}
