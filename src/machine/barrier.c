#include "machine/barrier.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    SLEEPERS = 1,         /* bit of the word */
    READS_PER_CLOCK = 32, /* the clock costs as much as one or two pauses */
};

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

static unsigned generation_of(unsigned word)
{
    return word & ~(unsigned)SLEEPERS;
}

void ebb_barrier_init(ebb_barrier *barrier, size_t size, ebb_barrier_wait_kind kind,
                      uint64_t wait_ns)
{
    atomic_init(&barrier->arrived, 0);
    atomic_init(&barrier->word, 0);
    barrier->size = (unsigned)size;
    barrier->kind = kind;
    barrier->wait_ns = wait_ns;
}

static int has_passed(ebb_barrier *barrier, unsigned generation)
{
    const unsigned word = atomic_load_explicit(&barrier->word, memory_order_acquire);
    return generation_of(word) != generation;
}

static int spin_some(ebb_barrier *barrier, unsigned generation)
{
    for (int i = 0; i < READS_PER_CLOCK; i++) {
        if (has_passed(barrier, generation)) {
            return 1;
        }
        relax();
    }
    return 0;
}

/* Yielding leaves the processor to others on it, but never to nobody: one that idles has
 * to be called by an interrupt, which costs a virtual machine tens of microseconds. */
static int yield_once(ebb_barrier *barrier, unsigned generation)
{
    if (has_passed(barrier, generation)) {
        return 1;
    }
    sched_yield();
    return 0;
}

static int wait_awake(ebb_barrier *barrier, unsigned generation)
{
    int (*const wait)(ebb_barrier *, unsigned) =
        barrier->kind == EBB_BARRIER_YIELD ? yield_once : spin_some;
    if (wait(barrier, generation)) {
        return 1;
    }
    if (barrier->wait_ns == 0) {
        return 0;
    }
    const uint64_t end_ns = ebb_clock_now_ns() + barrier->wait_ns;
    do {
        if (wait(barrier, generation)) {
            return 1;
        }
    } while (ebb_clock_now_ns() < end_ns);
    return 0;
}

static void sleep_until_passed(ebb_barrier *barrier, unsigned generation)
{
    while (!has_passed(barrier, generation)) {
        unsigned expected = generation;
        /* Either this thread sets the bit or somebody has, or the generation has moved.
         */
        atomic_compare_exchange_strong_explicit(
            &barrier->word, &expected, generation | SLEEPERS, memory_order_relaxed,
            memory_order_relaxed);
        /* Returns at once when the word is no longer what it would sleep on. */
        syscall(SYS_futex, &barrier->word, FUTEX_WAIT_PRIVATE, generation | SLEEPERS,
                NULL, NULL, 0);
    }
}

/* The last to arrive opens the next generation; nobody can enter it before the word
 * moves, so the counter is free to be reset. */
static void open_next(ebb_barrier *barrier, unsigned generation)
{
    atomic_store_explicit(&barrier->arrived, 0, memory_order_relaxed);
    const unsigned word = atomic_exchange_explicit(
        &barrier->word, generation + 2 * SLEEPERS, memory_order_acq_rel);
    if (word & SLEEPERS) {
        syscall(SYS_futex, &barrier->word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
    }
}

void ebb_barrier_wait(ebb_barrier *barrier)
{
    /* Cannot move before this thread has arrived. */
    const unsigned generation =
        generation_of(atomic_load_explicit(&barrier->word, memory_order_relaxed));
    const unsigned arrived =
        1 + atomic_fetch_add_explicit(&barrier->arrived, 1, memory_order_acq_rel);
    if (arrived == barrier->size) {
        open_next(barrier, generation);
    } else if (!wait_awake(barrier, generation)) {
        sleep_until_passed(barrier, generation);
    }
}
