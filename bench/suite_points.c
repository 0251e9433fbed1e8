#include "suite_points.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_AXES = 64 };

/* One key of `sweep`. */
typedef struct axis {
    const ebb_node *node; /* its entry, for key and line */
    char **values;        /* owned texts */
    size_t *lines;        /* of each value; owned */
    size_t n;
} axis;

typedef struct axes {
    axis items[MAX_AXES];
    size_t n;
} axes;

/* "FILE:LINE: KEY" for messages. */
typedef struct place {
    char text[1100];
} place;

static const char *place_of(place *out, const ebb_suite_source *source, size_t line,
                            const char *key)
{
    char shown[64];
    snprintf(out->text, sizeof out->text, "%s:%zu: %s", source->path, line,
             ebb_text_printable(shown, key));
    return out->text;
}

/* Files that a trial writes would be written by every point. */
static bool belongs_into_suite(const ebb_config_option *option)
{
    return !option->path || strcmp(option->name, "data-dir") == 0;
}

static ebb_status check_key(const ebb_suite_source *source, const ebb_node *entry)
{
    enum { MAX_NAMES = 64 };
    char keys[MAX_NAMES][32];
    const char *names[MAX_NAMES];
    size_t n = 0;
    const ebb_config_option *option = NULL;
    for (size_t i = 0; (option = ebb_config_option_at(i)) != NULL; i++) {
        if (!belongs_into_suite(option)) {
            continue;
        }
        names[n] = ebb_config_key(keys[n], option->name);
        if (strcmp(names[n++], entry->key) == 0) {
            return EBB_OK;
        }
    }
    place at;
    place_of(&at, source, entry->line, entry->key);
    const char *nearest = ebb_text_nearest(entry->key, names, n);
    return nearest == NULL
               ? ebb_fail(EBB_ERR_USAGE,
                          "%s: unknown option of a trial (all: ebb list options)",
                          at.text)
               : ebb_fail(EBB_ERR_USAGE,
                          "%s: unknown option of a trial (nearest: %s; all: ebb list "
                          "options)",
                          at.text, nearest);
}

static ebb_status set_text(ebb_config *config, const ebb_suite_source *source,
                           const char *key, const char *text, size_t line)
{
    place at;
    return ebb_config_set(config, place_of(&at, source, line, key), key, text);
}

/* Every entry of a map of options. */
static ebb_status set_map(ebb_config *config, const ebb_suite_source *source,
                          const ebb_node *map)
{
    for (size_t i = 0; i < map->n_items; i++) {
        const ebb_node *entry = &map->items[i];
        EBB_TRY(check_key(source, entry));
        if (entry->kind != EBB_NODE_TEXT) {
            place at;
            return ebb_fail(EBB_ERR_USAGE, "%s: a %s (allowed: one value, lists as text)",
                            place_of(&at, source, entry->line, entry->key),
                            entry->kind == EBB_NODE_LIST ? "list" : "map");
        }
        EBB_TRY(set_text(config, source, entry->key, entry->text, entry->line));
    }
    return EBB_OK;
}

static ebb_status add_value(axis *out, const char *text, size_t line)
{
    char **values = realloc(out->values, (out->n + 1) * sizeof *values);
    if (values != NULL) {
        out->values = values;
    }
    size_t *lines = realloc(out->lines, (out->n + 1) * sizeof *lines);
    if (lines != NULL) {
        out->lines = lines;
    }
    char *copy = strdup(text);
    if (values == NULL || lines == NULL || copy == NULL) {
        free(copy);
        return ebb_fail_memory((out->n + 1) * sizeof *values);
    }
    values[out->n] = copy;
    lines[out->n++] = line;
    return EBB_OK;
}

/* A number of threads that a word stands for; one that is there already is not repeated:
 * what `all` means depends on the machine, and the suite must fit every one. */
static ebb_status add_threads(axis *out, size_t threads, size_t line)
{
    char text[32];
    snprintf(text, sizeof text, "%zu", threads);
    for (size_t i = 0; i < out->n; i++) {
        if (strcmp(out->values[i], text) == 0) {
            return EBB_OK;
        }
    }
    return add_value(out, text, line);
}

/* 1, 2, 4, … and the usable cores. */
static ebb_status add_ladder(axis *out, size_t usable_cores, size_t line)
{
    for (size_t threads = 1; threads < usable_cores; threads *= 2) {
        EBB_TRY(add_threads(out, threads, line));
    }
    return add_threads(out, usable_cores, line);
}

/* *word: it was one of the words that threads takes. */
static ebb_status add_word(axis *out, bool *word, const ebb_suite_source *source,
                           const ebb_node *value)
{
    *word = false;
    if (strcmp(out->node->key, "threads") != 0 || value->kind != EBB_NODE_TEXT) {
        return EBB_OK;
    }
    if (strcmp(value->text, "ladder") == 0) {
        *word = true;
        return add_ladder(out, source->usable_cores, value->line);
    }
    if (strcmp(value->text, "all") == 0) {
        *word = true;
        return add_threads(out, source->usable_cores, value->line);
    }
    return EBB_OK;
}

static ebb_status read_list(axis *out, const ebb_suite_source *source)
{
    const ebb_node *list = out->node;
    place at;
    place_of(&at, source, list->line, list->key);
    if (list->n_items > EBB_SUITE_MAX_POINTS) {
        return ebb_fail(EBB_ERR_USAGE, "%s: %zu values (allowed: %d)", at.text,
                        list->n_items, EBB_SUITE_MAX_POINTS);
    }
    for (size_t i = 0; i < list->n_items; i++) {
        const ebb_node *value = &list->items[i];
        bool word = false;
        EBB_TRY(add_word(out, &word, source, value));
        if (word) {
            continue;
        }
        if (value->kind != EBB_NODE_TEXT) {
            return ebb_fail(EBB_ERR_USAGE,
                            "%s: a value that is a list or map (allowed: "
                            "plain values, lists as text)",
                            at.text);
        }
        for (size_t k = 0; k < out->n; k++) {
            if (strcmp(out->values[k], value->text) == 0) {
                char shown[64];
                return ebb_fail(EBB_ERR_USAGE, "%s: '%s' stands twice (allowed: once)",
                                at.text, ebb_text_printable(shown, value->text));
            }
        }
        EBB_TRY(add_value(out, value->text, value->line));
    }
    return out->n > 0
               ? EBB_OK
               : ebb_fail(EBB_ERR_USAGE, "%s: an empty list (allowed: one value or more)",
                          at.text);
}

static ebb_status read_axis(axis *out, const ebb_suite_source *source)
{
    EBB_TRY(check_key(source, out->node));
    if (out->node->kind == EBB_NODE_LIST) {
        return read_list(out, source);
    }
    bool word = false;
    EBB_TRY(add_word(out, &word, source, out->node));
    if (word) {
        return EBB_OK;
    }
    const bool threads = strcmp(out->node->key, "threads") == 0;
    place at;
    return ebb_fail(EBB_ERR_USAGE, "%s: no list (allowed: a list of values%s)",
                    place_of(&at, source, out->node->line, out->node->key),
                    threads ? ", ladder, all" : "");
}

static ebb_status read_axes(axes *out, const ebb_suite_source *source)
{
    const ebb_node *sweep = ebb_document_find(source->root, "sweep");
    for (size_t i = 0; sweep != NULL && i < sweep->n_items && out->n < MAX_AXES; i++) {
        axis *item = &out->items[out->n++];
        item->node = &sweep->items[i];
        EBB_TRY(read_axis(item, source));
    }
    return EBB_OK;
}

static void clear_axes(axes *all)
{
    for (size_t i = 0; i < all->n; i++) {
        for (size_t k = 0; k < all->items[i].n; k++) {
            free(all->items[i].values[k]);
        }
        free(all->items[i].values);
        free(all->items[i].lines);
    }
}

/* Points that one base becomes; more than can be counted are infinite. */
static double count_product(const axes *all)
{
    double n = 1;
    for (size_t i = 0; i < all->n; i++) {
        n *= (double)all->items[i].n;
    }
    return n;
}

/* Combination `index` of the axes over base; the last axis varies fastest. */
static ebb_status make_point(ebb_suite_point *out, const ebb_suite_source *source,
                             const ebb_suite_point *base, const axes *all, size_t index)
{
    EBB_TRY(ebb_config_copy(&out->config, &base->config));
    out->line = base->line;
    for (size_t i = all->n; i-- > 0;) {
        const axis *item = &all->items[i];
        const size_t k = index % item->n;
        index /= item->n;
        EBB_TRY(set_text(&out->config, source, item->node->key, item->values[k],
                         item->lines[k]));
    }
    ebb_config_resolve(&out->config, source->usable_cores);
    place at;
    snprintf(at.text, sizeof at.text, "%s:%zu", source->path, out->line);
    EBB_TRY(ebb_config_check(&out->config, at.text));
    return ebb_config_hash(out->hash, &out->config, false);
}

/* A key in both would have one value silently replaced by the other. */
static ebb_status check_overlap(const ebb_suite_source *source, const ebb_node *point,
                                const axes *all)
{
    for (size_t i = 0; i < all->n; i++) {
        const ebb_node *swept = all->items[i].node;
        const ebb_node *entry = ebb_document_find(point, swept->key);
        if (entry != NULL) {
            place at;
            return ebb_fail(EBB_ERR_USAGE,
                            "%s: also swept in line %zu (allowed: one of them)",
                            place_of(&at, source, entry->line, entry->key), swept->line);
        }
    }
    return EBB_OK;
}

/* A base of points: `trial` alone, or an entry of `points` over it. */
static ebb_status add_base(ebb_suite *suite, const ebb_suite_source *source,
                           const ebb_suite_point *base, const axes *all)
{
    const double product = count_product(all);
    if (product > EBB_SUITE_MAX_POINTS - (double)suite->n_points) {
        return ebb_fail(
            EBB_ERR_USAGE,
            "%s: more points than can be meant: %.6g of the entry in line %zu "
            "and %zu before it (allowed: %d)",
            source->path, product, base->line, suite->n_points, EBB_SUITE_MAX_POINTS);
    }
    const size_t n = (size_t)product;
    const size_t total = suite->n_points + n;
    ebb_suite_point *points = realloc(suite->points, total * sizeof *points);
    if (points == NULL) {
        return ebb_fail_memory(total * sizeof *points);
    }
    suite->points = points;
    for (size_t i = 0; i < n; i++) {
        points[suite->n_points] = (ebb_suite_point){.line = 0};
        EBB_TRY(make_point(&points[suite->n_points++], source, base, all, i));
    }
    return EBB_OK;
}

static ebb_status add_entry(ebb_suite *suite, const ebb_suite_source *source,
                            const ebb_node *entry, const ebb_suite_point *trial,
                            const axes *all)
{
    if (entry->kind != EBB_NODE_MAP) {
        place at;
        return ebb_fail(EBB_ERR_USAGE,
                        "%s: an entry that is no map (allowed: {KEY: VALUE})",
                        place_of(&at, source, entry->line, "points"));
    }
    EBB_TRY(check_overlap(source, entry, all));
    ebb_suite_point base = {.line = entry->line};
    EBB_TRY(ebb_config_copy(&base.config, &trial->config));
    ebb_status status = set_map(&base.config, source, entry);
    if (status == EBB_OK) {
        status = add_base(suite, source, &base, all);
    }
    ebb_config_clear(&base.config);
    return status;
}

static ebb_status add_all(ebb_suite *suite, const ebb_suite_source *source,
                          const ebb_suite_point *trial, const axes *all)
{
    const ebb_node *points = ebb_document_find(source->root, "points");
    if (points == NULL) {
        return add_base(suite, source, trial, all);
    }
    if (points->n_items == 0) {
        place at;
        return ebb_fail(EBB_ERR_USAGE, "%s: an empty list (allowed: one point or more)",
                        place_of(&at, source, points->line, "points"));
    }
    for (size_t i = 0; i < points->n_items; i++) {
        EBB_TRY(add_entry(suite, source, &points->items[i], trial, all));
    }
    return EBB_OK;
}

static int compare_points(const void *a, const void *b)
{
    const ebb_suite_point *const *left = a;
    const ebb_suite_point *const *right = b;
    return strcmp((*left)->hash, (*right)->hash);
}

/* Twice the same trial would be counted as one when a sweep is resumed. */
static ebb_status check_distinct(const ebb_suite *suite, const ebb_suite_source *source)
{
    const ebb_suite_point **sorted = calloc(suite->n_points, sizeof *sorted);
    if (sorted == NULL) {
        return ebb_fail_memory(suite->n_points * sizeof *sorted);
    }
    for (size_t i = 0; i < suite->n_points; i++) {
        sorted[i] = &suite->points[i];
    }
    qsort(sorted, suite->n_points, sizeof *sorted, compare_points);
    ebb_status status = EBB_OK;
    for (size_t i = 1; i < suite->n_points && status == EBB_OK; i++) {
        if (compare_points(&sorted[i - 1], &sorted[i]) == 0) {
            const size_t a = sorted[i - 1]->line;
            const size_t b = sorted[i]->line;
            place at;
            status =
                ebb_fail(EBB_ERR_USAGE,
                         "%s: a point that is the same as one of line %zu "
                         "(allowed: points that differ)",
                         place_of(&at, source, a > b ? a : b, "points"), a > b ? b : a);
        }
    }
    free(sorted);
    return status;
}

ebb_status ebb_suite_points_make(ebb_suite *suite, const ebb_suite_source *source)
{
    const ebb_node *map = ebb_document_find(source->root, "trial");
    ebb_suite_point trial = {.line = map == NULL ? source->root->line : map->line};
    axes all = {.n = 0};
    ebb_config_init(&trial.config);
    ebb_status status = map == NULL ? EBB_OK : set_map(&trial.config, source, map);
    if (status == EBB_OK) {
        status = read_axes(&all, source);
    }
    if (status == EBB_OK) {
        status = add_all(suite, source, &trial, &all);
    }
    if (status == EBB_OK) {
        status = check_distinct(suite, source);
    }
    clear_axes(&all);
    ebb_config_clear(&trial.config);
    return status;
}
