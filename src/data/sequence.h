/* sequence.h - a data set cut or transformed into tasks.
 *
 * A task is a choice of samples (index lists into the data set) and one map of pixels
 * that expresses rotation, padding and permutation together: pixel i of a task's image is
 * pixel map[i] of the data set's image, or zero (black) where map[i] is −1. The order of
 * the transformations is rotate, pad, permute; normalising comes last, when a batch is
 * formed.
 *
 * Task ids are 1-based; arrays of tasks are indexed by id − 1. */
#ifndef EBB_DATA_SEQUENCE_H
#define EBB_DATA_SEQUENCE_H

#include <stdbool.h>

#include "base/choice.h"
#include "data/dataset.h"

enum {
    EBB_NO_LABEL = 255,
    EBB_SEQUENCE_MAX_TASKS = 255,
    EBB_SEQUENCE_MAX_PAD = 1024,
};

typedef struct ebb_task {
    const int32_t *map;         /* features entries; NULL: identity */
    const uint32_t *train;      /* training samples without the validation part */
    const uint32_t *validation; /* held out of the training part */
    const uint32_t *test;       /* test samples, in file order */
    size_t n_train, n_validation, n_test;
    uint8_t label_of_class[256]; /* label within the task, EBB_NO_LABEL: not in it */
    size_t classes;              /* number of labels in the task */
} ebb_task;

typedef struct ebb_sequence_kind ebb_sequence_kind;

typedef struct ebb_sequence_spec {
    size_t n_tasks;
    size_t pad;                    /* zero pixels on each side; needs a square image */
    double validation_fraction;    /* 0 … <1; torch's random_split with seed 42 */
    uint64_t seed;                 /* for independent permutations */
    bool permute_first;            /* `permuted` */
    bool independent_permutations; /* `permuted`: from seed, not those of torch */
    double max_angle_degrees;      /* `rotated`: task t turns by (t−1)·max/n_tasks */
    size_t classes_per_task;       /* `split` */
    const uint8_t *class_order;    /* `split`: distinct classes, the first task's first */
    size_t n_class_order;          /* 0, and class_order NULL: 0,1,… */
} ebb_sequence_spec;

typedef struct ebb_sequence {
    const ebb_sequence_kind *kind;
    const ebb_dataset *dataset; /* borrowed; outlives the sequence */
    size_t n_tasks;
    size_t features;         /* of a task's image, padding included */
    size_t classes_per_task; /* equal for all tasks */
    ebb_task *tasks; /* n_tasks; what its pointers name is owned by the sequence */
    void *storage;   /* private */
} ebb_sequence;

struct ebb_sequence_kind {
    ebb_choice choice;
    bool splits_classes; /* tasks have different classes of the data set */
    /* What can be refused before data are read: EBB_ERR_USAGE. square: the images are
     * square; classes: of the data set. */
    ebb_status (*check)(const ebb_sequence_spec *spec, bool square, size_t classes);
    /* Fills tasks. After a failure the caller releases what is there. */
    ebb_status (*build)(ebb_sequence *sequence, const ebb_sequence_spec *spec);
};

/* The rows, one file each. */
extern const ebb_sequence_kind ebb_sequence_permuted, ebb_sequence_rotated,
    ebb_sequence_split;

const ebb_choice *ebb_sequence_choice(size_t index);
const ebb_sequence_kind *ebb_sequence_at(size_t index);

/* Owned by the caller; borrows dataset. Fails with EBB_ERR_USAGE (see check) or
 * EBB_ERR_ENVIRONMENT (memory; a class without a sample). */
ebb_status ebb_sequence_create(ebb_sequence **out, const ebb_sequence_kind *kind,
                               const ebb_sequence_spec *spec, const ebb_dataset *dataset);
void ebb_sequence_destroy(ebb_sequence *sequence); /* NULL is allowed */

#endif
