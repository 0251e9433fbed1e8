/* table_block.h - the trials of one algorithm under one setting; internal to study.
 *
 * A setting is everything that bears on what is learned but the algorithm, its unlearning
 * and the seed. Threads, placement and warm-up do not, so their trials are pooled; trials
 * that diverged are left out, disturbed ones are not: time has no part in an accuracy. */
#ifndef EBB_STUDY_TABLE_BLOCK_H
#define EBB_STUDY_TABLE_BLOCK_H

#include "study/table_key.h"

typedef struct ebb_table__block {
    const ebb_table__trial
        *trials; /* n of them that did not diverge, by seed; borrowed */
    size_t n, n_seeds;
    char *label; /* owned; the algorithm, and what else tells it from the other blocks */
} ebb_table__block;

typedef struct ebb_table__setting {
    ebb_table__block *blocks; /* owned */
    size_t n_blocks;
    ebb_table__trial *firsts; /* owned; one trial a block */
    size_t n_tasks;
    size_t n_trials; /* of all blocks, which lie one behind the other */
} ebb_table__setting;

typedef struct ebb_table__settings {
    ebb_table__setting *items; /* owned */
    size_t n;
    ebb_table__trial *sorted; /* owned; n_sorted that did not diverge */
    size_t n_sorted;
    ebb_table__trial *firsts; /* owned; one trial a setting */
    ebb_table__keys keys;     /* first those of a setting, see n_keys */
    size_t n_keys;
} ebb_table__settings;

/* Borrows trials. Fails with EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_table__settings_make(ebb_table__settings *out, const ebb_trials *trials);
void ebb_table__settings_clear(ebb_table__settings *settings);

/* What tells a setting from the others, "batch_size 32": before the first key stands
 * `before`, before each other `between`. Nothing where it is the only one. */
void ebb_table__print_difference(ebb_text *out, const ebb_table__settings *settings,
                                 size_t index, const char *before, const char *between);

/* A number over the seeds of a block; NaN where there is none. A deviation is that of a
 * sample and needs two seeds. */
typedef struct ebb_table__spread {
    size_t n;
    double mean, deviation, low, high;
} ebb_table__spread;

/* Accuracy on task k+1 after task t+1. */
ebb_table__spread ebb_table__accuracy(const ebb_table__block *block, size_t t, size_t k);
/* A member of `metrics`. */
ebb_table__spread ebb_table__metric(const ebb_table__block *block, const char *metric);

#endif
