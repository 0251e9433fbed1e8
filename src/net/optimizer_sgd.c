/* Stochastic gradient descent with momentum (Polyak 1964, in the form of Sutskever et al.
 * 2013 without dampening) and coupled weight decay:
 *     g ← g + λθ,  v ← μv + g,  θ ← θ − ηv. */
#include "base/multiversion.h"
#include "net/optimizer.h"

static void prepare(ebb_optimizer_step *out, const ebb_optimizer_spec *spec,
                    unsigned long step_count)
{
    (void)step_count;
    *out = (ebb_optimizer_step){.learning_rate = (float)spec->learning_rate,
                                .momentum = (float)spec->momentum,
                                .weight_decay = (float)spec->weight_decay};
}

EBB_MULTIVERSION
static void update(const ebb_optimizer_step *step, size_t n, float *restrict value,
                   float *restrict first, float *second, const float *restrict gradient)
{
    (void)second;
    const float rate = step->learning_rate;
    const float momentum = step->momentum;
    const float decay = step->weight_decay;
    if (momentum == 0.0f) {
        for (size_t i = 0; i < n; i++) {
            value[i] -= rate * (gradient[i] + decay * value[i]);
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        first[i] = momentum * first[i] + (gradient[i] + decay * value[i]);
        value[i] -= rate * first[i];
    }
}

/* Not with weight decay: 1 − ηλ in float would round small decays away. */
static bool linear(float *alpha, float *beta, const ebb_optimizer_step *step)
{
    *alpha = -step->learning_rate;
    *beta = 1.0f;
    return step->momentum == 0.0f && step->weight_decay == 0.0f;
}

static double reference(const ebb_optimizer_spec *spec, unsigned long step_count,
                        double value, float *first, float *second, double gradient)
{
    (void)step_count;
    (void)second;
    const double decayed = gradient + spec->weight_decay * value;
    const double velocity = spec->momentum * (double)*first + decayed;
    *first = (float)velocity;
    return value - spec->learning_rate * velocity;
}

const ebb_optimizer ebb_optimizer_sgd = {
    .choice = {"sgd", "stochastic gradient descent, optional momentum"},
    .n_moments = 1,
    .uses_momentum = true,
    .prepare = prepare,
    .update = update,
    .linear = linear,
    .reference = reference,
};
