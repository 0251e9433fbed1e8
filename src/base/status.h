/* status.h - how every fallible function of ebb reports.
 *
 * A function that can fail returns ebb_status, has its out-parameters first and leaves
 * them NULL or zero on failure. The place that sees a fault writes the one message with
 * ebb_fail; callers only pass the status on. The text belongs to the calling thread.
 *
 * A message reads "WHERE: WHAT (ALLOWED)": WHERE is an option, a file with line and key,
 * or a file with a byte offset; WHAT names the value found; ALLOWED names what would do.
 */
#ifndef EBB_BASE_STATUS_H
#define EBB_BASE_STATUS_H

#include <stdarg.h>

/* The values are the exit statuses of the program. */
typedef enum ebb_status {
    EBB_OK = 0,
    EBB_ERR_FAILED = 1,      /* a trial diverged, a worker crashed, a check failed */
    EBB_ERR_USAGE = 2,       /* decided by command line, suite and registries */
    EBB_ERR_ENVIRONMENT = 3, /* files, memory, output, machine */
    EBB_ERR_WRONG = 4,       /* a result contradicts another one */
    EBB_ERR_MISSING = 5,     /* a baseline, candidate or benchmark is not there */
} ebb_status;

/* Stores the formatted text as this thread's last error and returns status.
 * Texts longer than 1023 bytes are cut; control characters and what is no UTF-8 become
 * '?', so that it is one line whatever a file is called. */
ebb_status ebb_fail(ebb_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ebb_fail for an allocation of size_bytes that was refused. */
ebb_status ebb_fail_memory(unsigned long size_bytes);

/* The last text of this thread; "" when nothing failed yet. Never NULL. */
const char *ebb_last_error(void);

/* Passes a failure on; only where nothing is owned yet. */
#define EBB_TRY(expression)                                                              \
    do {                                                                                 \
        const ebb_status ebb_try_status = (expression);                                  \
        if (ebb_try_status != EBB_OK) {                                                  \
            return ebb_try_status;                                                       \
        }                                                                                \
    } while (0)

#endif
