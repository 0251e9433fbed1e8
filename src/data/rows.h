/* rows.h - samples as a training step reads them: bytes in, normalised floats out.
 *
 * value = pixel · scale + shift, one rounding each, computed in float; a pixel that the
 * map leaves empty counts as byte 0. */
#ifndef EBB_DATA_ROWS_H
#define EBB_DATA_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "data/sequence.h"
#include "machine/team.h"

typedef struct ebb_rows {
    const uint8_t *pixels; /* image of sample s starts at s · stride */
    const uint8_t *labels; /* label within the task of sample s */
    const int32_t *map;    /* features entries, −1 = zero; NULL: pixels are in order */
    size_t stride;         /* bytes between images */
    size_t features;       /* floats of one row */
    float scale, shift;
} ebb_rows;

/* Writes row samples[i] to out + i · leading for i < n, and its label to labels[i]. Both
 * are what one thread needs for its part of a batch; no allocation. */
void ebb_rows_gather(float *out, size_t leading, uint8_t *labels, const ebb_rows *rows,
                     const uint32_t *samples, size_t n);

/* The samples of one part of a task, brought into the order of its map once, so that a
 * step copies only in order. Row i holds sample list[i]; owned by the caller. */
typedef struct ebb_prepared {
    ebb_rows rows; /* map NULL */
    size_t n;
    void *storage;         /* private */
    size_t capacity_bytes; /* of storage */
} ebb_prepared;

/* Which samples of a task. */
typedef enum ebb_part { EBB_PART_TRAIN, EBB_PART_VALIDATION, EBB_PART_TEST } ebb_part;

/* scale and shift that normalise with mean and deviation of pixel / 255. */
void ebb_rows_normalize(float *scale, float *shift, double mean, double deviation);

/* Split over the team; task_index is the task's id − 1. Normalises as the data set says,
 * until the caller writes another scale and shift into out->rows. A part without samples
 * is allowed. Fails with EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_prepared_init(ebb_prepared *out, const ebb_sequence *sequence,
                             size_t task_index, ebb_part part, ebb_team *team);
/* The same for one that holds something already: takes over its memory where that is
 * enough, whose pages need not be made anew. Cleared on failure. */
ebb_status ebb_prepared_renew(ebb_prepared *out, const ebb_sequence *sequence,
                              size_t task_index, ebb_part part, ebb_team *team);
void ebb_prepared_clear(ebb_prepared *prepared); /* a zeroed one is allowed */

#endif
