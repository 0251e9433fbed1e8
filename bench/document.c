#include "document.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"

enum { MAX_DEPTH = 8, MAX_NODES = 100000, MAX_KEYS = 1000 };

typedef struct reader {
    yaml_parser_t parser;
    const char *path;
    size_t n_nodes;
    size_t depth;
} reader;

static ebb_status fail_at(const reader *in, size_t line, const char *what,
                          const char *allowed)
{
    return ebb_fail(EBB_ERR_USAGE, "%s:%zu: %s (allowed: %s)", in->path, line, what,
                    allowed);
}

static ebb_status fail_syntax(const reader *in)
{
    const yaml_parser_t *parser = &in->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        return ebb_fail_memory(sizeof *parser);
    }
    if (parser->error == YAML_READER_ERROR) {
        return ebb_fail(EBB_ERR_USAGE, "%s: byte %zu: %s (allowed: UTF-8 text)", in->path,
                        parser->problem_offset, parser->problem);
    }
    return ebb_fail(EBB_ERR_USAGE, "%s:%zu: %s (allowed: YAML)", in->path,
                    parser->problem_mark.line + 1, parser->problem);
}

static ebb_status next_event(reader *in, yaml_event_t *event)
{
    return yaml_parser_parse(&in->parser, event) ? EBB_OK : fail_syntax(in);
}

/* Room for one more item, zeroed. Doubles when the count is a power of two. */
static ebb_node *add_item(ebb_node *node)
{
    const size_t n = node->n_items;
    if ((n & (n - 1)) == 0) {
        ebb_node *items = realloc(node->items, (n == 0 ? 1 : 2 * n) * sizeof *items);
        if (items == NULL) {
            return NULL;
        }
        node->items = items;
    }
    node->items[n] = (ebb_node){.kind = EBB_NODE_TEXT};
    node->n_items = n + 1;
    return &node->items[n];
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' && *text != '\n' && *text != '\t') {
            return true;
        }
    }
    return false;
}

static ebb_status take_scalar(char **out, const reader *in, const yaml_event_t *event)
{
    const size_t line = event->start_mark.line + 1;
    const char *value = (const char *)event->data.scalar.value;
    if (event->data.scalar.anchor != NULL) {
        return fail_at(in, line, "an anchor", "plain values");
    }
    if (event->data.scalar.tag != NULL) {
        return fail_at(in, line, "a tag", "plain values");
    }
    if (strlen(value) != event->data.scalar.length || has_control(value)) {
        return fail_at(in, line, "a control character", "printable text");
    }
    *out = strdup(value);
    return *out == NULL ? ebb_fail_memory(event->data.scalar.length + 1) : EBB_OK;
}

static ebb_status check_collection(const reader *in, size_t line,
                                   const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL) {
        return fail_at(in, line, "an anchor", "plain values");
    }
    if (tag != NULL) {
        return fail_at(in, line, "a tag", "plain values");
    }
    return in->depth >= MAX_DEPTH ? fail_at(in, line, "nested too deeply", "8 levels")
                                  : EBB_OK;
}

static ebb_status read_node(ebb_node *out, reader *in, yaml_event_t *event);

static ebb_status read_list(ebb_node *out, reader *in)
{
    out->kind = EBB_NODE_LIST;
    for (;;) {
        yaml_event_t event;
        EBB_TRY(next_event(in, &event));
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return EBB_OK;
        }
        ebb_node *item = add_item(out);
        const ebb_status status =
            item == NULL ? ebb_fail_memory(sizeof *item) : read_node(item, in, &event);
        yaml_event_delete(&event);
        EBB_TRY(status);
    }
}

static ebb_status read_key(ebb_node *map, const reader *in, const yaml_event_t *event)
{
    const size_t line = event->start_mark.line + 1;
    if (event->type == YAML_ALIAS_EVENT) {
        return fail_at(in, line, "an alias", "plain values");
    }
    if (event->type != YAML_SCALAR_EVENT) {
        return fail_at(in, line, "a key that is no name", "KEY: VALUE");
    }
    if (map->n_items == MAX_KEYS) {
        return fail_at(in, line, "too many keys", "1000");
    }
    char *key = NULL;
    EBB_TRY(take_scalar(&key, in, event));
    const ebb_node *before = ebb_document_find(map, key);
    ebb_node *item = before == NULL ? add_item(map) : NULL;
    if (item != NULL) {
        item->key = key;
        item->line = line;
        return EBB_OK;
    }
    char shown[64];
    const ebb_status status =
        before == NULL
            ? ebb_fail_memory(sizeof *map)
            : ebb_fail(EBB_ERR_USAGE,
                       "%s:%zu: %s: stands twice, first in line %zu (allowed: once)",
                       in->path, line, ebb_text_printable(shown, key), before->line);
    free(key);
    return status;
}

static ebb_status read_map(ebb_node *out, reader *in)
{
    out->kind = EBB_NODE_MAP;
    for (;;) {
        yaml_event_t event;
        EBB_TRY(next_event(in, &event));
        const bool ended = event.type == YAML_MAPPING_END_EVENT;
        ebb_status status = ended ? EBB_OK : read_key(out, in, &event);
        yaml_event_delete(&event);
        if (ended || status != EBB_OK) {
            return status;
        }
        EBB_TRY(next_event(in, &event));
        status = read_node(&out->items[out->n_items - 1], in, &event);
        yaml_event_delete(&event);
        EBB_TRY(status);
    }
}

static ebb_status read_node(ebb_node *out, reader *in, yaml_event_t *event)
{
    const size_t line = event->start_mark.line + 1;
    if (out->line == 0) {
        out->line = line;
    }
    if (++in->n_nodes > MAX_NODES) {
        return fail_at(in, line, "too many values", "100000");
    }
    ebb_status status = EBB_OK;
    switch (event->type) {
    case YAML_SCALAR_EVENT: return take_scalar(&out->text, in, event);
    case YAML_ALIAS_EVENT: return fail_at(in, line, "an alias", "plain values");
    case YAML_SEQUENCE_START_EVENT:
        EBB_TRY(check_collection(in, line, event->data.sequence_start.anchor,
                                 event->data.sequence_start.tag));
        in->depth++;
        status = read_list(out, in);
        break;
    case YAML_MAPPING_START_EVENT:
        EBB_TRY(check_collection(in, line, event->data.mapping_start.anchor,
                                 event->data.mapping_start.tag));
        in->depth++;
        status = read_map(out, in);
        break;
    default: return fail_at(in, line, "no value", "text, list or map");
    }
    in->depth--;
    return status;
}

/* Stream start, one document, stream end. */
static ebb_status read_document(ebb_node *out, reader *in)
{
    bool any = false;
    for (;;) {
        yaml_event_t event;
        EBB_TRY(next_event(in, &event));
        const yaml_event_type_t type = event.type;
        const size_t line = event.start_mark.line + 1;
        ebb_status status = EBB_OK;
        if (type == YAML_DOCUMENT_START_EVENT && any) {
            status = fail_at(in, line, "a second document", "one");
        } else if (type != YAML_STREAM_START_EVENT && type != YAML_STREAM_END_EVENT &&
                   type != YAML_DOCUMENT_START_EVENT && type != YAML_DOCUMENT_END_EVENT) {
            any = true;
            status = read_node(out, in, &event);
        }
        yaml_event_delete(&event);
        if (status != EBB_OK) {
            return status;
        }
        if (type == YAML_STREAM_END_EVENT) {
            return any ? EBB_OK : fail_at(in, line, "empty", "a suite");
        }
    }
}

/* libyaml takes some tabs and calls others characters that "cannot start any token". */
static ebb_status check_tabs(const char *path, const char *text)
{
    size_t line = 1;
    for (bool indenting = true; *text != '\0'; text++) {
        if (*text == '\t' && indenting) {
            return ebb_fail(EBB_ERR_USAGE,
                            "%s:%zu: a tab as indentation (allowed: blanks)", path, line);
        }
        indenting = *text == '\n' || (indenting && *text == ' ');
        line += *text == '\n';
    }
    return EBB_OK;
}

ebb_status ebb_document_parse(ebb_node *out, const char *path, const char *text)
{
    *out = (ebb_node){.kind = EBB_NODE_TEXT};
    EBB_TRY(check_tabs(path, text));
    reader in = {.path = path};
    if (!yaml_parser_initialize(&in.parser)) {
        return ebb_fail_memory(sizeof in);
    }
    yaml_parser_set_input_string(&in.parser, (const unsigned char *)text, strlen(text));
    const ebb_status status = read_document(out, &in);
    yaml_parser_delete(&in.parser);
    if (status != EBB_OK) {
        ebb_document_clear(out);
    }
    return status;
}

void ebb_document_clear(ebb_node *node)
{
    for (size_t i = 0; i < node->n_items; i++) {
        ebb_document_clear(&node->items[i]);
    }
    free(node->items);
    free(node->key);
    free(node->text);
    *node = (ebb_node){.kind = EBB_NODE_TEXT};
}

const ebb_node *ebb_document_find(const ebb_node *map, const char *key)
{
    for (size_t i = 0; i < map->n_items; i++) {
        if (map->items[i].key != NULL && strcmp(map->items[i].key, key) == 0) {
            return &map->items[i];
        }
    }
    return NULL;
}
