#include "base/vector.h"

#include <string.h>

#include "base/multiversion.h"

EBB_MULTIVERSION
void ebb_vector_add(float *restrict sum, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sum[i] += x[i];
    }
}

/* Generic vectors of GCC and clang: eight floats, whatever the instruction set. */
enum { LANES = 8 };
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

/* Halves of pairs, of quadruples, then of whole vectors change places. */
#define PAIR_LOW(a, b)  __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define PAIR_HIGH(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define QUAD_LOW(a, b)  __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define QUAD_HIGH(a, b) __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define HALF_LOW(a, b)  __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define HALF_HIGH(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)

static inline __attribute__((always_inline)) void
transpose_block(float *out, size_t out_leading, const float *in, size_t in_leading)
{
    lanes r[LANES];
    lanes t[LANES];
    for (size_t i = 0; i < LANES; i++) {
        memcpy(&r[i], in + i * in_leading, sizeof r[i]);
    }
    for (size_t i = 0; i < LANES; i += 2) {
        t[i] = PAIR_LOW(r[i], r[i + 1]);
        t[i + 1] = PAIR_HIGH(r[i], r[i + 1]);
    }
    for (size_t i = 0; i < LANES; i += 4) {
        r[i] = QUAD_LOW(t[i], t[i + 2]);
        r[i + 1] = QUAD_HIGH(t[i], t[i + 2]);
        r[i + 2] = QUAD_LOW(t[i + 1], t[i + 3]);
        r[i + 3] = QUAD_HIGH(t[i + 1], t[i + 3]);
    }
    for (size_t i = 0; i < LANES / 2; i++) {
        t[i] = HALF_LOW(r[i], r[i + 4]);
        t[i + 4] = HALF_HIGH(r[i], r[i + 4]);
    }
    for (size_t i = 0; i < LANES; i++) {
        memcpy(out + i * out_leading, &t[i], sizeof t[i]);
    }
}

static void transpose_rest(float *out, size_t out_leading, const float *in,
                           size_t in_leading, size_t n_rows, size_t n_columns)
{
    for (size_t j = 0; j < n_columns; j++) {
        for (size_t i = 0; i < n_rows; i++) {
            out[j * out_leading + i] = in[i * in_leading + j];
        }
    }
}

EBB_MULTIVERSION
void ebb_vector_transpose(float *out, size_t out_leading, const float *in,
                          size_t in_leading, size_t n_rows, size_t n_columns)
{
    const size_t whole_rows = n_rows / LANES * LANES;
    const size_t whole_columns = n_columns / LANES * LANES;
    /* Two blocks below each other fill the cache lines they write. */
    for (size_t pair = 0; pair < whole_rows; pair += 2 * (size_t)LANES) {
        const size_t end = pair + 2 * LANES < whole_rows ? pair + 2 * LANES : whole_rows;
        for (size_t j = 0; j < whole_columns; j += LANES) {
            for (size_t i = pair; i < end; i += LANES) {
                transpose_block(out + j * out_leading + i, out_leading,
                                in + i * in_leading + j, in_leading);
            }
        }
    }
    transpose_rest(out + whole_columns * out_leading, out_leading, in + whole_columns,
                   in_leading, whole_rows, n_columns - whole_columns);
    transpose_rest(out + whole_rows, out_leading, in + whole_rows * in_leading,
                   in_leading, n_rows - whole_rows, n_columns);
}
