/* dump_json.h - text to JSON and JSON to text, all of it or none where memory is refused.
 */
#ifndef EBB_MACHINE_DUMP_JSON_H
#define EBB_MACHINE_DUMP_JSON_H

#include <jansson.h>

#include "base/text.h"

/* Appends value with jansson's flags. json_dumps leaves keys out, and succeeds, where it
 * is refused memory for them; this fails with EBB_ERR_ENVIRONMENT. NULL is a value that
 * there was no memory to build, and fails likewise. */
ebb_status ebb_dump_json(ebb_text *out, const json_t *value, size_t flags);

/* A new reference; what is no UTF-8 is made printable and short. NULL: memory is refused.
 */
json_t *ebb_dump_json_string(const char *text);

#endif
