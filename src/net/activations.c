#include "net/activations.h"

#include <string.h>

#include "base/buffer.h"

/* Takes n_rows x leading floats off *next, or only counts them while next is NULL. */
static float *take(char *base, size_t *used, size_t n_rows, size_t leading)
{
    float *matrix = base == NULL ? NULL : (void *)(base + *used);
    *used += n_rows * leading * sizeof(float);
    return matrix;
}

static size_t lay_out(ebb_activations *self, char *base, bool with_delta)
{
    size_t used = 0;
    self->input = take(base, &used, self->n_rows, self->input_leading);
    for (size_t l = 0; l < self->n_layers; l++) {
        self->out[l] = take(base, &used, self->n_rows, self->leading[l]);
        const bool last = l + 1 == self->n_layers;
        if (with_delta) {
            self->delta[l] =
                last ? self->out[l] : take(base, &used, self->n_rows, self->leading[l]);
        }
    }
    self->labels = base == NULL ? NULL : (void *)(base + used);
    return used + self->n_rows;
}

ebb_status ebb_activations_init(ebb_activations *out, const ebb_net *net, size_t n_rows,
                                bool with_delta)
{
    *out = (ebb_activations){.n_rows = n_rows,
                             .n_layers = ebb_net_layers(net),
                             .input_leading =
                                 ebb_shape_leading(net->parameters->shape->features)};
    for (size_t l = 0; l < out->n_layers; l++) {
        out->leading[l] = ebb_net_layer(net, l, 0)->leading;
    }
    const size_t size_bytes = lay_out(out, NULL, with_delta);
    EBB_TRY(ebb_buffer_allocate(&out->storage, size_bytes, 1));
    lay_out(out, out->storage, with_delta);
    return EBB_OK;
}

float *ebb_activations_input(const ebb_activations *self, size_t layer, size_t *leading)
{
    *leading = layer == 0 ? self->input_leading : self->leading[layer - 1];
    return layer == 0 ? self->input : self->out[layer - 1];
}

void ebb_activations_touch(const ebb_activations *self, size_t begin, size_t n)
{
    memset(self->input + begin * self->input_leading, 0,
           n * self->input_leading * sizeof *self->input);
    memset(self->labels + begin, 0, n);
    for (size_t l = 0; l < self->n_layers; l++) {
        const size_t size_bytes = n * self->leading[l] * sizeof(float);
        memset(self->out[l] + begin * self->leading[l], 0, size_bytes);
        if (self->delta[l] != NULL) {
            memset(self->delta[l] + begin * self->leading[l], 0, size_bytes);
        }
    }
}

void ebb_activations_clear(ebb_activations *self)
{
    ebb_buffer_free(self->storage);
    *self = (ebb_activations){0};
}
