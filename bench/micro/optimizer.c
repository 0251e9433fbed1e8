/* One pass of each optimizer over parameters, moments and gradients: as many as a small
 * network has, which stay in a cache, and as many as do not. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "expect.h"
#include "net/optimizer.h"

/* Parameters repeat with this period, and so must whatever becomes of them. */
enum { PERIOD = 1024 };

/* SGD with momentum has one moment to move, without it none. */
static const ebb_optimizer_spec spec = {.learning_rate = 0.001, .momentum = 0.9};

typedef struct optimizing {
    const char *name;
    ebb_team *team;
    const ebb_optimizer *optimizer;
    ebb_optimizer_step step;
    size_t n;
    float *arrays[4]; /* value, first, second, gradient; NULL: not there */
    float *replay[4]; /* PERIOD of each, moved by one thread */
    int64_t n_runs, n_done;
} optimizing;

enum { STEP_COUNT = 10 };

static void fill(float *out, size_t n, uint32_t stream)
{
    float period[PERIOD];
    ebb_expect_fill(period, PERIOD, 1.0f, stream);
    for (size_t i = 0; i < n; i++) {
        out[i] = stream == 2 ? fabsf(period[i % PERIOD]) : period[i % PERIOD];
    }
}

static float *at(float *array, size_t offset)
{
    return array == NULL ? NULL : array + offset;
}

static void run_thread(void *argument, size_t thread)
{
    const optimizing *self = argument;
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, self->n, PERIOD, thread, ebb_team_size(self->team));
    float *const *a = self->arrays;
    for (int64_t i = 0; i < self->n_runs; i++) {
        self->optimizer->update(&self->step, end - begin, at(a[0], begin),
                                at(a[1], begin), at(a[2], begin), at(a[3], begin));
        ebb_team_barrier(self->team, thread);
    }
}

static ebb_status run(void *fixture, int64_t n)
{
    optimizing *self = fixture;
    self->n_runs = n;
    self->n_done += n;
    ebb_team_run(self->team, run_thread, self);
    return EBB_OK;
}

/* What the first period went through, on the side; then all periods against it. */
static ebb_status check(void *fixture)
{
    optimizing *self = fixture;
    for (; self->n_done > 0; self->n_done--) {
        self->optimizer->update(&self->step, PERIOD, self->replay[0], self->replay[1],
                                self->replay[2], self->replay[3]);
    }
    for (size_t a = 0; a < 3; a++) {
        for (size_t i = 0; self->arrays[a] != NULL && i < self->n; i += PERIOD) {
            EBB_TRY(ebb_expect_same(self->name, self->arrays[a] + i, self->replay[a],
                                    PERIOD));
        }
    }
    return EBB_OK;
}

/* One update of one period against the formulas in double precision. */
static ebb_status verify(optimizing *self)
{
    double expected[PERIOD];
    float *const *r = self->replay;
    for (size_t i = 0; i < PERIOD; i++) {
        float first = r[1][i];
        float second = r[2] == NULL ? 0.0f : r[2][i];
        expected[i] = self->optimizer->reference(&spec, STEP_COUNT, (double)r[0][i],
                                                 &first, &second, (double)r[3][i]);
    }
    EBB_TRY(run(self, 1));
    const ebb_expect_matrix found = {self->arrays[0], PERIOD, 1, PERIOD};
    EBB_TRY(ebb_expect_near(self->name, &found, expected, 1e-6));
    return check(self);
}

static void close_fixture(void *fixture)
{
    optimizing *self = fixture;
    for (size_t a = 0; a < 4; a++) {
        ebb_buffer_free(self->arrays[a]);
        ebb_buffer_free(self->replay[a]);
    }
    free(self);
}

static ebb_status build(optimizing *self)
{
    for (uint32_t a = 0; a < 4; a++) {
        const bool there = a == 0 || a == 3 || a <= self->optimizer->n_moments;
        if (!there) {
            continue;
        }
        EBB_TRY(ebb_expect_floats(&self->arrays[a], self->n, self->team));
        EBB_TRY(ebb_expect_floats(&self->replay[a], PERIOD, self->team));
        fill(self->arrays[a], self->n, a);
        fill(self->replay[a], PERIOD, a);
    }
    self->optimizer->prepare(&self->step, &spec, STEP_COUNT);
    return verify(self);
}

static ebb_status open_fixture(void **fixture, ebb_micro_work *work,
                               const ebb_micro_call *call)
{
    optimizing *self = calloc(1, sizeof *self);
    *fixture = NULL;
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->name = call->name;
    self->team = call->team;
    self->optimizer = ebb_optimizer_at(call->variant[0]);
    self->n = (size_t)call->args[0];
    const ebb_status status = build(self);
    if (status != EBB_OK) {
        close_fixture(self);
        return status;
    }
    /* Value and moments read and written, the gradient read. */
    const double arrays = 1.0 + (double)self->optimizer->n_moments;
    *work = (ebb_micro_work){
        .roof = EBB_MICRO_STREAM,
        .amount = sizeof(float) * (double)self->n * (2.0 * arrays + 1.0),
        .footprint_bytes = sizeof(float) * (double)self->n * (arrays + 1.0),
        .items = (double)self->n,
    };
    *fixture = self;
    return EBB_OK;
}

static const ebb_micro_kind kind = {
    .arg_names = {"parameters", "threads", NULL},
    .uses_team = true,
    .open = open_fixture,
    .run = run,
    .check = check,
    .close = close_fixture,
};

static const int64_t sizes[] = {1 << 18, 1 << 22};

static ebb_status add(ebb_micro_list *list)
{
    const ebb_micro_axis axis = {sizes, sizeof sizes / sizeof *sizes};
    for (size_t o = 0; ebb_optimizer_choice(o) != NULL; o++) {
        char name[EBB_MICRO_NAME_BYTES];
        snprintf(name, sizeof name, "optimizer/%s", ebb_optimizer_choice(o)->name);
        EBB_TRY(ebb_micro_add(list, &kind, name, (const size_t[]){o, 0}, &axis));
    }
    return EBB_OK;
}

const ebb_micro_topic ebb_micro_optimizer = {
    .name = "optimizer",
    .summary = "one pass of each optimizer over all parameters",
    .add = add,
};
