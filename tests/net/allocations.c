#include "allocations.h"

#include <stdatomic.h>
#include <sys/types.h>

static atomic_size_t count;

size_t allocations_count(void)
{
    return atomic_load(&count);
}

/* Names that the linker gives; reserved ones cannot be avoided. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
int __real_posix_memalign(void **out, size_t alignment, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_mmap(void *address, size_t length, int protection, int flags, int file,
                  off_t offset);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int file,
                  off_t offset);

void *__wrap_malloc(size_t size)
{
    atomic_fetch_add(&count, 1);
    return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    atomic_fetch_add(&count, 1);
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    atomic_fetch_add(&count, 1);
    return __real_realloc(block, size);
}

void __wrap_free(void *block)
{
    atomic_fetch_add(&count, block != NULL);
    __real_free(block);
}

int __wrap_posix_memalign(void **out, size_t alignment, size_t size)
{
    atomic_fetch_add(&count, 1);
    return __real_posix_memalign(out, alignment, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    atomic_fetch_add(&count, 1);
    return __real_aligned_alloc(alignment, size);
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int file,
                  off_t offset)
{
    atomic_fetch_add(&count, 1);
    return __real_mmap(address, length, protection, flags, file, offset);
}
