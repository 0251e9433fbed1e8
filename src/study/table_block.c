#include "study/table_block.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/json.h"

static const char *const first_keys[] = {"strategy", "batch_size", NULL};
static const char *const without_keys[] = {"threads", "placement",        "warmup_steps",
                                           "profile", "batch_per_thread", NULL};
static const char *const last_keys[] = {
    "algorithm",          "unlearn", "unlearn_age", "unlearn_mode",
    "disable_unlearning", "seed",    NULL};
enum { N_BLOCK_KEYS = 5 }; /* last_keys without the seed */

/* What one trial has to say; NaN when nothing. */
typedef struct quantity {
    const char *metric; /* NULL: the entry t, k of the accuracy matrix */
    size_t t, k;
} quantity;

static double value_of(ebb_table__trial trial, const quantity *what)
{
    return what->metric != NULL
               ? ebb_json_get_number(json_object_get(trial->record, "metrics"),
                                     what->metric)
               : ebb_json_get_entry(json_object_get(trial->record, "accuracy"), what->t,
                                    what->k);
}

static bool same_seed(ebb_table__trial a, ebb_table__trial b)
{
    const json_t *left = json_object_get(a->config, "seed");
    const json_t *right = json_object_get(b->config, "seed");
    /* Absent in both is the same; jansson finds nothing equal to NULL. */
    return left == right || json_equal(left, right) != 0;
}

/* Mean over the trials of the seed that begins at `begin`; *end is set behind them. */
static double mean_of_seed(const ebb_table__block *block, size_t begin, size_t *end,
                           const quantity *what)
{
    double sum = 0;
    size_t n = 0;
    size_t i = begin;
    for (; i < block->n && same_seed(block->trials[begin], block->trials[i]); i++) {
        sum += value_of(block->trials[i], what);
        n++;
    }
    *end = i;
    return sum / (double)n;
}

/* Welford 1962. */
static ebb_table__spread spread_of(const ebb_table__block *block, const quantity *what)
{
    const double none = (double)NAN;
    ebb_table__spread spread = {.mean = none, .low = none, .high = none};
    double squares = 0;
    for (size_t begin = 0, end = 0; begin < block->n; begin = end) {
        const double value = mean_of_seed(block, begin, &end, what);
        if (isnan(value)) {
            continue;
        }
        spread.n++;
        const double before = spread.n == 1 ? value : spread.mean;
        spread.mean = before + (value - before) / (double)spread.n;
        squares += (value - before) * (value - spread.mean);
        spread.low = fmin(spread.low, value);
        spread.high = fmax(spread.high, value);
    }
    spread.deviation = spread.n < 2 ? none : sqrt(squares / (double)(spread.n - 1));
    return spread;
}

ebb_table__spread ebb_table__accuracy(const ebb_table__block *block, size_t t, size_t k)
{
    return spread_of(block, &(quantity){.t = t, .k = k});
}

ebb_table__spread ebb_table__metric(const ebb_table__block *block, const char *metric)
{
    return spread_of(block, &(quantity){.metric = metric});
}

/* The algorithm's name, and of its unlearning what the other blocks do differently. */
static ebb_status label_blocks(ebb_table__setting *setting)
{
    ebb_table__keys all;
    ebb_table__keys shown;
    const char *const nothing[] = {NULL};
    const char *const always[] = {"algorithm", NULL};
    ebb_table__keys_make(&all, last_keys, without_keys, nothing);
    all.n = N_BLOCK_KEYS;
    ebb_table__shown(&shown, &all, setting->firsts, setting->n_blocks, always, true);
    for (size_t i = 0; i < setting->n_blocks; i++) {
        ebb_text label = {0};
        ebb_text_append(&label, "%s", ""); /* never NULL, whatever a record lacks */
        for (size_t j = 0; j < shown.n; j++) {
            ebb_text value = {0};
            ebb_table__print(&value, setting->firsts[i], shown.names[j], "");
            if (value.length > 0 && j == 0) {
                ebb_text_append(&label, "%s", value.data);
            } else if (value.length > 0) {
                ebb_text_append(&label, ", %s %s", shown.names[j], value.data);
            }
            label.failed |= value.failed;
            ebb_text_clear(&value);
        }
        setting->blocks[i].label = label.data; /* freed like any text */
        EBB_TRY(ebb_text_check(&label));
    }
    return EBB_OK;
}

static void fill_block(ebb_table__block *block)
{
    for (size_t i = 0; i < block->n; i++) {
        block->n_seeds += i == 0 || !same_seed(block->trials[i - 1], block->trials[i]);
    }
}

static ebb_status fill_setting(ebb_table__setting *setting,
                               const ebb_table__trial *trials, size_t n,
                               const ebb_table__keys *keys)
{
    setting->blocks = calloc(n, sizeof *setting->blocks);
    setting->firsts = calloc(n, sizeof *setting->firsts);
    if (setting->blocks == NULL || setting->firsts == NULL) {
        return ebb_fail_memory(n * sizeof *setting->blocks);
    }
    setting->n_tasks = trials[0]->n_tasks;
    setting->n_trials = n;
    for (size_t begin = 0, end = 0; begin < n; begin = end) {
        end = ebb_table__run_end(trials, begin, n, keys, keys->n - 1);
        ebb_table__block *block = &setting->blocks[setting->n_blocks];
        *block = (ebb_table__block){.trials = trials + begin, .n = end - begin};
        fill_block(block);
        setting->firsts[setting->n_blocks++] = trials[begin];
    }
    return label_blocks(setting);
}

/* Sorts and keeps those that did not diverge. */
static ebb_status sort_complete(ebb_table__settings *out, const ebb_trials *trials)
{
    EBB_TRY(ebb_table__sort(&out->sorted, trials, &out->keys));
    for (size_t i = 0; i < trials->n; i++) {
        if (!out->sorted[i]->diverged) {
            out->sorted[out->n_sorted++] = out->sorted[i];
        }
    }
    return EBB_OK;
}

static ebb_status fill_settings(ebb_table__settings *out, const ebb_trials *trials)
{
    EBB_TRY(sort_complete(out, trials));
    const size_t n = out->n_sorted;
    out->items = calloc(n + 1, sizeof *out->items);
    out->firsts = calloc(n + 1, sizeof *out->firsts);
    if (out->items == NULL || out->firsts == NULL) {
        return ebb_fail_memory(n * sizeof *out->items);
    }
    for (size_t begin = 0, end = 0; begin < n; begin = end) {
        end = ebb_table__run_end(out->sorted, begin, n, &out->keys, out->n_keys);
        out->firsts[out->n] = out->sorted[begin];
        EBB_TRY(fill_setting(&out->items[out->n++], out->sorted + begin, end - begin,
                             &out->keys));
    }
    return EBB_OK;
}

ebb_status ebb_table__settings_make(ebb_table__settings *out, const ebb_trials *trials)
{
    *out = (ebb_table__settings){0};
    ebb_table__keys_make(&out->keys, first_keys, without_keys, last_keys);
    out->n_keys = out->keys.n - N_BLOCK_KEYS - 1;
    const ebb_status status = fill_settings(out, trials);
    if (status != EBB_OK) {
        ebb_table__settings_clear(out);
    }
    return status;
}

void ebb_table__settings_clear(ebb_table__settings *settings)
{
    for (size_t i = 0; i < settings->n; i++) {
        ebb_table__setting *setting = &settings->items[i];
        for (size_t j = 0; j < setting->n_blocks; j++) {
            free(setting->blocks[j].label);
        }
        free(setting->blocks);
        free(setting->firsts);
    }
    free(settings->items);
    free(settings->sorted);
    free(settings->firsts);
    *settings = (ebb_table__settings){0};
}

void ebb_table__print_difference(ebb_text *out, const ebb_table__settings *settings,
                                 size_t index, const char *before, const char *between)
{
    static const char *const always[] = {NULL};
    ebb_table__keys keys = settings->keys;
    keys.n = settings->n_keys;
    ebb_table__keys shown;
    ebb_table__shown(&shown, &keys, settings->firsts, settings->n, always, true);
    for (size_t i = 0; i < shown.n; i++) {
        ebb_text_append(out, "%s%s ", i == 0 ? before : between, shown.names[i]);
        ebb_table__print(out, settings->firsts[index], shown.names[i], "none");
    }
}
