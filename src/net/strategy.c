#include "net/strategy.h"

static const ebb_strategy *const table[] = {
    &ebb_strategy_tiles,
    &ebb_strategy_shards,
    &ebb_strategy_internal,
    &ebb_strategy_reference,
};

const ebb_choice *ebb_strategy_choice(size_t index)
{
    return index < sizeof table / sizeof *table ? &table[index]->choice : NULL;
}

const ebb_strategy *ebb_strategy_at(size_t index)
{
    return table[index];
}
