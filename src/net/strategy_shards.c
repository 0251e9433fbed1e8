/* Textbook data parallelism made repeatable.
 *
 * A batch is cut into S logical shards, S a function of network and batch size only.
 * Phase A: each shard runs forward and the whole backward pass into a gradient of its
 * own, on whichever thread owns it. Phase B: each thread sums a range of parameters over
 * the shards in a fixed binary tree and applies the optimizer to it at once. Two barriers
 * a step; the bits do not depend on the number of threads. Threads beyond S idle in phase
 * A. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/vector.h"
#include "net/compile.h"
#include "net/piece.h"
#include "net/strategy.h"

enum {
    MIN_SHARD_ROWS = 16, /* below it the kernels lose more than a thread gains */
    MAX_SHARDS = 64,
    PIECE_FLOATS = 4096, /* of one piece of the reduction, in whole rows */
};
/* All gradients together stay below this, so that a wide network gets fewer shards. */
static const size_t MAX_GRADIENT_BYTES = (size_t)256 << 20;

typedef struct shard_product {
    ebb_product product;
    float *bias; /* out: column sums of product.b */
    atomic_int *failed;
} shard_product;

typedef struct shard {
    ebb_block block;
    shard_product products[EBB_MAX_PATH];
    float *gradient; /* backbone and one head, laid out like the arena */
} shard;

typedef struct shards_program shards_program;

/* The pieces one thread reduces and moves. */
typedef struct reduction {
    const shards_program *program;
    ebb_piece_range own;
} reduction;

struct shards_program {
    ebb_program base;
    ebb_parts parts;
    ebb_activations batch;
    shard *shards;
    void *gradients;
    size_t gradient_floats; /* of one shard */
    size_t head_offset;     /* of the head in a gradient */
    ebb_piece_list pieces;
    reduction *reductions; /* one a thread */
};

/* ---- phase A ------------------------------------------------------------------------
 */

static void run_product(const void *self, const ebb_step *step)
{
    (void)step;
    const shard_product *op = self;
    const ebb_product *p = &op->product;
    if (ebb_product_run(p) != EBB_OK) {
        atomic_store(op->failed, 1);
    }
    ebb_piece_column_sums(op->bias, p->b, p->b_leading, p->k, p->n);
}

static size_t gradient_offset(const shards_program *self, size_t layer)
{
    const bool head = layer + 1 == self->batch.n_layers;
    return head ? self->head_offset : ebb_net_layer(self->base.net, layer, 0)->offset;
}

static void fill_product(shards_program *self, shard *piece_of_batch, size_t layer)
{
    const ebb_layer *shape = ebb_net_layer(self->base.net, layer, 0);
    const ebb_block *block = &piece_of_batch->block;
    size_t leading = 0;
    const float *input = ebb_activations_input(&self->batch, layer, &leading);
    float *gradient = piece_of_batch->gradient + gradient_offset(self, layer);
    piece_of_batch->products[layer] = (shard_product){
        .product = {.m = shape->in,
                    .n = shape->leading,
                    .k = block->n_rows,
                    .a = input + block->first_row * leading,
                    .a_leading = leading,
                    .b = self->batch.delta[layer] + block->first_row * shape->leading,
                    .b_leading = shape->leading,
                    .c = gradient,
                    .c_leading = shape->leading,
                    .alpha = 1.0f,
                    .transposed = true},
        .bias = gradient + shape->in_leading * shape->leading,
        .failed = &self->base.failed,
    };
}

static ebb_status build_shard(shards_program *self, size_t index, size_t thread)
{
    shard *own = &self->shards[index];
    ebb_op_list *list = &self->parts.threads[thread].lists[0];
    memset(own->gradient, 0, self->gradient_floats * sizeof *own->gradient);
    EBB_TRY(
        ebb_block_create_kernels(&own->block, self->parts.threads[thread].onednn, true));
    EBB_TRY(ebb_block_add_forward(list, &own->block));
    for (size_t l = self->batch.n_layers; l-- > 0;) {
        fill_product(self, own, l);
        EBB_TRY(ebb_product_warm(&own->products[l].product));
        EBB_TRY(ebb_op_list_add(list, EBB_WORK_UPDATE, run_product, &own->products[l]));
        if (l > 0) {
            EBB_TRY(ebb_block_add_backward(list, &own->block, l));
        }
    }
    return EBB_OK;
}

/* ---- phase B ------------------------------------------------------------------------
 */

/* Sums n floats at offset over all shards into the first shard's gradient; pairs at
 * distance 1, 2, 4, … so that the order depends on S alone. */
static float *reduce(const shards_program *self, size_t offset, size_t n)
{
    const size_t n_shards = self->base.n_shards;
    for (size_t distance = 1; distance < n_shards; distance *= 2) {
        for (size_t s = 0; s + distance < n_shards; s += 2 * distance) {
            ebb_vector_add(self->shards[s].gradient + offset,
                           self->shards[s + distance].gradient + offset, n);
        }
    }
    return self->shards[0].gradient + offset;
}

static void run_pieces(const void *argument, const ebb_step *step)
{
    const reduction *call = argument;
    const shards_program *self = call->program;
    for (size_t i = call->own.begin; i < call->own.end; i++) {
        const ebb_piece *piece = &self->pieces.pieces[i];
        const size_t leading = ebb_piece_layer(&self->pieces, piece)->leading;
        const float *gradient =
            reduce(self, gradient_offset(self, piece->layer) + piece->first_row * leading,
                   piece->n_rows * leading);
        ebb_piece_update(&self->pieces, piece, gradient, step);
    }
}

static ebb_status create_reductions(shards_program *self)
{
    const size_t n_threads = self->base.n_threads;
    const ebb_piece_rule rule = {PIECE_FLOATS, EBB_MAX_WIDTH, 1, 1};
    EBB_TRY(ebb_piece_list_init(&self->pieces, self->base.net, &rule));
    self->reductions = calloc(n_threads, sizeof *self->reductions);
    if (self->reductions == NULL) {
        return ebb_fail_memory(n_threads * sizeof *self->reductions);
    }
    const ebb_piece_range all = {0, self->pieces.n};
    for (size_t t = 0; t < n_threads; t++) {
        self->reductions[t] = (reduction){
            .program = self,
            .own = ebb_piece_list_share(&self->pieces, all, t, n_threads),
        };
    }
    return EBB_OK;
}

/* ---- program ------------------------------------------------------------------------
 */

static ebb_status build(ebb_program *program, size_t thread)
{
    shards_program *self = (shards_program *)program;
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, program->n_shards, 1, thread, program->n_threads);
    for (size_t s = begin; s < end; s++) {
        EBB_TRY(build_shard(self, s, thread));
    }
    return ebb_op_list_add(&self->parts.threads[thread].lists[1], EBB_WORK_UPDATE,
                           run_pieces, &self->reductions[thread]);
}

static void bind_head(ebb_program *program, size_t head)
{
    shards_program *self = (shards_program *)program;
    self->pieces.head = head;
    for (size_t s = 0; s < program->n_shards; s++) {
        ebb_block_bind(&self->shards[s].block, head);
    }
}

static void destroy(ebb_program *program)
{
    shards_program *self = (shards_program *)program;
    for (size_t s = 0; self->shards != NULL && s < program->n_shards; s++) {
        ebb_block_clear(&self->shards[s].block);
    }
    free(self->shards);
    ebb_piece_list_clear(&self->pieces);
    free(self->reductions);
    ebb_buffer_free(self->gradients);
    ebb_activations_clear(&self->batch);
    ebb_parts_clear(&self->parts);
    free(program->phases);
    free(self);
}

static size_t choose_shards(size_t n_rows, size_t gradient_floats)
{
    const size_t by_rows = n_rows / MIN_SHARD_ROWS;
    const size_t by_memory = MAX_GRADIENT_BYTES / (gradient_floats * sizeof(float));
    size_t n = by_rows < by_memory ? by_rows : by_memory;
    n = n < MAX_SHARDS ? n : MAX_SHARDS;
    return n > 0 ? n : 1;
}

static ebb_status create_shards(shards_program *self)
{
    ebb_program *program = &self->base;
    self->shards = calloc(program->n_shards, sizeof *self->shards);
    if (self->shards == NULL) {
        return ebb_fail_memory(program->n_shards * sizeof *self->shards);
    }
    EBB_TRY(ebb_buffer_allocate(
        &self->gradients, program->n_shards * self->gradient_floats, sizeof(float)));
    for (size_t s = 0; s < program->n_shards; s++) {
        size_t begin = 0;
        size_t end = 0;
        ebb_team_share(&begin, &end, program->n_rows, 1, s, program->n_shards);
        self->shards[s] = (shard){
            .block = {.program = program,
                      .batch = &self->batch,
                      .first_row = begin,
                      .first_sample = begin,
                      .n_rows = end - begin,
                      .scale = 1.0f / (float)program->n_rows},
            .gradient = (float *)self->gradients + s * self->gradient_floats,
        };
    }
    return EBB_OK;
}

static void note_kernels(shards_program *self)
{
    char operation[32];
    ebb_block_note_kernels(&self->shards[0].block);
    for (size_t l = 0; l < self->batch.n_layers; l++) {
        const ebb_layer *layer = ebb_net_layer(self->base.net, l, 0);
        snprintf(operation, sizeof operation, "gradient %zux%zu", layer->in, layer->out);
        ebb_program_note_kernel(&self->base, operation, "sgemm");
    }
}

static ebb_status fill(shards_program *self)
{
    ebb_program *program = &self->base;
    const ebb_shape *shape = program->net->parameters->shape;
    EBB_TRY(ebb_net_expect_rows(program->net));
    self->head_offset = shape->heads[0].offset;
    self->gradient_floats = self->head_offset + ebb_layer_floats(&shape->heads[0]);
    program->n_shards = choose_shards(program->n_rows, self->gradient_floats);
    EBB_TRY(ebb_activations_init(&self->batch, program->net, program->n_rows, true));
    program->batch = &self->batch;
    EBB_TRY(create_shards(self));
    EBB_TRY(create_reductions(self));
    EBB_TRY(ebb_compile(program, &self->parts, build));
    note_kernels(self);
    return EBB_OK;
}

static ebb_status compile_train(ebb_program **out, ebb_net *net, size_t n_rows)
{
    *out = NULL;
    shards_program *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->base = (ebb_program){.net = net,
                               .n_rows = n_rows,
                               .n_threads = ebb_team_size(net->team),
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

const ebb_strategy ebb_strategy_shards = {
    .choice = {"shards",
               "each shard of the batch makes a whole gradient; fixed-order sum"},
    .same_bits = true,
    .compile_train = compile_train,
    .compile_test = ebb_compile_test,
};
