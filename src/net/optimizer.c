#include "net/optimizer.h"

static const ebb_optimizer *const table[] = {
    &ebb_optimizer_adam,
    &ebb_optimizer_sgd,
};

const ebb_choice *ebb_optimizer_choice(size_t index)
{
    return index < sizeof table / sizeof *table ? &table[index]->choice : NULL;
}

const ebb_optimizer *ebb_optimizer_at(size_t index)
{
    return table[index];
}
