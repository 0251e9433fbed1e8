/* target_idx_gz.c - the IDX reader on gzip files.
 *
 * Checksums would keep a fuzzer that changes compressed bytes at the door, so the input
 * is what is to be compressed, and how:
 *   0  what is wanted (idx_input.h); bit 2: what follows is the file itself
 *   1  level of compression, 0 to 9
 *   2  where the content is cut into two members, of 256
 *   3  the byte, from the file's end, that is damaged; 0: none
 *   4  what is XORed to it
 *   5  bytes cut off the file's end, or from 128 on, appended */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "fuzz.h"
#include "idx_input.h"

enum { HEAD = 6, RAW = 4, GZIP_ONLY = 16, MEMBER_EXTRA = 64, TAIL = 128 };

/* One member behind *size bytes of out, whose room suffices. */
static void append_member(uint8_t *out, size_t *size, const uint8_t *content, size_t n,
                          int level)
{
    z_stream stream = {0};
    FUZZ_REQUIRE(deflateInit2(&stream, level, Z_DEFLATED, MAX_WBITS + GZIP_ONLY, 1,
                              Z_DEFAULT_STRATEGY) == Z_OK);
    uint8_t *copy = malloc(n + 1); /* zlib's pointer is not const everywhere */
    FUZZ_REQUIRE(copy != NULL);
    memcpy(copy, content, n);
    stream.next_in = copy;
    stream.avail_in = (uInt)n;
    stream.next_out = out + *size;
    stream.avail_out = (uInt)(2 * n + MEMBER_EXTRA);
    FUZZ_REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    *size += stream.total_out;
    deflateEnd(&stream);
    free(copy);
}

/* True when the file is still what the content was compressed to. */
static bool damage(uint8_t *file, size_t *size, const uint8_t *how)
{
    const size_t back = how[3];
    const size_t change = how[5];
    const bool touched = back > 0 && back <= *size && how[4] != 0;
    if (touched) {
        file[*size - back] ^= how[4];
    }
    if (change >= TAIL) {
        memset(file + *size, (int)change, change - TAIL + 1);
        *size += change - TAIL + 1;
    } else {
        *size -= change < *size ? change : *size;
    }
    return !touched && change == 0;
}

static void read_packed(const uint8_t *how, const uint8_t *content, size_t n)
{
    uint8_t *file = calloc(2 * n + 2 * MEMBER_EXTRA + TAIL, 1);
    FUZZ_REQUIRE(file != NULL);
    size_t size = 0;
    const size_t first = n * how[2] / 256;
    append_member(file, &size, content, n - first, how[1] % 10);
    if (first > 0) {
        append_member(file, &size, content + n - first, first, how[1] % 10);
    }
    const bool whole = damage(file, &size, how);
    read_idx(file, size, how[0], whole ? content : NULL, n);
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && (data[0] & RAW) != 0) {
        read_idx(data + 1, size - 1, data[0], NULL, 0);
    } else if (size >= HEAD) {
        read_packed(data, data + HEAD, size - HEAD);
    }
    return 0;
}
