/* microkernel.h - oneDNN's BRGEMM micro-kernels, where the library has them.
 *
 * Machine code for one matrix product of fixed shape, called without a primitive around
 * it: from oneDNN 3.6 on, in builds with ONEDNN_EXPERIMENTAL_UKERNEL. They run at the
 * peak from five rows up, which primitives and sgemm do only for larger products, and
 * always on the calling thread. Which kernel computes a product is a function of shape,
 * library and processor, never of a timing.
 *
 * A part of onednn.h, and included by it alone. */
#ifndef EBB_NET_MICROKERNEL_H
#define EBB_NET_MICROKERNEL_H

#include "net/onednn.h"

bool ebb_microkernel_exists(void); /* in the library that this was built with */

/* Code and nothing else: may be shared by products of one shape on one thread. */
typedef struct ebb_microkernel ebb_microkernel;

/* Owned by the caller. NULL, without a message, where the library has none for the
 * shape. */
ebb_microkernel *ebb_microkernel_create(const ebb_matmul_shape *shape);
/* y = relu?(x · w + bias); bias as the shape says. */
ebb_status ebb_microkernel_run(const ebb_microkernel *kernel, const float *x,
                               const float *w, const float *bias, float *y);
void ebb_microkernel_destroy(ebb_microkernel *kernel); /* NULL is allowed */

#endif
