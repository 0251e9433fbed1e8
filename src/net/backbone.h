/* backbone.h - the networks between input and heads, as rows of a registry. */
#ifndef EBB_NET_BACKBONE_H
#define EBB_NET_BACKBONE_H

#include "base/choice.h"
#include "net/parameters.h"

typedef struct ebb_backbone {
    ebb_choice choice;
    /* Appends the backbone's layers for the given input and hidden widths to shape; the
     * last width enters the heads. */
    ebb_status (*describe)(ebb_shape *shape, size_t features, const size_t *hidden,
                           size_t n_hidden);
} ebb_backbone;

extern const ebb_backbone ebb_backbone_mlp;

const ebb_choice *ebb_backbone_choice(size_t index);
const ebb_backbone *ebb_backbone_at(size_t index);

#endif
