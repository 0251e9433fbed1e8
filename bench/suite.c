#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "document.h"
#include "output.h"
#include "suite_points.h"

enum { MAX_FILE_BYTES = 1 << 20, MAX_NAME = 64, MAX_DESCRIPTION = 1000 };

static ebb_status fail_at(const char *path, const ebb_node *node, const char *what,
                          const char *allowed)
{
    return ebb_fail(EBB_ERR_USAGE, "%s:%zu: %s: %s (allowed: %s)", path, node->line,
                    node->key, what, allowed);
}

/* Keys of a suite, and what each must be. */
static const struct {
    const char *key;
    ebb_node_kind kind;
    const char *allowed;
} keys[] = {
    {"suite", EBB_NODE_TEXT, "a name"},
    {"description", EBB_NODE_TEXT, "a text"},
    {"trial", EBB_NODE_MAP, "a map of options"},
    {"points", EBB_NODE_LIST, "a list of maps of options"},
    {"sweep", EBB_NODE_MAP, "a map of options to lists"},
    {"repetitions", EBB_NODE_TEXT, "a count"},
    {"expect", EBB_NODE_MAP, "a map of metrics to [LOW, HIGH]"},
};
enum { N_KEYS = sizeof keys / sizeof keys[0] };

static ebb_status check_key(const char *path, const ebb_node *entry)
{
    const char *names[N_KEYS];
    for (size_t i = 0; i < N_KEYS; i++) {
        names[i] = keys[i].key;
        if (strcmp(keys[i].key, entry->key) == 0) {
            return entry->kind == keys[i].kind
                       ? EBB_OK
                       : fail_at(path, entry, "of the wrong kind", keys[i].allowed);
        }
    }
    char where[1100];
    snprintf(where, sizeof where, "%s:%zu", path, entry->line);
    return ebb_text_fail_name(where, "unknown key", entry->key, names, N_KEYS);
}

static ebb_status check_keys(const char *path, const ebb_node *root)
{
    if (root->kind != EBB_NODE_MAP) {
        return ebb_fail(EBB_ERR_USAGE,
                        "%s:%zu: no map (allowed: suite: NAME, trial: ...)", path,
                        root->line);
    }
    for (size_t i = 0; i < root->n_items; i++) {
        EBB_TRY(check_key(path, &root->items[i]));
    }
    return EBB_OK;
}

static bool is_name(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const size_t length = strlen(text);
    return length > 0 && length <= MAX_NAME && text[0] != '-' &&
           strspn(text, allowed) == length;
}

static ebb_status read_name(ebb_suite *out, const char *path, const ebb_node *root)
{
    const ebb_node *name = ebb_document_find(root, "suite");
    if (name == NULL) {
        return ebb_fail(EBB_ERR_USAGE, "%s:%zu: suite: missing (allowed: suite: NAME)",
                        path, root->line);
    }
    if (!is_name(name->text)) {
        return fail_at(path, name, "no name for a folder",
                       "lower case letters, digits and '-', at most 64");
    }
    out->name = strdup(name->text);
    return out->name == NULL ? ebb_fail_memory(strlen(name->text) + 1) : EBB_OK;
}

static ebb_status read_description(ebb_suite *out, const char *path, const ebb_node *root)
{
    const ebb_node *node = ebb_document_find(root, "description");
    const char *text = node == NULL ? "" : node->text;
    if (strlen(text) > MAX_DESCRIPTION) {
        return fail_at(path, node, "too long", "1000 bytes");
    }
    out->description = strdup(text);
    if (out->description == NULL) {
        return ebb_fail_memory(strlen(text) + 1);
    }
    for (char *c = out->description; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\t') {
            *c = ' ';
        }
    }
    return EBB_OK;
}

static ebb_status read_repetitions(ebb_suite *out, const char *path, const ebb_node *root)
{
    const ebb_node *node = ebb_document_find(root, "repetitions");
    uint64_t number = 1;
    if (node != NULL && (!ebb_text_to_uint64(&number, node->text) || number < 1 ||
                         number > EBB_SUITE_MAX_REPETITIONS)) {
        return fail_at(path, node, "no count in range", "1 to 1000");
    }
    out->repetitions = (size_t)number;
    return EBB_OK;
}

static const char *const metrics[] = {
    "average_accuracy",
    "average_accuracy_remaining",
    "average_accuracy_unlearned",
    "average_loss",
    "backward_transfer",
    "backward_transfer_all",
    "forgetting",
    "forgetting_all",
    "learning_accuracy",
    "compat_average_accuracy",
    "compat_average_loss",
    "compat_backward_transfer",
};
enum { N_METRICS = sizeof metrics / sizeof metrics[0] };

static ebb_status read_band(ebb_band *out, const char *path, const ebb_node *entry)
{
    *out = (ebb_band){.metric = NULL};
    for (size_t i = 0; i < N_METRICS; i++) {
        if (strcmp(metrics[i], entry->key) == 0) {
            out->metric = metrics[i];
        }
    }
    if (out->metric == NULL) {
        char where[1100];
        snprintf(where, sizeof where, "%s:%zu", path, entry->line);
        return ebb_text_fail_name(where, "unknown metric", entry->key, metrics,
                                  N_METRICS);
    }
    const ebb_node *items = entry->items;
    const bool good = entry->kind == EBB_NODE_LIST && entry->n_items == 2 &&
                      items[0].kind == EBB_NODE_TEXT && items[1].kind == EBB_NODE_TEXT &&
                      ebb_text_to_double(&out->low, items[0].text) &&
                      ebb_text_to_double(&out->high, items[1].text) &&
                      out->low <= out->high;
    return good ? EBB_OK
                : fail_at(path, entry, "no band", "[LOW, HIGH], numbers in this order");
}

static ebb_status read_bands(ebb_suite *out, const char *path, const ebb_node *root)
{
    const ebb_node *map = ebb_document_find(root, "expect");
    if (map == NULL || map->n_items == 0) {
        return EBB_OK;
    }
    out->bands = calloc(map->n_items, sizeof *out->bands);
    if (out->bands == NULL) {
        return ebb_fail_memory(map->n_items * sizeof *out->bands);
    }
    for (size_t i = 0; i < map->n_items; i++) {
        EBB_TRY(read_band(&out->bands[out->n_bands++], path, &map->items[i]));
    }
    return EBB_OK;
}

/* Does option i have one value in all points? */
static bool is_common(const ebb_suite *suite, size_t option)
{
    ebb_text first = {0};
    ebb_config_value(&first, &suite->points[0].config, option);
    bool common = true;
    for (size_t i = 1; i < suite->n_points && common; i++) {
        ebb_text other = {0};
        ebb_config_value(&other, &suite->points[i].config, option);
        common = strcmp(first.data == NULL ? "" : first.data,
                        other.data == NULL ? "" : other.data) == 0;
        ebb_text_clear(&other);
    }
    ebb_text_clear(&first);
    return common;
}

static ebb_status read_root(ebb_suite *out, const ebb_suite_source *source)
{
    EBB_TRY(check_keys(source->path, source->root));
    EBB_TRY(read_name(out, source->path, source->root));
    EBB_TRY(read_description(out, source->path, source->root));
    EBB_TRY(read_repetitions(out, source->path, source->root));
    EBB_TRY(read_bands(out, source->path, source->root));
    EBB_TRY(ebb_suite_points_make(out, source));
    for (size_t i = 0; ebb_config_option_at(i) != NULL; i++) {
        out->varying |= (uint64_t)!is_common(out, i) << i;
    }
    return EBB_OK;
}

ebb_status ebb_suite_load(ebb_suite *out, const char *path, size_t usable_cores)
{
    *out = (ebb_suite){0};
    EBB_TRY(ebb_output_read(&out->text, &out->size_bytes, path, MAX_FILE_BYTES,
                            EBB_ERR_USAGE));
    ebb_node root;
    ebb_status status = ebb_document_parse(&root, path, out->text);
    if (status == EBB_OK) {
        status = read_root(out, &(ebb_suite_source){
                                    .path = path,
                                    .root = &root,
                                    .usable_cores = usable_cores,
                                });
        ebb_document_clear(&root);
    }
    if (status != EBB_OK) {
        ebb_suite_clear(out);
    }
    return status;
}

ebb_status ebb_suite_load_beside(ebb_suite *out, char **path, const char *folder,
                                 const ebb_arguments *arguments)
{
    *out = (ebb_suite){0};
    *path = ebb_output_path(folder, "suite.yaml");
    if (*path == NULL) {
        return ebb_fail_memory(strlen(folder));
    }
    if (access(*path, F_OK) != 0 && errno == ENOENT) {
        free(*path);
        *path = NULL;
        return EBB_OK;
    }
    const ebb_status status = ebb_suite_load(out, *path, 1);
    if (status == EBB_ERR_USAGE) {
        ebb_note(arguments, "%s (so `expect` is not judged)", ebb_last_error());
        return EBB_OK;
    }
    return status;
}

void ebb_suite_clear(ebb_suite *suite)
{
    for (size_t i = 0; i < suite->n_points; i++) {
        ebb_config_clear(&suite->points[i].config);
    }
    free(suite->points);
    free(suite->bands);
    free(suite->name);
    free(suite->description);
    free(suite->text);
    *suite = (ebb_suite){0};
}

void ebb_suite_label(ebb_text *out, const ebb_suite *suite, size_t index)
{
    const size_t begin = out->length;
    for (size_t i = 0; ebb_config_option_at(i) != NULL; i++) {
        ebb_text value = {0};
        ebb_config_value(&value, &suite->points[index].config, i);
        if (value.length > 0 && (suite->varying >> i & 1) != 0) {
            ebb_text_append(out, "%s%s %s", out->length == begin ? "" : ", ",
                            ebb_config_option_at(i)->name, value.data);
        }
        ebb_text_clear(&value);
    }
}
