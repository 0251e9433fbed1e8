/* guard.h - libraries that end the program themselves.
 *
 * libgomp prints why and calls exit when the system refuses it a thread or memory; oneDNN
 * throws std::bad_alloc, which nobody in C can catch, or follows a null pointer. All then
 * end with the message and the status that ebb has for a refusal; a crash for which
 * memory cannot be the reason stays one. */
#ifndef EBB_BENCH_GUARD_H
#define EBB_BENCH_GUARD_H

#include "base/status.h"

/* Between these calls; both from main, the second with what it is about to return and
 * nothing left to write. */
void ebb_guard_begin(void);
void ebb_guard_end(ebb_status status);

#endif
