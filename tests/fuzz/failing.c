/* failing.c - by the linker's --wrap. */
#include "failing.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static enum failing_call failing;
static size_t left;

void failing_begin(enum failing_call call, size_t good)
{
    failing = call;
    left = good;
}

void failing_end(void)
{
    failing = FAILING_NONE;
}

static bool fails(enum failing_call call)
{
    if (failing != call) {
        return false;
    }
    if (left > 0) {
        left--;
        return false;
    }
    return true;
}

/* Names that the linker gives; reserved ones cannot be avoided. */
ssize_t __real_read(int file, void *data, size_t size);
ssize_t __real_pread(int file, void *data, size_t size, off_t offset);
int __real_fstat(int file, struct stat *about);
FILE *__real_fdopen(int file, const char *mode);
void *__real_calloc(size_t n, size_t size);
int __real_inflateInit2_(z_stream *stream, int bits, const char *version, int size);
int __real_inflate(z_stream *stream, int flush);

ssize_t __wrap_read(int file, void *data, size_t size);
ssize_t __wrap_pread(int file, void *data, size_t size, off_t offset);
int __wrap_fstat(int file, struct stat *about);
FILE *__wrap_fdopen(int file, const char *mode);
void *__wrap_calloc(size_t n, size_t size);
int __wrap_inflateInit2_(z_stream *stream, int bits, const char *version, int size);
int __wrap_inflate(z_stream *stream, int flush);

ssize_t __wrap_read(int file, void *data, size_t size)
{
    if (fails(FAILING_INTERRUPTED)) {
        failing = FAILING_NONE;
        errno = EINTR;
        return -1;
    }
    if (fails(FAILING_READ)) {
        errno = EIO;
        return -1;
    }
    return __real_read(file, data, size);
}

ssize_t __wrap_pread(int file, void *data, size_t size, off_t offset)
{
    return fails(FAILING_READ_BACK) ? -1 : __real_pread(file, data, size, offset);
}

int __wrap_fstat(int file, struct stat *about)
{
    if (fails(FAILING_EXAMINE)) {
        errno = EIO;
        return -1;
    }
    return __real_fstat(file, about);
}

FILE *__wrap_fdopen(int file, const char *mode)
{
    if (fails(FAILING_STREAM)) {
        errno = ENOMEM;
        return NULL;
    }
    return __real_fdopen(file, mode);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails(FAILING_MEMORY) ? NULL : __real_calloc(n, size);
}

int __wrap_inflateInit2_(z_stream *stream, int bits, const char *version, int size)
{
    return fails(FAILING_INFLATE_START)
               ? Z_MEM_ERROR
               : __real_inflateInit2_(stream, bits, version, size);
}

int __wrap_inflate(z_stream *stream, int flush)
{
    if (fails(FAILING_INFLATE_MEMORY)) {
        return Z_MEM_ERROR;
    }
    if (fails(FAILING_INFLATE_SILENT)) {
        stream->msg = NULL;
        return Z_BUF_ERROR;
    }
    return __real_inflate(stream, flush);
}
