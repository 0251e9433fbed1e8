/* A whole small task with each algorithm: begin, train an epoch of 2,048 images, end
 * (with the record of what changed, where the algorithm keeps one), unlearn where it can,
 * test 512 images. By the default strategy, which is the first of the table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "learn/algorithm.h"
#include "network.h"

enum { SAMPLES = 2048, TESTS = 512 };

static const double LEAST_ACCURACY = 0.5;

typedef struct tasking {
    const char *name;
    const ebb_algorithm_kind *kind;
    ebb_network network;
    ebb_program *train, *test;
    ebb_algorithm *algorithm; /* of the task that is run next, or was run last */
    size_t n_steps;
    double loss[SAMPLES];
    uint32_t correct[SAMPLES];
    uint64_t step_ns[SAMPLES];
    float test_loss[TESTS];
    uint8_t test_correct[TESTS];
    uint32_t tests[TESTS];
    uint64_t hash;  /* of the parameters after training */
    uint64_t first; /* the same of the first time, once proved */
} tasking;

static ebb_status rewind_task(void *fixture)
{
    tasking *self = fixture;
    const ebb_algorithm_spec spec = {.n_tasks = 1};
    ebb_algorithm_destroy(self->algorithm);
    self->algorithm = NULL;
    EBB_TRY(ebb_network_rewind(&self->network));
    return self->kind->create(&self->algorithm, &spec, self->network.net->parameters);
}

static ebb_status test_all(tasking *self)
{
    const ebb_testing testing = {
        .rows = &self->network.test.rows,
        .samples = self->tests,
        .n = TESTS,
        .target = self->network.target,
        .loss = self->test_loss,
        .correct = self->test_correct,
    };
    return ebb_program_test(self->test, &testing);
}

/* One at a time: a batch is one iteration. */
static ebb_status run(void *fixture, int64_t n)
{
    tasking *self = fixture;
    const ebb_network_steps steps = {self->n_steps, self->loss, self->correct,
                                     self->step_ns};
    (void)n;
    EBB_TRY(ebb_algorithm_begin_task(self->algorithm, 1));
    EBB_TRY(ebb_network_train(&self->network, self->train, &steps));
    EBB_TRY(ebb_algorithm_end_task(self->algorithm, 1));
    return test_all(self);
}

static double accuracy_of(const tasking *self)
{
    size_t n = 0;
    for (size_t i = 0; i < TESTS; i++) {
        n += self->test_correct[i];
    }
    return (double)n / TESTS;
}

/* What is unlearned at once leaves the parameters where they began, but for rounding. */
static ebb_status check_unlearning(const tasking *self)
{
    const uint8_t task = 1;
    size_t moved_bytes = 0;
    EBB_TRY(ebb_algorithm_unlearn(self->algorithm, &task, 1, &moved_bytes));
    const double distance =
        ebb_parameters_distance(self->network.net->parameters, self->network.start);
    return distance < 1e-6
               ? EBB_OK
               : ebb_fail(EBB_ERR_WRONG,
                          "%s: %.2g away from the start after unlearning (1e-6)",
                          self->name, distance);
}

/* Learned something, and the same as the first time. */
static ebb_status check(void *fixture)
{
    tasking *self = fixture;
    const double accuracy = accuracy_of(self);
    const uint64_t hash = ebb_network_hash(&self->network);
    if (accuracy < LEAST_ACCURACY) {
        return ebb_fail(EBB_ERR_WRONG, "%s: accuracy %.3f after the task (%.3f)",
                        self->name, accuracy, LEAST_ACCURACY);
    }
    if (self->first == 0) {
        self->first = hash;
    }
    if (hash != self->first) {
        return ebb_fail(EBB_ERR_WRONG, "%s: parameters have other bits than before",
                        self->name);
    }
    return self->kind->can_unlearn ? check_unlearning(self) : EBB_OK;
}

static void close_fixture(void *fixture)
{
    tasking *self = fixture;
    ebb_algorithm_destroy(self->algorithm);
    ebb_program_destroy(self->train);
    ebb_program_destroy(self->test);
    ebb_network_clear(&self->network);
    free(self);
}

static ebb_status build(tasking *self, const ebb_micro_call *call)
{
    const ebb_strategy *strategy = ebb_strategy_at(0);
    const size_t batch = (size_t)call->args[0];
    const ebb_network_spec spec = {
        .team = call->team,
        .optimizer = &ebb_optimizer_adam,
        .panel = strategy->panel,
        .n_samples = SAMPLES,
        .n_test = TESTS,
        .n_order = SAMPLES,
    };
    self->n_steps = SAMPLES / batch;
    for (uint32_t i = 0; i < TESTS; i++) {
        self->tests[i] = i;
    }
    EBB_TRY(ebb_network_init(&self->network, &spec));
    EBB_TRY(strategy->compile_train(&self->train, self->network.net, batch));
    EBB_TRY(strategy->compile_test(&self->test, self->network.net));
    EBB_TRY(ebb_network_verify(&self->network, self->name, self->train));
    EBB_TRY(rewind_task(self));
    EBB_TRY(run(self, 1));
    return check(self);
}

/* Forward products of the tests: a third of what training counts, but for the first
 * layer, whose input has no gradient. */
static double test_flop(const tasking *self)
{
    double products = 0.0;
    for (size_t l = 0; l < ebb_net_layers(self->network.net); l++) {
        const ebb_layer *layer = ebb_net_layer(self->network.net, l, 0);
        products += 2.0 * (double)layer->in * (double)layer->out;
    }
    return products * TESTS;
}

static ebb_status open_fixture(void **fixture, ebb_micro_work *work,
                               const ebb_micro_call *call)
{
    tasking *self = calloc(1, sizeof *self);
    *fixture = NULL;
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->name = call->name;
    self->kind = ebb_algorithm_at(call->variant[0]);
    const ebb_status status = build(self, call);
    if (status != EBB_OK) {
        close_fixture(self);
        return status;
    }
    *work = (ebb_micro_work){
        .roof = EBB_MICRO_FMA,
        .amount = (double)self->n_steps *
                      ebb_net_step_flop(self->network.net, (size_t)call->args[0]) +
                  test_flop(self),
        .items = SAMPLES,
        .batch = 1,
    };
    *fixture = self;
    return EBB_OK;
}

static const ebb_micro_kind kind = {
    .arg_names = {"batch", "threads", NULL},
    .uses_team = true,
    .open = open_fixture,
    .rewind = rewind_task,
    .run = run,
    .check = check,
    .close = close_fixture,
};

static const int64_t batches[] = {32, 128};

static ebb_status add(ebb_micro_list *list)
{
    const ebb_micro_axis axis = {batches, sizeof batches / sizeof *batches};
    for (size_t a = 0; ebb_algorithm_choice(a) != NULL; a++) {
        char name[EBB_MICRO_NAME_BYTES];
        snprintf(name, sizeof name, "task/%s", ebb_algorithm_choice(a)->name);
        EBB_TRY(ebb_micro_add(list, &kind, name, (const size_t[]){a, 0}, &axis));
    }
    return EBB_OK;
}

const ebb_micro_topic ebb_micro_task = {
    .name = "task",
    .summary = "a small task from beginning to end, with each algorithm",
    .add = add,
};
