/* table_forgetting.c - accuracy of every task after every task, algorithms side by side.
 */
#include <math.h>
#include <string.h>

#include "study/json.h"
#include "study/record.h"
#include "study/table.h"
#include "study/table_block.h"
#include "study/table_note.h"

enum { MAX_SIDE_BY_SIDE = 12 }; /* columns of accuracies in one table */

static const struct {
    const char *metric, *title;
} metrics[] = {
    {"average_accuracy", "average accuracy, all tasks"},
    {"average_accuracy_remaining", "average accuracy, remaining tasks"},
    {"average_accuracy_unlearned", "average accuracy, unlearned tasks"},
    {"learning_accuracy", "accuracy just after each task"},
    {"forgetting", "forgetting, remaining tasks"},
    {"forgetting_all", "forgetting, all tasks"},
    {"backward_transfer", "backward transfer, remaining tasks"},
    {"backward_transfer_all", "backward transfer, all tasks"},
};
enum { N_METRICS = sizeof metrics / sizeof metrics[0] };

/* In percent; a spread below a tenth needs a digit more. */
static void percent_cell(ebb_grid *grid, const ebb_table__spread *value, const char *mark)
{
    const double percent = 100 * value->mean;
    const double deviation = 100 * value->deviation;
    const int decimals = deviation > 0 && deviation < 0.1 ? 2 : 1;
    if (isnan(percent)) {
        ebb_grid_cell(grid, "%s", "");
    } else if (isnan(deviation)) {
        ebb_grid_cell(grid, "%.*f%s", decimals, percent, mark);
    } else {
        ebb_grid_cell(grid, "%.*f ± %.*f%s", decimals, percent, decimals, deviation,
                      mark);
    }
}

/* Blocks begin … end−1 beside each other. */
static ebb_status render_accuracies(ebb_text *out, const ebb_table__setting *setting,
                                    size_t begin, size_t end, ebb_format format)
{
    ebb_grid grid = {0};
    ebb_grid_column(&grid, true, "after task");
    for (size_t b = begin; b < end; b++) {
        ebb_grid_column(&grid, true, "%s: task 1", setting->blocks[b].label);
        for (size_t k = 1; k < setting->n_tasks; k++) {
            ebb_grid_column(&grid, true, "%zu", k + 1);
        }
    }
    for (size_t t = 0; t < setting->n_tasks; t++) {
        ebb_grid_cell(&grid, "%zu", t + 1);
        for (size_t b = begin; b < end; b++) {
            for (size_t k = 0; k < setting->n_tasks; k++) {
                const ebb_table__spread value =
                    ebb_table__accuracy(&setting->blocks[b], t, k);
                const bool gone =
                    ebb_record_unlearned(setting->firsts[b]->record, k + 1, t + 1);
                percent_cell(&grid, &value, gone ? " †" : "");
            }
        }
    }
    const ebb_status status = ebb_grid_render(out, &grid, format);
    ebb_grid_clear(&grid);
    ebb_text_append(out, "\n");
    return status;
}

static ebb_status render_metrics(ebb_text *out, const ebb_table__setting *setting,
                                 ebb_format format)
{
    ebb_grid grid = {0};
    ebb_grid_column(&grid, false, "%% after the last task");
    for (size_t b = 0; b < setting->n_blocks; b++) {
        ebb_grid_column(&grid, true, "%s", setting->blocks[b].label);
    }
    for (size_t i = 0; i < N_METRICS; i++) {
        ebb_grid_cell(&grid, "%s", metrics[i].title);
        for (size_t b = 0; b < setting->n_blocks; b++) {
            const ebb_table__spread value =
                ebb_table__metric(&setting->blocks[b], metrics[i].metric);
            percent_cell(&grid, &value, "");
        }
    }
    const ebb_status status = ebb_grid_render(out, &grid, format);
    ebb_grid_clear(&grid);
    ebb_text_append(out, "\n");
    return status;
}

/* "task 1 after task 2; task 2,3 after task 5" */
static void print_requests(ebb_text *out, ebb_table__trial trial)
{
    const json_t *requests = json_object_get(trial->record, "unlearning");
    for (size_t i = 0; i < json_array_size(requests); i++) {
        const json_t *entry = json_array_get(requests, i);
        ebb_text_append(out, "%stask ", i == 0 ? "" : "; ");
        ebb_json_print(out, json_object_get(entry, "tasks"));
        ebb_text_append(out, " after task %.0f",
                        ebb_json_get_number(entry, "after_task"));
    }
}

/* "3 seeds", or of each block where they differ. */
static void print_seeds(ebb_text *out, const ebb_table__setting *setting)
{
    const size_t n = setting->blocks[0].n_seeds;
    bool equal = true;
    for (size_t b = 1; b < setting->n_blocks; b++) {
        equal = equal && setting->blocks[b].n_seeds == n;
    }
    ebb_text_append(out, "%zu seed%s", n, n == 1 ? "" : "s");
    for (size_t b = 0; b < setting->n_blocks && !equal; b++) {
        ebb_text_append(out, "%s%s: %zu", b == 0 ? " (" : "; ", setting->blocks[b].label,
                        setting->blocks[b].n_seeds);
    }
    ebb_text_append(out, "%s", equal ? "" : ")");
}

static void note_blocks(ebb_text *out, ebb_format format,
                        const ebb_table__setting *setting)
{
    bool any = false;
    for (size_t b = 0; b < setting->n_blocks; b++) {
        ebb_text requests = {0};
        print_requests(&requests, setting->firsts[b]);
        if (requests.data != NULL) {
            ebb_table__note(out, format, "† unlearned by then: %s unlearns %s.",
                            setting->blocks[b].label, requests.data);
            any = true;
        }
        ebb_text_clear(&requests);
    }
    if (any) { /* the diagonal is tested after the unlearning of its row */
        ebb_table__note(out, format,
                        "Just after each task means before the next: what is unlearned "
                        "in between is gone already.");
    }
    ebb_text seeds = {0};
    print_seeds(&seeds, setting);
    if (seeds.data != NULL) {
        ebb_table__note(out, format,
                        "Accuracy in %%, mean ± standard deviation over %s (one seed has "
                        "none); empty: not tested.",
                        seeds.data);
    }
    ebb_text_clear(&seeds);
}

static ebb_status render_setting(ebb_text *out, const ebb_table__settings *all,
                                 size_t index, ebb_format format)
{
    const ebb_table__setting *setting = &all->items[index];
    ebb_text heading = {0};
    ebb_text common = {0};
    ebb_text_append(&heading, "Forgetting");
    ebb_table__print_difference(&heading, all, index, ": ", ", ");
    ebb_table__print_common(&common, setting->blocks[0].trials, setting->n_trials);
    ebb_table__heading(out, format, heading.data != NULL ? heading.data : "",
                       common.data != NULL ? common.data : "");
    ebb_text_clear(&heading);
    ebb_text_clear(&common);
    const size_t fitting = MAX_SIDE_BY_SIDE / setting->n_tasks;
    const size_t width = fitting > 0 ? fitting : 1;
    for (size_t begin = 0; begin < setting->n_blocks; begin += width) {
        const size_t end =
            begin + width < setting->n_blocks ? begin + width : setting->n_blocks;
        EBB_TRY(render_accuracies(out, setting, begin, end, format));
    }
    EBB_TRY(render_metrics(out, setting, format));
    note_blocks(out, format, setting);
    return EBB_OK;
}

static void csv_numbers(ebb_grid *grid, const ebb_table__spread *value)
{
    const double numbers[] = {value->mean, value->deviation, value->low, value->high};
    ebb_grid_cell(grid, "%zu", value->n);
    for (size_t i = 0; i < 4; i++) {
        if (isnan(numbers[i])) {
            ebb_grid_cell(grid, "%s", "");
        } else {
            ebb_grid_cell(grid, "%.8g", numbers[i]);
        }
    }
}

static void csv_block(ebb_grid *grid, const ebb_table__setting *setting, size_t b,
                      const ebb_table__keys *shown)
{
    const ebb_table__block *block = &setting->blocks[b];
    const ebb_table__trial trial = setting->firsts[b];
    for (size_t t = 0; t < setting->n_tasks; t++) {
        for (size_t k = 0; k < setting->n_tasks; k++) {
            const ebb_table__spread value = ebb_table__accuracy(block, t, k);
            if (value.n == 0) {
                continue;
            }
            ebb_table__key_cells(grid, trial, shown, "");
            ebb_grid_cell(grid, "accuracy");
            ebb_grid_cell(grid, "%zu", t + 1);
            ebb_grid_cell(grid, "%zu", k + 1);
            ebb_grid_cell(grid, "%s",
                          ebb_record_unlearned(trial->record, k + 1, t + 1) ? "yes"
                                                                            : "no");
            csv_numbers(grid, &value);
        }
    }
    for (size_t i = 0; i < N_METRICS; i++) {
        const ebb_table__spread value = ebb_table__metric(block, metrics[i].metric);
        ebb_table__key_cells(grid, trial, shown, "");
        ebb_grid_cell(grid, "%s", metrics[i].metric);
        ebb_grid_cell(grid, "%zu", setting->n_tasks);
        ebb_grid_cell(grid, "%s", "");
        ebb_grid_cell(grid, "%s", "");
        csv_numbers(grid, &value);
    }
}

static ebb_status render_csv(ebb_text *out, const ebb_table__settings *all)
{
    static const char *const always[] = {"strategy", "batch_size", "algorithm", "unlearn",
                                         NULL};
    static const char *const rest[] = {
        "quantity",      "after_task",         "task",         "unlearned",    "seeds",
        "mean_fraction", "deviation_fraction", "low_fraction", "high_fraction"};
    ebb_table__keys keys = all->keys;
    ebb_table__keys shown;
    keys.n--; /* seeds are what the numbers are over */
    ebb_table__shown(&shown, &keys, all->sorted, all->n_sorted, always, false);
    ebb_grid grid = {0};
    for (size_t i = 0; i < shown.n; i++) {
        ebb_grid_column(&grid, false, "%s", shown.names[i]);
    }
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
        ebb_grid_column(&grid, true, "%s", rest[i]);
    }
    for (size_t i = 0; i < all->n; i++) {
        for (size_t b = 0; b < all->items[i].n_blocks; b++) {
            csv_block(&grid, &all->items[i], b, &shown);
        }
    }
    const ebb_status status = ebb_grid_render(out, &grid, EBB_CSV);
    ebb_grid_clear(&grid);
    return status;
}

/* Settings of several tasks, each by itself; *n_single: those of one task, where nothing
 * is there to be forgotten. */
static ebb_status render_settings(size_t *n_single, ebb_text *out,
                                  const ebb_table__settings *all, ebb_format format)
{
    *n_single = 0;
    for (size_t i = 0; i < all->n; i++) {
        if (all->items[i].n_tasks == 1) {
            (*n_single)++;
            continue;
        }
        ebb_text_append(out, "%s", i > *n_single ? "\n" : "");
        EBB_TRY(render_setting(out, all, i, format));
    }
    return EBB_OK;
}

static ebb_status render_all(ebb_text *out, const ebb_trials *trials,
                             const ebb_table__settings *all, ebb_format format)
{
    if (format == EBB_CSV) {
        return render_csv(out, all);
    }
    size_t n_single = 0;
    if (all->n == 0) {
        ebb_table__heading(out, format, "Forgetting", "No trial to show.");
    }
    EBB_TRY(render_settings(&n_single, out, all, format));
    if (n_single > 0 && n_single == all->n) {
        ebb_table__heading(out, format, "Forgetting", "No trial of more than one task.");
    }
    if (n_single > 0) {
        ebb_table__note(
            out, format,
            "Left out: %zu setting%s of a single task, which nothing can make "
            "forgotten; CSV has the accuracies.",
            n_single, n_single == 1 ? "" : "s");
    }
    ebb_table__note_file(out, format, trials,
                         "disturbed ones are in the accuracies all the same, which time "
                         "has no part in; diverged ones are left out",
                         false);
    return EBB_OK;
}

static ebb_status render(ebb_text *out, const ebb_trials *trials, ebb_format format)
{
    ebb_table__settings all;
    EBB_TRY(ebb_table__settings_make(&all, trials));
    const ebb_status status = render_all(out, trials, &all, format);
    ebb_table__settings_clear(&all);
    return status;
}

const ebb_table ebb_table_forgetting = {
    .choice = {.name = "forgetting",
               .summary = "accuracy of every task after every task, by algorithm"},
    .file_stem = "forgetting",
    .shown = true,
    .render = render,
};
