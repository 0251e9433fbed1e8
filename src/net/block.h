/* block.h - consecutive rows of a batch on their way through the network, on one thread.
 *
 * What the strategies share: forming the batch, forward, loss and backward data of a
 * block as a list of ready operations on oneDNN primitives. Rows do not depend on each
 * other, so blocks need no synchronisation. */
#ifndef EBB_NET_BLOCK_H
#define EBB_NET_BLOCK_H

#include "net/activations.h"
#include "net/onednn.h"
#include "net/program.h"

/* A list under construction; grows while compiling, never while running. */
typedef struct ebb_op_list {
    ebb_op *ops; /* owned */
    size_t n, capacity;
} ebb_op_list;

ebb_status ebb_op_list_add(ebb_op_list *list, ebb_work work,
                           void (*run)(const void *self, const ebb_step *step),
                           const void *self);
void ebb_op_list_clear(ebb_op_list *list);

/* A layer's product for the block, forward panel by panel of the weights; backward[l]
 * makes delta[l − 1] and then zeroes it where the ReLU below did not fire. */
typedef struct ebb_block_kernel {
    ebb_matmul **panels; /* n_panels, owned */
    size_t n_panels;     /* 0: not made */
    atomic_int *failed;
    float *mask_delta;
    const float *mask_out;
    size_t mask_n;
} ebb_block_kernel;

typedef struct ebb_block {
    ebb_program *program;         /* borrowed */
    const ebb_activations *batch; /* borrowed */
    size_t first_row;             /* of the block in the activations */
    size_t first_sample;          /* of the block in step->samples */
    size_t n_rows;
    uint32_t elsewhere; /* bit l: not the block makes out[l] and delta[l − 1] */
    ebb_block_kernel forward[EBB_MAX_PATH], backward[EBB_MAX_PATH];
    float scale; /* of the loss gradient: 1 / rows of the whole batch */
} ebb_block;

/* To be called inside ebb_team_run by the thread that will run the block: creates
 * primitives and touches the block's rows. first_row, first_sample, n_rows, scale,
 * program and batch are set by the caller. train: also backward data. */
ebb_status ebb_block_create_kernels(ebb_block *block, ebb_onednn *onednn, bool train);
/* Binds weights; the head's are those of `head`. */
void ebb_block_bind(ebb_block *block, size_t head);
void ebb_block_clear(ebb_block *block);

/* The operations one by one, for strategies that list them otherwise. self is an
 * ebb_block (gather, differentiate), or one of its kernels (forward; backward without its
 * mask). */
void ebb_block_gather(const void *self, const ebb_step *step);
void ebb_block_differentiate(const void *self, const ebb_step *step);
void ebb_block_product(const void *self, const ebb_step *step);
/* delta[i] = 0 where out[i] is not positive. */
void ebb_block_mask(float *delta, const float *out, size_t n);

/* Appends: form the batch, forward, loss with its gradient. */
ebb_status ebb_block_add_forward(ebb_op_list *list, const ebb_block *block);
/* Appends: delta[layer − 1] from delta[layer], ReLU mask included. layer > 0. */
ebb_status ebb_block_add_backward(ebb_op_list *list, const ebb_block *block,
                                  size_t layer);

/* Adds the block's primitives to its program's record. */
void ebb_block_note_kernels(const ebb_block *block);

#endif
