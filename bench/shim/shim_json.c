/* The library's JSON, in strict form: no NaN or Infinity, no raw control characters, and
 * no time where nothing was measured.
 *
 * A benchmark that failed or was skipped is an entry with error_occurred, or skipped, and
 * the message, for all of its repetitions together. It has the run_type of aggregates,
 * and a time_unit that no time has: readers that ask for times (the library's compare.py
 * does so without a look) pass it over. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shim_report.h"
#include "shim_text.h"

typedef struct json_writer {
    FILE *stream;
    bool open;  /* the list of benchmarks was begun */
    bool first; /* entry of it */
} json_writer;

static void write_text(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            fputc('\\', stream);
        }
        if ((unsigned char)*c < 0x20) {
            fprintf(stream, "\\u%04x", (unsigned)*c);
        } else {
            fputc(*c, stream);
        }
    }
    fputc('"', stream);
}

static void write_key(FILE *stream, const char *indent, const char *key)
{
    fputs(indent, stream);
    write_text(stream, key);
    fputs(": ", stream);
}

static void write_number(FILE *stream, double value)
{
    char text[EBB_SHIM_NUMBER_BYTES];
    ebb_shim_text_number(text, value);
    fputs(text, stream);
}

static const char INDENT[] = "    ";
static const char DEEP[] = "      ";

static void put_text(FILE *stream, const char *key, const char *value)
{
    write_key(stream, DEEP, key);
    write_text(stream, value);
    fputs(",\n", stream);
}

static void put_integer(FILE *stream, const char *key, int64_t value)
{
    write_key(stream, DEEP, key);
    fprintf(stream, "%" PRId64 ",\n", value);
}

static void put_number(FILE *stream, const char *key, double value)
{
    write_key(stream, DEEP, key);
    write_number(stream, value);
    fputs(",\n", stream);
}

static void write_machine(FILE *out, const ebb_shim_context *context)
{
    fprintf(out, "%s\"num_cpus\": %d,\n", INDENT, context->cpus);
    fprintf(out, "%s\"mhz_per_cpu\": %" PRId64 ",\n", INDENT,
            (int64_t)(context->mhz + 0.5));
    if (context->frequency_scaling >= 0) {
        fprintf(out, "%s\"cpu_scaling_enabled\": %s,\n", INDENT,
                context->frequency_scaling != 0 ? "true" : "false");
    }
    fprintf(out, "%s\"caches\": [", INDENT);
    for (size_t i = 0; i < context->n_caches; i++) {
        const ebb_shim_cache *cache = &context->caches[i];
        fprintf(out, "%s\n%s{\"type\": ", i > 0 ? "," : "", DEEP);
        write_text(out, cache->type);
        fprintf(out, ", \"level\": %d, \"size\": %" PRId64 ", \"num_sharing\": %d}",
                cache->level, cache->size_bytes, cache->sharing);
    }
    fprintf(out, "\n%s],\n%s\"load_avg\": [", INDENT, INDENT);
    for (size_t i = 0; i < context->n_load_average; i++) {
        fputs(i > 0 ? ", " : "", out);
        write_number(out, context->load_average[i]);
    }
    fputs("],\n", out);
}

static int write_context(void *user, const ebb_shim_context *context)
{
    json_writer *self = user;
    FILE *out = self->stream;
    fputs("{\n  \"context\": {\n", out);
    const ebb_shim_pair names[] = {{"date", context->date},
                                   {"host_name", context->host},
                                   {"executable", context->executable}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        write_key(out, INDENT, names[i].key);
        write_text(out, names[i].value);
        fputs(",\n", out);
    }
    write_machine(out, context);
    write_key(out, INDENT, "library_version");
    write_text(out, context->library_version);
    fprintf(out, ",\n%s\"library_build_type\": \"%s\"", INDENT,
            context->library_debug ? "debug" : "release");
    fprintf(out, ",\n%s\"json_schema_version\": 1", INDENT);
    for (size_t i = 0; i < context->n_pairs; i++) {
        fputs(",\n", out);
        write_key(out, INDENT, context->pairs[i].key);
        write_text(out, context->pairs[i].value);
    }
    fputs("\n  },\n  \"benchmarks\": [\n", out);
    self->open = true;
    self->first = true;
    return fflush(out) != 0;
}

static const char *unit_name(ebb_shim_unit unit)
{
    static const char *const names[] = {"ns", "us", "ms", "s"};
    return names[unit];
}

static void write_outcome(FILE *out, const ebb_shim_run *run)
{
    const bool failed = run->outcome == EBB_SHIM_FAILED;
    put_text(out, "run_type", "aggregate");
    put_text(out, "aggregate_name", failed ? "error" : "skipped");
    put_integer(out, "repetitions", run->repetitions);
    fprintf(out, "%s\"%s\": true,\n", DEEP, failed ? "error_occurred" : "skipped");
    put_text(out, failed ? "error_message" : "skip_message", run->message);
    fprintf(out, "%s\"time_unit\": \"none\"", DEEP);
}

static void write_times(FILE *out, const ebb_shim_run *run)
{
    const bool aggregate = run->aggregate_name != NULL;
    put_text(out, "run_type", aggregate ? "aggregate" : "iteration");
    put_integer(out, "repetitions", run->repetitions);
    if (aggregate) {
        put_text(out, "aggregate_name", run->aggregate_name);
        put_text(out, "aggregate_unit", run->is_percentage ? "percentage" : "time");
    } else {
        put_integer(out, "repetition_index", run->repetition);
    }
    put_integer(out, "threads", 1);
    put_integer(out, "iterations", run->iterations);
    put_number(out, "real_time", run->real_time);
    put_number(out, "cpu_time", run->cpu_time);
    for (size_t i = 0; i < run->n_counters; i++) {
        put_number(out, run->counters[i].name, run->counters[i].value);
    }
    if (*run->label != '\0') {
        put_text(out, "label", run->label);
    }
    fprintf(out, "%s\"time_unit\": \"%s\"", DEEP, unit_name(run->unit));
}

static int write_runs(void *user, const ebb_shim_run *runs, size_t n)
{
    json_writer *self = user;
    FILE *out = self->stream;
    for (size_t i = 0; i < n; i++) {
        const ebb_shim_run *run = &runs[i];
        fputs(self->first ? "    {\n" : ",\n    {\n", out);
        self->first = false;
        put_text(out, "name", run->name);
        put_integer(out, "family_index", run->family);
        put_integer(out, "per_family_instance_index", run->instance);
        put_text(out, "run_name", run->run_name);
        if (run->outcome == EBB_SHIM_MEASURED) {
            write_times(out, run);
        } else {
            write_outcome(out, run);
        }
        fputs("\n    }", out);
    }
    return fflush(out) != 0;
}

static int write_end(void *user)
{
    json_writer *self = user;
    if (self->open) {
        fputs("\n  ]\n}\n", self->stream);
    }
    return fflush(self->stream) != 0;
}

ebb_shim_status ebb_shim_json_init(ebb_shim_reporter *out, FILE *stream)
{
    json_writer *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "memory: refused");
    }
    self->stream = stream;
    *out = (ebb_shim_reporter){.size = sizeof *out,
                               .user = self,
                               .context = write_context,
                               .runs = write_runs,
                               .finish = write_end};
    return EBB_SHIM_OK;
}

void ebb_shim_json_clear(ebb_shim_reporter *reporter)
{
    free(reporter->user);
    reporter->user = NULL;
}

bool ebb_shim_json_has_key(const char *key)
{
    static const char *const keys[] = {"aggregate_name",
                                       "aggregate_unit",
                                       "allocs_per_iter",
                                       "big_o",
                                       "caches",
                                       "cpu_coefficient",
                                       "cpu_scaling_enabled",
                                       "cpu_time",
                                       "date",
                                       "dry_run",
                                       "error_message",
                                       "error_occurred",
                                       "executable",
                                       "family_index",
                                       "host_name",
                                       "iterations",
                                       "json_schema_version",
                                       "label",
                                       "library_build_type",
                                       "library_version",
                                       "load_avg",
                                       "max_bytes_used",
                                       "mhz_per_cpu",
                                       "name",
                                       "net_heap_growth",
                                       "num_cpus",
                                       "per_family_instance_index",
                                       "real_coefficient",
                                       "real_time",
                                       "repetition_index",
                                       "repetitions",
                                       "rms",
                                       "run_name",
                                       "run_type",
                                       "skip_message",
                                       "skipped",
                                       "threads",
                                       "time_unit",
                                       "total_allocated_bytes"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}
