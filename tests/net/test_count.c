/* The formulas for the work of a step, against counting.
 *
 * Operations are counted by the reference strategy itself: counted_reference.c is its
 * source with a statement behind each multiply-add of weights. Bytes are counted by a
 * walk over every value of every array, in the order in which a step comes by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

unsigned long counted_flop; /* by the one thread of these networks */

typedef struct count_case {
    fixture_spec spec;
    size_t batch;
    ebb_target target;
} count_case;

static const count_case cases[] = {
    {{.features = 49, .hidden = {17, 8}, .n_heads = 2, .classes = 10}, 16, {1, 0, 10, 0}},
    {{.features = 49, .hidden = {17}, .n_heads = 1, .classes = 6}, 13, {0, 2, 4, 2}},
    {{.features = 7, .hidden = {3, 1, 5, 2}, .n_heads = 1, .classes = 4},
     1,
     {0, 0, 4, 0}},
    {{.features = 30, .n_heads = 3, .classes = 2}, 5, {2, 0, 2, 0}},
    {{.features = 49,
      .hidden = {33, 16},
      .n_heads = 1,
      .classes = 10,
      .optimizer = &ebb_optimizer_adam},
     32,
     {0, 0, 10, 0}},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static void test_flop(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_CASES; i++) {
        const count_case *one = &cases[i];
        fixture base;
        fixture_init(&base, &one->spec);
        fixture_label(&base, one->target.class_end - one->target.class_begin, 0);
        counted_flop = 0;
        fixture_train_once(&base, &ebb_strategy_reference, one->batch, one->target, 1);
        assert_true(counted_flop > 0);
        assert_true(ebb_net_step_flop(base.net, one->batch) == (double)counted_flop);
        counted_flop = 0;
        fixture_train_once(&base, &ebb_strategy_reference, one->batch, one->target, 3);
        assert_true(3 * ebb_net_step_flop(base.net, one->batch) == (double)counted_flop);
        fixture_clear(&base);
    }
}

/* Bytes that came by; a float is four. */
static size_t gather(size_t features, size_t batch)
{
    size_t bytes = 0;
    for (size_t i = 0; i < features * batch; i++) {
        bytes += 1; /* a pixel read */
        bytes += 4; /* written as a float */
    }
    return bytes;
}

static size_t forward(const ebb_layer *layer, size_t batch)
{
    size_t bytes = 0;
    for (size_t j = 0; j < layer->out; j++) {
        bytes += 4; /* bias read */
        for (size_t i = 0; i < layer->in; i++) {
            bytes += 4; /* weight read */
        }
    }
    for (size_t row = 0; row < batch; row++) {
        bytes += 4 * layer->in;  /* input read */
        bytes += 4 * layer->out; /* output written */
    }
    return bytes;
}

static size_t differentiate(const ebb_layer *last, size_t batch)
{
    size_t bytes = 0;
    for (size_t i = 0; i < last->out * batch; i++) {
        bytes += 4; /* a logit read */
        bytes += 4; /* its gradient written */
    }
    return bytes;
}

/* From a layer's gradient to that of the layer below. */
static size_t backward(const ebb_layer *layer, size_t batch)
{
    size_t bytes = 0;
    for (size_t i = 0; i < layer->in * layer->out; i++) {
        bytes += 4; /* weight read */
    }
    for (size_t row = 0; row < batch; row++) {
        bytes += 4 * layer->out; /* gradient read */
        bytes += 4 * layer->in;  /* output below read for the mask */
        bytes += 4 * layer->in;  /* gradient below written */
    }
    return bytes;
}

static size_t move(const ebb_layer *layer, size_t batch, size_t n_moments)
{
    size_t bytes = 0;
    for (size_t row = 0; row < batch; row++) {
        bytes += 4 * layer->in;  /* input read */
        bytes += 4 * layer->out; /* gradient read */
    }
    for (size_t i = 0; i < (layer->in + 1) * layer->out; i++) {
        bytes += 4 + 4;               /* parameter read and written */
        bytes += n_moments * (4 + 4); /* likewise */
    }
    return bytes;
}

static size_t walk(const fixture *base, size_t batch)
{
    const size_t n = ebb_net_layers(base->net);
    size_t bytes = gather(base->shape.features, batch);
    for (size_t l = 0; l < n; l++) {
        bytes += forward(ebb_net_layer(base->net, l, 0), batch);
    }
    bytes += differentiate(ebb_net_layer(base->net, n - 1, 0), batch);
    for (size_t l = n; l-- > 0;) {
        const ebb_layer *layer = ebb_net_layer(base->net, l, 0);
        bytes += l > 0 ? backward(layer, batch) : 0;
        bytes += move(layer, batch, base->net->optimizer->n_moments);
    }
    return bytes;
}

static void test_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_CASES; i++) {
        fixture base;
        fixture_init(&base, &cases[i].spec);
        const size_t counted = walk(&base, cases[i].batch);
        assert_true(ebb_net_step_bytes(base.net, cases[i].batch) == (double)counted);
        assert_true(ebb_net_step_bytes(base.net, cases[i].batch + 1) > (double)counted);
        fixture_clear(&base);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flop),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
