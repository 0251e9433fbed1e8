/* The products of a fully connected layer, 784 inputs and 256 outputs: forward (with bias
 * and ReLU), backward data, gradient of the weights, and gradient with the optimizer's
 * update. Each by oneDNN's matmul primitive, its micro-kernel, by sgemm, and by plain
 * loops. Forward and backward data also for the smaller layers of the usual networks:
 * which kernel a step takes is chosen by this table.
 *
 * All are C = A · B with the rows of C shared out to the threads and a barrier behind
 * each product. Operands lie as the kernel wants them: the matmul primitive takes the
 * transpose of the input for the gradient, which is made beforehand and not timed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "dense_kernel.h"
#include "expect.h"
#include "net/optimizer.h"

enum { UPDATES = 32, SAMPLED = 997 };

typedef enum operation { FORWARD, BACKWARD, GRADIENT, UPDATE } operation;

static const ebb_optimizer_spec numbers = {.learning_rate = 0.01};
static const ebb_optimizer_spec adam_numbers = {.learning_rate = 0.001};

typedef struct dense {
    const char *name;
    ebb_team *team;
    operation operation;
    size_t m, n, k;
    bool transposed;     /* a is k x m */
    float *a, *b, *bias; /* operands as the formula has them */
    float *a_rows;       /* a as m x k, where the kernel wants that; NULL: a */
    float *c;            /* product; of the update: gradients */
    float *verified;     /* result once proved right */
    double *expected;    /* product in double precision */
    const ebb_optimizer *optimizer;
    ebb_optimizer_spec spec;
    float *values, *first, *second;
    ebb_dense_kernel *kernels; /* one a thread */
    unsigned long steps;       /* since rewind */
    ebb_status status;         /* of what threads did */
    int64_t n_runs;
} dense;

static size_t size_of(const dense *self)
{
    return self->m * self->n;
}

/* ---- running ------------------------------------------------------------------------
 */

static void update_rows(const dense *self, const ebb_dense_kernel *kernel,
                        unsigned long step)
{
    ebb_optimizer_step prepared;
    self->optimizer->prepare(&prepared, &self->spec, step);
    const size_t at = kernel->begin * self->n;
    self->optimizer->update(&prepared, (kernel->end - kernel->begin) * self->n,
                            self->values + at, self->first + at, self->second + at,
                            self->c + at);
}

static void run_thread(void *argument, size_t thread)
{
    dense *self = argument;
    const ebb_dense_kernel *kernel = &self->kernels[thread];
    for (int64_t i = 0; i < self->n_runs; i++) {
        if (ebb_dense_kernel_run(kernel) != EBB_OK) {
            self->status = EBB_ERR_FAILED;
        }
        if (self->operation == UPDATE) {
            update_rows(self, kernel, self->steps + (unsigned long)i + 1);
        }
        ebb_team_barrier(self->team, thread);
    }
}

static ebb_status run(void *fixture, int64_t n)
{
    dense *self = fixture;
    self->n_runs = n;
    ebb_team_run(self->team, run_thread, self);
    self->steps += (unsigned long)n;
    return self->status == EBB_OK
               ? EBB_OK
               : ebb_fail(EBB_ERR_FAILED, "%s: the library refused to run", self->name);
}

static ebb_status rewind_update(void *fixture)
{
    dense *self = fixture;
    const size_t bytes = size_of(self) * sizeof(float);
    memset(self->values, 0, bytes);
    memset(self->first, 0, bytes);
    memset(self->second, 0, bytes);
    self->steps = 0;
    return EBB_OK;
}

static void begin(void *fixture)
{
    dense *self = fixture;
    ebb_expect_poison(self->c, size_of(self));
}

/* ---- checking -----------------------------------------------------------------------
 */

static double tolerance_of(const dense *self)
{
    return 2e-5 * (1.0 + (double)self->k / 64.0);
}

static void add_bias_and_clip(const dense *self, double *rows)
{
    for (size_t i = 0; i < size_of(self); i++) {
        rows[i] += (double)self->bias[i % self->n];
        rows[i] = rows[i] > 0.0 ? rows[i] : 0.0;
    }
}

/* One parameter moved in double precision along the gradient that was proved right. */
static ebb_status check_parameter(const dense *self, size_t i)
{
    float first = 0.0f;
    float second = 0.0f;
    double value = 0.0;
    for (unsigned long step = 1; step <= self->steps; step++) {
        value = self->optimizer->reference(&self->spec, step, value, &first, &second,
                                           (double)self->verified[i]);
    }
    const ebb_expect_matrix one = {&self->values[i], 1, 1, 1};
    const double way = self->spec.learning_rate * (double)self->steps;
    return ebb_expect_near(self->name, &one, &value, way * 1e-5 * (1.0 + fabs(value)));
}

static ebb_status check_update(const dense *self, size_t stride)
{
    for (size_t i = 0; i < size_of(self); i += stride) {
        EBB_TRY(check_parameter(self, i));
    }
    return EBB_OK;
}

static ebb_status check(void *fixture)
{
    const dense *self = fixture;
    EBB_TRY(ebb_expect_same(self->name, self->c, self->verified, size_of(self)));
    return self->operation == UPDATE ? check_update(self, size_of(self) / SAMPLED + 1)
                                     : EBB_OK;
}

/* One run against double precision; what comes later must have its bits. */
static ebb_status verify(dense *self)
{
    const ebb_expect_matrix c = {self->c, self->n, self->m, self->n};
    ebb_expect_product(self->expected, self->a, self->b,
                       (const size_t[]){self->m, self->n, self->k}, self->transposed);
    if (self->operation == FORWARD) {
        add_bias_and_clip(self, self->expected);
    }
    if (self->operation == UPDATE) {
        EBB_TRY(rewind_update(self));
    }
    begin(self);
    EBB_TRY(run(self, 1));
    EBB_TRY(ebb_expect_near(self->name, &c, self->expected, tolerance_of(self)));
    memcpy(self->verified, self->c, size_of(self) * sizeof *self->c);
    return self->operation == UPDATE ? check_update(self, 1) : EBB_OK;
}

/* ---- making -------------------------------------------------------------------------
 */

static void close_fixture(void *fixture)
{
    dense *self = fixture;
    for (size_t t = 0; self->kernels != NULL && t < ebb_team_size(self->team); t++) {
        ebb_dense_kernel_clear(&self->kernels[t]);
    }
    float *const all[] = {self->a,      self->b,     self->bias,
                          self->a_rows, self->c,     self->verified,
                          self->values, self->first, self->second};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ebb_buffer_free(all[i]);
    }
    ebb_buffer_free(self->expected);
    free(self->kernels);
    free(self);
}

static void set_sizes(dense *self, size_t in, size_t out, size_t batch)
{
    const size_t sizes[][3] = {
        [FORWARD] = {batch, out, in},
        [BACKWARD] = {batch, in, out},
        [GRADIENT] = {in, out, batch},
        [UPDATE] = {in, out, batch},
    };
    self->m = sizes[self->operation][0];
    self->n = sizes[self->operation][1];
    self->k = sizes[self->operation][2];
    self->transposed = self->operation >= GRADIENT;
}

static ebb_status make_operands(dense *self)
{
    void *expected = NULL;
    EBB_TRY(ebb_expect_floats(&self->a, self->m * self->k, self->team));
    EBB_TRY(ebb_expect_floats(&self->b, self->k * self->n, self->team));
    EBB_TRY(ebb_expect_floats(&self->bias, self->n, self->team));
    EBB_TRY(ebb_expect_floats(&self->c, size_of(self), self->team));
    EBB_TRY(ebb_expect_floats(&self->verified, size_of(self), self->team));
    EBB_TRY(ebb_buffer_allocate(&expected, size_of(self), sizeof *self->expected));
    self->expected = expected;
    ebb_expect_fill(self->a, self->m * self->k, 1.0f, 1);
    ebb_expect_fill(self->b, self->k * self->n, 0.25f, 2);
    ebb_expect_fill(self->bias, self->n, 1.0f, 3);
    if (self->operation == UPDATE) {
        EBB_TRY(ebb_expect_floats(&self->values, size_of(self), self->team));
        EBB_TRY(ebb_expect_floats(&self->first, size_of(self), self->team));
        EBB_TRY(ebb_expect_floats(&self->second, size_of(self), self->team));
    }
    return EBB_OK;
}

static ebb_status transpose_for_matmul(dense *self)
{
    EBB_TRY(ebb_expect_floats(&self->a_rows, self->m * self->k, self->team));
    for (size_t i = 0; i < self->m; i++) {
        for (size_t l = 0; l < self->k; l++) {
            self->a_rows[i * self->k + l] = self->a[l * self->m + i];
        }
    }
    return EBB_OK;
}

static void make_kernel(void *argument, size_t thread)
{
    dense *self = argument;
    const bool as_rows = self->a_rows != NULL;
    const ebb_dense_shape shape = {
        .m = self->m,
        .n = self->n,
        .k = self->k,
        .transposed = self->transposed && !as_rows,
        .a = as_rows ? self->a_rows : self->a,
        .b = self->b,
        .bias = self->operation == FORWARD ? self->bias : NULL,
        .c = self->c,
    };
    const ebb_status status = ebb_dense_kernel_init(&self->kernels[thread], &shape,
                                                    thread, ebb_team_size(self->team));
    if (status != EBB_OK) {
        self->status = status;
    }
}

static ebb_status make_kernels(dense *self, ebb_dense_means means)
{
    const size_t n = ebb_team_size(self->team);
    self->kernels = calloc(n, sizeof *self->kernels);
    if (self->kernels == NULL) {
        return ebb_fail_memory(n * sizeof *self->kernels);
    }
    for (size_t t = 0; t < n; t++) {
        self->kernels[t].means = means;
    }
    ebb_team_run(self->team, make_kernel, self);
    return self->status == EBB_OK
               ? EBB_OK
               : ebb_fail(self->status, "%s: no kernel for %zu x %zu x %zu", self->name,
                          self->m, self->n, self->k);
}

static ebb_status build(dense *self, ebb_dense_means means)
{
    EBB_TRY(make_operands(self));
    if ((means == EBB_DENSE_MATMUL || means == EBB_DENSE_MICRO) && self->transposed) {
        EBB_TRY(transpose_for_matmul(self));
    }
    EBB_TRY(make_kernels(self, means));
    return verify(self);
}

static ebb_status open_operation(void **fixture, ebb_micro_work *work,
                                 const ebb_micro_call *call, operation which)
{
    dense *self = calloc(1, sizeof *self);
    *fixture = NULL;
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->name = call->name;
    self->team = call->team;
    self->operation = which;
    self->optimizer = ebb_optimizer_at(call->variant[1]);
    self->spec = self->optimizer == &ebb_optimizer_adam ? adam_numbers : numbers;
    set_sizes(self, (size_t)call->args[0], (size_t)call->args[1], (size_t)call->args[2]);
    const ebb_status status = build(self, (ebb_dense_means)call->variant[0]);
    if (status != EBB_OK) {
        close_fixture(self);
        return status;
    }
    *work = (ebb_micro_work){
        .roof = EBB_MICRO_FMA,
        .amount = 2.0 * (double)self->m * (double)self->n * (double)self->k,
        .items = (double)call->args[2],
        .batch = which == UPDATE ? UPDATES : 0,
    };
    *fixture = self;
    return EBB_OK;
}

static ebb_status open_forward(void **fixture, ebb_micro_work *work,
                               const ebb_micro_call *call)
{
    return open_operation(fixture, work, call, FORWARD);
}

static ebb_status open_backward(void **fixture, ebb_micro_work *work,
                                const ebb_micro_call *call)
{
    return open_operation(fixture, work, call, BACKWARD);
}

static ebb_status open_gradient(void **fixture, ebb_micro_work *work,
                                const ebb_micro_call *call)
{
    return open_operation(fixture, work, call, GRADIENT);
}

static ebb_status open_update(void **fixture, ebb_micro_work *work,
                              const ebb_micro_call *call)
{
    return open_operation(fixture, work, call, UPDATE);
}

#define ARGUMENTS                                                                        \
    {                                                                                    \
        "in", "out", "batch", "threads", NULL                                            \
    }

static const ebb_micro_kind kinds[] = {
    {.arg_names = ARGUMENTS,
     .uses_team = true,
     .open = open_forward,
     .begin = begin,
     .run = run,
     .check = check,
     .close = close_fixture},
    {.arg_names = ARGUMENTS,
     .uses_team = true,
     .open = open_backward,
     .begin = begin,
     .run = run,
     .check = check,
     .close = close_fixture},
    {.arg_names = ARGUMENTS,
     .uses_team = true,
     .open = open_gradient,
     .begin = begin,
     .run = run,
     .check = check,
     .close = close_fixture},
    {.arg_names = ARGUMENTS,
     .uses_team = true,

     .open = open_update,
     .begin = begin,
     .rewind = rewind_update,
     .run = run,
     .check = check,
     .close = close_fixture},
};

/* Inputs and outputs; the small ones as they lie in memory, rounded up to 16. The batches
 * of the small ones are what a step puts through a kernel at once. */
static const int64_t large[] = {784, 256};
static const int64_t small[][2] = {
    {784, 128}, {256, 256}, {256, 112}, {112, 64}, {64, 16}};
static const int64_t batches[] = {8, 32, 128, 512};
static const int64_t blocks[] = {8, 16, 64};

static ebb_status add_one(ebb_micro_list *list, operation which, size_t means,
                          const size_t *optimizer, const int64_t layer[2])
{
    static const char *const operations[] = {"dense_forward", "dense_backward_data",
                                             "dense_gradient", "dense_update"};
    const ebb_micro_axis axes[] = {
        {&layer[0], 1},
        {&layer[1], 1},
        {layer == large ? batches : blocks, layer == large ? 4 : 3}};
    char name[EBB_MICRO_NAME_BYTES];
    snprintf(name, sizeof name, "%s/%s%s%s", operations[which],
             ebb_dense_means_name((ebb_dense_means)means), optimizer != NULL ? "/" : "",
             optimizer != NULL ? ebb_optimizer_choice(*optimizer)->name : "");
    return ebb_micro_add(list, &kinds[which], name,
                         (const size_t[]){means, optimizer != NULL ? *optimizer : 0},
                         axes);
}

static bool can_be_had(size_t means)
{
    return means != EBB_DENSE_MICRO || ebb_onednn_has_microkernels();
}

static ebb_status add_all(ebb_micro_list *list, size_t means)
{
    for (operation which = FORWARD; which <= UPDATE; which++) {
        if (which != UPDATE) {
            EBB_TRY(add_one(list, which, means, NULL, large));
        }
        for (size_t o = 0; which == UPDATE && ebb_optimizer_choice(o) != NULL; o++) {
            EBB_TRY(add_one(list, which, means, &o, large));
        }
    }
    for (size_t i = 0; means < EBB_DENSE_LOOPS && i < sizeof small / sizeof *small; i++) {
        EBB_TRY(add_one(list, FORWARD, means, NULL, small[i]));
        EBB_TRY(add_one(list, BACKWARD, means, NULL, small[i]));
    }
    return EBB_OK;
}

static ebb_status add(ebb_micro_list *list)
{
    for (size_t means = 0; means < EBB_DENSE_MEANS_COUNT; means++) {
        if (can_be_had(means)) {
            EBB_TRY(add_all(list, means));
        }
    }
    return EBB_OK;
}

const ebb_micro_topic ebb_micro_dense = {
    .name = "dense",
    .summary = "products of a fully connected layer, by four kinds of kernels",
    .add = add,
};
