#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/random.h"
#include "fixture.h"

static ebb_team *team_of(size_t n_threads)
{
    ebb_team *team = NULL;
    fixture_succeed(ebb_team_create(&team, n_threads), "team");
    return team;
}

/* ---- shapes ----------------------------------------------------------------------- */

static void describe(ebb_shape *shape, size_t features, const size_t *hidden,
                     size_t n_heads, size_t classes)
{
    ebb_shape_init(shape, features);
    for (size_t l = 0; hidden[l] > 0; l++) {
        fixture_succeed(ebb_shape_add_layer(shape, hidden[l]), "layer");
    }
    for (size_t h = 0; h < n_heads; h++) {
        fixture_succeed(ebb_shape_add_head(shape, classes), "head");
    }
}

static const size_t published[] = {256, 100, 64, 0};
static const size_t nothing[] = {0};

static void test_published_counts(void **state)
{
    (void)state;
    ebb_shape shape;
    describe(&shape, 784, published, 0, 0);
    assert_int_equal(shape.n_parameters, 233124);
    describe(&shape, 784, published, 5, 10);
    assert_int_equal(shape.n_parameters, 233124 + 5 * 650);
    assert_int_equal(shape.n_backbone, 3);
    assert_int_equal(shape.n_heads, 5);
    assert_int_equal(ebb_shape_feature_width(&shape), 64);
    describe(&shape, 784, nothing, 1, 10);
    assert_int_equal(shape.n_parameters, 7850);
    assert_int_equal(ebb_shape_feature_width(&shape), 784);
}

/* Layers follow each other without a gap; every row begins at a multiple of 16 floats. */
static void check_layout(const ebb_shape *shape)
{
    size_t next = 0;
    size_t in = shape->features;
    for (size_t i = 0; i < shape->n_backbone + shape->n_heads; i++) {
        const bool head = i >= shape->n_backbone;
        const ebb_layer *layer =
            head ? &shape->heads[i - shape->n_backbone] : &shape->backbone[i];
        assert_int_equal(layer->offset, next);
        assert_int_equal(layer->in, in);
        assert_int_equal(layer->offset % 16, 0);
        assert_int_equal(layer->leading % 16, 0);
        assert_in_range(layer->leading, layer->out, layer->out + 15);
        for (size_t row = 0; row < layer->in; row++) {
            assert_int_equal(ebb_layer_row(layer, row), row);
        }
        const size_t bias = ebb_layer_row(layer, layer->in);
        assert_true(bias >= layer->in);
        assert_true((bias + 1) * layer->leading <= ebb_layer_floats(layer));
        next += ebb_layer_floats(layer);
        in = head ? in : layer->out;
    }
    assert_int_equal(shape->n_floats, next);
}

/* Every place of the arena is taken once, and a panel lies without a gap. */
static void test_panels(void **state)
{
    (void)state;
    static const size_t hidden[] = {300, 5, 3, 0};
    ebb_shape shape;
    describe(&shape, 17, hidden, 2, 10);
    ebb_shape_set_panel(&shape, 128);
    const ebb_layer *first = &shape.backbone[0];
    assert_int_equal(first->panel, 128);
    assert_int_equal(shape.backbone[1].panel, shape.backbone[1].leading);
    assert_int_equal(ebb_layer_distance(first, 127), 128);
    assert_int_equal(ebb_layer_distance(first, 256), 304 - 256);
    assert_int_equal(ebb_layer_at(first, 2, 130), first->offset + 128 * 33 + 2 * 128 + 2);
    assert_int_equal(ebb_layer_at(first, 32, 300),
                     first->offset + 256 * 33 + 32 * 48 + 44);
    char *taken = calloc(ebb_layer_floats(first), 1);
    assert_non_null(taken);
    for (size_t i = 0; i < ebb_layer_floats(first); i++) {
        const size_t at =
            ebb_layer_at(first, i / first->leading, i % first->leading) - first->offset;
        assert_in_range(at, 0, ebb_layer_floats(first) - 1);
        assert_int_equal(taken[at]++, 0);
    }
    free(taken);
    ebb_shape_set_panel(&shape, 0);
    assert_int_equal(first->panel, first->leading);
}

static void test_layout(void **state)
{
    (void)state;
    static const size_t awkward[] = {1, 17, 3, 16, 15, 0};
    ebb_shape shape;
    describe(&shape, 784, published, 5, 10);
    check_layout(&shape);
    describe(&shape, 1, awkward, 10, 1);
    check_layout(&shape);
    describe(&shape, 49, nothing, 3, 33);
    check_layout(&shape);
    assert_int_equal(ebb_shape_leading(1), 16);
    assert_int_equal(ebb_shape_leading(16), 16);
    assert_int_equal(ebb_shape_leading(17), 32);
}

static void test_refused_shapes(void **state)
{
    (void)state;
    ebb_shape shape;
    ebb_shape_init(&shape, 784);
    assert_int_equal(ebb_shape_add_layer(&shape, 0), EBB_ERR_USAGE);
    assert_int_equal(ebb_shape_add_layer(&shape, EBB_MAX_WIDTH + 1), EBB_ERR_USAGE);
    assert_int_equal(ebb_shape_add_head(&shape, 0), EBB_ERR_USAGE);
    assert_int_equal(shape.n_floats, 0);
    assert_int_equal(shape.n_backbone + shape.n_heads, 0);
    for (size_t i = 0; i < EBB_MAX_LAYERS; i++) {
        fixture_succeed(ebb_shape_add_layer(&shape, 3), "layer");
    }
    assert_int_equal(ebb_shape_add_layer(&shape, 3), EBB_ERR_USAGE);
    assert_int_equal(shape.n_backbone, EBB_MAX_LAYERS);
    for (size_t i = 0; i < EBB_MAX_HEADS; i++) {
        fixture_succeed(ebb_shape_add_head(&shape, 2), "head");
    }
    assert_int_equal(ebb_shape_add_head(&shape, 2), EBB_ERR_USAGE);
    assert_int_equal(shape.n_heads, EBB_MAX_HEADS);
    describe(&shape, 784, published, 1, 10);
    assert_int_equal(ebb_shape_add_layer(&shape, 3), EBB_ERR_USAGE); /* after a head */
}

/* ---- initial values --------------------------------------------------------------- */

static ebb_parameters *initialized(const ebb_shape *shape, ebb_team *team,
                                   ebb_initialization kind, uint64_t seed,
                                   size_t classes_per_draw)
{
    ebb_parameters *parameters = NULL;
    fixture_succeed(ebb_parameters_create(&parameters, shape, team), "parameters");
    ebb_parameters_initialize(parameters, kind, seed, classes_per_draw);
    return parameters;
}

/* Columns [first, first + n) of a layer: within ±bound and near it, and with the mean and
 * the deviation of a uniform distribution, within four standard errors. */
static void check_uniform(const ebb_parameters *parameters, const ebb_layer *layer,
                          size_t first, size_t n, double bound)
{
    double sum = 0;
    double squares = 0;
    double largest = 0;
    for (size_t k = 0; k < layer->in * n; k++) {
        const size_t at = fixture_at(layer, k / n, first + k % n);
        const double value = (double)parameters->values[at];
        sum += value;
        squares += value * value;
        largest = fmax(largest, fabs(value));
    }
    const double count = (double)(layer->in * n);
    assert_true(largest <= bound * (1 + 1e-6));
    assert_true(largest > bound * (1.0 - 10.0 / count));
    assert_true(fabs(sum / count) < 4 * bound / sqrt(3 * count));
    assert_true(fabs(3 * squares / count / (bound * bound) - 1) <
                4 * sqrt(0.8 / count)); /* of x² on ±1: variance 4/45, mean 1/3 */
}

static void test_uniform_fan_in(void **state)
{
    (void)state;
    ebb_team *team = team_of(1);
    ebb_shape shape;
    describe(&shape, 784, published, 2, 10);
    ebb_parameters *parameters =
        initialized(&shape, team, EBB_INITIALIZATION_UNIFORM_FAN_IN, 3, 10);
    double largest_bias = 0;
    for (size_t l = 0; l < 5; l++) {
        const ebb_layer *layer = l < 3 ? &shape.backbone[l] : &shape.heads[l - 3];
        const double bound = 1 / sqrt((double)layer->in);
        check_uniform(parameters, layer, 0, layer->out, bound);
        for (size_t j = 0; j < layer->out; j++) {
            const double bias =
                (double)parameters->values[fixture_at(layer, layer->in, j)];
            assert_true(fabs(bias) <= bound);
            largest_bias = fmax(largest_bias, fabs(bias) / bound);
        }
    }
    assert_true(largest_bias > 0.98);
    ebb_parameters_destroy(parameters);
    ebb_team_destroy(team);
}

static void test_xavier(void **state)
{
    (void)state;
    ebb_team *team = team_of(1);
    ebb_shape shape;
    describe(&shape, 784, published, 1, 20);
    ebb_parameters *parameters =
        initialized(&shape, team, EBB_INITIALIZATION_XAVIER_UNIFORM, 3, 8);
    for (size_t l = 0; l < 3; l++) {
        const ebb_layer *layer = &shape.backbone[l];
        check_uniform(parameters, layer, 0, layer->out,
                      sqrt(6.0 / (double)(layer->in + layer->out)));
    }
    /* A head in pieces: each has its own width. */
    check_uniform(parameters, &shape.heads[0], 0, 8, sqrt(6.0 / (64 + 8)));
    check_uniform(parameters, &shape.heads[0], 8, 8, sqrt(6.0 / (64 + 8)));
    check_uniform(parameters, &shape.heads[0], 16, 4, sqrt(6.0 / (64 + 4)));
    for (size_t l = 0; l < 4; l++) {
        const ebb_layer *layer = l < 3 ? &shape.backbone[l] : &shape.heads[0];
        for (size_t j = 0; j < layer->out; j++) {
            assert_true(parameters->values[fixture_at(layer, layer->in, j)] == 0.0f);
        }
    }
    ebb_parameters_destroy(parameters);
    ebb_team_destroy(team);
}

/* Columns of one layer equal columns of another that is as deep, n of them. */
static bool same_columns(const ebb_parameters *a, const ebb_layer *la, size_t first_a,
                         const ebb_parameters *b, const ebb_layer *lb, size_t n)
{
    for (size_t i = 0; i <= la->in; i++) {
        if (memcmp(a->values + fixture_at(la, i, first_a),
                   b->values + fixture_at(lb, i, 0), n * sizeof *a->values) != 0) {
            return false;
        }
    }
    return true;
}

static void test_streams_are_independent(void **state)
{
    (void)state;
    ebb_team *team = team_of(1);
    ebb_shape few_shape;
    ebb_shape many_shape;
    ebb_shape wide_shape;
    describe(&few_shape, 49, published, 2, 10);
    describe(&many_shape, 49, published, 5, 10);
    describe(&wide_shape, 49, published, 1, 50);
    static const ebb_initialization kinds[] = {EBB_INITIALIZATION_UNIFORM_FAN_IN,
                                               EBB_INITIALIZATION_XAVIER_UNIFORM};
    for (size_t i = 0; i < 2; i++) {
        const ebb_initialization kind = kinds[i];
        ebb_parameters *few = initialized(&few_shape, team, kind, 9, 10);
        ebb_parameters *many = initialized(&many_shape, team, kind, 9, 10);
        ebb_parameters *wide = initialized(&wide_shape, team, kind, 9, 10);
        ebb_parameters *other = initialized(&few_shape, team, kind, 10, 10);
        for (size_t h = 0; h < 2; h++) {
            assert_true(same_columns(few, &few_shape.heads[h], 0, many,
                                     &many_shape.heads[h], 10));
        }
        for (size_t h = 0; h < 5; h++) {
            assert_true(same_columns(wide, &wide_shape.heads[0], 10 * h, many,
                                     &many_shape.heads[h], 10));
        }
        const size_t backbone_bytes = few_shape.heads[0].offset * sizeof(float);
        assert_memory_equal(few->values, many->values, backbone_bytes);
        assert_memory_equal(few->values, wide->values, backbone_bytes);
        assert_false(
            same_columns(many, &many_shape.heads[0], 0, many, &many_shape.heads[1], 10));
        assert_memory_not_equal(few->values, other->values, backbone_bytes);
        ebb_parameters_destroy(few);
        ebb_parameters_destroy(many);
        ebb_parameters_destroy(wide);
        ebb_parameters_destroy(other);
    }
    ebb_team_destroy(team);
}

static void test_padding_is_not_drawn(void **state)
{
    (void)state;
    const fixture_spec spec = {
        .features = 5, .hidden = {17, 3}, .n_heads = 3, .classes = 10};
    fixture base;
    fixture_init(&base, &spec);
    fixture_check_padding(&base, base.net->parameters->values);
    fixture_clear(&base);
}

/* ---- digest ------------------------------------------------------------------------ */

/* All logical values in the documented order: layer by layer, weights in-major, bias. */
static float *logical_values(const fixture *base)
{
    float *out = malloc(base->shape.n_parameters * sizeof *out);
    assert_non_null(out);
    size_t n = 0;
    for (size_t l = 0; l < fixture_layers(base); l++) {
        const ebb_layer *layer = fixture_layer(base, l);
        for (size_t k = 0; k < (layer->in + 1) * layer->out; k++) {
            const size_t at = fixture_at(layer, k / layer->out, k % layer->out);
            out[n++] = base->net->parameters->values[at];
        }
    }
    assert_int_equal(n, base->shape.n_parameters);
    return out;
}

static void test_digest_is_of_logical_values(void **state)
{
    (void)state;
    const fixture_spec spec = {
        .features = 5, .hidden = {17, 3}, .n_heads = 3, .classes = 10};
    fixture base;
    fixture_init(&base, &spec);
    float *values = logical_values(&base);
    char expected[EBB_DIGEST_HEX_BYTES];
    char digest[EBB_DIGEST_HEX_BYTES];
    fixture_succeed(
        ebb_digest_of(expected, values, base.shape.n_parameters * sizeof *values),
        "digest");
    fixture_succeed(ebb_parameters_digest(digest, base.net->parameters), "digest");
    assert_string_equal(digest, expected);
    free(values);
    fixture_clear(&base);
}

/* Every float of the arena in turn: a parameter changes the digest, padding does not. */
static void test_digest_sees_parameters_alone(void **state)
{
    (void)state;
    const fixture_spec spec = {.features = 3, .hidden = {2}, .n_heads = 2, .classes = 3};
    fixture base;
    fixture_init(&base, &spec);
    float *values = base.net->parameters->values;
    char before[EBB_DIGEST_HEX_BYTES];
    char after[EBB_DIGEST_HEX_BYTES];
    fixture_succeed(ebb_parameters_digest(before, base.net->parameters), "digest");
    size_t n_seen = 0;
    for (size_t i = 0; i < base.shape.n_floats; i++) {
        const float value = values[i];
        values[i] = 12.5f;
        fixture_succeed(ebb_parameters_digest(after, base.net->parameters), "digest");
        values[i] = value;
        n_seen += strcmp(before, after) != 0;
    }
    assert_int_equal(n_seen, base.shape.n_parameters);
    fixture_clear(&base);
}

/* ---- passes over arenas ------------------------------------------------------------ */

enum { N_RECORDS = 3 };

/* An arena and records of random values, padding included. */
typedef struct arenas {
    ebb_team *team;
    ebb_shape shape;
    ebb_parameters *parameters;
    float *records[N_RECORDS];
    float *before; /* values */
} arenas;

static void open_arenas(arenas *self, size_t n_threads, size_t features)
{
    static const size_t hidden[] = {33, 17, 0};
    ebb_random rng;
    ebb_random_init(&rng, 4, EBB_PURPOSE_TEST, 0, 0);
    self->team = team_of(n_threads);
    describe(&self->shape, features, hidden, 2, 3);
    fixture_succeed(ebb_parameters_create(&self->parameters, &self->shape, self->team),
                    "parameters");
    fixture_succeed(ebb_parameters_arena(&self->before, self->parameters), "arena");
    for (size_t r = 0; r < N_RECORDS; r++) {
        fixture_succeed(ebb_parameters_arena(&self->records[r], self->parameters),
                        "arena");
    }
    for (size_t i = 0; i < self->shape.n_floats; i++) {
        assert_true(self->parameters->values[i] == 0.0f && self->before[i] == 0.0f);
        self->parameters->values[i] = self->before[i] = ebb_random_normal(&rng);
        for (size_t r = 0; r < N_RECORDS; r++) {
            self->records[r][i] = ebb_random_normal(&rng);
        }
    }
}

static void close_arenas(arenas *self)
{
    for (size_t r = 0; r < N_RECORDS; r++) {
        ebb_buffer_free(self->records[r]);
    }
    ebb_buffer_free(self->before);
    ebb_parameters_destroy(self->parameters);
    ebb_team_destroy(self->team);
}

static void check_passes(size_t n_threads, size_t features)
{
    arenas self;
    open_arenas(&self, n_threads, features);
    const size_t n = self.shape.n_floats;
    const float *values = self.parameters->values;
    const uint64_t generation = self.parameters->generation;
    float *other = NULL;
    fixture_succeed(ebb_parameters_arena(&other, self.parameters), "arena");
    ebb_parameters_copy(other, self.parameters);
    assert_memory_equal(other, values, n * sizeof *other);
    memcpy(other, self.records[0], n * sizeof *other);
    ebb_parameters_difference(other, self.parameters);
    for (size_t i = 0; i < n; i++) {
        assert_true(other[i] == values[i] - self.records[0][i]);
    }
    assert_memory_equal(values, self.before, n * sizeof *values);
    assert_true(self.parameters->generation == generation);
    const float *const records[] = {self.records[2], self.records[0], self.records[1]};
    ebb_parameters_subtract(self.parameters, records, 3);
    for (size_t i = 0; i < n; i++) {
        float expected = self.before[i];
        for (size_t r = 0; r < 3; r++) {
            expected -= records[r][i];
        }
        assert_true(values[i] == expected);
    }
    assert_true(self.parameters->generation > generation);
    ebb_buffer_free(other);
    close_arenas(&self);
}

/* The shares of a thread are pages: arenas shorter than one, and of many. */
static void test_passes_are_plain_loops(void **state)
{
    (void)state;
    static const size_t team_sizes[] = {1, 2, 3, 5};
    for (size_t i = 0; i < sizeof team_sizes / sizeof *team_sizes; i++) {
        check_passes(team_sizes[i], 1);
        check_passes(team_sizes[i], 300);
    }
}

static void test_distance(void **state)
{
    (void)state;
    arenas self;
    open_arenas(&self, 2, 5);
    double difference = 0;
    double norm = 0;
    for (size_t i = 0; i < self.shape.n_floats; i++) {
        difference += pow((double)self.before[i] - (double)self.records[0][i], 2);
        norm += pow((double)self.records[0][i], 2);
    }
    const double found = ebb_parameters_distance(self.parameters, self.records[0]);
    assert_true(fabs(found / sqrt(difference / norm) - 1) < 1e-12);
    assert_true(ebb_parameters_distance(self.parameters, self.before) == 0);
    memset(self.parameters->values, 0, self.shape.n_floats * sizeof(float));
    assert_true(fabs(ebb_parameters_distance(self.parameters, self.records[0]) - 1) <
                1e-12);
    memset(self.records[0], 0, self.shape.n_floats * sizeof(float));
    assert_true(ebb_parameters_distance(self.parameters, self.records[0]) == 0);
    close_arenas(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_counts),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_panels),
        cmocka_unit_test(test_refused_shapes),
        cmocka_unit_test(test_uniform_fan_in),
        cmocka_unit_test(test_xavier),
        cmocka_unit_test(test_streams_are_independent),
        cmocka_unit_test(test_padding_is_not_drawn),
        cmocka_unit_test(test_digest_is_of_logical_values),
        cmocka_unit_test(test_digest_sees_parameters_alone),
        cmocka_unit_test(test_passes_are_plain_loops),
        cmocka_unit_test(test_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
