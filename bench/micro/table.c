/* The topics, in the order in which their benchmarks run. */
#include "micro.h"

static const ebb_micro_topic *const table[] = {
    &ebb_micro_steps, &ebb_micro_task,    &ebb_micro_dense,  &ebb_micro_optimizer,
    &ebb_micro_loss,  &ebb_micro_batch,   &ebb_micro_ledger, &ebb_micro_synchronization,
    &ebb_micro_plan,  &ebb_micro_reading,
};

const ebb_micro_topic *ebb_micro_topic_at(size_t index)
{
    return index < sizeof table / sizeof *table ? table[index] : NULL;
}
