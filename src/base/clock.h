/* clock.h - monotonic time. One reading costs some 25 ns. */
#ifndef EBB_BASE_CLOCK_H
#define EBB_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds since an arbitrary start, comparable between threads of the machine. */
uint64_t ebb_clock_now_ns(void);

/* Seconds between two readings; 0 when the clock went back, as it may in some guests. */
double ebb_clock_seconds(uint64_t start_ns, uint64_t end_ns);

#endif
