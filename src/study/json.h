/* json.h - small helpers over jansson for records: building them and reading them. */
#ifndef EBB_STUDY_JSON_H
#define EBB_STUDY_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "base/text.h"

/* Builds one object or list; a refused allocation is kept in failed and seen once, at the
 * end. */
typedef struct ebb_json_builder {
    json_t *json; /* owned */
    bool failed;
} ebb_json_builder;

ebb_json_builder ebb_json_begin(void);
ebb_json_builder ebb_json_begin_list(void);
/* Steals value; a NULL value is a refused allocation. */
void ebb_json_put(ebb_json_builder *object, const char *key, json_t *value);
void ebb_json_put_number(ebb_json_builder *object, const char *key, double value);
void ebb_json_put_count(ebb_json_builder *object, const char *key, size_t value);
void ebb_json_add(ebb_json_builder *list, json_t *value);
/* What was built, owned by the caller; NULL when anything failed. */
json_t *ebb_json_end(ebb_json_builder *builder);

/* New references. A number that is not finite is null; text that is no UTF-8 is made
 * printable; an empty text is null in text_or_null. NULL, what an
 * ebb_text has that was refused memory, is NULL from text. */
json_t *ebb_json_number(double value);
json_t *ebb_json_text(const char *text);
json_t *ebb_json_text_or_null(const char *text);

/* Members of an object; NaN or "" where there is none or it is null. Texts are borrowed
 * from object. */
double ebb_json_get_number(const json_t *object, const char *key);
const char *ebb_json_get_text(const json_t *object, const char *key);
bool ebb_json_has_text(const json_t *object, const char *key, const char *wanted);
/* Entry [row][column] of a matrix of numbers; NaN for null. */
double ebb_json_get_entry(const json_t *matrix, size_t row, size_t column);

/* Appends a value as people write it: texts bare, lists with commas, numbers as short as
 * they read back; nothing for null. */
void ebb_json_print(ebb_text *out, const json_t *value);

#endif
