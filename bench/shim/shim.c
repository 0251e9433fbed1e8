#include "shim.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim_case.h"
#include "shim_output.h"
#include "shim_text.h"

struct ebb_shim {
    ebb_shim_flags flags;
    char *executable; /* owned; the library keeps the pointer */
    ebb_shim_case **cases;
    size_t n_cases;
    bool running;
};

static ebb_shim_status refuse_memory(void)
{
    return ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "memory: refused");
}

/* ---- start and end ------------------------------------------------------------------
 */

/* Hands all flags to the library, those not given with their default, so that nothing of
 * an earlier use stays behind. */
static ebb_shim_status configure(ebb_shim *shim, bool list)
{
    char *argv[EBB_SHIM_FLAG_COUNT + 2] = {shim->executable};
    int argc = 1;
    ebb_shim_status status = EBB_SHIM_OK;
    for (int i = 0; i < EBB_SHIM_FLAG_COUNT && status == EBB_SHIM_OK; i++) {
        const char *value = ebb_shim_flags_value(&shim->flags, (ebb_shim_flag)i, list);
        if (value != NULL && asprintf(&argv[argc], "--%s=%s",
                                      ebb_shim_flags_name((ebb_shim_flag)i), value) < 0) {
            status = refuse_memory();
        } else if (value != NULL) {
            argc++;
        }
    }
    /* The library moves pointers about. */
    char *shown[EBB_SHIM_FLAG_COUNT + 2];
    memcpy(shown, argv, sizeof shown);
    if (status == EBB_SHIM_OK) {
        status = ebb_library_configure(argc, shown);
    }
    for (int i = 1; i < argc; i++) {
        free(argv[i]);
    }
    return status;
}

ebb_shim_status ebb_shim_add_context(ebb_shim *shim, const char *key, const char *value)
{
    if (shim->running) {
        return ebb_shim_text_refuse(EBB_SHIM_STATE,
                                    "add_context: benchmarks are running");
    }
    if (key == NULL || *key == '\0' || ebb_shim_json_has_key(key)) {
        return ebb_shim_text_refuse(EBB_SHIM_USAGE, "context '%.200s': not a key for one",
                                    key == NULL ? "" : key);
    }
    char *clean_key = ebb_shim_text_copy(key);
    char *clean_value = ebb_shim_text_copy(value);
    bool added = true;
    ebb_shim_status status =
        clean_key == NULL || clean_value == NULL
            ? refuse_memory()
            : ebb_library_add_context(&added, clean_key, clean_value);
    if (!added) {
        status = ebb_shim_text_refuse(EBB_SHIM_USAGE, "context '%.200s': there already",
                                      clean_key);
    }
    free(clean_key);
    free(clean_value);
    return status;
}

/* Entries of --benchmark_context, whose form was checked. */
static ebb_shim_status add_given_context(ebb_shim *shim)
{
    char *text = strdup(shim->flags.values[EBB_SHIM_FLAG_CONTEXT]);
    ebb_shim_status status = text == NULL ? refuse_memory() : EBB_SHIM_OK;
    char *rest = text;
    for (char *pair = NULL;
         status == EBB_SHIM_OK && (pair = strtok_r(rest, ",", &rest)) != NULL;) {
        char *value = strchr(pair, '=');
        *value = '\0';
        status = ebb_shim_add_context(shim, pair, value + 1);
    }
    free(text);
    return status;
}

static ebb_shim_status start(ebb_shim *shim, int *argc, char **argv,
                             const ebb_shim_pair *defaults, size_t n)
{
    shim->flags.library = ebb_library_number();
    shim->executable =
        ebb_shim_text_copy(*argc > 0 && argv[0] != NULL ? argv[0] : "benchmark");
    ebb_shim_status status = shim->executable == NULL ? refuse_memory() : EBB_SHIM_OK;
    for (size_t i = 0; i < n && status == EBB_SHIM_OK; i++) {
        status = ebb_shim_flags_default(&shim->flags, defaults[i].key, defaults[i].value);
    }
    if (status == EBB_SHIM_OK) {
        status = ebb_shim_flags_read(&shim->flags, argc, argv);
    }
    if (status == EBB_SHIM_OK) {
        status = configure(shim, false);
    }
    return status == EBB_SHIM_OK ? add_given_context(shim) : status;
}

ebb_shim_status ebb_shim_init(ebb_shim **out, int *argc, char **argv,
                              const ebb_shim_pair *defaults, size_t n)
{
    *out = NULL;
    ebb_shim *shim = calloc(1, sizeof *shim);
    char **words = calloc((size_t)*argc + 1, sizeof *words);
    int n_words = *argc;
    ebb_shim_status status = refuse_memory();
    if (shim != NULL && words != NULL) {
        memcpy(words, argv, (size_t)*argc * sizeof *words);
        status = start(shim, &n_words, words, defaults, n);
    }
    if (status == EBB_SHIM_OK && words != NULL) {
        /* There is an end mark only where there was one. */
        memcpy(argv, words,
               (size_t)(n_words < *argc ? n_words + 1 : n_words) * sizeof *argv);
        *argc = n_words;
        *out = shim;
    } else {
        ebb_shim_destroy(shim);
    }
    free(words);
    return status;
}

bool ebb_shim_only_lists(const ebb_shim *shim)
{
    return ebb_shim_flags_is_set(&shim->flags, EBB_SHIM_FLAG_LIST_TESTS);
}

ebb_shim_status ebb_shim_print_help(void)
{
    return ebb_library_print_help();
}

ebb_shim_status ebb_shim_library_version(char *out, size_t size, bool *debug)
{
    const int number = ebb_library_number();
    snprintf(out, size, "%d.%d.%d", number / 10000, number / 100 % 100, number % 100);
    return ebb_library_is_debug(debug);
}

void ebb_shim_destroy(ebb_shim *shim)
{
    if (shim == NULL) {
        return;
    }
    ebb_library_clear();
    for (size_t i = 0; i < shim->n_cases; i++) {
        ebb_shim_case_destroy(shim->cases[i]);
    }
    free(shim->cases);
    free(shim->executable);
    ebb_shim_flags_clear(&shim->flags);
    free(shim);
}

/* ---- registration -------------------------------------------------------------------
 */

static bool is_name(const char *name)
{
    for (const char *c = name; c != NULL && *c != '\0'; c++) {
        if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c)) {
            return false;
        }
    }
    return name != NULL;
}

static bool is_time(double seconds)
{
    return isfinite(seconds) && seconds >= 0.0;
}

static const char *arguments_fault(const ebb_shim_benchmark *o)
{
    if (o->n_args > 0 && (o->args == NULL || o->n_sets == 0)) {
        return "arguments without values";
    }
    for (size_t i = 0; o->arg_names != NULL && i < o->n_args; i++) {
        if (!is_name(o->arg_names[i])) {
            return "a blank in the name of an argument";
        }
    }
    return NULL;
}

static const char *extent_fault(const ebb_shim_benchmark *o)
{
    if (o->iterations < 0 || o->repetitions < 0 || !is_time(o->min_time) ||
        !is_time(o->min_warmup_time)) {
        return "a negative number of iterations, repetitions or seconds";
    }
    if (o->iterations > 0 && (o->min_time > 0.0 || o->min_warmup_time > 0.0)) {
        return "either iterations or times";
    }
    return o->min_warmup_time > 0.0 && o->min_time <= 0.0
               ? "min_warmup_time without min_time, which the library ignores"
               : NULL;
}

static const char *find_fault(const ebb_shim_benchmark *o)
{
    if (!is_name(o->name) || *o->name == '\0') {
        return "no name, or a blank in it";
    }
    if ((o->body == NULL) == (o->step == NULL)) {
        return "either body or step";
    }
    if (o->samples_capacity > 0 && (o->samples_ns == NULL || o->step == NULL)) {
        return "samples belong to the step form";
    }
    if ((unsigned)o->clock > EBB_SHIM_MANUAL_TIME ||
        (unsigned)o->unit > EBB_SHIM_SECONDS) {
        return "no such clock or unit";
    }
    const char *fault = arguments_fault(o);
    return fault != NULL ? fault : extent_fault(o);
}

ebb_shim_status ebb_shim_register_benchmark(ebb_shim *shim,
                                            const ebb_shim_benchmark *benchmark)
{
    if (shim->running) {
        return ebb_shim_text_refuse(EBB_SHIM_STATE, "register: benchmarks are running");
    }
    ebb_shim_benchmark own = {0};
    if (benchmark->size == 0 || benchmark->size > sizeof own) {
        return ebb_shim_text_refuse(EBB_SHIM_USAGE,
                                    "benchmark: a struct of %zu bytes (%zu)",
                                    benchmark->size, sizeof own);
    }
    memcpy(&own, benchmark, benchmark->size);
    const char *fault = find_fault(&own);
    if (fault != NULL) {
        return ebb_shim_text_refuse(EBB_SHIM_USAGE, "benchmark '%.200s': %s",
                                    own.name == NULL ? "" : own.name, fault);
    }
    ebb_shim_case **cases =
        realloc(shim->cases, (shim->n_cases + 1) * sizeof *shim->cases);
    if (cases == NULL) {
        return refuse_memory();
    }
    shim->cases = cases;
    const ebb_shim_status status = ebb_shim_case_create(&cases[shim->n_cases], &own);
    shim->n_cases += cases[shim->n_cases] != NULL;
    return status;
}

/* ---- runs ---------------------------------------------------------------------------
 */

static ebb_shim_status refuse_filter(const char *filter, const char *complaint)
{
    return ebb_shim_text_refuse(
        EBB_SHIM_USAGE, "--benchmark_filter: '%.300s' %s", filter,
        strncmp(complaint, "Could not", 9) == 0
            ? "is no regular expression"
            : "chooses no benchmark (--benchmark_list_tests shows their names)");
}

static ebb_shim_status run_chosen(ebb_shim *shim, ebb_shim_output *self,
                                  const char *filter)
{
    size_t matched = 0;
    char *complaint = NULL;
    for (size_t i = 0; i < shim->n_cases; i++) {
        ebb_shim_case_reset(shim->cases[i]);
    }
    shim->running = true;
    const ebb_shim_status status =
        ebb_library_run(&matched, &complaint, filter, &self->library);
    shim->running = false;
    free(complaint);
    ebb_shim_report_finish(&self->report);
    return status;
}

static void count_name(void *user, const char *name)
{
    (void)name;
    ++*(size_t *)user;
}

static void print_name(void *user, const char *name)
{
    count_name(user, name);
    puts(name);
}

static ebb_shim_status print_names(ebb_shim *shim, ebb_shim_summary *summary,
                                   const char *filter)
{
    summary->listed = true;
    ebb_shim_status status =
        ebb_shim_list_benchmarks(shim, filter, print_name, &summary->matched);
    if (status == EBB_SHIM_OK && (fflush(stdout) != 0 || ferror(stdout) != 0)) {
        status = ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT,
                                      "standard output: cannot be written");
    }
    return status;
}

static ebb_shim_status run_all(ebb_shim *shim, ebb_shim_summary *summary,
                               const ebb_shim_options *options)
{
    const char *filter = options->filter != NULL
                             ? options->filter
                             : shim->flags.values[EBB_SHIM_FLAG_FILTER];
    if (ebb_shim_only_lists(shim)) {
        return print_names(shim, summary, filter);
    }
    /* Nothing is opened, and no old file lost, for a filter that chooses nothing. */
    ebb_shim_output self = {0};
    ebb_shim_status status =
        ebb_shim_list_benchmarks(shim, filter, count_name, &summary->matched);
    if (status == EBB_SHIM_OK) {
        status = configure(shim, false);
    }
    if (status == EBB_SHIM_OK) {
        status = ebb_shim_output_open(&self, &shim->flags, options->reporter);
    }
    if (status == EBB_SHIM_OK) {
        status = run_chosen(shim, &self, filter);
        summary->measured = self.report.measured;
        summary->skipped = self.report.skipped;
        summary->failed = self.report.failed;
    }
    return ebb_shim_output_close(&self, shim->flags.values[EBB_SHIM_FLAG_OUT], status);
}

ebb_shim_status ebb_shim_run_benchmarks(ebb_shim *shim, ebb_shim_summary *out,
                                        const ebb_shim_options *options)
{
    ebb_shim_options own = {0};
    ebb_shim_summary summary = {.size = sizeof summary};
    if (shim->running) {
        return ebb_shim_text_refuse(EBB_SHIM_STATE, "run: benchmarks are running");
    }
    if ((options != NULL && options->size > sizeof own) ||
        (out != NULL && (out->size == 0 || out->size > sizeof summary))) {
        return ebb_shim_text_refuse(EBB_SHIM_USAGE, "run: a struct of an unknown size");
    }
    if (options != NULL) {
        memcpy(&own, options, options->size);
    }
    const ebb_shim_status status = run_all(shim, &summary, &own);
    if (out != NULL) {
        summary.size = out->size;
        memcpy(out, &summary, out->size);
    }
    return status;
}

ebb_shim_status ebb_shim_list_benchmarks(ebb_shim *shim, const char *filter,
                                         void (*fn)(void *user, const char *name),
                                         void *user)
{
    if (shim->running) {
        return ebb_shim_text_refuse(EBB_SHIM_STATE, "list: benchmarks are running");
    }
    size_t matched = 0;
    char *complaint = NULL;
    const char *chosen = filter == NULL ? "" : filter;
    ebb_shim_status status = configure(shim, true);
    if (status == EBB_SHIM_OK) {
        status = ebb_library_list(&matched, &complaint, chosen, fn, user);
    }
    if (status == EBB_SHIM_OK && matched == 0) {
        status = refuse_filter(chosen, complaint == NULL ? "" : complaint);
    }
    free(complaint);
    return status;
}
