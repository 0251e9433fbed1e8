/* allocations.h - counts calls of the allocating functions from this program's objects.
 *
 * The linker is told to lead malloc and its kin through counters of ours. It does so in
 * the objects it links, ebb's library among them, and not inside shared libraries: what
 * oneDNN, libgomp and the C library do behind their own doors is not counted. */
#ifndef EBB_TESTS_NET_ALLOCATIONS_H
#define EBB_TESTS_NET_ALLOCATIONS_H

#include <stddef.h>

/* Calls since the program started: allocations, and releases of what is not NULL. */
size_t allocations_count(void);

#endif
