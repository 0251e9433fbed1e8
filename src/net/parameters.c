#include "net/parameters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/multiversion.h"
#include "base/random.h"

/* Floats between two places where a pass may be cut: one page. */
enum { CUT_FLOATS = 1024, PART_ROWS = 128 };

void ebb_shape_init(ebb_shape *shape, size_t features)
{
    memset(shape, 0, sizeof *shape);
    shape->features = features;
}

size_t ebb_shape_leading(size_t out)
{
    return (out + EBB_LAYER_GRAIN - 1) / EBB_LAYER_GRAIN * EBB_LAYER_GRAIN;
}

size_t ebb_layer_floats(const ebb_layer *layer)
{
    return (layer->in_leading + 1) * layer->leading;
}

size_t ebb_layer_row(const ebb_layer *layer, size_t i)
{
    return i < layer->in ? i : layer->in_leading;
}

size_t ebb_layer_distance(const ebb_layer *layer, size_t column)
{
    const size_t left = layer->leading - column / layer->panel * layer->panel;
    return left < layer->panel ? left : layer->panel;
}

size_t ebb_layer_at(const ebb_layer *layer, size_t arena_row, size_t column)
{
    const size_t in_panel = column % layer->panel;
    return layer->offset + (column - in_panel) * (layer->in_leading + 1) +
           arena_row * ebb_layer_distance(layer, column) + in_panel;
}

bool ebb_layer_is_wide(const ebb_layer *layer, size_t number)
{
    return number == 0 || layer->in_leading * layer->leading > EBB_WIDE_FLOATS;
}

static void set_panel(ebb_layer *layer, size_t number, size_t panel)
{
    const bool cut =
        panel > 0 && panel < layer->leading && ebb_layer_is_wide(layer, number);
    layer->panel = cut ? panel : layer->leading;
}

void ebb_shape_set_panel(ebb_shape *shape, size_t panel)
{
    for (size_t l = 0; l < shape->n_backbone; l++) {
        set_panel(&shape->backbone[l], l, panel);
    }
    for (size_t h = 0; h < shape->n_heads; h++) {
        set_panel(&shape->heads[h], shape->n_backbone, panel);
    }
}

size_t ebb_shape_feature_width(const ebb_shape *shape)
{
    return shape->n_backbone == 0 ? shape->features
                                  : shape->backbone[shape->n_backbone - 1].out;
}

static ebb_status append(ebb_shape *shape, ebb_layer *layer, size_t out)
{
    const size_t in = ebb_shape_feature_width(shape);
    if (out == 0 || out > EBB_MAX_WIDTH || in == 0 || in > 16 * (size_t)EBB_MAX_WIDTH) {
        return ebb_fail(EBB_ERR_USAGE, "network: a layer of %zu x %zu (1 to %d wide)", in,
                        out, EBB_MAX_WIDTH);
    }
    const size_t leading = ebb_shape_leading(out);
    *layer =
        (ebb_layer){in, out, ebb_shape_leading(in), leading, leading, shape->n_floats};
    shape->n_floats += ebb_layer_floats(layer);
    shape->n_parameters += (in + 1) * out;
    return EBB_OK;
}

ebb_status ebb_shape_add_layer(ebb_shape *shape, size_t out)
{
    if (shape->n_backbone == EBB_MAX_LAYERS || shape->n_heads > 0) {
        return ebb_fail(EBB_ERR_USAGE, "network: more than %d layers", EBB_MAX_LAYERS);
    }
    EBB_TRY(append(shape, &shape->backbone[shape->n_backbone], out));
    shape->n_backbone++;
    return EBB_OK;
}

ebb_status ebb_shape_add_head(ebb_shape *shape, size_t classes)
{
    if (shape->n_heads == EBB_MAX_HEADS) {
        return ebb_fail(EBB_ERR_USAGE, "network: more than %d heads", EBB_MAX_HEADS);
    }
    EBB_TRY(append(shape, &shape->heads[shape->n_heads], classes));
    shape->n_heads++;
    return EBB_OK;
}

ebb_status ebb_parameters_create(ebb_parameters **out, const ebb_shape *shape,
                                 ebb_team *team)
{
    *out = NULL;
    ebb_parameters *parameters = calloc(1, sizeof *parameters);
    if (parameters == NULL) {
        return ebb_fail_memory(sizeof *parameters);
    }
    *parameters = (ebb_parameters){.shape = shape, .generation = 1, .team = team};
    const ebb_status status = ebb_parameters_arena(&parameters->values, parameters);
    if (status != EBB_OK) {
        ebb_parameters_destroy(parameters);
        return status;
    }
    *out = parameters;
    return EBB_OK;
}

void ebb_parameters_destroy(ebb_parameters *parameters)
{
    if (parameters != NULL) {
        ebb_buffer_free(parameters->values);
        free(parameters);
    }
}

/* Columns [first, first + n) of a layer from one stream, in the order in which the digest
 * walks them. */
static void draw_columns(float *values, const ebb_layer *layer, size_t first, size_t n,
                         ebb_initialization kind, ebb_random *rng)
{
    const bool xavier = kind == EBB_INITIALIZATION_XAVIER_UNIFORM;
    const double bound =
        xavier ? sqrt(6.0 / (double)(layer->in + n)) : 1.0 / sqrt((double)layer->in);
    for (size_t i = 0; i <= layer->in; i++) {
        for (size_t j = first; j < first + n; j++) {
            const double unit = (double)ebb_random_unit(rng);
            const bool zero = xavier && i == layer->in;
            values[ebb_layer_at(layer, ebb_layer_row(layer, i), j)] =
                zero ? 0.0f : (float)((2.0 * unit - 1.0) * bound);
        }
    }
}

void ebb_parameters_initialize(ebb_parameters *parameters, ebb_initialization kind,
                               uint64_t seed, size_t classes_per_draw)
{
    const ebb_shape *shape = parameters->shape;
    ebb_random rng;
    for (size_t l = 0; l < shape->n_backbone; l++) {
        const ebb_layer *layer = &shape->backbone[l];
        ebb_random_init(&rng, seed, EBB_PURPOSE_BACKBONE, (uint32_t)l + 1, 0);
        draw_columns(parameters->values, layer, 0, layer->out, kind, &rng);
    }
    uint32_t piece = 0;
    for (size_t h = 0; h < shape->n_heads; h++) {
        const ebb_layer *layer = &shape->heads[h];
        for (size_t first = 0; first < layer->out; first += classes_per_draw) {
            const size_t left = layer->out - first;
            const size_t n = left < classes_per_draw ? left : classes_per_draw;
            ebb_random_init(&rng, seed, EBB_PURPOSE_HEAD, ++piece, 0);
            draw_columns(parameters->values, layer, first, n, kind, &rng);
        }
    }
    parameters->generation++;
}

static void digest_layer(ebb_digest *digest, const float *values, const ebb_layer *layer)
{
    for (size_t i = 0; i <= layer->in; i++) {
        for (size_t j = 0; j < layer->out; j += layer->panel) {
            const size_t left = layer->out - j;
            const size_t n = left < layer->panel ? left : layer->panel;
            ebb_digest_update(digest,
                              values + ebb_layer_at(layer, ebb_layer_row(layer, i), j),
                              n * sizeof *values);
        }
    }
}

ebb_status ebb_parameters_digest(char hex[EBB_DIGEST_HEX_BYTES],
                                 const ebb_parameters *parameters)
{
    hex[0] = '\0';
    ebb_digest *digest = NULL;
    EBB_TRY(ebb_digest_create(&digest));
    const ebb_shape *shape = parameters->shape;
    for (size_t l = 0; l < shape->n_backbone; l++) {
        digest_layer(digest, parameters->values, &shape->backbone[l]);
    }
    for (size_t h = 0; h < shape->n_heads; h++) {
        digest_layer(digest, parameters->values, &shape->heads[h]);
    }
    ebb_digest_finish(digest, hex);
    ebb_digest_destroy(digest);
    return EBB_OK;
}

const ebb_layer *ebb_shape_layer(const ebb_shape *shape, size_t index)
{
    return index < shape->n_backbone ? &shape->backbone[index]
                                     : &shape->heads[index - shape->n_backbone];
}

/* ---- passes over whole arenas ---------------------------------------------------- */

typedef struct pass {
    const ebb_parameters *parameters;
    float *out;
    const float *in;
    const float *const *records;
    size_t n_records;
} pass;

static bool is_wide_at(const ebb_shape *shape, size_t index)
{
    const size_t n = shape->n_backbone;
    return ebb_layer_is_wide(ebb_shape_layer(shape, index), index < n ? index : n);
}

/* Where the part ends that begins with the layer at *index, up to the next cut; *index
 * becomes the layer after it. A wide layer is a part, and what lies between two. */
static size_t end_of_part(const ebb_shape *shape, size_t *index)
{
    const size_t n_layers = shape->n_backbone + shape->n_heads;
    const bool alone = is_wide_at(shape, (*index)++);
    while (!alone && *index < n_layers && !is_wide_at(shape, *index)) {
        (*index)++;
    }
    const size_t offset =
        *index < n_layers ? ebb_shape_layer(shape, *index)->offset : shape->n_floats;
    const size_t cut = (offset + CUT_FLOATS - 1) / CUT_FLOATS * CUT_FLOATS;
    return *index < n_layers && cut < shape->n_floats ? cut : shape->n_floats;
}

void ebb_parameters_each_share(const ebb_parameters *parameters, size_t thread,
                               ebb_share_work work, const void *context)
{
    const ebb_shape *shape = parameters->shape;
    const size_t n_threads = ebb_team_size(parameters->team);
    size_t from = 0;
    for (size_t i = 0; i < shape->n_backbone + shape->n_heads;) {
        const size_t to = end_of_part(shape, &i);
        size_t begin = 0;
        size_t end = 0;
        ebb_team_share(&begin, &end, to - from, CUT_FLOATS, thread, n_threads);
        if (begin < end) {
            work(context, from + begin, from + end);
        }
        from = to;
    }
}

/* Calls work for each range that the thread owns. */
static void each_range(const pass *self, size_t thread, ebb_share_work work)
{
    ebb_parameters_each_share(self->parameters, thread, work, self);
}

static void touch_range(const void *context, size_t begin, size_t end)
{
    const pass *self = context;
    memset(self->out + begin, 0, (end - begin) * sizeof *self->out);
}

static void touch_share(void *argument, size_t thread)
{
    each_range(argument, thread, touch_range);
}

ebb_status ebb_parameters_arena(float **out, const ebb_parameters *parameters)
{
    void *arena = NULL;
    *out = NULL;
    EBB_TRY(ebb_buffer_allocate(&arena, parameters->shape->n_floats, sizeof **out));
    *out = arena;
    pass self = {.parameters = parameters, .out = arena};
    ebb_team_run(parameters->team, touch_share, &self);
    return EBB_OK;
}

static void copy_range(const void *context, size_t begin, size_t end)
{
    const pass *self = context;
    memcpy(self->out + begin, self->parameters->values + begin,
           (end - begin) * sizeof *self->out);
}

static void copy_share(void *argument, size_t thread)
{
    each_range(argument, thread, copy_range);
}

void ebb_parameters_copy(float *out, const ebb_parameters *parameters)
{
    pass self = {.parameters = parameters, .out = out};
    ebb_team_run(parameters->team, copy_share, &self);
}

EBB_MULTIVERSION
static void subtract_from(float *restrict record, const float *restrict values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        record[i] = values[i] - record[i];
    }
}

static void difference_range(const void *context, size_t begin, size_t end)
{
    const pass *self = context;
    subtract_from(self->out + begin, self->parameters->values + begin, end - begin);
}

static void difference_share(void *argument, size_t thread)
{
    each_range(argument, thread, difference_range);
}

void ebb_parameters_difference(float *record, const ebb_parameters *parameters)
{
    pass self = {.parameters = parameters, .out = record};
    ebb_team_run(parameters->team, difference_share, &self);
}

EBB_MULTIVERSION
static void subtract(float *restrict values, const float *restrict record, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        values[i] -= record[i];
    }
}

/* Rows of a panel, which lie without a gap. They stay in the second-level cache for who
 * follows, and a piece of them in the first while all records pass over it. */
static void subtract_part(const pass *self, size_t index, const ebb_weight_part *part)
{
    const ebb_parameters *parameters = self->parameters;
    const ebb_derivation *derivation = &parameters->derivation;
    const ebb_layer *layer = ebb_shape_layer(parameters->shape, index);
    const size_t begin = ebb_layer_at(layer, part->first_row, part->first_column);
    const size_t end = begin + part->n_rows * part->n_columns;
    for (size_t i = begin; i < end; i += CUT_FLOATS) {
        const size_t n = end - i < CUT_FLOATS ? end - i : CUT_FLOATS;
        for (size_t r = 0; r < self->n_records; r++) {
            subtract(self->out + i, self->records[r] + i, n);
        }
    }
    ebb_weight_part weights = *part;
    const size_t last = part->first_row + part->n_rows;
    weights.n_rows -= last > layer->in_leading; /* the bias */
    if (derivation->follow != NULL && weights.n_rows > 0) {
        derivation->follow(derivation->context, index, &weights);
    }
}

/* Parts of one layer in the order of the arena; a thread takes those whose first value
 * lies in its share. */
static void subtract_layer(const pass *self, size_t index, size_t begin, size_t end)
{
    const ebb_layer *layer = ebb_shape_layer(self->parameters->shape, index);
    const size_t n_rows = layer->in_leading + 1;
    for (size_t column = 0; column < layer->leading; column += layer->panel) {
        const size_t width = ebb_layer_distance(layer, column);
        for (size_t row = 0; row < n_rows; row += PART_ROWS) {
            const size_t at = ebb_layer_at(layer, row, column);
            const size_t left = n_rows - row;
            const ebb_weight_part part = {row, left < PART_ROWS ? left : PART_ROWS,
                                          column, width};
            if (at >= begin && at < end) {
                subtract_part(self, index, &part);
            }
        }
    }
}

static void subtract_range(const void *context, size_t begin, size_t end)
{
    const pass *self = context;
    const ebb_shape *shape = self->parameters->shape;
    for (size_t i = 0; i < shape->n_backbone + shape->n_heads; i++) {
        const ebb_layer *layer = ebb_shape_layer(shape, i);
        if (layer->offset < end && layer->offset + ebb_layer_floats(layer) > begin) {
            subtract_layer(self, i, begin, end);
        }
    }
}

static void subtract_share(void *argument, size_t thread)
{
    each_range(argument, thread, subtract_range);
}

size_t ebb_parameters_subtract(ebb_parameters *parameters, const float *const *records,
                               size_t n)
{
    pass self = {.parameters = parameters,
                 .out = parameters->values,
                 .records = records,
                 .n_records = n};
    const ebb_derivation *derivation = &parameters->derivation;
    ebb_team_run(parameters->team, subtract_share, &self);
    parameters->generation++;
    if (derivation->follow != NULL) {
        *derivation->generation = parameters->generation;
    }
    return (2 + n) * parameters->shape->n_floats * sizeof(float) + derivation->size_bytes;
}

double ebb_parameters_distance(const ebb_parameters *parameters, const float *other)
{
    double difference = 0;
    double norm = 0;
    for (size_t i = 0; i < parameters->shape->n_floats; i++) {
        const double d = (double)parameters->values[i] - (double)other[i];
        difference += d * d;
        norm += (double)other[i] * (double)other[i];
    }
    return difference == 0 ? 0 : sqrt(difference / norm);
}
