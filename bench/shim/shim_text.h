/* shim_text.h - the text of the last error, and text that every report can hold. For the
 * shim alone. */
#ifndef EBB_BENCH_SHIM_SHIM_TEXT_H
#define EBB_BENCH_SHIM_SHIM_TEXT_H

#include "shim.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Keeps the formatted text as this thread's last error and returns status. */
ebb_shim_status ebb_shim_text_refuse(ebb_shim_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes blanks of control characters and question marks of bytes that are no UTF-8. The
 * length stays. */
void ebb_shim_text_clean(char *text);
/* A clean copy, to be freed; NULL when memory is refused. NULL is the empty text. */
char *ebb_shim_text_copy(const char *text);

enum { EBB_SHIM_NUMBER_BYTES = 40 };

/* All bits of a finite number, with a point in every locale. */
void ebb_shim_text_number(char out[EBB_SHIM_NUMBER_BYTES], double value);

#ifdef __cplusplus
}
#endif

#endif
