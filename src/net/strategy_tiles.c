/* Tile parallel where the weights are large, data parallel where they are not.
 *
 * Each thread forms its rows of the batch. The output of a wide layer, the first always
 * among them, is made in rectangles, column by column, so that a thread reads few weights
 * and mostly those it owns; likewise the gradient that goes back through it. Between wide
 * layers each thread takes blocks of rows through all layers at once, loss included: rows
 * do not depend on each other, so those layers need no synchronisation.
 *
 * Last, each thread owns tiles of the weight matrices, contracts a tile's gradient over
 * the whole batch and applies the optimizer to it while it is in cache. No whole
 * gradient, no reduction: traffic does not grow with the number of threads. Rectangles,
 * blocks and tiles are fixed by network and batch size, so neither do the bits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "net/compile.h"
#include "net/panels.h"
#include "net/piece.h"
#include "net/strategy.h"

enum {
    MIN_BLOCK_ROWS = 8,     /* below it the kernels lose their speed */
    WANTED_BLOCK_ROWS = 16, /* from here up rows keep their bits on every processor */
    MAX_BLOCK_ROWS = 64,    /* activations of a block stay in the second-level cache */
    BLOCKS_WANTED = 8,      /* of a batch, so that eight threads have work */
    TILE_FLOATS = 16384,    /* at most; with its moments and its gradient 256 KiB */
    TILE_COLUMNS = 256,
    TILES_WANTED = 4, /* of a narrow layer, so that nobody waits long for the last */
    TILE_MIN_FMAS = 1 << 16, /* a microsecond; below it the call is what costs */
    MAX_JOBS = 2 * EBB_MAX_PATH + 2,
};

typedef struct tiles_program tiles_program;

/* A piece of a weight matrix and the product that makes its gradient. */
typedef struct tile {
    tiles_program *program;
    const ebb_piece *piece;
    ebb_product product; /* c: the owner's gradient buffer */
} tile;

/* What is done between two places on the way through the network, in order. Jobs by rows
 * that follow each other make one phase. */
typedef struct job {
    ebb_work work; /* batch, forward, loss or backward */
    size_t layer;
    size_t phase;
    bool by_panels;
    ebb_panels panels;
} job;

struct tiles_program {
    ebb_program base;
    ebb_parts parts;
    ebb_activations batch;
    ebb_block *blocks; /* n_shards of them */
    job jobs[MAX_JOBS];
    size_t n_jobs;
    ebb_piece_list pieces;
    tile *tiles;      /* one a piece */
    float *gradients; /* TILE_FLOATS a thread */
};

static bool is_wide(const tiles_program *self, size_t layer)
{
    return ebb_layer_is_wide(ebb_net_layer(self->base.net, layer, 0), layer);
}

/* ---- the way through the network -----------------------------------------------------
 */

static ebb_status add_job(tiles_program *self, ebb_work work, size_t layer,
                          bool by_panels)
{
    job *own = &self->jobs[self->n_jobs];
    const job *last = self->n_jobs > 0 ? own - 1 : NULL;
    const bool joins = last != NULL && !by_panels && !last->by_panels;
    *own = (job){.work = work, .layer = layer, .by_panels = by_panels};
    own->phase = last == NULL ? 0 : last->phase + !joins;
    self->n_jobs++;
    return by_panels ? ebb_panels_init(&own->panels, &self->base, &self->batch, layer,
                                       work == EBB_WORK_BACKWARD)
                     : EBB_OK;
}

static ebb_status create_jobs(tiles_program *self)
{
    const size_t n_layers = self->batch.n_layers;
    EBB_TRY(add_job(self, EBB_WORK_BATCH, 0, false));
    for (size_t l = 0; l < n_layers; l++) {
        EBB_TRY(add_job(self, EBB_WORK_FORWARD, l, is_wide(self, l)));
    }
    EBB_TRY(add_job(self, EBB_WORK_LOSS, n_layers - 1, false));
    for (size_t l = n_layers - 1; l > 0; l--) {
        EBB_TRY(add_job(self, EBB_WORK_BACKWARD, l, is_wide(self, l)));
    }
    return EBB_OK;
}

static ebb_status add_rows_op(ebb_op_list *list, const job *what, ebb_block *block)
{
    switch (what->work) {
    case EBB_WORK_BATCH:
        return ebb_op_list_add(list, what->work, ebb_block_gather, block);
    case EBB_WORK_FORWARD:
        return ebb_op_list_add(list, what->work, ebb_block_product,
                               &block->forward[what->layer]);
    case EBB_WORK_BACKWARD: return ebb_block_add_backward(list, block, what->layer);
    default: return ebb_op_list_add(list, what->work, ebb_block_differentiate, block);
    }
}

/* A phase's jobs one after the other for a block, while its rows are in cache. */
static ebb_status build_block(tiles_program *self, ebb_block *block, ebb_op_list *lists)
{
    for (size_t i = 0; i < self->n_jobs; i++) {
        if (!self->jobs[i].by_panels) {
            EBB_TRY(add_rows_op(&lists[self->jobs[i].phase], &self->jobs[i], block));
        }
    }
    return EBB_OK;
}

static ebb_status build_rows(tiles_program *self, size_t thread)
{
    const ebb_program *program = &self->base;
    ebb_thread_part *part = &self->parts.threads[thread];
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, program->n_shards, 1, thread, program->n_threads);
    for (size_t i = begin; i < end; i++) {
        EBB_TRY(ebb_block_create_kernels(&self->blocks[i], part->onednn, true));
        EBB_TRY(build_block(self, &self->blocks[i], part->lists));
    }
    return EBB_OK;
}

/* Rectangles in equal numbers; a column's last one may be shorter. */
static ebb_status build_panels(tiles_program *self, const job *own, size_t thread)
{
    ebb_thread_part *part = &self->parts.threads[thread];
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, own->panels.n, 1, thread, self->base.n_threads);
    for (size_t i = begin; i < end; i++) {
        ebb_panel *panel = &own->panels.panels[i];
        EBB_TRY(ebb_panels_build(panel, part->onednn));
        EBB_TRY(
            ebb_op_list_add(&part->lists[own->phase], own->work, ebb_panels_run, panel));
    }
    return EBB_OK;
}

/* ---- tiles --------------------------------------------------------------------------
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
    ebb_piece_update(&self->pieces, own->piece, p->c, step);
}

/* Where the optimizer is linear the product moves the weights and no gradient is seen. */
static void run_linear_tile(const void *argument, const ebb_step *step)
{
    const tile *own = argument;
    tiles_program *self = own->program;
    if (own->piece->bias) {
        run_tile(argument, step);
        return;
    }
    ebb_product product = own->product;
    product.c = ebb_piece_values(&product.c_leading, &self->pieces, own->piece);
    self->base.net->optimizer->linear(&product.alpha, &product.beta,
                                      ebb_piece_numbers(&self->pieces, own->piece, step));
    run_product(self, &product);
    ebb_piece_transpose(&self->pieces, own->piece);
}

static bool is_linear(const ebb_net *net)
{
    ebb_optimizer_step numbers;
    float alpha = 0;
    float beta = 0;
    net->optimizer->prepare(&numbers, &net->optimizer_spec, 1);
    return net->optimizer->linear != NULL &&
           net->optimizer->linear(&alpha, &beta, &numbers);
}

static void fill_tile(tiles_program *self, size_t index, float *gradient)
{
    const ebb_piece *piece = &self->pieces.pieces[index];
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
                    .b_leading = self->batch.leading[piece->layer],
                    .c = gradient,
                    .c_leading = piece->n_columns,
                    .alpha = 1.0f,
                    .transposed = true},
    };
}

/* The share-th share of a layer's tiles. */
static ebb_status build_tiles(tiles_program *self, size_t thread, ebb_piece_range layer,
                              size_t share)
{
    ebb_op_list *list = &self->parts.threads[thread].lists[self->base.n_phases - 1];
    float *gradient = self->gradients + thread * TILE_FLOATS;
    const bool linear = is_linear(self->base.net);
    const ebb_piece_range own =
        ebb_piece_list_share(&self->pieces, layer, share, self->base.n_threads);
    for (size_t i = own.begin; i < own.end; i++) {
        fill_tile(self, i, gradient);
        EBB_TRY(ebb_product_warm(&self->tiles[i].product));
        EBB_TRY(ebb_op_list_add(list, EBB_WORK_UPDATE,
                                linear ? run_linear_tile : run_tile, &self->tiles[i]));
    }
    return EBB_OK;
}

/* Which share of a layer's tiles is the thread's. Of a wide layer it owns what it reads
 * forward; the shares of others go on where those of the layers before ended, so that few
 * tiles do not fall to the first threads in each layer. */
static size_t share_of(const tiles_program *self, size_t number, size_t thread)
{
    const size_t n_threads = self->base.n_threads;
    size_t n_units = 0;
    for (size_t l = 0; l < number && !is_wide(self, number); l++) {
        n_units +=
            ebb_piece_list_units(&self->pieces, ebb_piece_list_layer(&self->pieces, l));
    }
    return (thread + n_threads - n_units % n_threads) % n_threads;
}

static ebb_status build_all_tiles(tiles_program *self, size_t thread)
{
    for (size_t l = self->batch.n_layers; l-- > 0;) {
        EBB_TRY(build_tiles(self, thread, ebb_piece_list_layer(&self->pieces, l),
                            share_of(self, l, thread)));
    }
    return EBB_OK;
}

/* ---- program ------------------------------------------------------------------------
 */

static ebb_status build(ebb_program *program, size_t thread)
{
    tiles_program *self = (tiles_program *)program;
    const ebb_status status = build_rows(self, thread);
    /* Rows are touched by their owners before rectangles are tried out on them. */
    ebb_team_barrier(program->net->team, thread);
    EBB_TRY(status);
    for (size_t i = 0; i < self->n_jobs; i++) {
        if (self->jobs[i].by_panels) {
            EBB_TRY(build_panels(self, &self->jobs[i], thread));
        }
    }
    return build_all_tiles(self, thread);
}

static void bind_head(ebb_program *program, size_t head)
{
    tiles_program *self = (tiles_program *)program;
    self->pieces.head = head;
    for (size_t i = 0; i < self->n_jobs; i++) {
        if (self->jobs[i].by_panels) {
            ebb_panels_bind(&self->jobs[i].panels, head);
        }
    }
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
    for (size_t i = 0; i < self->n_jobs; i++) {
        ebb_panels_clear(&self->jobs[i].panels);
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
    uint32_t elsewhere = 0;
    for (size_t l = 0; l < self->batch.n_layers; l++) {
        elsewhere |= (uint32_t)is_wide(self, l) << l;
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
                                      .elsewhere = elsewhere,
                                      .scale = 1.0f / (float)program->n_rows};
    }
    return EBB_OK;
}

static ebb_status create_tiles(tiles_program *self)
{
    const ebb_piece_rule rule = {TILE_FLOATS, TILE_COLUMNS, TILES_WANTED,
                                 1 + (TILE_MIN_FMAS - 1) / self->base.n_rows};
    EBB_TRY(ebb_piece_list_init(&self->pieces, self->base.net, &rule));
    self->tiles = calloc(self->pieces.n, sizeof *self->tiles);
    if (self->tiles == NULL) {
        return ebb_fail_memory(self->pieces.n * sizeof *self->tiles);
    }
    void *gradients = NULL;
    EBB_TRY(ebb_buffer_allocate(&gradients, self->base.n_threads * (size_t)TILE_FLOATS,
                                sizeof *self->gradients));
    self->gradients = gradients;
    return EBB_OK;
}

static void note_kernel(tiles_program *self, const char *what, size_t number,
                        const char *kernel)
{
    char operation[32];
    const ebb_layer *layer = ebb_net_layer(self->base.net, number, 0);
    snprintf(operation, sizeof operation, "%s %zux%zu", what, layer->in, layer->out);
    ebb_program_note_kernel(&self->base, operation, kernel);
}

static void note_kernels(tiles_program *self)
{
    for (size_t i = 0; i < self->n_jobs; i++) {
        if (self->jobs[i].by_panels) {
            note_kernel(self, ebb_work_name(self->jobs[i].work), self->jobs[i].layer,
                        ebb_panels_kernel(&self->jobs[i].panels));
        }
    }
    ebb_block_note_kernels(&self->blocks[0]);
    for (size_t l = 0; l < self->batch.n_layers; l++) {
        note_kernel(self, "gradient", l, "sgemm");
    }
}

static ebb_status fill(tiles_program *self)
{
    ebb_program *program = &self->base;
    EBB_TRY(ebb_activations_init(&self->batch, program->net, program->n_rows, true));
    program->batch = &self->batch;
    EBB_TRY(create_jobs(self));
    program->n_phases = self->jobs[self->n_jobs - 1].phase + 2;
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
    .choice =
        {"tiles",
         "wide layers by columns, others by rows of the batch; then tiles of weights"},
    .same_bits = true,
    .panel = EBB_PANEL_COLUMNS,
    .compile_train = compile_train,
    .compile_test = ebb_compile_test,
};
