/* config_json.c - a configuration as JSON, back from it, and the hash that names it. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "machine/dump_json.h"
#include "study/config_row.h"

/* [1,2,3] from "1,2,3"; numbers stay whole or become real as they are written. */
static json_t *json_from_list(const char *text)
{
    ebb_text brackets = {0};
    ebb_text_append(&brackets, "[%s]", text);
    json_t *list = brackets.failed ? NULL : json_loads(brackets.data, 0, NULL);
    ebb_text_clear(&brackets);
    return list;
}

/* The value as JSON, from its text: what text cannot tell is in the row's type. */
static json_t *json_from_text(const ebb_config__row *row, const ebb_config *config,
                              const char *text)
{
    const void *field = ebb_config__field_of(config, row);
    switch (row->type) {
    case EBB_CONFIG_COUNT:
        return field == &config->epochs && config->steps > 0
                   ? json_null() /* steps count in their place */
                   : json_integer((json_int_t) * (const size_t *)field);
    case EBB_CONFIG_NONE_OR:
    case EBB_CONFIG_ALL_OR:
        if (*(const size_t *)field > 0) {
            return json_integer((json_int_t) * (const size_t *)field);
        }
        break;
    case EBB_CONFIG_SEED: return json_integer((json_int_t) * (const uint64_t *)field);
    case EBB_CONFIG_REAL:
    case EBB_CONFIG_REAL_BELOW: return json_real(*(const double *)field);
    case EBB_CONFIG_SYNTHETIC:
    case EBB_CONFIG_CLASS_ORDER: return json_from_list(text);
    case EBB_CONFIG_HIDDEN: return json_from_list(config->n_hidden == 0 ? "" : text);
    case EBB_CONFIG_NORMALIZE:
        if (config->normalize == EBB_NORMALIZE_GIVEN) {
            return json_pack("[f,f]", config->normalize_mean,
                             config->normalize_deviation);
        }
        break;
    case EBB_CONFIG_CHOICE:
    case EBB_CONFIG_FLAG:
    case EBB_CONFIG_FLAG_FIRST:
    case EBB_CONFIG_REQUESTS:
    case EBB_CONFIG_PATH:
    case EBB_CONFIG_TYPE_COUNT: break;
    }
    return text[0] == '\0' ? json_null() : json_string(text);
}

static ebb_status add_option(json_t *object, const ebb_config__row *row,
                             const ebb_config *config)
{
    ebb_text text = {0};
    ebb_config__print(&text, row, config);
    json_t *value = text.failed
                        ? NULL
                        : json_from_text(row, config, text.data == NULL ? "" : text.data);
    ebb_text_clear(&text);
    char key[32];
    /* json_object_set_new takes the reference and refuses NULL. */
    if (json_object_set_new(object, ebb_config_key(key, row->option.name), value) != 0) {
        return ebb_fail_memory(sizeof *config);
    }
    return EBB_OK;
}

ebb_status ebb_config_json(json_t **out, const ebb_config *config)
{
    *out = NULL;
    json_t *object = json_object();
    if (object == NULL) {
        return ebb_fail_memory(sizeof *config);
    }
    const ebb_config__row *row = NULL;
    for (size_t i = 0; (row = ebb_config__row_at(i)) != NULL; i++) {
        const ebb_status status =
            row->option.path ? EBB_OK : add_option(object, row, config);
        if (status != EBB_OK) {
            json_decref(object);
            return status;
        }
    }
    *out = object;
    return EBB_OK;
}

/* Text that sets what a JSON value says; false for what is no value of an option. */
static bool text_from_json(ebb_text *out, const json_t *value)
{
    if (json_is_string(value)) {
        ebb_text_append(out, "%s", json_string_value(value));
    } else if (json_is_integer(value)) {
        ebb_text_append(out, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        ebb_config__print_real(out, json_real_value(value));
    } else if (json_is_array(value) && json_array_size(value) == 0) {
        ebb_text_append(out, "none");
    } else if (json_is_array(value)) {
        bool good = true;
        for (size_t i = 0; good && i < json_array_size(value); i++) {
            const json_t *item = json_array_get(value, i);
            ebb_text_append(out, "%s", i == 0 ? "" : ",");
            good = json_is_number(item) && text_from_json(out, item);
        }
        return good;
    } else {
        return false;
    }
    return true;
}

/* Sets option `key` from value, but leaves alone what has that value already: so only
 * what differs from the default counts as given. */
static ebb_status set_from_json(ebb_config *config, const char *key, const json_t *value,
                                const json_t *defaults, const char *where)
{
    const int index = ebb_config_find(key);
    if (json_is_null(value) || (index >= 0 && strchr(key, '-') == NULL &&
                                json_equal(value, json_object_get(defaults, key)))) {
        return EBB_OK;
    }
    ebb_text text = {0};
    ebb_text at = {0};
    ebb_text_append(&at, "%s: %s", where, key);
    ebb_status status = EBB_OK;
    if (!text_from_json(&text, value)) {
        status = ebb_fail(EBB_ERR_USAGE, "%s: not a value (allowed: text, number, list)",
                          at.data == NULL ? where : at.data);
    } else if (at.failed || text.failed || text.data == NULL) {
        status = ebb_fail_memory(strlen(key));
    } else {
        status = ebb_config_set(config, at.data, key, text.data);
    }
    ebb_text_clear(&text);
    ebb_text_clear(&at);
    return status;
}

/* The order that a record spells out although none was given. */
static void forget_plain_order(ebb_config *config)
{
    bool plain = config->n_class_order == ebb_config__classes(config);
    for (size_t i = 0; plain && i < config->n_class_order; i++) {
        plain = config->class_order[i] == i;
    }
    if (plain) {
        config->n_class_order = 0;
        config->given &= ~(UINT64_C(1) << ebb_config_find("class-order"));
    }
}

/* The batch that a record spells out although it follows from the threads. */
static void forget_team_batch(ebb_config *config)
{
    if (config->batch_per_thread > 0) {
        config->given &= ~(UINT64_C(1) << ebb_config_find("batch-size"));
    }
}

static ebb_status set_all_from_json(ebb_config *config, json_t *object, const char *where)
{
    json_t *defaults = NULL;
    EBB_TRY(ebb_config_json(&defaults, config));
    ebb_status status = EBB_OK;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(object, key, value)
    {
        if (status == EBB_OK) {
            status = set_from_json(config, key, value, defaults, where);
        }
    }
    json_decref(defaults);
    forget_plain_order(config);
    forget_team_batch(config);
    return status;
}

ebb_status ebb_config_from_json(ebb_config *out, const json_t *json, const char *where)
{
    *out = (ebb_config){0};
    if (!json_is_object(json)) {
        return ebb_fail(EBB_ERR_USAGE, "%s: not a configuration (allowed: an object)",
                        where);
    }
    json_t *copy = json_deep_copy(json); /* jansson walks no const object */
    if (copy == NULL) {
        return ebb_fail_memory(sizeof *out);
    }
    ebb_config config;
    ebb_config_init(&config);
    const ebb_status status = set_all_from_json(&config, copy, where);
    json_decref(copy);
    if (status != EBB_OK) {
        ebb_config_clear(&config);
        return status;
    }
    *out = config;
    return EBB_OK;
}

ebb_status ebb_config_hash(char hex[17], const ebb_config *config, bool group)
{
    hex[0] = '\0';
    json_t *object = NULL;
    EBB_TRY(ebb_config_json(&object, config));
    if (group) {
        json_object_del(object, "threads");
        json_object_del(object, "placement");
        json_object_del(object, "warmup_steps");
        json_object_del(object, "profile");
        json_object_del(object, "batch_per_thread");
    }
    /* Fifteen digits are written alike by all versions of jansson. */
    ebb_text text = {0};
    ebb_status status = ebb_dump_json(
        &text, object, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
    json_decref(object);
    char all[EBB_DIGEST_HEX_BYTES];
    if (status == EBB_OK) {
        status = ebb_digest_of(all, text.data, text.length);
    }
    ebb_text_clear(&text);
    if (status == EBB_OK) {
        memcpy(hex, all, 16);
        hex[16] = '\0';
    }
    return status;
}
