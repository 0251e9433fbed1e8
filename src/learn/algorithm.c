#include "learn/algorithm.h"

static const ebb_algorithm_kind *const table[] = {
    &ebb_algorithm_finetuning,
    &ebb_algorithm_amnesiac,
};

const ebb_choice *ebb_algorithm_choice(size_t index)
{
    return index < sizeof table / sizeof *table ? &table[index]->choice : NULL;
}

const ebb_algorithm_kind *ebb_algorithm_at(size_t index)
{
    return table[index];
}

ebb_status ebb_algorithm_begin_task(ebb_algorithm *self, size_t task)
{
    return self->kind->begin_task == NULL ? EBB_OK : self->kind->begin_task(self, task);
}

ebb_status ebb_algorithm_end_task(ebb_algorithm *self, size_t task)
{
    return self->kind->end_task == NULL ? EBB_OK : self->kind->end_task(self, task);
}

ebb_status ebb_algorithm_unlearn(ebb_algorithm *self, const uint8_t *tasks, size_t n,
                                 size_t *moved_bytes)
{
    if (self->kind->unlearn == NULL) {
        return ebb_fail(EBB_ERR_USAGE, "unlearning: %s cannot unlearn",
                        self->kind->choice.name);
    }
    return self->kind->unlearn(self, tasks, n, moved_bytes);
}

size_t ebb_algorithm_memory_bytes(const ebb_algorithm *self)
{
    return self->kind->memory_bytes(self);
}

void ebb_algorithm_destroy(ebb_algorithm *self)
{
    if (self != NULL) {
        self->kind->destroy(self);
    }
}
