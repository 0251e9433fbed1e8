#include "study/trials.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "net/strategy.h"
#include "study/json.h"
#include "study/record.h"

/* What reading needs of a record; the schema says more. */
typedef enum shape { OBJECT, LIST, TEXT, TEXT_OR_NULL, COUNT, TRUTH, NUMBER } shape;

static const struct {
    const char *key;
    shape shape;
} members[] = {
    {"config", OBJECT},    {"config_hash", TEXT},    {"repetition", COUNT},
    {"build_id", TEXT},    {"machine_id", TEXT},     {"valid", TRUTH},
    {"problems", LIST},    {"digest", TEXT_OR_NULL}, {"task_digests", LIST},
    {"accuracy", LIST},    {"loss", LIST},           {"metrics", OBJECT},
    {"step_ns", OBJECT},   {"threads", COUNT},       {"placement", OBJECT},
    {"strategy", TEXT},    {"unlearning", LIST},     {"environment", OBJECT},
    {"step_flop", NUMBER}, {"peak_gflops", NUMBER},
};

static const char *const shape_names[] = {
    [OBJECT] = "an object",
    [LIST] = "a list",
    [TEXT] = "a text",
    [TEXT_OR_NULL] = "a text or null",
    [COUNT] = "a whole number from 1",
    [TRUTH] = "true or false",
    [NUMBER] = "a number or null",
};

static bool has_shape(const json_t *value, shape wanted)
{
    switch (wanted) {
    case OBJECT: return json_is_object(value);
    case LIST: return json_is_array(value);
    case TEXT: return json_is_string(value);
    case TEXT_OR_NULL: return json_is_string(value) || json_is_null(value);
    case COUNT: return json_is_integer(value) && json_integer_value(value) >= 1;
    case TRUTH: return json_is_boolean(value);
    case NUMBER: return json_is_number(value) || json_is_null(value);
    }
    return false;
}

static ebb_status fail_at(const char *where, const char *key, const char *allowed)
{
    return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s: missing or of the wrong kind (%s)",
                    where, key, allowed);
}

static bool is_square(const json_t *matrix, size_t n)
{
    bool good = json_array_size(matrix) == n;
    for (size_t t = 0; t < n && good; t++) {
        const json_t *row = json_array_get(matrix, t);
        good = json_array_size(row) == n;
        for (size_t k = 0; k < n && good; k++) {
            good = has_shape(json_array_get(row, k), NUMBER);
        }
    }
    return good;
}

static bool is_task(const json_t *value, size_t n)
{
    return has_shape(value, COUNT) && (size_t)json_integer_value(value) <= n;
}

static bool is_request(const json_t *entry, size_t n)
{
    const json_t *tasks = json_object_get(entry, "tasks");
    bool good =
        is_task(json_object_get(entry, "after_task"), n) && json_array_size(tasks) > 0;
    for (size_t i = 0; i < json_array_size(tasks) && good; i++) {
        good = is_task(json_array_get(tasks, i), n);
    }
    return good;
}

static ebb_status check_members(const json_t *record, const char *where)
{
    const char *schema = ebb_json_get_text(record, "schema");
    if (strcmp(schema, EBB_RECORD_SCHEMA) != 0) {
        char printable[64];
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "%s: not a record: schema is '%s' (" EBB_RECORD_SCHEMA ")", where,
                        ebb_text_printable(printable, schema));
    }
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (!has_shape(json_object_get(record, members[i].key), members[i].shape)) {
            return fail_at(where, members[i].key, shape_names[members[i].shape]);
        }
    }
    const size_t n = json_array_size(json_object_get(record, "task_digests"));
    if (n == 0) {
        return fail_at(where, "task_digests", "an entry a task");
    }
    if (!is_square(json_object_get(record, "accuracy"), n)) {
        return fail_at(where, "accuracy", "tasks x tasks numbers");
    }
    if (!is_square(json_object_get(record, "loss"), n)) {
        return fail_at(where, "loss", "tasks x tasks numbers");
    }
    const json_t *requests = json_object_get(record, "unlearning");
    for (size_t i = 0; i < json_array_size(requests); i++) {
        if (!is_request(json_array_get(requests, i), n)) {
            return fail_at(where, "unlearning",
                           "after_task and tasks, of those there are");
        }
    }
    return EBB_OK;
}

/* The configuration must be one that this program understands: its group depends on it.
 */
static ebb_status read_config(ebb_trials_item *item, const char *where)
{
    ebb_config config;
    ebb_status status = ebb_config_from_json(&config, item->config, where);
    if (status == EBB_OK) {
        item->same_bits = ebb_strategy_at((size_t)config.strategy)->same_bits;
        status = ebb_config_hash(item->group, &config, true);
        ebb_config_clear(&config);
    }
    /* In a file it is no fault of the command line; the message stays. */
    return status == EBB_ERR_USAGE ? EBB_ERR_ENVIRONMENT : status;
}

static ebb_status fill_item(ebb_trials_item *item, json_t *record, const char *where)
{
    EBB_TRY(check_members(record, where));
    *item = (ebb_trials_item){
        .config = json_object_get(record, "config"),
        .config_hash = ebb_json_get_text(record, "config_hash"),
        .build_id = ebb_json_get_text(record, "build_id"),
        .machine_id = ebb_json_get_text(record, "machine_id"),
        .strategy = ebb_json_get_text(record, "strategy"),
        .placement = ebb_json_get_text(json_object_get(record, "placement"), "name"),
        .digest = ebb_json_get_text(record, "digest"),
        .repetition = (size_t)ebb_json_get_number(record, "repetition"),
        .threads = (size_t)ebb_json_get_number(record, "threads"),
        .n_tasks = json_array_size(json_object_get(record, "task_digests")),
        .valid = json_is_true(json_object_get(record, "valid")),
        .diverged = json_is_true(json_object_get(record, "diverged")),
    };
    item->algorithm = ebb_json_get_text(item->config, "algorithm");
    EBB_TRY(read_config(item, where));
    item->record = record;
    return EBB_OK;
}

static ebb_status add_item(ebb_trials *out, const char *text, size_t length, size_t line)
{
    ebb_trials_item *items = realloc(out->items, (out->n + 1) * sizeof *items);
    if (items == NULL) {
        return ebb_fail_memory((out->n + 1) * sizeof *items);
    }
    out->items = items;
    ebb_text where = {0};
    ebb_text_append(&where, "%s:%zu", out->path, line);
    ebb_status status = ebb_text_check(&where);
    json_error_t error;
    json_t *record = NULL;
    if (status == EBB_OK) {
        record = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
        status = record != NULL
                     ? fill_item(&items[out->n], record, where.data)
                     : ebb_fail(EBB_ERR_ENVIRONMENT, "%s: not a record: column %d: %s",
                                where.data, error.column, error.text);
    }
    if (status == EBB_OK) {
        items[out->n].line = line;
        out->n++;
    } else {
        json_decref(record);
    }
    ebb_text_clear(&where);
    return status;
}

static ebb_status read_lines(ebb_trials *out, FILE *file, char **text)
{
    size_t capacity = 0;
    ssize_t length = 0;
    size_t line = 0;
    while ((length = getline(text, &capacity, file)) > 0) {
        line++;
        if ((*text)[length - 1] != '\n') {
            out->torn_line = line;
            return EBB_OK;
        }
        out->torn_offset += (size_t)length;
        EBB_TRY(add_item(out, *text, (size_t)length - 1, line));
    }
    return feof(file) ? EBB_OK
                      : ebb_fail(EBB_ERR_ENVIRONMENT, "%s:%zu: not readable: %s",
                                 out->path, line + 1, strerror(errno));
}

ebb_status ebb_trials_read(ebb_trials *out, const char *path)
{
    *out = (ebb_trials){.path = strdup(path)};
    if (out->path == NULL) {
        return ebb_fail_memory(strlen(path));
    }
    const char *reason = NULL;
    FILE *file = ebb_file_open(&reason, path);
    char *text = NULL;
    const ebb_status status = file == NULL
                                  ? ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s", path, reason)
                                  : read_lines(out, file, &text);
    free(text);
    if (file != NULL) {
        fclose(file);
    }
    if (status != EBB_OK) {
        ebb_trials_clear(out);
    }
    return status;
}

ebb_status ebb_trials_read_folder(ebb_trials *out, const char *folder)
{
    ebb_text path = {0};
    *out = (ebb_trials){.n = 0};
    ebb_text_append(&path, "%s/trials.jsonl", folder);
    ebb_status status = ebb_text_check(&path);
    if (status == EBB_OK) {
        status = ebb_trials_read(out, path.data);
    }
    if (status != EBB_OK && path.data != NULL && access(path.data, F_OK) != 0) {
        status = ebb_fail(EBB_ERR_ENVIRONMENT,
                          "%s: %s (allowed: a folder that holds trials.jsonl, as a sweep "
                          "leaves it in results/SUITE)",
                          path.data, strerror(errno));
    }
    ebb_text_clear(&path);
    return status;
}

void ebb_trials_clear(ebb_trials *trials)
{
    for (size_t i = 0; i < trials->n; i++) {
        json_decref(trials->items[i].record);
    }
    free(trials->items);
    free(trials->path);
    *trials = (ebb_trials){0};
}

size_t ebb_trials_first_request(const ebb_trials_item *item)
{
    const json_t *requests = json_object_get(item->record, "unlearning");
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < json_array_size(requests); i++) {
        const size_t after =
            (size_t)ebb_json_get_number(json_array_get(requests, i), "after_task");
        first = after < first ? after : first;
    }
    return first;
}
