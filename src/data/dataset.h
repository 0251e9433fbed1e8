/* dataset.h - images and labels in memory, and the registry of where they come from.
 *
 * Images stay bytes, one copy, in file order. Labels are 0 … classes−1.
 *
 * Errors: files absent, unreadable or damaged are EBB_ERR_ENVIRONMENT, with the file, the
 * byte offset, what was expected and what was found. Nothing partly filled is left. */
#ifndef EBB_DATA_DATASET_H
#define EBB_DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "base/choice.h"
#include "base/status.h"

typedef struct ebb_samples {
    uint8_t *pixels; /* n x features, row-major; owned by the data set */
    uint8_t *labels; /* n */
    size_t n;
} ebb_samples;

typedef struct ebb_dataset_kind ebb_dataset_kind;

typedef struct ebb_dataset {
    const ebb_dataset_kind *kind;
    size_t rows, columns;   /* of an image; 1 x features when it is not a square */
    size_t features;        /* rows x columns */
    size_t classes;         /* 1 … 255 */
    double mean, deviation; /* of pixel / 255 over the training part, as published */
    ebb_samples train, test;
} ebb_dataset;

/* What `--synthetic TRAIN,TEST,FEATURES,CLASSES` says, and the seed to make it from. */
typedef struct ebb_synthetic_spec {
    size_t n_train, n_test, features, classes;
    uint64_t seed;
} ebb_synthetic_spec;

/* A file of a data set: names tried in order, with and without .gz, and the SHA-256 of
 * the uncompressed content. */
typedef struct ebb_dataset_file {
    const char *names[3]; /* NULL-ended */
    const char *sha256;
} ebb_dataset_file;

struct ebb_dataset_kind {
    ebb_choice choice;
    const char *licence;
    size_t rows, columns, classes, n_train, n_test; /* 0: from the specification */
    double mean, deviation;
    /* training images, training labels, test images, test labels; no names: no files */
    ebb_dataset_file files[4];
    const char *const *places; /* usual folders, NULL-ended, tried without --data-dir */
    const char *source;        /* how to get the files, one clause for messages */
    /* Fills dataset->train and ->test, and what the row leaves 0. directory may be NULL:
     * usual places. After a failure the caller releases what is there. */
    ebb_status (*load)(ebb_dataset *dataset, const char *directory,
                       const ebb_synthetic_spec *synthetic);
};

/* The rows, one file each. */
extern const ebb_dataset_kind ebb_dataset_fashion_mnist, ebb_dataset_mnist,
    ebb_dataset_synthetic;

const ebb_choice *ebb_dataset_choice(size_t index);
const ebb_dataset_kind *ebb_dataset_at(size_t index);

/* Owned by the caller. directory: where the files lie, NULL for $EBB_DATA_DIR, else the
 * usual places. Inflates and hashes images and labels, both parts at once where there are
 * processors for it. */
ebb_status ebb_dataset_create(ebb_dataset **out, const ebb_dataset_kind *kind,
                              const char *directory, const ebb_synthetic_spec *synthetic);
/* Are the files of kind to be found, looked for like ebb_dataset_create does? Reads none.
 * EBB_ERR_ENVIRONMENT says what was looked for where. */
ebb_status ebb_dataset_available(const ebb_dataset_kind *kind, const char *directory);
void ebb_dataset_destroy(ebb_dataset *dataset); /* NULL is allowed */

#endif
