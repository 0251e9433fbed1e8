/* activations.h - what a batch leaves behind on its way through the layers.
 *
 * Row-major matrices of n_rows each; layer l reads inputs of layer_in[l] and writes
 * out[l]. The gradient of out[l] is delta[l]; for the last layer both are one matrix. */
#ifndef EBB_NET_ACTIVATIONS_H
#define EBB_NET_ACTIVATIONS_H

#include "net/net.h"

enum { EBB_MAX_PATH = EBB_MAX_LAYERS + 1 }; /* backbone and one head */

typedef struct ebb_activations {
    size_t n_rows, n_layers;
    float *input; /* n_rows x input_leading */
    size_t input_leading;
    uint8_t *labels;
    float *out[EBB_MAX_PATH];   /* n_rows x leading of layer l */
    float *delta[EBB_MAX_PATH]; /* the same; NULL where not made */
    size_t leading[EBB_MAX_PATH];
    void *storage; /* private */
} ebb_activations;

/* Not touched: the owner of a row should write it first. with_delta: for training. Fails
 * with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_activations_init(ebb_activations *out, const ebb_net *net, size_t n_rows,
                                bool with_delta);
/* What layer l reads, and the distance between its rows. */
float *ebb_activations_input(const ebb_activations *self, size_t layer, size_t *leading);
/* Zeroes rows [begin, begin + n) of everything, from the thread that will own them. */
void ebb_activations_touch(const ebb_activations *self, size_t begin, size_t n);
void ebb_activations_clear(ebb_activations *self); /* a zeroed one is allowed */

#endif
