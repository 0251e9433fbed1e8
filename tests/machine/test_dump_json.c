/* JSON as text: all of it, and text that JSON cannot hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "machine/dump_json.h"

static void test_whole(void **state)
{
    (void)state;
    json_t *value = json_pack("{s: [i, s], s: n}", "b", 1, "x\"\n", "a");
    ebb_text text = {0};
    ebb_text_append(&text, "before ");
    assert_int_equal(ebb_dump_json(&text, value, JSON_COMPACT | JSON_SORT_KEYS), EBB_OK);
    assert_string_equal(text.data, "before {\"a\":null,\"b\":[1,\"x\\\"\\n\"]}");
    ebb_text_clear(&text);
    json_decref(value);
}

static void test_refused(void **state)
{
    (void)state;
    ebb_text text = {0};
    assert_int_equal(ebb_dump_json(&text, NULL, 0), EBB_ERR_ENVIRONMENT);
    assert_non_null(strstr(ebb_last_error(), "memory: "));
    /* As after a refused append, which jansson does not always look at. */
    text.failed = true;
    json_t *value = json_object();
    assert_int_equal(ebb_dump_json(&text, value, 0), EBB_ERR_ENVIRONMENT);
    json_decref(value);
    ebb_text_clear(&text);
}

static void test_string(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""}, {"a?b", "a?b"}, {"caf\xc3\xa9", "caf\xc3\xa9"}, {"a\xff", "a?"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *value = ebb_dump_json_string(cases[i][0]);
        assert_string_equal(json_string_value(value), cases[i][1]);
        json_decref(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
