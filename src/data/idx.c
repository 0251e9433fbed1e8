#include "data/idx.h"

#include <ctype.h>
#include <string.h>

#include "base/buffer.h"
#include "data/source.h"

enum { MAGIC_BYTES = 4, TYPE_BYTE = 0x08, SNIFF_BYTES = 512 };
/* No deflate stream grows by more than 1032 : 1. */
enum { MAX_INFLATION = 1040 };

/* One file being read. */
typedef struct cursor {
    const char *path;
    ebb_source *source;
    const char *unit; /* follows "byte N" */
    size_t offset;    /* of the next byte of content */
} cursor;

static ebb_status take(size_t *n_read, cursor *in, void *data, size_t size_bytes)
{
    EBB_TRY(ebb_source_read(n_read, in->source, data, size_bytes));
    in->offset += *n_read;
    return EBB_OK;
}

typedef struct signature {
    const char *bytes;
    size_t length;
    const char *meaning;
} signature;

static const signature known[] = {
    {"version https://git-lfs", 23,
     "is a Git LFS pointer (git lfs pull fetches the data)"},
    {"\x1f\x8b", 2, "is compressed twice: inflated once it is gzip data again"},
    {"PK\x03\x04", 4, "is a zip archive (it must be unpacked)"},
    {"\xfd"
     "7zXZ",
     5, "is xz data (it must be unpacked)"},
    {"BZh", 3, "is bzip2 data (it must be unpacked)"},
    {"\x28\xb5\x2f\xfd", 4, "is zstd data (it must be unpacked)"},
    {"\x89PNG", 4, "is a PNG image"},
    {"\x93NUMPY", 6, "is a NumPy array"},
    {"\x80\x02", 2, "is a Python pickle"},
};

static bool contains(const char *text, size_t length, const char *part)
{
    return memmem(text, length, part, strlen(part)) != NULL;
}

/* What content without the IDX magic is, NULL when that cannot be told. */
static const char *guess(const char *text, size_t length)
{
    size_t blank = 0;
    while (blank < length && isspace((unsigned char)text[blank])) {
        blank++;
    }
    if (blank < length && text[blank] == '<') {
        return "is an HTML or XML page: the download went wrong";
    }
    if (contains(text, length, "annex/objects/")) {
        return "is a git-annex pointer (git annex get fetches the data)";
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (length >= known[i].length &&
            memcmp(text, known[i].bytes, known[i].length) == 0) {
            return known[i].meaning;
        }
    }
    if (length > 262 && memcmp(text + 257, "ustar", 5) == 0) {
        return "is a tar archive (it must be unpacked)";
    }
    return NULL;
}

/* Content that does not begin with two zero bytes. */
static ebb_status fail_magic(cursor *in, const uint8_t magic[MAGIC_BYTES])
{
    char text[SNIFF_BYTES];
    memcpy(text, magic, MAGIC_BYTES);
    size_t more = 0;
    EBB_TRY(take(&more, in, text + MAGIC_BYTES, SNIFF_BYTES - MAGIC_BYTES));
    const char *meaning = guess(text, MAGIC_BYTES + more);
    if (meaning != NULL) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: byte 0: %s, not IDX data", in->path,
                        meaning);
    }
    if (magic[1] == TYPE_BYTE && magic[2] == 0 && magic[3] == 0) {
        return ebb_fail(
            EBB_ERR_ENVIRONMENT,
            "%s: byte 0%s: little-endian IDX header %02x 08 00 00 (big-endian "
            "00 00 08 %02x is expected)",
            in->path, in->unit, magic[0], magic[0]);
    }
    return ebb_fail(EBB_ERR_ENVIRONMENT,
                    "%s: byte 0%s: not IDX data: begins with %02x %02x %02x %02x (00 00 "
                    "08 is expected)",
                    in->path, in->unit, magic[0], magic[1], magic[2], magic[3]);
}

static const char *type_name(uint8_t type)
{
    switch (type) {
    case 0x09: return "signed bytes";
    case 0x0b: return "16-bit integers";
    case 0x0c: return "32-bit integers";
    case 0x0d: return "floats";
    case 0x0e: return "doubles";
    default: return "of no known type";
    }
}

static ebb_status fail_dimensions(const cursor *in, size_t found, size_t wanted)
{
    const char *swapped = "";
    if (found == 1 && wanted == 3) {
        swapped = ": these are labels in the place of images";
    } else if (found == 3 && wanted == 1) {
        swapped = ": these are images in the place of labels";
    }
    return ebb_fail(EBB_ERR_ENVIRONMENT,
                    "%s: byte 3%s: number of dimensions %zu, expected %zu%s", in->path,
                    in->unit, found, wanted, swapped);
}

static ebb_status read_magic(cursor *in, size_t wanted_dimensions)
{
    uint8_t magic[MAGIC_BYTES] = {0};
    size_t got = 0;
    EBB_TRY(take(&got, in, magic, sizeof magic));
    if (got == 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: byte 0%s: empty, expected IDX data",
                        in->path, in->unit);
    }
    if (got < sizeof magic) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "%s: byte %zu%s: truncated inside the IDX header", in->path, got,
                        in->unit);
    }
    if (magic[0] != 0 || magic[1] != 0) {
        return fail_magic(in, magic);
    }
    if (magic[2] != TYPE_BYTE) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "%s: byte 2%s: element type %02x, %s (08, unsigned bytes, is "
                        "expected)",
                        in->path, in->unit, magic[2], type_name(magic[2]));
    }
    if (magic[3] != wanted_dimensions) {
        return fail_dimensions(in, magic[3], wanted_dimensions);
    }
    return EBB_OK;
}

static ebb_status read_dimension(size_t *out, cursor *in, size_t wanted)
{
    *out = 0;
    uint8_t word[4] = {0};
    const size_t offset = in->offset;
    size_t got = 0;
    EBB_TRY(take(&got, in, word, sizeof word));
    if (got < sizeof word) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "%s: byte %zu%s: truncated inside the IDX header", in->path,
                        in->offset, in->unit);
    }
    const size_t found = (size_t)word[0] << 24 | (size_t)word[1] << 16 |
                         (size_t)word[2] << 8 | (size_t)word[3];
    if (wanted != 0 && found != wanted) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: byte %zu%s: size %zu, expected %zu",
                        in->path, offset, in->unit, found, wanted);
    }
    if (found == 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "%s: byte %zu%s: size 0 of a dimension (at least 1 is expected)",
                        in->path, offset, in->unit);
    }
    *out = found;
    return EBB_OK;
}

/* Before anything is allocated: can the file hold what its header says? */
static ebb_status check_size(const cursor *in, const ebb_idx *idx)
{
    const size_t file_bytes = ebb_source_file_bytes(in->source);
    size_t expected = 0;
    if (!ebb_size_add(&expected, idx->data_offset, idx->size_bytes)) {
        expected = SIZE_MAX;
    }
    if (idx->compressed) {
        if (expected / MAX_INFLATION > file_bytes) {
            return ebb_fail(EBB_ERR_ENVIRONMENT,
                            "%s: truncated: %zu compressed bytes cannot hold the %zu "
                            "bytes that the header announces",
                            in->path, file_bytes, expected);
        }
        return EBB_OK;
    }
    if (file_bytes < expected) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "%s: byte %zu: truncated: the file ends here, expected %zu bytes",
                        in->path, file_bytes, expected);
    }
    if (file_bytes > expected) {
        return ebb_fail(
            EBB_ERR_ENVIRONMENT,
            "%s: byte %zu: trailing bytes: %zu, expected the file to end here", in->path,
            expected, file_bytes - expected);
    }
    return EBB_OK;
}

static ebb_status read_header(ebb_idx *idx, cursor *in, const ebb_idx_want *want)
{
    EBB_TRY(read_magic(in, want->n_dimensions));
    idx->size_bytes = 1;
    for (size_t i = 0; i < EBB_IDX_MAX_DIMENSIONS; i++) {
        idx->dimensions[i] = 1;
        if (i < want->n_dimensions) {
            EBB_TRY(read_dimension(&idx->dimensions[i], in, want->dimensions[i]));
        }
        if (!ebb_size_multiply(&idx->size_bytes, idx->size_bytes, idx->dimensions[i]) ||
            idx->size_bytes > EBB_IDX_MAX_BYTES) {
            return ebb_fail(EBB_ERR_ENVIRONMENT,
                            "%s: byte 4%s: the header announces more than %zu bytes",
                            in->path, in->unit, EBB_IDX_MAX_BYTES);
        }
    }
    idx->data_offset = in->offset;
    return check_size(in, idx);
}

static ebb_status read_data(ebb_idx *idx, cursor *in)
{
    void *data = NULL;
    EBB_TRY(ebb_buffer_allocate(&data, idx->size_bytes, 1));
    idx->data = data;
    size_t got = 0;
    EBB_TRY(take(&got, in, idx->data, idx->size_bytes));
    if (got < idx->size_bytes) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "%s: byte %zu%s: truncated: the content ends here, expected %zu "
                        "bytes",
                        in->path, in->offset, in->unit,
                        idx->data_offset + idx->size_bytes);
    }
    /* One byte more also makes the source verify its checksum. */
    uint8_t extra = 0;
    EBB_TRY(ebb_source_read(&got, in->source, &extra, 1));
    if (got > 0) {
        return ebb_fail(
            EBB_ERR_ENVIRONMENT,
            "%s: byte %zu%s: trailing bytes, expected the content to end here", in->path,
            in->offset, in->unit);
    }
    ebb_source_digest(idx->sha256, in->source);
    return EBB_OK;
}

ebb_status ebb_idx_read(ebb_idx *out, const char *path, const ebb_idx_want *want)
{
    *out = (ebb_idx){0};
    cursor in = {.path = path};
    EBB_TRY(ebb_source_open(&in.source, path));
    out->compressed = ebb_source_compressed(in.source);
    in.unit = ebb_source_unit(out->compressed);
    ebb_status status = read_header(out, &in, want);
    if (status == EBB_OK) {
        status = read_data(out, &in);
    }
    ebb_source_close(in.source);
    if (status != EBB_OK) {
        ebb_idx_clear(out);
    }
    return status;
}

void ebb_idx_clear(ebb_idx *idx)
{
    ebb_buffer_free(idx->data);
    *idx = (ebb_idx){0};
}
