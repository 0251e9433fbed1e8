/* vector.h - loops over consecutive floats that several layers need. */
#ifndef EBB_BASE_VECTOR_H
#define EBB_BASE_VECTOR_H

#include <stddef.h>

/* sum[i] += x[i]. The arrays do not overlap. */
void ebb_vector_add(float *sum, const float *x, size_t n);

#endif
