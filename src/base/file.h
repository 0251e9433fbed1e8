/* file.h - opening what others have written. */
#ifndef EBB_BASE_FILE_H
#define EBB_BASE_FILE_H

#include <stdio.h>

/* Opens a regular file for reading; nothing else, so that no read waits for a writer or
 * goes on for ever. NULL on failure, with errno and *reason, which is static or
 * strerror's; errno is EISDIR for a folder and EINVAL for a FIFO, a device or a socket.
 */
FILE *ebb_file_open(const char **reason, const char *path);

#endif
