/* The IDX reader against every way in which such files are broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "data/idx.h"
#include "files.h"

/* Two images of 2 x 2 pixels; three labels. */
#define IMAGES_MAGIC  "\0\0\x08\x03"
#define IMAGES_SIZES  "\0\0\0\2\0\0\0\2\0\0\0\2"
#define IMAGES_HEADER IMAGES_MAGIC IMAGES_SIZES
#define IMAGES        IMAGES_HEADER "abcdefgh"
#define LABELS        "\0\0\x08\x01\0\0\0\3\0\1\2"
/* Content and its length; the text itself may hold zero bytes. */
#define CONTENT(text) .content = (text), .n = sizeof(text) - 1

typedef enum packing { PLAIN, GZIP, GZIP_TWICE } packing;

typedef struct fault {
    const char *name;
    const char *content;
    size_t n;
    packing packing;
    size_t cut;               /* bytes taken from the end of the file */
    long change_at;           /* byte of the file, from the end when negative */
    unsigned char change;     /* XORed to it */
    const char *tail;         /* appended to the file */
    size_t wanted_dimensions; /* 0: 3 */
    size_t wanted_sizes[3];
    const char *message; /* a part of it */
} fault;

static const fault faults[] = {
    {"empty file", CONTENT(""), .message = "byte 0: empty"},
    {"empty gzip content", CONTENT(""), .packing = GZIP,
     .message = "byte 0 of the inflated content: empty"},
    {"shorter than the magic", CONTENT("\0\0\x08"),
     .message = "byte 3: truncated inside the IDX header"},
    {"shorter than the header", CONTENT("\0\0\x08\x03\0\0\0\2\0\0"),
     .message = "byte 10: truncated inside the IDX header"},
    {"HTML", CONTENT("\n <!DOCTYPE html><html>404</html>"), .message = "HTML"},
    {"HTML, compressed", CONTENT("<html>"), .packing = GZIP, .message = "HTML"},
    {"Git LFS pointer",
     CONTENT("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9912422\n"),
     .message = "Git LFS pointer"},
    {"git-annex pointer", CONTENT("/annex/objects/MD5E-s9912422--f68b3c2dcbea.gz\n"),
     .message = "git-annex pointer"},
    {"zip", CONTENT("PK\x03\x04wxyz"), .message = "zip archive"},
    {"compressed twice", CONTENT(IMAGES), .packing = GZIP_TWICE,
     .message = "compressed twice"},
    {"some text", CONTENT("hello world"), .message = "begins with 68 65 6c 6c (00 00 08"},
    {"little-endian", CONTENT("\x03\x08\0\0\2\0\0\0\2\0\0\0\2\0\0\0abcdefgh"),
     .message = "little-endian IDX header 03 08 00 00"},
    {"floats", CONTENT("\0\0\x0d\x03" IMAGES_SIZES "abcdefgh"),
     .message = "byte 2: element type 0d, floats (08"},
    {"unknown type", CONTENT("\0\0\x55\x03" IMAGES_SIZES "abcdefgh"),
     .message = "element type 55, of no known type"},
    {"two dimensions",
     CONTENT("\0\0\x08\x02\0\0\0\2\0\0\0\4"
             "abcdefgh"),
     .message = "byte 3: number of dimensions 2, expected 3"},
    {"labels for images", CONTENT(LABELS),
     .message =
         "number of dimensions 1, expected 3: these are labels in the place of images"},
    {"images for labels", CONTENT(IMAGES), .wanted_dimensions = 1,
     .message =
         "number of dimensions 3, expected 1: these are images in the place of labels"},
    {"no image", CONTENT(IMAGES_MAGIC "\0\0\0\0\0\0\0\2\0\0\0\2"),
     .message = "byte 4: size 0 of a dimension"},
    {"no column", CONTENT(IMAGES_MAGIC "\0\0\0\2\0\0\0\2\0\0\0\0"),
     .message = "byte 12: size 0 of a dimension"},
    {"other count", CONTENT(IMAGES), .wanted_sizes = {60000, 0, 0},
     .message = "byte 4: size 2, expected 60000"},
    {"other rows", CONTENT(IMAGES), .wanted_sizes = {0, 28, 28},
     .message = "byte 8: size 2, expected 28"},
    {"64-bit overflow",
     CONTENT(IMAGES_MAGIC "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                          "abcd"),
     .message = "announces more than 2147483648 bytes"},
    {"above the limit", CONTENT(IMAGES_MAGIC "\0\1\0\0\0\0\xff\xff\0\0\0\1"),
     .message = "announces more than 2147483648 bytes"},
    {"below the limit but not there",
     CONTENT(IMAGES_MAGIC "\0\0\xff\xff\0\0\1\0\0\0\0\1"),
     .message = "byte 16: truncated: the file ends here, expected 16776976 bytes"},
    {"cannot inflate to that", CONTENT(IMAGES_MAGIC "\0\0\xff\xff\0\0\1\0\0\0\0\1"),
     .packing = GZIP, .message = "compressed bytes cannot hold the 16776976"},
    {"cut", CONTENT(IMAGES), .cut = 1,
     .message = "byte 23: truncated: the file ends here, expected 24 bytes"},
    {"trailing byte", CONTENT(IMAGES "x"),
     .message = "byte 24: trailing bytes: 1, expected the file to end here"},
    {"cut content, compressed", CONTENT(IMAGES_HEADER "abcdefg"), .packing = GZIP,
     .message = "byte 23 of the inflated content: truncated"},
    {"trailing content, compressed", CONTENT(IMAGES "x"), .packing = GZIP,
     .message = "byte 24 of the inflated content: trailing bytes"},
    {"gzip cut in its trailer", CONTENT(IMAGES), .packing = GZIP, .cut = 3,
     .message = "truncated: the file ends inside its gzip data"},
    {"gzip cut in its data", CONTENT(IMAGES), .packing = GZIP, .cut = 14,
     .message = "truncated: the file ends inside its gzip data"},
    {"gzip cut after its magic", CONTENT("\x1f\x8b"),
     .message = "byte 2: truncated: the file ends inside its gzip data"},
    {"bad CRC", CONTENT(IMAGES), .packing = GZIP, .change_at = -8, .change = 1,
     .message = "gzip CRC-32 is "},
    {"bad length", CONTENT(IMAGES), .packing = GZIP, .change_at = -4, .change = 1,
     .message = "gzip length is 25 bytes, the content has 24"},
    {"reserved flags", CONTENT(IMAGES), .packing = GZIP, .change_at = 3, .change = 0x80,
     .message = "damaged gzip data: unknown header flags set"},
    {"unknown method", CONTENT(IMAGES), .packing = GZIP, .change_at = 2, .change = 0x0f,
     .message = "damaged gzip data: unknown compression method"},
    {"name without end", CONTENT("\x1f\x8b\x08\x08\0\0\0\0\0\x03name"),
     .message = "truncated: the file ends inside its gzip data"},
    {"bad block type", CONTENT(IMAGES), .packing = GZIP, .change_at = 10, .change = 0x06,
     .message = "damaged gzip data: "},
    {"garbage after gzip", CONTENT(IMAGES), .packing = GZIP, .tail = "garbage",
     .message = "trailing bytes: 7 after the end of the gzip data"},
    {"one byte after gzip", CONTENT(IMAGES), .packing = GZIP, .tail = "\x1f",
     .message = "trailing bytes: 1 after the end of the gzip data"},
};

enum { N_FAULTS = sizeof faults / sizeof faults[0] };

static bytes pack(bytes content, int times)
{
    for (int i = 0; i < times; i++) {
        bytes packed = bytes_gzip(content);
        bytes_free(&content);
        content = packed;
    }
    return content;
}

static void write_fault(void *const *state, const fault *row)
{
    bytes file = pack(bytes_copy(row->content, row->n), (int)row->packing);
    assert_true(row->cut <= file.n);
    file.n -= row->cut;
    if (row->change != 0) {
        const long at = row->change_at;
        file.data[at < 0 ? (long)file.n + at : at] ^= row->change;
    }
    if (row->tail != NULL) {
        bytes_append(&file, row->tail, strlen(row->tail));
    }
    write_file(state, "fault", file);
    bytes_free(&file);
}

static void expect_failure(void *const *state, const char *name, const ebb_idx_want *want,
                           const char *message)
{
    char path[PATH_BYTES];
    path_of(path, state, name);
    ebb_idx idx;
    assert_int_equal(ebb_idx_read(&idx, path, want), EBB_ERR_ENVIRONMENT);
    assert_null(idx.data);
    if (strncmp(ebb_last_error(), path, strlen(path)) != 0 ||
        strstr(ebb_last_error(), message) == NULL) {
        fail_msg("\"%s\" should begin with the file and say \"%s\"", ebb_last_error(),
                 message);
    }
}

static void test_faults(void **state)
{
    for (size_t i = 0; i < N_FAULTS; i++) {
        const fault *row = &faults[i];
        print_message("    %s\n", row->name);
        write_fault(state, row);
        ebb_idx_want want = {.n_dimensions = 3};
        if (row->wanted_dimensions != 0) {
            want.n_dimensions = row->wanted_dimensions;
        }
        memcpy(want.dimensions, row->wanted_sizes, sizeof want.dimensions);
        expect_failure(state, "fault", &want, row->message);
    }
}

/* A wrong CRC is shown beside the right one. */
static void test_crc_values(void **state)
{
    bytes packed = pack(bytes_copy(IMAGES, sizeof IMAGES - 1), 1);
    const unsigned char *stored = packed.data + packed.n - 8;
    char right[64];
    snprintf(right, sizeof right, "the content has %02x%02x%02x%02x", stored[3],
             stored[2], stored[1], stored[0]);
    packed.data[packed.n - 8] ^= 0xff;
    write_file(state, "crc", packed);
    bytes_free(&packed);
    expect_failure(state, "crc", &(ebb_idx_want){.n_dimensions = 3}, right);
}

static void test_not_regular(void **state)
{
    const ebb_idx_want want = {.n_dimensions = 3};
    char path[PATH_BYTES];
    expect_failure(state, "absent", &want, "cannot open: No such file");
    path_of(path, state, "folder");
    assert_int_equal(mkdir(path, 0700), 0);
    expect_failure(state, "folder", &want, "is a directory");
    path_of(path, state, "fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_failure(state, "fifo", &want, "is a FIFO");
    path_of(path, state, "link");
    assert_int_equal(symlink("../.git/annex/objects/Xx/y/MD5E-s9912422--f6", path), 0);
    expect_failure(state, "link", &want, "git-annex link without its content");
}

/* Ten million zeros behind a small header are not inflated. */
static void test_bomb(void **state)
{
    static const char zeros[1 << 16];
    bytes content = bytes_copy(IMAGES, sizeof IMAGES - 1);
    for (int i = 0; i < 160; i++) {
        bytes_append(&content, zeros, sizeof zeros);
    }
    bytes packed = pack(content, 1);
    assert_true(packed.n < 20000);
    write_file(state, "bomb", packed);
    bytes_free(&packed);
    expect_failure(state, "bomb", &(ebb_idx_want){.n_dimensions = 3},
                   "byte 24 of the inflated content: trailing bytes");
}

/* SHA-256 of IMAGES, by sha256sum. */
static const char images_sha256[] =
    "fbba025c38cc65b10086948b5582a24f298dc124cfb8145cd63ea729d4789940";

static void check_images(void *const *state, const char *name, bool compressed)
{
    char path[PATH_BYTES];
    path_of(path, state, name);
    ebb_idx idx;
    if (ebb_idx_read(&idx, path, &(ebb_idx_want){.n_dimensions = 3}) != EBB_OK) {
        fail_msg("%s", ebb_last_error());
    }
    assert_int_equal(idx.size_bytes, 8);
    assert_memory_equal(idx.data, "abcdefgh", 8);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(idx.dimensions[i], 2);
    }
    assert_int_equal(idx.data_offset, 16);
    assert_int_equal(idx.compressed, compressed);
    assert_string_equal(idx.sha256, images_sha256);
    ebb_idx_clear(&idx);
    assert_null(idx.data);
}

/* The name says nothing: plain data under .gz and gzip under a plain name are read. */
static void test_reads(void **state)
{
    bytes plain = bytes_copy(IMAGES, sizeof IMAGES - 1);
    write_file(state, "images.gz", plain);
    check_images(state, "images.gz", false);
    bytes packed = pack(plain, 1);
    write_file(state, "images", packed);
    check_images(state, "images", true);
    bytes_free(&packed);
}

/* Members, also empty ones, are one content. */
static void test_members(void **state)
{
    bytes file = {0};
    const size_t cuts[] = {0, 7, 7, sizeof IMAGES - 1};
    for (size_t i = 0; i + 1 < sizeof cuts / sizeof cuts[0]; i++) {
        bytes member = pack(bytes_copy(&IMAGES[cuts[i]], cuts[i + 1] - cuts[i]), 1);
        bytes_append(&file, member.data, member.n);
        bytes_free(&member);
    }
    write_file(state, "members", file);
    bytes_free(&file);
    check_images(state, "members", true);
}

static void test_labels(void **state)
{
    bytes content = bytes_copy(LABELS, sizeof LABELS - 1);
    write_file(state, "labels", content);
    bytes_free(&content);
    char path[PATH_BYTES];
    path_of(path, state, "labels");
    ebb_idx idx;
    const ebb_idx_want want = {.n_dimensions = 1, .dimensions = {3}};
    assert_int_equal(ebb_idx_read(&idx, path, &want), EBB_OK);
    assert_memory_equal(idx.data, "\0\1\2", 3);
    assert_int_equal(idx.data_offset, 8);
    assert_int_equal(idx.dimensions[0], 3);
    assert_int_equal(idx.dimensions[1], 1);
    ebb_idx_clear(&idx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),      cmocka_unit_test(test_crc_values),
        cmocka_unit_test(test_not_regular), cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_reads),       cmocka_unit_test(test_members),
        cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, folder_create, folder_remove);
}
