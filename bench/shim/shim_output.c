#include "shim_output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim_text.h"

static ebb_shim_status add_writer(ebb_shim_output *self, const char *format, FILE *stream,
                                  bool aggregates_only)
{
    ebb_shim_sink *sink = &self->report.sinks[self->report.n_sinks];
    sink->aggregates_only = aggregates_only;
    const ebb_shim_status status = strcmp(format, "json") == 0
                                       ? ebb_shim_json_init(&sink->reporter, stream)
                                       : ebb_shim_csv_init(&sink->reporter, stream);
    if (status == EBB_SHIM_OK) {
        sink->clear =
            strcmp(format, "json") == 0 ? ebb_shim_json_clear : ebb_shim_csv_clear;
        self->report.n_sinks++;
    }
    return status;
}

static bool wants_color(const ebb_shim_flags *flags)
{
    const char *value = flags->values[EBB_SHIM_FLAG_COLOR];
    if (strcmp(value, "auto") != 0) {
        return ebb_shim_flags_is_set(flags, EBB_SHIM_FLAG_COLOR);
    }
    const char *terminal = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) != 0 && (no_color == NULL || *no_color == '\0') &&
           terminal != NULL && strcmp(terminal, "dumb") != 0;
}

static ebb_shim_status open_display(ebb_shim_output *self, const ebb_shim_flags *flags,
                                    const ebb_shim_reporter *reporter)
{
    const char *format = flags->values[EBB_SHIM_FLAG_FORMAT];
    const bool aggregates_only =
        ebb_shim_flags_is_set(flags, EBB_SHIM_FLAG_REPORT_AGGREGATES_ONLY) ||
        ebb_shim_flags_is_set(flags, EBB_SHIM_FLAG_DISPLAY_AGGREGATES_ONLY);
    if (reporter != NULL) {
        if (reporter->size == 0 || reporter->size > sizeof *reporter) {
            return ebb_shim_text_refuse(EBB_SHIM_USAGE, "reporter: a struct of %zu bytes",
                                        reporter->size);
        }
        ebb_shim_sink *sink = &self->report.sinks[self->report.n_sinks++];
        memcpy(&sink->reporter, reporter, reporter->size);
        sink->aggregates_only = aggregates_only;
        return EBB_SHIM_OK;
    }
    if (strcmp(format, "console") != 0) {
        return add_writer(self, format, stdout, aggregates_only);
    }
    self->report.console_aggregates_only[0] = aggregates_only;
    self->library.consoles[0] = (ebb_library_console){
        .on = true,
        .color = wants_color(flags),
        .tabular = ebb_shim_flags_is_set(flags, EBB_SHIM_FLAG_COUNTERS_TABULAR)};
    return EBB_SHIM_OK;
}

/* A pipe or a device is written itself, a file beside and renamed: the earlier one stays
 * whole until there is another. */
static ebb_shim_status choose_beside(ebb_shim_output *self, const char *path)
{
    struct stat facts;
    if (stat(path, &facts) == 0 && !S_ISREG(facts.st_mode)) {
        return EBB_SHIM_OK;
    }
    if (asprintf(&self->beside, "%s.new", path) < 0) {
        self->beside = NULL;
        return ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "memory: no room for a name");
    }
    return EBB_SHIM_OK;
}

static ebb_shim_status open_file(ebb_shim_output *self, const ebb_shim_flags *flags)
{
    const char *path = flags->values[EBB_SHIM_FLAG_OUT];
    const char *format = flags->values[EBB_SHIM_FLAG_OUT_FORMAT];
    const bool aggregates_only =
        ebb_shim_flags_is_set(flags, EBB_SHIM_FLAG_REPORT_AGGREGATES_ONLY);
    if (*path == '\0') {
        return EBB_SHIM_OK;
    }
    const ebb_shim_status status = choose_beside(self, path);
    if (status != EBB_SHIM_OK) {
        return status;
    }
    const char *written = self->beside != NULL ? self->beside : path;
    self->file = fopen(written, "w");
    if (self->file == NULL) {
        return ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "%.500s: cannot be written: %s",
                                    path, strerror(errno));
    }
    if (strcmp(format, "console") != 0) {
        return add_writer(self, format, self->file, aggregates_only);
    }
    self->library.path = written;
    self->library.consoles[1] = (ebb_library_console){
        .on = true,
        .tabular = ebb_shim_flags_is_set(flags, EBB_SHIM_FLAG_COUNTERS_TABULAR)};
    self->report.console_aggregates_only[1] = aggregates_only;
    return EBB_SHIM_OK;
}

ebb_shim_status ebb_shim_output_open(ebb_shim_output *self, const ebb_shim_flags *flags,
                                     const ebb_shim_reporter *reporter)
{
    ebb_shim_report_connect(&self->library, &self->report);
    ebb_shim_status status = ebb_shim_library_version(
        self->report.version, sizeof self->report.version, &self->report.debug);
    if (status == EBB_SHIM_OK) {
        status = open_display(self, flags, reporter);
    }
    return status == EBB_SHIM_OK ? open_file(self, flags) : status;
}

/* False when not all was written. keep: what was written is a report. */
static bool close_file(ebb_shim_output *self, const char *path, bool keep)
{
    bool good = self->file == NULL || ferror(self->file) == 0;
    if (self->file != NULL && fclose(self->file) != 0) {
        good = false;
    }
    if (self->file != NULL && self->beside != NULL) {
        if (good && keep) {
            good = rename(self->beside, path) == 0;
        }
        if (!good || !keep) {
            unlink(self->beside);
        }
    }
    free(self->beside);
    self->beside = NULL;
    return good;
}

ebb_shim_status ebb_shim_output_close(ebb_shim_output *self, const char *path,
                                      ebb_shim_status status)
{
    const bool file_failed =
        !close_file(self, path, status == EBB_SHIM_OK && !self->report.refused);
    const bool display_failed = fflush(stdout) != 0 || ferror(stdout) != 0;
    if (status == EBB_SHIM_OK && file_failed) {
        status =
            ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "%.500s: cannot be written", path);
    } else if (status == EBB_SHIM_OK && display_failed) {
        status = ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT,
                                      "standard output: cannot be written");
    } else if (status == EBB_SHIM_OK && self->report.refused) {
        status = ebb_shim_text_refuse(
            EBB_SHIM_ENVIRONMENT, "report: could not be made (memory, or a reporter)");
    }
    ebb_shim_report_clear(&self->report);
    return status;
}
