/* output.h - files that commands write: whole, or not at all. */
#ifndef EBB_BENCH_OUTPUT_H
#define EBB_BENCH_OUTPUT_H

#include <stddef.h>

#include "base/status.h"

/* Could path be written or appended to? Creates nothing. NULL is allowed. Fails with
 * EBB_ERR_ENVIRONMENT. */
ebb_status ebb_output_check(const char *path);

/* Writes size_bytes beside path and renames. Fails with EBB_ERR_ENVIRONMENT and leaves
 * path as it was; also when memory for any text of this thread was refused. */
ebb_status ebb_output_write(const char *path, const char *data, size_t size_bytes);

/* Makes the folder and those above it. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_output_folder(const char *path);

/* The whole file, ended by a zero byte, owned by the caller. A file that is not there, is
 * a folder, has a zero byte or more than limit_bytes gives status refused; anything else
 * that goes wrong EBB_ERR_ENVIRONMENT. */
ebb_status ebb_output_read(char **out, size_t *size_bytes, const char *path,
                           size_t limit_bytes, ebb_status refused);

/* "FOLDER/NAME", owned by the caller; NULL when memory is refused. */
char *ebb_output_path(const char *folder, const char *name);

#endif
