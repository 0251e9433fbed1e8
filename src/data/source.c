#include "data/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Pieces small enough to be still in the cache when they are hashed. */
enum { INPUT_BYTES = 1 << 17, PIECE_BYTES = 1 << 18 };
enum { GZIP_ONLY = 16 };

struct ebb_source {
    const char *path;
    int file;
    size_t file_bytes;
    size_t taken_bytes; /* read from the file so far */
    bool compressed;
    bool inflating; /* stream is to be ended */
    bool file_ended, content_ended;
    ebb_digest *digest;
    z_stream stream; /* next_in and avail_in also serve plain files */
    unsigned char input[INPUT_BYTES];
};

const char *ebb_source_unit(bool compressed)
{
    return compressed ? " of the inflated content" : "";
}

/* Offset in the file of the next byte that was not consumed. */
static size_t file_offset(const ebb_source *source)
{
    return source->taken_bytes - source->stream.avail_in;
}

static ebb_status read_some(size_t *n_read, ebb_source *source, void *data,
                            size_t size_bytes)
{
    *n_read = 0;
    ssize_t got = 0;
    do {
        got = read(source->file, data, size_bytes);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: byte %zu: cannot read: %s",
                        source->path, source->taken_bytes, strerror(errno));
    }
    source->file_ended = got == 0 && size_bytes > 0;
    source->taken_bytes += (size_t)got;
    *n_read = (size_t)got;
    return EBB_OK;
}

/* Moves what is left of the input to the front and fills the rest from the file. */
static ebb_status refill(ebb_source *source)
{
    z_stream *stream = &source->stream;
    if (stream->avail_in > 0) {
        memmove(source->input, stream->next_in, stream->avail_in);
    }
    stream->next_in = source->input;
    while (stream->avail_in < INPUT_BYTES && !source->file_ended) {
        size_t got = 0;
        EBB_TRY(read_some(&got, source, source->input + stream->avail_in,
                          INPUT_BYTES - stream->avail_in));
        stream->avail_in += (uInt)got;
    }
    return EBB_OK;
}

static bool at_gzip_magic(const ebb_source *source)
{
    const z_stream *stream = &source->stream;
    return stream->avail_in >= 2 && stream->next_in[0] == 0x1f &&
           stream->next_in[1] == 0x8b;
}

static uint32_t trailer_word(const ebb_source *source, size_t end_offset)
{
    unsigned char word[4] = {0};
    if (end_offset < sizeof word ||
        pread(source->file, word, sizeof word, (off_t)(end_offset - sizeof word)) < 0) {
        return 0;
    }
    return (uint32_t)word[0] | (uint32_t)word[1] << 8 | (uint32_t)word[2] << 16 |
           (uint32_t)word[3] << 24;
}

/* zlib tells its complaints apart by their text only. */
static ebb_status fail_inflate(const ebb_source *source)
{
    const z_stream *stream = &source->stream;
    const char *text = stream->msg != NULL ? stream->msg : "no reason given";
    const size_t offset = file_offset(source);
    if (strcmp(text, "incorrect data check") == 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "%s: byte %zu: gzip CRC-32 is %08x, the content has %08lx",
                        source->path, offset - 4, trailer_word(source, offset),
                        stream->adler & 0xfffffffful);
    }
    if (strcmp(text, "incorrect length check") == 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "%s: byte %zu: gzip length is %u bytes, the content has %lu",
                        source->path, offset - 4, trailer_word(source, offset),
                        stream->total_out & 0xfffffffful);
    }
    return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: byte %zu: damaged gzip data: %s",
                    source->path, offset, text);
}

/* A member has ended: the next begins, or the file is at its end. */
static ebb_status end_member(ebb_source *source)
{
    EBB_TRY(refill(source));
    if (source->stream.avail_in == 0) {
        source->content_ended = true;
        return EBB_OK;
    }
    if (!at_gzip_magic(source)) {
        const size_t offset = file_offset(source);
        return ebb_fail(
            EBB_ERR_ENVIRONMENT,
            "%s: byte %zu: trailing bytes: %zu after the end of the gzip data "
            "(nothing may follow)",
            source->path, offset,
            source->file_bytes > offset ? source->file_bytes - offset : 1);
    }
    inflateReset(&source->stream);
    return EBB_OK;
}

static ebb_status inflate_some(size_t *n_read, ebb_source *source, void *data,
                               size_t size_bytes)
{
    z_stream *stream = &source->stream;
    stream->next_out = data;
    stream->avail_out = (uInt)size_bytes;
    *n_read = 0;
    while (stream->avail_out > 0 && !source->content_ended) {
        if (stream->avail_in == 0) {
            EBB_TRY(refill(source));
        }
        if (stream->avail_in == 0) {
            return ebb_fail(EBB_ERR_ENVIRONMENT,
                            "%s: byte %zu: truncated: the file ends inside its gzip data",
                            source->path, source->taken_bytes);
        }
        const int code = inflate(stream, Z_NO_FLUSH);
        if (code == Z_STREAM_END) {
            EBB_TRY(end_member(source));
        } else if (code == Z_MEM_ERROR) {
            return ebb_fail_memory(sizeof *stream);
        } else if (code != Z_OK) {
            return fail_inflate(source);
        }
    }
    *n_read = size_bytes - stream->avail_out;
    return EBB_OK;
}

static ebb_status copy_some(size_t *n_read, ebb_source *source, void *data,
                            size_t size_bytes)
{
    z_stream *stream = &source->stream;
    if (stream->avail_in == 0) {
        EBB_TRY(read_some(n_read, source, data, size_bytes));
        source->content_ended = source->file_ended;
        return EBB_OK;
    }
    const size_t n = size_bytes < stream->avail_in ? size_bytes : stream->avail_in;
    memcpy(data, stream->next_in, n);
    stream->next_in += n;
    stream->avail_in -= (uInt)n;
    *n_read = n;
    return EBB_OK;
}

ebb_status ebb_source_read(size_t *n_read, ebb_source *source, void *data,
                           size_t size_bytes)
{
    *n_read = 0;
    size_t done = 0;
    while (done < size_bytes && !source->content_ended) {
        unsigned char *piece = (unsigned char *)data + done;
        size_t wanted = size_bytes - done;
        wanted = wanted < PIECE_BYTES ? wanted : PIECE_BYTES;
        size_t got = 0;
        EBB_TRY(source->compressed ? inflate_some(&got, source, piece, wanted)
                                   : copy_some(&got, source, piece, wanted));
        ebb_digest_update(source->digest, piece, got);
        done += got;
    }
    *n_read = done;
    return EBB_OK;
}

/* A link that git-annex left behind names the content that was not fetched. */
static bool is_annex_link(const char *path)
{
    char target[512];
    const ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) {
        return false;
    }
    target[length] = '\0';
    return strstr(target, "annex/objects/") != NULL;
}

/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
static ebb_status open_file(ebb_source *source)
{
    source->file = open(source->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (source->file < 0 && errno == ENOENT && is_annex_link(source->path)) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "%s: a git-annex link without its content (git annex get fetches "
                        "it)",
                        source->path);
    }
    if (source->file < 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: cannot open: %s", source->path,
                        strerror(errno));
    }
    struct stat about;
    if (fstat(source->file, &about) != 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: cannot examine: %s", source->path,
                        strerror(errno));
    }
    if (!S_ISREG(about.st_mode)) {
        const char *found = S_ISDIR(about.st_mode)    ? "a directory"
                            : S_ISFIFO(about.st_mode) ? "a FIFO"
                                                      : "a device or socket";
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: is %s (a regular file is needed)",
                        source->path, found);
    }
    source->file_bytes = (size_t)about.st_size;
    return EBB_OK;
}

static ebb_status start(ebb_source *source)
{
    EBB_TRY(ebb_digest_create(&source->digest));
    EBB_TRY(open_file(source));
    EBB_TRY(refill(source));
    source->compressed = at_gzip_magic(source);
    if (source->compressed) {
        if (inflateInit2(&source->stream, MAX_WBITS + GZIP_ONLY) != Z_OK) {
            return ebb_fail_memory(sizeof source->stream);
        }
        source->inflating = true;
    }
    return EBB_OK;
}

ebb_status ebb_source_open(ebb_source **out, const char *path)
{
    *out = NULL;
    ebb_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return ebb_fail_memory(sizeof *source);
    }
    source->path = path;
    source->file = -1;
    const ebb_status status = start(source);
    if (status != EBB_OK) {
        ebb_source_close(source);
        return status;
    }
    *out = source;
    return EBB_OK;
}

bool ebb_source_compressed(const ebb_source *source)
{
    return source->compressed;
}

size_t ebb_source_file_bytes(const ebb_source *source)
{
    return source->file_bytes;
}

void ebb_source_digest(char hex[EBB_DIGEST_HEX_BYTES], ebb_source *source)
{
    ebb_digest_finish(source->digest, hex);
}

void ebb_source_close(ebb_source *source)
{
    if (source == NULL) {
        return;
    }
    if (source->inflating) {
        inflateEnd(&source->stream);
    }
    if (source->file >= 0) {
        close(source->file);
    }
    ebb_digest_destroy(source->digest);
    free(source);
}
