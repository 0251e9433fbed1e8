/* A multilayer perceptron: fully connected layers, each followed by a ReLU, the last one
 * included, so that the features entering a head are rectified. */
#include "net/backbone.h"

static ebb_status describe(ebb_shape *shape, size_t features, const size_t *hidden,
                           size_t n_hidden)
{
    ebb_shape_init(shape, features);
    for (size_t l = 0; l < n_hidden; l++) {
        EBB_TRY(ebb_shape_add_layer(shape, hidden[l]));
    }
    return EBB_OK;
}

const ebb_backbone ebb_backbone_mlp = {
    .choice = {"mlp", "fully connected layers, each with a ReLU"},
    .describe = describe,
};
