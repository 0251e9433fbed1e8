/* expect.h - what came out against what should have. */
#ifndef EBB_BENCH_MICRO_EXPECT_H
#define EBB_BENCH_MICRO_EXPECT_H

#include <stdint.h>

#include "base/random.h"
#include "micro.h"

typedef struct ebb_expect_matrix {
    const float *found; /* n_rows x n_columns, leading apart */
    size_t leading, n_rows, n_columns;
} ebb_expect_matrix;

/* Every element within tolerance of expected (n_rows x n_columns, dense). EBB_ERR_WRONG
 * with the first that is not, NaN included. */
ebb_status ebb_expect_near(const char *name, const ebb_expect_matrix *matrix,
                           const double *expected, double tolerance);
/* The same bits as in expected, laid out like found. EBB_ERR_WRONG with the first place.
 */
ebb_status ebb_expect_same(const char *name, const float *found, const float *expected,
                           size_t n);

/* NaN everywhere: what is not written is found. */
void ebb_expect_poison(float *out, size_t n);
/* Uniform in (−scale, scale), from the stream of tests with this number. */
void ebb_expect_fill(float *out, size_t n, float scale, uint32_t stream);

/* Zeroed floats that each thread of the team has touched its part of; ebb_buffer_free. */
ebb_status ebb_expect_floats(float **out, size_t n, ebb_team *team);

/* c = a · b in double precision: a is m x k, or k x m where transposed; dense, as all. */
void ebb_expect_product(double *c, const float *a, const float *b, const size_t mnk[3],
                        bool transposed);

#endif
