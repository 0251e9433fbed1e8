/* Aligned, zeroed memory and sizes that do not overflow silently. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buffer.h"

static void test_sizes(void **state)
{
    (void)state;
    size_t out = 99;
    assert_true(ebb_size_multiply(&out, 6, 7));
    assert_int_equal(out, 42);
    assert_true(ebb_size_multiply(&out, SIZE_MAX, 1));
    assert_true(out == SIZE_MAX);
    assert_false(ebb_size_multiply(&out, SIZE_MAX / 2 + 1, 2));
    assert_int_equal(out, 0);
    assert_true(ebb_size_add(&out, SIZE_MAX - 1, 1));
    assert_true(out == SIZE_MAX);
    assert_false(ebb_size_add(&out, SIZE_MAX, 1));
    assert_int_equal(out, 0);
}

/* Small ones come from the heap, large ones are mapped. */
static void test_allocate(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,
                                   1,
                                   63,
                                   64,
                                   65,
                                   4096,
                                   64 << 10,
                                   (64 << 10) + 1,
                                   (2 << 20) - 200,
                                   2 << 20,
                                   (5 << 20) + 3};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *buffer = NULL;
        assert_int_equal(ebb_buffer_allocate(&buffer, sizes[i], 1), EBB_OK);
        assert_non_null(buffer);
        assert_int_equal((uintptr_t)buffer % EBB_ALIGNMENT_BYTES, 0);
        const unsigned char *bytes = buffer;
        for (size_t j = 0; j < sizes[i]; j++) {
            assert_int_equal(bytes[j], 0);
        }
        memset(buffer, 0xab, sizes[i]);
        ebb_buffer_free(buffer);
    }
    ebb_buffer_free(NULL);
}

static size_t resident_pages(void *buffer, size_t n_pages)
{
    unsigned char resident[256];
    size_t n = 0;
    assert_true(n_pages <= sizeof resident);
    assert_int_equal(mincore(buffer, n_pages * 4096, resident), 0);
    for (size_t i = 0; i < n_pages; i++) {
        n += resident[i] & 1;
    }
    return n;
}

/* Also when a block of that size was used and freed before: no thread has its pages. */
static void test_pages_are_untouched(void **state)
{
    (void)state;
    enum { PAGES = 200 };
    if (sysconf(_SC_PAGESIZE) != 4096) {
        skip();
    }
    for (int i = 0; i < 3; i++) {
        void *buffer = NULL;
        assert_int_equal(ebb_buffer_allocate(&buffer, PAGES, 4096), EBB_OK);
        assert_int_equal((uintptr_t)buffer % 4096, 0);
        assert_int_equal(resident_pages(buffer, PAGES), 0);
        memset(buffer, 1, 3 * 4096);
        assert_int_equal(resident_pages(buffer, PAGES), 3);
        memset(buffer, 1, PAGES * 4096);
        ebb_buffer_free(buffer);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const size_t cases[][2] = {
        {SIZE_MAX, 2},      {SIZE_MAX / 4, 8},         {SIZE_MAX, 1},
        {SIZE_MAX - 64, 1}, {SIZE_MAX - (4 << 20), 1}, {SIZE_MAX / 2, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        void *buffer = &buffer;
        assert_int_equal(ebb_buffer_allocate(&buffer, cases[i][0], cases[i][1]),
                         EBB_ERR_ENVIRONMENT);
        assert_null(buffer);
        assert_non_null(strstr(ebb_last_error(), "memory: "));
    }
}

/* Whatever the limit of who runs the test: an unlimited one cannot be asked for. */
static void test_limited_space(void **state)
{
    (void)state;
    struct rlimit usual;
    assert_int_equal(getrlimit(RLIMIT_AS, &usual), 0);
    assert_int_equal(ebb_buffer_space_is_limited(), usual.rlim_cur != RLIM_INFINITY);
    const struct rlimit wide = {.rlim_cur = (rlim_t)1 << 62, .rlim_max = usual.rlim_max};
    if (usual.rlim_max == RLIM_INFINITY) {
        assert_int_equal(setrlimit(RLIMIT_AS, &wide), 0);
        assert_true(ebb_buffer_space_is_limited());
        assert_int_equal(setrlimit(RLIMIT_AS, &usual), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_allocate),
        cmocka_unit_test(test_pages_are_untouched),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limited_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
