/* onednn.h - the little of oneDNN that ebb uses, in the shape of version 3.
 *
 * With microkernel.h the only place that includes a oneDNN header; version 2.6 is adapted
 * behind it. All objects belong to the thread that creates them, inside ebb_team_run: a
 * primitive keeps the number of threads it was created for, and the team sets that to
 * one. Scratchpads are ours, because the library's own one is bound to a thread.
 *
 * Matrices are row-major; `leading` is the distance between rows in floats. */
#ifndef EBB_NET_ONEDNN_H
#define EBB_NET_ONEDNN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* "2.6.3", and the name of the instruction set its kernels use here. out holds n bytes.
 */
void ebb_onednn_version(char *out, size_t n);
void ebb_onednn_isa(char *out, size_t n);
/* EBB_ERR_ENVIRONMENT when the library was built for a threading runtime (TBB, …) that a
 * parallel region cannot contain. */
ebb_status ebb_onednn_check_runtime(void);

/* Does the library that ebb was built with have micro-kernels, see net/microkernel.h? */
bool ebb_onednn_has_microkernels(void);

/* Engine and stream of one thread. */
typedef struct ebb_onednn ebb_onednn;
ebb_status ebb_onednn_create(ebb_onednn **out);
void ebb_onednn_destroy(ebb_onednn *onednn); /* NULL is allowed */

/* y = relu?(x · w + bias): x is m x k, w is k x n, bias n floats or NULL. */
typedef struct ebb_matmul_shape {
    size_t m, n, k;
    size_t x_leading, w_leading, y_leading;
    bool bias, relu;
    bool primitive; /* no micro-kernel: a primitive, which may use threads of its own */
} ebb_matmul_shape;

typedef struct ebb_matmul ebb_matmul;

/* A micro-kernel where the library has them and k · n is at most 128 Ki, else a
 * primitive. Owned by the caller; borrows onednn. Fails with EBB_ERR_ENVIRONMENT, naming
 * the shape.
 */
ebb_status ebb_matmul_create(ebb_matmul **out, ebb_onednn *onednn,
                             const ebb_matmul_shape *shape);
/* The same, but NULL in place of a primitive. */
ebb_status ebb_matmul_create_microkernel(ebb_matmul **out, ebb_onednn *onednn,
                                         const ebb_matmul_shape *shape);
/* Where the operands lie; may be called again between steps, by any thread. */
void ebb_matmul_bind(ebb_matmul *matmul, const float *x, const float *w,
                     const float *bias, float *y);
/* Runs on the calling thread. EBB_ERR_FAILED, without a message, when the library
 * refuses: with bound operands and our own scratchpad it has no reason to. */
ebb_status ebb_matmul_run(const ebb_matmul *matmul);
/* Name of the library's implementation, "brg:avx512_core", or "micro-kernel"; borrowed.
 */
const char *ebb_matmul_kernel(const ebb_matmul *matmul);
bool ebb_matmul_is_microkernel(const ebb_matmul *matmul);
void ebb_matmul_destroy(ebb_matmul *matmul); /* NULL is allowed */

/* c = alpha · a' · b + beta · c, where a' is a (m x k), or its transpose (a is k x m)
 * when transposed is set; b is k x n, c is m x n. With beta = 0 what c held does not
 * matter. */
typedef struct ebb_product {
    size_t m, n, k;
    const float *a, *b;
    float *c;
    size_t a_leading, b_leading, c_leading;
    float alpha, beta;
    bool transposed;
} ebb_product;

/* Runs on the calling thread. */
ebb_status ebb_product_run(const ebb_product *product);

/* Runs it into c with beta 0 and 1, so that the library makes its kernels now and not in
 * the first step. Fails with EBB_ERR_ENVIRONMENT. A product without a (a bias) is left
 * alone. */
ebb_status ebb_product_warm(const ebb_product *product);

#endif
