#include <gnu/libc-version.h>
#include <hwloc.h>
#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>
#include <zlib.h>

#include "machine/build_info.h"
#include "machine/cgroup.h"
#include "machine/fact.h"
#include "machine/libraries.h"
#include "machine/procfs.h"

static void tell_clock_source(ebb_text *out, const ebb_fact_source *from)
{
    ebb_fact_append_file(
        out, from, "/sys/devices/system/clocksource/clocksource0/current_clocksource");
}

static void tell_kernel(ebb_text *out, const ebb_fact_source *from)
{
    (void)from;
    struct utsname name;
    if (uname(&name) == 0) {
        ebb_text_append(out, "%s %s %s %s", name.sysname, name.release, name.version,
                        name.machine);
    }
}

static bool begins_with_any(const char *word, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strncmp(word, *names, strlen(*names)) == 0) {
            return true;
        }
    }
    return false;
}

/* Parameters that change what is measured; the others may hold names and secrets. */
static void tell_kernel_command_line(ebb_text *out, const ebb_fact_source *from)
{
    static const char *const names[] = {"isolcpus",
                                        "nohz",
                                        "rcu_nocbs",
                                        "mitigations",
                                        "nosmt",
                                        "maxcpus",
                                        "nr_cpus",
                                        "idle",
                                        "processor.",
                                        "intel_idle.",
                                        "intel_pstate",
                                        "amd_pstate",
                                        "cpufreq.",
                                        "clocksource",
                                        "tsc",
                                        "hugepages",
                                        "numa",
                                        "preempt",
                                        "transparent_hugepage",
                                        "default_hugepagesz",
                                        NULL};
    ebb_text text = {0};
    char *rest = NULL;
    if (ebb_procfs_read(&text, "%s/proc/cmdline", from->root)) {
        for (char *word = strtok_r(text.data, " \n", &rest); word != NULL;
             word = strtok_r(NULL, " \n", &rest)) {
            if (begins_with_any(word, names)) {
                ebb_text_append(out, "%s%s", out->length > 0 ? " " : "", word);
            }
        }
        ebb_text_append(out, "%s", out->length > 0 ? "" : "nothing that changes timing");
    }
    ebb_text_clear(&text);
}

static void tell_isolated_cpus(ebb_text *out, const ebb_fact_source *from)
{
    ebb_text text = {0};
    if (ebb_procfs_read(&text, "%s/sys/devices/system/cpu/isolated", from->root)) {
        ebb_text_append(out, "%s", text.length > 0 ? text.data : "none");
    }
    ebb_text_clear(&text);
}

static void tell_address_randomization(ebb_text *out, const ebb_fact_source *from)
{
    ebb_fact_append_file(out, from, "/proc/sys/kernel/randomize_va_space");
}

/* The setting in force stands in brackets: "always [madvise] never". */
static void tell_transparent_huge_pages(ebb_text *out, const ebb_fact_source *from)
{
    ebb_text text = {0};
    ebb_fact_append_file(&text, from, "/sys/kernel/mm/transparent_hugepage/enabled");
    const char *open = text.length > 0 ? strchr(text.data, '[') : NULL;
    if (open != NULL) {
        ebb_text_append(out, "%.*s", (int)strcspn(open + 1, "]"), open + 1);
    }
    ebb_text_clear(&text);
}

static void tell_load_average(ebb_text *out, const ebb_fact_source *from)
{
    ebb_fact_append_file(out, from, "/proc/loadavg");
}

static void tell_cpu_pressure(ebb_text *out, const ebb_fact_source *from)
{
    ebb_fact_append_file(out, from, "/proc/pressure/cpu");
}

static void tell_cgroup(ebb_text *out, const ebb_fact_source *from)
{
    const ebb_cgroup found = ebb_cgroup_read(from->root);
    if (found.version > 0 && found.quota_cpus > 0.0) {
        ebb_text_append(out, "version %d, quota of %.2f CPUs", found.version,
                        found.quota_cpus);
    } else if (found.version > 0) {
        ebb_text_append(out, "version %d, no quota", found.version);
    }
}

static void tell_cgroup_cpuset(ebb_text *out, const ebb_fact_source *from)
{
    ebb_cgroup_cpuset(out, from->root);
}

static void tell_cgroup_memory(ebb_text *out, const ebb_fact_source *from)
{
    const int64_t limit = ebb_cgroup_memory_limit(from->root);
    if (limit > 0) {
        ebb_text_append(out, "limit of %.2f GiB", (double)limit / 0x1p30);
    } else if (limit == 0) {
        ebb_text_append(out, "no limit");
    }
}

static void tell_compiler(ebb_text *out, const ebb_fact_source *from)
{
    (void)from;
    ebb_text_append(out, "%s", EBB_BUILD_COMPILER);
}

static void tell_flags(ebb_text *out, const ebb_fact_source *from)
{
    (void)from;
    ebb_text_append(out, "%s", EBB_BUILD_FLAGS);
}

static void tell_libc(ebb_text *out, const ebb_fact_source *from)
{
    (void)from;
    ebb_text_append(out, "glibc %s", gnu_get_libc_version());
}

/* Every OpenMP runtime in the process; two of them are a fault worth seeing. */
static void tell_libgomp(ebb_text *out, const ebb_fact_source *from)
{
    (void)from;
    static const char *const names[] = {"libgomp", "libomp", "libiomp", NULL};
    ebb_libraries_find(out, names);
    for (size_t i = 0; i < out->length; i++) {
        if (out->data[i] == '\n') {
            out->data[i] = i + 1 < out->length ? ' ' : '\0';
        }
    }
}

static void tell_hwloc(ebb_text *out, const ebb_fact_source *from)
{
    (void)from;
    static const char *const names[] = {"libhwloc", NULL};
    ebb_text path = {0};
    ebb_libraries_find(&path, names);
    ebb_text_append(out, "%s, API 0x%x", HWLOC_VERSION, hwloc_get_api_version());
    if (path.length > 0) {
        ebb_text_append(out, ", ");
        ebb_fact_append_line(out, path.data);
    }
    ebb_text_clear(&path);
}

static void tell_zlib(ebb_text *out, const ebb_fact_source *from)
{
    (void)from;
    ebb_text_append(out, "%s", zlibVersion());
}

static void tell_ebb(ebb_text *out, const ebb_fact_source *from)
{
    (void)from;
    ebb_text_append(out, "%s", EBB_BUILD_VERSION);
}

static void tell_git(ebb_text *out, const ebb_fact_source *from)
{
    (void)from;
    ebb_text_append(out, "%s", EBB_BUILD_GIT);
}

const ebb_fact ebb_fact_software[] = {
    {"clock_source", tell_clock_source},
    {"kernel", tell_kernel},
    {"kernel_command_line", tell_kernel_command_line},
    {"isolated_cpus", tell_isolated_cpus},
    {"address_randomization", tell_address_randomization},
    {"transparent_huge_pages", tell_transparent_huge_pages},
    {"load_average", tell_load_average},
    {"cpu_pressure", tell_cpu_pressure},
    {"cgroup", tell_cgroup},
    {"cgroup_cpuset", tell_cgroup_cpuset},
    {"cgroup_memory", tell_cgroup_memory},
    {"compiler", tell_compiler},
    {"flags", tell_flags},
    {"libc", tell_libc},
    {"libgomp", tell_libgomp},
    {"hwloc", tell_hwloc},
    {"zlib", tell_zlib},
    {"ebb", tell_ebb},
    {"git", tell_git},
    {NULL, NULL},
};
