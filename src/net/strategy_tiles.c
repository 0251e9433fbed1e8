/* Data parallel forward, tile parallel backward.
 *
 * Phase A: each thread takes blocks of the batch's rows through forward, loss and
 * backward data; layers need no synchronisation, because rows do not depend on each
 * other. Phase B: each thread owns tiles of the weight matrices, contracts a tile's
 * gradient over the whole batch and applies the optimizer to it while it is in cache. Two
 * barriers a step, no whole gradient and no reduction: gradient traffic does not grow
 * with the number of threads. Blocks and tiles are fixed by network and batch size, so
 * neither do the bits. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "net/compile.h"
#include "net/piece.h"
#include "net/strategy.h"

enum {
    MIN_BLOCK_ROWS = 8,     /* below it the kernels lose their speed */
    WANTED_BLOCK_ROWS = 16, /* from here up rows keep their bits on every processor */
    MAX_BLOCK_ROWS = 64,    /* activations of a block stay in the second-level cache */
    BLOCKS_WANTED = 8,      /* of a batch, so that eight threads have work */
    TILE_ROWS = 64,         /* 112 is 1 % faster on one thread and coarser on many */
    TILE_COLUMNS = 256,
};

typedef struct tiles_program tiles_program;

/* A piece of a weight matrix and the product that makes its gradient. */
typedef struct tile {
    tiles_program *program;
    const ebb_piece *piece;
    ebb_product product; /* c: the owner's gradient buffer */
} tile;

struct tiles_program {
    ebb_program base;
    ebb_parts parts;
    ebb_activations batch;
    ebb_block *blocks; /* n_shards of them */
    ebb_piece_list pieces;
    tile *tiles;      /* one a piece */
    float *gradients; /* TILE_ROWS x TILE_COLUMNS a thread */
};

/* ---- phase B ------------------------------------------------------------------------
 */

static void run_product(tiles_program *self, const ebb_product *product)
{
    if (ebb_product_run(product) != EBB_OK) {
        atomic_store(&self->base.failed, 1);
    }
}

/* Gradient into the thread's buffer, then the optimizer's pass over the tile. */
static void run_tile(const void *argument, const ebb_step *step)
{
    const tile *own = argument;
    tiles_program *self = own->program;
    const ebb_product *p = &own->product;
    if (own->piece->bias) {
        ebb_piece_column_sums(p->c, p->b, p->b_leading, p->k, p->n);
    } else {
        run_product(self, p);
    }
    ebb_piece_update(&self->pieces, own->piece, p->c, p->c_leading, step);
}

/* Where the optimizer is linear the product moves the weights and no gradient is seen. */
static void run_linear_tile(const void *argument, const ebb_step *step)
{
    const tile *own = argument;
    tiles_program *self = own->program;
    const ebb_optimizer *optimizer = self->base.net->optimizer;
    ebb_product product = own->product;
    product.c = ebb_piece_values(&self->pieces, own->piece);
    product.c_leading = ebb_piece_layer(&self->pieces, own->piece)->leading;
    if (own->piece->bias ||
        !optimizer->linear(&product.alpha, &product.beta,
                           ebb_piece_numbers(&self->pieces, own->piece, step))) {
        run_tile(argument, step);
        return;
    }
    run_product(self, &product);
    ebb_piece_transpose(&self->pieces, own->piece);
}

static void fill_tile(tiles_program *self, size_t index, float *gradient)
{
    const ebb_piece *piece = &self->pieces.pieces[index];
    const ebb_layer *layer = ebb_piece_layer(&self->pieces, piece);
    size_t leading = 0;
    const float *input = ebb_activations_input(&self->batch, piece->layer, &leading);
    self->tiles[index] = (tile){
        .program = self,
        .piece = piece,
        .product = {.m = piece->n_rows,
                    .n = piece->n_columns,
                    .k = self->base.n_rows,
                    .a = piece->bias ? NULL : input + piece->first_row,
                    .a_leading = leading,
                    .b = self->batch.delta[piece->layer] + piece->first_column,
                    .b_leading = layer->leading,
                    .c = gradient,
                    .c_leading = piece->n_columns,
                    .alpha = 1.0f},
    };
}

/* ---- program ------------------------------------------------------------------------
 */

static ebb_status build_blocks(tiles_program *self, size_t thread)
{
    const ebb_program *program = &self->base;
    ebb_thread_part *part = &self->parts.threads[thread];
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, program->n_shards, 1, thread, program->n_threads);
    for (size_t i = begin; i < end; i++) {
        ebb_block *block = &self->blocks[i];
        EBB_TRY(ebb_block_create_kernels(block, part->onednn, true));
        EBB_TRY(ebb_block_add_forward(&part->lists[0], block));
        for (size_t l = self->batch.n_layers - 1; l > 0; l--) {
            EBB_TRY(ebb_block_add_backward(&part->lists[0], block, l));
        }
    }
    return EBB_OK;
}

static ebb_status build_tiles(tiles_program *self, size_t thread)
{
    ebb_thread_part *part = &self->parts.threads[thread];
    float *gradient = self->gradients + thread * TILE_ROWS * TILE_COLUMNS;
    const bool linear = self->base.net->optimizer->linear != NULL;
    size_t begin = 0;
    size_t end = 0;
    ebb_piece_list_share(&begin, &end, &self->pieces, thread, self->base.n_threads);
    for (size_t i = begin; i < end; i++) {
        fill_tile(self, i, gradient);
        EBB_TRY(ebb_product_warm(&self->tiles[i].product));
        EBB_TRY(ebb_op_list_add(&part->lists[1], EBB_WORK_UPDATE,
                                linear ? run_linear_tile : run_tile, &self->tiles[i]));
    }
    return EBB_OK;
}

static ebb_status build(ebb_program *program, size_t thread)
{
    tiles_program *self = (tiles_program *)program;
    EBB_TRY(build_blocks(self, thread));
    return build_tiles(self, thread);
}

static void bind_head(ebb_program *program, size_t head)
{
    tiles_program *self = (tiles_program *)program;
    self->pieces.head = head;
    for (size_t i = 0; i < program->n_shards; i++) {
        ebb_block_bind(&self->blocks[i], head);
    }
}

static void destroy(ebb_program *program)
{
    tiles_program *self = (tiles_program *)program;
    for (size_t i = 0; self->blocks != NULL && i < program->n_shards; i++) {
        ebb_block_clear(&self->blocks[i]);
    }
    free(self->blocks);
    free(self->tiles);
    ebb_buffer_free(self->gradients);
    ebb_piece_list_clear(&self->pieces);
    ebb_activations_clear(&self->batch);
    ebb_parts_clear(&self->parts);
    free(program->phases);
    free(self);
}

/* Two blocks at least where both keep their speed, then blocks of 16 rows, and larger
 * ones once there are eight. */
static size_t choose_blocks(size_t n_rows)
{
    size_t block_rows = n_rows / 2;
    block_rows = block_rows < MIN_BLOCK_ROWS ? MIN_BLOCK_ROWS : block_rows;
    block_rows = block_rows > WANTED_BLOCK_ROWS ? WANTED_BLOCK_ROWS : block_rows;
    const size_t for_eight = n_rows / BLOCKS_WANTED;
    block_rows = block_rows < for_eight ? for_eight : block_rows;
    block_rows = block_rows > MAX_BLOCK_ROWS ? MAX_BLOCK_ROWS : block_rows;
    return n_rows < block_rows ? 1 : n_rows / block_rows;
}

static ebb_status create_blocks(tiles_program *self)
{
    ebb_program *program = &self->base;
    program->n_shards = choose_blocks(program->n_rows);
    self->blocks = calloc(program->n_shards, sizeof *self->blocks);
    if (self->blocks == NULL) {
        return ebb_fail_memory(program->n_shards * sizeof *self->blocks);
    }
    for (size_t i = 0; i < program->n_shards; i++) {
        size_t begin = 0;
        size_t end = 0;
        ebb_team_share(&begin, &end, program->n_rows, 1, i, program->n_shards);
        self->blocks[i] = (ebb_block){.program = program,
                                      .batch = &self->batch,
                                      .first_row = begin,
                                      .first_sample = begin,
                                      .n_rows = end - begin,
                                      .scale = 1.0f / (float)program->n_rows};
    }
    return EBB_OK;
}

static ebb_status create_tiles(tiles_program *self)
{
    EBB_TRY(ebb_piece_list_init(&self->pieces, self->base.net, TILE_ROWS, TILE_COLUMNS));
    self->tiles = calloc(self->pieces.n, sizeof *self->tiles);
    if (self->tiles == NULL) {
        return ebb_fail_memory(self->pieces.n * sizeof *self->tiles);
    }
    void *gradients = NULL;
    EBB_TRY(ebb_buffer_allocate(&gradients,
                                self->base.n_threads * TILE_ROWS * TILE_COLUMNS,
                                sizeof *self->gradients));
    self->gradients = gradients;
    return EBB_OK;
}

static void note_kernels(tiles_program *self)
{
    char operation[32];
    ebb_block_note_kernels(&self->blocks[0]);
    for (size_t l = 0; l < self->batch.n_layers; l++) {
        const ebb_layer *layer = ebb_net_layer(self->base.net, l, 0);
        snprintf(operation, sizeof operation, "gradient %zux%zu", layer->in, layer->out);
        ebb_program_note_kernel(&self->base, operation, "sgemm");
    }
}

static ebb_status fill(tiles_program *self)
{
    ebb_program *program = &self->base;
    EBB_TRY(ebb_activations_init(&self->batch, program->net, program->n_rows, true));
    EBB_TRY(create_blocks(self));
    EBB_TRY(create_tiles(self));
    EBB_TRY(ebb_compile(program, &self->parts, build));
    note_kernels(self);
    return EBB_OK;
}

static ebb_status compile_train(ebb_program **out, ebb_net *net, size_t n_rows)
{
    *out = NULL;
    tiles_program *self = calloc(1, sizeof *self);
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

const ebb_strategy ebb_strategy_tiles = {
    .choice = {"tiles", "rows of the batch forward, tiles of the weights backward"},
    .same_bits = true,
    .compile_train = compile_train,
    .compile_test = ebb_compile_test,
};
