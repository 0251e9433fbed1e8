/* buffer.h - aligned memory and size arithmetic that cannot overflow silently. */
#ifndef EBB_BASE_BUFFER_H
#define EBB_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum { EBB_ALIGNMENT_BYTES = 64 };

/* *out = a * b, or a + b; false, and *out = 0, when the result does not fit. */
bool ebb_size_multiply(size_t *out, size_t a, size_t b);
bool ebb_size_add(size_t *out, size_t a, size_t b);

/* n * item_bytes zeroed bytes aligned to 64, to be released with ebb_buffer_free. n = 0
 * gives a valid pointer. Blocks of more than 64 KiB begin with a page, and no page was
 * touched before, so that the thread that first writes one owns it; large ones ask for
 * huge pages. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_buffer_allocate(void **out, size_t n, size_t item_bytes);

/* NULL is allowed. */
void ebb_buffer_free(void *buffer);

/* Is there a limit on this process's address space (ulimit -v)? Libraries that are
 * refused memory under it may not notice, and hand out what they have half made. */
bool ebb_buffer_space_is_limited(void);

#endif
