#include "shim_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ISO 8601 with a colon in the offset, which strftime does not write. */
static void tell_date(char *out, size_t size)
{
    const time_t now = time(NULL);
    struct tm fields;
    char text[48] = "";
    if (localtime_r(&now, &fields) != NULL) {
        const size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", &fields);
        if (n > 2) {
            snprintf(out, size, "%.*s:%s", (int)n - 2, text, text + n - 2);
            return;
        }
    }
    snprintf(out, size, "%s", text);
}

static bool tell_context(void *user, const ebb_shim_context *context)
{
    ebb_shim_report *report = user;
    char date[64];
    tell_date(date, sizeof date);
    ebb_shim_context full = *context;
    full.date = date;
    full.library_version = report->version;
    full.library_debug = report->debug;
    for (size_t i = 0; i < report->n_sinks; i++) {
        const ebb_shim_reporter *own = &report->sinks[i].reporter;
        if (own->context != NULL && own->context(own->user, &full) != 0) {
            report->refused = true;
        }
    }
    return !report->refused;
}

static void forward(ebb_shim_report *report, const ebb_shim_run *runs, size_t n,
                    bool aggregates_follow)
{
    for (size_t i = 0; i < report->n_sinks && n > 0 && !report->refused; i++) {
        const ebb_shim_sink *sink = &report->sinks[i];
        const ebb_shim_reporter *own = &sink->reporter;
        if (own->runs != NULL && !(aggregates_follow && sink->aggregates_only)) {
            report->refused = own->runs(own->user, runs, n) != 0;
        }
    }
}

/* The run that speaks for all: the first that failed, else the first that was skipped;
 * n: all were measured. */
static size_t find_unmeasured(const ebb_shim_run *runs, size_t n)
{
    size_t skipped = n;
    for (size_t i = 0; i < n; i++) {
        if (runs[i].outcome == EBB_SHIM_FAILED) {
            return i;
        }
        if (runs[i].outcome == EBB_SHIM_SKIPPED && skipped == n) {
            skipped = i;
        }
    }
    return skipped;
}

static void tell_unmeasured(ebb_shim_report *report, const ebb_shim_run *run)
{
    const bool failed = run->outcome == EBB_SHIM_FAILED;
    report->failed += failed;
    report->skipped += !failed;
    free(report->broken);
    report->broken = strdup(run->run_name);
    forward(report, run, 1, false);
}

enum { STDOUT_CONSOLE = 1, FILE_CONSOLE = 2 };

static void tell_repetitions(ebb_shim_report *report, const ebb_shim_run *runs,
                             unsigned char *show, size_t n)
{
    const size_t bad = find_unmeasured(runs, n);
    if (bad < n) {
        show[bad] = STDOUT_CONSOLE | FILE_CONSOLE;
        tell_unmeasured(report, &runs[bad]);
        return;
    }
    report->measured++;
    /* The library makes aggregates of two and more. */
    const bool follow = n > 1;
    const bool *only = report->console_aggregates_only;
    memset(show,
           (follow && only[0] ? 0 : STDOUT_CONSOLE) |
               (follow && only[1] ? 0 : FILE_CONSOLE),
           n);
    forward(report, runs, n, follow);
}

/* Aggregates that are no number (the variation of a time that is zero) are left out. */
static void tell_aggregates(ebb_shim_report *report, const ebb_shim_run *runs,
                            unsigned char *show, size_t n)
{
    const bool broken =
        report->broken != NULL && strcmp(report->broken, runs[0].run_name) == 0;
    for (size_t i = 0; i < n; i++) {
        if (!broken && isfinite(runs[i].real_time) && isfinite(runs[i].cpu_time)) {
            show[i] = STDOUT_CONSOLE | FILE_CONSOLE;
            forward(report, &runs[i], 1, false);
        }
    }
}

static void tell_runs(void *user, const ebb_shim_run *runs, unsigned char *show, size_t n)
{
    ebb_shim_report *report = user;
    if (n > 0 && runs[0].aggregate_name == NULL) {
        tell_repetitions(report, runs, show, n);
    } else if (n > 0) {
        tell_aggregates(report, runs, show, n);
    }
}

void ebb_shim_report_connect(ebb_library_output *output, ebb_shim_report *report)
{
    output->user = report;
    output->context = tell_context;
    output->runs = tell_runs;
}

void ebb_shim_report_finish(ebb_shim_report *report)
{
    for (size_t i = 0; i < report->n_sinks; i++) {
        const ebb_shim_reporter *own = &report->sinks[i].reporter;
        if (own->finish != NULL && own->finish(own->user) != 0) {
            report->refused = true;
        }
    }
}

void ebb_shim_report_clear(ebb_shim_report *report)
{
    free(report->broken);
    report->broken = NULL;
    for (size_t i = 0; i < report->n_sinks; i++) {
        if (report->sinks[i].clear != NULL) {
            report->sinks[i].clear(&report->sinks[i].reporter);
        }
    }
    report->n_sinks = 0;
}
