#include "net/block.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/multiversion.h"
#include "net/loss.h"

ebb_status ebb_op_list_add(ebb_op_list *list, ebb_work work,
                           void (*run)(const void *self, const ebb_step *step),
                           const void *self)
{
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 32 : 2 * list->capacity;
        ebb_op *ops = realloc(list->ops, capacity * sizeof *ops);
        if (ops == NULL) {
            return ebb_fail_memory(capacity * sizeof *ops);
        }
        list->ops = ops;
        list->capacity = capacity;
    }
    list->ops[list->n++] = (ebb_op){run, self, work};
    return EBB_OK;
}

void ebb_op_list_clear(ebb_op_list *list)
{
    free(list->ops);
    *list = (ebb_op_list){0};
}

/* ---- operations ---------------------------------------------------------------------
 */

void ebb_block_gather(const void *self, const ebb_step *step)
{
    const ebb_block *block = self;
    const ebb_activations *batch = block->batch;
    const size_t left = step->n_rows - block->first_sample;
    const size_t n = left < block->n_rows ? left : block->n_rows;
    ebb_rows_gather(batch->input + block->first_row * batch->input_leading,
                    batch->input_leading, batch->labels + block->first_row, step->rows,
                    step->samples + block->first_sample, n);
}

void ebb_block_product(const void *self, const ebb_step *step)
{
    (void)step;
    const ebb_block_kernel *op = self;
    if (ebb_matmul_run(op->matmul) != EBB_OK) {
        atomic_store(op->failed, 1);
    }
}

static ebb_loss_block loss_block(const ebb_block *block, const ebb_step *step)
{
    const ebb_activations *batch = block->batch;
    const size_t last = batch->n_layers - 1;
    const size_t left = step->n_rows - block->first_sample;
    return (ebb_loss_block){
        .logits = batch->out[last] + block->first_row * batch->leading[last],
        .leading = batch->leading[last],
        .labels = batch->labels + block->first_row,
        .n = left < block->n_rows ? left : block->n_rows,
        .loss = step->row_loss + block->first_sample,
        .correct = step->row_correct + block->first_sample,
    };
}

static void run_evaluate(const void *self, const ebb_step *step)
{
    const ebb_loss_block loss = loss_block(self, step);
    ebb_loss_evaluate(&loss, step->target);
}

void ebb_block_differentiate(const void *self, const ebb_step *step)
{
    const ebb_block *block = self;
    const ebb_loss_block loss = loss_block(block, step);
    ebb_loss_differentiate(&loss, step->target, block->scale);
}

EBB_MULTIVERSION
void ebb_block_mask(float *restrict delta, const float *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        delta[i] = out[i] > 0.0f ? delta[i] : 0.0f;
    }
}

static void run_backward(const void *self, const ebb_step *step)
{
    const ebb_block_kernel *kernel = self;
    ebb_block_product(self, step);
    ebb_block_mask(kernel->mask_delta, kernel->mask_out, kernel->mask_n);
}

ebb_status ebb_block_add_forward(ebb_op_list *list, const ebb_block *block)
{
    if (block->first_layer == 0) {
        EBB_TRY(ebb_op_list_add(list, EBB_WORK_BATCH, ebb_block_gather, block));
    }
    for (size_t l = block->first_layer; l < block->batch->n_layers; l++) {
        EBB_TRY(ebb_op_list_add(list, EBB_WORK_FORWARD, ebb_block_product,
                                &block->forward[l]));
    }
    const bool train = block->batch->delta[0] != NULL;
    return ebb_op_list_add(list, EBB_WORK_LOSS,
                           train ? ebb_block_differentiate : run_evaluate, block);
}

ebb_status ebb_block_add_backward(ebb_op_list *list, const ebb_block *block, size_t layer)
{
    return ebb_op_list_add(list, EBB_WORK_BACKWARD, run_backward,
                           &block->backward[layer]);
}

/* ---- kernels ------------------------------------------------------------------------
 */

static ebb_status create_kernel(ebb_block_kernel *kernel, ebb_block *block,
                                ebb_onednn *onednn, const ebb_matmul_shape *shape)
{
    kernel->failed = &block->program->failed;
    return ebb_matmul_create(&kernel->matmul, onednn, shape);
}

static ebb_status create_forward(ebb_block *block, ebb_onednn *onednn, size_t l)
{
    const ebb_activations *batch = block->batch;
    const ebb_layer *layer = ebb_net_layer(block->program->net, l, 0);
    ebb_matmul_shape shape = {
        .m = block->n_rows,
        .n = layer->leading,
        .k = layer->in_leading,
        .w_leading = layer->leading,
        .y_leading = layer->leading,
        .bias = true,
        .relu = l + 1 < batch->n_layers,
    };
    ebb_activations_input(batch, l, &shape.x_leading);
    return create_kernel(&block->forward[l], block, onednn, &shape);
}

static ebb_status create_backward(ebb_block *block, ebb_onednn *onednn, size_t l)
{
    const ebb_activations *batch = block->batch;
    const ebb_layer *layer = ebb_net_layer(block->program->net, l, 0);
    const size_t below = batch->leading[l - 1];
    const ebb_matmul_shape shape = {
        .m = block->n_rows,
        .n = below,
        .k = layer->leading,
        .x_leading = layer->leading,
        .w_leading = below,
        .y_leading = below,
    };
    ebb_block_kernel *kernel = &block->backward[l];
    EBB_TRY(create_kernel(kernel, block, onednn, &shape));
    kernel->mask_delta = batch->delta[l - 1] + block->first_row * below;
    kernel->mask_out = batch->out[l - 1] + block->first_row * below;
    kernel->mask_n = block->n_rows * below;
    return EBB_OK;
}

ebb_status ebb_block_create_kernels(ebb_block *block, ebb_onednn *onednn, bool train)
{
    ebb_activations_touch(block->batch, block->first_row, block->n_rows);
    for (size_t l = 0; l < block->batch->n_layers; l++) {
        if (l >= block->first_layer) {
            EBB_TRY(create_forward(block, onednn, l));
        }
        if (train && l > 0) {
            EBB_TRY(create_backward(block, onednn, l));
        }
    }
    return EBB_OK;
}

static void bind_layer(ebb_block *block, size_t l, size_t head)
{
    const ebb_activations *batch = block->batch;
    const ebb_net *net = block->program->net;
    const ebb_layer *layer = ebb_net_layer(net, l, head);
    const float *weights = net->parameters->values + layer->offset;
    const float *bias = weights + layer->in_leading * layer->leading;
    size_t leading = 0;
    const float *input = ebb_activations_input(batch, l, &leading);
    float *out = batch->out[l] + block->first_row * layer->leading;
    if (block->forward[l].matmul != NULL) {
        ebb_matmul_bind(block->forward[l].matmul, input + block->first_row * leading,
                        weights, bias, out);
    }
    if (block->backward[l].matmul != NULL) {
        const float *delta = batch->delta[l] + block->first_row * layer->leading;
        ebb_matmul_bind(block->backward[l].matmul, delta,
                        ebb_net_transposed(net, l, head), NULL,
                        block->backward[l].mask_delta);
    }
}

void ebb_block_bind(ebb_block *block, size_t head)
{
    for (size_t l = 0; l < block->batch->n_layers; l++) {
        bind_layer(block, l, head);
    }
}

void ebb_block_clear(ebb_block *block)
{
    for (size_t l = 0; l < EBB_MAX_PATH; l++) {
        ebb_matmul_destroy(block->forward[l].matmul);
        ebb_matmul_destroy(block->backward[l].matmul);
    }
}

void ebb_block_note_kernels(const ebb_block *block)
{
    char operation[32];
    for (size_t l = 0; l < block->batch->n_layers; l++) {
        const ebb_layer *layer = ebb_net_layer(block->program->net, l, 0);
        snprintf(operation, sizeof operation, "forward %zux%zu", layer->in, layer->out);
        if (block->forward[l].matmul != NULL) {
            ebb_program_note_kernel(block->program, operation,
                                    ebb_matmul_kernel(block->forward[l].matmul));
        }
        if (block->backward[l].matmul != NULL) {
            snprintf(operation, sizeof operation, "backward %zux%zu", layer->in,
                     layer->out);
            ebb_program_note_kernel(block->program, operation,
                                    ebb_matmul_kernel(block->backward[l].matmul));
        }
    }
}
