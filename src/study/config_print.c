/* config_print.c - values of options as the text that would set them. */
#include <stdio.h>
#include <stdlib.h>

#include "study/config_row.h"

void ebb_config__print_real(ebb_text *out, double value)
{
    char text[32] = "";
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    ebb_text_append(out, "%s", text);
}

static void print_counts(ebb_text *out, const size_t *counts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ebb_text_append(out, "%s%zu", i == 0 ? "" : ",", counts[i]);
    }
}

static void print_word_or_count(ebb_text *out, const ebb_config__row *row, size_t count)
{
    if (count > 0) {
        ebb_text_append(out, "%zu", count);
    } else if (row->option.fallback[0] != '\0') {
        ebb_text_append(out, "%s", row->type == EBB_CONFIG_ALL_OR ? "all" : "none");
    }
}

/* Without an order of its own, a split takes the classes as they are numbered. */
static void print_class_order(ebb_text *out, const ebb_config *config)
{
    const bool given = config->n_class_order > 0;
    const size_t n = given ? config->n_class_order : ebb_config__classes(config);
    for (size_t i = 0; i < n; i++) {
        ebb_text_append(out, "%s%zu", i == 0 ? "" : ",",
                        given ? (size_t)config->class_order[i] : i);
    }
}

static void print_normalize(ebb_text *out, const ebb_config *config)
{
    if (config->normalize != EBB_NORMALIZE_GIVEN) {
        ebb_text_append(out, "%s",
                        config->normalize == EBB_NORMALIZE_NONE ? "none" : "dataset");
        return;
    }
    ebb_config__print_real(out, config->normalize_mean);
    ebb_text_append(out, ",");
    ebb_config__print_real(out, config->normalize_deviation);
}

static void print_requests(ebb_text *out, const ebb_config *config)
{
    for (size_t i = 0; i < config->n_requests; i++) {
        const ebb_request *request = &config->requests[i];
        if (i > 0 && request[-1].after == request->after) {
            ebb_text_append(out, "+%d", request->task);
        } else {
            ebb_text_append(out, "%s%d:%d", i == 0 ? "" : ",", request->after,
                            request->task);
        }
    }
}

static const char *flag_name(const ebb_config__row *row, bool value)
{
    return row->choices(value == (row->type == EBB_CONFIG_FLAG) ? 1 : 0)->name;
}

static const char *choice_name(const ebb_config__row *row, int index)
{
    const ebb_choice *choice = row->choices((size_t)index);
    return choice == NULL ? "" : choice->name;
}

void ebb_config__print(ebb_text *out, const ebb_config__row *row,
                       const ebb_config *config)
{
    const void *field = ebb_config__field_of(config, row);
    char *const *path = field;
    switch (row->type) {
    case EBB_CONFIG_CHOICE:
        ebb_text_append(out, "%s", choice_name(row, *(const int *)field));
        break;
    case EBB_CONFIG_FLAG:
    case EBB_CONFIG_FLAG_FIRST:
        ebb_text_append(out, "%s", flag_name(row, *(const bool *)field));
        break;
    case EBB_CONFIG_COUNT: print_counts(out, field, 1); break;
    case EBB_CONFIG_NONE_OR:
    case EBB_CONFIG_ALL_OR: print_word_or_count(out, row, *(const size_t *)field); break;
    case EBB_CONFIG_SEED:
        ebb_text_append(out, "%llu", (unsigned long long)*(const uint64_t *)field);
        break;
    case EBB_CONFIG_REAL:
    case EBB_CONFIG_REAL_BELOW:
        ebb_config__print_real(out, *(const double *)field);
        break;
    case EBB_CONFIG_SYNTHETIC: print_counts(out, config->synthetic, 4); break;
    case EBB_CONFIG_HIDDEN:
        print_counts(out, config->hidden, config->n_hidden);
        ebb_text_append(out, "%s", config->n_hidden == 0 ? "none" : "");
        break;
    case EBB_CONFIG_CLASS_ORDER: print_class_order(out, config); break;
    case EBB_CONFIG_NORMALIZE: print_normalize(out, config); break;
    case EBB_CONFIG_REQUESTS: print_requests(out, config); break;
    case EBB_CONFIG_PATH: ebb_text_append(out, "%s", *path == NULL ? "" : *path); break;
    case EBB_CONFIG_TYPE_COUNT: break;
    }
}

void ebb_config_value(ebb_text *out, const ebb_config *config, size_t index)
{
    const ebb_config__row *row = ebb_config__row_at(index);
    if (row != NULL) {
        ebb_config__print(out, row, config);
    }
}
