/* config.h - the options of a trial: one table for command line, YAML, help, JSON, hash.
 *
 * A choice is held as its index into its registry or list; 0 is the default. Options that
 * were given explicitly are remembered, so that one without meaning is refused instead of
 * ignored. */
#ifndef EBB_STUDY_CONFIG_H
#define EBB_STUDY_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/choice.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/sequence.h"

enum {
    EBB_MAX_HIDDEN = 16,
    EBB_MAX_TASKS = 255,
    EBB_MAX_REQUESTS = 255, /* tasks named in --unlearn, all requests together */
};

typedef enum ebb_scenario {
    EBB_SCENARIO_TIL,
    EBB_SCENARIO_CIL,
    EBB_SCENARIO_DIL
} ebb_scenario;
typedef enum ebb_normalize {
    EBB_NORMALIZE_DATASET,
    EBB_NORMALIZE_NONE,
    EBB_NORMALIZE_GIVEN
} ebb_normalize;

/* "after task `after` unlearn `task`", in the order written. */
typedef struct ebb_request {
    uint8_t after, task;
} ebb_request;

typedef struct ebb_config {
    int algorithm, dataset, sequence, backbone, optimizer, strategy,
        placement;       /* indexes */
    int scenario;        /* ebb_scenario */
    char *data_dir;      /* owned; NULL: not given */
    size_t synthetic[4]; /* train, test, features, classes */
    size_t tasks, classes_per_task;
    uint8_t class_order[256];
    size_t n_class_order; /* 0: not given */
    bool permute_first, independent_permutations;
    double max_angle; /* degrees */
    size_t pad;
    int normalize; /* ebb_normalize */
    double normalize_mean, normalize_deviation;
    double validation_fraction;
    size_t hidden[EBB_MAX_HIDDEN], n_hidden;
    bool xavier;      /* initialization xavier-uniform */
    bool masked_head; /* head masked */
    bool all_classes; /* cil_classes all */
    double learning_rate, momentum, weight_decay;
    bool keep_optimizer_state;
    size_t batch_size;       /* of the whole team */
    size_t batch_per_thread; /* 0: not given; else batch_size follows from it */
    size_t epochs, steps;    /* steps 0: epochs count */
    bool keep_last_batch;
    ebb_request requests[EBB_MAX_REQUESTS];
    size_t n_requests;
    size_t unlearn_age; /* 0: none */
    int unlearn_mode;   /* 0 subtract */
    bool disable_unlearning;
    uint64_t seed;
    size_t threads; /* 0: all usable cores, until resolved by the launcher */
    size_t warmup_steps;
    bool profile;                  /* time of each kind of work, per thread */
    char *output, *samples, *dump; /* owned; NULL: not given */
    uint64_t given;                /* bit i: option i was set explicitly */
} ebb_config;

void ebb_config_init(ebb_config *config);
void ebb_config_clear(ebb_config *config);
/* Deep copy; *out is overwritten. */
ebb_status ebb_config_copy(ebb_config *out, const ebb_config *config);

/* Sets one option from text. name is "batch-size" or "batch_size" alike. where begins the
 * message ("--batch-size", "suite.yaml:12: batch_size"). EBB_ERR_USAGE names the value,
 * what is allowed, and for unknown names the nearest. */
ebb_status ebb_config_set(ebb_config *config, const char *where, const char *name,
                          const char *value);
/* What follows from the machine and from other options: threads that are still 0 become
 * usable_cores, and with a batch per thread the batch is that of all threads. A batch per
 * thread has to be checked again, with the threads known. */
void ebb_config_resolve(ebb_config *config, size_t usable_cores);
/* All that needs more than one option: requests, sizes known from the registry, options
 * without meaning beside others. EBB_ERR_USAGE. where begins messages, e.g.
 * "suite.yaml: point 3"; NULL: the command line, whose messages begin "--option". */
ebb_status ebb_config_check(const ebb_config *config, const char *where);

/* Row i of the table, NULL past the end: name with dashes, one line of help, allowed
 * values and default as text ("" for options with choices: these are all allowed, and the
 * first is the default); path: names a file and is no part of config or hash. */
typedef struct ebb_config_option {
    const char *name, *help, *allowed, *fallback;
    bool path;
} ebb_config_option;
const ebb_config_option *ebb_config_option_at(size_t index);
/* The registry or list an enumerated option chooses from; NULL for others. */
ebb_choice_fn ebb_config_choices(size_t index);
/* Index of an option by name (dashes or underscores), −1 if there is none. */
int ebb_config_find(const char *name);
/* The option's name as a key of YAML and JSON: "batch-size" as "batch_size". */
const char *ebb_config_key(char out[32], const char *name);

/* Every option with its value in force but paths: names with underscores, values as
 * numbers, booleans ("yes"/"no" texts), texts or lists. New reference. */
ebb_status ebb_config_json(json_t **out, const ebb_config *config);
/* The inverse, for reading records back; what differs from the default counts as given.
 * EBB_ERR_USAGE with where. */
ebb_status ebb_config_from_json(ebb_config *out, const json_t *json, const char *where);
/* SHA-256 of the compact, key-sorted JSON, first 16 hex digits; without threads,
 * placement, warmup_steps and what made the batch so large when group is set: equal for
 * trials that must have equal digests. */
ebb_status ebb_config_hash(char hex[17], const ebb_config *config, bool group);
/* Appends the value of option i as the text that would set it; nothing where it has none.
 */
void ebb_config_value(ebb_text *out, const ebb_config *config, size_t index);
/* Appends " --name value" for each option that was given and is no path. */
void ebb_config_command(ebb_text *out, const ebb_config *config);

/* The parts other layers want. */
void ebb_config_sequence_spec(ebb_sequence_spec *out, const ebb_config *config);
void ebb_config_synthetic_spec(ebb_synthetic_spec *out, const ebb_config *config);

#endif
