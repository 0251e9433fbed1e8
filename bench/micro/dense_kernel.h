/* dense_kernel.h - one thread's rows of a matrix product, by several means. */
#ifndef EBB_BENCH_MICRO_DENSE_KERNEL_H
#define EBB_BENCH_MICRO_DENSE_KERNEL_H

#include "net/onednn.h"

typedef enum ebb_dense_means {
    EBB_DENSE_MATMUL, /* oneDNN's primitive */
    EBB_DENSE_MICRO,  /* its micro-kernel, where it has one */
    EBB_DENSE_SGEMM,  /* its BLAS function */
    EBB_DENSE_LOOPS,  /* plain C, what the compiler makes of it */
    EBB_DENSE_MEANS_COUNT
} ebb_dense_means;

const char *ebb_dense_means_name(ebb_dense_means means);

/* c = a · b, and relu(… + bias) where bias is not NULL. Dense matrices: a is m x k, or k
 * x m where transposed (not for the primitive); b is k x n, c is m x n. */
typedef struct ebb_dense_shape {
    size_t m, n, k;
    bool transposed;
    const float *a, *b, *bias;
    float *c;
} ebb_dense_shape;

typedef struct ebb_dense_kernel {
    ebb_dense_means means; /* set before init */
    ebb_dense_shape shape;
    size_t begin, end; /* rows of c */
    ebb_onednn *onednn;
    ebb_matmul *matmul;
    ebb_product product;
} ebb_dense_kernel;

/* Inside ebb_team_run, by the thread that will run it; out is zero but for means. Fails
 * with EBB_ERR_MISSING where the library has no such kernel. */
ebb_status ebb_dense_kernel_init(ebb_dense_kernel *out, const ebb_dense_shape *shape,
                                 size_t thread, size_t n_threads);
/* Without a message. */
ebb_status ebb_dense_kernel_run(const ebb_dense_kernel *kernel);
void ebb_dense_kernel_clear(ebb_dense_kernel *kernel); /* a zeroed one is allowed */

#endif
