/* The library's CSV. Rows are kept until the end: only then all counters are known, and
 * the library itself ends the process when one comes late. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "shim_report.h"
#include "shim_text.h"

typedef struct csv_cell {
    size_t column; /* in names */
    double value;
} csv_cell;

typedef struct csv_row {
    char *name, *message, *label; /* owned */
    ebb_shim_outcome outcome;
    int64_t iterations;
    double real_time, cpu_time, bytes, items; /* NaN: none */
    const char *unit;
    csv_cell *cells; /* owned */
    size_t n_cells;
} csv_row;

typedef struct csv_writer {
    FILE *stream;
    char **names; /* of counters, owned */
    size_t n_names;
    csv_row *rows; /* owned */
    size_t n_rows;
} csv_writer;

/* Room for one more item; NULL, and items as they were, when memory is refused. */
static void *grow(void *items, size_t n, size_t item_bytes)
{
    return realloc(items, (n + 1) * item_bytes);
}

/* Index of a counter's column, made where it is new; false: no memory. */
static bool find_column(size_t *out, csv_writer *self, const char *name)
{
    for (*out = 0; *out < self->n_names; ++*out) {
        if (strcmp(self->names[*out], name) == 0) {
            return true;
        }
    }
    char **names = grow(self->names, self->n_names, sizeof *names);
    if (names == NULL) {
        return false;
    }
    self->names = names;
    names[self->n_names] = strdup(name);
    return names[self->n_names] != NULL && ++self->n_names > 0;
}

static bool fill_counters(csv_row *row, csv_writer *self, const ebb_shim_run *run)
{
    row->cells = calloc(run->n_counters + 1, sizeof *row->cells);
    for (size_t i = 0; row->cells != NULL && i < run->n_counters; i++) {
        const ebb_shim_counter *counter = &run->counters[i];
        if (strcmp(counter->name, "bytes_per_second") == 0) {
            row->bytes = counter->value;
        } else if (strcmp(counter->name, "items_per_second") == 0) {
            row->items = counter->value;
        } else {
            csv_cell *cell = &row->cells[row->n_cells];
            cell->value = counter->value;
            if (!find_column(&cell->column, self, counter->name)) {
                return false;
            }
            row->n_cells++;
        }
    }
    return row->cells != NULL;
}

static bool add_row(csv_writer *self, const ebb_shim_run *run)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    csv_row *rows = grow(self->rows, self->n_rows, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    self->rows = rows;
    csv_row *row = &rows[self->n_rows++];
    *row = (csv_row){
        .name = strdup(run->name),
        .message = strdup(run->message),
        .label = strdup(run->label),
        .outcome = run->outcome,
        .iterations = run->iterations,
        .real_time = run->real_time,
        .cpu_time = run->cpu_time,
        .bytes = (double)NAN,
        .items = (double)NAN,
        .unit = run->is_percentage ? "" : units[run->unit],
    };
    return row->name != NULL && row->message != NULL && row->label != NULL &&
           fill_counters(row, self, run);
}

static int keep_runs(void *user, const ebb_shim_run *runs, size_t n)
{
    csv_writer *self = user;
    for (size_t i = 0; i < n; i++) {
        if (!add_row(self, &runs[i])) {
            return 1;
        }
    }
    return 0;
}

static void write_quoted(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (const char *c = text; *c != '\0'; c++) {
        fputs(*c == '"' ? "\"" : "", stream);
        fputc(*c, stream);
    }
    fputc('"', stream);
}

static void write_number(FILE *stream, double value)
{
    char text[EBB_SHIM_NUMBER_BYTES] = "";
    if (!isnan(value)) {
        ebb_shim_text_number(text, value);
    }
    fputs(text, stream);
}

static void write_row(const csv_writer *self, const csv_row *row)
{
    FILE *out = self->stream;
    write_quoted(out, row->name);
    if (row->outcome != EBB_SHIM_MEASURED) {
        fprintf(out, ",,,,,,,,%s,", row->outcome == EBB_SHIM_FAILED ? "true" : "false");
        write_quoted(out, row->message);
        for (size_t i = 0; i < self->n_names; i++) {
            fputc(',', out);
        }
        fputc('\n', out);
        return;
    }
    fprintf(out, ",%" PRId64 ",", row->iterations);
    write_number(out, row->real_time);
    fputc(',', out);
    write_number(out, row->cpu_time);
    fprintf(out, ",%s,", row->unit);
    write_number(out, row->bytes);
    fputc(',', out);
    write_number(out, row->items);
    fputc(',', out);
    if (*row->label != '\0') {
        write_quoted(out, row->label);
    }
    fputs(",,", out);
    for (size_t column = 0, next = 0; column < self->n_names; column++) {
        fputc(',', out);
        for (next = 0; next < row->n_cells; next++) {
            if (row->cells[next].column == column) {
                write_number(out, row->cells[next].value);
            }
        }
    }
    fputc('\n', out);
}

static int write_all(void *user)
{
    const csv_writer *self = user;
    FILE *out = self->stream;
    fputs("name,iterations,real_time,cpu_time,time_unit,bytes_per_second,"
          "items_per_second,label,error_occurred,error_message",
          out);
    for (size_t i = 0; i < self->n_names; i++) {
        fputc(',', out);
        write_quoted(out, self->names[i]);
    }
    fputc('\n', out);
    for (size_t i = 0; i < self->n_rows; i++) {
        write_row(self, &self->rows[i]);
    }
    return fflush(out) != 0;
}

ebb_shim_status ebb_shim_csv_init(ebb_shim_reporter *out, FILE *stream)
{
    csv_writer *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "memory: refused");
    }
    self->stream = stream;
    *out = (ebb_shim_reporter){
        .size = sizeof *out, .user = self, .runs = keep_runs, .finish = write_all};
    return EBB_SHIM_OK;
}

void ebb_shim_csv_clear(ebb_shim_reporter *reporter)
{
    csv_writer *self = reporter->user;
    for (size_t i = 0; self != NULL && i < self->n_rows; i++) {
        free(self->rows[i].name);
        free(self->rows[i].message);
        free(self->rows[i].label);
        free(self->rows[i].cells);
    }
    for (size_t i = 0; self != NULL && i < self->n_names; i++) {
        free(self->names[i]);
    }
    if (self != NULL) {
        free(self->rows);
        free(self->names);
        free(self);
    }
    reporter->user = NULL;
}
