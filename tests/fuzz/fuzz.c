/* fuzz.c - a file in memory, and promises that several readers make. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_stop(const char *words, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, words);
    fprintf(stderr, "last error: %s\n", ebb_last_error());
    abort();
}

const char *fuzz_file(const void *data, size_t size)
{
    static int file = -1;
    static char path[64];
    if (file < 0) {
        file = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    FUZZ_REQUIRE(file >= 0 && ftruncate(file, 0) == 0);
    FUZZ_REQUIRE(size == 0 || pwrite(file, data, size, 0) == (ssize_t)size);
    return path;
}

/* What ebb_text_printable leaves alone, piece by piece; pieces end before a sequence. */
static bool is_printable(const char *text)
{
    while (*text != '\0') {
        char piece[61];
        size_t n = 0;
        while (text[n] != '\0' && (n < 56 || ((unsigned char)text[n] & 0xc0) == 0x80)) {
            if (n == sizeof piece - 1) {
                return false;
            }
            piece[n] = text[n];
            n++;
        }
        piece[n] = '\0';
        char shown[64];
        if (strcmp(ebb_text_printable(shown, piece), piece) != 0) {
            return false;
        }
        text += n;
    }
    return true;
}

void fuzz_require_status(ebb_status status, unsigned allowed)
{
    if (status != EBB_OK) {
        FUZZ_REQUIRE((allowed >> status & 1) != 0);
        FUZZ_REQUIRE(ebb_last_error()[0] != '\0');
        FUZZ_REQUIRE(is_printable(ebb_last_error()));
    }
}

void fuzz_require_round_trip(const ebb_config *config)
{
    json_t *json = NULL;
    FUZZ_REQUIRE(ebb_config_json(&json, config) == EBB_OK);
    ebb_config back;
    FUZZ_REQUIRE(ebb_config_from_json(&back, json, "fuzz") == EBB_OK);
    for (int group = 0; group < 2; group++) {
        char before[17];
        char after[17];
        FUZZ_REQUIRE(ebb_config_hash(before, config, group != 0) == EBB_OK);
        FUZZ_REQUIRE(ebb_config_hash(after, &back, group != 0) == EBB_OK);
        FUZZ_REQUIRE(strcmp(before, after) == 0);
    }
    ebb_config_clear(&back);
    json_decref(json);
}
