/* shim_output.h - standard output and the file of --benchmark_out, as the flags say. For
 * the shim alone. */
#ifndef EBB_BENCH_SHIM_SHIM_OUTPUT_H
#define EBB_BENCH_SHIM_SHIM_OUTPUT_H

#include "shim_flags.h"
#include "shim_report.h"

typedef struct ebb_shim_output {
    ebb_shim_report report;
    ebb_library_output library;
    FILE *file; /* NULL: none */
    /* Becomes the file once it is whole; NULL: the file itself is written. */
    char *beside;
} ebb_shim_output; /* starts as {0} */

/* reporter takes the place of standard output; NULL: none. Is closed after a failure too.
 */
ebb_shim_status ebb_shim_output_open(ebb_shim_output *self, const ebb_shim_flags *flags,
                                     const ebb_shim_reporter *reporter);
/* status, or what only now turns out: that there was no room for what was written. An
 * earlier file at path stays as it was unless all went well. */
ebb_shim_status ebb_shim_output_close(ebb_shim_output *self, const char *path,
                                      ebb_shim_status status);

#endif
