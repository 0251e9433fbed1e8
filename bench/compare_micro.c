#include "compare_micro.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compare.h"
#include "study/json.h"
#include "study/micro_entry.h"

/* Repetitions bear the name itself, what is made of them has it as run_name. */
static bool is_about(const json_t *entry, const char *name)
{
    return ebb_json_has_text(entry, "name", name) ||
           ebb_json_has_text(entry, "run_name", name);
}

/* False for an entry that was measured. */
static bool read_error(ebb_micro *out, const json_t *entry)
{
    const char *reason = NULL;
    const char *fault = ebb_micro_entry_fault(&reason, entry);
    if (fault != NULL) {
        snprintf(out->text, sizeof out->text, "%s: %s", fault,
                 reason[0] == '\0' ? "without a reason" : reason);
    }
    return fault != NULL;
}

/* The median step where the benchmark tells it, which a few disturbed ones do not move;
 * else the mean of all iterations, which is what the library measures. */
static double time_of(const json_t *entry)
{
    const double p50_ns = 1e3 * ebb_json_get_number(entry, "p50_us");
    return p50_ns > 0 ? p50_ns : ebb_micro_entry_ns(entry, "real_time");
}

static void read_entry(ebb_micro *out, ebb_times *times, const json_t *entry)
{
    if (out->text[0] != '\0' || read_error(out, entry)) {
        return;
    }
    if (!ebb_micro_entry_is_repetition(entry)) {
        return;
    }
    const double ns = time_of(entry);
    if (ebb_json_has_text(entry, "label", "disturbed")) {
        out->disturbed = true;
    } else if (!(ns > 0) || !isfinite(ns)) {
        snprintf(out->text, sizeof out->text, "real_time is not a time above 0");
    } else if (ebb_times_add(times, ns) != EBB_OK) {
        snprintf(out->text, sizeof out->text, "%s", ebb_last_error());
    }
}

void ebb_micro_read(ebb_micro *out, const char *text, const char *name)
{
    *out = (ebb_micro){.ns = (double)NAN};
    json_error_t error;
    json_t *report = json_loads(text, 0, &error);
    const json_t *entries = json_object_get(report, "benchmarks");
    if (!json_is_array(entries)) {
        snprintf(out->text, sizeof out->text, "%s",
                 text[0] == '\0'  ? "nothing"
                 : report == NULL ? error.text
                                  : "no list of benchmarks");
        json_decref(report);
        return;
    }
    out->readable = true;
    ebb_times times = {0};
    size_t i = 0;
    const json_t *entry = NULL;
    json_array_foreach(entries, i, entry)
    {
        if (is_about(entry, name)) {
            out->found = true;
            read_entry(out, &times, entry);
        }
    }
    if (out->text[0] == '\0') {
        out->ns = ebb_times_median(&times);
    }
    ebb_times_clear(&times);
    json_decref(report);
}

char *ebb_micro_pattern(const char *name)
{
    ebb_text pattern = {0};
    ebb_text_append(&pattern, "^");
    for (const char *c = name; *c != '\0'; c++) {
        ebb_text_append(&pattern, "%s%c",
                        strchr("\\^$.|?*+()[]{}", *c) != NULL ? "\\" : "", *c);
    }
    ebb_text_append(&pattern, "$");
    if (pattern.failed) {
        ebb_text_clear(&pattern);
    }
    return pattern.data;
}

/* A name is one word, alone on its line. */
static bool is_name(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)line[i] <= ' ' || line[i] == 127) {
            return false;
        }
    }
    return length > 0;
}

json_t *ebb_micro_names(const char **fault, const char *text)
{
    *fault = NULL;
    json_t *names = json_array();
    while (*text != '\0' && *fault == NULL) {
        const size_t length = strcspn(text, "\n");
        if (!is_name(text, length)) {
            *fault = "a line is no name of a benchmark";
        } else if (json_array_append_new(names, json_stringn(text, length)) != 0) {
            *fault = "a name is no UTF-8, or memory is refused";
        }
        text += length + (text[length] == '\n' ? 1 : 0);
    }
    if (*fault != NULL) {
        json_decref(names);
        return NULL;
    }
    return names;
}
