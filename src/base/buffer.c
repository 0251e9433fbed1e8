#include "base/buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* A heap hands out pages that others have used; smaller blocks share their pages anyway.
 */
enum { PAGE_BYTES = 4096, MAPPED_BYTES = 64 << 10, HUGE_PAGE_BYTES = 2 << 20 };

/* Sits in front of what the caller gets, one alignment unit wide. */
typedef struct header {
    size_t mapped_bytes; /* 0: from calloc'ed heap */
    void *base;
} header;

_Static_assert(sizeof(header) <= EBB_ALIGNMENT_BYTES, "the header fits its slot");

bool ebb_size_multiply(size_t *out, size_t a, size_t b)
{
    if (__builtin_mul_overflow(a, b, out)) {
        *out = 0;
        return false;
    }
    return true;
}

bool ebb_size_add(size_t *out, size_t a, size_t b)
{
    if (__builtin_add_overflow(a, b, out)) {
        *out = 0;
        return false;
    }
    return true;
}

/* Fresh mappings are zero without being touched; 2 MiB alignment lets huge pages form. */
static void *map(size_t total_bytes, size_t alignment, size_t *mapped_bytes)
{
    size_t length = 0;
    if (!ebb_size_add(&length, total_bytes, 2 * alignment)) {
        return NULL;
    }
    void *base =
        mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        return NULL;
    }
    if (alignment == HUGE_PAGE_BYTES) {
        (void)madvise(base, length, MADV_HUGEPAGE);
    }
    *mapped_bytes = length;
    return base;
}

static void *place(void *base, size_t mapped_bytes, size_t alignment)
{
    const uintptr_t first = (uintptr_t)base + EBB_ALIGNMENT_BYTES;
    const uintptr_t aligned = (first + alignment - 1) / alignment * alignment;
    char *payload = (char *)base + (aligned - (uintptr_t)base);
    const header head = {.mapped_bytes = mapped_bytes, .base = base};
    memcpy(payload - EBB_ALIGNMENT_BYTES, &head, sizeof head);
    return payload;
}

ebb_status ebb_buffer_allocate(void **out, size_t n, size_t item_bytes)
{
    *out = NULL;
    size_t size_bytes = 0;
    size_t total_bytes = 0;
    if (!ebb_size_multiply(&size_bytes, n, item_bytes) ||
        !ebb_size_add(&total_bytes, size_bytes, 2 * EBB_ALIGNMENT_BYTES)) {
        return ebb_fail_memory(SIZE_MAX);
    }
    const bool mapped = total_bytes > MAPPED_BYTES;
    const size_t alignment = total_bytes >= HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES
                             : mapped                       ? PAGE_BYTES
                                                            : EBB_ALIGNMENT_BYTES;
    size_t mapped_bytes = 0;
    void *base =
        mapped ? map(total_bytes, alignment, &mapped_bytes) : calloc(1, total_bytes);
    if (base == NULL) {
        return ebb_fail_memory((unsigned long)total_bytes);
    }
    *out = place(base, mapped_bytes, alignment);
    return EBB_OK;
}

void ebb_buffer_free(void *buffer)
{
    if (buffer == NULL) {
        return;
    }
    header head;
    memcpy(&head, (char *)buffer - EBB_ALIGNMENT_BYTES, sizeof head);
    if (head.mapped_bytes > 0) {
        munmap(head.base, head.mapped_bytes);
    } else {
        free(head.base);
    }
}

bool ebb_buffer_space_is_limited(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}
