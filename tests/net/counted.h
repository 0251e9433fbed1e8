/* counted.h - what counted_reference.c, the instrumented oracle, tells test_count.c. */
#ifndef EBB_TESTS_NET_COUNTED_H
#define EBB_TESTS_NET_COUNTED_H

#include <stddef.h>

#include "data/rows.h"

/* A part of a step within which an array counts once: a product of one layer, the loss.
 */
typedef enum counted_stage {
    COUNTED_FORWARD,
    COUNTED_LOSS,
    COUNTED_BACKWARD,
    COUNTED_UPDATE
} counted_stage;

extern unsigned long counted_flop; /* by the one thread of these networks */

/* All that follows belongs to this stage of this layer. */
void counted_enter(counted_stage stage, size_t layer);
/* Each notes four bytes, and returns what it was given. */
const float *counted_load(const float *address);
float *counted_store(float *address);
/* A moment of the optimizer, which reads and writes it; NULL is none. */
float *counted_change(float *address);
/* Calls ebb_rows_gather; notes the floats that it wrote, and a byte read for each. */
void counted_gather(float *out, size_t leading, uint8_t *labels, const ebb_rows *rows,
                    const uint32_t *samples, size_t n);

#endif
