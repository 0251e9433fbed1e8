/* Adam (Kingma and Ba 2015, algorithm 1) with β1 = 0.9, β2 = 0.999, ε = 1e-8 and coupled
 * weight decay, in the order of operations that PyTorch documents:
 *     g ← g + λθ,  m ← β1 m + (1−β1) g,  v ← β2 v + (1−β2) g²,
 *     θ ← θ − η/(1−β1^t) · m / (√v / √(1−β2^t) + ε). */
#include <math.h>

#include "base/multiversion.h"
#include "net/optimizer.h"

static const double BETA1 = 0.9;
static const double BETA2 = 0.999;
static const double EPSILON = 1e-8;

static void prepare(ebb_optimizer_step *out, const ebb_optimizer_spec *spec,
                    unsigned long step_count)
{
    const double t = (double)step_count;
    *out = (ebb_optimizer_step){
        .learning_rate = (float)(spec->learning_rate / (1.0 - pow(BETA1, t))),
        .weight_decay = (float)spec->weight_decay,
        .inverse_root_correction = (float)(1.0 / sqrt(1.0 - pow(BETA2, t))),
    };
}

EBB_MULTIVERSION
static void update(const ebb_optimizer_step *step, size_t n, float *restrict value,
                   float *restrict first, float *restrict second,
                   const float *restrict gradient)
{
    const float rate = step->learning_rate;
    const float decay = step->weight_decay;
    const float correction = step->inverse_root_correction;
    for (size_t i = 0; i < n; i++) {
        const float g = gradient[i] + decay * value[i];
        const float m = first[i] * 0.9f + 0.1f * g;
        const float v = second[i] * 0.999f + 0.001f * (g * g);
        first[i] = m;
        second[i] = v;
        value[i] -= rate * (m / (sqrtf(v) * correction + 1e-8f));
    }
}

static double reference(const ebb_optimizer_spec *spec, unsigned long step_count,
                        double value, float *first, float *second, double gradient)
{
    const double g = gradient + spec->weight_decay * value;
    const double m = BETA1 * (double)*first + (1.0 - BETA1) * g;
    const double v = BETA2 * (double)*second + (1.0 - BETA2) * g * g;
    *first = (float)m;
    *second = (float)v;
    const double unbiased_m = m / (1.0 - pow(BETA1, (double)step_count));
    const double unbiased_v = v / (1.0 - pow(BETA2, (double)step_count));
    return value - spec->learning_rate * unbiased_m / (sqrt(unbiased_v) + EPSILON);
}

const ebb_optimizer ebb_optimizer_adam = {
    .choice = {"adam", "adaptive moment estimation, β 0.9 and 0.999, ε 1e-8"},
    .n_moments = 2,
    .uses_momentum = false,
    .prepare = prepare,
    .update = update,
    .reference = reference,
};
