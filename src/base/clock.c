#include "base/clock.h"

#include <time.h>

uint64_t ebb_clock_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

double ebb_clock_seconds(uint64_t start_ns, uint64_t end_ns)
{
    return end_ns < start_ns ? 0 : (double)(end_ns - start_ns) * 1e-9;
}
