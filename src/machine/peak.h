/* peak.h - the highest rate of multiply-adds that a team reaches.
 *
 * A loop over independent chains held in registers, on every thread of the team at once.
 * Nothing is read from memory. Which vectors are used is decided at run time: "avx512"
 * and "avx2", whose multiply-adds are fused; "sse" on x86 and "plain" elsewhere, what the
 * compiler makes of 128-bit vectors without being told of a processor; and none,
 * "scalar": one float an operation, fused where an x86 processor can. */
#ifndef EBB_MACHINE_PEAK_H
#define EBB_MACHINE_PEAK_H

#include "machine/team.h"

enum { EBB_PEAK_MAX_ROUNDS = 256 };

typedef struct ebb_peak {
    double gflops;    /* median over the rounds, all threads together */
    double low, high; /* lowest and highest round */
    const char *isa;  /* static */
} ebb_peak;

/* Name of the index-th kind of vectors that this processor has, the widest first and
 * "scalar" last; NULL past it. Static. */
const char *ebb_peak_isa(size_t index);

/* Runs `rounds` rounds (1 … EBB_PEAK_MAX_ROUNDS) of about round_ns each, at least 1, with
 * the widest vectors, after one round that is not counted. A round's rate is the work of
 * all threads over the time from the first start to the last end. */
void ebb_peak_measure(ebb_peak *out, ebb_team *team, int rounds, uint64_t round_ns);
/* The same with the vectors of ebb_peak_isa(index). */
void ebb_peak_measure_isa(ebb_peak *out, ebb_team *team, size_t index, int rounds,
                          uint64_t round_ns);

#endif
