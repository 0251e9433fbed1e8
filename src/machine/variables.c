#include "machine/variables.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "machine/dump_json.h"

static bool is_of_interest(const char *entry)
{
    static const char *const prefixes[] = {"OMP_",  "GOMP_",  "KMP_",   "ONEDNN_",
                                           "DNNL_", "HWLOC_", "MALLOC_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncmp(entry, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool add_variable(json_t *object, const char *entry)
{
    const char *equals = strchr(entry, '=');
    if (equals == NULL) {
        return true;
    }
    char name[128];
    const size_t length = (size_t)(equals - entry);
    if (length >= sizeof name) {
        return true; /* none of the libraries has such a name */
    }
    memcpy(name, entry, length);
    name[length] = '\0';
    char printable[64];
    return json_object_set_new(object, name, ebb_dump_json_string(equals + 1)) == 0 ||
           json_object_set_new(object, ebb_text_printable(printable, name),
                               ebb_dump_json_string(equals + 1)) == 0;
}

ebb_status ebb_variables_in_force(json_t **out)
{
    *out = NULL;
    json_t *object = json_object();
    bool complete = object != NULL;
    for (char **entry = environ; complete && entry != NULL && *entry != NULL; entry++) {
        complete = !is_of_interest(*entry) || add_variable(object, *entry);
    }
    if (!complete) {
        json_decref(object);
        return ebb_fail_memory(sizeof(void *));
    }
    *out = object;
    return EBB_OK;
}

ebb_status ebb_variables_user(json_t **out)
{
    const char *kept = getenv(EBB_USER_VARIABLES_VARIABLE);
    if (kept == NULL) {
        return ebb_variables_in_force(out);
    }
    *out = json_loads(kept, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(*out)) {
        char printable[64];
        json_decref(*out);
        *out = NULL;
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        EBB_USER_VARIABLES_VARIABLE ": %s (a JSON object)",
                        ebb_text_printable(printable, kept));
    }
    return EBB_OK;
}

ebb_status ebb_variables_keep(void)
{
    json_t *object = NULL;
    if (getenv(EBB_USER_VARIABLES_VARIABLE) != NULL) {
        return EBB_OK;
    }
    EBB_TRY(ebb_variables_in_force(&object));
    ebb_text text = {0};
    ebb_status status = ebb_dump_json(&text, object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    if (status == EBB_OK && setenv(EBB_USER_VARIABLES_VARIABLE, text.data, 1) != 0) {
        status = ebb_fail(EBB_ERR_ENVIRONMENT, EBB_USER_VARIABLES_VARIABLE ": %s",
                          strerror(errno));
    }
    ebb_text_clear(&text);
    return status;
}
