/* random.h - random streams keyed by purpose, and the generator of the original system.
 *
 * A stream is named by (seed, purpose, task, epoch), never by how much was drawn before:
 * two runs that differ in one task draw the same numbers for all others. The numbers are
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11).
 *
 * ebb_mt19937 is the classic 32-bit Mersenne Twister with integer seeding, needed for the
 * permutations and validation splits that PyTorch would draw. */
#ifndef EBB_BASE_RANDOM_H
#define EBB_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Numbers are part of every digest: append, never renumber. */
typedef enum ebb_purpose {
    EBB_PURPOSE_BACKBONE = 1,    /* initial values of the backbone; task = layer */
    EBB_PURPOSE_HEAD = 2,        /* initial values of a head; task = head */
    EBB_PURPOSE_SHUFFLE = 3,     /* order of samples; task and epoch */
    EBB_PURPOSE_PERMUTATION = 4, /* pixel permutation of a task */
    EBB_PURPOSE_SYNTHETIC = 5,   /* synthetic data */
    EBB_PURPOSE_SWEEP = 6,       /* order of the points of a sweep; task = repetition */
    EBB_PURPOSE_TEST = 7,        /* inputs of tests */
} ebb_purpose;

typedef struct ebb_random {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    unsigned used; /* words of block already given out */
} ebb_random;

void ebb_random_init(ebb_random *rng, uint64_t seed, ebb_purpose purpose, uint32_t task,
                     uint32_t epoch);
uint32_t ebb_random_next(ebb_random *rng);
/* Uniform in 0 … n−1, without bias. n > 0. */
uint32_t ebb_random_below(ebb_random *rng, uint32_t n);
/* Uniform in [0, 1), 24 bits. */
float ebb_random_unit(ebb_random *rng);
/* Standard normal (Box and Muller 1958). */
float ebb_random_normal(ebb_random *rng);
/* Fisher and Yates, from the end. */
void ebb_random_shuffle(ebb_random *rng, uint32_t *items, size_t n);

typedef struct ebb_mt19937 {
    uint32_t state[624];
    unsigned position;
} ebb_mt19937;

void ebb_mt19937_init(ebb_mt19937 *rng, uint32_t seed);
uint32_t ebb_mt19937_next(ebb_mt19937 *rng);
/* The permutation of 0 … n−1 that PyTorch's randperm gives for n < 2^32/20. */
void ebb_mt19937_permutation(ebb_mt19937 *rng, uint32_t *out, size_t n);

#endif
