/* Mean softmax cross-entropy with its gradient, in place on the logits of a batch. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "expect.h"
#include "net/loss.h"

/* Logits are consumed, so a run works through copies of them. */
enum { COPIES = 32, GRAIN_ROWS = 4 };

typedef struct softmax {
    const char *name;
    ebb_team *team;
    size_t n_rows, classes, leading;
    float *logits;   /* as they were */
    float *copies;   /* COPIES of them, or their gradients */
    float *gradient; /* once proved right */
    float *loss;     /* of the last copy done */
    float *verified; /* losses once proved right */
    uint8_t *labels, *correct;
    int64_t n_runs;
} softmax;

static size_t floats_of(const softmax *self)
{
    return self->n_rows * self->leading;
}

static void run_thread(void *argument, size_t thread)
{
    const softmax *self = argument;
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, self->n_rows, GRAIN_ROWS, thread,
                   ebb_team_size(self->team));
    const ebb_target target = {.class_end = self->classes};
    for (int64_t i = 0; i < self->n_runs; i++) {
        const ebb_loss_block block = {
            .logits = self->copies + (size_t)i * floats_of(self) + begin * self->leading,
            .leading = self->leading,
            .labels = self->labels + begin,
            .n = end - begin,
            .loss = self->loss + begin,
            .correct = self->correct + begin,
        };
        ebb_loss_differentiate(&block, &target, 1.0f / (float)self->n_rows);
        ebb_team_barrier(self->team, thread);
    }
}

static ebb_status rewind_logits(void *fixture)
{
    softmax *self = fixture;
    for (size_t i = 0; i < COPIES; i++) {
        memcpy(self->copies + i * floats_of(self), self->logits,
               floats_of(self) * sizeof *self->copies);
    }
    return EBB_OK;
}

static ebb_status run(void *fixture, int64_t n)
{
    softmax *self = fixture;
    self->n_runs = n;
    ebb_team_run(self->team, run_thread, self);
    return EBB_OK;
}

static ebb_status check(void *fixture)
{
    const softmax *self = fixture;
    for (size_t i = 0; i < (size_t)self->n_runs; i++) {
        EBB_TRY(ebb_expect_same(self->name, self->copies + i * floats_of(self),
                                self->gradient, floats_of(self)));
    }
    return ebb_expect_same(self->name, self->loss, self->verified, self->n_rows);
}

/* One row in double precision. */
static void expect_row(const softmax *self, size_t row, double *gradient, double *loss)
{
    const float *z = self->logits + row * self->leading;
    double sum = 0.0;
    for (size_t c = 0; c < self->classes; c++) {
        sum += exp((double)z[c]);
    }
    for (size_t c = 0; c < self->leading; c++) {
        const double softmax_c = c < self->classes ? exp((double)z[c]) / sum : 0.0;
        const double one_hot = c == self->labels[row] ? 1.0 : 0.0;
        gradient[c] = (softmax_c - one_hot) / (double)self->n_rows;
    }
    *loss = log(sum) - (double)z[self->labels[row]];
}

static ebb_status verify(softmax *self)
{
    double expected[256];
    double loss = 0.0;
    EBB_TRY(rewind_logits(self));
    EBB_TRY(run(self, 1));
    for (size_t row = 0; row < self->n_rows; row++) {
        expect_row(self, row, expected, &loss);
        const ebb_expect_matrix found = {self->copies + row * self->leading,
                                         self->leading, 1, self->leading};
        const ebb_expect_matrix found_loss = {self->loss + row, 1, 1, 1};
        EBB_TRY(ebb_expect_near(self->name, &found, expected, 1e-6));
        EBB_TRY(ebb_expect_near(self->name, &found_loss, &loss, 1e-5));
    }
    memcpy(self->gradient, self->copies, floats_of(self) * sizeof *self->gradient);
    memcpy(self->verified, self->loss, self->n_rows * sizeof *self->loss);
    return EBB_OK;
}

static void close_fixture(void *fixture)
{
    softmax *self = fixture;
    ebb_buffer_free(self->logits);
    ebb_buffer_free(self->copies);
    ebb_buffer_free(self->gradient);
    ebb_buffer_free(self->loss);
    ebb_buffer_free(self->verified);
    free(self->labels);
    free(self->correct);
    free(self);
}

static ebb_status build(softmax *self)
{
    const size_t n = floats_of(self);
    EBB_TRY(ebb_expect_floats(&self->logits, n, self->team));
    EBB_TRY(ebb_expect_floats(&self->copies, COPIES * n, self->team));
    EBB_TRY(ebb_expect_floats(&self->gradient, n, self->team));
    EBB_TRY(ebb_expect_floats(&self->loss, self->n_rows, self->team));
    EBB_TRY(ebb_expect_floats(&self->verified, self->n_rows, self->team));
    self->labels = calloc(self->n_rows, 1);
    self->correct = calloc(self->n_rows, 1);
    if (self->labels == NULL || self->correct == NULL) {
        return ebb_fail_memory(2 * self->n_rows);
    }
    ebb_expect_fill(self->logits, n, 4.0f, 1);
    for (size_t row = 0; row < self->n_rows; row++) {
        self->labels[row] = (uint8_t)(row * 7 % self->classes);
    }
    return verify(self);
}

static ebb_status open_fixture(void **fixture, ebb_micro_work *work,
                               const ebb_micro_call *call)
{
    softmax *self = calloc(1, sizeof *self);
    *fixture = NULL;
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->name = call->name;
    self->team = call->team;
    self->classes = (size_t)call->args[0];
    self->n_rows = (size_t)call->args[1];
    self->leading = ebb_shape_leading(self->classes);
    const ebb_status status = build(self);
    if (status != EBB_OK) {
        close_fixture(self);
        return status;
    }
    /* Logits read and written, loss, label and verdict. */
    const double bytes = (double)self->n_rows * (8.0 * (double)self->leading + 6.0);
    *work = (ebb_micro_work){
        .roof = EBB_MICRO_STREAM,
        .amount = bytes,
        .footprint_bytes = bytes * COPIES / 2.0,
        .items = (double)self->n_rows,
        .batch = COPIES,
    };
    *fixture = self;
    return EBB_OK;
}

static const ebb_micro_kind kind = {
    .arg_names = {"classes", "batch", "threads", NULL},
    .uses_team = true,
    .open = open_fixture,
    .rewind = rewind_logits,
    .run = run,
    .check = check,
    .close = close_fixture,
};

static const int64_t classes[] = {10, 100};
static const int64_t batches[] = {8, 32, 128, 512};

static ebb_status add(ebb_micro_list *list)
{
    const ebb_micro_axis axes[] = {{classes, 2}, {batches, 4}};
    return ebb_micro_add(list, &kind, "softmax_cross_entropy", NULL, axes);
}

const ebb_micro_topic ebb_micro_loss = {
    .name = "softmax",
    .summary = "softmax cross-entropy with its gradient",
    .add = add,
};
