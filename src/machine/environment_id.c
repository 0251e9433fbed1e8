#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "machine/environment.h"
#include "machine/libraries.h"
#include "machine/procfs.h"

enum { CHUNK_BYTES = 1 << 16 };

static ebb_status add_file(ebb_digest *digest, const char *path)
{
    static const char *const where = "build id";
    unsigned char chunk[CHUNK_BYTES];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s: %s", where, path, strerror(errno));
    }
    size_t length = 0;
    while ((length = fread(chunk, 1, sizeof chunk, file)) > 0) {
        ebb_digest_update(digest, chunk, length);
    }
    const int failed = ferror(file);
    fclose(file);
    return failed ? ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s cannot be read", where, path)
                  : EBB_OK;
}

/* Libraries are named by path and size: their contents are tens of megabytes. */
static void add_libraries(ebb_digest *digest, char *paths)
{
    char *rest = NULL;
    for (char *path = strtok_r(paths, "\n", &rest); path != NULL;
         path = strtok_r(NULL, "\n", &rest)) {
        struct stat about = {0};
        char size[32];
        const int length =
            stat(path, &about) == 0
                ? snprintf(size, sizeof size, " %lld\n", (long long)about.st_size)
                : snprintf(size, sizeof size, " ?\n");
        ebb_digest_update(digest, path, strlen(path));
        ebb_digest_update(digest, size, (size_t)length);
    }
}

ebb_status ebb_environment_build_id(char id[EBB_ID_BYTES])
{
    static const char *const names[] = {"libdnnl", "libgomp", "libomp", "libiomp", NULL};
    char hex[EBB_DIGEST_HEX_BYTES] = {0};
    ebb_digest *digest = NULL;
    ebb_text paths = {0};
    memset(id, 0, EBB_ID_BYTES);
    EBB_TRY(ebb_digest_create(&digest));
    ebb_libraries_find(&paths, names);
    ebb_status status = ebb_text_check(&paths);
    if (status == EBB_OK) {
        status = add_file(digest, "/proc/self/exe");
    }
    if (status == EBB_OK) {
        if (paths.length > 0) {
            add_libraries(digest, paths.data);
        }
        ebb_digest_finish(digest, hex);
        memcpy(id, hex, EBB_ID_BYTES - 1);
    }
    ebb_digest_destroy(digest);
    ebb_text_clear(&paths);
    return status;
}

/* A file that is there must be readable, or the machine would count as another. */
static ebb_status append_file(ebb_text *out, const char *path)
{
    ebb_text text = {0};
    if (ebb_procfs_read(&text, "%s", path)) {
        ebb_text_append(out, "%s", text.data);
    } else if (access(path, F_OK) == 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "machine id: %s cannot be read", path);
    }
    ebb_text_clear(&text);
    return ebb_text_check(out);
}

/* Guests call different processors by one name; family, model and caches tell them apart.
 */
static void append_processor(ebb_text *out, const ebb_topology *topology)
{
    static const char *const infos[] = {"CPUModel", "CPUFamilyNumber", "CPUModelNumber",
                                        "CPUStepping"};
    const hwloc_topology_t hwloc = ebb_topology_handle(topology);
    const hwloc_obj_t package = hwloc_get_obj_by_type(hwloc, HWLOC_OBJ_PACKAGE, 0);
    for (size_t i = 0; package != NULL && i < sizeof infos / sizeof infos[0]; i++) {
        const char *info = hwloc_obj_get_info_by_name(package, infos[i]);
        ebb_text_append(out, "%s\n", info == NULL ? "" : info);
    }
    hwloc_obj_t object = hwloc_get_obj_by_type(hwloc, HWLOC_OBJ_PU, 0);
    for (; object != NULL; object = object->parent) {
        if (hwloc_obj_type_is_cache(object->type)) {
            ebb_text_append(out, "%llu\n", (unsigned long long)object->attr->cache.size);
        }
    }
}

/* Not the memory: guests are given more and less while they run. */
ebb_status ebb_environment_machine_id(char id[EBB_ID_BYTES], const ebb_topology *topology)
{
    char hex[EBB_DIGEST_HEX_BYTES] = {0};
    const ebb_topology_counts counts = ebb_topology_count(topology);
    ebb_text text = {0};
    memset(id, 0, EBB_ID_BYTES);
    append_processor(&text, topology);
    ebb_text_append(&text, "%d %d %d %d\n", counts.packages, counts.numa_nodes,
                    counts.cores, counts.pus);
    ebb_status status = append_file(&text, "/etc/machine-id");
    if (status == EBB_OK) {
        status = ebb_digest_of(hex, text.data, text.length);
    }
    ebb_text_clear(&text);
    if (status == EBB_OK) {
        memcpy(id, hex, EBB_ID_BYTES - 1);
    }
    return status;
}
