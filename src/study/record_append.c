/* record_append.c - a record as a line, and the line in a file, whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/dump_json.h"
#include "study/record.h"

ebb_status ebb_record_line(ebb_text *out, const json_t *record)
{
    EBB_TRY(ebb_dump_json(out, record, JSON_COMPACT));
    ebb_text_append(out, "\n");
    return ebb_text_check(out);
}

static ebb_status fail_with_errno(const char *path, const char *what)
{
    return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s: %s", path, what, strerror(errno));
}

/* For reading too, a FIFO nobody reads opens, takes the record and loses it; for writing
 * alone it does not open. */
static int open_existing(const char *path, int flags)
{
    const int reader = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (reader < 0) {
        return -1;
    }
    const int file = open(path, flags);
    const int reason = errno;
    close(reader);
    errno = reason;
    return file;
}

/* *created tells whether the file was not there before. */
static int open_for_append(bool *created, const char *path)
{
    const int flags = O_RDWR | O_APPEND | O_CLOEXEC;
    *created = false;
    int file = open_existing(path, flags);
    if (file < 0 && errno == ENOENT) {
        file = open(path, flags | O_CREAT | O_EXCL, 0666);
        *created = file >= 0;
        if (file < 0 && errno == EEXIST) { /* another process was faster */
            file = open_existing(path, flags);
        }
    }
    return file;
}

static ebb_status fail_to_open(const char *path)
{
    return errno == ENXIO
               ? ebb_fail(EBB_ERR_ENVIRONMENT,
                          "%s: record not written: a FIFO that nobody reads", path)
               : fail_with_errno(path, "cannot be opened for appending");
}

/* Does the file end inside a line, left by a writer that was killed? */
static bool ends_torn(int file, off_t size)
{
    char last = '\n';
    return size > 0 && pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

static ssize_t write_once(int file, const char *data, size_t size_bytes)
{
    ssize_t written;
    do {
        written = write(file, data, size_bytes);
    } while (written < 0 && errno == EINTR);
    return written;
}

/* Pipes and terminals have nothing to sync. */
static bool sync_file(int file)
{
    return fsync(file) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS;
}

static ebb_status write_line(int file, const char *path, const char *line, size_t length)
{
    struct stat info;
    if (flock(file, LOCK_EX) != 0 || fstat(file, &info) != 0) {
        return fail_with_errno(path, "cannot be appended to");
    }
    const bool regular = S_ISREG(info.st_mode);
    if (!(regular && ends_torn(file, info.st_size))) {
        line++; /* skips the newline that would end a torn line */
        length--;
    }
    const ssize_t written = write_once(file, line, length);
    if (written == (ssize_t)length && sync_file(file)) {
        return EBB_OK;
    }
    const ebb_status status =
        written < 0 || written == (ssize_t)length
            ? fail_with_errno(path, "record not written")
            : ebb_fail(EBB_ERR_ENVIRONMENT,
                       "%s: record not written: only %zd of %zu bytes fit", path, written,
                       length);
    if (regular && ftruncate(file, info.st_size) != 0) {
        return fail_with_errno(path, "record half written and not taken back");
    }
    return status;
}

ebb_status ebb_record_append(const char *path, const json_t *record)
{
    ebb_text text = {0};
    ebb_text_append(&text, "\n");
    ebb_status status = ebb_record_line(&text, record);
    bool created = false;
    int file = -1;
    if (status == EBB_OK) {
        file = open_for_append(&created, path);
        status = file < 0 ? fail_to_open(path)
                          : write_line(file, path, text.data, text.length);
    }
    if (file >= 0 && close(file) != 0 && status == EBB_OK) {
        status = fail_with_errno(path, "record not written");
    }
    if (created && status != EBB_OK) {
        unlink(path);
    }
    ebb_text_clear(&text);
    return status;
}
