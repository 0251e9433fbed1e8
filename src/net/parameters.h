/* parameters.h - all parameters of backbone and heads in one flat arena.
 *
 * A layer is fully connected: y = x W + b. Its weights lie in-major: row i holds what
 * input i contributes to every output. `in_leading` rows are weights and padding, one
 * more row is the bias. Both sides are rounded up to 16, because oneDNN's fast kernels
 * want whole vectors; the padding is zero and stays zero, because its gradient is.
 *
 * The columns of the first layer and of wide ones may be cut into panels of `panel`
 * floats, which then lie one after the other, each a matrix of its own with its part of
 * the bias: a thread that owns a panel owns a stretch of memory, and no prefetcher runs
 * into a neighbour's. Optimizer moments, snapshots and update records have the same
 * offsets, so every whole-model operation is one streaming pass, split over the team. */
#ifndef EBB_NET_PARAMETERS_H
#define EBB_NET_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/status.h"
#include "machine/team.h"

enum {
    EBB_LAYER_GRAIN = 16, /* floats: one cache line, one AVX-512 vector */
    EBB_MAX_LAYERS = 17,  /* of the backbone */
    EBB_MAX_HEADS = 255,
    EBB_MAX_WIDTH = 65536,
    EBB_WIDE_FLOATS = 131072, /* half a MiB: above it weights leave no room for a batch */
};

typedef struct ebb_layer {
    size_t in, out;    /* logical widths */
    size_t in_leading; /* rows of weights, padding included; the bias follows */
    size_t leading;    /* columns, padding included */
    size_t panel;      /* columns of a panel; the last one may have fewer */
    size_t offset;     /* in the arena, floats */
} ebb_layer;

/* Layers in arena order: backbone, then heads. */
typedef struct ebb_shape {
    size_t features; /* width of the input */
    ebb_layer backbone[EBB_MAX_LAYERS];
    ebb_layer heads[EBB_MAX_HEADS];
    size_t n_backbone, n_heads;
    size_t n_floats;     /* arena length, padding included */
    size_t n_parameters; /* logical count */
} ebb_shape;

/* Starts a shape; layers are appended from input to output, heads last. Fails with
 * EBB_ERR_USAGE (width 0 or above the limit, too many layers). */
void ebb_shape_init(ebb_shape *shape, size_t features);
ebb_status ebb_shape_add_layer(ebb_shape *shape, size_t out);
ebb_status ebb_shape_add_head(ebb_shape *shape, size_t classes);
/* Width that enters the heads. */
size_t ebb_shape_feature_width(const ebb_shape *shape);
/* out rounded up to the grain. */
size_t ebb_shape_leading(size_t out);
/* Is it the first layer on the path, or has it more than EBB_WIDE_FLOATS weights? */
bool ebb_layer_is_wide(const ebb_layer *layer, size_t number);
/* Lays wide layers out in panels of so many columns, a multiple of the grain; 0: whole
 * rows. To be called before there are parameters. */
void ebb_shape_set_panel(ebb_shape *shape, size_t panel);
/* Arena row of logical row i: weights of input i, or the bias for i = in. */
size_t ebb_layer_row(const ebb_layer *layer, size_t i);
/* Floats between the rows of the panel that column belongs to. */
size_t ebb_layer_distance(const ebb_layer *layer, size_t column);
/* Where the value at an arena row and column lies in the arena. */
size_t ebb_layer_at(const ebb_layer *layer, size_t arena_row, size_t column);
/* Floats of a layer in the arena. */
size_t ebb_layer_floats(const ebb_layer *layer);

/* A part of a weight matrix: arena rows, and columns inside one panel. */
typedef struct ebb_weight_part {
    size_t first_row, n_rows, first_column, n_columns;
} ebb_weight_part;

/* What somebody derives from the values, block by block, while they are in cache. */
typedef struct ebb_derivation {
    /* The weights of a layer in arena order have changed; called on any thread. */
    void (*follow)(void *context, size_t index, const ebb_weight_part *part);
    void *context;
    uint64_t *generation; /* set to that of the values when all have been followed */
    size_t size_bytes;    /* written when all are followed */
} ebb_derivation;

typedef struct ebb_parameters {
    const ebb_shape *shape; /* borrowed */
    float *values;          /* shape->n_floats, 64-byte aligned */
    /* Raised by everything that changes values and not what is derived from them. */
    uint64_t generation;
    ebb_team *team;            /* borrowed; does the passes */
    ebb_derivation derivation; /* follow may be NULL */
} ebb_parameters;

typedef enum ebb_initialization {
    EBB_INITIALIZATION_UNIFORM_FAN_IN, /* U(±1/√in), weights and biases */
    EBB_INITIALIZATION_XAVIER_UNIFORM /* U(±√(6/(in+out))), Glorot and Bengio 2010; b = 0
                                       */
} ebb_initialization;

/* Owned by the caller; zero values. */
ebb_status ebb_parameters_create(ebb_parameters **out, const ebb_shape *shape,
                                 ebb_team *team);
/* Draws every layer from its own stream of seed (EBB_PURPOSE_BACKBONE or _HEAD; layer
 * number). classes_per_draw: a head wider than that is drawn in pieces of so many
 * classes, each from its own stream and, for Xavier, with its own width (a CIL head is T
 * heads). */
void ebb_parameters_initialize(ebb_parameters *parameters, ebb_initialization kind,
                               uint64_t seed, size_t classes_per_draw);
/* SHA-256 of the logical values: layer by layer, weights in-major, then bias. */
ebb_status ebb_parameters_digest(char hex[EBB_DIGEST_HEX_BYTES],
                                 const ebb_parameters *parameters);

/* Calls work for each stretch [begin, end) of floats that a thread owns of an arena: it
 * touches them first and moves them in every pass. Wide layers are shared out each by
 * itself, as the tiles of a step are, the layers between two of them together; cuts are
 * pages. */
typedef void (*ebb_share_work)(const void *context, size_t begin, size_t end);
void ebb_parameters_each_share(const ebb_parameters *parameters, size_t thread,
                               ebb_share_work work, const void *context);

/* An arena of the same length, pages first touched by the team. Free with
 * ebb_buffer_free. */
ebb_status ebb_parameters_arena(float **out, const ebb_parameters *parameters);
/* out = values. */
void ebb_parameters_copy(float *out, const ebb_parameters *parameters);
/* record = values − record. */
void ebb_parameters_difference(float *record, const ebb_parameters *parameters);
/* values −= records[0] + … + records[n−1], subtracted one after the other in one pass,
 * which the derivation follows. Returns the bytes read and written. */
size_t ebb_parameters_subtract(ebb_parameters *parameters, const float *const *records,
                               size_t n);
/* The layer at an index in arena order. */
const ebb_layer *ebb_shape_layer(const ebb_shape *shape, size_t index);
/* ‖values − other‖₂ / ‖other‖₂; 0 when both are zero. */
double ebb_parameters_distance(const ebb_parameters *parameters, const float *other);
void ebb_parameters_destroy(ebb_parameters *parameters); /* NULL is allowed */

#endif
