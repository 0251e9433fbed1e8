#include "files.h"

#include <ftw.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

int folder_create(void **state)
{
    char *folder = strdup("/tmp/ebb-test-XXXXXX");
    if (folder == NULL || mkdtemp(folder) == NULL) {
        free(folder);
        return -1;
    }
    *state = folder;
    return 0;
}

static int remove_entry(const char *path, const struct stat *about, int type,
                        struct FTW *position)
{
    (void)about;
    (void)type;
    (void)position;
    return remove(path);
}

int folder_remove(void **state)
{
    const int result = nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return result;
}

void path_of(char out[PATH_BYTES], void *const *state, const char *name)
{
    const int length = snprintf(out, PATH_BYTES, "%s/%s", (const char *)*state, name);
    assert_in_range(length, 1, PATH_BYTES - 1);
}

void write_file(void *const *state, const char *name, bytes content)
{
    char path[PATH_BYTES];
    path_of(path, state, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content.data, 1, content.n, file), content.n);
    assert_int_equal(fclose(file), 0);
}

bytes bytes_copy(const void *data, size_t n)
{
    bytes copy = {0};
    bytes_append(&copy, data, n);
    return copy;
}

void bytes_append(bytes *to, const void *data, size_t n)
{
    unsigned char *grown = realloc(to->data, to->n + n + 1);
    assert_non_null(grown);
    memcpy(grown + to->n, data, n);
    to->data = grown;
    to->n += n;
}

void bytes_free(bytes *content)
{
    free(content->data);
    *content = (bytes){0};
}

bytes bytes_gzip(bytes content)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                                  MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    bytes packed = {.n = deflateBound(&stream, content.n)};
    packed.data = malloc(packed.n);
    assert_non_null(packed.data);
    stream.next_in = content.data;
    stream.avail_in = (uInt)content.n;
    stream.next_out = packed.data;
    stream.avail_out = (uInt)packed.n;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.n = stream.total_out;
    deflateEnd(&stream);
    return packed;
}

bytes idx_content(const size_t *sizes, size_t n_sizes, const void *data, size_t n)
{
    const unsigned char magic[] = {0, 0, 8, (unsigned char)n_sizes};
    bytes content = bytes_copy(magic, sizeof magic);
    for (size_t i = 0; i < n_sizes; i++) {
        const unsigned char size[] = {
            (unsigned char)(sizes[i] >> 24), (unsigned char)(sizes[i] >> 16),
            (unsigned char)(sizes[i] >> 8), (unsigned char)sizes[i]};
        bytes_append(&content, size, sizeof size);
    }
    bytes_append(&content, data, n);
    return content;
}
