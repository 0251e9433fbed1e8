#include "net/net.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/vector.h"

static ebb_status create_arenas(ebb_net *net)
{
    if (net->optimizer->n_moments > 0) {
        EBB_TRY(ebb_parameters_arena(&net->first, net->parameters));
    }
    if (net->optimizer->n_moments > 1) {
        EBB_TRY(ebb_parameters_arena(&net->second, net->parameters));
    }
    return EBB_OK;
}

static size_t transposed_floats(const ebb_net *net)
{
    const ebb_shape *shape = net->parameters->shape;
    size_t n_floats = 0;
    for (size_t l = 1; l < shape->n_backbone; l++) {
        n_floats += shape->backbone[l].leading * shape->backbone[l].in_leading;
    }
    for (size_t h = 0; h < shape->n_heads && shape->n_backbone > 0; h++) {
        n_floats += shape->heads[h].leading * shape->heads[h].in_leading;
    }
    return n_floats;
}

/* Lays out the transposed copies of every layer but the first. */
static ebb_status create_transposed(ebb_net *net)
{
    const ebb_shape *shape = net->parameters->shape;
    size_t n_floats = 0;
    for (size_t i = 0; i < shape->n_backbone + shape->n_heads; i++) {
        const ebb_layer *layer = ebb_shape_layer(shape, i);
        net->transposed_offset[i] = n_floats;
        if (i > 0 && shape->n_backbone > 0) {
            n_floats += layer->leading * layer->in_leading;
        }
    }
    void *arena = NULL;
    EBB_TRY(ebb_buffer_allocate(&arena, n_floats, sizeof *net->transposed));
    net->transposed = arena;
    return EBB_OK;
}

/* Weights that a pass has just moved go into the transposed copy at once. */
static void follow(void *context, size_t index, const ebb_weight_part *part)
{
    const ebb_net *net = context;
    const size_t n_backbone = net->parameters->shape->n_backbone;
    const size_t number = index < n_backbone ? index : n_backbone;
    if (number > 0) {
        ebb_net_transpose(net, number, index - number, part);
    }
}

static void follow_parameters(ebb_net *net)
{
    net->parameters->derivation =
        (ebb_derivation){.follow = follow,
                         .context = net,
                         .generation = &net->transposed_generation,
                         .size_bytes = transposed_floats(net) * sizeof *net->transposed};
}

ebb_status ebb_net_create(ebb_net **out, const ebb_shape *shape,
                          const ebb_optimizer *optimizer, const ebb_optimizer_spec *spec,
                          ebb_team *team)
{
    *out = NULL;
    ebb_net *net = calloc(1, sizeof *net);
    if (net == NULL) {
        return ebb_fail_memory(sizeof *net);
    }
    net->optimizer = optimizer;
    net->optimizer_spec = *spec;
    net->team = team;
    ebb_status status = ebb_parameters_create(&net->parameters, shape, team);
    if (status == EBB_OK) {
        status = create_arenas(net);
    }
    if (status == EBB_OK) {
        status = create_transposed(net);
    }
    if (status == EBB_OK) {
        follow_parameters(net);
    }
    if (status != EBB_OK) {
        ebb_net_destroy(net);
        return status;
    }
    *out = net;
    return EBB_OK;
}

void ebb_net_destroy(ebb_net *net)
{
    if (net != NULL) {
        ebb_parameters_destroy(net->parameters);
        ebb_buffer_free(net->first);
        ebb_buffer_free(net->second);
        ebb_buffer_free(net->transposed);
        free(net);
    }
}

void ebb_net_reset_optimizer(ebb_net *net)
{
    const size_t size_bytes = net->parameters->shape->n_floats * sizeof *net->first;
    if (net->first != NULL) {
        memset(net->first, 0, size_bytes);
    }
    if (net->second != NULL) {
        memset(net->second, 0, size_bytes);
    }
    net->backbone_steps = 0;
    memset(net->head_steps, 0, sizeof net->head_steps);
}

ebb_status ebb_net_expect_rows(const ebb_net *net)
{
    for (size_t l = 0; l < ebb_net_layers(net); l++) {
        const ebb_layer *layer = ebb_net_layer(net, l, 0);
        if (layer->panel < layer->leading) {
            return ebb_fail(EBB_ERR_WRONG,
                            "network: layer %zu lies in panels of %zu columns (%zu)", l,
                            layer->panel, layer->leading);
        }
    }
    return EBB_OK;
}

const ebb_layer *ebb_net_layer(const ebb_net *net, size_t number, size_t head)
{
    const ebb_shape *shape = net->parameters->shape;
    return number < shape->n_backbone ? &shape->backbone[number] : &shape->heads[head];
}

size_t ebb_net_layers(const ebb_net *net)
{
    return net->parameters->shape->n_backbone + 1;
}

float *ebb_net_transposed(const ebb_net *net, size_t number, size_t head)
{
    const size_t n_backbone = net->parameters->shape->n_backbone;
    if (number == 0) {
        return NULL;
    }
    return net->transposed +
           net->transposed_offset[number < n_backbone ? number : n_backbone + head];
}

size_t ebb_net_transposed_panel(const ebb_layer *layer)
{
    const bool cut = layer->panel < layer->leading && layer->panel < layer->in_leading;
    return cut ? layer->panel : layer->in_leading;
}

size_t ebb_net_transposed_distance(const ebb_layer *layer, size_t column)
{
    const size_t panel = ebb_net_transposed_panel(layer);
    const size_t left = layer->in_leading - column / panel * panel;
    return left < panel ? left : panel;
}

void ebb_net_transpose(const ebb_net *net, size_t number, size_t head,
                       const ebb_weight_part *part)
{
    const ebb_layer *layer = ebb_net_layer(net, number, head);
    float *copy = ebb_net_transposed(net, number, head);
    const float *values = net->parameters->values;
    const size_t panel = ebb_net_transposed_panel(layer);
    const size_t end = part->first_row + part->n_rows;
    for (size_t row = part->first_row; row < end;) {
        const size_t in_panel = row % panel;
        const size_t n = panel - in_panel < end - row ? panel - in_panel : end - row;
        const size_t distance = ebb_net_transposed_distance(layer, row);
        ebb_vector_transpose(
            copy + (row - in_panel) * layer->leading + part->first_column * distance +
                in_panel,
            distance, values + ebb_layer_at(layer, row, part->first_column),
            ebb_layer_distance(layer, part->first_column), n, part->n_columns);
        row += n;
    }
}

/* Thread's share of the rows of one layer. */
static void refresh_layer(const ebb_net *net, size_t number, size_t head, size_t thread)
{
    const ebb_layer *layer = ebb_net_layer(net, number, head);
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, layer->in, EBB_LAYER_GRAIN, thread,
                   ebb_team_size(net->team));
    for (size_t column = 0; column < layer->leading; column += layer->panel) {
        const ebb_weight_part part = {begin, end - begin, column,
                                      ebb_layer_distance(layer, column)};
        ebb_net_transpose(net, number, head, &part);
    }
}

static void refresh_share(void *argument, size_t thread)
{
    const ebb_net *net = argument;
    const ebb_shape *shape = net->parameters->shape;
    for (size_t l = 1; l < shape->n_backbone; l++) {
        refresh_layer(net, l, 0, thread);
    }
    for (size_t h = 0; h < shape->n_heads && shape->n_backbone > 0; h++) {
        refresh_layer(net, shape->n_backbone, h, thread);
    }
}

size_t ebb_net_refresh(ebb_net *net)
{
    if (net->transposed_generation == net->parameters->generation) {
        return 0;
    }
    ebb_team_run(net->team, refresh_share, net);
    net->transposed_generation = net->parameters->generation;
    return 2 * transposed_floats(net) * sizeof *net->transposed;
}

double ebb_net_step_flop(const ebb_net *net, size_t batch)
{
    double all = 0;
    double first = 0;
    for (size_t l = 0; l < ebb_net_layers(net); l++) {
        const ebb_layer *layer = ebb_net_layer(net, l, 0);
        const double size = (double)layer->in * (double)layer->out;
        all += size;
        first = l == 0 ? size : first;
    }
    return (double)batch * (4.0 * all + 2.0 * (all - first));
}

double ebb_net_step_bytes(const ebb_net *net, size_t batch)
{
    const double b = (double)batch;
    const size_t n = ebb_net_layers(net);
    /* image bytes once; the input as floats written, then read forward and backward */
    double bytes = b * (double)net->parameters->shape->features * (1.0 + 3.0 * 4.0);
    for (size_t l = 0; l < n; l++) {
        const ebb_layer *layer = ebb_net_layer(net, l, 0);
        const double weights = (double)layer->in * (double)layer->out;
        const double own = weights + (double)layer->out;
        /* output written and read above; below the loss also for mask and gradient */
        const double outputs = l + 1 == n ? 2.0 : 4.0;
        /* its gradient written, read for the weights, and for the data where any move */
        const double gradients = l == 0 ? 2.0 : 3.0;
        bytes += 4.0 * b * (double)layer->out * (outputs + gradients);
        bytes += 4.0 * (own + (l == 0 ? 0.0 : weights));
        bytes += 4.0 * own * 2.0 * (1.0 + (double)net->optimizer->n_moments);
    }
    return bytes;
}

size_t ebb_net_arena_bytes(const ebb_net *net)
{
    const size_t n_floats =
        net->parameters->shape->n_floats * (1 + net->optimizer->n_moments);
    return (n_floats + transposed_floats(net)) * sizeof *net->first;
}
