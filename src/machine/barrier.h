/* barrier.h - where all threads of a team meet.
 *
 * One counter of arrivals and one word of generation, each on a cache line pair of its
 * own (adjacent lines are fetched together). Waiting threads read the word for a short
 * while and then sleep on it in the kernel. The lowest bit of the word says that somebody
 * sleeps, so the last to arrive asks the kernel to wake only when there is whom. */
#ifndef EBB_MACHINE_BARRIER_H
#define EBB_MACHINE_BARRIER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { EBB_BARRIER_LINE_BYTES = 128 };

/* What a thread does while it waits, before it sleeps. */
typedef enum ebb_barrier_wait_kind {
    EBB_BARRIER_SPIN,  /* it has a processor of its own */
    EBB_BARRIER_YIELD, /* who is waited for may want its processor */
} ebb_barrier_wait_kind;

/* Lies at a multiple of EBB_BARRIER_LINE_BYTES. */
typedef struct ebb_barrier {
    _Alignas(EBB_BARRIER_LINE_BYTES) atomic_uint arrived;
    _Alignas(EBB_BARRIER_LINE_BYTES) atomic_uint word; /* generation * 2 + sleepers? */
    _Alignas(EBB_BARRIER_LINE_BYTES) unsigned size;    /* constant from here on */
    ebb_barrier_wait_kind kind;
    uint64_t wait_ns;
} ebb_barrier;

/* For size threads, that wait about wait_ns before they sleep; 0: a few reads only. */
void ebb_barrier_init(ebb_barrier *barrier, size_t size, ebb_barrier_wait_kind kind,
                      uint64_t wait_ns);

/* Returns when size threads have called it. What a thread wrote before is seen by all
 * after. */
void ebb_barrier_wait(ebb_barrier *barrier);

#endif
