/* fixture.h - a small network and random images, as the tests of net need them.
 *
 * Every function ends the running test when something that must work does not. */
#ifndef EBB_TESTS_NET_FIXTURE_H
#define EBB_TESTS_NET_FIXTURE_H

#include "data/rows.h"
#include "net/program.h"
#include "net/strategy.h"

enum { FIXTURE_MAX_HIDDEN = 4 };

typedef struct fixture_spec {
    size_t features;
    size_t hidden[FIXTURE_MAX_HIDDEN]; /* ends at the first 0 */
    size_t n_heads, classes;           /* classes of a head */
    const ebb_optimizer *optimizer;    /* NULL: sgd */
    ebb_optimizer_spec numbers;
    bool xavier;
    size_t classes_per_draw; /* 0: a head in one piece */
    size_t panel;            /* of the weights, see ebb_shape_set_panel */
    size_t threads;          /* 0: one */
    size_t n_samples;        /* 0: 160 */
} fixture_spec;

typedef struct fixture {
    ebb_team *team;
    ebb_shape shape;
    ebb_net *net;
    ebb_rows rows;
    uint8_t *pixels, *labels;
    uint32_t *order; /* two rounds through the samples in a random order */
    size_t n_samples;
} fixture;

/* Half of the pixels are black, as in pictures of digits. The same spec gives the same
 * bits, whatever the number of threads. */
void fixture_init(fixture *self, const fixture_spec *spec);
void fixture_clear(fixture *self);

/* Draws new labels below n_labels. */
void fixture_label(fixture *self, size_t n_labels, uint32_t stream);

/* Steps on a program of the fixture's network; loss and correct hold n_steps entries and
 * may be NULL. n_steps batches fit into the samples twice. */
void fixture_train(fixture *self, ebb_program *program, ebb_target target, size_t n_steps,
                   double *loss, uint32_t *correct);
/* The same for a program made for the occasion. */
void fixture_train_once(fixture *self, const ebb_strategy *strategy, size_t batch,
                        ebb_target target, size_t n_steps);
/* Evaluates all samples; loss and correct hold n_samples entries. */
void fixture_test(fixture *self, const ebb_strategy *strategy, ebb_target target,
                  float *loss, uint8_t *correct);

/* Number of layers in the arena, and the i-th: backbone, then heads. */
size_t fixture_layers(const fixture *self);
const ebb_layer *fixture_layer(const fixture *self, size_t index);

/* Where a parameter lies in an arena: weight of input `row`, or the bias for row = in. */
size_t fixture_at(const ebb_layer *layer, size_t row, size_t column);

/* An arena's values with all layers in whole rows; free it. */
float *fixture_in_rows(const fixture *self, const float *arena);

/* Ends the test when a float of the arena that belongs to no parameter is not zero. */
void fixture_check_padding(const fixture *self, const float *arena);

/* Ends the test with the last error unless status is EBB_OK. */
void fixture_succeed(ebb_status status, const char *what);

/* The whole target of a head. */
ebb_target fixture_target(const fixture *self, size_t head);

#endif
