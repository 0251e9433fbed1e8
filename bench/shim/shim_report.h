/* shim_report.h - from what the library reports to what is printed and written. For the
 * shim alone.
 *
 * The library reports a benchmark's repetitions, then its aggregates. A benchmark of
 * which any repetition failed is one entry here, that of the first failure; its times and
 * aggregates are held back, wherever they would go. */
#ifndef EBB_BENCH_SHIM_SHIM_REPORT_H
#define EBB_BENCH_SHIM_SHIM_REPORT_H

#include <stdio.h>

#include "shim_library.h"

enum { EBB_SHIM_REPORT_SINKS = 2 };

typedef struct ebb_shim_sink {
    ebb_shim_reporter reporter;
    bool aggregates_only;                       /* where there are any */
    void (*clear)(ebb_shim_reporter *reporter); /* NULL: not ours */
} ebb_shim_sink;

typedef struct ebb_shim_report {
    ebb_shim_sink sinks[EBB_SHIM_REPORT_SINKS]; /* filled by the caller */
    size_t n_sinks;
    bool console_aggregates_only[2];
    char version[32]; /* of the library */
    bool debug;
    size_t measured, skipped, failed; /* benchmarks */
    char *broken; /* run_name of the last benchmark without a time, owned; NULL */
    bool refused; /* a sink returned something other than 0 */
} ebb_shim_report;

/* output->user, ->context and ->runs. */
void ebb_shim_report_connect(ebb_library_output *output, ebb_shim_report *report);
/* Calls finish of every sink. */
void ebb_shim_report_finish(ebb_shim_report *report);
/* And the sinks. */
void ebb_shim_report_clear(ebb_shim_report *report);

/* Reporters that write to a stream, in the library's format. The JSON is strict. CSV
 * comes at the end, because its first line names the counters of all. *reporter is
 * cleared with its own clear function; a stream that fails is seen by its owner. */
ebb_shim_status ebb_shim_json_init(ebb_shim_reporter *out, FILE *stream);
void ebb_shim_json_clear(ebb_shim_reporter *reporter); /* a zeroed one is allowed */
/* Names that an entry or the context has already. */
bool ebb_shim_json_has_key(const char *key);
ebb_shim_status ebb_shim_csv_init(ebb_shim_reporter *out, FILE *stream);
void ebb_shim_csv_clear(ebb_shim_reporter *reporter); /* a zeroed one is allowed */

#endif
