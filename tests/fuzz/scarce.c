/* scarce.c - malloc and its relatives by the linker's --wrap. */
#include "scarce.h"

#include <stdbool.h>

static bool scarce;
static size_t left;

void scarce_begin(size_t blocks)
{
    scarce = true;
    left = blocks;
}

void scarce_end(void)
{
    scarce = false;
}

static bool is_refused(void)
{
    if (scarce && left == 0) {
        return true;
    }
    left -= scarce ? 1 : 0;
    return false;
}

/* Names that the linker gives; reserved ones cannot be avoided. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
char *__real_strdup(const char *text);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
    return is_refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return is_refused() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return is_refused() ? NULL : __real_realloc(block, size);
}

char *__wrap_strdup(const char *text)
{
    return is_refused() ? NULL : __real_strdup(text);
}
