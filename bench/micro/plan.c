/* Making the plan of a step: primitives created, buffers touched, lists written. With
 * warm libraries: the first plan of a process takes longer, for it generates the code.
 *
 * The roof is that of memory, for the activations and their gradients that a plan must
 * touch at least; most of the time is the library's. */
#include <stdio.h>
#include <stdlib.h>

#include "network.h"

enum { SAMPLES = 512 };

typedef struct planning {
    const char *name;
    const ebb_strategy *strategy;
    ebb_network network;
    size_t n_rows;
    ebb_program *program; /* made last */
} planning;

static ebb_status rewind_plan(void *fixture)
{
    planning *self = fixture;
    ebb_program_destroy(self->program);
    self->program = NULL;
    return EBB_OK;
}

/* One at a time: a batch is one iteration. */
static ebb_status run(void *fixture, int64_t n)
{
    planning *self = fixture;
    (void)n;
    return self->strategy->compile_train(&self->program, self->network.net, self->n_rows);
}

/* The plan made last trains as it should. */
static ebb_status check(void *fixture)
{
    planning *self = fixture;
    return ebb_network_verify(&self->network, self->name, self->program);
}

static void close_fixture(void *fixture)
{
    planning *self = fixture;
    ebb_program_destroy(self->program);
    ebb_network_clear(&self->network);
    free(self);
}

static ebb_status build(planning *self, const ebb_micro_call *call)
{
    const ebb_network_spec spec = {
        .team = call->team,
        .optimizer = &ebb_optimizer_sgd,
        .panel = self->strategy->panel,
        .n_samples = SAMPLES,
        .n_order = 2 * self->n_rows,
    };
    EBB_TRY(ebb_network_init(&self->network, &spec));
    EBB_TRY(run(self, 1));
    return check(self);
}

static double touched_bytes(const planning *self)
{
    const ebb_shape *shape = &self->network.shape;
    size_t floats = shape->backbone[0].in_leading;
    for (size_t l = 0; l < shape->n_backbone; l++) {
        floats += 2 * shape->backbone[l].leading;
    }
    return sizeof(float) * (double)(self->n_rows * (floats + shape->heads[0].leading));
}

static ebb_status open_fixture(void **fixture, ebb_micro_work *work,
                               const ebb_micro_call *call)
{
    planning *self = calloc(1, sizeof *self);
    *fixture = NULL;
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->name = call->name;
    self->strategy = ebb_strategy_at(call->variant[0]);
    self->n_rows = (size_t)call->args[0];
    const ebb_status status = build(self, call);
    if (status != EBB_OK) {
        close_fixture(self);
        return status;
    }
    *work = (ebb_micro_work){
        .roof = EBB_MICRO_STREAM,
        .amount = touched_bytes(self),
        .footprint_bytes = touched_bytes(self),
        .items = 1.0,
        .batch = 1,
    };
    *fixture = self;
    return EBB_OK;
}

static const ebb_micro_kind kind = {
    .arg_names = {"batch", "threads", NULL},
    .uses_team = true,
    .open = open_fixture,
    .rewind = rewind_plan,
    .run = run,
    .check = check,
    .close = close_fixture,
};

static const int64_t batches[] = {32, 128};

static ebb_status add(ebb_micro_list *list)
{
    const ebb_micro_axis axis = {batches, sizeof batches / sizeof *batches};
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        char name[EBB_MICRO_NAME_BYTES];
        snprintf(name, sizeof name, "plan/%s", ebb_strategy_choice(s)->name);
        EBB_TRY(ebb_micro_add(list, &kind, name, (const size_t[]){s, 0}, &axis));
    }
    return EBB_OK;
}

const ebb_micro_topic ebb_micro_plan = {
    .name = "plan",
    .summary = "making the program of a training pass, for each strategy",
    .add = add,
};
