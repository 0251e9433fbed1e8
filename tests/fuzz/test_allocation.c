/* How much memory a file can make a reader take: no more than follows from the file's
 * size and what it declares within the limits. Counts every block that is asked for, also
 * by libyaml, jansson and zlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "counted.h"
#include "data/idx.h"
#include "fuzz.h"
#include "study/trials.h"
#include "suite.h"

enum { KB = 1 << 10, MB = 1 << 20 };
/* The source of a file with its piece of input, zlib's window, hashing, messages. */
enum { SMALL = 512 * KB };
/* Addresses by which a large block is aligned to huge pages; never touched. */
enum { ALIGNMENT = 4 * MB };

static const ebb_idx_want labels = {.n_dimensions = 1};
static const ebb_idx_want images = {.n_dimensions = 3};

static ebb_status read_idx(const void *data, size_t size, const ebb_idx_want *want)
{
    ebb_idx idx;
    const ebb_status status = ebb_idx_read(&idx, fuzz_file(data, size), want);
    ebb_idx_clear(&idx);
    return status;
}

static void header(uint8_t *out, size_t n_dimensions, const uint32_t *sizes)
{
    out[0] = 0;
    out[1] = 0;
    out[2] = 8; /* unsigned bytes */
    out[3] = (uint8_t)n_dimensions;
    for (size_t i = 0; i < n_dimensions; i++) {
        for (size_t k = 0; k < 4; k++) {
            out[4 + 4 * i + k] = (uint8_t)(sizes[i] >> (24 - 8 * k));
        }
    }
}

/* A header that announces gigabytes, and a file that ends behind it. */
static void test_a_header_alone_takes_nothing(void **state)
{
    (void)state;
    static const uint32_t sizes[][3] = {
        {UINT32_MAX, UINT32_MAX, UINT32_MAX},
        {1u << 16, 1u << 8, 1u << 7},
        {1u << 30, 1, 1},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t file[16];
        header(file, 3, sizes[i]);
        counted_begin();
        assert_int_equal(read_idx(file, sizeof file, &images), EBB_ERR_ENVIRONMENT);
        assert_in_range(counted_peak(), 1, SMALL);
    }
}

static void test_a_sound_file_takes_what_it_holds(void **state)
{
    (void)state;
    const uint32_t n = 8 * MB;
    uint8_t *file = calloc(1, 8 + n);
    header(file, 1, &n);
    fuzz_file(file, 8 + n);
    counted_begin();
    ebb_idx idx;
    assert_int_equal(ebb_idx_read(&idx, fuzz_file(file, 8 + n), &labels), EBB_OK);
    assert_in_range(counted_peak(), n, n + ALIGNMENT + SMALL);
    ebb_idx_clear(&idx);
    free(file);
}

/* Megabytes in kilobytes: content_bytes zeros behind a header of `announced` labels. */
static size_t peak_of_bomb(uint32_t announced, size_t content_bytes, ebb_status wanted)
{
    uint8_t *content = calloc(1, content_bytes + 8);
    header(content, 1, &announced);
    const uLong bound = compressBound(content_bytes + 8) + 64;
    uint8_t *file = malloc(bound);
    z_stream stream = {0};
    assert_int_equal(
        deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
        Z_OK);
    stream.next_in = content;
    stream.avail_in = (uInt)content_bytes + 8;
    stream.next_out = file;
    stream.avail_out = (uInt)bound;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    const size_t size = stream.total_out;
    deflateEnd(&stream);
    free(content);
    counted_begin();
    assert_int_equal(read_idx(file, size, &labels), wanted);
    const size_t peak = counted_peak();
    free(file);
    return peak;
}

static void test_a_bomb_is_not_unpacked(void **state)
{
    (void)state;
    /* 64 MB in 64 KB: of what was announced, and one byte more, no further. */
    assert_in_range(peak_of_bomb(1000, 64 * MB, EBB_ERR_ENVIRONMENT), 1000, SMALL);
    /* 1 GB announced by 1 KB: more than deflate can hold, so nothing is taken. */
    assert_in_range(peak_of_bomb(1u << 30, KB, EBB_ERR_ENVIRONMENT), 1, SMALL);
    assert_in_range(peak_of_bomb(4 * MB, 4 * MB, EBB_OK), 4 * MB,
                    4 * MB + ALIGNMENT + SMALL);
}

static size_t peak_of_suite(const char *text, ebb_status wanted)
{
    counted_begin();
    ebb_suite suite;
    assert_int_equal(ebb_suite_load(&suite, fuzz_file(text, strlen(text)), 4), wanted);
    const size_t peak = counted_peak();
    ebb_suite_clear(&suite);
    return peak;
}

/* head, then part n times. */
static char *repeated(const char *head, const char *part, size_t n)
{
    ebb_text text = {0};
    ebb_text_append(&text, "%s", head);
    for (size_t i = 0; i < n; i++) {
        ebb_text_append(&text, "%s", part);
    }
    assert_false(text.failed);
    return text.data;
}

static void test_suites(void **state)
{
    (void)state;
    static const struct {
        const char *head, *part;
        size_t n, peak;
    } cases[] = {
        {"suite: s\npoints: ", "[", 100000, 4 * MB},
        {"suite: s\nsweep: {seed: [", "1,", 200000, 32 * MB},
        {"a: &a [x,x]\nb: &b [*a,*a]\nc: ", "[*b,*b]", 1000, MB},
        {"#", "x", 2 * MB, 8 * MB},
        {"suite: s\ndescription: ", "d", 1000000, 12 * MB},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = repeated(cases[i].head, cases[i].part, cases[i].n);
        assert_in_range(peak_of_suite(text, EBB_ERR_USAGE), 1, cases[i].peak);
        free(text);
    }
    /* 10^12 points are refused before any is made. */
    ebb_text text = {0};
    ebb_text_append(&text, "suite: s\ntrial: {dataset: synthetic}\nsweep: {");
    static const char *const keys[] = {"seed", "batch_size", "warmup_steps", "epochs"};
    for (size_t i = 0; i < 4; i++) {
        ebb_text_append(&text, "%s: [", keys[i]);
        for (int k = 1; k <= 1000; k++) {
            ebb_text_append(&text, "%d,", k);
        }
        ebb_text_append(&text, "], ");
    }
    ebb_text_append(&text, "}\n");
    assert_in_range(peak_of_suite(text.data, EBB_ERR_USAGE), 1, 4 * MB);
    ebb_text_clear(&text);
}

static void test_records(void **state)
{
    (void)state;
    static const struct {
        const char *head, *part, *tail;
        size_t n, peak;
    } cases[] = {
        {"", "[", "\n", 1000000, 8 * MB},
        {"{\"a\":\"", "x", "\"}\n", 1000000, 16 * MB},
        {"[", "1,", "1]\n", 500000, 80 * MB},
        {"", "x", "", 4000000, 16 * MB},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *body = repeated(cases[i].head, cases[i].part, cases[i].n);
        ebb_text text = {0};
        ebb_text_append(&text, "%s%s", body, cases[i].tail);
        free(body);
        const char *path = fuzz_file(text.data, text.length);
        counted_begin();
        ebb_trials trials;
        const ebb_status status = ebb_trials_read(&trials, path);
        assert_in_range(counted_peak(), 1, cases[i].peak);
        assert_int_equal(status, cases[i].tail[0] == '\0' ? EBB_OK : EBB_ERR_ENVIRONMENT);
        ebb_trials_clear(&trials);
        ebb_text_clear(&text);
    }
}

/* A count that sees nothing would let everything pass. */
static void test_the_count_sees_all(void **state)
{
    (void)state;
    counted_begin();
    void *volatile block = malloc(3 * MB);
    free(block);
    block = malloc(MB);
    assert_in_range(counted_peak(), 3 * MB, 3 * MB + 8 * KB);
    block = realloc(block, 5 * MB);
    assert_in_range(counted_peak(), 5 * MB, 7 * MB);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_count_sees_all),
        cmocka_unit_test(test_a_header_alone_takes_nothing),
        cmocka_unit_test(test_a_sound_file_takes_what_it_holds),
        cmocka_unit_test(test_a_bomb_is_not_unpacked),
        cmocka_unit_test(test_suites),
        cmocka_unit_test(test_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
