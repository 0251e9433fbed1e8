/* SHA-256 against the examples of FIPS 180-4's publisher. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/digest.h"

static const char abc[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char million_a[] =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
static const char empty[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void test_vectors(void **state)
{
    (void)state;
    char hex[EBB_DIGEST_HEX_BYTES];
    assert_int_equal(ebb_digest_of(hex, "abc", 3), EBB_OK);
    assert_string_equal(hex, abc);
    assert_int_equal(ebb_digest_of(hex, "", 0), EBB_OK);
    assert_string_equal(hex, empty);
}

static void test_pieces(void **state)
{
    (void)state;
    char piece[1000];
    memset(piece, 'a', sizeof piece);
    ebb_digest *digest = NULL;
    assert_int_equal(ebb_digest_create(&digest), EBB_OK);
    for (int i = 0; i < 1000; i++) {
        ebb_digest_update(digest, piece, sizeof piece);
        ebb_digest_update(digest, NULL, 0);
    }
    char hex[EBB_DIGEST_HEX_BYTES];
    ebb_digest_finish(digest, hex);
    assert_string_equal(hex, million_a);
    ebb_digest_destroy(digest);
    ebb_digest_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
