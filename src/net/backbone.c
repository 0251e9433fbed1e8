#include "net/backbone.h"

static const ebb_backbone *const table[] = {
    &ebb_backbone_mlp,
};

const ebb_choice *ebb_backbone_choice(size_t index)
{
    return index < sizeof table / sizeof *table ? &table[index]->choice : NULL;
}

const ebb_backbone *ebb_backbone_at(size_t index)
{
    return table[index];
}
