#include "base/vector.h"

#include "base/multiversion.h"

EBB_MULTIVERSION
void ebb_vector_add(float *restrict sum, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sum[i] += x[i];
    }
}
