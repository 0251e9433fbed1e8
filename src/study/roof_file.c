#include "study/roof_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "study/json.h"

static ebb_status path_beside(char **out, const char *trials_path)
{
    const char *slash = strrchr(trials_path, '/');
    const int length = slash == NULL ? 0 : (int)(slash - trials_path + 1);
    if (asprintf(out, "%.*smachine.json", length, trials_path) < 0) {
        *out = NULL;
        return ebb_fail_memory(strlen(trials_path));
    }
    return EBB_OK;
}

static ebb_status load(ebb_roof_file *file)
{
    const char *reason = NULL;
    FILE *stream = ebb_file_open(&reason, file->path);
    if (stream == NULL) {
        return errno == ENOENT
                   ? EBB_OK
                   : ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s", file->path, reason);
    }
    json_error_t error;
    file->machine = json_loadf(stream, JSON_REJECT_DUPLICATES, &error);
    fclose(stream);
    if (file->machine == NULL) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s:%d: %s", file->path, error.line,
                        error.text);
    }
    if (strcmp(ebb_json_get_text(file->machine, "schema"), "ebb-machine/1") != 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "%s: schema: not what `ebb machine` writes (ebb-machine/1)",
                        file->path);
    }
    file->machine_id = ebb_json_get_text(file->machine, "machine_id");
    return EBB_OK;
}

ebb_status ebb_roof_file_read(ebb_roof_file *out, const char *trials_path)
{
    *out = (ebb_roof_file){.machine_id = ""};
    EBB_TRY(path_beside(&out->path, trials_path));
    const ebb_status status = load(out);
    if (status != EBB_OK) {
        ebb_roof_file_clear(out);
    }
    return status;
}

void ebb_roof_file_clear(ebb_roof_file *file)
{
    json_decref(file->machine);
    free(file->path);
    *file = (ebb_roof_file){.machine_id = ""};
}

static const json_t *roofs_of(const ebb_roof_file *file, const char *key)
{
    return json_object_get(json_object_get(file->machine, "roofs"), key);
}

/* The member `value` of the entries of list by their threads, which ascend; only those
 * of a level when one is given. */
static double value_at(const json_t *list, const char *value, const char *level,
                       size_t threads)
{
    const double wanted = (double)threads;
    double below = (double)NAN; /* threads and value of the last entry that is smaller */
    double value_below = (double)NAN;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        if (level != NULL && strcmp(ebb_json_get_text(entry, "level"), level) != 0) {
            continue;
        }
        const double at = ebb_json_get_number(entry, "threads");
        const double here = ebb_json_get_number(entry, value);
        if (at >= wanted) {
            const bool inside = at > wanted && !isnan(below);
            return inside ? value_below +
                                (here - value_below) * (wanted - below) / (at - below)
                          : here;
        }
        below = at;
        value_below = here;
    }
    return value_below;
}

double ebb_roof_file_matmul(const ebb_roof_file *file, size_t threads)
{
    return value_at(roofs_of(file, "matmul_gflops"), "value", NULL, threads);
}

double ebb_roof_file_barrier(const ebb_roof_file *file, size_t threads)
{
    return threads == 1 ? 0.0
                        : value_at(roofs_of(file, "barrier_ns"), "value", NULL, threads);
}

/* Size of the smallest data cache of this level; 0: there is none. */
static double cache_bytes(const ebb_roof_file *file, int level)
{
    const json_t *caches = json_object_get(file->machine, "caches");
    double least = 0;
    for (size_t i = 0; i < json_array_size(caches); i++) {
        const json_t *cache = json_array_get(caches, i);
        const char *name = ebb_json_get_text(cache, "name");
        const double size = ebb_json_get_number(cache, "size_bytes");
        const bool holds_data = name[0] != '\0' && name[strlen(name) - 1] != 'i';
        if (holds_data && ebb_json_get_number(cache, "level") == level &&
            (least <= 0 || size < least)) {
            least = size;
        }
    }
    return least;
}

ebb_roof_level ebb_roof_file_level(const ebb_roof_file *file, double size_bytes,
                                   size_t threads)
{
    enum { LEVELS = 5 };
    const json_t *list = roofs_of(file, "bandwidth_gbs");
    ebb_roof_level found = {.name = "", .gbs = (double)NAN};
    for (int level = 1; level <= LEVELS && isnan(found.gbs); level++) {
        if (cache_bytes(file, level) >= size_bytes) {
            snprintf(found.name, sizeof found.name, "L%d", level);
            found.gbs = value_at(list, "triad", found.name, threads);
        }
    }
    if (isnan(found.gbs) && !isnan(size_bytes)) {
        snprintf(found.name, sizeof found.name, "memory");
        found.gbs = value_at(list, "triad", found.name, threads);
    }
    if (isnan(found.gbs)) {
        found.name[0] = '\0';
    }
    return found;
}
