/* replay.c - main of a target that is no fuzzer: every file named, and every file of
 * every folder named, whole and cut off at up to 16 places. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { MAX_BYTES = 1 << 20, CUTS = 16 };

/* In a block of its own size, so that the sanitizer sees the first byte behind it. */
static void replay_bytes(const unsigned char *data, size_t size)
{
    unsigned char *copy = malloc(size == 0 ? 1 : size);
    FUZZ_REQUIRE(copy != NULL);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void replay_file(const char *path)
{
    static unsigned char data[MAX_BYTES];
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    const size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    replay_bytes(data, size);
    for (size_t i = 0; i < CUTS && i < size; i++) {
        replay_bytes(data, size * i / CUTS);
    }
}

/* Files replayed. */
static size_t replay(const char *path)
{
    struct stat facts;
    if (stat(path, &facts) != 0 || !S_ISDIR(facts.st_mode)) {
        replay_file(path);
        return 1;
    }
    struct dirent **entries = NULL;
    const int n = scandir(path, &entries, NULL, alphasort);
    size_t replayed = 0;
    for (int i = 0; i < n; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            replayed += replay(name);
        }
        free(entries[i]);
    }
    free(entries);
    return replayed;
}

int main(int argc, char **argv)
{
    size_t n = 0;
    for (int i = 1; i < argc; i++) {
        n += replay(argv[i]);
    }
    printf("%zu inputs replayed\n", n);
    return n == 0 ? 1 : 0;
}
