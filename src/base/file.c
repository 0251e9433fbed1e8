#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* errno, 0 for a regular file. O_NONBLOCK: opening a FIFO would wait for its writer. */
static int open_regular(int *out, const char *path)
{
    *out = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (*out < 0) {
        return errno;
    }
    struct stat facts;
    if (fstat(*out, &facts) != 0) {
        return errno;
    }
    if (S_ISREG(facts.st_mode)) {
        return 0;
    }
    return S_ISDIR(facts.st_mode) ? EISDIR : EINVAL;
}

FILE *ebb_file_open(const char **reason, const char *path)
{
    int file = -1;
    int error = open_regular(&file, path);
    FILE *stream = error == 0 ? fdopen(file, "r") : NULL;
    if (error == 0 && stream == NULL) {
        error = errno;
    }
    if (stream == NULL) {
        *reason = error == EINVAL
                      ? "is a FIFO, device or socket; a regular file is needed"
                      : strerror(error);
        if (file >= 0) {
            close(file);
        }
        errno = error;
    }
    return stream;
}
