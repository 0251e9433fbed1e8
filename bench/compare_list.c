#include "compare_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare_check.h"
#include "compare_micro.h"
#include "machine/topology.h"
#include "shipped.h"
#include "suite.h"

enum { MAX_WORDS = 128 };

/* Makes words, which borrow, those of the benchmark, which owns copies. */
static ebb_status set_words(ebb_compare_benchmark *benchmark, const char *const *words)
{
    size_t n = 0;
    while (words[n] != NULL) {
        n++;
    }
    benchmark->words = calloc(n + 1, sizeof *benchmark->words);
    for (size_t i = 0; i < n && benchmark->words != NULL; i++) {
        benchmark->words[i] = strdup(words[i]);
        if (benchmark->words[i] == NULL) {
            return ebb_fail_memory(strlen(words[i]));
        }
    }
    return benchmark->words == NULL ? ebb_fail_memory(n * sizeof *words) : EBB_OK;
}

#define RUN_WORDS "run", "--format=json", "--progress=never", "--color=never"

/* Steps are as many as take some 50 to 100 ms on a core of 2024. */
static const struct {
    const char *name, *optimizer, *learning_rate, *batch_size, *steps, *threads;
} steps[] = {
    {"step-sgd-8", "sgd", "0.05", "8", "820", "1"},
    {"step-adam-8", "adam", "0.001", "8", "520", "1"},
    {"step-adam-128", "adam", "0.001", "128", "80", "1"},
    {"step-sgd-256-all", "sgd", "0.05", "256", "80", "all"},
    {"step-adam-64-all", "adam", "0.001", "64", "120", "all"},
};

static void print_word(char out[64], const char *name, const char *value)
{
    snprintf(out, 64, "--%s=%s", name, value);
}

ebb_status ebb_compare_list_steps(ebb_comparison *comparison)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char words[5][64];
        print_word(words[0], "optimizer", steps[i].optimizer);
        print_word(words[1], "learning-rate", steps[i].learning_rate);
        print_word(words[2], "batch-size", steps[i].batch_size);
        print_word(words[3], "steps", steps[i].steps);
        print_word(words[4], "threads", steps[i].threads);
        const char *const all[] = {RUN_WORDS,
                                   "--dataset=synthetic",
                                   "--synthetic=1000,100,784,10",
                                   "--tasks=1",
                                   "--validation-fraction=0",
                                   "--warmup-steps=20",
                                   "--hidden=256,100,64",
                                   words[0],
                                   words[1],
                                   words[2],
                                   words[3],
                                   words[4],
                                   NULL};
        ebb_compare_benchmark *benchmark = NULL;
        EBB_TRY(ebb_comparison_add(&benchmark, comparison, steps[i].name));
        benchmark->bound = ebb_compare_bound_short;
        EBB_TRY(set_words(benchmark, all));
    }
    return EBB_OK;
}

/* Options that were given, save files that the trial would write. */
static ebb_status add_option(ebb_text *out, const ebb_config *config, size_t i)
{
    const ebb_config_option *option = ebb_config_option_at(i);
    const bool reads = strcmp(option->name, "data-dir") == 0;
    if ((config->given >> i & 1) != 0 && (reads || !option->path)) {
        ebb_text_append(out, "--%s=", option->name);
        ebb_config_value(out, config, i);
    }
    return ebb_text_check(out);
}

static ebb_status set_trial_words(ebb_compare_benchmark *benchmark,
                                  const ebb_config *config)
{
    const char *words[MAX_WORDS + 1] = {RUN_WORDS};
    ebb_text options[MAX_WORDS] = {{0}};
    size_t n = 4;
    ebb_status status = EBB_OK;
    for (size_t i = 0; ebb_config_option_at(i) != NULL && n < MAX_WORDS; i++) {
        if (status == EBB_OK) {
            status = add_option(&options[i], config, i);
        }
        if (options[i].data != NULL) {
            words[n++] = options[i].data;
        }
    }
    if (status == EBB_OK) {
        status = set_words(benchmark, words);
    }
    for (size_t i = 0; i < MAX_WORDS; i++) {
        ebb_text_clear(&options[i]);
    }
    return status;
}

static ebb_status add_point(ebb_comparison *comparison, const ebb_suite *suite,
                            size_t index)
{
    ebb_text label = {0};
    ebb_suite_label(&label, suite, index);
    ebb_status status = ebb_text_check(&label);
    ebb_compare_benchmark *benchmark = NULL;
    if (status == EBB_OK) {
        status = ebb_comparison_add(&benchmark, comparison,
                                    label.length == 0 ? suite->name : label.data);
    }
    ebb_text_clear(&label);
    EBB_TRY(status);
    benchmark->bound = ebb_compare_bound_long;
    return set_trial_words(benchmark, &suite->points[index].config);
}

static ebb_status load(ebb_suite *out, const char *path)
{
    ebb_topology *topology = NULL;
    EBB_TRY(ebb_topology_create(&topology));
    const ebb_status status =
        ebb_suite_load(out, path, ebb_topology_usable_cores(topology));
    ebb_topology_destroy(topology);
    return status;
}

ebb_status ebb_compare_list_suite(ebb_comparison *comparison, const char *suite)
{
    char *path = NULL;
    ebb_suite loaded = {0};
    EBB_TRY(ebb_shipped_resolve(&path, suite));
    ebb_status status = load(&loaded, path);
    free(path);
    for (size_t i = 0; i < loaded.n_points && status == EBB_OK; i++) {
        status = add_point(comparison, &loaded, i);
    }
    ebb_suite_clear(&loaded);
    return status;
}

/* The names of one side; an empty list, and why, when it has none. */
static ebb_status list_side(json_t **names, char why[256],
                            const ebb_comparison *comparison, ebb_side side,
                            const char *pattern, const ebb_sample_plan *plan)
{
    ebb_sample_plan listing = *plan;
    listing.program = comparison->paths[side];
    ebb_sample sample;
    EBB_TRY(ebb_sample_list(names, &sample, &listing, pattern));
    snprintf(why, 256, "%.255s", sample.message);
    ebb_status status = EBB_OK;
    if (sample.kind == EBB_SAMPLE_MISSING) {
        *names = json_array();
    } else if (sample.kind != EBB_SAMPLE_GOOD) {
        status = ebb_fail(sample.kind == EBB_SAMPLE_WRONG ? EBB_ERR_WRONG
                                                          : EBB_ERR_ENVIRONMENT,
                          "compare: %s does not list its benchmarks: %s",
                          ebb_side_name(side), sample.message);
    }
    ebb_sample_clear(&sample);
    return status;
}

static bool has_name(const json_t *names, const char *name)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        if (strcmp(json_string_value(json_array_get(names, i)), name) == 0) {
            return true;
        }
    }
    return false;
}

static ebb_status add_micro(ebb_comparison *comparison, const char *name)
{
    ebb_compare_benchmark *benchmark = NULL;
    EBB_TRY(ebb_comparison_add(&benchmark, comparison, name));
    char *pattern = ebb_micro_pattern(name);
    ebb_text filter = {0};
    ebb_text_append(&filter, "--benchmark_filter=%s", pattern == NULL ? "" : pattern);
    const char *const words[] = {"--benchmark_format=json", filter.data, NULL};
    const ebb_status status = pattern == NULL || filter.failed
                                  ? ebb_fail_memory(strlen(name))
                                  : set_words(benchmark, words);
    free(pattern);
    ebb_text_clear(&filter);
    return status;
}

static ebb_status add_names(ebb_comparison *comparison, json_t *const names[EBB_SIDES])
{
    for (size_t i = 0; i < json_array_size(names[EBB_BASELINE]); i++) {
        const char *name = json_string_value(json_array_get(names[EBB_BASELINE], i));
        EBB_TRY(add_micro(comparison, name));
        if (!has_name(names[EBB_CANDIDATE], name)) {
            ebb_compare_decide(&comparison->benchmarks[comparison->n_benchmarks - 1],
                               EBB_GATE_MISSING, "the candidate does not have it");
        }
    }
    for (size_t i = 0; i < json_array_size(names[EBB_CANDIDATE]); i++) {
        const char *name = json_string_value(json_array_get(names[EBB_CANDIDATE], i));
        if (!has_name(names[EBB_BASELINE], name)) {
            ebb_comparison_note(comparison, "only the candidate has %s", name);
        }
    }
    return EBB_OK;
}

ebb_status ebb_compare_list_micro(ebb_comparison *comparison, const char *pattern,
                                  const ebb_sample_plan *plan)
{
    json_t *names[EBB_SIDES] = {NULL, NULL};
    char why[EBB_SIDES][256];
    ebb_status status = EBB_OK;
    for (int side = 0; side < EBB_SIDES && status == EBB_OK; side++) {
        status =
            list_side(&names[side], why[side], comparison, (ebb_side)side, pattern, plan);
    }
    if (status == EBB_OK && json_array_size(names[EBB_BASELINE]) == 0) {
        char shown[64];
        status = ebb_fail(EBB_ERR_MISSING,
                          "--bench: the baseline has no benchmark that matches '%s'%s%s",
                          ebb_text_printable(shown, pattern),
                          why[EBB_BASELINE][0] == '\0' ? "" : ": it ", why[EBB_BASELINE]);
    }
    if (status == EBB_OK) {
        status = add_names(comparison, names);
    }
    json_decref(names[EBB_BASELINE]);
    json_decref(names[EBB_CANDIDATE]);
    return status;
}
