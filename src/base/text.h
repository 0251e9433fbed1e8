/* text.h - strict parsing of numbers, the nearest name, and text that grows. */
#ifndef EBB_BASE_TEXT_H
#define EBB_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* The whole text must be one number: no blanks, no sign but '-', nothing after it. False,
 * and *out = 0, otherwise or when it does not fit (for doubles: is not finite). */
bool ebb_text_to_int64(int64_t *out, const char *text);
bool ebb_text_to_uint64(uint64_t *out, const char *text);
bool ebb_text_to_double(double *out, const char *text);

/* The entry of names (n of them, NULL entries are skipped) with the smallest edit
 * distance to text, or the first that begins with text; NULL when none is near enough to
 * be what was meant. Borrowed from names. */
const char *ebb_text_nearest(const char *text, const char *const *names, size_t n);

/* Bytes of a text that are safe to print in a message: control characters and invalid
 * UTF-8 become '?', more than 60 bytes end in "...". out holds at least 64 bytes. */
const char *ebb_text_printable(char out[64], const char *text);

/* Makes a text a line that any terminal can be given: control characters and invalid
 * UTF-8 become '?', byte by byte. */
void ebb_text_clean(char *text);

/* EBB_ERR_USAGE with "WHERE: WHAT 'value' (allowed: a, b; nearest: b)", made of names (n
 * of them, NULL entries are skipped). value NULL: there was none, and none is shown. */
ebb_status ebb_text_fail_name(const char *where, const char *what, const char *value,
                              const char *const *names, size_t n);

/* A growing text. Starts as {0}; after a refused allocation it stays as it was and failed
 * is set, so that a long chain is checked once at its end. */
typedef struct ebb_text {
    char *data; /* ended by a zero byte; NULL while empty */
    size_t length;
    size_t capacity;
    bool failed;
} ebb_text;

void ebb_text_append(ebb_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* EBB_OK, or EBB_ERR_ENVIRONMENT when any append was refused. */
ebb_status ebb_text_check(const ebb_text *text);
/* The same for all texts of this thread so far, also those that went into others and are
 * gone: whoever hands over a result asks, lest a part be missing from it. */
ebb_status ebb_text_check_thread(void);
void ebb_text_clear(ebb_text *text);

#endif
