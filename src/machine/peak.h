/* peak.h - the highest rate of fused multiply-adds that a team reaches.
 *
 * A loop over independent FMA chains held in registers, with the widest vectors the
 * processor has (chosen at run time: AVX-512, AVX2 with FMA, or plain), on every thread
 * of the team at once. Nothing is read from memory. */
#ifndef EBB_MACHINE_PEAK_H
#define EBB_MACHINE_PEAK_H

#include "machine/team.h"

typedef struct ebb_peak {
    double gflops;    /* median over the rounds, all threads together */
    double low, high; /* lowest and highest round */
    const char *isa;  /* "avx512", "avx2", "scalar"; static */
} ebb_peak;

/* Runs `rounds` rounds of about round_ns each. Both at least 1. */
void ebb_peak_measure(ebb_peak *out, ebb_team *team, int rounds, uint64_t round_ns);

#endif
