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
    for (size_t i = 0; i < op->n_panels; i++) {
        if (ebb_matmul_run(op->panels[i]) != EBB_OK) {
            atomic_store(op->failed, 1);
        }
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
    EBB_TRY(ebb_op_list_add(list, EBB_WORK_BATCH, ebb_block_gather, block));
    for (size_t l = 0; l < block->batch->n_layers; l++) {
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

/* The product of shape, whose n columns of weights and output come panel by panel. */
static ebb_status create_kernel(ebb_block_kernel *kernel, ebb_block *block,
                                ebb_onednn *onednn, const ebb_matmul_shape *shape,
                                size_t panel)
{
    kernel->failed = &block->program->failed;
    const size_t n_panels = (shape->n + panel - 1) / panel;
    kernel->panels = calloc(n_panels, sizeof *kernel->panels);
    if (kernel->panels == NULL) {
        return ebb_fail_memory(n_panels * sizeof *kernel->panels);
    }
    for (size_t i = 0; i < n_panels; i++) {
        ebb_matmul_shape own = *shape;
        own.primitive = block->program->alone;
        own.n = shape->n - i * panel < panel ? shape->n - i * panel : panel;
        own.w_leading = own.n;
        EBB_TRY(ebb_matmul_create(&kernel->panels[i], onednn, &own));
        kernel->n_panels++;
    }
    return EBB_OK;
}

static ebb_status create_forward(ebb_block *block, ebb_onednn *onednn, size_t l)
{
    const ebb_activations *batch = block->batch;
    const ebb_layer *layer = ebb_net_layer(block->program->net, l, 0);
    ebb_matmul_shape shape = {
        .m = block->n_rows,
        .n = layer->leading,
        .k = layer->in_leading,
        .y_leading = layer->leading,
        .bias = true,
        .relu = l + 1 < batch->n_layers,
    };
    ebb_activations_input(batch, l, &shape.x_leading);
    return create_kernel(&block->forward[l], block, onednn, &shape, layer->panel);
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
        .y_leading = below,
    };
    ebb_block_kernel *kernel = &block->backward[l];
    EBB_TRY(create_kernel(kernel, block, onednn, &shape, below));
    kernel->mask_delta = batch->delta[l - 1] + block->first_row * below;
    kernel->mask_out = batch->out[l - 1] + block->first_row * below;
    kernel->mask_n = block->n_rows * below;
    return EBB_OK;
}

ebb_status ebb_block_create_kernels(ebb_block *block, ebb_onednn *onednn, bool train)
{
    ebb_activations_touch(block->batch, block->first_row, block->n_rows);
    for (size_t l = 0; l < block->batch->n_layers; l++) {
        if ((block->elsewhere >> l & 1) != 0) {
            continue;
        }
        EBB_TRY(create_forward(block, onednn, l));
        if (train && l > 0) {
            EBB_TRY(create_backward(block, onednn, l));
        }
    }
    return EBB_OK;
}

static void bind_forward(ebb_block *block, size_t l, const ebb_layer *layer)
{
    const ebb_activations *batch = block->batch;
    const float *values = block->program->net->parameters->values;
    const ebb_block_kernel *kernel = &block->forward[l];
    size_t leading = 0;
    const float *input = ebb_activations_input(batch, l, &leading);
    float *out = batch->out[l] + block->first_row * layer->leading;
    for (size_t i = 0; i < kernel->n_panels; i++) {
        const size_t column = i * layer->panel;
        ebb_matmul_bind(kernel->panels[i], input + block->first_row * leading,
                        values + ebb_layer_at(layer, 0, column),
                        values + ebb_layer_at(layer, layer->in_leading, column),
                        out + column);
    }
}

static void bind_backward(ebb_block *block, size_t l, size_t head, const ebb_layer *layer)
{
    const ebb_block_kernel *kernel = &block->backward[l];
    if (kernel->n_panels > 0) {
        ebb_matmul_bind(
            kernel->panels[0], block->batch->delta[l] + block->first_row * layer->leading,
            ebb_net_transposed(block->program->net, l, head), NULL, kernel->mask_delta);
    }
}

void ebb_block_bind(ebb_block *block, size_t head)
{
    for (size_t l = 0; l < block->batch->n_layers; l++) {
        const ebb_layer *layer = ebb_net_layer(block->program->net, l, head);
        bind_forward(block, l, layer);
        bind_backward(block, l, head, layer);
    }
}

static void clear_kernel(ebb_block_kernel *kernel)
{
    for (size_t i = 0; i < kernel->n_panels; i++) {
        ebb_matmul_destroy(kernel->panels[i]);
    }
    free(kernel->panels);
}

void ebb_block_clear(ebb_block *block)
{
    for (size_t l = 0; l < EBB_MAX_PATH; l++) {
        clear_kernel(&block->forward[l]);
        clear_kernel(&block->backward[l]);
    }
}

static void note_kernel(const ebb_block *block, const char *what, const ebb_layer *layer,
                        const ebb_block_kernel *kernel)
{
    char operation[32];
    if (kernel->n_panels > 0) {
        snprintf(operation, sizeof operation, "%s %zux%zu", what, layer->in, layer->out);
        ebb_program_note_kernel(block->program, operation,
                                ebb_matmul_kernel(kernel->panels[0]));
    }
}

void ebb_block_note_kernels(const ebb_block *block)
{
    for (size_t l = 0; l < block->batch->n_layers; l++) {
        const ebb_layer *layer = ebb_net_layer(block->program->net, l, 0);
        note_kernel(block, "forward", layer, &block->forward[l]);
        note_kernel(block, "backward", layer, &block->backward[l]);
    }
}
