/* clock.c - a clock that jumps or is coarse, from outside.
 *
 * Loaded before the C library (LD_PRELOAD). EBB_TEST_CLOCK=jump: the time of day is a day
 * early and a day late by turns. coarse: the monotonic clock ticks every ten
 * milliseconds, so that most differences are zero. back: of 16 readings of it the last
 * lies a millisecond before the one before it, which no kernel does and some guests have
 * seen. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef int (*read_fn)(clockid_t clock, struct timespec *out);

enum { SECOND_NS = 1000000000, DAY_SECONDS = 86400 };

static struct {
    read_fn read;
    const char *mode;
    uint64_t n;
} real;

__attribute__((constructor)) static void prepare(void)
{
    const char *mode = getenv("EBB_TEST_CLOCK");
    void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
    memcpy(&real.read, &symbol, sizeof symbol);
    real.mode = mode == NULL ? "" : mode;
}

static void shift(struct timespec *out, int64_t by_ns)
{
    const int64_t ns = (int64_t)out->tv_sec * SECOND_NS + out->tv_nsec + by_ns;
    out->tv_sec = ns / SECOND_NS;
    out->tv_nsec = ns % SECOND_NS;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    if (real.read == NULL) {
        prepare();
    }
    const int result = real.read(clock, out);
    const uint64_t n = __atomic_add_fetch(&real.n, 1, __ATOMIC_RELAXED);
    if (clock == CLOCK_REALTIME && strcmp(real.mode, "jump") == 0) {
        out->tv_sec += n % 2 == 0 ? DAY_SECONDS : -DAY_SECONDS;
    }
    if (clock == CLOCK_MONOTONIC && strcmp(real.mode, "coarse") == 0) {
        out->tv_nsec -= out->tv_nsec % 10000000;
    }
    if (clock == CLOCK_MONOTONIC && strcmp(real.mode, "back") == 0 && n % 16 == 0) {
        shift(out, -1000000);
    }
    return result;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL) {
        *out = now.tv_sec;
    }
    return now.tv_sec;
}
