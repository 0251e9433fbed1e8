/* counted.c - malloc and its relatives, counted. Under the address sanitizer, which has a
 * malloc of its own, by its hooks; else by definitions that come before the C library's.
 */
#include "counted.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

static atomic_llong held, peak;

void counted_begin(void)
{
    atomic_store(&held, 0);
    atomic_store(&peak, 0);
}

size_t counted_peak(void)
{
    const long long most = atomic_load(&peak);
    return most > 0 ? (size_t)most : 0;
}

static void count(long long size_bytes)
{
    const long long now = atomic_fetch_add(&held, size_bytes) + size_bytes;
    if (now > atomic_load(&peak)) {
        atomic_store(&peak, now);
    }
}

/* Names that the linker gives; reserved ones cannot be avoided. */
void *__real_mmap(void *address, size_t length, int protection, int flags, int file,
                  off_t offset);
int __real_munmap(void *address, size_t length);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int file,
                  off_t offset);
int __wrap_munmap(void *address, size_t length);

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int file,
                  off_t offset)
{
    void *block = __real_mmap(address, length, protection, flags, file, offset);
    count(block == MAP_FAILED ? 0 : (long long)length);
    return block;
}

int __wrap_munmap(void *address, size_t length)
{
    count(-(long long)length);
    return __real_munmap(address, length);
}

#if defined(__SANITIZE_ADDRESS__)
#define HOOKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HOOKS 1
#endif
#endif

#ifdef HOOKS

int __sanitizer_install_malloc_and_free_hooks(void (*taken)(const volatile void *,
                                                            size_t),
                                              void (*released)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *block);

static void taken(const volatile void *block, size_t size_bytes)
{
    (void)block;
    count((long long)size_bytes);
}

static void released(const volatile void *block)
{
    count(block == NULL ? 0 : -(long long)__sanitizer_get_allocated_size(block));
}

__attribute__((constructor)) static void install(void)
{
    __sanitizer_install_malloc_and_free_hooks(taken, released);
}

#else

/* The C library's own, by the names that it exports for this. */
void *__libc_malloc(size_t size_bytes);
void *__libc_calloc(size_t n, size_t size_bytes);
void *__libc_realloc(void *block, size_t size_bytes);
void *__libc_memalign(size_t alignment, size_t size_bytes);
void __libc_free(void *block);

static void *counted(void *block)
{
    count((long long)malloc_usable_size(block));
    return block;
}

void *malloc(size_t size_bytes)
{
    return counted(__libc_malloc(size_bytes));
}

void *calloc(size_t n, size_t size_bytes)
{
    return counted(__libc_calloc(n, size_bytes));
}

void *realloc(void *block, size_t size_bytes)
{
    const long long before = (long long)malloc_usable_size(block);
    void *moved = __libc_realloc(block, size_bytes);
    if (moved != NULL || size_bytes == 0) {
        count((long long)malloc_usable_size(moved) - before);
    }
    return moved;
}

void *aligned_alloc(size_t alignment, size_t size_bytes)
{
    return counted(__libc_memalign(alignment, size_bytes));
}

int posix_memalign(void **out, size_t alignment, size_t size_bytes)
{
    *out = counted(__libc_memalign(alignment, size_bytes));
    return *out == NULL ? ENOMEM : 0;
}

void free(void *block)
{
    count(-(long long)malloc_usable_size(block));
    __libc_free(block);
}

#endif
