/* ledger.h - what each task changed in the parameters, one record a task.
 *
 * A record is an arena of differences Δ_t = θ_end − θ_start over backbone and heads; it
 * costs as much memory as the parameters, padding included. Task ids are 1-based. */
#ifndef EBB_LEARN_LEDGER_H
#define EBB_LEARN_LEDGER_H

#include "net/parameters.h"

typedef struct ebb_ledger ebb_ledger;

/* Owned by the caller; borrows parameters. Holds no record; memory for n_records of them
 * (at most n_tasks) is made ready now, for more when it is needed. Fails with
 * EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_ledger_create(ebb_ledger **out, size_t n_tasks, size_t n_records,
                             ebb_parameters *parameters);
/* Keeps θ_start. Fails with EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_ledger_open(ebb_ledger *ledger, size_t task);
/* Turns what open kept into Δ. task is open. */
void ebb_ledger_close(ebb_ledger *ledger, size_t task);
bool ebb_ledger_has(const ebb_ledger *ledger, size_t task);
/* θ ← θ − Δ of each of n tasks, in order, in one pass; their records are freed. Adds the
 * bytes read and written to *moved_bytes. Fails with EBB_ERR_USAGE, and changes nothing,
 * when a record is missing or named twice. */
ebb_status ebb_ledger_subtract(ebb_ledger *ledger, const uint8_t *tasks, size_t n,
                               size_t *moved_bytes);
/* Forgets the record of a task and keeps its memory for the next one; none is fine. */
void ebb_ledger_drop(ebb_ledger *ledger, size_t task);
/* Of the records that are held; spare memory is not counted. */
size_t ebb_ledger_bytes(const ebb_ledger *ledger);
void ebb_ledger_destroy(ebb_ledger *ledger); /* NULL is allowed */

#endif
