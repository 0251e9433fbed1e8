#include "study/table_key.h"

#include <stdlib.h>
#include <string.h>

#include "study/json.h"

bool ebb_table__listed(const char *const *list, const char *key)
{
    for (; *list != NULL; list++) {
        if (strcmp(*list, key) == 0) {
            return true;
        }
    }
    return false;
}

static void add_key(ebb_table__keys *keys, const char *name)
{
    char *out = keys->names[keys->n++];
    size_t i = 0;
    for (; name[i] != '\0' && i < sizeof keys->names[0] - 1; i++) {
        out[i] = name[i];
        if (out[i] == '-') {
            out[i] = '_';
        }
    }
    out[i] = '\0';
}

void ebb_table__keys_make(ebb_table__keys *out, const char *const *first,
                          const char *const *without, const char *const *last)
{
    *out = (ebb_table__keys){0};
    for (size_t i = 0; first[i] != NULL; i++) {
        add_key(out, first[i]);
    }
    const ebb_config_option *option = NULL;
    for (size_t i = 0; (option = ebb_config_option_at(i)) != NULL; i++) {
        add_key(out, option->name);
        const char *key = out->names[out->n - 1];
        if (option->path || ebb_table__listed(first, key) ||
            ebb_table__listed(without, key) || ebb_table__listed(last, key)) {
            out->n--;
        }
    }
    add_key(out, "build_id");
    add_key(out, "machine_id");
    for (size_t i = 0; last[i] != NULL; i++) {
        add_key(out, last[i]);
    }
}

static const json_t *value_of(ebb_table__trial trial, const char *key)
{
    const json_t *value = json_object_get(trial->config, key);
    return value != NULL ? value : json_object_get(trial->record, key);
}

/* The value that tells trials apart: NULL for a batch that follows from other keys. */
static const json_t *factor_of(ebb_table__trial trial, const ebb_table__keys *keys,
                               const char *key)
{
    const bool follows = keys->of_work && strcmp(key, "batch_size") == 0 &&
                         json_is_integer(value_of(trial, "batch_per_thread"));
    return follows ? NULL : value_of(trial, key);
}

/* Position of a name among those its option chooses from; past the end for others. */
static size_t rank_of(const char *key, const char *name)
{
    const int option = ebb_config_find(key);
    const ebb_choice_fn choices = option < 0 ? NULL : ebb_config_choices((size_t)option);
    size_t rank = 0;
    while (choices != NULL && choices(rank) != NULL &&
           strcmp(choices(rank)->name, name) != 0) {
        rank++;
    }
    return rank;
}

static int compare_texts(const json_t *a, const json_t *b)
{
    ebb_text text[2] = {{0}, {0}};
    ebb_json_print(&text[0], a);
    ebb_json_print(&text[1], b);
    const int order = strcmp(text[0].data == NULL ? "" : text[0].data,
                             text[1].data == NULL ? "" : text[1].data);
    ebb_text_clear(&text[0]);
    ebb_text_clear(&text[1]);
    return order;
}

static int compare_values(const json_t *a, const json_t *b, const char *key)
{
    if (json_equal(a, b)) {
        return 0;
    }
    if (json_is_number(a) && json_is_number(b)) {
        const double x = json_number_value(a);
        const double y = json_number_value(b);
        return (x > y) - (x < y);
    }
    if (json_is_string(a) && json_is_string(b)) {
        const size_t x = rank_of(key, json_string_value(a));
        const size_t y = rank_of(key, json_string_value(b));
        return x != y ? (x > y ? 1 : -1)
                      : strcmp(json_string_value(a), json_string_value(b));
    }
    const bool no_a = a == NULL || json_is_null(a);
    const bool no_b = b == NULL || json_is_null(b);
    return no_a || no_b ? no_b - no_a : compare_texts(a, b);
}

int ebb_table__compare(ebb_table__trial a, ebb_table__trial b,
                       const ebb_table__keys *keys, size_t n)
{
    int order = 0;
    for (size_t i = 0; i < n && order == 0; i++) {
        const char *key = keys->names[i];
        order = compare_values(factor_of(a, keys, key), factor_of(b, keys, key), key);
    }
    return order;
}

static int compare_trials(const void *a, const void *b, void *keys)
{
    const ebb_table__trial x = *(const ebb_table__trial *)a;
    const ebb_table__trial y = *(const ebb_table__trial *)b;
    const ebb_table__keys *all = keys;
    const int order = ebb_table__compare(x, y, all, all->n);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

ebb_status ebb_table__sort(ebb_table__trial **out, const ebb_trials *trials,
                           const ebb_table__keys *keys)
{
    *out = calloc(trials->n + 1, sizeof **out);
    if (*out == NULL) {
        return ebb_fail_memory(trials->n * sizeof **out);
    }
    for (size_t i = 0; i < trials->n; i++) {
        (*out)[i] = &trials->items[i];
    }
    ebb_table__keys order = *keys; /* qsort_r passes no const */
    qsort_r(*out, trials->n, sizeof **out, compare_trials, &order);
    return EBB_OK;
}

size_t ebb_table__run_end(const ebb_table__trial *sorted, size_t begin, size_t n,
                          const ebb_table__keys *keys, size_t n_keys)
{
    size_t end = begin + 1;
    while (end < n && ebb_table__compare(sorted[begin], sorted[end], keys, n_keys) == 0) {
        end++;
    }
    return end;
}

static bool varies(const ebb_table__trial *trials, size_t n, const ebb_table__keys *keys,
                   const char *key)
{
    for (size_t i = 1; i < n; i++) {
        if (compare_values(factor_of(trials[0], keys, key),
                           factor_of(trials[i], keys, key), key) != 0) {
            return true;
        }
    }
    return false;
}

bool ebb_table__varies(const ebb_table__trial *trials, size_t n, const char *key)
{
    return varies(trials, n, &(ebb_table__keys){.n = 0}, key);
}

/* Do trials that agree in all of `shown` agree in key too? */
static bool follows(const char *key, const ebb_table__keys *shown,
                    const ebb_table__trial *trials, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            if (compare_values(factor_of(trials[i], shown, key),
                               factor_of(trials[j], shown, key), key) != 0 &&
                ebb_table__compare(trials[i], trials[j], shown, shown->n) == 0) {
                return false;
            }
        }
    }
    return true;
}

void ebb_table__shown(ebb_table__keys *out, const ebb_table__keys *keys,
                      const ebb_table__trial *trials, size_t n, const char *const *always,
                      bool brief)
{
    *out = (ebb_table__keys){.of_work = keys->of_work};
    for (size_t i = 0; i < keys->n; i++) {
        const char *key = keys->names[i];
        /* A batch is never left to be inferred. */
        const bool inferred = brief && strcmp(key, "batch_size") != 0;
        if (ebb_table__listed(always, key) ||
            (varies(trials, n, keys, key) &&
             !(inferred && follows(key, out, trials, n)))) {
            add_key(out, key);
        }
    }
}

void ebb_table__print(ebb_text *out, ebb_table__trial trial, const char *key,
                      const char *absent)
{
    const json_t *value = value_of(trial, key);
    const size_t before = out->length;
    if (value != NULL) {
        ebb_json_print(out, value);
    }
    if (out->length == before) {
        ebb_text_append(out, "%s", absent);
    }
}

void ebb_table__key_cells(ebb_grid *grid, ebb_table__trial trial,
                          const ebb_table__keys *keys, const char *absent)
{
    for (size_t i = 0; i < keys->n; i++) {
        ebb_text value = {0};
        ebb_table__print(&value, trial, keys->names[i], absent);
        ebb_grid_cell(grid, "%s", value.data != NULL ? value.data : "");
        grid->failed |= value.failed;
        ebb_text_clear(&value);
    }
}
