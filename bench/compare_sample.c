#include "compare_sample.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "compare_micro.h"
#include "study/json.h"
#include "study/record.h"

enum { MAX_WORDS = 130, OUTPUT_SHOWN_BYTES = 160 };

static void set_kind(ebb_sample *out, ebb_sample_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void set_kind(ebb_sample *out, ebb_sample_kind kind, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(out->message, sizeof out->message, format, values);
    va_end(values);
    out->kind = kind;
}

/* The last line that is not empty, at most so many bytes of it, without what a terminal
 * would obey. */
static void copy_last_line(char out[OUTPUT_SHOWN_BYTES], const ebb_text *text)
{
    size_t end = text->data == NULL ? 0 : text->length;
    while (end > 0 && (unsigned char)text->data[end - 1] <= ' ') {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && text->data[begin - 1] != '\n') {
        begin--;
    }
    size_t n = 0;
    for (; begin < end && n + 1 < OUTPUT_SHOWN_BYTES; begin++) {
        const char c = text->data[begin];
        out[n++] = (char)(c < ' ' || c > '~' ? '?' : c);
    }
    out[n] = '\0';
}

/* "; last output 'LINE'" of stderr or else stdout. */
static void append_output(ebb_sample *out, const ebb_child *child)
{
    char line[OUTPUT_SHOWN_BYTES];
    copy_last_line(line, &child->errors);
    if (line[0] == '\0') {
        copy_last_line(line, &child->output);
    }
    const size_t length = strlen(out->message);
    if (line[0] != '\0') {
        snprintf(out->message + length, sizeof out->message - length,
                 "; last output '%s'", line);
    } else {
        snprintf(out->message + length, sizeof out->message - length,
                 "; it printed nothing");
    }
}

/* By the way it ended; good when that was with status 0. */
static void judge_end(ebb_sample *out, const ebb_child *child)
{
    char reason[128];
    ebb_child_reason(reason, child);
    out->kind = EBB_SAMPLE_GOOD;
    if (reason[0] == '\0') {
        return;
    }
    static const ebb_sample_kind kinds[] = {
        [EBB_ERR_FAILED] = EBB_SAMPLE_BROKEN,      [EBB_ERR_USAGE] = EBB_SAMPLE_MISSING,
        [EBB_ERR_ENVIRONMENT] = EBB_SAMPLE_BROKEN, [EBB_ERR_WRONG] = EBB_SAMPLE_WRONG,
        [EBB_ERR_MISSING] = EBB_SAMPLE_MISSING,
    };
    const bool known = child->status > 0 && child->status <= EBB_ERR_MISSING &&
                       !child->printed_too_much && !child->timed_out;
    set_kind(out,
             child->timed_out ? EBB_SAMPLE_EXPIRED
             : known          ? kinds[child->status]
                              : EBB_SAMPLE_BROKEN,
             "%s", reason);
    append_output(out, child);
}

static void fail_garbage(ebb_sample *out, const ebb_child *child, const char *what)
{
    set_kind(out, EBB_SAMPLE_BROKEN, "printed garbage: %s", what);
    append_output(out, child);
}

/* A record that is one, and tells a time. */
static void judge_record(ebb_sample *out, const ebb_child *child, json_t *record)
{
    const json_t *config = json_object_get(record, "config");
    const json_t *valid = json_object_get(record, "valid");
    const double p50 = ebb_json_get_number(json_object_get(record, "step_ns"), "p50");
    if (!json_is_object(config) || !json_is_boolean(valid)) {
        fail_garbage(out, child, "no trial record");
    } else if (json_is_true(json_object_get(record, "diverged"))) {
        set_kind(out, EBB_SAMPLE_DIVERGED, "the trial diverged, a loss was not finite");
    } else if (!json_is_true(valid)) {
        const char *problem =
            json_string_value(json_array_get(json_object_get(record, "problems"), 0));
        set_kind(out, EBB_SAMPLE_DISTURBED, "%s",
                 problem == NULL ? "the trial says that it is not valid" : problem);
    } else if (!(p50 > 0)) {
        set_kind(out, EBB_SAMPLE_BROKEN, "no step was timed: step_ns.p50 is not above 0");
    } else {
        out->ns = p50;
    }
}

static void read_trial(ebb_sample *out, const ebb_child *child)
{
    json_error_t error;
    const bool ended = child->status == EBB_OK || child->status == EBB_ERR_FAILED;
    const char *text = child->output.data == NULL ? "" : child->output.data;
    json_t *record = ended ? json_loads(text, JSON_REJECT_DUPLICATES, &error) : NULL;
    /* A trial that diverged ends with status 1 and its record. */
    if (child->status == EBB_OK || json_is_object(record)) {
        out->kind = EBB_SAMPLE_GOOD;
        if (record == NULL) {
            fail_garbage(out, child, text[0] == '\0' ? "nothing" : error.text);
        } else {
            judge_record(out, child, record);
        }
    }
    out->record = record;
}

static ebb_status run_child(ebb_child *child, const ebb_sample_plan *plan)
{
    const char *words[MAX_WORDS + 2] = {plan->program};
    size_t n = 1;
    for (size_t i = 0; plan->words[i] != NULL && n <= MAX_WORDS; i++) {
        words[n++] = plan->words[i];
    }
    return ebb_child_run(child, &(ebb_child_plan){
                                    .program = plan->program,
                                    .words = words,
                                    .timeout_seconds = plan->timeout_seconds,
                                    .group = true,
                                    .tick = plan->tick,
                                    .tick_argument = plan->tick_argument,
                                });
}

/* Of a program that ended: a check that failed has status 4 and an entry that says so. */
static void read_micro(ebb_sample *out, const ebb_child *child, const char *name)
{
    ebb_micro micro;
    ebb_micro_read(&micro, child->output.data == NULL ? "" : child->output.data, name);
    if (out->kind != EBB_SAMPLE_GOOD) {
        if (micro.found && micro.text[0] != '\0') {
            set_kind(out, out->kind, "%s", micro.text);
        }
    } else if (!micro.readable) {
        fail_garbage(out, child, micro.text);
    } else if (!micro.found) {
        set_kind(out, EBB_SAMPLE_MISSING, "it printed no such benchmark");
    } else if (micro.disturbed && micro.text[0] == '\0' && !(micro.ns > 0)) {
        set_kind(out, EBB_SAMPLE_DISTURBED, "its mean and its median are far apart");
    } else if (!(micro.ns > 0)) {
        set_kind(out, EBB_SAMPLE_BROKEN, "%s",
                 micro.text[0] == '\0' ? "no repetition was timed" : micro.text);
    } else {
        out->ns = micro.ns;
    }
}

ebb_status ebb_sample_take(ebb_sample *out, const ebb_sample_plan *plan)
{
    *out = (ebb_sample){.ns = (double)NAN};
    ebb_child child;
    EBB_TRY(run_child(&child, plan));
    judge_end(out, &child);
    if (child.signal == 0 && !child.timed_out && !child.printed_too_much) {
        if (plan->micro) {
            read_micro(out, &child, plan->name);
        } else {
            read_trial(out, &child);
        }
    }
    ebb_child_clear(&child);
    return EBB_OK;
}

ebb_status ebb_sample_list(json_t **names, ebb_sample *out, const ebb_sample_plan *plan,
                           const char *pattern)
{
    *names = NULL;
    *out = (ebb_sample){.ns = (double)NAN};
    ebb_text filter = {0};
    ebb_text_append(&filter, "--benchmark_filter=%s", pattern);
    EBB_TRY(ebb_text_check(&filter));
    const char *const words[] = {"--benchmark_list_tests=true", filter.data, NULL};
    ebb_sample_plan listing = *plan;
    listing.words = words;
    ebb_child child;
    const ebb_status status = run_child(&child, &listing);
    ebb_text_clear(&filter);
    EBB_TRY(status);
    judge_end(out, &child);
    if (out->kind == EBB_SAMPLE_GOOD) {
        const char *fault = NULL;
        *names =
            ebb_micro_names(&fault, child.output.data == NULL ? "" : child.output.data);
        if (*names == NULL) {
            fail_garbage(out, &child, fault);
        }
    }
    ebb_child_clear(&child);
    return EBB_OK;
}

void ebb_sample_clear(ebb_sample *sample)
{
    json_decref(sample->record);
    *sample = (ebb_sample){0};
}
