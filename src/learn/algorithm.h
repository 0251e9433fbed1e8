/* algorithm.h - what a continual-learning algorithm is to ebb.
 *
 * An algorithm sees parameters and task events, never files, threads or metrics. It is
 * one file that ends in one row; the table is in algorithm.c. Task ids are 1-based.
 *
 * Order of events for task t: begin_task(t), training, end_task(t), unlearn(requests
 * after t), tests. All functions are called from the main thread, between parallel
 * regions. Only unlearn changes parameters, and only through net/parameters.h, which
 * keeps what is derived from them in step; the others may read them. */
#ifndef EBB_LEARN_ALGORITHM_H
#define EBB_LEARN_ALGORITHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/choice.h"
#include "net/parameters.h"

typedef struct ebb_algorithm ebb_algorithm;

typedef struct ebb_algorithm_spec {
    size_t n_tasks;
    bool disable_unlearning; /* keep no records */
    size_t
        unlearnable_age; /* task k can go after task t while t − k < age; 0: for ever */
} ebb_algorithm_spec;

typedef struct ebb_algorithm_kind {
    ebb_choice choice;
    bool can_unlearn;
    /* Owned by the caller; borrows parameters. */
    ebb_status (*create)(ebb_algorithm **out, const ebb_algorithm_spec *spec,
                         ebb_parameters *parameters);
    ebb_status (*begin_task)(ebb_algorithm *self, size_t task); /* optional: NULL */
    ebb_status (*end_task)(ebb_algorithm *self, size_t task);   /* optional: NULL */
    /* Removes what n tasks changed, in the order given, and forgets their records. Adds
     * the bytes read and written to *moved_bytes. NULL exactly when can_unlearn is false.
     */
    ebb_status (*unlearn)(ebb_algorithm *self, const uint8_t *tasks, size_t n,
                          size_t *moved_bytes);
    /* Beyond the parameters. 0 before the first task; above it after one when can_unlearn
     * is true and records are kept. */
    size_t (*memory_bytes)(const ebb_algorithm *self);
    void (*destroy)(ebb_algorithm *self);
} ebb_algorithm_kind;

/* First member of every algorithm's own struct. */
struct ebb_algorithm {
    const ebb_algorithm_kind *kind;
};

extern const ebb_algorithm_kind ebb_algorithm_finetuning;
extern const ebb_algorithm_kind ebb_algorithm_amnesiac;

const ebb_choice *ebb_algorithm_choice(size_t index);
const ebb_algorithm_kind *ebb_algorithm_at(size_t index);

/* Call the row, or do nothing where it has NULL. unlearn without support is
 * EBB_ERR_USAGE; a record that is not there likewise. destroy allows NULL. */
ebb_status ebb_algorithm_begin_task(ebb_algorithm *self, size_t task);
ebb_status ebb_algorithm_end_task(ebb_algorithm *self, size_t task);
ebb_status ebb_algorithm_unlearn(ebb_algorithm *self, const uint8_t *tasks, size_t n,
                                 size_t *moved_bytes);
size_t ebb_algorithm_memory_bytes(const ebb_algorithm *self);
void ebb_algorithm_destroy(ebb_algorithm *self);

#endif
