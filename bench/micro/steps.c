/* Whole training steps, from forming the batch to the optimizer's update: every strategy,
 * every optimizer.
 *
 * Every run starts at the same parameters and takes the same batches, so that its losses
 * and its last parameters are known to the last bit, after the first steps were proved
 * right against plain loops. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

enum {
    SAMPLES = 4096,
    MAX_STEPS = 128,   /* of one run */
    RUN_NS = 40000000, /* wanted length of a run */
    MAX_ORDER = MAX_STEPS * 512,
    MAX_SAMPLES = 1 << 14, /* step times kept of an entry */
};

typedef struct stepping {
    const char *name;
    ebb_network network;
    ebb_program *program;
    size_t max_steps; /* of one run, here */
    double loss[MAX_STEPS], expected[MAX_STEPS];
    uint32_t correct[MAX_STEPS];
    uint64_t step_ns[MAX_STEPS];
    uint64_t hash; /* of the parameters after max_steps */
    size_t n_done; /* steps of the last run, not looked at yet */
    uint64_t samples[MAX_SAMPLES];
    size_t n_samples;
} stepping;

static void begin(void *fixture)
{
    stepping *self = fixture;
    self->n_samples = 0;
    self->n_done = 0; /* steps that only warmed up */
}

static size_t samples(void *fixture, uint64_t **out)
{
    stepping *self = fixture;
    *out = self->samples;
    return self->n_samples;
}

static ebb_status run(void *fixture, int64_t n)
{
    stepping *self = fixture;
    const ebb_network_steps steps = {(size_t)n, self->loss, self->correct, self->step_ns};
    self->n_done = (size_t)n;
    return ebb_network_train(&self->network, self->program, &steps);
}

/* NaN is what it is here, and zero has a sign. */
static bool same_bits(double a, double b)
{
    uint64_t x = 0;
    uint64_t y = 0;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x == y;
}

/* The last run: losses as expected, and parameters where it went all the way. */
static ebb_status check(void *fixture)
{
    stepping *self = fixture;
    for (size_t i = 0; i < self->n_done; i++) {
        if (!same_bits(self->loss[i], self->expected[i])) {
            return ebb_fail(EBB_ERR_WRONG, "%s: loss of batch %zu: %.17g (%.17g)",
                            self->name, i + 1, self->loss[i], self->expected[i]);
        }
        if (self->n_samples < MAX_SAMPLES) {
            self->samples[self->n_samples++] = self->step_ns[i];
        }
    }
    if (self->n_done == self->max_steps &&
        ebb_network_hash(&self->network) != self->hash) {
        return ebb_fail(EBB_ERR_WRONG, "%s: parameters after %zu steps have other bits",
                        self->name, self->n_done);
    }
    self->n_done = 0;
    return EBB_OK;
}

static ebb_status rewind_steps(void *fixture)
{
    stepping *self = fixture;
    EBB_TRY(check(self));
    return ebb_network_rewind(&self->network);
}

/* How many steps fill a run, from the second of two. */
static ebb_status choose_steps(stepping *self)
{
    self->max_steps = 2;
    EBB_TRY(ebb_network_rewind(&self->network));
    EBB_TRY(run(self, 2));
    const uint64_t wanted = RUN_NS / (self->step_ns[1] + 1);
    self->max_steps = wanted > MAX_STEPS ? MAX_STEPS : wanted > 2 ? (size_t)wanted : 2;
    return EBB_OK;
}

static ebb_status record_run(stepping *self)
{
    EBB_TRY(ebb_network_rewind(&self->network));
    EBB_TRY(run(self, (int64_t)self->max_steps));
    self->n_done = 0;
    memcpy(self->expected, self->loss, sizeof self->expected);
    self->hash = ebb_network_hash(&self->network);
    return EBB_OK;
}

static ebb_status build(stepping *self, const ebb_micro_call *call)
{
    const ebb_strategy *strategy = ebb_strategy_at(call->variant[0]);
    const ebb_network_spec spec = {
        .team = call->team,
        .optimizer = ebb_optimizer_at(call->variant[1]),
        .panel = strategy->panel,
        .n_samples = SAMPLES,
        .n_order = MAX_ORDER,
    };
    EBB_TRY(ebb_network_init(&self->network, &spec));
    EBB_TRY(strategy->compile_train(&self->program, self->network.net,
                                    (size_t)call->args[0]));
    EBB_TRY(ebb_network_verify(&self->network, self->name, self->program));
    EBB_TRY(choose_steps(self));
    return record_run(self);
}

static void close_fixture(void *fixture)
{
    stepping *self = fixture;
    ebb_program_destroy(self->program);
    ebb_network_clear(&self->network);
    free(self);
}

static ebb_status open_fixture(void **fixture, ebb_micro_work *work,
                               const ebb_micro_call *call)
{
    stepping *self = calloc(1, sizeof *self);
    *fixture = NULL;
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->name = call->name;
    const ebb_status status = build(self, call);
    if (status != EBB_OK) {
        close_fixture(self);
        return status;
    }
    *work = (ebb_micro_work){
        .roof = EBB_MICRO_FMA,
        .amount = ebb_net_step_flop(self->network.net, (size_t)call->args[0]),
        .items = (double)call->args[0],
        .batch = (int64_t)self->max_steps,
    };
    *fixture = self;
    return EBB_OK;
}

static const ebb_micro_kind kind = {
    .arg_names = {"batch", "threads", NULL},
    .uses_team = true,
    .open = open_fixture,
    .begin = begin,
    .rewind = rewind_steps,
    .run = run,
    .check = check,
    .samples = samples,
    .close = close_fixture,
};

static const int64_t batches[] = {8, 32, 128, 512};

static ebb_status add(ebb_micro_list *list)
{
    const ebb_micro_axis axis = {batches, sizeof batches / sizeof *batches};
    for (size_t s = 0; ebb_strategy_choice(s) != NULL; s++) {
        for (size_t o = 0; ebb_optimizer_choice(o) != NULL; o++) {
            char name[EBB_MICRO_NAME_BYTES];
            snprintf(name, sizeof name, "step/%s/%s", ebb_strategy_choice(s)->name,
                     ebb_optimizer_choice(o)->name);
            EBB_TRY(ebb_micro_add(list, &kind, name, (const size_t[]){s, o}, &axis));
        }
    }
    return EBB_OK;
}

const ebb_micro_topic ebb_micro_steps = {
    .name = "step",
    .summary = "whole training steps of each strategy with each optimizer",
    .add = add,
};
