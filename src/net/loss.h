/* loss.h - mean softmax cross-entropy over a range of classes, with its gradient. */
#ifndef EBB_NET_LOSS_H
#define EBB_NET_LOSS_H

#include "net/net.h"

/* A block of rows on its way through the loss. */
typedef struct ebb_loss_block {
    float *logits; /* n rows, leading floats apart */
    size_t leading;
    const uint8_t *labels; /* within the task */
    size_t n;
    float *loss;      /* out: nats, one a row */
    uint8_t *correct; /* out: 1 when the largest logit is the label's */
} ebb_loss_block;

/* Fills loss and correct. Of equal logits the first one is the prediction. */
void ebb_loss_evaluate(const ebb_loss_block *block, const ebb_target *target);

/* The same, and replaces the logits by (softmax − one-hot) · scale in the target's
 * classes and by zero in all other columns, padding included. */
void ebb_loss_differentiate(const ebb_loss_block *block, const ebb_target *target,
                            float scale);

#endif
