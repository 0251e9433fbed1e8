#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "base/random.h"
#include "walk.h"

static void succeed(ebb_status status)
{
    if (status != EBB_OK) {
        fail_msg("status %d: %s", (int)status, ebb_last_error());
    }
}

static float draw(ebb_random *rng)
{
    return ebb_random_normal(rng) *
           (float)pow(10.0, (double)ebb_random_below(rng, 10) - 6.0);
}

void walk_init(walk *self)
{
    memset(self, 0, sizeof *self);
    succeed(ebb_team_create(&self->team, 2));
    ebb_shape_init(&self->shape, 49);
    succeed(ebb_shape_add_layer(&self->shape, 100));
    succeed(ebb_shape_add_layer(&self->shape, 17));
    for (size_t h = 0; h < 3; h++) {
        succeed(ebb_shape_add_head(&self->shape, 10));
    }
    succeed(ebb_parameters_create(&self->parameters, &self->shape, self->team));
    self->size_bytes = self->shape.n_floats * sizeof(float);
    ebb_random rng;
    ebb_random_init(&rng, 1, EBB_PURPOSE_TEST, 0, 0);
    for (size_t i = 0; i < self->shape.n_floats; i++) {
        self->parameters->values[i] = draw(&rng);
    }
}

void walk_clear(walk *self)
{
    ebb_parameters_destroy(self->parameters);
    ebb_team_destroy(self->team);
}

void walk_step(walk *self)
{
    ebb_random rng;
    ebb_random_init(&rng, 1, EBB_PURPOSE_TEST, ++self->n_steps_done, 0);
    for (size_t i = 0; i < self->shape.n_floats; i++) {
        float *value = &self->parameters->values[i];
        *value += i % 5 == 0 ? draw(&rng) : 0.01f * *value * ebb_random_normal(&rng);
    }
}

float *walk_snapshot(const walk *self)
{
    float *out = NULL;
    succeed(ebb_parameters_arena(&out, self->parameters));
    memcpy(out, self->parameters->values, self->size_bytes);
    return out;
}

bool walk_is_at(const walk *self, const float *snapshot)
{
    return memcmp(self->parameters->values, snapshot, self->size_bytes) == 0;
}

void walk_check_back(const walk *self, const float *start, const float *end)
{
    for (size_t i = 0; i < self->shape.n_floats; i++) {
        const float larger = fmaxf(fabsf(start[i]), fabsf(end[i]));
        const float unit = nextafterf(larger, INFINITY) - larger;
        const float value = self->parameters->values[i];
        if (!(fabsf(value - start[i]) <= unit)) {
            fail_msg("float %zu: %.9g, was %.9g before it became %.9g", i, (double)value,
                     (double)start[i], (double)end[i]);
        }
    }
}
