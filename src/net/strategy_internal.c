/* One caller; each operation is parallel inside.
 *
 * The batch goes through the network as a whole. Products are oneDNN primitives and sgemm
 * made for all threads of the team, which fork and join within; forming the batch, loss,
 * masks and the optimizer fork and join likewise. What a library user gets who lets the
 * library do the threading. How a product is cut depends on the number of threads, so
 * bits are repeatable only for equal numbers. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "net/compile.h"
#include "net/piece.h"
#include "net/strategy.h"

enum { PIECE_FLOATS = 4096 };

typedef struct internal_program internal_program;

/* A layer's gradient: product over the whole batch. */
typedef struct layer_gradient {
    internal_program *program;
    ebb_product product;
    float *bias; /* out: column sums of product.b */
} layer_gradient;

/* The ReLU mask behind a layer's backward product. */
typedef struct layer_mask {
    internal_program *program;
    const ebb_block_kernel *kernel;
} layer_mask;

struct internal_program {
    ebb_program base;
    ebb_parts parts;
    ebb_activations batch;
    ebb_block whole;
    ebb_block *rows; /* one a thread of the team: its rows of whole, without kernels */
    size_t team_size;
    layer_gradient gradients[EBB_MAX_PATH];
    layer_mask masks[EBB_MAX_PATH];
    void *gradient; /* laid out like the arena: backbone and one head */
    size_t head_offset;
    ebb_piece_list pieces;
};

/* An operation that every thread of the team does its share of. */
typedef struct fork_join {
    const internal_program *program;
    const ebb_step *step;
    const layer_mask *mask;
} fork_join;

static void gather_share(void *argument, size_t thread)
{
    const fork_join *call = argument;
    ebb_block_gather(&call->program->rows[thread], call->step);
}

static void run_gather(const void *self, const ebb_step *step)
{
    const internal_program *program = self;
    fork_join call = {.program = program, .step = step};
    ebb_team_run(program->base.net->team, gather_share, &call);
}

static void differentiate_share(void *argument, size_t thread)
{
    const fork_join *call = argument;
    ebb_block_differentiate(&call->program->rows[thread], call->step);
}

static void run_differentiate(const void *self, const ebb_step *step)
{
    const internal_program *program = self;
    fork_join call = {.program = program, .step = step};
    ebb_team_run(program->base.net->team, differentiate_share, &call);
}

static void mask_share(void *argument, size_t thread)
{
    const fork_join *call = argument;
    const ebb_block_kernel *kernel = call->mask->kernel;
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, kernel->mask_n, EBB_LAYER_GRAIN, thread,
                   call->program->team_size);
    ebb_block_mask(kernel->mask_delta + begin, kernel->mask_out + begin, end - begin);
}

static void run_mask(const void *self, const ebb_step *step)
{
    const layer_mask *mask = self;
    fork_join call = {.program = mask->program, .step = step, .mask = mask};
    ebb_team_run(mask->program->base.net->team, mask_share, &call);
}

static void run_gradient(const void *self, const ebb_step *step)
{
    (void)step;
    const layer_gradient *own = self;
    const ebb_product *p = &own->product;
    if (ebb_product_run(p) != EBB_OK) {
        atomic_store(&own->program->base.failed, 1);
    }
    ebb_piece_column_sums(own->bias, p->b, p->b_leading, p->k, p->n);
}

static size_t gradient_offset(const internal_program *self, size_t layer)
{
    const bool head = layer + 1 == self->batch.n_layers;
    return head ? self->head_offset : ebb_net_layer(self->base.net, layer, 0)->offset;
}

static void update_share(void *argument, size_t thread)
{
    const fork_join *call = argument;
    const internal_program *self = call->program;
    const ebb_piece_range all = {0, self->pieces.n};
    const ebb_piece_range own =
        ebb_piece_list_share(&self->pieces, all, thread, self->team_size);
    for (size_t i = own.begin; i < own.end; i++) {
        const ebb_piece *piece = &self->pieces.pieces[i];
        const size_t leading = ebb_piece_layer(&self->pieces, piece)->leading;
        const float *gradient = (const float *)self->gradient +
                                gradient_offset(self, piece->layer) +
                                piece->first_row * leading;
        ebb_piece_update(&self->pieces, piece, gradient, call->step);
    }
}

static void run_update(const void *self, const ebb_step *step)
{
    const internal_program *program = self;
    fork_join call = {.program = program, .step = step};
    ebb_team_run(program->base.net->team, update_share, &call);
}

/* ---- program ------------------------------------------------------------------------
 */

static void fill_gradient(internal_program *self, size_t layer)
{
    const ebb_layer *shape = ebb_net_layer(self->base.net, layer, 0);
    size_t leading = 0;
    const float *input = ebb_activations_input(&self->batch, layer, &leading);
    float *gradient = (float *)self->gradient + gradient_offset(self, layer);
    self->gradients[layer] = (layer_gradient){
        .program = self,
        .product = {.m = shape->in,
                    .n = shape->leading,
                    .k = self->base.n_rows,
                    .a = input,
                    .a_leading = leading,
                    .b = self->batch.delta[layer],
                    .b_leading = shape->leading,
                    .c = gradient,
                    .c_leading = shape->leading,
                    .alpha = 1.0f,
                    .transposed = true},
        .bias = gradient + shape->in_leading * shape->leading,
    };
    self->masks[layer] = (layer_mask){self, &self->whole.backward[layer]};
}

static ebb_status list_forward(internal_program *self, ebb_op_list *list)
{
    EBB_TRY(ebb_op_list_add(list, EBB_WORK_BATCH, run_gather, self));
    for (size_t l = 0; l < self->batch.n_layers; l++) {
        EBB_TRY(ebb_op_list_add(list, EBB_WORK_FORWARD, ebb_block_product,
                                &self->whole.forward[l]));
    }
    return ebb_op_list_add(list, EBB_WORK_LOSS, run_differentiate, self);
}

static ebb_status list_backward(internal_program *self, ebb_op_list *list)
{
    for (size_t l = self->batch.n_layers; l-- > 0;) {
        fill_gradient(self, l);
        EBB_TRY(ebb_product_warm(&self->gradients[l].product));
        EBB_TRY(
            ebb_op_list_add(list, EBB_WORK_UPDATE, run_gradient, &self->gradients[l]));
        if (l > 0) {
            EBB_TRY(ebb_op_list_add(list, EBB_WORK_BACKWARD, ebb_block_product,
                                    &self->whole.backward[l]));
            EBB_TRY(ebb_op_list_add(list, EBB_WORK_BACKWARD, run_mask, &self->masks[l]));
        }
    }
    return ebb_op_list_add(list, EBB_WORK_UPDATE, run_update, self);
}

static ebb_status build(ebb_program *program, size_t thread)
{
    internal_program *self = (internal_program *)program;
    ebb_thread_part *part = &self->parts.threads[thread];
    EBB_TRY(ebb_block_create_kernels(&self->whole, part->onednn, true));
    EBB_TRY(list_forward(self, &part->lists[0]));
    return list_backward(self, &part->lists[1]);
}

static void bind_head(ebb_program *program, size_t head)
{
    internal_program *self = (internal_program *)program;
    self->pieces.head = head;
    ebb_block_bind(&self->whole, head);
}

static void destroy(ebb_program *program)
{
    internal_program *self = (internal_program *)program;
    ebb_block_clear(&self->whole);
    free(self->rows);
    ebb_buffer_free(self->gradient);
    ebb_piece_list_clear(&self->pieces);
    ebb_activations_clear(&self->batch);
    ebb_parts_clear(&self->parts);
    free(program->phases);
    free(self);
}

static ebb_status create_rows(internal_program *self)
{
    ebb_program *program = &self->base;
    self->whole = (ebb_block){.program = program,
                              .batch = &self->batch,
                              .n_rows = program->n_rows,
                              .scale = 1.0f / (float)program->n_rows};
    self->rows = calloc(self->team_size, sizeof *self->rows);
    if (self->rows == NULL) {
        return ebb_fail_memory(self->team_size * sizeof *self->rows);
    }
    for (size_t t = 0; t < self->team_size; t++) {
        size_t begin = 0;
        size_t end = 0;
        ebb_team_share(&begin, &end, program->n_rows, 1, t, self->team_size);
        self->rows[t] = self->whole;
        self->rows[t].first_row = begin;
        self->rows[t].first_sample = begin;
        self->rows[t].n_rows = end - begin;
    }
    return EBB_OK;
}

static void note_kernels(internal_program *self)
{
    char operation[32];
    ebb_block_note_kernels(&self->whole);
    for (size_t l = 0; l < self->batch.n_layers; l++) {
        const ebb_layer *layer = ebb_net_layer(self->base.net, l, 0);
        snprintf(operation, sizeof operation, "gradient %zux%zu", layer->in, layer->out);
        ebb_program_note_kernel(&self->base, operation, "sgemm");
    }
}

static ebb_status fill(internal_program *self)
{
    ebb_program *program = &self->base;
    const ebb_shape *shape = program->net->parameters->shape;
    EBB_TRY(ebb_net_expect_rows(program->net));
    self->head_offset = shape->heads[0].offset;
    EBB_TRY(ebb_buffer_allocate(&self->gradient,
                                self->head_offset + ebb_layer_floats(&shape->heads[0]),
                                sizeof(float)));
    EBB_TRY(ebb_activations_init(&self->batch, program->net, program->n_rows, true));
    const ebb_piece_rule rule = {PIECE_FLOATS, EBB_MAX_WIDTH, 1, 1};
    EBB_TRY(ebb_piece_list_init(&self->pieces, program->net, &rule));
    EBB_TRY(create_rows(self));
    EBB_TRY(ebb_compile(program, &self->parts, build));
    note_kernels(self);
    return EBB_OK;
}

static ebb_status compile_train(ebb_program **out, ebb_net *net, size_t n_rows)
{
    *out = NULL;
    internal_program *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->team_size = ebb_team_size(net->team);
    self->base = (ebb_program){.net = net,
                               .n_rows = n_rows,
                               .n_threads = 1,
                               .alone = true,
                               .n_phases = 2,
                               .bind_head = bind_head,
                               .destroy = destroy};
    const ebb_status status = fill(self);
    if (status != EBB_OK) {
        destroy(&self->base);
        return status;
    }
    *out = &self->base;
    return EBB_OK;
}

const ebb_strategy ebb_strategy_internal = {
    .choice = {"internal", "one caller; oneDNN's own threads inside each primitive"},
    .same_bits = false,
    .compile_train = compile_train,
    .compile_test = ebb_compile_test,
};
