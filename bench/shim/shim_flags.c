#include "shim_flags.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shim_text.h"

/* The first versions that know of them. */
enum { TIMES_WITH_UNIT = 10800, DRY_RUN = 10901 };

typedef struct flag_row {
    const char *name;
    const char *fallback; /* the library's default */
    /* What is allowed, where value is not; NULL where it is. */
    const char *(*fault)(const char *value, int library);
    bool is_switch; /* "--name" alone means true */
    bool ours;      /* the shim acts on it, the library sees the fallback */
} flag_row;

static bool one_of(const char *value, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcasecmp(value, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_true(const char *value)
{
    return one_of(value, (const char *const[]){"true", "yes", "on", "1", "t", "y", NULL});
}

static const char *switch_fault(const char *value, int library)
{
    (void)library;
    static const char *const no[] = {"false", "no", "off", "0", "f", "n", NULL};
    return is_true(value) || one_of(value, no) ? NULL : "true, false";
}

/* A number and nothing behind it but suffix, if there is one. */
static bool is_number(const char *value, double low, double high, const char *suffix)
{
    char *end = NULL;
    const double number = strtod(value, &end);
    return end != value && !isspace((unsigned char)*value) && isfinite(number) &&
           number >= low && number <= high && strcmp(end, suffix) == 0;
}

static bool is_count(const char *value, double low, double high, const char *suffix)
{
    return value[strspn(value, "0123456789")] == *suffix &&
           is_number(value, low, high, suffix);
}

static const char *repetitions_fault(const char *value, int library)
{
    (void)library;
    return is_count(value, 1, INT_MAX, "") ? NULL : "1, 2, ...";
}

static const char *level_fault(const char *value, int library)
{
    (void)library;
    return is_count(value, 0, INT_MAX, "") ? NULL : "0, 1, ...";
}

static const char *seconds_fault(const char *value, int library)
{
    (void)library;
    return is_number(value, 0, 1e9, "") ? NULL : "seconds";
}

static const char *min_time_fault(const char *value, int library)
{
    if (is_number(value, 0, 1e9, "") || is_number(value, 0, 1e9, "s")) {
        return NULL;
    }
    if (library < TIMES_WITH_UNIT) {
        return "seconds, 0.5s; iterations need version 1.8 of the library";
    }
    return is_count(value, 1, 1e12, "x") ? NULL : "seconds, 0.5s; iterations, 100x";
}

static const char *format_fault(const char *value, int library)
{
    (void)library;
    const bool known = strcmp(value, "console") == 0 || strcmp(value, "json") == 0 ||
                       strcmp(value, "csv") == 0;
    return known ? NULL : "console, json, csv";
}

static const char *color_fault(const char *value, int library)
{
    return strcmp(value, "auto") == 0 || switch_fault(value, library) == NULL
               ? NULL
               : "auto, true, false";
}

static const char *unit_fault(const char *value, int library)
{
    (void)library;
    const bool known = strcmp(value, "ns") == 0 || strcmp(value, "us") == 0 ||
                       strcmp(value, "ms") == 0 || strcmp(value, "s") == 0;
    return known ? NULL : "ns, us, ms, s";
}

static const char *context_fault(const char *value, int library)
{
    (void)library;
    for (const char *pair = value; *pair != '\0'; pair += strspn(pair, ",")) {
        const size_t length = strcspn(pair, ",");
        const size_t key = strcspn(pair, "=");
        if (key == 0 || key >= length) {
            return "key=value,...";
        }
        pair += length;
    }
    return NULL;
}

static const char *no_fault(const char *value, int library)
{
    (void)value;
    (void)library;
    return NULL;
}

/* clang-format off */
static const flag_row table[] = {
    [EBB_SHIM_FLAG_LIST_TESTS] =
        {"benchmark_list_tests", "false", switch_fault, true, true},
    [EBB_SHIM_FLAG_FILTER] = {"benchmark_filter", "", no_fault, false, false},
    [EBB_SHIM_FLAG_MIN_TIME] =
        {"benchmark_min_time", "0.5", min_time_fault, false, false},
    [EBB_SHIM_FLAG_MIN_WARMUP_TIME] =
        {"benchmark_min_warmup_time", "0", seconds_fault, false, false},
    [EBB_SHIM_FLAG_REPETITIONS] =
        {"benchmark_repetitions", "1", repetitions_fault, false, false},
    [EBB_SHIM_FLAG_DRY_RUN] = {"benchmark_dry_run", "false", switch_fault, true, false},
    [EBB_SHIM_FLAG_INTERLEAVING] =
        {"benchmark_enable_random_interleaving", "false", switch_fault, true, false},
    [EBB_SHIM_FLAG_REPORT_AGGREGATES_ONLY] =
        {"benchmark_report_aggregates_only", "false", switch_fault, true, true},
    [EBB_SHIM_FLAG_DISPLAY_AGGREGATES_ONLY] =
        {"benchmark_display_aggregates_only", "false", switch_fault, true, true},
    [EBB_SHIM_FLAG_FORMAT] = {"benchmark_format", "console", format_fault, false, true},
    [EBB_SHIM_FLAG_OUT] = {"benchmark_out", "", no_fault, false, true},
    [EBB_SHIM_FLAG_OUT_FORMAT] =
        {"benchmark_out_format", "json", format_fault, false, true},
    [EBB_SHIM_FLAG_COLOR] = {"benchmark_color", "auto", color_fault, false, true},
    [EBB_SHIM_FLAG_COUNTERS_TABULAR] =
        {"benchmark_counters_tabular", "false", switch_fault, true, true},
    [EBB_SHIM_FLAG_PERF_COUNTERS] =
        {"benchmark_perf_counters", "", no_fault, false, false},
    [EBB_SHIM_FLAG_CONTEXT] = {"benchmark_context", "", context_fault, false, true},
    [EBB_SHIM_FLAG_TIME_UNIT] = {"benchmark_time_unit", "ns", unit_fault, false, false},
    [EBB_SHIM_FLAG_VERBOSITY] = {"v", "0", level_fault, false, false},
};
/* clang-format on */
_Static_assert(sizeof table / sizeof *table == EBB_SHIM_FLAG_COUNT, "one row a flag");

static const flag_row *find(size_t *index, const char *name, size_t length)
{
    for (size_t i = 0; i < EBB_SHIM_FLAG_COUNT; i++) {
        if (strlen(table[i].name) == length &&
            strncmp(name, table[i].name, length) == 0) {
            *index = i;
            return &table[i];
        }
    }
    return NULL;
}

/* Times have a unit from some version on, and must not have one before. */
static void adapt_time(char *value, int library)
{
    const size_t length = strlen(value);
    const char last = value[length - 1];
    if (library < TIMES_WITH_UNIT && last == 's') {
        value[length - 1] = '\0';
    } else if (library >= TIMES_WITH_UNIT && last != 's' && last != 'x') {
        memcpy(value + length, "s", 2);
    }
}

/* A copy of value, if the row allows it. Owned by the caller. */
static ebb_shim_status judge(char **out, const flag_row *row, const char *where,
                             const char *value, int library)
{
    *out = NULL;
    const char *allowed = row->fault(value, library);
    if (allowed != NULL) {
        return ebb_shim_text_refuse(EBB_SHIM_USAGE, "%s: '%.200s' (%s)", where, value,
                                    allowed);
    }
    const size_t size = strlen(value) + 1;
    *out = malloc(size + 1); /* room for a unit */
    if (*out == NULL) {
        return ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "memory: refused");
    }
    memcpy(*out, value, size);
    if (row == &table[EBB_SHIM_FLAG_MIN_TIME]) {
        adapt_time(*out, library);
    }
    return EBB_SHIM_OK;
}

/* Puts text, whose owner the list becomes, in the place of what is there. */
static void replace(char **texts, size_t index, char *text)
{
    free(texts[index]);
    texts[index] = text;
}

ebb_shim_status ebb_shim_flags_default(ebb_shim_flags *flags, const char *name,
                                       const char *value)
{
    size_t index = 0;
    const flag_row *row = name == NULL ? NULL : find(&index, name, strlen(name));
    if (row == NULL || value == NULL) {
        return ebb_shim_text_refuse(EBB_SHIM_USAGE, "%s: no flag of this name",
                                    name == NULL ? "" : name);
    }
    char *copy = NULL;
    const ebb_shim_status status = judge(&copy, row, name, value, flags->library);
    if (status == EBB_SHIM_OK) {
        replace(flags->defaults, index, copy);
    }
    return status;
}

static ebb_shim_status read_defaults(ebb_shim_flags *flags)
{
    for (size_t i = 0; i < EBB_SHIM_FLAG_COUNT; i++) {
        char variable[64] = "";
        for (size_t c = 0; table[i].name[c] != '\0' && c + 1 < sizeof variable; c++) {
            variable[c] = (char)toupper((unsigned char)table[i].name[c]);
        }
        const char *given = i == EBB_SHIM_FLAG_VERBOSITY ? NULL : getenv(variable);
        const char *value = given != NULL                ? given
                            : flags->defaults[i] != NULL ? flags->defaults[i]
                                                         : table[i].fallback;
        char *copy = NULL;
        const ebb_shim_status status =
            judge(&copy, &table[i], variable, value, flags->library);
        if (status != EBB_SHIM_OK) {
            return status;
        }
        replace(flags->pending, i, copy);
    }
    return EBB_SHIM_OK;
}

/* *taken: the argument is one of the library's. */
static ebb_shim_status read_argument(bool *taken, ebb_shim_flags *flags,
                                     const char *argument)
{
    const size_t length = strcspn(argument, "=");
    size_t index = 0;
    *taken = false;
    const flag_row *row =
        strncmp(argument, "--", 2) == 0 ? find(&index, argument + 2, length - 2) : NULL;
    if (row == NULL) {
        return strncmp(argument, "--benchmark_", 12) == 0
                   ? ebb_shim_text_refuse(EBB_SHIM_USAGE,
                                          "%.200s: no such flag (--help lists them)",
                                          argument)
                   : EBB_SHIM_OK;
    }
    *taken = true;
    char where[64];
    snprintf(where, sizeof where, "--%s", row->name);
    if (argument[length] == '\0' && !row->is_switch) {
        return ebb_shim_text_refuse(EBB_SHIM_USAGE, "%s: has no value (%s=...)", where,
                                    where);
    }
    const char *value = argument[length] == '\0' ? "true" : argument + length + 1;
    char *copy = NULL;
    const ebb_shim_status status = judge(&copy, row, where, value, flags->library);
    if (status == EBB_SHIM_OK) {
        replace(flags->pending, index, copy);
    }
    return status;
}

static ebb_shim_status read_all(ebb_shim_flags *flags, int argc, char **argv, bool *taken)
{
    ebb_shim_status status = read_defaults(flags);
    bool help = false;
    for (int i = 1; i < argc && status == EBB_SHIM_OK; i++) {
        help = help || strcmp(argv[i], "--help") == 0;
        status = read_argument(&taken[i], flags, argv[i]);
    }
    return status == EBB_SHIM_OK && help ? EBB_SHIM_HELP : status;
}

static void free_all(char **texts)
{
    for (size_t i = 0; i < EBB_SHIM_FLAG_COUNT; i++) {
        free(texts[i]);
        texts[i] = NULL;
    }
}

ebb_shim_status ebb_shim_flags_read(ebb_shim_flags *flags, int *argc, char **argv)
{
    bool *taken = calloc((size_t)*argc + 1, sizeof *taken);
    if (taken == NULL) {
        return ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "memory: refused");
    }
    const ebb_shim_status status = read_all(flags, *argc, argv, taken);
    if (status == EBB_SHIM_OK) {
        int kept = 0;
        for (int i = 0; i < *argc; i++) {
            if (!taken[i]) {
                argv[kept++] = argv[i];
            }
        }
        argv[kept] = NULL;
        *argc = kept;
        free_all(flags->values);
        memcpy(flags->values, flags->pending, sizeof flags->values);
        memset(flags->pending, 0, sizeof flags->pending);
    }
    free_all(flags->pending);
    free(taken);
    return status;
}

bool ebb_shim_flags_is_set(const ebb_shim_flags *flags, ebb_shim_flag which)
{
    return flags->values[which] != NULL && is_true(flags->values[which]);
}

const char *ebb_shim_flags_name(ebb_shim_flag which)
{
    return table[which].name;
}

const char *ebb_shim_flags_value(const ebb_shim_flags *flags, ebb_shim_flag which,
                                 bool list)
{
    const bool dry = ebb_shim_flags_is_set(flags, EBB_SHIM_FLAG_DRY_RUN);
    if (which == EBB_SHIM_FLAG_LIST_TESTS) {
        return list ? "true" : "false";
    }
    if (flags->library < DRY_RUN && which == EBB_SHIM_FLAG_DRY_RUN) {
        return NULL;
    }
    /* A dry run that the library cannot do: the first iteration is long enough. */
    if (flags->library < DRY_RUN && dry && which == EBB_SHIM_FLAG_MIN_TIME) {
        return "1e-9";
    }
    if (flags->library < DRY_RUN && dry &&
        (which == EBB_SHIM_FLAG_REPETITIONS || which == EBB_SHIM_FLAG_MIN_WARMUP_TIME)) {
        return table[which].fallback;
    }
    return table[which].ours ? table[which].fallback : flags->values[which];
}

void ebb_shim_flags_clear(ebb_shim_flags *flags)
{
    free_all(flags->defaults);
    free_all(flags->values);
}
