/* config_check.c - what needs more than one option: meaning, sizes, requests. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "learn/algorithm.h"
#include "net/optimizer.h"
#include "study/config_row.h"

/* Where messages begin: "--unlearn" on the command line, "FILE:LINE: unlearn" else. */
typedef struct place {
    char text[512];
} place;

static const char *place_of(place *out, const char *where, const char *name)
{
    char key[32];
    if (where == NULL || where[0] == '\0') {
        snprintf(out->text, sizeof out->text, "--%s", name);
    } else {
        snprintf(out->text, sizeof out->text, "%s: %s", where, ebb_config_key(key, name));
    }
    return out->text;
}

static bool was_given(const ebb_config *config, const char *name)
{
    return (config->given >> ebb_config_find(name) & 1) != 0;
}

static const ebb_dataset_kind *dataset_of(const ebb_config *config)
{
    return ebb_dataset_at((size_t)config->dataset);
}

static const ebb_sequence_kind *sequence_of(const ebb_config *config)
{
    return ebb_sequence_at((size_t)config->sequence);
}

static bool is_generated(const ebb_config *config)
{
    return dataset_of(config)->n_train == 0;
}

static bool is_read(const ebb_config *config)
{
    return !is_generated(config);
}

static bool is_split(const ebb_config *config)
{
    return sequence_of(config)->splits_classes;
}

static bool is_permuted(const ebb_config *config)
{
    return strcmp(sequence_of(config)->choice.name, "permuted") == 0;
}

static bool is_rotated(const ebb_config *config)
{
    return strcmp(sequence_of(config)->choice.name, "rotated") == 0;
}

static bool is_til(const ebb_config *config)
{
    return config->scenario == EBB_SCENARIO_TIL;
}

static bool is_cil(const ebb_config *config)
{
    return config->scenario == EBB_SCENARIO_CIL;
}

static bool has_momentum(const ebb_config *config)
{
    return ebb_optimizer_at((size_t)config->optimizer)->uses_momentum;
}

static bool counts_epochs(const ebb_config *config)
{
    return config->steps == 0;
}

static bool counts_team_batch(const ebb_config *config)
{
    return config->batch_per_thread == 0;
}

static bool can_unlearn(const ebb_config *config)
{
    return ebb_algorithm_at((size_t)config->algorithm)->can_unlearn;
}

static bool may_unlearn(const ebb_config *config)
{
    return !config->disable_unlearning;
}

/* An option means something only where applies() holds. The first row that does not gives
 * the message, so the option's stronger condition stands first. */
typedef struct meaning {
    const char *name;
    bool (*applies)(const ebb_config *config);
    const char *other; /* name of the option that decides */
    const char *needs; /* what it must be; NULL: it must be left out */
} meaning;

static const meaning meanings[] = {
    {"data-dir", is_read, "dataset", "of a kind that is read from files"},
    {"synthetic", is_generated, "dataset", "synthetic"},
    {"classes-per-task", is_split, "sequence", "split"},
    {"class-order", is_split, "sequence", "split"},
    {"permute-first", is_permuted, "sequence", "permuted"},
    {"permutations", is_permuted, "sequence", "permuted"},
    {"max-angle", is_rotated, "sequence", "rotated"},
    {"head", is_til, "scenario", "til"},
    {"cil-classes", is_cil, "scenario", "cil"},
    {"momentum", has_momentum, "optimizer", "with momentum, as sgd"},
    {"batch-size", counts_team_batch, "batch-per-thread", NULL},
    {"epochs", counts_epochs, "steps", NULL},
    {"unlearn", can_unlearn, "algorithm",
     "of a kind that can unlearn, as amnesiac-finetuning"},
    {"unlearn", may_unlearn, "disable-unlearning", "no"},
    {"unlearn-age", can_unlearn, "algorithm",
     "of a kind that can unlearn, as amnesiac-finetuning"},
    {"unlearn-age", may_unlearn, "disable-unlearning", "no"},
    {"unlearn-mode", can_unlearn, "algorithm",
     "of a kind that can unlearn, as amnesiac-finetuning"},
    {"unlearn-mode", may_unlearn, "disable-unlearning", "no"},
    {"disable-unlearning", can_unlearn, "algorithm",
     "of a kind that can unlearn, as amnesiac-finetuning"},
};

/* The other option is spelt as this one is. */
static ebb_status fail_meaning(const meaning *row, const char *where, const char *value)
{
    const bool words = where == NULL || where[0] == '\0';
    char key[32];
    char shown[64];
    place at;
    place_of(&at, where, row->name);
    ebb_text_printable(shown, value);
    const char *dashes = words ? "--" : "";
    const char *other = words ? row->other : ebb_config_key(key, row->other);
    return row->needs != NULL
               ? ebb_fail(EBB_ERR_USAGE,
                          "%s: '%s' has no meaning here (allowed: with %s%s %s)", at.text,
                          shown, dashes, other, row->needs)
               : ebb_fail(EBB_ERR_USAGE,
                          "%s: '%s' has no meaning beside %s%s (allowed: one of the two)",
                          at.text, shown, dashes, other);
}

static ebb_status check_meanings(const ebb_config *config, const char *where)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        const meaning *row = &meanings[i];
        if (was_given(config, row->name) && !row->applies(config)) {
            const int index = ebb_config_find(row->name);
            ebb_text value = {0};
            ebb_config__print(&value, ebb_config__row_at((size_t)index), config);
            const ebb_status status =
                fail_meaning(row, where, value.data == NULL ? "" : value.data);
            ebb_text_clear(&value);
            return status;
        }
    }
    return EBB_OK;
}

static ebb_status check_request(const ebb_config *config, const char *at, size_t index)
{
    const int after = config->requests[index].after;
    const int task = config->requests[index].task;
    if ((size_t)after > config->tasks) {
        return ebb_fail(EBB_ERR_USAGE,
                        "%s: '%d:%d' is after the last task (allowed: 1 to %zu)", at,
                        after, task, config->tasks);
    }
    if (task > after) {
        return ebb_fail(EBB_ERR_USAGE,
                        "%s: '%d:%d' unlearns a task not yet trained (allowed: 1 to %d)",
                        at, after, task, after);
    }
    if (config->unlearn_age > 0 && (size_t)(after - task) >= config->unlearn_age) {
        return ebb_fail(EBB_ERR_USAGE,
                        "%s: '%d:%d' is too old, its record is gone (allowed by "
                        "unlearn-age %zu: tasks from %d on)",
                        at, after, task, config->unlearn_age,
                        after - (int)config->unlearn_age + 1);
    }
    for (size_t i = 0; i < index; i++) {
        if (config->requests[i].task == task) {
            return ebb_fail(EBB_ERR_USAGE,
                            "%s: task %d is unlearned twice (allowed: once)", at, task);
        }
    }
    return EBB_OK;
}

static ebb_status check_requests(const ebb_config *config, const char *where)
{
    place at;
    place_of(&at, where, "unlearn");
    for (size_t i = 0; i < config->n_requests; i++) {
        EBB_TRY(check_request(config, at.text, i));
    }
    return EBB_OK;
}

/* Is the image a square? Generated ones are when their features make one. */
static bool is_square(const ebb_config *config)
{
    if (is_read(config)) {
        return dataset_of(config)->rows == dataset_of(config)->columns;
    }
    const size_t side = (size_t)lround(sqrt((double)config->synthetic[2]));
    return side * side == config->synthetic[2];
}

/* Turns "--class-order: what" into "class_order: what", as it is spelled in files. */
static void spell_as_key(char *message)
{
    if (strncmp(message, "--", 2) != 0) {
        return;
    }
    memmove(message, message + 2, strlen(message + 2) + 1);
    for (char *c = message; *c != '\0' && *c != ':'; c++) {
        if (*c == '-') {
            *c = '_';
        }
    }
}

/* The sequence's own rules; its messages are those of the command line. */
static ebb_status check_sequence(const ebb_config *config, const char *where)
{
    ebb_sequence_spec spec;
    ebb_config_sequence_spec(&spec, config);
    const ebb_status status =
        sequence_of(config)->check(&spec, is_square(config), ebb_config__classes(config));
    if (status == EBB_OK || where == NULL || where[0] == '\0') {
        return status;
    }
    char message[512];
    snprintf(message, sizeof message, "%s", ebb_last_error());
    spell_as_key(message);
    return ebb_fail(status, "%s: %s", where, message);
}

static ebb_status check_class_order(const ebb_config *config, const char *where)
{
    const size_t classes = ebb_config__classes(config);
    for (size_t i = 0; i < config->n_class_order; i++) {
        if (config->class_order[i] >= classes) {
            place at;
            return ebb_fail(EBB_ERR_USAGE,
                            "%s: class %d does not exist in %s (allowed: 0 to %zu)",
                            place_of(&at, where, "class-order"), config->class_order[i],
                            dataset_of(config)->choice.name, classes - 1);
        }
    }
    return EBB_OK;
}

/* Training samples of the whole data set without the part held out. */
static size_t training_samples(const ebb_config *config)
{
    const size_t n = is_read(config) ? dataset_of(config)->n_train : config->synthetic[0];
    return n - (size_t)floor((double)n * config->validation_fraction);
}

enum { MAX_BATCH = 1000000 }; /* as the table of options says of batch-size */

/* n: largest batch that is possible. Threads that are not known yet count as one. */
static ebb_status check_team_batch(const ebb_config *config, const char *where, size_t n)
{
    const size_t threads = config->threads > 0 ? config->threads : 1;
    const size_t most = (n < MAX_BATCH ? n : MAX_BATCH) / threads;
    if (config->batch_per_thread <= most) {
        return EBB_OK;
    }
    place at;
    place_of(&at, where, "batch-per-thread");
    return most == 0
               ? ebb_fail(EBB_ERR_USAGE,
                          "%s: %zu threads are more than the training samples of %s "
                          "(allowed: threads up to %zu)",
                          at.text, threads, dataset_of(config)->choice.name, n)
               : ebb_fail(EBB_ERR_USAGE,
                          "%s: %zu for each of %zu threads is more than the training "
                          "samples of %s or a batch may have (allowed: 1 to %zu)",
                          at.text, config->batch_per_thread, threads,
                          dataset_of(config)->choice.name, most);
}

/* A split task has fewer samples than this; how many is known once they are read. A batch
 * that is kept incomplete may be larger than all of them. */
static ebb_status check_batch(const ebb_config *config, const char *where)
{
    const size_t n = config->keep_last_batch ? MAX_BATCH : training_samples(config);
    if (config->batch_per_thread > 0) {
        return check_team_batch(config, where, n);
    }
    if (config->batch_size <= n) {
        return EBB_OK;
    }
    place at;
    return ebb_fail(EBB_ERR_USAGE,
                    "%s: %zu is more than the training samples of %s (allowed: 1 to %zu, "
                    "or last-batch keep)",
                    place_of(&at, where, "batch-size"), config->batch_size,
                    dataset_of(config)->choice.name, n);
}

ebb_status ebb_config_check(const ebb_config *config, const char *where)
{
    EBB_TRY(check_meanings(config, where));
    EBB_TRY(check_class_order(config, where));
    EBB_TRY(check_sequence(config, where));
    EBB_TRY(check_requests(config, where));
    return check_batch(config, where);
}
