#include "machine/spread.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

ebb_spread ebb_spread_of(double *samples, size_t n)
{
    if (n == 0) {
        return (ebb_spread){(double)NAN, (double)NAN, (double)NAN};
    }
    qsort(samples, n, sizeof *samples, compare);
    const size_t middle = n / 2;
    return (ebb_spread){
        .median =
            n % 2 == 1 ? samples[middle] : 0.5 * (samples[middle - 1] + samples[middle]),
        .low = samples[0],
        .high = samples[n - 1],
    };
}
