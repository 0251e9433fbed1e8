/* The oracle: plain loops in double precision, no oneDNN, no transposed copies.
 *
 * Phase A: each thread takes rows of the batch through forward, loss and backward data.
 * Phase B: each thread owns rows of weights, sums their gradient over the whole batch in
 * row order and moves them by the optimizer's formulas. Every number is made by one
 * thread in one order, so the bits do not depend on the number of threads. Nothing here
 * is shared with the other strategies but the layout of the arena and the batch's bytes.
 */
#include <math.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "net/activations.h"
#include "net/strategy.h"

enum { TEST_ROWS = 16 };

typedef struct reference_program reference_program;

/* What one thread works on. */
typedef struct worker {
    const reference_program *program;
    size_t first_row;    /* of its rows in the activations */
    size_t first_sample; /* of its rows in the batch */
    size_t n_rows;
    size_t thread;
    double *sums;  /* scratch, as wide as the widest layer */
    ebb_op ops[2]; /* one a phase */
} worker;

struct reference_program {
    ebb_program base;
    ebb_activations batch;
    worker *workers; /* one a thread */
    double *scratch;
    size_t head;
    bool train;
};

static const ebb_layer *layer_at(const reference_program *self, size_t number)
{
    return ebb_net_layer(self->base.net, number, self->head);
}

static const float *weights_at(const reference_program *self, size_t number)
{
    return self->base.net->parameters->values + layer_at(self, number)->offset;
}

/* ---- phase A ------------------------------------------------------------------------
 */

static void forward_row(const worker *own, size_t number, size_t row)
{
    const reference_program *self = own->program;
    const ebb_layer *layer = layer_at(self, number);
    const float *weights = weights_at(self, number);
    size_t leading = 0;
    const float *x =
        ebb_activations_input(&self->batch, number, &leading) + row * leading;
    float *y = self->batch.out[number] + row * layer->leading;
    for (size_t j = 0; j < layer->out; j++) {
        own->sums[j] = (double)weights[layer->in_leading * layer->leading + j];
    }
    for (size_t i = 0; i < layer->in; i++) {
        const float *w = weights + i * layer->leading;
        for (size_t j = 0; j < layer->out; j++) {
            own->sums[j] += (double)x[i] * (double)w[j];
        }
    }
    const bool relu = number + 1 < self->batch.n_layers;
    for (size_t j = 0; j < layer->out; j++) {
        y[j] = (float)(relu && own->sums[j] < 0 ? 0 : own->sums[j]);
    }
}

/* Loss and prediction of one row of logits; their log-sum-exp is returned. */
static double evaluate_row(const worker *own, const ebb_step *step, size_t row)
{
    const ebb_activations *batch = &own->program->batch;
    const ebb_target *target = step->target;
    const size_t last = batch->n_layers - 1;
    const float *z = batch->out[last] + row * batch->leading[last];
    size_t best = target->class_begin;
    for (size_t c = target->class_begin; c < target->class_end; c++) {
        best = z[c] > z[best] ? c : best;
    }
    double sum = 0;
    for (size_t c = target->class_begin; c < target->class_end; c++) {
        sum += exp((double)z[c] - (double)z[best]);
    }
    const double log_sum = log(sum) + (double)z[best];
    const size_t label = target->label_offset + batch->labels[row];
    const size_t sample = row - own->first_row + own->first_sample;
    step->row_loss[sample] = (float)(log_sum - (double)z[label]);
    step->row_correct[sample] = best == label;
    return log_sum;
}

/* d loss / d logits = (softmax − one-hot) / rows, in place. */
static void differentiate_row(const worker *own, const ebb_step *step, size_t row,
                              double log_sum)
{
    const ebb_activations *batch = &own->program->batch;
    const size_t last = batch->n_layers - 1;
    float *z = batch->out[last] + row * batch->leading[last];
    const size_t label = step->target->label_offset + batch->labels[row];
    for (size_t c = 0; c < layer_at(own->program, last)->out; c++) {
        const bool active = c >= step->target->class_begin && c < step->target->class_end;
        const double softmax = active ? exp((double)z[c] - log_sum) : 0;
        z[c] = (float)((softmax - (c == label ? 1.0 : 0.0)) / (double)batch->n_rows);
    }
}

static void backward_row(const worker *own, size_t number, size_t row)
{
    const reference_program *self = own->program;
    const ebb_activations *batch = &self->batch;
    const ebb_layer *layer = layer_at(self, number);
    const float *weights = weights_at(self, number);
    const float *dy = batch->delta[number] + row * layer->leading;
    const float *x = batch->out[number - 1] + row * batch->leading[number - 1];
    float *dx = batch->delta[number - 1] + row * batch->leading[number - 1];
    for (size_t i = 0; i < layer->in; i++) {
        double sum = 0;
        for (size_t j = 0; j < layer->out; j++) {
            sum += (double)dy[j] * (double)weights[i * layer->leading + j];
        }
        dx[i] = x[i] > 0.0f ? (float)sum : 0.0f;
    }
}

static size_t valid_rows(const worker *own, const ebb_step *step)
{
    const size_t left = step->n_rows - own->first_sample;
    return left < own->n_rows ? left : own->n_rows;
}

static void run_rows(const void *argument, const ebb_step *step)
{
    const worker *own = argument;
    const reference_program *self = own->program;
    const ebb_activations *batch = &self->batch;
    const size_t n = valid_rows(own, step);
    ebb_rows_gather(batch->input + own->first_row * batch->input_leading,
                    batch->input_leading, batch->labels + own->first_row, step->rows,
                    step->samples + own->first_sample, n);
    for (size_t row = own->first_row; row < own->first_row + n; row++) {
        for (size_t l = 0; l < batch->n_layers; l++) {
            forward_row(own, l, row);
        }
        const double log_sum = evaluate_row(own, step, row);
        if (self->train) {
            differentiate_row(own, step, row, log_sum);
            for (size_t l = batch->n_layers - 1; l > 0; l--) {
                backward_row(own, l, row);
            }
        }
    }
}

/* ---- phase B ------------------------------------------------------------------------
 */

/* Gradient of weight row i (i = in: the bias, whose input is 1) into own->sums. */
static void sum_gradient(const worker *own, size_t number, size_t i)
{
    const ebb_activations *batch = &own->program->batch;
    const ebb_layer *layer = layer_at(own->program, number);
    size_t leading = 0;
    const float *x = ebb_activations_input(batch, number, &leading);
    for (size_t j = 0; j < layer->out; j++) {
        own->sums[j] = 0;
    }
    for (size_t row = 0; row < batch->n_rows; row++) {
        const double input = i < layer->in ? (double)x[row * leading + i] : 1.0;
        const float *dy = batch->delta[number] + row * layer->leading;
        for (size_t j = 0; j < layer->out; j++) {
            own->sums[j] += input * (double)dy[j];
        }
    }
}

static void move_row(const worker *own, const ebb_step *step, size_t number, size_t i)
{
    const ebb_net *net = own->program->base.net;
    const ebb_layer *layer = layer_at(own->program, number);
    const bool head = number + 1 == own->program->batch.n_layers;
    const unsigned long count = head ? step->head_count : step->backbone_count;
    const size_t at = layer->offset + ebb_layer_row(layer, i) * layer->leading;
    for (size_t j = at; j < at + layer->out; j++) {
        float *value = &net->parameters->values[j];
        *value = (float)net->optimizer->reference(
            &net->optimizer_spec, count, (double)*value,
            net->first == NULL ? NULL : &net->first[j],
            net->second == NULL ? NULL : &net->second[j], own->sums[j - at]);
    }
}

static void run_weights(const void *argument, const ebb_step *step)
{
    const worker *own = argument;
    const reference_program *self = own->program;
    for (size_t l = 0; l < self->batch.n_layers; l++) {
        size_t begin = 0;
        size_t end = 0;
        ebb_team_share(&begin, &end, layer_at(self, l)->in + 1, 1, own->thread,
                       self->base.n_threads);
        for (size_t i = begin; i < end; i++) {
            sum_gradient(own, l, i);
            move_row(own, step, l, i);
        }
    }
}

/* ---- program ------------------------------------------------------------------------
 */

static void bind_head(ebb_program *program, size_t head)
{
    ((reference_program *)program)->head = head;
}

static void destroy(ebb_program *program)
{
    reference_program *self = (reference_program *)program;
    ebb_activations_clear(&self->batch);
    ebb_buffer_free(self->scratch);
    free(self->workers);
    free(program->phases);
    free(self);
}

/* In a test every thread has TEST_ROWS rows of its own; in training it has its share. */
static void fill_worker(reference_program *self, size_t thread, size_t width)
{
    worker *own = &self->workers[thread];
    *own = (worker){.program = self,
                    .first_row = thread * TEST_ROWS,
                    .n_rows = TEST_ROWS,
                    .thread = thread,
                    .sums = self->scratch + thread * width};
    if (self->train) {
        size_t end = 0;
        ebb_team_share(&own->first_row, &end, self->base.n_rows, 1, thread,
                       self->base.n_threads);
        own->n_rows = end - own->first_row;
        own->first_sample = own->first_row;
    }
    own->ops[0] = (ebb_op){run_rows, own, EBB_WORK_FORWARD};
    own->ops[1] = (ebb_op){run_weights, own, EBB_WORK_UPDATE};
    for (size_t p = 0; p < self->base.n_phases; p++) {
        self->base.phases[thread * self->base.n_phases + p] =
            (ebb_phase){&own->ops[p], 1};
    }
}

static ebb_status fill(reference_program *self)
{
    ebb_program *program = &self->base;
    const size_t n_threads = program->n_threads;
    EBB_TRY(ebb_net_expect_rows(program->net));
    const size_t n_rows = self->train ? program->n_rows : TEST_ROWS * n_threads;
    EBB_TRY(ebb_activations_init(&self->batch, program->net, n_rows, self->train));
    program->batch = &self->batch;
    size_t width = EBB_LAYER_GRAIN;
    for (size_t l = 0; l < self->batch.n_layers; l++) {
        width = self->batch.leading[l] > width ? self->batch.leading[l] : width;
    }
    void *scratch = NULL;
    EBB_TRY(ebb_buffer_allocate(&scratch, n_threads * width, sizeof(double)));
    self->scratch = scratch;
    self->workers = calloc(n_threads, sizeof *self->workers);
    program->phases = calloc(n_threads * program->n_phases, sizeof *program->phases);
    if (self->workers == NULL || program->phases == NULL) {
        return ebb_fail_memory(n_threads * sizeof *self->workers);
    }
    for (size_t t = 0; t < n_threads; t++) {
        fill_worker(self, t, width);
    }
    ebb_program_note_kernel(program, "all", "plain loops in double precision");
    return EBB_OK;
}

static ebb_status compile(ebb_program **out, ebb_net *net, size_t n_rows, bool train)
{
    *out = NULL;
    reference_program *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->train = train;
    self->base = (ebb_program){.net = net,
                               .n_rows = n_rows,
                               .n_threads = ebb_team_size(net->team),
                               .n_phases = train ? 2 : 1,
                               .ignores_copies = true,
                               .bind_head = bind_head,
                               .destroy = destroy};
    const ebb_status status = fill(self);
    if (status != EBB_OK) {
        destroy(&self->base);
        return status;
    }
    *out = &self->base;
    return EBB_OK;
}

static ebb_status compile_train(ebb_program **out, ebb_net *net, size_t n_rows)
{
    return compile(out, net, n_rows, true);
}

static ebb_status compile_test(ebb_program **out, ebb_net *net)
{
    return compile(out, net, TEST_ROWS, false);
}

const ebb_strategy ebb_strategy_reference = {
    .choice = {"reference", "plain C loops in double precision, no oneDNN: the oracle"},
    .same_bits = true,
    .compile_train = compile_train,
    .compile_test = compile_test,
};
