#include "net/loss.h"

#include <math.h>

static size_t largest(const float *z, const ebb_target *target)
{
    size_t best = target->class_begin;
    for (size_t c = best + 1; c < target->class_end; c++) {
        best = z[c] > z[best] ? c : best;
    }
    return best;
}

/* Writes exp(z − max) over the row's classes where out is not NULL; returns their sum. */
static float exponentials(float *out, const float *z, float max, const ebb_target *target)
{
    float sum = 0;
    for (size_t c = target->class_begin; c < target->class_end; c++) {
        const float e = expf(z[c] - max);
        sum += e;
        if (out != NULL) {
            out[c] = e;
        }
    }
    return sum;
}

void ebb_loss_evaluate(const ebb_loss_block *block, const ebb_target *target)
{
    for (size_t r = 0; r < block->n; r++) {
        const float *z = block->logits + r * block->leading;
        const size_t label = target->label_offset + block->labels[r];
        const size_t best = largest(z, target);
        const float sum = exponentials(NULL, z, z[best], target);
        block->loss[r] = logf(sum) - (z[label] - z[best]);
        block->correct[r] = best == label;
    }
}

void ebb_loss_differentiate(const ebb_loss_block *block, const ebb_target *target,
                            float scale)
{
    for (size_t r = 0; r < block->n; r++) {
        float *z = block->logits + r * block->leading;
        const size_t label = target->label_offset + block->labels[r];
        const size_t best = largest(z, target);
        const float margin = z[label] - z[best];
        const float sum = exponentials(z, z, z[best], target);
        block->loss[r] = logf(sum) - margin;
        block->correct[r] = best == label;
        const float factor = scale / sum;
        for (size_t c = 0; c < block->leading; c++) {
            const bool active = c >= target->class_begin && c < target->class_end;
            z[c] = active ? z[c] * factor : 0.0f;
        }
        z[label] -= scale;
    }
}
