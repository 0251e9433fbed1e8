/* failing.h - calls of the system and of zlib that fail when told to. A program that
 * links failing.c needs the linker's --wrap for each of them. */
#ifndef EBB_TESTS_FUZZ_FAILING_H
#define EBB_TESTS_FUZZ_FAILING_H

#include <stddef.h>

enum failing_call {
    FAILING_NONE,
    FAILING_READ,        /* EIO */
    FAILING_INTERRUPTED, /* read: EINTR, once */
    FAILING_EXAMINE,     /* fstat */
    FAILING_MEMORY,      /* calloc */
    FAILING_INFLATE_START,
    FAILING_INFLATE_MEMORY,
    FAILING_INFLATE_SILENT, /* without a message */
    FAILING_READ_BACK,      /* pread */
    FAILING_STREAM,         /* fdopen */
    N_FAILING_CALLS
};

/* From now on such a call fails, after so many that do not. */
void failing_begin(enum failing_call call, size_t good);
void failing_end(void);

#endif
