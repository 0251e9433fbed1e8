#include "expect.h"

#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "base/multiversion.h"

enum { SEED = 17, GRAIN_FLOATS = 1024 };

ebb_status ebb_expect_near(const char *name, const ebb_expect_matrix *matrix,
                           const double *expected, double tolerance)
{
    for (size_t i = 0; i < matrix->n_rows; i++) {
        for (size_t j = 0; j < matrix->n_columns; j++) {
            const double found = (double)matrix->found[i * matrix->leading + j];
            const double wanted = expected[i * matrix->n_columns + j];
            if (!(fabs(found - wanted) <= tolerance)) {
                return ebb_fail(EBB_ERR_WRONG,
                                "%s: row %zu, column %zu: %.9g (%.9g within %.2g)", name,
                                i, j, found, wanted, tolerance);
            }
        }
    }
    return EBB_OK;
}

ebb_status ebb_expect_same(const char *name, const float *found, const float *expected,
                           size_t n)
{
    const unsigned char *a = (const void *)found;
    const unsigned char *b = (const void *)expected;
    if (memcmp(a, b, n * sizeof *found) == 0) {
        return EBB_OK;
    }
    size_t i = 0;
    while (memcmp(a + i * sizeof *found, b + i * sizeof *found, sizeof *found) == 0) {
        i++;
    }
    return ebb_fail(EBB_ERR_WRONG, "%s: element %zu: %.9g (%.9g to the last bit)", name,
                    i, (double)found[i], (double)expected[i]);
}

void ebb_expect_poison(float *out, size_t n)
{
    memset(out, 0xff, n * sizeof *out);
}

void ebb_expect_fill(float *out, size_t n, float scale, uint32_t stream)
{
    ebb_random rng;
    ebb_random_init(&rng, SEED, EBB_PURPOSE_TEST, stream, 0);
    for (size_t i = 0; i < n; i++) {
        out[i] = (2.0f * ebb_random_unit(&rng) - 1.0f) * scale;
    }
}

typedef struct touch {
    ebb_team *team;
    float *floats;
    size_t n;
} touch;

static void touch_share(void *argument, size_t thread)
{
    const touch *self = argument;
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, self->n, GRAIN_FLOATS, thread,
                   ebb_team_size(self->team));
    memset(self->floats + begin, 0, (end - begin) * sizeof *self->floats);
}

ebb_status ebb_expect_floats(float **out, size_t n, ebb_team *team)
{
    void *memory = NULL;
    *out = NULL;
    EBB_TRY(ebb_buffer_allocate(&memory, n, sizeof **out));
    *out = memory;
    touch self = {team, *out, n};
    ebb_team_run(team, touch_share, &self);
    return EBB_OK;
}

EBB_MULTIVERSION
static void add_scaled(double *restrict sum, double factor, const float *restrict row,
                       size_t n)
{
    for (size_t j = 0; j < n; j++) {
        sum[j] += factor * (double)row[j];
    }
}

void ebb_expect_product(double *c, const float *a, const float *b, const size_t mnk[3],
                        bool transposed)
{
    const size_t m = mnk[0];
    const size_t n = mnk[1];
    const size_t k = mnk[2];
    memset(c, 0, m * n * sizeof *c);
    for (size_t i = 0; i < m; i++) {
        for (size_t l = 0; l < k; l++) {
            const float factor = transposed ? a[l * m + i] : a[i * k + l];
            add_scaled(c + i * n, (double)factor, b + l * n, n);
        }
    }
}
