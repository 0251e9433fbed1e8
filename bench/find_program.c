#include "find_program.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

static bool is_program(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISREG(facts.st_mode) && access(path, X_OK) == 0;
}

char *ebb_find_program(const char *name)
{
    const char *folders = getenv("PATH");
    while (folders != NULL && *folders != '\0') {
        const size_t length = strcspn(folders, ":");
        ebb_text path = {0};
        ebb_text_append(&path, "%.*s/%s", (int)length, folders, name);
        if (folders[0] == '/' && !path.failed && is_program(path.data)) {
            return path.data;
        }
        ebb_text_clear(&path);
        folders += length + (folders[length] == ':' ? 1 : 0);
    }
    return NULL;
}
