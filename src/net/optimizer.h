/* optimizer.h - how parameters move along their gradients.
 *
 * A row holds one loop over n consecutive parameters; the strategies call it on whatever
 * piece they own, as often as they like, so it keeps no state but its arguments. */
#ifndef EBB_NET_OPTIMIZER_H
#define EBB_NET_OPTIMIZER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/choice.h"

typedef struct ebb_optimizer_spec {
    double learning_rate, momentum, weight_decay;
} ebb_optimizer_spec;

/* The numbers of one step, made once a step from the spec and the step count. */
typedef struct ebb_optimizer_step {
    float learning_rate; /* Adam: already divided by 1 − beta1^t */
    float momentum, weight_decay;
    float inverse_root_correction; /* Adam: 1 / sqrt(1 − beta2^t) */
} ebb_optimizer_step;

typedef struct ebb_optimizer {
    ebb_choice choice;
    size_t n_moments;   /* 0, 1 or 2 arenas of state */
    bool uses_momentum; /* --momentum means something */
    /* step_count is 1 for the first step after a reset. */
    void (*prepare)(ebb_optimizer_step *out, const ebb_optimizer_spec *spec,
                    unsigned long step_count);
    /* value, first and second moment and gradient of the same n parameters; moments that
     * the row does not have are not read. */
    void (*update)(const ebb_optimizer_step *step, size_t n, float *value, float *first,
                   float *second, const float *gradient);
    /* Where the update is value = beta · value + alpha · gradient, tells alpha and beta
     * and returns true: the product that makes the gradient can then move the values
     * itself. Optional: NULL means never. */
    bool (*linear)(float *alpha, float *beta, const ebb_optimizer_step *step);
    /* One parameter in double precision, written from the publication's formulas and not
     * from update: the oracle. Moments are rounded to float between steps. */
    double (*reference)(const ebb_optimizer_spec *spec, unsigned long step_count,
                        double value, float *first, float *second, double gradient);
} ebb_optimizer;

extern const ebb_optimizer ebb_optimizer_adam, ebb_optimizer_sgd;

const ebb_choice *ebb_optimizer_choice(size_t index);
const ebb_optimizer *ebb_optimizer_at(size_t index);

#endif
