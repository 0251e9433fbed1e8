#include "learn/ledger.h"

#include <stdlib.h>

#include "base/buffer.h"

struct ebb_ledger {
    ebb_parameters *parameters;
    size_t n_tasks;
    float **records; /* by task id − 1; NULL: none */
    float **spare;   /* arenas without a record, pages touched; n_tasks places */
    size_t n_spare;
};

/* Faulting a page in costs more than copying it, so arenas are there before tasks begin.
 */
static ebb_status fill_spare(ebb_ledger *ledger, size_t n)
{
    while (ledger->n_spare < n) {
        EBB_TRY(
            ebb_parameters_arena(&ledger->spare[ledger->n_spare], ledger->parameters));
        ledger->n_spare++;
    }
    return EBB_OK;
}

ebb_status ebb_ledger_create(ebb_ledger **out, size_t n_tasks, size_t n_records,
                             ebb_parameters *parameters)
{
    *out = NULL;
    ebb_ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) {
        return ebb_fail_memory(sizeof *ledger);
    }
    ledger->parameters = parameters;
    ledger->n_tasks = n_tasks;
    ledger->records = calloc(n_tasks, sizeof *ledger->records);
    ledger->spare = calloc(n_tasks, sizeof *ledger->spare);
    ebb_status status = ledger->records == NULL || ledger->spare == NULL
                            ? ebb_fail_memory(n_tasks * sizeof *ledger->records)
                            : fill_spare(ledger, n_records);
    if (status != EBB_OK) {
        ebb_ledger_destroy(ledger);
        return status;
    }
    *out = ledger;
    return EBB_OK;
}

ebb_status ebb_ledger_open(ebb_ledger *ledger, size_t task)
{
    ebb_ledger_drop(ledger, task);
    EBB_TRY(fill_spare(ledger, 1));
    float *record = ledger->spare[--ledger->n_spare];
    ledger->records[task - 1] = record;
    ebb_parameters_copy(record, ledger->parameters);
    return EBB_OK;
}

void ebb_ledger_close(ebb_ledger *ledger, size_t task)
{
    ebb_parameters_difference(ledger->records[task - 1], ledger->parameters);
}

bool ebb_ledger_has(const ebb_ledger *ledger, size_t task)
{
    return task >= 1 && task <= ledger->n_tasks && ledger->records[task - 1] != NULL;
}

static ebb_status check_request(const ebb_ledger *ledger, const uint8_t *tasks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!ebb_ledger_has(ledger, tasks[i])) {
            return ebb_fail(EBB_ERR_USAGE,
                            "unlearning: no record of task %d (a trained task that was "
                            "not unlearned and is not too old)",
                            tasks[i]);
        }
        for (size_t j = 0; j < i; j++) {
            if (tasks[j] == tasks[i]) {
                return ebb_fail(EBB_ERR_USAGE,
                                "unlearning: task %d twice in one request (once)",
                                tasks[i]);
            }
        }
    }
    return EBB_OK;
}

ebb_status ebb_ledger_subtract(ebb_ledger *ledger, const uint8_t *tasks, size_t n,
                               size_t *moved_bytes)
{
    EBB_TRY(check_request(ledger, tasks, n));
    const float *records[EBB_MAX_HEADS] = {NULL};
    for (size_t i = 0; i < n; i++) {
        records[i] = ledger->records[tasks[i] - 1];
    }
    *moved_bytes += ebb_parameters_subtract(ledger->parameters, records, n);
    for (size_t i = 0; i < n; i++) {
        ebb_ledger_drop(ledger, tasks[i]);
    }
    return EBB_OK;
}

void ebb_ledger_drop(ebb_ledger *ledger, size_t task)
{
    float *record = ledger->records[task - 1];
    if (record != NULL) {
        ledger->records[task - 1] = NULL;
        ledger->spare[ledger->n_spare++] = record;
    }
}

size_t ebb_ledger_bytes(const ebb_ledger *ledger)
{
    size_t n_records = 0;
    for (size_t i = 0; i < ledger->n_tasks; i++) {
        n_records += ledger->records[i] != NULL;
    }
    return n_records * ledger->parameters->shape->n_floats * sizeof(float);
}

static void free_arenas(float **arenas, size_t n)
{
    for (size_t i = 0; arenas != NULL && i < n; i++) {
        ebb_buffer_free(arenas[i]);
    }
    free(arenas);
}

void ebb_ledger_destroy(ebb_ledger *ledger)
{
    if (ledger != NULL) {
        free_arenas(ledger->records, ledger->n_tasks);
        free_arenas(ledger->spare, ledger->n_spare);
        free(ledger);
    }
}
