/* tidy.h - what clang-tidy cannot see from one file alone; included before each by
 * scripts/tidy. */
#ifndef EBB_TESTS_TIDY_H
#define EBB_TESTS_TIDY_H

#include "base/status.h"

/* ebb_fail returns its first argument, which is never EBB_OK. Without this the analyser
 * follows paths on which a function has failed and its caller does not notice. */
#define ebb_fail(status, ...)       (ebb_tidy_use(__VA_ARGS__), (status))
#define ebb_fail_memory(size_bytes) ((void)(size_bytes), EBB_ERR_ENVIRONMENT)

void ebb_tidy_use(const char *format, ...);

#endif
