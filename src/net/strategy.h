/* strategy.h - how a training step is made parallel: the swept factor of the suite. */
#ifndef EBB_NET_STRATEGY_H
#define EBB_NET_STRATEGY_H

#include "base/choice.h"
#include "net/program.h"

typedef struct ebb_strategy {
    ebb_choice choice;
    bool same_bits; /* the digest does not depend on the number of threads */
    size_t panel;   /* how it wants the weights, see ebb_shape_set_panel */
    /* Compiles the step of `net` for batches of n_rows. See net/program.h. */
    ebb_status (*compile_train)(ebb_program **out, ebb_net *net, size_t n_rows);
    ebb_status (*compile_test)(ebb_program **out, ebb_net *net);
} ebb_strategy;

extern const ebb_strategy ebb_strategy_tiles, ebb_strategy_shards, ebb_strategy_internal,
    ebb_strategy_reference;

const ebb_choice *ebb_strategy_choice(size_t index);
const ebb_strategy *ebb_strategy_at(size_t index);

#endif
