#include "machine/dump_json.h"

#include <stdlib.h>
#include <string.h>

/* A refusal stays in the text, whether or not jansson looks at what this returns. */
static int append(const char *part, size_t length, void *text)
{
    ebb_text_append(text, "%.*s", (int)length, part);
    return ((const ebb_text *)text)->failed ? -1 : 0;
}

ebb_status ebb_dump_json(ebb_text *out, const json_t *value, size_t flags)
{
    if (value == NULL || json_dump_callback(value, append, out, flags) != 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "memory: a JSON text does not fit");
    }
    return ebb_text_check(out);
}

/* Its bytes beyond ASCII are among what cleaning replaces, where they are no UTF-8. */
static bool is_utf8(const char *text)
{
    char *clean = strdup(text);
    bool good = true;
    if (clean != NULL) {
        ebb_text_clean(clean);
        for (size_t i = 0; text[i] != '\0'; i++) {
            good = good && !((unsigned char)text[i] > 127 && clean[i] == '?');
        }
    }
    free(clean);
    return good;
}

/* jansson does not tell text that it cannot hold from memory that it is refused. */
json_t *ebb_dump_json_string(const char *text)
{
    json_t *json = json_string(text);
    if (json != NULL || is_utf8(text)) {
        return json;
    }
    char printable[64];
    return json_string(ebb_text_printable(printable, text));
}
