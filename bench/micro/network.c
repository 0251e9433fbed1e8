#include "network.h"

#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "base/random.h"
#include "net/backbone.h"

enum { FEATURES = 784, CLASSES = 10, SEED = 31, VERIFIED_STEPS = 2 };

static const size_t hidden[] = {256, 256};

/* Of the way that the parameters went; rounding makes 1e-7 to 1e-5, a ReLU that rounding
 * turns off for one sample may make more. That moves all gradients a little, and Adam
 * enlarges those near zero: 2e-3 was seen. A sample left out of 512 makes 4e-2. */
static const double WAY_BOUND = 5e-4;
static const double ADAM_WAY_BOUND = 5e-3;
static const double LOSS_BOUND = 1e-4; /* nats */

/* ---- data ---------------------------------------------------------------------------
 */

static ebb_status make_data(ebb_network *out, const ebb_network_spec *spec)
{
    const ebb_synthetic_spec synthetic = {.n_train = spec->n_samples,
                                          .n_test = spec->n_test > CLASSES ? spec->n_test
                                                                           : CLASSES,
                                          .features = FEATURES,
                                          .classes = CLASSES,
                                          .seed = SEED};
    const ebb_sequence_spec sequence = {
        .n_tasks = 1, .seed = SEED, .permute_first = true};
    EBB_TRY(ebb_dataset_create(&out->dataset, &ebb_dataset_synthetic, NULL, &synthetic));
    EBB_TRY(ebb_sequence_create(&out->sequence, &ebb_sequence_permuted, &sequence,
                                out->dataset));
    EBB_TRY(
        ebb_prepared_init(&out->training, out->sequence, 0, EBB_PART_TRAIN, spec->team));
    return spec->n_test > 0 ? ebb_prepared_init(&out->test, out->sequence, 0,
                                                EBB_PART_TEST, spec->team)
                            : EBB_OK;
}

static ebb_status make_order(ebb_network *out, size_t n)
{
    void *order = NULL;
    ebb_random rng;
    EBB_TRY(ebb_buffer_allocate(&order, n, sizeof *out->order));
    out->order = order;
    out->n_order = n;
    ebb_random_init(&rng, SEED, EBB_PURPOSE_TEST, 1, 0);
    for (size_t i = 0; i < n; i++) {
        out->order[i] = (uint32_t)(i % out->training.n);
    }
    for (size_t i = 0; i < n; i += out->training.n) {
        const size_t left = n - i;
        ebb_random_shuffle(&rng, out->order + i,
                           left < out->training.n ? left : out->training.n);
    }
    return EBB_OK;
}

static ebb_status make_net(ebb_net **out, const ebb_shape *shape, ebb_team *team,
                           const ebb_optimizer *optimizer)
{
    const ebb_optimizer_spec numbers = {
        .learning_rate = optimizer == &ebb_optimizer_adam ? 0.001 : 0.05};
    EBB_TRY(ebb_net_create(out, shape, optimizer, &numbers, team));
    ebb_parameters_initialize((*out)->parameters, EBB_INITIALIZATION_UNIFORM_FAN_IN, SEED,
                              CLASSES);
    ebb_net_refresh(*out);
    return EBB_OK;
}

ebb_status ebb_network_init(ebb_network *out, const ebb_network_spec *spec)
{
    *out = (ebb_network){.target = {.class_end = CLASSES}};
    EBB_TRY(make_data(out, spec));
    EBB_TRY(make_order(out, spec->n_order));
    EBB_TRY(ebb_backbone_mlp.describe(&out->shape, FEATURES, hidden,
                                      sizeof hidden / sizeof *hidden));
    EBB_TRY(ebb_shape_add_head(&out->shape, CLASSES));
    ebb_shape_set_panel(&out->shape, spec->panel);
    EBB_TRY(make_net(&out->net, &out->shape, spec->team, spec->optimizer));
    EBB_TRY(ebb_parameters_arena(&out->start, out->net->parameters));
    ebb_parameters_copy(out->start, out->net->parameters);
    return EBB_OK;
}

void ebb_network_clear(ebb_network *network)
{
    ebb_buffer_free(network->start);
    ebb_buffer_free(network->order);
    ebb_net_destroy(network->net);
    ebb_prepared_clear(&network->training);
    ebb_prepared_clear(&network->test);
    ebb_sequence_destroy(network->sequence);
    ebb_dataset_destroy(network->dataset);
    *network = (ebb_network){0};
}

/* ---- steps --------------------------------------------------------------------------
 */

/* Each thread restores what it owns, so that it lies in its caches. */
static void restore_share(void *argument, size_t thread)
{
    const ebb_network *network = argument;
    ebb_net *net = network->net;
    const size_t n_threads = ebb_team_size(net->team);
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, network->shape.n_floats, EBB_LAYER_GRAIN, thread,
                   n_threads);
    const size_t bytes = (end - begin) * sizeof(float);
    memcpy(net->parameters->values + begin, network->start + begin, bytes);
    if (net->first != NULL) {
        memset(net->first + begin, 0, bytes);
    }
    if (net->second != NULL) {
        memset(net->second + begin, 0, bytes);
    }
}

ebb_status ebb_network_rewind(ebb_network *network)
{
    ebb_net *net = network->net;
    ebb_team_run(net->team, restore_share, network);
    net->parameters->generation++;
    net->backbone_steps = 0;
    memset(net->head_steps, 0, sizeof net->head_steps);
    ebb_net_refresh(net);
    return EBB_OK;
}

ebb_status ebb_network_train(ebb_network *network, ebb_program *program,
                             const ebb_network_steps *steps)
{
    const ebb_training training = {
        .rows = &network->training.rows,
        .order = network->order,
        .n_steps = steps->n_steps,
        .target = network->target,
        .loss = steps->loss,
        .correct = steps->correct,
        .step_ns = steps->step_ns,
    };
    return ebb_program_train(program, &training);
}

/* ---- proof --------------------------------------------------------------------------
 */

typedef struct trace {
    double loss[VERIFIED_STEPS];
    uint32_t correct[VERIFIED_STEPS];
    uint64_t step_ns[VERIFIED_STEPS];
} trace;

static ebb_status follow(trace *out, ebb_network *network, ebb_program *program)
{
    const ebb_network_steps steps = {VERIFIED_STEPS, out->loss, out->correct,
                                     out->step_ns};
    return ebb_network_train(network, program, &steps);
}

/* A layer of `in`, laid out in rows, into the place that it has in `out`. */
static void place_layer(float *out, const ebb_layer *to, const float *in,
                        const ebb_layer *from)
{
    for (size_t row = 0; row <= from->in_leading; row++) {
        for (size_t column = 0; column < from->leading; column++) {
            out[ebb_layer_at(to, row, column)] = in[ebb_layer_at(from, row, column)];
        }
    }
}

static void place(float *out, const ebb_shape *to, const ebb_parameters *from)
{
    for (size_t l = 0; l < to->n_backbone; l++) {
        place_layer(out, &to->backbone[l], from->values, &from->shape->backbone[l]);
    }
    for (size_t h = 0; h < to->n_heads; h++) {
        place_layer(out, &to->heads[h], from->values, &from->shape->heads[h]);
    }
}

/* The same steps on a network of its own, by the strategy in plain loops. */
static ebb_status follow_reference(trace *out, float *values, ebb_network *network,
                                   size_t n_rows)
{
    ebb_net *own = network->net;
    ebb_net *other = NULL;
    ebb_program *program = NULL;
    ebb_shape rows = network->shape;
    ebb_shape_set_panel(&rows, 0);
    ebb_status status = make_net(&other, &rows, own->team, own->optimizer);
    if (status == EBB_OK) {
        status = ebb_strategy_reference.compile_train(&program, other, n_rows);
    }
    if (status == EBB_OK) {
        status = follow(out, network, program);
    }
    if (status == EBB_OK) {
        place(values, &network->shape, other->parameters);
    }
    ebb_program_destroy(program);
    ebb_net_destroy(other);
    return status;
}

/* ‖found − expected‖ / ‖expected − start‖. */
static double relative_way(const ebb_network *network, const float *expected)
{
    const float *found = network->net->parameters->values;
    double difference = 0.0;
    double way = 0.0;
    for (size_t i = 0; i < network->shape.n_floats; i++) {
        const double d = (double)found[i] - (double)expected[i];
        const double w = (double)expected[i] - (double)network->start[i];
        difference += d * d;
        way += w * w;
    }
    return sqrt(difference / way);
}

static ebb_status compare(const ebb_network *network, const char *name,
                          const trace *found, const trace *expected, const float *values)
{
    for (size_t i = 0; i < VERIFIED_STEPS; i++) {
        if (!(fabs(found->loss[i] - expected->loss[i]) <= LOSS_BOUND)) {
            return ebb_fail(EBB_ERR_WRONG,
                            "%s: loss of batch %zu: %.9g (%.9g within %.2g)", name, i + 1,
                            found->loss[i], expected->loss[i], LOSS_BOUND);
        }
    }
    const double way = relative_way(network, values);
    const bool adam = network->net->optimizer == &ebb_optimizer_adam;
    const double bound = adam ? ADAM_WAY_BOUND : WAY_BOUND;
    if (!(way <= bound)) {
        return ebb_fail(EBB_ERR_WRONG,
                        "%s: parameters went %.2g of their way beside plain loops (%.2g)",
                        name, way, bound);
    }
    return EBB_OK;
}

ebb_status ebb_network_verify(ebb_network *network, const char *name,
                              ebb_program *program)
{
    trace found;
    trace expected;
    float *values = NULL;
    EBB_TRY(ebb_parameters_arena(&values, network->net->parameters));
    ebb_status status = follow_reference(&expected, values, network, program->n_rows);
    if (status == EBB_OK) {
        status = ebb_network_rewind(network);
    }
    if (status == EBB_OK) {
        status = follow(&found, network, program);
    }
    if (status == EBB_OK) {
        status = compare(network, name, &found, &expected, values);
    }
    ebb_buffer_free(values);
    return status;
}

/* FNV-1a over words (Fowler, Noll, Vo). */
uint64_t ebb_network_hash(const ebb_network *network)
{
    const float *values = network->net->parameters->values;
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < network->shape.n_floats; i++) {
        uint32_t word = 0;
        memcpy(&word, &values[i], sizeof word);
        hash = (hash ^ word) * 0x100000001b3U;
    }
    return hash;
}
