/* Strict numbers, nearest names, printable text, growing text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/text.h"

static void test_int64(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"12", 12},
                {"-7", -7},
                {"007", 7},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {"",
                                      " 1",
                                      "1 ",
                                      "+1",
                                      "--1",
                                      "1.0",
                                      "1e3",
                                      "0x10",
                                      "x",
                                      "-",
                                      "1,2",
                                      "1\n",
                                      "9223372036854775808",
                                      "-9223372036854775809"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t value = 99;
        assert_true(ebb_text_to_int64(&value, good[i].text));
        assert_int_equal(value, good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t value = 99;
        assert_false(ebb_text_to_int64(&value, bad[i]));
        assert_int_equal(value, 0);
    }
}

static void test_uint64(void **state)
{
    (void)state;
    uint64_t value = 0;
    assert_true(ebb_text_to_uint64(&value, "18446744073709551615"));
    assert_true(value == UINT64_MAX);
    static const char *const bad[] = {"",   "-1", "-0",  "+1",
                                      " 1", "1 ", "1.5", "18446744073709551616"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        value = 99;
        assert_false(ebb_text_to_uint64(&value, bad[i]));
        assert_int_equal(value, 0);
    }
}

static void test_double(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0.0},     {"-2", -2.0},    {"0.001", 0.001}, {".5", 0.5},
                {"1e-3", 1e-3}, {"1E+2", 100.0}, {"3.", 3.0}};
    static const char *const bad[] = {"",     " 1",    "1 ",    "+1",      "nan", "inf",
                                      "-inf", "1e999", "0x1p3", "-0x1",    ".",   "-",
                                      "1e",   "1,5",   "--1",   "infinity"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        double value = 99;
        assert_true(ebb_text_to_double(&value, good[i].text));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double value = 99;
        assert_false(ebb_text_to_double(&value, bad[i]));
        assert_true(value == 0.0);
    }
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"fashion-mnist", NULL, "mnist", "synthetic"};
    static const struct {
        const char *text, *nearest;
    } cases[] = {
        {"mnsit", "mnist"},
        {"mnist", "mnist"},
        {"fashionmnist", "fashion-mnist"},
        {"syntetic", "synthetic"},
        {"minst", "mnist"},
        {"fashion", "fashion-mnist"},
        {"syn", "synthetic"},
        {"sy", NULL},
        {"cifar10", NULL},
        {"", NULL},
        {"x", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *nearest = ebb_text_nearest(cases[i].text, names, 4);
        if (cases[i].nearest == NULL) {
            assert_null(nearest);
        } else {
            assert_non_null(nearest);
            assert_string_equal(nearest, cases[i].nearest);
        }
    }
    char longer[200];
    memset(longer, 'm', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_null(ebb_text_nearest(longer, names, 4));
    assert_null(ebb_text_nearest("mnist", names, 0));
}

static void test_printable(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printable;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"tab\there\n", "tab?here?"},
        {"\x1b[31m", "?[31m"},
        {"del\x7f", "del?"},
        {"gr\xc3\xb6\xc3\x9f"
         "e",
         "gr\xc3\xb6\xc3\x9f"
         "e"},
        {"\xe2\x82\xac", "\xe2\x82\xac"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"cut\xe2\x82", "cut??"},
        {"lone\x80", "lone?"},
        {"\xc0\xaf", "??"},           /* overlong */
        {"\xe0\x80\xaf", "???"},      /* overlong */
        {"\xed\xa0\x80", "???"},      /* surrogate */
        {"\xf4\x90\x80\x80", "????"}, /* above U+10FFFF */
        {"\xff\xfe", "??"},
    };
    char out[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(ebb_text_printable(out, cases[i].text), cases[i].printable);
    }
}

/* Whatever its length, a text fits, and no sequence is cut in two. */
static void test_printable_cuts(void **state)
{
    (void)state;
    for (size_t lead = 0; lead < 4; lead++) {
        ebb_text text = {0};
        ebb_text_append(&text, "%.*s", (int)lead, "aaaa");
        for (size_t i = 0; i < 40; i++) {
            ebb_text_append(&text, "\xe2\x82\xac");
        }
        assert_int_equal(ebb_text_check(&text), EBB_OK);
        char out[64];
        const char *printable = ebb_text_printable(out, text.data);
        const size_t length = strlen(printable);
        assert_true(length < sizeof out);
        assert_string_equal(printable + length - 3, "...");
        assert_int_equal((length - 3 - lead) % 3, 0);
        assert_memory_equal(printable, text.data, length - 3);
        ebb_text_clear(&text);
    }
}

static void test_append(void **state)
{
    (void)state;
    ebb_text text = {0};
    assert_int_equal(ebb_text_check(&text), EBB_OK);
    for (int i = 0; i < 1000; i++) {
        ebb_text_append(&text, "%d,", i % 10);
    }
    assert_int_equal(ebb_text_check(&text), EBB_OK);
    assert_int_equal(text.length, 2000);
    assert_int_equal(strlen(text.data), 2000);
    assert_string_equal(text.data + 1990, "5,6,7,8,9,");
    ebb_text_clear(&text);
    assert_null(text.data);
    ebb_text_append(&text, "%s", "");
    assert_string_equal(text.data, "");
    ebb_text_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int64),     cmocka_unit_test(test_uint64),
        cmocka_unit_test(test_double),    cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_printable), cmocka_unit_test(test_printable_cuts),
        cmocka_unit_test(test_append),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
