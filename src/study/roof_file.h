/* roof_file.h - the roofs that a sweep measured before its trials, read back.
 *
 * They stand in machine.json beside the trials. What it does not tell is NaN; between two
 * team sizes that were measured values are interpolated, beyond the largest its value
 * stands. */
#ifndef EBB_STUDY_ROOF_FILE_H
#define EBB_STUDY_ROOF_FILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct ebb_roof_file {
    char *path;             /* owned */
    json_t *machine;        /* owned; NULL: there is no such file */
    const char *machine_id; /* borrowed; "" when there is none */
} ebb_roof_file;

/* Looks beside the file of trials. No file is no error. Fails with EBB_ERR_ENVIRONMENT
 * when it is there and is not `ebb-machine/1`. */
ebb_status ebb_roof_file_read(ebb_roof_file *out, const char *trials_path);
void ebb_roof_file_clear(ebb_roof_file *file);

/* Of `threads` threads together: GFLOP/s of oneDNN's matrix product in cache; ns a
 * barrier (0 for one thread). */
double ebb_roof_file_matmul(const ebb_roof_file *file, size_t threads);
double ebb_roof_file_barrier(const ebb_roof_file *file, size_t threads);

typedef struct ebb_roof_level {
    char name[8]; /* "L2", "memory"; "" when nothing is known */
    double gbs;   /* triad, of all threads together */
} ebb_roof_level;

/* The innermost cache that holds so many bytes and whose bandwidth was measured; memory
 * when none does. */
ebb_roof_level ebb_roof_file_level(const ebb_roof_file *file, double size_bytes,
                                   size_t threads);

#endif
