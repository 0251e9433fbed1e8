/* Tile parallel where the weights are large, data parallel where they are not.
 *
 * A small batch against a wide first layer: each thread forms its rows of the batch; the
 * first layer's output is made in rectangles, column by column, so that a thread reads
 * the weights it owns; then each thread takes blocks of rows through the other layers,
 * loss and backward data. A large batch: each thread takes its rows through all layers,
 * because then the batch is what should stay where it is. Rows do not depend on each
 * other, so layers need no synchronisation.
 *
 * Last, each thread owns tiles of the weight matrices, contracts a tile's gradient over
 * the whole batch and applies the optimizer to it while it is in cache. No whole
 * gradient, no reduction: traffic does not grow with the number of threads. Rectangles,
 * blocks and tiles are fixed by network and batch size, so neither do the bits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/multiversion.h"
#include "net/compile.h"
#include "net/piece.h"
#include "net/strategy.h"

enum {
    MIN_BLOCK_ROWS = 8,     /* below it the kernels lose their speed */
    WANTED_BLOCK_ROWS = 16, /* from here up rows keep their bits on every processor */
    MAX_BLOCK_ROWS = 64,    /* activations of a block stay in the second-level cache */
    BLOCKS_WANTED = 8,      /* of a batch, so that eight threads have work */
    PANEL_COLUMNS = 128, /* of the first layer's output: sgemm at 97 % of peak and more */
    MIN_PANEL_ROWS = 16,
    MAX_PANEL_ROWS = 64,
    PANELS_WANTED =
        4, /* rectangles a column is cut into, for more threads than columns */
    TILE_FLOATS = 16384, /* at most; with its moments and its gradient 256 KiB */
};

typedef struct tiles_program tiles_program;

/* A piece of a weight matrix and the product that makes its gradient. */
typedef struct tile {
    tiles_program *program;
    const ebb_piece *piece;
    ebb_product product; /* c: the owner's gradient buffer */
} tile;

/* A rectangle of the first layer's output; product.c starts as the bias. */
typedef struct panel {
    tiles_program *program;
    ebb_product product;
    const float *bias;
    bool relu;
} panel;

/* Without panels only the last two phases are there. */
enum { PHASE_BATCH, PHASE_PANELS, PHASE_ROWS, PHASE_TILES, N_PHASES };

struct tiles_program {
    ebb_program base;
    ebb_parts parts;
    ebb_activations batch;
    ebb_block *blocks; /* n_shards of them */
    panel *panels;
    size_t n_panels; /* 0: the first layer goes with the rows */
    ebb_piece_list pieces;
    tile *tiles;      /* one a piece */
    float *gradients; /* TILE_FLOATS a thread */
};

static void run_product(tiles_program *self, const ebb_product *product)
{
    if (ebb_product_run(product) != EBB_OK) {
        atomic_store(&self->base.failed, 1);
    }
}

/* ---- phase B ------------------------------------------------------------------------
 */

EBB_MULTIVERSION
static void rectify(float *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        y[i] = y[i] > 0.0f ? y[i] : 0.0f;
    }
}

static void run_panel(const void *argument, const ebb_step *step)
{
    (void)step;
    const panel *own = argument;
    const ebb_product *p = &own->product;
    for (size_t i = 0; i < p->m; i++) {
        memcpy(p->c + i * p->c_leading, own->bias, p->n * sizeof *p->c);
    }
    run_product(own->program, p);
    for (size_t i = 0; i < p->m && own->relu; i++) {
        rectify(p->c + i * p->c_leading, p->n);
    }
}

/* Does the product move the weights, so that no pass of the optimizer reads them? */
static bool is_linear(const ebb_net *net)
{
    ebb_optimizer_step numbers;
    float alpha = 0;
    float beta = 0;
    net->optimizer->prepare(&numbers, &net->optimizer_spec, 1);
    return net->optimizer->linear != NULL &&
           net->optimizer->linear(&alpha, &beta, &numbers);
}

/* Panels read the whole batch on every thread and spare the weights of the first layer,
 * rows the other way round; which is less to move between caches decides. An optimizer's
 * pass over columns makes prefetchers fetch the neighbour's weights and moments, which
 * costs more than panels gain (Adam, batch 8, two cores: 268 us instead of 160). */
static bool wants_panels(const ebb_net *net, size_t n_rows)
{
    return is_linear(net) && 2 * n_rows <= ebb_net_layer(net, 0, 0)->leading;
}

/* Beside panels a thread owns columns, so that it updates the weights it reads; beside
 * rows it owns whole rows of weights, so that it reads a part of the batch's columns. */
static ebb_status cut_tiles(tiles_program *self)
{
    const bool columns = self->n_panels > 0;
    return ebb_piece_list_init(&self->pieces, self->base.net, columns ? 112 : 64,
                               columns ? PANEL_COLUMNS : 256);
}

static ebb_op_list *list_at(const tiles_program *self, size_t thread, size_t phase)
{
    const size_t skipped = N_PHASES - self->base.n_phases;
    return &self->parts.threads[thread].lists[phase - skipped];
}

static size_t panel_rows(size_t n_rows)
{
    const size_t rows = n_rows / PANELS_WANTED;
    const size_t most = rows < MAX_PANEL_ROWS ? rows : MAX_PANEL_ROWS;
    return most > MIN_PANEL_ROWS ? most : MIN_PANEL_ROWS;
}

static void fill_panel(tiles_program *self, size_t index, size_t column, size_t row)
{
    const ebb_layer *layer = ebb_net_layer(self->base.net, 0, self->pieces.head);
    const ebb_activations *batch = &self->batch;
    const float *weights = self->base.net->parameters->values + layer->offset + column;
    const size_t rows_left = batch->n_rows - row;
    const size_t columns_left = layer->leading - column;
    const size_t rows = panel_rows(batch->n_rows);
    self->panels[index] = (panel){
        .program = self,
        .product = {.m = rows < rows_left ? rows : rows_left,
                    .n = PANEL_COLUMNS < columns_left ? PANEL_COLUMNS : columns_left,
                    .k = layer->in_leading,
                    .a = batch->input + row * batch->input_leading,
                    .a_leading = batch->input_leading,
                    .b = weights,
                    .b_leading = layer->leading,
                    .c = batch->out[0] + row * layer->leading + column,
                    .c_leading = layer->leading,
                    .alpha = 1.0f,
                    .beta = 1.0f},
        .bias = weights + layer->in_leading * layer->leading,
        .relu = batch->n_layers > 1,
    };
}

/* Column by column, so that consecutive rectangles read the same weights. */
static void fill_panels(tiles_program *self)
{
    const size_t rows = panel_rows(self->batch.n_rows);
    const size_t n_rows = (self->batch.n_rows + rows - 1) / rows;
    for (size_t i = 0; i < self->n_panels; i++) {
        fill_panel(self, i, i / n_rows * PANEL_COLUMNS, i % n_rows * rows);
    }
}

static ebb_status create_panels(tiles_program *self)
{
    const size_t leading = ebb_net_layer(self->base.net, 0, 0)->leading;
    const size_t rows = panel_rows(self->batch.n_rows);
    const size_t n_columns = (leading + PANEL_COLUMNS - 1) / PANEL_COLUMNS;
    self->n_panels = n_columns * ((self->batch.n_rows + rows - 1) / rows);
    self->panels = calloc(self->n_panels, sizeof *self->panels);
    if (self->panels == NULL) {
        return ebb_fail_memory(self->n_panels * sizeof *self->panels);
    }
    fill_panels(self);
    return EBB_OK;
}

/* ---- phase D ------------------------------------------------------------------------
 */

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
    if (own->piece->bias) {
        run_tile(argument, step);
        return;
    }
    ebb_product product = own->product;
    product.c = ebb_piece_values(&self->pieces, own->piece);
    product.c_leading = ebb_piece_layer(&self->pieces, own->piece)->leading;
    self->base.net->optimizer->linear(&product.alpha, &product.beta,
                                      ebb_piece_numbers(&self->pieces, own->piece, step));
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
                    .alpha = 1.0f,
                    .transposed = true},
    };
}

/* ---- program ------------------------------------------------------------------------
 */

static ebb_status build_block(tiles_program *self, ebb_block *block, size_t thread)
{
    ebb_op_list *rows = list_at(self, thread, PHASE_ROWS);
    EBB_TRY(ebb_block_create_kernels(block, self->parts.threads[thread].onednn, true));
    if (self->n_panels > 0) {
        EBB_TRY(ebb_op_list_add(list_at(self, thread, PHASE_BATCH), EBB_WORK_BATCH,
                                ebb_block_gather, block));
    }
    EBB_TRY(ebb_block_add_forward(rows, block));
    for (size_t l = self->batch.n_layers - 1; l > 0; l--) {
        EBB_TRY(ebb_block_add_backward(rows, block, l));
    }
    return EBB_OK;
}

static ebb_status build_rows(tiles_program *self, size_t thread)
{
    const ebb_program *program = &self->base;
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, program->n_shards, 1, thread, program->n_threads);
    for (size_t i = begin; i < end; i++) {
        EBB_TRY(build_block(self, &self->blocks[i], thread));
    }
    return EBB_OK;
}

/* Rectangles in equal numbers; a column's last one may be shorter. */
static ebb_status build_panels(tiles_program *self, size_t thread)
{
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, self->n_panels, 1, thread, self->base.n_threads);
    for (size_t i = begin; i < end; i++) {
        EBB_TRY(ebb_product_warm(&self->panels[i].product));
        EBB_TRY(ebb_op_list_add(list_at(self, thread, PHASE_PANELS), EBB_WORK_FORWARD,
                                run_panel, &self->panels[i]));
    }
    return EBB_OK;
}

static ebb_status build_tiles(tiles_program *self, size_t thread, ebb_piece_group group)
{
    float *gradient = self->gradients + thread * TILE_FLOATS;
    const bool linear = is_linear(self->base.net);
    size_t begin = 0;
    size_t end = 0;
    ebb_piece_list_share(&begin, &end, &self->pieces, group, thread,
                         self->base.n_threads);
    for (size_t i = begin; i < end; i++) {
        fill_tile(self, i, gradient);
        EBB_TRY(ebb_product_warm(&self->tiles[i].product));
        EBB_TRY(ebb_op_list_add(list_at(self, thread, PHASE_TILES), EBB_WORK_UPDATE,
                                linear ? run_linear_tile : run_tile, &self->tiles[i]));
    }
    return EBB_OK;
}

static ebb_status build(ebb_program *program, size_t thread)
{
    tiles_program *self = (tiles_program *)program;
    EBB_TRY(build_rows(self, thread));
    EBB_TRY(build_panels(self, thread));
    EBB_TRY(build_tiles(self, thread, EBB_PIECES_OTHER_LAYERS));
    return build_tiles(self, thread, EBB_PIECES_FIRST_LAYER);
}

static void bind_head(ebb_program *program, size_t head)
{
    tiles_program *self = (tiles_program *)program;
    self->pieces.head = head;
    fill_panels(self);
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
    free(self->panels);
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
                                      .first_layer = self->n_panels > 0,
                                      .scale = 1.0f / (float)program->n_rows};
    }
    return EBB_OK;
}

static ebb_status create_tiles(tiles_program *self)
{
    EBB_TRY(cut_tiles(self));
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

static void note_kernels(tiles_program *self)
{
    char operation[32];
    const ebb_layer *first = ebb_net_layer(self->base.net, 0, 0);
    if (self->n_panels > 0) {
        snprintf(operation, sizeof operation, "forward %zux%zu", first->in, first->out);
        ebb_program_note_kernel(&self->base, operation, "sgemm");
    }
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
    program->batch = &self->batch;
    if (wants_panels(program->net, program->n_rows)) {
        program->n_phases = N_PHASES;
        EBB_TRY(create_panels(self));
    }
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
                               .n_phases = N_PHASES - PHASE_ROWS,
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
