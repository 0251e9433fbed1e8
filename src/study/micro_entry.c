#include "study/micro_entry.h"

#include <math.h>
#include <string.h>

#include "study/json.h"

/* Nanoseconds in a unit of time; NaN for what is none. */
static double unit_ns(const char *unit)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"ns", 1.0}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].name) == 0) {
            return units[i].ns;
        }
    }
    return (double)NAN;
}

double ebb_micro_entry_ns(const json_t *entry, const char *key)
{
    return ebb_json_get_number(entry, key) *
           unit_ns(ebb_json_get_text(entry, "time_unit"));
}

/* The library of long ago told no type: all its entries were repetitions. */
bool ebb_micro_entry_is_repetition(const json_t *entry)
{
    const char *type = ebb_json_get_text(entry, "run_type");
    return type[0] == '\0' || strcmp(type, "iteration") == 0;
}

const char *ebb_micro_entry_fault(const char **reason, const json_t *entry)
{
    const bool failed = json_is_true(json_object_get(entry, "error_occurred"));
    const bool skipped = json_is_true(json_object_get(entry, "skipped"));
    *reason = ebb_json_get_text(entry, failed ? "error_message" : "skip_message");
    return failed ? "failed" : skipped ? "skipped" : NULL;
}
