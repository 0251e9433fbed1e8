#include "launch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/placement.h"

ebb_status ebb_launch_resolve(ebb_config *config, const ebb_topology *topology)
{
    const ebb_placement *placement = ebb_placement_at((size_t)config->placement);
    ebb_config_resolve(config, ebb_placement_usable_cores(placement, topology));
    return ebb_config_check(config, NULL);
}

ebb_status ebb_launch_cpus(int **out, const ebb_config *config,
                           const ebb_topology *topology)
{
    *out = NULL;
    int *cpus = calloc(config->threads, sizeof *cpus);
    if (cpus == NULL) {
        return ebb_fail_memory(config->threads * sizeof *cpus);
    }
    const ebb_placement *placement = ebb_placement_at((size_t)config->placement);
    const ebb_status status =
        ebb_placement_assign(placement, cpus, config->threads, topology);
    if (status != EBB_OK) {
        free(cpus);
        return status;
    }
    *out = cpus;
    return EBB_OK;
}

/* Environment and mask of the coming worker; see ebb_placement_export. */
static ebb_status prepare(const void *argument)
{
    const ebb_launch *launch = argument;
    int *cpus = NULL;
    EBB_TRY(ebb_launch_cpus(&cpus, launch->config, launch->topology));
    const ebb_status status =
        ebb_placement_export(cpus, launch->config->threads, launch->topology);
    free(cpus);
    return status;
}

enum { MAX_WORDS = 128 };

/* An argv that grows; its own words are owned. */
typedef struct word_list {
    char *words[MAX_WORDS + 1];
    size_t n;
    bool failed;
} word_list;

/* word NULL: the memory for it was refused. */
static void add_word(word_list *list, const char *word)
{
    char *copy = word == NULL || list->n == MAX_WORDS ? NULL : strdup(word);
    list->failed = list->failed || copy == NULL;
    if (copy != NULL) {
        list->words[list->n++] = copy;
    }
}

static void add_option(word_list *list, const ebb_config *config, size_t index)
{
    ebb_text word = {0};
    ebb_text_append(&word, "--%s=", ebb_config_option_at(index)->name);
    ebb_config_value(&word, config, index);
    add_word(list, word.failed ? NULL : word.data);
    ebb_text_clear(&word);
}

static void clear_words(word_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->words[i]);
    }
}

static ebb_status make_words(word_list *list, const ebb_launch *launch)
{
    *list = (word_list){.n = 0};
    char repetition[48];
    snprintf(repetition, sizeof repetition, "--repetition=%zu", launch->repetition);
    add_word(list, "ebb");
    add_word(list, "worker");
    add_word(list, repetition);
    for (size_t i = 0; launch->extras != NULL && launch->extras[i] != NULL; i++) {
        add_word(list, launch->extras[i]);
    }
    for (size_t i = 0; ebb_config_option_at(i) != NULL; i++) {
        if ((launch->config->given >> i & 1) != 0) {
            add_option(list, launch->config, i);
        }
    }
    if (list->failed) {
        clear_words(list);
        return ebb_fail_memory(sizeof *list);
    }
    return EBB_OK;
}

ebb_status ebb_launch_replace(const ebb_launch *launch)
{
    word_list list;
    EBB_TRY(make_words(&list, launch));
    ebb_status status = prepare(launch);
    if (status == EBB_OK) {
        fflush(NULL);
        execv(EBB_THIS_PROGRAM, list.words);
        status = ebb_fail(EBB_ERR_ENVIRONMENT, "worker: not to be executed (%s)",
                          strerror(errno));
    }
    clear_words(&list);
    return status;
}

ebb_status ebb_launch_child(ebb_child *out, const ebb_launch *launch,
                            const ebb_child_plan *plan)
{
    *out = (ebb_child){.status = -1};
    word_list list;
    EBB_TRY(make_words(&list, launch));
    const char *words[MAX_WORDS + 1] = {NULL};
    for (size_t i = 0; i < list.n; i++) {
        words[i] = list.words[i];
    }
    ebb_child_plan full = *plan;
    full.program = plan->program == NULL ? EBB_THIS_PROGRAM : plan->program;
    full.words = words;
    full.prepare = prepare;
    full.argument = launch;
    const ebb_status status = ebb_child_run(out, &full);
    clear_words(&list);
    return status;
}
