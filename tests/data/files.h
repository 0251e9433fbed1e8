/* files.h - files made by tests: a folder that goes away again, and gzip in memory. */
#ifndef EBB_TESTS_DATA_FILES_H
#define EBB_TESTS_DATA_FILES_H

#include <stddef.h>

enum { PATH_BYTES = 512 };

typedef struct bytes {
    unsigned char *data; /* owned */
    size_t n;
} bytes;

/* Set-up and tear-down of a group: *state is the folder's path. */
int folder_create(void **state);
int folder_remove(void **state);

void path_of(char out[PATH_BYTES], void *const *state, const char *name);
void write_file(void *const *state, const char *name, bytes content);

bytes bytes_copy(const void *data, size_t n);
void bytes_append(bytes *to, const void *data, size_t n);
void bytes_free(bytes *content);
/* One gzip member, header without name. */
bytes bytes_gzip(bytes content);

/* An IDX header and data; with one size labels, with three images. */
bytes idx_content(const size_t *sizes, size_t n_sizes, const void *data, size_t n);

#endif
