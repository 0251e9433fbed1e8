#include <hwloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "machine/fact.h"
#include "machine/procfs.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static void append_field(ebb_text *out, const char *text, const char *key)
{
    const char *value = ebb_procfs_field(text, key);
    if (value != NULL) {
        ebb_fact_append_line(out, value);
    }
}

static void append_cpu_file(ebb_text *out, const ebb_fact_source *from, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/%s", from->cpu, name);
    ebb_fact_append_file(out, from, path);
}

static void tell_cpu(ebb_text *out, const ebb_fact_source *from)
{
    append_field(out, from->cpuinfo, "model name");
    if (out->length > 0) {
        return;
    }
    const hwloc_obj_t package =
        hwloc_get_obj_by_type(ebb_topology_handle(from->topology), HWLOC_OBJ_PACKAGE, 0);
    const char *model =
        package == NULL ? NULL : hwloc_obj_get_info_by_name(package, "CPUModel");
    ebb_text_append(out, "%s", model == NULL ? "" : model);
}

/* Family, model and stepping tell apart what guests call by one name. */
static void tell_cpu_family(ebb_text *out, const ebb_fact_source *from)
{
    const int64_t family = ebb_procfs_number(from->cpuinfo, "cpu family");
    const int64_t model = ebb_procfs_number(from->cpuinfo, "model");
    const int64_t stepping = ebb_procfs_number(from->cpuinfo, "stepping");
    if (family >= 0) {
        ebb_text_append(out, "family %lld model %lld stepping %lld", (long long)family,
                        (long long)model, (long long)stepping);
    }
}

static bool has_prefix(const char *word, size_t length, const char *const *prefixes)
{
    for (; *prefixes != NULL; prefixes++) {
        const size_t n = strlen(*prefixes);
        if (n <= length && strncmp(word, *prefixes, n) == 0) {
            return true;
        }
    }
    return false;
}

/* The flags that decide which kernels run. */
static void tell_isa(ebb_text *out, const ebb_fact_source *from)
{
    static const char *const prefixes[] = {"avx", "fma",   "amx", "sse4_2",
                                           "sve", "asimd", NULL};
    const char *flags = ebb_procfs_field(from->cpuinfo, "flags");
    flags = flags != NULL ? flags : ebb_procfs_field(from->cpuinfo, "Features");
    if (flags == NULL) {
        return;
    }
    const char *end = flags + ebb_procfs_line_length(flags);
    while (flags < end) {
        const size_t length = strcspn(flags, " \n");
        if (has_prefix(flags, length, prefixes)) {
            ebb_text_append(out, "%s%.*s", out->length > 0 ? " " : "", (int)length,
                            flags);
        }
        flags += length + 1;
    }
}

static void tell_microcode(ebb_text *out, const ebb_fact_source *from)
{
    append_field(out, from->cpuinfo, "microcode");
}

static void append_size(ebb_text *out, uint64_t bytes)
{
    if (bytes >= 1 << 20 && bytes % (1 << 20) == 0) {
        ebb_text_append(out, "%llu MiB", (unsigned long long)(bytes >> 20));
    } else {
        ebb_text_append(out, "%llu KiB", (unsigned long long)(bytes >> 10));
    }
}

/* Those around the first usable PU, the smallest first. */
static void tell_caches(ebb_text *out, const ebb_fact_source *from)
{
    const hwloc_topology_t hwloc = ebb_topology_handle(from->topology);
    hwloc_obj_t object = hwloc_get_pu_obj_by_os_index(hwloc, (unsigned)from->cpu);
    for (; object != NULL; object = object->parent) {
        if (!hwloc_obj_type_is_dcache(object->type)) {
            continue;
        }
        char name[32];
        hwloc_obj_type_snprintf(name, sizeof name, object, 0);
        ebb_text_append(out, "%s%s ", out->length > 0 ? ", " : "", name);
        append_size(out, object->attr->cache.size);
    }
}

static bool has_item(const char *list, const char *item)
{
    const size_t length = strlen(item);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += at == list ? 0 : 2; /* past ", " */
        if (strncmp(at, item, length) == 0 && (at[length] == '\0' || at[length] == ',')) {
            return true;
        }
    }
    return false;
}

/* Those of all usable CPUs, each once: "performance, powersave". */
static void tell_governor(ebb_text *out, const ebb_fact_source *from)
{
    size_t n = 0;
    const ebb_pu *pus = ebb_topology_pus(from->topology, &n);
    for (size_t i = 0; i < n; i++) {
        ebb_text own = {0};
        const ebb_fact_source other = {.root = from->root, .cpu = pus[i].os_index};
        append_cpu_file(&own, &other, "cpufreq/scaling_governor");
        if (own.length > 0 && (out->length == 0 || !has_item(out->data, own.data))) {
            ebb_text_append(out, "%s%s", out->length > 0 ? ", " : "", own.data);
        }
        ebb_text_clear(&own);
    }
}

static void tell_frequency_driver(ebb_text *out, const ebb_fact_source *from)
{
    append_cpu_file(out, from, "cpufreq/scaling_driver");
}

static void tell_frequency(ebb_text *out, const ebb_fact_source *from)
{
    ebb_text least = {0};
    ebb_text most = {0};
    append_cpu_file(&least, from, "cpufreq/cpuinfo_min_freq");
    append_cpu_file(&most, from, "cpufreq/cpuinfo_max_freq");
    if (least.length > 0 && most.length > 0) {
        ebb_text_append(out, "%s to %s kHz", least.data, most.data);
    }
    ebb_text_clear(&least);
    ebb_text_clear(&most);
}

/* "on" where the file holds one_means_on ? 1 : 0, "off" where the opposite. */
static void append_switch(ebb_text *out, const ebb_fact_source *from, const char *path,
                          bool one_means_on)
{
    ebb_text text = {0};
    if (ebb_procfs_read(&text, "%s%s", from->root, path) && text.length == 1) {
        ebb_text_append(out, "%s", (text.data[0] == '1') == one_means_on ? "on" : "off");
    }
    ebb_text_clear(&text);
}

static void tell_boost(ebb_text *out, const ebb_fact_source *from)
{
    append_switch(out, from, "/sys/devices/system/cpu/cpufreq/boost", true);
    if (out->length == 0) {
        append_switch(out, from, "/sys/devices/system/cpu/intel_pstate/no_turbo", false);
    }
    if (out->length == 0) { /* a switch for each CPU, as newer drivers have */
        char path[128];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/boost",
                 from->cpu);
        append_switch(out, from, path, true);
    }
}

static void tell_smt(ebb_text *out, const ebb_fact_source *from)
{
    append_switch(out, from, "/sys/devices/system/cpu/smt/active", true);
}

/* The processor itself says so on x86; elsewhere the system may. */
static void tell_hypervisor(ebb_text *out, const ebb_fact_source *from)
{
#if defined(__x86_64__)
    enum { FEATURES = 1, HYPERVISOR = 0x40000000 };
    unsigned a = 0;
    unsigned name[4] = {0};
    __cpuid(FEATURES, a, name[0], name[1], name[2]);
    if ((name[1] & 1u << 31) == 0) {
        ebb_text_append(out, "none");
        return;
    }
    (void)from;
    __cpuid(HYPERVISOR, a, name[0], name[1], name[2]);
    name[3] = 0;
    char printable[64];
    ebb_text_append(out, "%s", ebb_text_printable(printable, (const char *)name));
#else
    ebb_fact_append_file(out, from, "/sys/hypervisor/type");
#endif
}

/* What each NUMA node holds: "node 0: 62.8 GiB". */
static void tell_numa_memory(ebb_text *out, const ebb_fact_source *from)
{
    const hwloc_topology_t hwloc = ebb_topology_handle(from->topology);
    hwloc_obj_t node = NULL;
    while ((node = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_NUMANODE, node)) != NULL) {
        ebb_text_append(out, "%snode %u: %.1f GiB", out->length > 0 ? ", " : "",
                        node->os_index,
                        (double)node->attr->numanode.local_memory / 0x1p30);
    }
}

const ebb_fact ebb_fact_hardware[] = {
    {"cpu", tell_cpu},
    {"cpu_family", tell_cpu_family},
    {"isa", tell_isa},
    {"microcode", tell_microcode},
    {"caches", tell_caches},
    {"governor", tell_governor},
    {"frequency_driver", tell_frequency_driver},
    {"frequency", tell_frequency},
    {"boost", tell_boost},
    {"smt", tell_smt},
    {"hypervisor", tell_hypervisor},
    {"numa_memory", tell_numa_memory},
    {NULL, NULL},
};
