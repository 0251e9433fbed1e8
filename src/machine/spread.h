/* spread.h - the middle and the ends of a few repeated measurements. */
#ifndef EBB_MACHINE_SPREAD_H
#define EBB_MACHINE_SPREAD_H

#include <stddef.h>

typedef struct ebb_spread {
    double median, low, high; /* lowest and highest */
} ebb_spread;

/* Sorts samples (n of them); all NaN for none. */
ebb_spread ebb_spread_of(double *samples, size_t n);

#endif
