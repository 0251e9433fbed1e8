#include "shim_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char last[1024];

const char *ebb_shim_last_error(void)
{
    return last;
}

ebb_shim_status ebb_shim_text_refuse(ebb_shim_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last, sizeof last, format, arguments);
    va_end(arguments);
    ebb_shim_text_clean(last);
    return status;
}

/* Bytes of a sequence that begins with c; 0: none does. */
static size_t announced_length(unsigned char c)
{
    if (c < 0x80) {
        return 1;
    }
    if (c < 0xc2 || c > 0xf4) {
        return 0;
    }
    return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* Second bytes that would make an overlong form, a surrogate, or more than U+10FFFF. */
static bool is_excluded(unsigned char first, unsigned char second)
{
    return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
           (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
}

/* Length of the UTF-8 sequence at text, 0 where there is none. */
static size_t sequence_length(const unsigned char *text)
{
    const size_t n = announced_length(text[0]);
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return n > 2 && is_excluded(text[0], text[1]) ? 0 : n;
}

void ebb_shim_text_clean(char *text)
{
    while (*text != '\0') {
        const unsigned char c = (unsigned char)*text;
        const size_t n = sequence_length((const unsigned char *)text);
        if (n == 0) {
            *text = '?';
        } else if (c < 0x20 || c == 0x7f) {
            *text = ' ';
        }
        text += n == 0 ? 1 : n;
    }
}

char *ebb_shim_text_copy(const char *text)
{
    char *copy = strdup(text == NULL ? "" : text);
    if (copy != NULL) {
        ebb_shim_text_clean(copy);
    }
    return copy;
}

void ebb_shim_text_number(char out[EBB_SHIM_NUMBER_BYTES], double value)
{
    snprintf(out, EBB_SHIM_NUMBER_BYTES, "%.17g", value);
    char *comma = strchr(out, ',');
    if (comma != NULL) {
        *comma = '.';
    }
}
