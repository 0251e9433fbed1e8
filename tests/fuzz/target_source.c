/* target_source.c - the reader of plain and gzip files on any kind of file, in pieces of
 * any size, while calls of the system fail. The input is how, then what: 0  the kind of
 * file (enum kind) 1  bit 7: compressed; else what it is repeated is 2^n times (up to
 * MAX_BYTES) 2  the call that fails (enum failing_call), 0: none 3  how many of these
 * calls are well before 4  the size of the pieces that are read: 4099 times one more than
 * this 5  the bit that is flipped this many bytes before the file's end; 0: none */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"
#include "data/source.h"
#include "failing.h"
#include "fuzz.h"

enum { HEAD = 6, COMPRESSED = 0x80, DOUBLINGS = 0x1f, PIECE = 4099 };
enum { MAX_BYTES = 1 << 20, GZIP_ONLY = 16 };
enum kind { REGULAR, LINK, DIRECTORY, FIFO, DEVICE, ABSENT, DANGLING, ANNEX, N_KINDS };

typedef struct file_content {
    uint8_t *data; /* owned */
    size_t size;
} file_content;

static file_content repeat(const uint8_t *data, size_t size, unsigned doublings)
{
    size_t n = 1;
    while (doublings-- > 0 && 2 * n * size <= MAX_BYTES && size > 0) {
        n *= 2;
    }
    file_content out = {.data = malloc(n * size + 1), .size = n * size};
    FUZZ_REQUIRE(out.data != NULL);
    for (size_t i = 0; i < n; i++) {
        memcpy(out.data + i * size, data, size);
    }
    return out;
}

static file_content pack(const file_content *content)
{
    z_stream stream = {0};
    FUZZ_REQUIRE(deflateInit2(&stream, 1, Z_DEFLATED, MAX_WBITS + GZIP_ONLY, 8,
                              Z_DEFAULT_STRATEGY) == Z_OK);
    const size_t room = deflateBound(&stream, content->size);
    file_content out = {.data = malloc(room)};
    FUZZ_REQUIRE(out.data != NULL);
    stream.next_in = content->data;
    stream.avail_in = (uInt)content->size;
    stream.next_out = out.data;
    stream.avail_out = (uInt)room;
    FUZZ_REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.size = stream.total_out;
    deflateEnd(&stream);
    return out;
}

/* The path of a file of that kind; of one to be removed as well. */
static const char *make_file(enum kind kind, const file_content *file)
{
    static char path[64];
    const char *regular = fuzz_file(file->data, file->size);
    snprintf(path, sizeof path, "/tmp/ebb-fuzz-source-%ld", (long)getpid());
    switch (kind) {
    case LINK: FUZZ_REQUIRE(symlink(regular, path) == 0); break;
    case DIRECTORY: FUZZ_REQUIRE(mkdir(path, 0700) == 0); break;
    case FIFO: FUZZ_REQUIRE(mkfifo(path, 0600) == 0); break;
    case DANGLING: FUZZ_REQUIRE(symlink("ebb-absent", path) == 0); break;
    case ANNEX: FUZZ_REQUIRE(symlink(".git/annex/objects/x", path) == 0); break;
    case DEVICE: return "/dev/null";
    case ABSENT: break;
    default: return regular;
    }
    return path;
}

/* Sound: the content is what was packed. */
static ebb_status read_all(ebb_source *source, const file_content *content, size_t piece,
                           bool sound)
{
    uint8_t *read = malloc(piece);
    FUZZ_REQUIRE(read != NULL);
    ebb_status status = EBB_OK;
    size_t offset = 0;
    size_t got = piece;
    while (status == EBB_OK && got == piece) {
        status = ebb_source_read(&got, source, read, piece);
        FUZZ_REQUIRE(got <= piece);
        FUZZ_REQUIRE(!sound || (offset + got <= content->size &&
                                memcmp(read, content->data + offset, got) == 0));
        offset += got;
    }
    FUZZ_REQUIRE(!sound || status != EBB_OK || offset == content->size);
    free(read);
    return status;
}

static void read_file(const char *path, const uint8_t *how, const file_content *content)
{
    const bool failing = how[2] % N_FAILING_CALLS != 0;
    const bool packed = (how[1] & COMPRESSED) != 0;
    const bool sound =
        how[5] == 0 && (packed || content->size < 2 || content->data[0] != 0x1f);
    ebb_source *source = NULL;
    failing_begin((enum failing_call)(how[2] % N_FAILING_CALLS), how[3]);
    ebb_status status = ebb_source_open(&source, path);
    if (status == EBB_OK) {
        FUZZ_REQUIRE(!sound || ebb_source_compressed(source) == packed);
        status = read_all(source, content, (size_t)PIECE * (how[4] + 1u), sound);
    }
    failing_end();
    fuzz_require_status(status, 1u << EBB_ERR_ENVIRONMENT);
    FUZZ_REQUIRE(!sound || failing || status == EBB_OK || how[0] % N_KINDS > LINK);
    if (status == EBB_OK) {
        char digest[EBB_DIGEST_HEX_BYTES];
        ebb_source_digest(digest, source);
        FUZZ_REQUIRE(strlen(digest) == EBB_DIGEST_HEX_BYTES - 1);
    }
    ebb_source_close(source);
}

/* What suites and records are opened by. */
static void open_stream(const char *path, const uint8_t *how)
{
    const char *reason = NULL;
    failing_begin((enum failing_call)(how[2] % N_FAILING_CALLS), how[3]);
    FILE *stream = ebb_file_open(&reason, path);
    failing_end();
    FUZZ_REQUIRE((stream == NULL) == (reason != NULL));
    FUZZ_REQUIRE(stream == NULL || how[0] % N_KINDS <= LINK);
    if (stream != NULL) {
        fclose(stream);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD) {
        return 0;
    }
    file_content content = repeat(data + HEAD, size - HEAD, data[1] & DOUBLINGS);
    file_content file = (data[1] & COMPRESSED) != 0
                            ? pack(&content)
                            : repeat(content.data, content.size, 0);
    if (data[5] > 0 && data[5] <= file.size) {
        file.data[file.size - data[5]] ^= 1;
    }
    const enum kind kind = (enum kind)(data[0] % N_KINDS);
    const char *path = make_file(kind, &file);
    read_file(path, data, &content);
    open_stream(path, data);
    if (kind != REGULAR && kind != DEVICE && kind != ABSENT) {
        FUZZ_REQUIRE(remove(path) == 0);
    }
    free(file.data);
    free(content.data);
    return 0;
}
