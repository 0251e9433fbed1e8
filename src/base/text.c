#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* strto* accept leading blanks, '+' and (for unsigned) '-': none of them is a number
 * here. */
static bool starts_number(const char *text, bool negative_allowed)
{
    if (negative_allowed && text[0] == '-') {
        text++;
    }
    return isdigit((unsigned char)text[0]) != 0;
}

bool ebb_text_to_int64(int64_t *out, const char *text)
{
    *out = 0;
    if (!starts_number(text, true)) {
        return false;
    }
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0') {
        return false;
    }
    *out = value;
    return true;
}

bool ebb_text_to_uint64(uint64_t *out, const char *text)
{
    *out = 0;
    if (!starts_number(text, false)) {
        return false;
    }
    char *end = NULL;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0') {
        return false;
    }
    *out = value;
    return true;
}

bool ebb_text_to_double(double *out, const char *text)
{
    *out = 0;
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (!isdigit((unsigned char)digits[0]) && digits[0] != '.') {
        return false;
    }
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
        return false;
    }
    char *end = NULL;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value)) {
        return false;
    }
    *out = value;
    return true;
}

enum { NEAREST_MAX_LENGTH = 63 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Optimal string alignment distance (a swap of neighbours is one edit), three rows. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][NEAREST_MAX_LENGTH + 1];
    const size_t a_length = strlen(a);
    const size_t b_length = strlen(b);
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            const size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = smallest(above[j] + 1, row[j - 1] + 1, change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = smallest(row[j], above2[j - 2] + 1, row[j]);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

enum { BEGINNING_LENGTH = 3 }; /* that tells enough of what was meant */

static const char *first_that_begins(const char *text, size_t length,
                                     const char *const *names, size_t n)
{
    for (size_t i = 0; i < n && length >= BEGINNING_LENGTH; i++) {
        if (names[i] != NULL && strncmp(text, names[i], length) == 0) {
            return names[i];
        }
    }
    return NULL;
}

const char *ebb_text_nearest(const char *text, const char *const *names, size_t n)
{
    const size_t length = strlen(text);
    if (length == 0 || length > NEAREST_MAX_LENGTH) {
        return NULL;
    }
    const char *best = NULL;
    size_t best_distance = 1 + (length < 4 ? 1 : length / 3);
    for (size_t i = 0; i < n; i++) {
        if (names[i] == NULL || strlen(names[i]) > NEAREST_MAX_LENGTH) {
            continue;
        }
        const size_t distance = edit_distance(text, names[i]);
        if (distance < best_distance) {
            best_distance = distance;
            best = names[i];
        }
    }
    return best != NULL ? best : first_that_begins(text, length, names, n);
}

/* Length of the valid UTF-8 sequence at text, 0 if it is none (RFC 3629, table 3-7). */
static size_t utf8_length(const unsigned char *text)
{
    if (text[0] < 0x80) {
        return 1;
    }
    const size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (text[0] < 0xc2 || text[0] > 0xf4) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    const bool overlong =
        (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    const bool outside =
        (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf4 && text[1] > 0x8f);
    return overlong || outside ? 0 : length;
}

/* Length of what stands at text and may be printed as it is, else 0. */
static size_t printable_length(const unsigned char *text)
{
    return *text < 0x20 || *text == 0x7f ? 0 : utf8_length(text);
}

void ebb_text_clean(char *text)
{
    while (*text != '\0') {
        const size_t length = printable_length((const unsigned char *)text);
        if (length == 0) {
            *text = '?';
        }
        text += length == 0 ? 1 : length;
    }
}

const char *ebb_text_printable(char out[64], const char *text)
{
    size_t used = 0;
    const unsigned char *in = (const unsigned char *)text;
    while (*in != '\0') {
        const size_t length = printable_length(in);
        if (used + (length == 0 ? 1 : length) > 60) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (length == 0) {
            out[used++] = '?';
            in++;
            continue;
        }
        memcpy(out + used, in, length);
        used += length;
        in += length;
    }
    out[used] = '\0';
    return out;
}

/* Bytes of the first append of this thread that was refused; 0: none was. */
static _Thread_local size_t refused_bytes;

static void refuse(ebb_text *text, size_t size_bytes)
{
    text->failed = true;
    refused_bytes = refused_bytes == 0 ? size_bytes : refused_bytes;
}

static bool reserve(ebb_text *text, size_t extra_bytes)
{
    const size_t needed = text->length + extra_bytes + 1;
    if (needed <= text->capacity) {
        return true;
    }
    const size_t capacity = needed * 2 > 256 ? needed * 2 : 256;
    char *data = realloc(text->data, capacity);
    if (data == NULL) {
        refuse(text, capacity);
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void ebb_text_append(ebb_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0) {
        refuse(text, 1);
    } else if (reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

ebb_status ebb_text_check(const ebb_text *text)
{
    return text->failed ? ebb_fail_memory(text->capacity) : EBB_OK;
}

ebb_status ebb_text_check_thread(void)
{
    return refused_bytes > 0 ? ebb_fail_memory(refused_bytes) : EBB_OK;
}

void ebb_text_clear(ebb_text *text)
{
    free(text->data);
    *text = (ebb_text){0};
}

ebb_status ebb_text_fail_name(const char *where, const char *what, const char *value,
                              const char *const *names, size_t n)
{
    ebb_text allowed = {0};
    for (size_t i = 0; i < n; i++) {
        if (names[i] != NULL) {
            ebb_text_append(&allowed, "%s%s", allowed.length == 0 ? "" : ", ", names[i]);
        }
    }
    const char *nearest = value == NULL ? NULL : ebb_text_nearest(value, names, n);
    char printable[64];
    char shown[sizeof printable + 4] = "";
    if (value != NULL) {
        snprintf(shown, sizeof shown, " '%s'", ebb_text_printable(printable, value));
    }
    const ebb_status status =
        ebb_fail(EBB_ERR_USAGE, "%s: %s%s (allowed: %s%s%s)", where, what, shown,
                 allowed.data == NULL ? "" : allowed.data,
                 nearest == NULL ? "" : "; nearest: ", nearest == NULL ? "" : nearest);
    ebb_text_clear(&allowed);
    return status;
}
