/* net.h - a network being trained: parameters, optimizer state, derived copies.
 *
 * The transposed copies of the weights (out x in, for backward data) are derived from the
 * arena. They carry the generation of the parameters they were made from: running a
 * program on stale copies is an error, not a wrong answer. */
#ifndef EBB_NET_NET_H
#define EBB_NET_NET_H

#include "net/optimizer.h"
#include "net/parameters.h"

typedef struct ebb_net {
    ebb_parameters *parameters;
    float *first, *second; /* optimizer moments, arenas like the values; NULL: none */
    float *transposed;     /* private to the strategies, see ebb_net_transposed */
    size_t transposed_offset[EBB_MAX_LAYERS + EBB_MAX_HEADS]; /* by layer number */
    uint64_t transposed_generation;
    const ebb_optimizer *optimizer;
    ebb_optimizer_spec optimizer_spec;
    unsigned long backbone_steps;            /* optimizer steps since the last reset */
    unsigned long head_steps[EBB_MAX_HEADS]; /* likewise, a counter a head */
    ebb_team *team;
} ebb_net;

/* What a batch is asked: one head, the columns that take part in softmax and prediction,
 * and the column of label 0. Columns outside have zero gradient. */
typedef struct ebb_target {
    size_t head;
    size_t class_begin, class_end;
    size_t label_offset;
} ebb_target;

/* Owned by the caller; borrows shape and team; parameters are zero. */
ebb_status ebb_net_create(ebb_net **out, const ebb_shape *shape,
                          const ebb_optimizer *optimizer, const ebb_optimizer_spec *spec,
                          ebb_team *team);
void ebb_net_destroy(ebb_net *net); /* NULL is allowed */

/* Moments and counters back to zero. */
void ebb_net_reset_optimizer(ebb_net *net);
/* Makes the derived copies anew where the parameters have changed, split over the team.
 * To be called after every change from outside a step. Returns the bytes read and
 * written. */
size_t ebb_net_refresh(ebb_net *net);

/* EBB_ERR_WRONG when a layer lies in panels: for strategies that know rows only. */
ebb_status ebb_net_expect_rows(const ebb_net *net);

/* Layers in use for a head are numbered 0 … n_backbone−1 and n_backbone for the head. */
const ebb_layer *ebb_net_layer(const ebb_net *net, size_t number, size_t head);
size_t ebb_net_layers(const ebb_net *net); /* n_backbone + 1 */
/* Transposed weights of that layer: leading rows of in_leading columns, padding zero, cut
 * into panels where the weights are; without a bias. NULL for layer 0, whose input needs
 * no gradient. */
float *ebb_net_transposed(const ebb_net *net, size_t number, size_t head);
/* Columns of a panel of the transposed weights. */
size_t ebb_net_transposed_panel(const ebb_layer *layer);
/* Floats between the rows of the panel that a column belongs to. */
size_t ebb_net_transposed_distance(const ebb_layer *layer, size_t column);

/* Writes a part of the weights into the transposed copy. */
void ebb_net_transpose(const ebb_net *net, size_t number, size_t head,
                       const ebb_weight_part *part);

/* Floating-point operations of a training step on a batch, unpadded sizes:
 * batch · (4 Σ a·b + 2 Σ_{all but the first} a·b), and nothing else. */
double ebb_net_step_flop(const ebb_net *net, size_t batch);
/* Bytes a step must move at least, were every array read or written once where the
 * algorithm says so: image bytes, activations and their gradients written and read,
 * parameters read forward, weights backward, parameters and moments read and written.
 * Logits count as read by the loss whether the target wants them or not; labels, losses,
 * copies of the weights and sums of gradients not at all. */
double ebb_net_step_bytes(const ebb_net *net, size_t batch);
/* Bytes of all arenas of the network. */
size_t ebb_net_arena_bytes(const ebb_net *net);

#endif
