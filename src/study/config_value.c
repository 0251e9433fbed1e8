/* config_value.c - values of options: from text, and back to the text that gives them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/config_row.h"

void *ebb_config__field(ebb_config *config, const ebb_config__row *row)
{
    return (char *)config + row->offset;
}

const void *ebb_config__field_of(const ebb_config *config, const ebb_config__row *row)
{
    return (const char *)config + row->offset;
}

/* Words that stand for a value beside numbers; NULL where there is none. An option whose
 * absence is its default has no word for it. */
static const char *const *words_of(const ebb_config__row *row)
{
    static const char *const none[] = {"none", NULL};
    static const char *const all[] = {"all", NULL};
    static const char *const normalize[] = {"dataset", "none", NULL};
    switch ((int)row->type) {
    case EBB_CONFIG_NONE_OR: return row->option.fallback[0] != '\0' ? none : NULL;
    case EBB_CONFIG_ALL_OR: return all;
    case EBB_CONFIG_HIDDEN: return none;
    case EBB_CONFIG_NORMALIZE: return normalize;
    default: return NULL;
    }
}

/* WHERE: WHAT 'value' (ALLOWED), and the word that may be meant. */
static ebb_status refuse(const ebb_config__row *row, const char *where, const char *what,
                         const char *value)
{
    const char *const *words = words_of(row);
    size_t n = 0;
    while (words != NULL && words[n] != NULL) {
        n++;
    }
    const char *nearest = n > 0 ? ebb_text_nearest(value, words, n) : NULL;
    char shown[64];
    return ebb_fail(EBB_ERR_USAGE, "%s: %s '%s' (allowed: %s%s%s)", where, what,
                    ebb_text_printable(shown, value), row->option.allowed,
                    nearest != NULL ? "; nearest: " : "", nearest != NULL ? nearest : "");
}

enum { MAX_CHOICES = 64 };

static ebb_status refuse_choice(const ebb_config__row *row, const char *where,
                                const char *value)
{
    const char *names[MAX_CHOICES];
    size_t n = 0;
    for (; n < MAX_CHOICES && row->choices(n) != NULL; n++) {
        names[n] = row->choices(n)->name;
    }
    return ebb_text_fail_name(where, "unknown value", value, names, n);
}

static ebb_status parse_choice(int *out, const ebb_config__row *row, const char *where,
                               const char *value)
{
    for (int i = 0; row->choices((size_t)i) != NULL; i++) {
        if (strcmp(row->choices((size_t)i)->name, value) == 0) {
            *out = i;
            return EBB_OK;
        }
    }
    return refuse_choice(row, where, value);
}

static ebb_status parse_flag(bool *out, const ebb_config__row *row, const char *where,
                             const char *value)
{
    int index = 0;
    EBB_TRY(parse_choice(&index, row, where, value));
    *out = (index == 1) == (row->type == EBB_CONFIG_FLAG);
    return EBB_OK;
}

static ebb_status parse_count(size_t *out, const ebb_config__row *row, const char *where,
                              const char *value)
{
    int64_t number = 0;
    if (!ebb_text_to_int64(&number, value)) {
        return refuse(row, where, "not a whole number that fits:", value);
    }
    if ((double)number < row->low || (double)number > row->high) {
        return refuse(row, where, "out of range:", value);
    }
    *out = (size_t)number;
    return EBB_OK;
}

static ebb_status parse_word_or_count(size_t *out, const ebb_config__row *row,
                                      const char *where, const char *value)
{
    const char *const *words = words_of(row);
    if (words != NULL && strcmp(value, words[0]) == 0) {
        *out = 0;
        return EBB_OK;
    }
    return parse_count(out, row, where, value);
}

static ebb_status parse_seed(uint64_t *out, const ebb_config__row *row, const char *where,
                             const char *value)
{
    uint64_t number = 0;
    /* JSON's integers are signed. */
    if (!ebb_text_to_uint64(&number, value) || number > INT64_MAX) {
        return refuse(row, where, "not a whole number in range:", value);
    }
    *out = number;
    return EBB_OK;
}

static ebb_status parse_real(double *out, const ebb_config__row *row, const char *where,
                             const char *value)
{
    double number = 0;
    if (!ebb_text_to_double(&number, value)) {
        return refuse(row, where, "not a number:", value);
    }
    const bool at_end = row->type == EBB_CONFIG_REAL_BELOW && number == row->high;
    if (number < row->low || number > row->high || at_end) {
        return refuse(row, where, "out of range:", value);
    }
    *out = number == 0 ? 0 : number; /* no minus zero */
    return EBB_OK;
}

enum { ITEM_BYTES = 1024 }; /* no number and no request is written longer */

/* Cuts the item before the first separator off *rest; *rest becomes NULL with the last.
 * False when the item is longer than any that is allowed. */
static bool take_item(char item[ITEM_BYTES], const char **rest, char separator)
{
    const char *end = strchr(*rest, separator);
    const size_t length = end == NULL ? strlen(*rest) : (size_t)(end - *rest);
    const bool fits = length < ITEM_BYTES;
    memcpy(item, *rest, fits ? length : 0);
    item[fits ? length : 0] = '\0';
    *rest = end == NULL ? NULL : end + 1;
    return fits;
}

/* Whole numbers separated by commas: n of them, at most max. False when the text is
 * something else. Numbers outside low … high are something else too. */
static bool parse_list(size_t *out, size_t *n, size_t max, const char *value,
                       const double low_high[2])
{
    const char *rest = value;
    bool good = true;
    *n = 0;
    while (good && rest != NULL) {
        char item[ITEM_BYTES];
        int64_t number = 0;
        good = take_item(item, &rest, ',') && *n < max &&
               ebb_text_to_int64(&number, item) && (double)number >= low_high[0] &&
               (double)number <= low_high[1];
        if (good) {
            out[(*n)++] = (size_t)number;
        }
    }
    return good;
}

static ebb_status parse_synthetic(ebb_config *config, const ebb_config__row *row,
                                  const char *where, const char *value)
{
    static const size_t high[4] = {10000000, 10000000, 65536, 255};
    size_t numbers[4] = {0};
    size_t n = 0;
    const double range[2] = {1, 1e7};
    bool good = parse_list(numbers, &n, 4, value, range) && n == 4;
    for (size_t i = 0; i < 4; i++) {
        good = good && numbers[i] <= high[i];
    }
    if (!good) {
        return refuse(row, where, "not four counts in range:", value);
    }
    memcpy(config->synthetic, numbers, sizeof numbers);
    return EBB_OK;
}

static ebb_status parse_hidden(ebb_config *config, const ebb_config__row *row,
                               const char *where, const char *value)
{
    if (strcmp(value, "none") == 0) {
        config->n_hidden = 0;
        return EBB_OK;
    }
    size_t widths[EBB_MAX_HIDDEN] = {0};
    size_t n = 0;
    const double range[2] = {row->low, row->high};
    if (!parse_list(widths, &n, EBB_MAX_HIDDEN, value, range)) {
        return refuse(row, where, "not a list of widths:", value);
    }
    memcpy(config->hidden, widths, sizeof widths);
    config->n_hidden = n;
    return EBB_OK;
}

static ebb_status parse_class_order(ebb_config *config, const ebb_config__row *row,
                                    const char *where, const char *value)
{
    size_t classes[255] = {0};
    size_t n = 0;
    bool seen[255] = {false};
    const double range[2] = {row->low, row->high};
    bool good = parse_list(classes, &n, 255, value, range);
    for (size_t i = 0; good && i < n; i++) {
        good = !seen[classes[i]];
        seen[classes[i]] = true;
    }
    if (!good) {
        return refuse(row, where, "not a list of distinct classes:", value);
    }
    for (size_t i = 0; i < n; i++) {
        config->class_order[i] = (uint8_t)classes[i];
    }
    config->n_class_order = n;
    return EBB_OK;
}

static ebb_status parse_normalize(ebb_config *config, const ebb_config__row *row,
                                  const char *where, const char *value)
{
    static const char *const words[] = {"dataset", "none"};
    for (int i = 0; i < 2; i++) {
        if (strcmp(value, words[i]) == 0) {
            config->normalize = i;
            config->normalize_mean = 0;
            config->normalize_deviation = 1;
            return EBB_OK;
        }
    }
    const char *rest = value;
    char mean_text[ITEM_BYTES];
    double mean = 0;
    double deviation = 0;
    const bool good = take_item(mean_text, &rest, ',') && rest != NULL &&
                      ebb_text_to_double(&mean, mean_text) &&
                      ebb_text_to_double(&deviation, rest);
    /* Below that, a float's reciprocal would be infinite. */
    if (!good || deviation < 1e-30 || deviation > 1e30 || fabs(mean) > 1e30) {
        return refuse(row, where, "not a normalisation:", value);
    }
    config->normalize = EBB_NORMALIZE_GIVEN;
    config->normalize_mean = mean;
    config->normalize_deviation = deviation;
    return EBB_OK;
}

typedef struct request_list {
    ebb_request items[EBB_MAX_REQUESTS];
    size_t n;
} request_list;

static bool parse_task(uint8_t *out, const char *text)
{
    int64_t number = 0;
    const bool good =
        ebb_text_to_int64(&number, text) && number >= 1 && number <= EBB_MAX_TASKS;
    *out = (uint8_t)(good ? number : 0);
    return good;
}

/* "5:1+3" into two entries. Entries stay sorted by `after`, in the order written within
 * one request; a second request after the same task is refused. */
static bool parse_request(request_list *list, const char *text)
{
    const char *rest = text;
    char item[ITEM_BYTES];
    uint8_t after = 0;
    bool good = take_item(item, &rest, ':') && rest != NULL && parse_task(&after, item);
    size_t at = 0;
    while (good && at < list->n && list->items[at].after <= after) {
        good = list->items[at++].after != after;
    }
    while (good && rest != NULL) {
        uint8_t task = 0;
        good = take_item(item, &rest, '+') && list->n < EBB_MAX_REQUESTS &&
               parse_task(&task, item);
        if (good) {
            memmove(list->items + at + 1, list->items + at,
                    (list->n - at) * sizeof list->items[0]);
            list->items[at++] = (ebb_request){after, task};
            list->n++;
        }
    }
    return good;
}

static ebb_status parse_requests(ebb_config *config, const ebb_config__row *row,
                                 const char *where, const char *value)
{
    request_list list = {.n = 0};
    const char *rest = value;
    bool good = true;
    while (good && rest != NULL) {
        char item[ITEM_BYTES];
        good = take_item(item, &rest, ',') && parse_request(&list, item);
    }
    if (!good) {
        return refuse(row, where, "not a list of requests, one a task:", value);
    }
    memcpy(config->requests, list.items, sizeof list.items);
    config->n_requests = list.n;
    return EBB_OK;
}

static ebb_status parse_path(char **out, const ebb_config__row *row, const char *where,
                             const char *value)
{
    if (value[0] == '\0') {
        return refuse(row, where, "empty:", value);
    }
    char *copy = strdup(value);
    if (copy == NULL) {
        return ebb_fail_memory(strlen(value) + 1);
    }
    free(*out);
    *out = copy;
    return EBB_OK;
}

ebb_status ebb_config__parse(ebb_config *config, const ebb_config__row *row,
                             const char *where, const char *value)
{
    void *field = ebb_config__field(config, row);
    switch (row->type) {
    case EBB_CONFIG_CHOICE: return parse_choice(field, row, where, value);
    case EBB_CONFIG_FLAG:
    case EBB_CONFIG_FLAG_FIRST: return parse_flag(field, row, where, value);
    case EBB_CONFIG_COUNT: return parse_count(field, row, where, value);
    case EBB_CONFIG_NONE_OR:
    case EBB_CONFIG_ALL_OR: return parse_word_or_count(field, row, where, value);
    case EBB_CONFIG_SEED: return parse_seed(field, row, where, value);
    case EBB_CONFIG_REAL:
    case EBB_CONFIG_REAL_BELOW: return parse_real(field, row, where, value);
    case EBB_CONFIG_SYNTHETIC: return parse_synthetic(config, row, where, value);
    case EBB_CONFIG_HIDDEN: return parse_hidden(config, row, where, value);
    case EBB_CONFIG_CLASS_ORDER: return parse_class_order(config, row, where, value);
    case EBB_CONFIG_NORMALIZE: return parse_normalize(config, row, where, value);
    case EBB_CONFIG_REQUESTS: return parse_requests(config, row, where, value);
    case EBB_CONFIG_PATH:
    case EBB_CONFIG_TYPE_COUNT: break;
    }
    return parse_path(field, row, where, value);
}
