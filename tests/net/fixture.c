#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "fixture.h"
#include "net/backbone.h"

enum { SEED = 20, DEFAULT_SAMPLES = 160 };

/* Streams of EBB_PURPOSE_TEST; labels take the ones from LABELS on. */
enum { PIXELS, ORDER, LABELS };

void fixture_succeed(ebb_status status, const char *what)
{
    if (status != EBB_OK) {
        fail_msg("%s: status %d: %s", what, (int)status, ebb_last_error());
    }
}

static void *allocate(size_t n, size_t item_bytes)
{
    void *out = calloc(n, item_bytes);
    assert_non_null(out);
    return out;
}

static void draw_samples(fixture *self, size_t features)
{
    const size_t n = self->n_samples;
    self->pixels = allocate(n * features, 1);
    self->labels = allocate(n, 1);
    self->order = allocate(2 * n, sizeof *self->order);
    ebb_random rng;
    ebb_random_init(&rng, SEED, EBB_PURPOSE_TEST, PIXELS, 0);
    for (size_t i = 0; i < n * features; i++) {
        const uint32_t bits = ebb_random_next(&rng);
        self->pixels[i] = (bits & 256) != 0 ? (uint8_t)bits : 0;
    }
    ebb_random_init(&rng, SEED, EBB_PURPOSE_TEST, ORDER, 0);
    for (size_t i = 0; i < 2 * n; i++) {
        self->order[i] = (uint32_t)(i % n);
    }
    ebb_random_shuffle(&rng, self->order, n);
    ebb_random_shuffle(&rng, self->order + n, n);
    self->rows = (ebb_rows){.pixels = self->pixels,
                            .labels = self->labels,
                            .stride = features,
                            .features = features};
    ebb_rows_normalize(&self->rows.scale, &self->rows.shift, 0.25, 0.3);
}

void fixture_label(fixture *self, size_t n_labels, uint32_t stream)
{
    ebb_random rng;
    ebb_random_init(&rng, SEED, EBB_PURPOSE_TEST, LABELS + stream, 0);
    for (size_t i = 0; i < self->n_samples; i++) {
        self->labels[i] = (uint8_t)ebb_random_below(&rng, (uint32_t)n_labels);
    }
}

static void describe(ebb_shape *shape, const fixture_spec *spec)
{
    size_t n_hidden = 0;
    while (n_hidden < FIXTURE_MAX_HIDDEN && spec->hidden[n_hidden] > 0) {
        n_hidden++;
    }
    fixture_succeed(
        ebb_backbone_mlp.describe(shape, spec->features, spec->hidden, n_hidden),
        "backbone");
    for (size_t h = 0; h < spec->n_heads; h++) {
        fixture_succeed(ebb_shape_add_head(shape, spec->classes), "head");
    }
    ebb_shape_set_panel(shape, spec->panel);
}

void fixture_init(fixture *self, const fixture_spec *spec)
{
    *self =
        (fixture){.n_samples = spec->n_samples > 0 ? spec->n_samples : DEFAULT_SAMPLES};
    fixture_succeed(ebb_team_create(&self->team, spec->threads > 0 ? spec->threads : 1),
                    "team");
    describe(&self->shape, spec);
    const ebb_optimizer *optimizer =
        spec->optimizer != NULL ? spec->optimizer : &ebb_optimizer_sgd;
    fixture_succeed(
        ebb_net_create(&self->net, &self->shape, optimizer, &spec->numbers, self->team),
        "network");
    ebb_parameters_initialize(
        self->net->parameters,
        spec->xavier ? EBB_INITIALIZATION_XAVIER_UNIFORM
                     : EBB_INITIALIZATION_UNIFORM_FAN_IN,
        SEED, spec->classes_per_draw > 0 ? spec->classes_per_draw : spec->classes);
    ebb_net_refresh(self->net);
    draw_samples(self, spec->features);
    fixture_label(self, spec->classes, 0);
}

void fixture_clear(fixture *self)
{
    free(self->pixels);
    free(self->labels);
    free(self->order);
    ebb_net_destroy(self->net);
    ebb_team_destroy(self->team);
}

void fixture_train(fixture *self, ebb_program *program, ebb_target target, size_t n_steps,
                   double *loss, uint32_t *correct)
{
    assert_true(n_steps * program->n_rows <= 2 * self->n_samples);
    double *own_loss = allocate(n_steps, sizeof *own_loss);
    uint32_t *own_correct = allocate(n_steps, sizeof *own_correct);
    uint64_t *step_ns = allocate(n_steps, sizeof *step_ns);
    const ebb_training training = {
        .rows = &self->rows,
        .order = self->order,
        .n_steps = n_steps,
        .target = target,
        .loss = loss != NULL ? loss : own_loss,
        .correct = correct != NULL ? correct : own_correct,
        .step_ns = step_ns,
    };
    fixture_succeed(ebb_program_train(program, &training), "training");
    free(own_loss);
    free(own_correct);
    free(step_ns);
}

void fixture_train_once(fixture *self, const ebb_strategy *strategy, size_t batch,
                        ebb_target target, size_t n_steps)
{
    ebb_program *program = NULL;
    fixture_succeed(strategy->compile_train(&program, self->net, batch), "compiling");
    fixture_train(self, program, target, n_steps, NULL, NULL);
    ebb_program_destroy(program);
}

void fixture_test(fixture *self, const ebb_strategy *strategy, ebb_target target,
                  float *loss, uint8_t *correct)
{
    ebb_program *program = NULL;
    fixture_succeed(strategy->compile_test(&program, self->net), "compiling a test");
    const ebb_testing testing = {.rows = &self->rows,
                                 .samples = self->order,
                                 .n = self->n_samples,
                                 .target = target,
                                 .loss = loss,
                                 .correct = correct};
    fixture_succeed(ebb_program_test(program, &testing), "testing");
    ebb_program_destroy(program);
}

size_t fixture_layers(const fixture *self)
{
    return self->shape.n_backbone + self->shape.n_heads;
}

const ebb_layer *fixture_layer(const fixture *self, size_t index)
{
    const size_t n_backbone = self->shape.n_backbone;
    return index < n_backbone ? &self->shape.backbone[index]
                              : &self->shape.heads[index - n_backbone];
}

size_t fixture_at(const ebb_layer *layer, size_t row, size_t column)
{
    return ebb_layer_at(layer, ebb_layer_row(layer, row), column);
}

float *fixture_in_rows(const fixture *self, const float *arena)
{
    float *out = allocate(self->shape.n_floats, sizeof *out);
    for (size_t l = 0; l < fixture_layers(self); l++) {
        const ebb_layer *layer = fixture_layer(self, l);
        for (size_t i = 0; i < ebb_layer_floats(layer); i++) {
            out[layer->offset + i] =
                arena[ebb_layer_at(layer, i / layer->leading, i % layer->leading)];
        }
    }
    return out;
}

/* All floats of a layer but its parameters. */
static void check_padding(const float *arena, const ebb_layer *layer, size_t number)
{
    for (size_t i = 0; i < ebb_layer_floats(layer); i++) {
        const size_t row = i / layer->leading;
        const size_t column = i % layer->leading;
        const float value = arena[ebb_layer_at(layer, row, column)];
        const bool has_row = row < layer->in || row == layer->in_leading;
        if (!(has_row && column < layer->out) && value != 0.0f) {
            fail_msg("padding of layer %zu, row %zu, column %zu: %g", number, row, column,
                     (double)value);
        }
    }
}

void fixture_check_padding(const fixture *self, const float *arena)
{
    for (size_t l = 0; arena != NULL && l < fixture_layers(self); l++) {
        check_padding(arena, fixture_layer(self, l), l);
    }
}

ebb_target fixture_target(const fixture *self, size_t head)
{
    return (ebb_target){.head = head, .class_end = self->shape.heads[0].out};
}
