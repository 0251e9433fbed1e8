/* On which node memory lies: the judgement, and this machine's kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "machine/residence.h"

static void check(const ebb_residence *found, size_t local, size_t remote, size_t absent,
                  size_t unknown)
{
    assert_int_equal(found->local, local);
    assert_int_equal(found->remote, remote);
    assert_int_equal(found->absent, absent);
    assert_int_equal(found->unknown, unknown);
}

/* A machine of four nodes; the owner runs on node 2. */
static void test_judgement(void **state)
{
    (void)state;
    const int nodes[] = {2, 2, 0, 3, 2, -ENOENT, -EFAULT, -EBUSY, -EPERM};
    ebb_residence found = {0};
    ebb_residence_judge(&found, nodes, 9, 2);
    check(&found, 3, 2, 2, 2);
    ebb_residence_judge(&found, nodes, 5, 0); /* sums */
    check(&found, 4, 6, 2, 2);
    ebb_residence_judge(&found, nodes, 0, 0);
    check(&found, 4, 6, 2, 2);
}

static void test_an_owner_that_is_nowhere(void **state)
{
    (void)state;
    const int nodes[] = {0, 1, -ENOENT};
    ebb_residence found = {0};
    ebb_residence_judge(&found, nodes, 3, -1);
    check(&found, 0, 0, 1, 2);
}

static void test_add(void **state)
{
    (void)state;
    ebb_residence sum = {1, 2, 3, 4};
    ebb_residence_add(&sum, &(ebb_residence){10, 20, 30, 40});
    check(&sum, 11, 22, 33, 44);
}

/* What is written is there, what is not is not; on a machine of one node nothing is far.
 */
static void test_this_machine(void **state)
{
    (void)state;
    enum { PAGES = 1200, WRITTEN = 700 };
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *buffer = NULL;
    assert_int_equal(ebb_buffer_allocate(&buffer, PAGES, page < 4096 ? 4096 : page),
                     EBB_OK);
    ebb_residence found = {0};
    ebb_residence_look(&found, buffer, PAGES * page);
    if (found.unknown > 0) {
        ebb_buffer_free(buffer);
        skip(); /* a sandbox that refuses the call */
    }
    check(&found, 0, 0, PAGES, 0);
    memset(buffer, 1, WRITTEN * page);
    found = (ebb_residence){0};
    ebb_residence_look(&found, buffer, PAGES * page);
    assert_true(found.local >= 1);
    assert_true(found.local + found.remote >= WRITTEN); /* more with huge pages */
    assert_int_equal(found.local + found.remote + found.absent, PAGES);
    if (access("/sys/devices/system/node/node1", F_OK) != 0) {
        assert_int_equal(found.remote, 0);
    }
    ebb_buffer_free(buffer);
}

/* Pages that a range shares with its neighbours are nobody's. */
static void test_whole_pages_only(void **state)
{
    (void)state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *buffer = NULL;
    assert_int_equal(ebb_buffer_allocate(&buffer, 40, page), EBB_OK);
    const char *first = buffer;
    first += (page - (uintptr_t)first % page) % page;
    const struct {
        size_t from, size_bytes, pages;
    } cases[] = {
        {0, 0, 0},         {0, page - 1, 0},    {0, page, 1},
        {1, page, 0},      {1, 2 * page, 1},    {1, 2 * page - 1, 1},
        {64, page / 2, 0}, {page, 3 * page, 3}, {1, 2 * page - 2, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ebb_residence found = {0};
        ebb_residence_look(&found, first + cases[i].from, cases[i].size_bytes);
        assert_int_equal(found.local + found.remote + found.absent + found.unknown,
                         cases[i].pages);
    }
    ebb_buffer_free(buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judgement),
        cmocka_unit_test(test_an_owner_that_is_nowhere),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_this_machine),
        cmocka_unit_test(test_whole_pages_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
