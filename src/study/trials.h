/* trials.h - the records of a file `trials.jsonl`, read back and checked.
 *
 * A line without its newline was being written when its writer died: it is no trial and
 * no error but reported apart. Any other line that is no record is an error with its
 * number. Numbers of a record are read where they are needed, with study/json.h. */
#ifndef EBB_STUDY_TRIALS_H
#define EBB_STUDY_TRIALS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "study/config.h"

typedef struct ebb_trials_item {
    json_t *record; /* owned by the list */
    size_t line;    /* in the file, 1-based */
    /* Borrowed from record. */
    const json_t *config;
    const char *config_hash, *build_id, *machine_id;
    const char *algorithm, *strategy, *placement;
    const char *digest; /* "" when there is none */
    char group[17];     /* equal for trials that must have equal digests */
    size_t repetition, threads, n_tasks;
    bool same_bits; /* the strategy gives equal digests at every number of threads */
    bool valid, diverged;
} ebb_trials_item;

typedef struct ebb_trials {
    char *path;             /* owned */
    ebb_trials_item *items; /* owned; in the order of the file */
    size_t n;
    size_t torn_line;   /* its number; 0: every line is whole */
    size_t torn_offset; /* bytes before it; without one, the size of the file */
} ebb_trials;

/* Owned by the caller: ebb_trials_clear. An empty file holds no trials. Fails with
 * EBB_ERR_ENVIRONMENT: absent, unreadable, or FILE:LINE and what is wrong there. */
ebb_status ebb_trials_read(ebb_trials *out, const char *path);
/* Likewise `trials.jsonl` in a folder. */
ebb_status ebb_trials_read_folder(ebb_trials *out, const char *folder);
void ebb_trials_clear(ebb_trials *trials);

/* The task after which the first request is honoured; SIZE_MAX when there is none. */
size_t ebb_trials_first_request(const ebb_trials_item *item);

#endif
