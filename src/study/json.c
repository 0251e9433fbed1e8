#include "study/json.h"

#include <math.h>
#include <string.h>

#include "machine/dump_json.h"
#include "study/config_row.h"

ebb_json_builder ebb_json_begin(void)
{
    json_t *json = json_object();
    return (ebb_json_builder){.json = json, .failed = json == NULL};
}

ebb_json_builder ebb_json_begin_list(void)
{
    json_t *json = json_array();
    return (ebb_json_builder){.json = json, .failed = json == NULL};
}

void ebb_json_put(ebb_json_builder *object, const char *key, json_t *value)
{
    if (json_object_set_new(object->json, key, value) != 0) {
        object->failed = true;
    }
}

void ebb_json_put_number(ebb_json_builder *object, const char *key, double value)
{
    ebb_json_put(object, key, ebb_json_number(value));
}

void ebb_json_put_count(ebb_json_builder *object, const char *key, size_t value)
{
    ebb_json_put(object, key, json_integer((json_int_t)value));
}

void ebb_json_add(ebb_json_builder *list, json_t *value)
{
    if (json_array_append_new(list->json, value) != 0) {
        list->failed = true;
    }
}

json_t *ebb_json_end(ebb_json_builder *builder)
{
    json_t *json = builder->json;
    if (builder->failed) {
        json_decref(json);
        json = NULL;
    }
    *builder = (ebb_json_builder){0};
    return json;
}

json_t *ebb_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *ebb_json_text(const char *text)
{
    return text == NULL ? NULL : ebb_dump_json_string(text);
}

json_t *ebb_json_text_or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? json_null() : ebb_json_text(text);
}

double ebb_json_get_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

const char *ebb_json_get_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

bool ebb_json_has_text(const json_t *object, const char *key, const char *wanted)
{
    return strcmp(ebb_json_get_text(object, key), wanted) == 0;
}

double ebb_json_get_entry(const json_t *matrix, size_t row, size_t column)
{
    const json_t *value = json_array_get(json_array_get(matrix, row), column);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

void ebb_json_print(ebb_text *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING: ebb_text_append(out, "%s", json_string_value(value)); break;
    case JSON_INTEGER:
        ebb_text_append(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL: ebb_config__print_real(out, json_real_value(value)); break;
    case JSON_TRUE: ebb_text_append(out, "yes"); break;
    case JSON_FALSE: ebb_text_append(out, "no"); break;
    case JSON_ARRAY:
        for (size_t i = 0; i < json_array_size(value); i++) {
            ebb_text_append(out, "%s", i == 0 ? "" : ",");
            ebb_json_print(out, json_array_get(value, i));
        }
        break;
    case JSON_OBJECT:
    case JSON_NULL: break;
    }
}
