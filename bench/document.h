/* document.h - a YAML text as a tree of texts, lists and maps with their line numbers.
 *
 * What would make a file ambiguous or unbounded is refused: several documents, anchors
 * and aliases, tags, keys that are no plain text or stand twice, tabs as indentation,
 * control characters, more than 8 levels or 100,000 nodes. Nothing is interpreted: `1`,
 * `yes` and `null` are texts, as the option table wants them. */
#ifndef EBB_BENCH_DOCUMENT_H
#define EBB_BENCH_DOCUMENT_H

#include <stddef.h>

#include "base/status.h"

typedef enum ebb_node_kind { EBB_NODE_TEXT, EBB_NODE_LIST, EBB_NODE_MAP } ebb_node_kind;

typedef struct ebb_node ebb_node;
struct ebb_node {
    ebb_node_kind kind;
    size_t line;     /* 1-based; of the key where it has one */
    char *key;       /* of an entry of a map, else NULL; owned */
    char *text;      /* of a text, else NULL; owned */
    ebb_node *items; /* of a list or map; owned */
    size_t n_items;
};

/* Owned by the caller: ebb_document_clear. path begins messages. Fails with EBB_ERR_USAGE
 * and "FILE:LINE: [KEY:] WHAT (ALLOWED)". */
ebb_status ebb_document_parse(ebb_node *out, const char *path, const char *text);
void ebb_document_clear(ebb_node *node); /* a zeroed one is allowed */

/* The entry of a map called key, NULL if there is none. */
const ebb_node *ebb_document_find(const ebb_node *map, const char *key);

#endif
