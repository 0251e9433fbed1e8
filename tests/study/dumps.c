#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dumps.h"

enum { HEADER_BYTES = 128, FILE_BYTES = 400 };

void dumps_open(char path[DUMPS_PATH_BYTES])
{
    snprintf(path, DUMPS_PATH_BYTES, "ebb-dump-XXXXXX");
    assert_non_null(mkdtemp(path));
}

void dumps_close(const char *path)
{
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL;
         entry = readdir(folder)) {
        char file[FILE_BYTES];
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.') {
            assert_int_equal(remove(file), 0);
        }
    }
    closedir(folder);
    assert_int_equal(rmdir(path), 0);
}

static size_t check_header(const char header[HEADER_BYTES], const char *type)
{
    char text[HEADER_BYTES];
    char expected[HEADER_BYTES];
    size_t n = 0;
    assert_memory_equal(header, "\x93NUMPY\x01\x00\x76\x00", 10);
    assert_int_equal(header[HEADER_BYTES - 1], '\n');
    memcpy(text, header + 10, HEADER_BYTES - 11);
    text[HEADER_BYTES - 11] = '\0';
    const char *shape = strstr(text, "'shape': (");
    assert_non_null(shape);
    n = strtoul(shape + strlen("'shape': ("), NULL, 10);
    snprintf(expected, sizeof expected,
             "{'descr': '%s', 'fortran_order': False, 'shape': (%zu,), }", type, n);
    assert_memory_equal(text, expected, strlen(expected));
    assert_int_equal(strspn(text + strlen(expected), " "),
                     strlen(text) - strlen(expected));
    return n;
}

void *dumps_read(size_t *n, const char *path, const char *name, const char *type)
{
    char file[FILE_BYTES];
    char header[HEADER_BYTES];
    const size_t item_bytes = strtoul(type + 2, NULL, 10);
    snprintf(file, sizeof file, "%s/%s.npy", path, name);
    FILE *stream = fopen(file, "rb");
    assert_non_null(stream);
    assert_int_equal(fread(header, 1, sizeof header, stream), sizeof header);
    const size_t found = check_header(header, type);
    assert_true(*n == 0 || *n == found);
    *n = found;
    void *items = calloc(found + 1, item_bytes);
    assert_non_null(items);
    /* one more is not there */
    assert_int_equal(fread(items, item_bytes, found + 1, stream), found);
    fclose(stream);
    return items;
}
