/* table_unlearning.c - what each request cost and what it left of the accuracies. */
#include <math.h>
#include <stdlib.h>

#include "machine/spread.h"
#include "study/json.h"
#include "study/record.h"
#include "study/table.h"
#include "study/table_cell.h"
#include "study/table_note.h"

/* Mean accuracy of some tasks before and after a request. */
typedef struct change {
    double before, after; /* NaN: not tested */
} change;

/* One request, over the trials of a row. */
typedef struct request {
    size_t index; /* in the record's `unlearning` */
    size_t after; /* task id */
    const json_t *tasks;
    ebb_spread seconds; /* of the valid trials */
    double bytes;
    change unlearned, remaining;
    bool exact; /* before: just before the request, in every trial */
} request;

/* What a trial is looked up by whose state before a request is the same. */
typedef struct twins {
    const ebb_trials *trials;
    ebb_table__keys keys;
} twins;

static const json_t *request_of(ebb_table__trial trial, size_t index)
{
    return json_array_get(json_object_get(trial->record, "unlearning"), index);
}

static bool requests_after(ebb_table__trial trial, size_t task)
{
    const json_t *list = json_object_get(trial->record, "unlearning");
    bool found = false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const double after = ebb_json_get_number(json_array_get(list, i), "after_task");
        found = found || (size_t)after == task;
    }
    return found;
}

static bool same_digest(ebb_table__trial a, ebb_table__trial b, size_t task)
{
    const json_t *x = json_object_get(a->record, "task_digests");
    const json_t *y = json_object_get(b->record, "task_digests");
    return json_equal(json_array_get(x, task - 1), json_array_get(y, task - 1)) != 0;
}

/* A trial that was as this one before `task`, trained it likewise and was then tested
 * without a request; NULL when there is none. */
static ebb_table__trial find_twin(const twins *all, ebb_table__trial trial, size_t task)
{
    for (size_t i = 0; i < all->trials->n; i++) {
        const ebb_table__trial other = &all->trials->items[i];
        if (!other->diverged && !requests_after(other, task) &&
            ebb_table__compare(trial, other, &all->keys, all->keys.n) == 0 &&
            (task == 1 || same_digest(trial, other, task - 1))) {
            return other;
        }
    }
    return NULL;
}

static bool is_named(const json_t *tasks, size_t task)
{
    bool found = false;
    for (size_t i = 0; i < json_array_size(tasks); i++) {
        found = found || (size_t)json_integer_value(json_array_get(tasks, i)) == task;
    }
    return found;
}

/* Mean over the tasks that were tested before; after alone when none was. */
static change change_of(ebb_table__trial trial, ebb_table__trial twin, const request *r,
                        bool unlearned)
{
    const json_t *own = json_object_get(trial->record, "accuracy");
    const json_t *other = twin != NULL ? json_object_get(twin->record, "accuracy") : own;
    const size_t row_before = twin != NULL ? r->after - 1 : r->after - 2;
    double before = 0, after = 0, after_all = 0;
    size_t n = 0, n_all = 0;
    for (size_t k = 1; k <= r->after; k++) {
        const bool wanted = unlearned ? is_named(r->tasks, k)
                                      : !ebb_record_unlearned(trial->record, k, r->after);
        const double was = twin != NULL || r->after > 1
                               ? ebb_json_get_entry(other, row_before, k - 1)
                               : (double)NAN;
        const double is = ebb_json_get_entry(own, r->after - 1, k - 1);
        if (wanted) {
            after_all += is;
            n_all++;
        }
        if (wanted && !isnan(was)) {
            before += was;
            after += is;
            n++;
        }
    }
    return n > 0 ? (change){before / (double)n, after / (double)n}
                 : (change){(double)NAN, after_all / (double)n_all};
}

static void add_change(change *sum, const change *more)
{
    sum->before += more->before;
    sum->after += more->after;
}

static change divided(const change *sum, size_t n)
{
    return (change){sum->before / (double)n, sum->after / (double)n};
}

static void fill_accuracies(request *out, const ebb_table__row *row, const twins *all)
{
    change unlearned = {0, 0};
    change remaining = {0, 0};
    size_t n = 0;
    out->exact = true;
    for (size_t i = 0; i < row->n; i++) {
        const ebb_table__trial trial = row->trials[i];
        if (trial->diverged) {
            continue;
        }
        const ebb_table__trial twin = find_twin(all, trial, out->after);
        const change gone = change_of(trial, twin, out, true);
        const change left = change_of(trial, twin, out, false);
        add_change(&unlearned, &gone);
        add_change(&remaining, &left);
        out->exact = out->exact && twin != NULL;
        n++;
    }
    out->unlearned = divided(&unlearned, n); /* NaN for n = 0 */
    out->remaining = divided(&remaining, n);
}

/* values has room for row->n numbers. */
static void fill_cost(request *out, const ebb_table__row *row, double *values)
{
    size_t n = 0;
    out->bytes = (double)NAN;
    for (size_t i = 0; i < row->n; i++) {
        const json_t *entry = request_of(row->trials[i], out->index);
        const double seconds = ebb_json_get_number(entry, "seconds");
        const double bytes = ebb_json_get_number(entry, "bytes");
        out->bytes = isnan(bytes) ? out->bytes : bytes;
        if (row->trials[i]->valid && !isnan(seconds)) {
            values[n++] = seconds;
        }
    }
    out->seconds = ebb_spread_of(values, n);
}

static double gbs_of(const request *r)
{
    return r->seconds.median > 0 ? r->bytes / r->seconds.median * 1e-9 : (double)NAN;
}

/* The trials of a row that did not diverge have all made the same requests. */
static size_t count_requests(const ebb_table__row *row)
{
    size_t most = 0;
    for (size_t i = 0; i < row->n; i++) {
        const json_t *list = json_object_get(row->trials[i]->record, "unlearning");
        const size_t n = json_array_size(list);
        most = !row->trials[i]->diverged && n > most ? n : most;
    }
    return most;
}

/* Request j of the row; there is one, for j below count_requests. */
static const json_t *entry_of(const ebb_table__row *row, size_t j)
{
    const json_t *entry = NULL;
    for (size_t i = 0; i < row->n && entry == NULL; i++) {
        entry = row->trials[i]->diverged ? NULL : request_of(row->trials[i], j);
    }
    return entry;
}

typedef void (*fill_fn)(ebb_grid *grid, const ebb_table__row *row,
                        const ebb_table__keys *shown, const request *r);

static ebb_status fill_rows(ebb_grid *grid, const ebb_table__rows *all, const twins *twin,
                            const ebb_table__keys *shown, fill_fn fill)
{
    for (size_t i = 0; i < all->n; i++) {
        const ebb_table__row *row = &all->items[i];
        double *values = calloc(row->n, sizeof *values);
        if (values == NULL) {
            return ebb_fail_memory(row->n * sizeof *values);
        }
        const size_t n = count_requests(row);
        for (size_t j = 0; j < n; j++) {
            const json_t *entry = entry_of(row, j);
            request r = {.index = j,
                         .after = (size_t)ebb_json_get_number(entry, "after_task"),
                         .tasks = json_object_get(entry, "tasks")};
            fill_cost(&r, row, values);
            fill_accuracies(&r, row, twin);
            fill(grid, row, shown, &r);
        }
        free(values);
    }
    return EBB_OK;
}

static void tasks_cell(ebb_grid *grid, const request *r)
{
    ebb_text tasks = {0};
    ebb_json_print(&tasks, r->tasks);
    ebb_grid_cell(grid, "%s", tasks.data != NULL ? tasks.data : "");
    grid->failed |= tasks.failed;
    ebb_text_clear(&tasks);
}

static void change_cells(ebb_grid *grid, const change *accuracy, bool exact)
{
    if (isnan(accuracy->before)) {
        ebb_grid_cell(grid, "–");
    } else {
        ebb_grid_cell(grid, "%.1f%s", 100 * accuracy->before, exact ? "" : " ‡");
    }
    ebb_table__number_cell(grid, 100 * accuracy->after, 1);
}

static void readable_row(ebb_grid *grid, const ebb_table__row *row,
                         const ebb_table__keys *shown, const request *r)
{
    const double ms = 1e3 * r->seconds.median;
    const double low = 1e3 * r->seconds.low;
    const double high = 1e3 * r->seconds.high;
    const int decimals = ebb_grid_decimals(ms, low, high);
    ebb_table__key_cells(grid, row->trials[0], shown, "–");
    ebb_grid_cell(grid, "%zu", r->after);
    tasks_cell(grid, r);
    if (isnan(ms)) {
        ebb_grid_cell(grid, "%s", row->n_valid == 0 ? "invalid" : "–");
    } else {
        ebb_grid_cell(grid, "%.*f [%.*f, %.*f]", decimals, ms, decimals, low, decimals,
                      high);
    }
    ebb_table__number_cell(grid, r->bytes * 1e-6, 2);
    ebb_table__number_cell(grid, gbs_of(r), 1);
    change_cells(grid, &r->unlearned, r->exact);
    change_cells(grid, &r->remaining, r->exact);
    ebb_table__trials_cell(grid, row);
}

static void csv_row(ebb_grid *grid, const ebb_table__row *row,
                    const ebb_table__keys *shown, const request *r)
{
    const double values[] = {(double)row->n_valid,
                             (double)(row->n - row->n_valid),
                             r->seconds.median,
                             r->seconds.low,
                             r->seconds.high,
                             r->bytes,
                             gbs_of(r),
                             r->unlearned.before,
                             r->unlearned.after,
                             r->remaining.before,
                             r->remaining.after};
    ebb_table__key_cells(grid, row->trials[0], shown, "");
    ebb_grid_cell(grid, "%zu", r->after);
    tasks_cell(grid, r);
    ebb_grid_cell(grid, "%s", r->exact ? "yes" : "no");
    ebb_table__csv_cells(grid, values, sizeof values / sizeof values[0]);
}

static ebb_status fill_readable(ebb_grid *grid, const ebb_table__rows *all,
                                const twins *twin)
{
    static const char *const always[] = {"threads", NULL};
    static const char *const columns[] = {
        "ms",    "MB",    "GB/s", "unlearned % before", "after", "remaining % before",
        "after", "trials"};
    ebb_table__keys shown;
    ebb_table__shown(&shown, &all->keys, all->firsts, all->n, always, true);
    ebb_table__key_columns(grid, &shown, all->firsts, all->n);
    ebb_grid_column(grid, true, "after task");
    ebb_grid_column(grid, false, "unlearned");
    ebb_table__number_columns(grid, columns, sizeof columns / sizeof columns[0]);
    return fill_rows(grid, all, twin, &shown, readable_row);
}

static ebb_status fill_csv(ebb_grid *grid, const ebb_table__rows *all, const twins *twin)
{
    static const char *const always[] = {
        "algorithm", "strategy", "batch_size", "placement", "unlearn", "threads", NULL};
    static const char *const columns[] = {"trials",
                                          "invalid_trials",
                                          "seconds",
                                          "seconds_low",
                                          "seconds_high",
                                          "bytes",
                                          "gigabytes_per_second",
                                          "unlearned_before_fraction",
                                          "unlearned_after_fraction",
                                          "remaining_before_fraction",
                                          "remaining_after_fraction"};
    ebb_table__keys shown;
    ebb_table__shown(&shown, &all->keys, all->firsts, all->n, always, false);
    ebb_table__key_names(grid, &shown);
    ebb_grid_column(grid, true, "after_task");
    ebb_grid_column(grid, false, "unlearned_tasks");
    ebb_grid_column(grid, false, "just_before");
    ebb_table__number_columns(grid, columns, sizeof columns / sizeof columns[0]);
    return fill_rows(grid, all, twin, &shown, csv_row);
}

static void note_columns(ebb_text *out, ebb_format format)
{
    ebb_table__note(out, format,
                    "ms: of the request itself, median and range over valid trials; MB: "
                    "read and written; accuracies in %%: mean over tasks and trials.");
    ebb_table__note(out, format,
                    "before: as tested in a trial that is equal up to the request and "
                    "makes none there.");
    ebb_table__note(out, format,
                    "‡: there is no such trial: as tested after the task before, over "
                    "the tasks seen by then; before and after are then of these tasks; "
                    "–: not tested.");
}

static ebb_status render_rows(ebb_text *out, const ebb_trials *trials,
                              const ebb_table__rows *all, ebb_format format)
{
    static const char *const none[] = {NULL};
    static const char *const without[] = {
        "algorithm",          "unlearn", "unlearn_age", "unlearn_mode",
        "disable_unlearning", "threads", "placement",   "warmup_steps",
        "batch_per_thread",   NULL};
    twins twin = {.trials = trials};
    ebb_grid grid = {0};
    ebb_table__keys_make(&twin.keys, none, without, none);
    ebb_table__title(out, format, "Unlearning", all->sorted, trials->n);
    ebb_status status = format == EBB_CSV ? fill_csv(&grid, all, &twin)
                                          : fill_readable(&grid, all, &twin);
    const bool empty = grid.n_cells == grid.n_columns;
    const ebb_status rendered = ebb_table__body(out, format, &grid);
    status = status == EBB_OK ? rendered : status;
    if (empty) {
        ebb_table__note(out, format,
                        "No trial had a request to unlearn (in a suite: algorithm: "
                        "amnesiac-finetuning, unlearn: \"2:1\").");
    }
    note_columns(out, format);
    ebb_table__note_file(out, format, trials,
                         "disturbed ones are in the accuracies but in no time", true);
    return status;
}

static ebb_status render(ebb_text *out, const ebb_trials *trials, ebb_format format)
{
    return ebb_table__render_rows(out, trials, format, render_rows);
}

const ebb_table ebb_table_unlearning = {
    .choice = {.name = "unlearning",
               .summary = "cost of every request, and accuracies before and after it"},
    .file_stem = "unlearning",
    .render = render,
};
