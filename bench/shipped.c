#include "shipped.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "output.h"

static const char suffix[] = ".yaml";

/* "<prefix>/share/ebb/suites" of the installed program, if it is there, else the source
 * tree's. Owned by the caller; NULL when memory is refused. */
static char *find_folder(void)
{
    char program[4096];
    const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n > 0) {
        program[n] = '\0';
        char *slash = strrchr(program, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        char *folder = ebb_output_path(program, "../share/ebb/suites");
        if (folder == NULL || access(folder, R_OK | X_OK) == 0) {
            return folder;
        }
        free(folder);
    }
    return strdup(EBB_SUITE_FOLDER);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static ebb_status add_name(ebb_shipped *shipped, const char *file_name)
{
    const size_t length = strlen(file_name);
    const size_t ending = sizeof suffix - 1;
    if (length <= ending || strcmp(file_name + length - ending, suffix) != 0) {
        return EBB_OK;
    }
    char **names = realloc(shipped->names, (shipped->n + 1) * sizeof *names);
    if (names == NULL) {
        return ebb_fail_memory((shipped->n + 1) * sizeof *names);
    }
    shipped->names = names;
    names[shipped->n] = strndup(file_name, length - ending);
    if (names[shipped->n] == NULL) {
        return ebb_fail_memory(length);
    }
    shipped->n++;
    return EBB_OK;
}

ebb_status ebb_shipped_find(ebb_shipped *out)
{
    *out = (ebb_shipped){.folder = find_folder()};
    if (out->folder == NULL) {
        return ebb_fail_memory(sizeof EBB_SUITE_FOLDER);
    }
    DIR *folder = opendir(out->folder);
    ebb_status status = EBB_OK;
    const struct dirent *entry = NULL;
    while (folder != NULL && status == EBB_OK && (entry = readdir(folder)) != NULL) {
        status = add_name(out, entry->d_name);
    }
    if (folder != NULL) {
        closedir(folder);
    }
    if (status != EBB_OK) {
        ebb_shipped_clear(out);
        return status;
    }
    if (out->n > 0) {
        qsort(out->names, out->n, sizeof *out->names, compare_names);
    }
    return EBB_OK;
}

void ebb_shipped_clear(ebb_shipped *shipped)
{
    for (size_t i = 0; i < shipped->n; i++) {
        free(shipped->names[i]);
    }
    free(shipped->names);
    free(shipped->folder);
    *shipped = (ebb_shipped){0};
}

static bool is_bare_name(const char *suite)
{
    return strchr(suite, '/') == NULL && strchr(suite, '.') == NULL;
}

ebb_status ebb_shipped_resolve(char **out, const char *suite)
{
    *out = NULL;
    if (!is_bare_name(suite)) {
        *out = strdup(suite);
        return *out == NULL ? ebb_fail_memory(strlen(suite) + 1) : EBB_OK;
    }
    ebb_shipped shipped;
    EBB_TRY(ebb_shipped_find(&shipped));
    ebb_status status = EBB_ERR_USAGE;
    for (size_t i = 0; i < shipped.n && *out == NULL; i++) {
        if (strcmp(shipped.names[i], suite) == 0) {
            ebb_text path = {0};
            ebb_text_append(&path, "%s/%s%s", shipped.folder, suite, suffix);
            status = ebb_text_check(&path);
            *out = path.data;
        }
    }
    if (status == EBB_ERR_USAGE && access(suite, F_OK) == 0) {
        *out = strdup(suite);
        status = *out == NULL ? ebb_fail_memory(strlen(suite) + 1) : EBB_OK;
    } else if (status == EBB_ERR_USAGE) {
        status = ebb_text_fail_name("sweep", "no such suite or file:", suite,
                                    (const char *const *)shipped.names, shipped.n);
    }
    ebb_shipped_clear(&shipped);
    return status;
}
