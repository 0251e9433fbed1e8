#include "machine/cgroup.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/procfs.h"

enum { MAX_PATH_BYTES = 4096 };

/* Where a controller is mounted, and which of its groups is ours. */
typedef struct hierarchy {
    const char *controller; /* "cpu", "memory" */
    int version;
    char mount[MAX_PATH_BYTES]; /* folder of the topmost visible group */
    char top[MAX_PATH_BYTES]; /* name of that group, "/" unless only a part is mounted */
    char group[MAX_PATH_BYTES]; /* our group */
} hierarchy;

static bool has_item(const char *list, const char *item)
{
    const size_t length = strlen(item);
    while (list != NULL && *list != '\0') {
        if (strncmp(list, item, length) == 0 &&
            (list[length] == ',' || list[length] == '\0')) {
            return true;
        }
        list = strchr(list, ',');
        list = list == NULL ? NULL : list + 1;
    }
    return false;
}

/* One line of mountinfo: ID PARENT MAJOR:MINOR ROOT MOUNT OPTIONS [TAGS…] - TYPE SOURCE
 * SUPER_OPTIONS. Version 1 is preferred when it holds the controller, as in hybrid
 * set-ups, where version 2 is mounted too but controls nothing. */
static void take_mount(hierarchy *found, const char *line)
{
    char top[MAX_PATH_BYTES];
    char mount[MAX_PATH_BYTES];
    char type[32];
    char options[512];
    const char *second = strstr(line, " - ");
    if (second == NULL || sscanf(line, "%*s %*s %*s %4095s %4095s", top, mount) != 2 ||
        sscanf(second, " - %31s %*s %511s", type, options) != 2) {
        return;
    }
    const bool first =
        strcmp(type, "cgroup") == 0 && has_item(options, found->controller);
    if (!first && (strcmp(type, "cgroup2") != 0 || found->version == 1)) {
        return;
    }
    found->version = first ? 1 : 2;
    snprintf(found->mount, sizeof found->mount, "%s", mount);
    snprintf(found->top, sizeof found->top, "%s", top);
}

/* One line of /proc/self/cgroup: ID:CONTROLLERS:PATH, of version 2 "0::PATH". */
static void take_group(hierarchy *found, const char *line)
{
    char controllers[512] = "";
    const char *first = strchr(line, ':');
    const char *second = first == NULL ? NULL : strchr(first + 1, ':');
    if (second == NULL) {
        return;
    }
    snprintf(controllers, sizeof controllers, "%.*s", (int)(second - first - 1),
             first + 1);
    const bool ours = found->version == 1 ? has_item(controllers, found->controller)
                                          : strncmp(line, "0::", 3) == 0;
    if (ours) {
        snprintf(found->group, sizeof found->group, "%s", second + 1);
    }
}

static bool each_line(hierarchy *found, const char *root, const char *path,
                      void (*take)(hierarchy *, const char *))
{
    ebb_text text = {0};
    if (!ebb_procfs_read(&text, "%s%s", root, path)) {
        return false;
    }
    char *rest = NULL;
    for (char *line = strtok_r(text.data, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        take(found, line);
    }
    ebb_text_clear(&text);
    return true;
}

/* A version 2 quota "MICROSECONDS PERIOD" or "max PERIOD"; in CPUs, 0: none. */
static double quota_of_text(const char *text)
{
    double quota = 0.0;
    double period = 0.0;
    const bool limited = sscanf(text, "%lf %lf", &quota, &period) == 2;
    return limited && quota > 0.0 && period > 0.0 ? quota / period : 0.0;
}

static double quota_of_group(const char *root, const char *folder, int version)
{
    ebb_text quota = {0};
    ebb_text period = {0};
    double cpus = 0.0;
    if (version == 2 && ebb_procfs_read(&quota, "%s%s/cpu.max", root, folder)) {
        cpus = quota_of_text(quota.data);
    }
    if (version == 1 && ebb_procfs_read(&quota, "%s%s/cpu.cfs_quota_us", root, folder) &&
        ebb_procfs_read(&period, "%s%s/cpu.cfs_period_us", root, folder)) {
        ebb_text_append(&quota, " %s", period.data);
        cpus = ebb_text_check(&quota) == EBB_OK ? quota_of_text(quota.data) : 0.0;
    }
    ebb_text_clear(&quota);
    ebb_text_clear(&period);
    return cpus;
}

static void take_level(void *argument, const char *root, const char *folder, int version)
{
    ebb_cgroup *out = argument;
    out->version = version;
    const double cpus = quota_of_group(root, folder, version);
    if (cpus > 0.0 && (out->quota_cpus <= 0.0 || cpus < out->quota_cpus)) {
        out->quota_cpus = cpus;
    }
    ebb_text stat = {0};
    if (ebb_procfs_read(&stat, "%s%s/cpu.stat", root, folder)) {
        const int64_t n = ebb_procfs_number(stat.data, "nr_throttled");
        if (n >= 0) {
            out->n_throttled = n + (out->n_throttled > 0 ? out->n_throttled : 0);
        }
    }
    ebb_text_clear(&stat);
}

/* The part of our group's path below the mounted one; "" when it lies elsewhere, as seen
 * from inside a container with a namespace of its own. */
static const char *path_below(const hierarchy *found)
{
    const size_t length = strcmp(found->top, "/") == 0 ? 0 : strlen(found->top);
    if (strncmp(found->group, found->top, length) != 0 || found->group[length] != '/' ||
        strstr(found->group, "/..") != NULL) {
        return "";
    }
    return found->group + length;
}

typedef void (*level_fn)(void *argument, const char *root, const char *folder,
                         int version);

/* Our group and all groups above it that are visible, the topmost last. */
static void each_level(const char *root, const char *controller, level_fn take,
                       void *argument)
{
    hierarchy found = {.controller = controller};
    if (!each_line(&found, root, "/proc/self/mountinfo", take_mount) ||
        found.version == 0 || !each_line(&found, root, "/proc/self/cgroup", take_group)) {
        return;
    }
    char folder[2 * MAX_PATH_BYTES];
    snprintf(folder, sizeof folder, "%s%s", found.mount, path_below(&found));
    const size_t mount_length = strlen(found.mount);
    while (strlen(folder) > mount_length) {
        char *last = strrchr(folder, '/');
        if (last[1] != '\0') {
            take(argument, root, folder, found.version);
        }
        *strrchr(folder, '/') = '\0';
    }
    take(argument, root, found.mount, found.version);
}

ebb_cgroup ebb_cgroup_read(const char *root)
{
    ebb_cgroup out = {.n_throttled = -1};
    each_level(root, "cpu", take_level, &out);
    return out;
}

/* The number that a file holds; −1 when it holds none ("max") or cannot be read. */
static int64_t number_in(const char *root, const char *folder, const char *name)
{
    ebb_text text = {0};
    int64_t number = -1;
    if (ebb_procfs_read(&text, "%s%s/%s", root, folder, name) &&
        !ebb_text_to_int64(&number, text.data)) {
        number = -1;
    }
    ebb_text_clear(&text);
    return number;
}

static int64_t droppable(const char *root, const char *folder, int version)
{
    ebb_text stat = {0};
    int64_t bytes = 0;
    if (ebb_procfs_read(&stat, "%s%s/memory.stat", root, folder)) {
        bytes = ebb_procfs_number(stat.data,
                                  version == 2 ? "inactive_file" : "total_inactive_file");
    }
    ebb_text_clear(&stat);
    return bytes > 0 ? bytes : 0;
}

static void take_memory(void *argument, const char *root, const char *folder, int version)
{
    int64_t *least = argument;
    const bool second = version == 2;
    const int64_t limit =
        number_in(root, folder, second ? "memory.max" : "memory.limit_in_bytes");
    const int64_t used =
        number_in(root, folder, second ? "memory.current" : "memory.usage_in_bytes");
    if (limit < 0 || used < 0) {
        return;
    }
    const int64_t left = limit - used + droppable(root, folder, version);
    const int64_t rest = left > 0 ? left : 0;
    *least = *least < 0 || rest < *least ? rest : *least;
}

/* The group itself comes first; where it has no file of its own, that of the next above
 * it holds. */
static void take_cpuset(void *argument, const char *root, const char *folder, int version)
{
    ebb_text *out = argument;
    ebb_text list = {0};
    const char *name = version == 2 ? "cpuset.cpus.effective" : "cpuset.effective_cpus";
    if (out->length == 0 && ebb_procfs_read(&list, "%s%s/%s", root, folder, name) &&
        list.length > 0) {
        ebb_text_append(out, "%s", list.data);
    }
    ebb_text_clear(&list);
}

void ebb_cgroup_cpuset(ebb_text *out, const char *root)
{
    ebb_text found = {0};
    each_level(root, "cpuset", take_cpuset, &found);
    if (found.length > 0) {
        ebb_text_append(out, "%s", found.data);
    }
    ebb_text_clear(&found);
}

/* Version 1 says "no limit" by the largest number of whole pages. */
static void take_limit(void *argument, const char *root, const char *folder, int version)
{
    enum { HUGE_BITS = 60 };
    int64_t *least = argument;
    const char *name = version == 2 ? "memory.max" : "memory.limit_in_bytes";
    const int64_t limit = number_in(root, folder, name);
    *least = *least < 0 ? 0 : *least; /* there is a hierarchy */
    if (limit > 0 && limit < (int64_t)1 << HUGE_BITS && (*least == 0 || limit < *least)) {
        *least = limit;
    }
}

int64_t ebb_cgroup_memory_limit(const char *root)
{
    int64_t least = -1;
    each_level(root, "memory", take_limit, &least);
    return least;
}

int64_t ebb_cgroup_free_memory(const char *root)
{
    ebb_text memory = {0};
    int64_t least = -1;
    if (ebb_procfs_read(&memory, "%s/proc/meminfo", root)) {
        const int64_t kib = ebb_procfs_number(memory.data, "MemAvailable");
        least = kib >= 0 ? kib * 1024 : -1;
    }
    ebb_text_clear(&memory);
    each_level(root, "memory", take_memory, &least);
    return least;
}
