#include "machine/libraries.h"

#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

typedef struct wanted {
    ebb_text *out;
    const char *const *names;
} wanted;

static int visit(struct dl_phdr_info *info, size_t size_bytes, void *argument)
{
    (void)size_bytes;
    const wanted *search = argument;
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *file = slash == NULL ? info->dlpi_name : slash + 1;
    for (const char *const *name = search->names; *name != NULL; name++) {
        if (strncmp(file, *name, strlen(*name)) == 0) {
            /* No allocation that could be refused: the build's id hangs on it. */
            char room[PATH_MAX];
            const char *real = realpath(info->dlpi_name, room);
            ebb_text_append(search->out, "%s\n", real != NULL ? real : info->dlpi_name);
            break;
        }
    }
    return 0;
}

void ebb_libraries_find(ebb_text *out, const char *const *names)
{
    wanted search = {.out = out, .names = names};
    dl_iterate_phdr(visit, &search);
}
