/* AmnesiacFinetuning: finetuning that records what each task changed in the parameters,
 * so that a task can be unlearned by subtracting it (after Graves, Nagisetty and Ganesh,
 * "Amnesiac Machine Learning", AAAI 2021, with one record a task instead of one a batch).
 *
 * Exact only for the task just trained: what later tasks learned from an unlearned one
 * stays in their records. Records that are too old to be unlearned are freed. */
#include <stdlib.h>

#include "learn/algorithm.h"
#include "learn/ledger.h"

typedef struct amnesiac {
    ebb_algorithm base;
    ebb_ledger *ledger; /* NULL: unlearning is disabled */
    size_t n_tasks, age;
} amnesiac;

static void destroy(ebb_algorithm *base)
{
    amnesiac *self = (amnesiac *)base;
    ebb_ledger_destroy(self->ledger);
    free(self);
}

/* Records are dropped before the next task is opened. */
static size_t records_at_once(const ebb_algorithm_spec *spec)
{
    const bool limited =
        spec->unlearnable_age > 0 && spec->unlearnable_age < spec->n_tasks;
    return limited ? spec->unlearnable_age : spec->n_tasks;
}

static ebb_status create(ebb_algorithm **out, const ebb_algorithm_spec *spec,
                         ebb_parameters *parameters)
{
    *out = NULL;
    amnesiac *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->base.kind = &ebb_algorithm_amnesiac;
    self->n_tasks = spec->n_tasks;
    self->age = spec->unlearnable_age;
    if (!spec->disable_unlearning) {
        const ebb_status status = ebb_ledger_create(&self->ledger, spec->n_tasks,
                                                    records_at_once(spec), parameters);
        if (status != EBB_OK) {
            destroy(&self->base);
            return status;
        }
    }
    *out = &self->base;
    return EBB_OK;
}

static ebb_status begin_task(ebb_algorithm *base, size_t task)
{
    amnesiac *self = (amnesiac *)base;
    if (self->ledger == NULL) {
        return EBB_OK;
    }
    for (size_t k = 1; self->age > 0 && k + self->age <= task; k++) {
        ebb_ledger_drop(self->ledger, k);
    }
    return ebb_ledger_open(self->ledger, task);
}

static ebb_status end_task(ebb_algorithm *base, size_t task)
{
    amnesiac *self = (amnesiac *)base;
    if (self->ledger != NULL) {
        ebb_ledger_close(self->ledger, task);
    }
    return EBB_OK;
}

static ebb_status unlearn(ebb_algorithm *base, const uint8_t *tasks, size_t n,
                          size_t *moved_bytes)
{
    amnesiac *self = (amnesiac *)base;
    if (self->ledger == NULL) {
        return ebb_fail(EBB_ERR_USAGE, "unlearning: is disabled");
    }
    return ebb_ledger_subtract(self->ledger, tasks, n, moved_bytes);
}

static size_t memory_bytes(const ebb_algorithm *base)
{
    const amnesiac *self = (const amnesiac *)base;
    return self->ledger == NULL ? 0 : ebb_ledger_bytes(self->ledger);
}

const ebb_algorithm_kind ebb_algorithm_amnesiac = {
    .choice = {"amnesiac-finetuning", "finetuning that can subtract what a task changed"},
    .can_unlearn = true,
    .create = create,
    .begin_task = begin_task,
    .end_task = end_task,
    .unlearn = unlearn,
    .memory_bytes = memory_bytes,
    .destroy = destroy,
};
