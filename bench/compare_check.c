#include "compare_check.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "study/json.h"
#include "study/record.h"

/* Measured between `tiles`, `shards` and `reference`: 5 tasks of Fashion-MNIST, 0.005 and
 * 2 % of the loss, or 10 % of a loss below 0.05. */
const ebb_compare_bound ebb_compare_bound_long = {
    .accuracy = 0.03, .loss_share = 0.2, .loss = 0.02};
/* Likewise in the built-in benchmarks: accuracy equal, 0.03 % of the loss. */
const ebb_compare_bound ebb_compare_bound_short = {
    .accuracy = 0.01, .loss_share = 0.005, .loss = 1e-5};

bool ebb_compare_readable(ebb_text *why, const json_t *record)
{
    const char *schema = ebb_json_get_text(record, "schema");
    if (strcmp(schema, EBB_RECORD_SCHEMA) == 0) {
        return true;
    }
    char shown[64];
    ebb_text_append(why, "schema is '%s' (allowed: " EBB_RECORD_SCHEMA ")",
                    ebb_text_printable(shown, schema));
    return false;
}

/* Compared as they are written, where 180 and 180.0 are one number. */
static bool same_value(const json_t *a, const json_t *b)
{
    ebb_text texts[2] = {{0}, {0}};
    ebb_json_print(&texts[0], a);
    ebb_json_print(&texts[1], b);
    const bool same = texts[0].data == NULL || texts[1].data == NULL
                          ? texts[0].data == texts[1].data
                          : strcmp(texts[0].data, texts[1].data) == 0;
    ebb_text_clear(&texts[0]);
    ebb_text_clear(&texts[1]);
    return same;
}

/* An option that one of two builds does not know cannot make them differ. */
static bool same_config(ebb_text *why, const json_t *baseline, const json_t *candidate)
{
    const char *key = NULL;
    json_t *value = NULL;
    /* The macro wants an object that it may change. */
    json_t *config = json_object_get(baseline, "config");
    json_object_foreach(config, key, value)
    {
        const json_t *other = json_object_get(candidate, key);
        if (other != NULL && !same_value(value, other)) {
            ebb_text_append(why, "other configuration: %s is ", key);
            ebb_json_print(why, value);
            ebb_text_append(why, " and ");
            ebb_json_print(why, other);
            return false;
        }
    }
    return true;
}

bool ebb_compare_same_question(ebb_text *why, const json_t *baseline,
                               const json_t *candidate)
{
    return ebb_compare_readable(why, baseline) && ebb_compare_readable(why, candidate) &&
           same_config(why, baseline, json_object_get(candidate, "config"));
}

static double entry(const json_t *record, const char *matrix, size_t task)
{
    return ebb_json_get_entry(json_object_get(record, matrix), task, task);
}

/* Tasks whose learning no request has touched. */
static size_t count_tasks(const json_t *record)
{
    size_t n = json_array_size(json_object_get(record, "accuracy"));
    const json_t *requests = json_object_get(record, "unlearning");
    for (size_t i = 0; i < json_array_size(requests); i++) {
        const double after =
            ebb_json_get_number(json_array_get(requests, i), "after_task");
        /* The row of a task is written after its requests. */
        n = after >= 1 && after <= (double)n ? (size_t)after - 1 : n;
    }
    return n;
}

static bool same_task(ebb_text *why, const json_t *baseline, const json_t *candidate,
                      size_t task, ebb_compare_bound bound)
{
    const double accuracy[] = {entry(baseline, "accuracy", task),
                               entry(candidate, "accuracy", task)};
    if (isnan(accuracy[0]) && isnan(accuracy[1])) {
        return true; /* tested by neither */
    }
    if (!(fabs(accuracy[1] - accuracy[0]) <= bound.accuracy)) {
        ebb_text_append(why,
                        "accuracy of task %zu is %.4f and %.4f (allowed: a difference of "
                        "%g)",
                        task + 1, accuracy[0], accuracy[1], bound.accuracy);
        return false;
    }
    const double loss[] = {entry(baseline, "loss", task), entry(candidate, "loss", task)};
    const double allowed =
        fmax(bound.loss, bound.loss_share * fmax(fabs(loss[0]), fabs(loss[1])));
    if (!(fabs(loss[1] - loss[0]) <= allowed)) {
        ebb_text_append(why,
                        "loss of task %zu is %.6g and %.6g (allowed: a difference of "
                        "%.3g)",
                        task + 1, loss[0], loss[1], allowed);
        return false;
    }
    return true;
}

bool ebb_compare_same_bits(const json_t *a, const json_t *b)
{
    const char *digest = ebb_json_get_text(a, "digest");
    return digest[0] != '\0' && strcmp(digest, ebb_json_get_text(b, "digest")) == 0;
}

bool ebb_compare_same_answer(ebb_text *why, const json_t *baseline,
                             const json_t *candidate, ebb_compare_bound bound)
{
    if (ebb_compare_same_bits(baseline, candidate) &&
        json_equal(json_object_get(baseline, "accuracy"),
                   json_object_get(candidate, "accuracy"))) {
        return true;
    }
    const size_t n = count_tasks(baseline);
    for (size_t task = 0; task < n; task++) {
        if (!same_task(why, baseline, candidate, task, bound)) {
            return false;
        }
    }
    return true;
}
