/* Rotation against what Pillow's Image.rotate gives (made with version 13.0.0):
 *     Image.fromarray(numpy.arange(1, 26, dtype='uint8').reshape(5, 5)).rotate(angle)
 * and, for 28 x 28 pixels of value i % 251, the SHA-256 of the result's bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"
#include "data/rotate.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE };

static void test_small(void **state)
{
    (void)state;
    static const struct {
        double degrees;
        uint8_t pixels[25];
    } cases[] = {
        {36, {0,  3,  4,  10, 0,  2,  8,  9, 14, 15, 6,  7, 13,
              19, 20, 11, 12, 17, 18, 24, 0, 16, 22, 23, 0}},
        {45, {0,  4,  9, 10, 0,  2,  8,  9, 14, 20, 7,  7, 13,
              19, 19, 6, 12, 17, 18, 24, 0, 16, 17, 22, 0}},
        {90, {5,  10, 15, 20, 25, 4,  9,  14, 19, 24, 3,  8, 13,
              18, 23, 2,  7,  12, 17, 22, 1,  6,  11, 16, 21}},
        {180, {25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13,
               12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1}},
        {270, {21, 16, 11, 6,  1,  22, 17, 12, 7,  2,  23, 18, 13,
               8,  3,  24, 19, 14, 9,  4,  25, 20, 15, 10, 5}},
        {-20, {0,  1,  2,  3,  0,  11, 7,  8, 9,  5,  16, 12, 13,
               14, 10, 21, 17, 18, 19, 15, 0, 23, 24, 25, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t map[25];
        ebb_rotate_map(map, 5, cases[i].degrees);
        for (size_t j = 0; j < 25; j++) {
            /* Pixel k of the image has the value k + 1; outside it is 0. */
            assert_int_equal(map[j] + 1, cases[i].pixels[j]);
        }
    }
}

static void test_digests(void **state)
{
    (void)state;
    static const struct {
        double degrees;
        const char *sha256;
    } cases[] = {
        {0, "e36d2ce6dec743b857669130638c53a7cfa68e68755c06f7110a3b960184c5d1"},
        {36, "0dcda69dd0d6956c27b2e82cac246362d9b202a887909741a2a01e7079e7c500"},
        {72, "fc810fe5a3ae4ef2ef9bc02b2301a2b0a9834ada6bd812572185175be0defc9a"},
        {90, "775be2a056244f7fa574829e92b3df4b7501e8945479970cb6af035f96856980"},
        {108, "04fbee46c166f39332abff03fea6971c28331e5460237146fb03d0b48c9206c3"},
        {144, "ee0614bded76d5a9cf0673d71718faea6714d514eff2035b78d796eb6f043202"},
        {180, "54b5d7caab6d76b4621c253af99f78e727accc22c930af96de04272dbba6897c"},
        {270, "9bc5a26a46a0ff71937d7904117f25c6a3a3e69367d117b4f9f2f14f2069b469"},
        {-30, "46a46bbee564b3d0f0504239c6132afd8688c3613fc583a0334fe3ecb33f8622"},
        {330, "46a46bbee564b3d0f0504239c6132afd8688c3613fc583a0334fe3ecb33f8622"},
        {45, "09ece8f6fff3a04af4d6a14729a3922bea6ec19817ee6d2a206d6d2ed4ae67ee"},
        {200.5, "04dff8ef5c90d4bb785299004867efae6ddc458afc710df6932ea6d1001bac42"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t map[PIXELS];
        uint8_t turned[PIXELS];
        ebb_rotate_map(map, SIDE, cases[i].degrees);
        for (size_t j = 0; j < PIXELS; j++) {
            turned[j] = (uint8_t)(map[j] < 0 ? 0 : map[j] % 251);
        }
        char hex[EBB_DIGEST_HEX_BYTES];
        assert_int_equal(ebb_digest_of(hex, turned, sizeof turned), EBB_OK);
        assert_string_equal(hex, cases[i].sha256);
    }
}

static void test_one_pixel(void **state)
{
    (void)state;
    for (int degrees = -400; degrees <= 400; degrees += 10) {
        int32_t map[1] = {7};
        ebb_rotate_map(map, 1, degrees);
        assert_int_equal(map[0], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_one_pixel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
