/* The last error belongs to a thread and is never too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "base/status.h"

static void *other_thread(void *argument)
{
    (void)argument;
    const int empty = ebb_last_error()[0] == '\0';
    ebb_fail(EBB_ERR_USAGE, "from the other thread");
    return empty ? argument : NULL;
}

static void test_threads(void **state)
{
    (void)state;
    assert_int_equal(ebb_fail(EBB_ERR_MISSING, "%s: %d", "here", 7), EBB_ERR_MISSING);
    pthread_t thread;
    int mark = 0;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, other_thread, &mark), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, &mark);
    assert_string_equal(ebb_last_error(), "here: 7");
}

static void test_long(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(ebb_fail(EBB_ERR_FAILED, "%s", text), EBB_ERR_FAILED);
    assert_int_equal(strlen(ebb_last_error()), 1023);
}

/* Names of files come from anywhere. */
static void test_one_line(void **state)
{
    (void)state;
    ebb_fail(EBB_ERR_FAILED, "%s: absent", "a\nb\x1b[31m\xff\xc3\xa9\x7f");
    assert_string_equal(ebb_last_error(), "a?b?[31m?\xc3\xa9?: absent");
    char text[3000];
    memset(text, 'x', sizeof text);
    memcpy(text + 1022, "\xc3\xa9", 3); /* cut within it */
    ebb_fail(EBB_ERR_FAILED, "%s", text);
    assert_string_equal(ebb_last_error() + 1020, "xx?");
}

static void test_memory(void **state)
{
    (void)state;
    assert_int_equal(ebb_fail_memory(12345), EBB_ERR_ENVIRONMENT);
    assert_string_equal(ebb_last_error(), "memory: 12345 bytes refused by the system");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_one_line),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
