#include "machine/residence.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGES_PER_CALL = 512 };

void ebb_residence_judge(ebb_residence *sum, const int *page_nodes, size_t n,
                         int owner_node)
{
    for (size_t i = 0; i < n; i++) {
        const int node = page_nodes[i];
        /* EFAULT: the zero page, which was read and not written. */
        if (node == -ENOENT || node == -EFAULT) {
            sum->absent++;
        } else if (node < 0 || owner_node < 0) {
            sum->unknown++;
        } else if (node == owner_node) {
            sum->local++;
        } else {
            sum->remote++;
        }
    }
}

static int own_node(void)
{
    unsigned cpu = 0;
    unsigned node = 0;
    return syscall(SYS_getcpu, &cpu, &node, NULL) == 0 ? (int)node : -1;
}

/* Without libnuma, which would be one more library for one call. No nodes given: the call
 * moves nothing and tells where pages are. */
static void ask(int *page_nodes, const void *const *pages, size_t n)
{
    if (syscall(SYS_move_pages, 0, (unsigned long)n, pages, NULL, page_nodes, 0) != 0) {
        for (size_t i = 0; i < n; i++) {
            page_nodes[i] = -EPERM;
        }
    }
}

void ebb_residence_look(ebb_residence *sum, const void *begin, size_t size_bytes)
{
    const void *pages[PAGES_PER_CALL];
    int page_nodes[PAGES_PER_CALL];
    const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    const size_t skipped = (page_bytes - (uintptr_t)begin % page_bytes) % page_bytes;
    const int node = own_node();
    size_t at = skipped;
    while (at < size_bytes && size_bytes - at >= page_bytes) {
        size_t n = 0;
        for (; n < PAGES_PER_CALL && size_bytes - at >= page_bytes; n++) {
            pages[n] = (const char *)begin + at;
            at += page_bytes;
        }
        ask(page_nodes, pages, n);
        ebb_residence_judge(sum, page_nodes, n, node);
    }
}

void ebb_residence_add(ebb_residence *sum, const ebb_residence *more)
{
    sum->local += more->local;
    sum->remote += more->remote;
    sum->absent += more->absent;
    sum->unknown += more->unknown;
}
