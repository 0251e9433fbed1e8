/* counted.h - the memory that this process has asked for. */
#ifndef EBB_TESTS_FUZZ_COUNTED_H
#define EBB_TESTS_FUZZ_COUNTED_H

#include <stddef.h>

/* Forgets what was counted so far; blocks from before are not counted when released. */
void counted_begin(void);
/* Most bytes that were held at once since then. */
size_t counted_peak(void);

#endif
