/* sequence_parts.h - what the sequences of tasks are made of; for src/data alone. */
#ifndef EBB_DATA_SEQUENCE_PARTS_H
#define EBB_DATA_SEQUENCE_PARTS_H

#include "data/sequence.h"

/* What ebb_sequence.storage points to. */
typedef struct ebb_sequence_storage {
    uint32_t *samples; /* index lists of all tasks */
    int32_t *maps;     /* n_maps x features */
} ebb_sequence_storage;

/* Number of tasks, padding and validation fraction: EBB_ERR_USAGE. */
ebb_status ebb_sequence_parts_check(const ebb_sequence_spec *spec, bool square);

/* Makes room for the index lists (as many entries as the data set has samples, of both
 * parts) and for n_maps maps. */
ebb_status ebb_sequence_parts_allocate(ebb_sequence_storage **out, ebb_sequence *sequence,
                                       size_t n_maps);

/* Divides the n samples listed in subset (NULL: 0 … n−1) into those to train on, out[0 …
 * *n_train−1], and those held out, behind them; as torch's random_split does with the
 * fractions 1−fraction and fraction and a generator seeded with 42. fraction 0 keeps the
 * order. *n_train is never 0 for n > 0: the remainder of rounding goes there first. */
void ebb_sequence_parts_divide(uint32_t *out, size_t *n_train, const uint32_t *subset,
                               size_t n, double fraction);

/* Gives every task all samples of the data set with their own labels. */
ebb_status ebb_sequence_parts_share_all(ebb_sequence_storage **out,
                                        ebb_sequence *sequence,
                                        const ebb_sequence_spec *spec);

/* Pixel i of an image with pad pixels on each side, in the image itself (side x side), −1
 * for a pad. Without a pad any shape will do. */
int32_t ebb_sequence_parts_unpadded(size_t i, size_t side, size_t pad);

#endif
