#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

static ebb_status fail_file(const char *path, const char *what, int reason)
{
    return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s (%s)", path, what, strerror(reason));
}

/* The folder that holds path, owned by the caller. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return strdup(".");
    }
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

ebb_status ebb_output_check(const char *path)
{
    if (path == NULL) {
        return EBB_OK;
    }
    struct stat facts;
    if (stat(path, &facts) == 0) {
        if (S_ISDIR(facts.st_mode)) {
            return fail_file(path, "not writable", EISDIR);
        }
        return access(path, W_OK) == 0 ? EBB_OK : fail_file(path, "not writable", errno);
    }
    char *folder = folder_of(path);
    if (folder == NULL) {
        return ebb_fail_memory(strlen(path));
    }
    const ebb_status status = access(folder, W_OK | X_OK) == 0
                                  ? EBB_OK
                                  : fail_file(path, "not writable", errno);
    free(folder);
    return status;
}

static bool write_all(int file, const char *data, size_t size_bytes)
{
    while (size_bytes > 0) {
        const ssize_t n = write(file, data, size_bytes);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        data += n;
        size_bytes -= (size_t)n;
    }
    return true;
}

/* Opens path for writing from its start, flags beside; 0 or the reason why not all was
 * written. Waits for nobody to open the other end of a FIFO: that is ENXIO. */
static int write_file(const char *path, int flags, const char *data, size_t size_bytes)
{
    const int file =
        open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | flags, (mode_t)0666);
    if (file < 0) {
        return errno;
    }
    /* What is no file (a terminal, a pipe) refuses to be synchronised. */
    const bool good = fcntl(file, F_SETFL, 0) == 0 && write_all(file, data, size_bytes) &&
                      (fsync(file) == 0 || errno == EINVAL || errno == EROFS);
    const int reason = errno;
    if (close(file) != 0 && good) {
        return errno;
    }
    return good ? 0 : reason;
}

/* What a sweep that died left beside, or a link that somebody put there, goes first. */
static int write_beside(const char *path, const char *beside, const char *data,
                        size_t size_bytes)
{
    unlink(beside);
    int reason = write_file(beside, O_EXCL, data, size_bytes);
    if (reason == 0 && rename(beside, path) != 0) {
        reason = errno;
    }
    if (reason != 0) {
        unlink(beside);
    }
    return reason;
}

ebb_status ebb_output_write(const char *path, const char *data, size_t size_bytes)
{
    struct stat facts;
    int reason = 0;
    EBB_TRY(ebb_text_check_thread());
    if (stat(path, &facts) == 0 && !S_ISREG(facts.st_mode)) {
        reason = write_file(path, O_TRUNC, data, size_bytes);
    } else {
        ebb_text beside = {0};
        ebb_text_append(&beside, "%s.new", path);
        EBB_TRY(ebb_text_check(&beside));
        reason = write_beside(path, beside.data, data, size_bytes);
        ebb_text_clear(&beside);
    }
    return reason == 0 ? EBB_OK
           : reason == ENXIO
               ? ebb_fail(EBB_ERR_ENVIRONMENT,
                          "%s: not written (a FIFO that nobody reads)", path)
               : fail_file(path, "not written", reason);
}

ebb_status ebb_output_folder(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL) {
        return ebb_fail_memory(strlen(path) + 1);
    }
    ebb_status status = EBB_OK;
    for (char *end = copy; status == EBB_OK && end != NULL;) {
        end = strchr(end + 1, '/');
        if (end != NULL) {
            *end = '\0';
        }
        struct stat facts;
        if (mkdir(copy, 0777) != 0 &&
            (errno != EEXIST || stat(copy, &facts) != 0 || !S_ISDIR(facts.st_mode))) {
            status = fail_file(copy, "no folder to be made here", errno);
        }
        if (end != NULL) {
            *end = '/';
        }
    }
    free(copy);
    return status;
}

/* How a file may be read. */
typedef struct limits {
    size_t size_bytes;
    ebb_status refused;
} limits;

static ebb_status read_stream(ebb_text *out, FILE *stream, const char *path, limits limit)
{
    char chunk[8192];
    size_t n = 0;
    while ((n = fread(chunk, 1, sizeof chunk, stream)) > 0) {
        const char *zero = memchr(chunk, '\0', n);
        if (zero != NULL) {
            return ebb_fail(limit.refused, "%s: byte %zu is zero (allowed: text)", path,
                            out->length + (size_t)(zero - chunk));
        }
        ebb_text_append(out, "%.*s", (int)n, chunk);
        if (out->length > limit.size_bytes) {
            return ebb_fail(limit.refused, "%s: too large (allowed: %zu bytes)", path,
                            limit.size_bytes);
        }
    }
    if (ferror(stream)) {
        return fail_file(path, "not readable", errno);
    }
    return ebb_text_check(out);
}

ebb_status ebb_output_read(char **out, size_t *size_bytes, const char *path,
                           size_t limit_bytes, ebb_status refused)
{
    *out = NULL;
    *size_bytes = 0;
    const char *reason = NULL;
    FILE *stream = ebb_file_open(&reason, path);
    if (stream == NULL) {
        const bool wrong =
            errno == ENOENT || errno == ENOTDIR || errno == EISDIR || errno == EINVAL;
        return ebb_fail(wrong ? refused : EBB_ERR_ENVIRONMENT, "%s: not readable (%s)",
                        path, reason);
    }
    ebb_text text = {0};
    ebb_text_append(&text, "%s", "");
    const limits limit = {limit_bytes, refused};
    const ebb_status status = read_stream(&text, stream, path, limit);
    fclose(stream);
    if (status != EBB_OK) {
        ebb_text_clear(&text);
        return status;
    }
    *out = text.data;
    *size_bytes = text.length;
    return EBB_OK;
}

char *ebb_output_path(const char *folder, const char *name)
{
    ebb_text path = {0};
    ebb_text_append(&path, "%s/%s", folder, name);
    if (path.failed) {
        ebb_text_clear(&path);
    }
    return path.data;
}
