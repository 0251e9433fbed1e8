/* network.h - a network with something to learn, for the benchmarks of whole steps.
 *
 * 784 inputs, two hidden layers, ten classes; generated images, permuted, in an order
 * that is drawn once. The same numbers for every team. */
#ifndef EBB_BENCH_MICRO_NETWORK_H
#define EBB_BENCH_MICRO_NETWORK_H

#include "data/rows.h"
#include "expect.h"
#include "net/program.h"
#include "net/strategy.h"

typedef struct ebb_network_spec {
    ebb_team *team;
    const ebb_optimizer *optimizer;
    size_t panel;     /* as the strategy wants the weights */
    size_t n_samples; /* of training */
    size_t n_test;    /* 0: no test images */
    size_t n_order;   /* entries of order: samples again and again */
} ebb_network_spec;

typedef struct ebb_network {
    ebb_shape shape;
    ebb_net *net;
    ebb_dataset *dataset;
    ebb_sequence *sequence;
    ebb_prepared training, test;
    uint32_t *order;
    size_t n_order;
    ebb_target target;
    float *start; /* values it begins with */
} ebb_network;

/* On failure the caller still calls clear. */
ebb_status ebb_network_init(ebb_network *out, const ebb_network_spec *spec);
void ebb_network_clear(ebb_network *network);

/* Back to the start: values, moments, counters, derived copies. */
ebb_status ebb_network_rewind(ebb_network *network);

/* n_steps of a program from the beginning of the order; loss, correct and step_ns hold
 * n_steps. */
typedef struct ebb_network_steps {
    size_t n_steps;
    double *loss;
    uint32_t *correct;
    uint64_t *step_ns;
} ebb_network_steps;

ebb_status ebb_network_train(ebb_network *network, ebb_program *program,
                             const ebb_network_steps *steps);

/* Two steps of a program on batches of n_rows, from the start, against those of the
 * strategy in plain loops: losses, and the way that the parameters went. EBB_ERR_WRONG.
 */
ebb_status ebb_network_verify(ebb_network *network, const char *name,
                              ebb_program *program);

/* Some hash of all values. */
uint64_t ebb_network_hash(const ebb_network *network);

#endif
