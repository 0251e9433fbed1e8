#include "options.h"

#include <stdio.h>

#include "base/text.h"

static ebb_status set_given(ebb_config *config, const ebb_arguments *arguments)
{
    for (size_t i = 0; i < arguments->n_given; i++) {
        const ebb_given *given = &arguments->given[i];
        const int index = ebb_config_find(given->name);
        if (index < 0 || given->value == NULL) {
            continue;
        }
        char where[64];
        snprintf(where, sizeof where, "--%s", given->name);
        EBB_TRY(ebb_config_set(config, where, given->name, given->value));
    }
    return EBB_OK;
}

ebb_status ebb_options_config(ebb_config *out, const ebb_arguments *arguments)
{
    ebb_config_init(out);
    ebb_status status = set_given(out, arguments);
    if (status == EBB_OK) {
        status = ebb_config_check(out, NULL);
    }
    if (status != EBB_OK) {
        ebb_config_clear(out);
    }
    return status;
}

ebb_status ebb_options_count(size_t *out, const ebb_arguments *arguments,
                             const char *name, size_t fallback, size_t high)
{
    const char *value = ebb_arguments_value(arguments, name, NULL);
    *out = fallback;
    if (value == NULL) {
        return EBB_OK;
    }
    uint64_t number = 0;
    if (!ebb_text_to_uint64(&number, value) || number < 1 || number > high) {
        char shown[64];
        *out = 0;
        return ebb_fail(EBB_ERR_USAGE,
                        "--%s: not a count in range: '%s' (allowed: 1 to %zu)", name,
                        ebb_text_printable(shown, value), high);
    }
    *out = (size_t)number;
    return EBB_OK;
}
