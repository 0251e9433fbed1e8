#include "machine/topology.h"

#include <errno.h>
#include <hwloc.h>
#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "machine/affinity.h"
#include "machine/cgroup.h"

struct ebb_topology {
    hwloc_topology_t hwloc; /* the whole machine, usable or not */
    ebb_pu *pus;
    size_t n_pus;
    size_t n_cores; /* usable */
    size_t n_taken; /* CPUs that the launcher had and this process has not */
    double quota_cpus;
};

/* Logical index of the object of that type around a PU; `without` where there is none. */
static int index_around(hwloc_topology_t hwloc, hwloc_obj_t pu, hwloc_obj_type_t type,
                        int without)
{
    const hwloc_obj_t object = hwloc_get_ancestor_obj_by_type(hwloc, type, pu);
    return object == NULL ? without : (int)object->logical_index;
}

/* NUMA nodes hang beside the tree; of several around a PU (near and far memory) the first
 * counts. */
static int node_around(hwloc_topology_t hwloc, hwloc_obj_t pu)
{
    hwloc_obj_t node = NULL;
    while ((node = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_NUMANODE, node)) != NULL) {
        if (hwloc_bitmap_isset(node->cpuset, pu->os_index)) {
            return (int)node->logical_index;
        }
    }
    return 0;
}

static int kind_of(hwloc_topology_t hwloc, hwloc_obj_t pu)
{
    int efficiency = -1;
    const int kind = hwloc_cpukinds_get_by_cpuset(hwloc, pu->cpuset, 0);
    if (kind < 0 || hwloc_cpukinds_get_info(hwloc, (unsigned)kind, NULL, &efficiency,
                                            NULL, NULL, 0) != 0) {
        return 0;
    }
    return efficiency < 0 ? 0 : efficiency;
}

static ebb_pu describe(hwloc_topology_t hwloc, hwloc_obj_t pu)
{
    return (ebb_pu){
        .os_index = (int)pu->os_index,
        .core = index_around(hwloc, pu, HWLOC_OBJ_CORE, (int)pu->logical_index),
        .l3_rank = index_around(hwloc, pu, HWLOC_OBJ_L3CACHE, -1), /* not yet a rank */
        .numa_node = node_around(hwloc, pu),
        .package = index_around(hwloc, pu, HWLOC_OBJ_PACKAGE, 0),
        .kind = kind_of(hwloc, pu),
    };
}

/* The ranks among usable objects. PUs come in logical order, so those of a core are
 * neighbours, and so are those of an L3 within a node. While this runs, l3_rank still
 * holds logical indexes behind position i. */
static void rank_pus(ebb_topology *topology)
{
    int l3 = -1;
    for (size_t i = 0; i < topology->n_pus; i++) {
        ebb_pu *pu = &topology->pus[i];
        const ebb_pu *before = i > 0 ? pu - 1 : NULL;
        const bool same_node = before != NULL && before->numa_node == pu->numa_node;
        const bool same_l3 = same_node && l3 == pu->l3_rank;
        const bool same_core = before != NULL && before->core == pu->core;
        l3 = pu->l3_rank;
        pu->l3_rank = !same_node ? 0 : before->l3_rank + !same_l3;
        pu->smt_rank = same_core ? before->smt_rank + 1 : 0;
        pu->core_rank = !same_l3 ? 0 : before->core_rank + !same_core;
        topology->n_cores += !same_core;
    }
}

static bool is_before(const ebb_pu *a, const ebb_pu *b)
{
    return a->smt_rank != b->smt_rank ? a->smt_rank < b->smt_rank : a->core < b->core;
}

/* Quadratic, for at most some hundred PUs, once a process. */
static void rank_within_nodes(ebb_topology *topology)
{
    for (size_t i = 0; i < topology->n_pus; i++) {
        ebb_pu *pu = &topology->pus[i];
        for (size_t j = 0; j < topology->n_pus; j++) {
            const ebb_pu *other = &topology->pus[j];
            pu->node_rank += other->numa_node == pu->numa_node && is_before(other, pu);
        }
    }
}

static ebb_status collect(ebb_topology *topology, hwloc_const_bitmap_t usable)
{
    const int n_all = hwloc_get_nbobjs_by_type(topology->hwloc, HWLOC_OBJ_PU);
    topology->pus = calloc(n_all > 0 ? (size_t)n_all : 1, sizeof *topology->pus);
    if (topology->pus == NULL) {
        return ebb_fail_memory((unsigned long)n_all * sizeof *topology->pus);
    }
    hwloc_obj_t pu = NULL;
    while ((pu = hwloc_get_next_obj_by_type(topology->hwloc, HWLOC_OBJ_PU, pu)) != NULL) {
        if (hwloc_bitmap_isset(usable, pu->os_index)) {
            topology->pus[topology->n_pus++] = describe(topology->hwloc, pu);
        }
    }
    rank_pus(topology);
    rank_within_nodes(topology);
    return EBB_OK;
}

/* Fills a bitmap from "0,1,5". */
static bool parse_cpus(hwloc_bitmap_t out, const char *text)
{
    hwloc_bitmap_zero(out);
    char *end = NULL;
    for (const char *next = text; *next >= '0' && *next <= '9'; next = end) {
        errno = 0;
        const unsigned long cpu = strtoul(next, &end, 10);
        if (errno != 0 || cpu > INT_MAX || (*end != ',' && *end != '\0')) {
            return false;
        }
        hwloc_bitmap_set(out, (unsigned)cpu);
        if (*end == '\0') {
            return true;
        }
        end++;
    }
    return false;
}

/* The CPUs of all of OpenMP's places; none unless the user asked for binding. LLVM's
 * runtime has places also when it binds nothing. */
static ebb_status add_places(hwloc_bitmap_t out)
{
    if (omp_get_proc_bind() == omp_proc_bind_false) {
        return EBB_OK;
    }
    for (int place = 0; place < omp_get_num_places(); place++) {
        const int n = omp_get_place_num_procs(place);
        int *cpus = malloc((n > 0 ? (size_t)n : 1) * sizeof *cpus);
        if (cpus == NULL) {
            return ebb_fail_memory((unsigned long)n * sizeof *cpus);
        }
        omp_get_place_proc_ids(place, cpus);
        for (int i = 0; i < n; i++) {
            hwloc_bitmap_set(out, (unsigned)cpus[i]);
        }
        free(cpus);
    }
    return EBB_OK;
}

static ebb_status read_mask(hwloc_bitmap_t out)
{
    const char *handed_down = getenv(EBB_USABLE_CPUS_VARIABLE);
    if (handed_down != NULL) {
        char printable[64];
        return parse_cpus(out, handed_down)
                   ? EBB_OK
                   : ebb_fail(EBB_ERR_ENVIRONMENT,
                              EBB_USABLE_CPUS_VARIABLE ": %s (a list like 0,1,5)",
                              ebb_text_printable(printable, handed_down));
    }
    ebb_cpu_mask mask = {0};
    EBB_TRY(ebb_affinity_get(&mask, 0));
    hwloc_bitmap_zero(out);
    for (size_t cpu = 0; cpu < mask.size_bytes * 8; cpu++) {
        if (ebb_cpu_mask_has(&mask, (int)cpu)) {
            hwloc_bitmap_set(out, (unsigned)cpu);
        }
    }
    ebb_cpu_mask_clear(&mask);
    return add_places(out);
}

/* Loads with everything that is there; what is not allowed is sorted out by collect, so
 * that the counts of the machine and its logical indexes do not depend on a mask. */
static ebb_status load_this(ebb_topology *topology)
{
    const unsigned long flags =
        HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM | HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED;
    if (hwloc_topology_init(&topology->hwloc) != 0) {
        topology->hwloc = NULL;
        return ebb_fail(EBB_ERR_ENVIRONMENT, "hwloc: cannot begin: %s", strerror(errno));
    }
    if (hwloc_topology_set_flags(topology->hwloc, flags) != 0 ||
        hwloc_topology_load(topology->hwloc) != 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "hwloc: cannot read this machine: %s",
                        strerror(errno));
    }
    return EBB_OK;
}

static ebb_status fill_this(ebb_topology *topology, hwloc_bitmap_t usable)
{
    if (usable == NULL) {
        return ebb_fail_memory(sizeof *topology);
    }
    EBB_TRY(read_mask(usable)); /* before hwloc moves the thread about */
    EBB_TRY(load_this(topology));
    const int n_meant = hwloc_bitmap_weight(usable);
    hwloc_bitmap_and(usable, usable, hwloc_topology_get_allowed_cpuset(topology->hwloc));
    EBB_TRY(collect(topology, usable));
    if (topology->n_pus == 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "hwloc: none of this machine's CPUs may be used");
    }
    if (getenv(EBB_USABLE_CPUS_VARIABLE) != NULL) {
        topology->n_taken = (size_t)n_meant - topology->n_pus;
    }
    topology->quota_cpus = ebb_cgroup_read("").quota_cpus;
    return EBB_OK;
}

ebb_status ebb_topology_create(ebb_topology **out)
{
    *out = NULL;
    ebb_topology *topology = calloc(1, sizeof *topology);
    if (topology == NULL) {
        return ebb_fail_memory(sizeof *topology);
    }
    hwloc_bitmap_t usable = hwloc_bitmap_alloc();
    const ebb_status status = fill_this(topology, usable);
    hwloc_bitmap_free(usable);
    if (status != EBB_OK) {
        ebb_topology_destroy(topology);
        return status;
    }
    *out = topology;
    return EBB_OK;
}

static ebb_status load_synthetic(ebb_topology *topology, const char *description)
{
    if (hwloc_topology_init(&topology->hwloc) != 0) {
        topology->hwloc = NULL;
        return ebb_fail(EBB_ERR_ENVIRONMENT, "hwloc: cannot begin: %s", strerror(errno));
    }
    if (hwloc_topology_set_synthetic(topology->hwloc, description) != 0 ||
        hwloc_topology_load(topology->hwloc) != 0) {
        return ebb_fail(EBB_ERR_USAGE, "topology: \"%s\" (hwloc's synthetic notation)",
                        description);
    }
    return EBB_OK;
}

static ebb_status load_xml(ebb_topology *topology, const char *path)
{
    if (hwloc_topology_init(&topology->hwloc) != 0) {
        topology->hwloc = NULL;
        return ebb_fail(EBB_ERR_ENVIRONMENT, "hwloc: cannot begin: %s", strerror(errno));
    }
    if (hwloc_topology_set_flags(topology->hwloc,
                                 HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) != 0 ||
        hwloc_topology_set_xml(topology->hwloc, path) != 0 ||
        hwloc_topology_load(topology->hwloc) != 0) {
        return ebb_fail(EBB_ERR_USAGE, "topology: %s (a machine in hwloc's XML)", path);
    }
    return EBB_OK;
}

typedef ebb_status (*load_fn)(ebb_topology *topology, const char *description);

static ebb_status fill_foreign(ebb_topology *topology, hwloc_bitmap_t usable,
                               load_fn load, const char *description)
{
    EBB_TRY(load(topology, description));
    hwloc_bitmap_and(usable, usable, hwloc_topology_get_allowed_cpuset(topology->hwloc));
    EBB_TRY(collect(topology, usable));
    if (topology->n_pus == 0) {
        return ebb_fail(EBB_ERR_USAGE, "topology: \"%s\" has none of the allowed CPUs",
                        description);
    }
    return EBB_OK;
}

/* allowed: n CPUs; NULL: all. */
static ebb_status create_foreign(ebb_topology **out, load_fn load,
                                 const char *description, const int *allowed, size_t n,
                                 double quota_cpus)
{
    *out = NULL;
    ebb_topology *topology = calloc(1, sizeof *topology);
    hwloc_bitmap_t usable = hwloc_bitmap_alloc();
    if (topology == NULL || usable == NULL) {
        free(topology);
        hwloc_bitmap_free(usable);
        return ebb_fail_memory(sizeof *topology);
    }
    for (size_t i = 0; allowed != NULL && i < n; i++) {
        hwloc_bitmap_set(usable, (unsigned)allowed[i]);
    }
    if (allowed == NULL) {
        hwloc_bitmap_fill(usable);
    }
    const ebb_status status = fill_foreign(topology, usable, load, description);
    hwloc_bitmap_free(usable);
    if (status != EBB_OK) {
        ebb_topology_destroy(topology);
        return status;
    }
    topology->quota_cpus = quota_cpus;
    *out = topology;
    return EBB_OK;
}

ebb_status ebb_topology_create_synthetic(ebb_topology **out, const char *description,
                                         const int *allowed, size_t n, double quota_cpus)
{
    return create_foreign(out, load_synthetic, description, allowed, n, quota_cpus);
}

ebb_status ebb_topology_create_xml(ebb_topology **out, const char *path,
                                   const int *allowed, size_t n, double quota_cpus)
{
    return create_foreign(out, load_xml, path, allowed, n, quota_cpus);
}

const ebb_pu *ebb_topology_pus(const ebb_topology *topology, size_t *n)
{
    *n = topology->n_pus;
    return topology->pus;
}

static int count_of(const ebb_topology *topology, hwloc_obj_type_t type, int without)
{
    const int n = hwloc_get_nbobjs_by_type(topology->hwloc, type);
    return n > 0 ? n : without;
}

ebb_topology_counts ebb_topology_count(const ebb_topology *topology)
{
    const int n_pus = count_of(topology, HWLOC_OBJ_PU, 0);
    const int n_kinds = hwloc_cpukinds_get_nr(topology->hwloc, 0);
    return (ebb_topology_counts){
        .packages = count_of(topology, HWLOC_OBJ_PACKAGE, 1),
        .numa_nodes = count_of(topology, HWLOC_OBJ_NUMANODE, 1),
        .cores = count_of(topology, HWLOC_OBJ_CORE, n_pus),
        .pus = n_pus,
        .core_kinds = n_kinds > 0 ? n_kinds : 0,
        .quota_cpus = topology->quota_cpus,
    };
}

size_t ebb_topology_within_quota(const ebb_topology *topology, size_t n)
{
    const double quota = ceil(topology->quota_cpus);
    return topology->quota_cpus > 0.0 && quota < (double)n ? (size_t)quota : n;
}

size_t ebb_topology_usable_cores(const ebb_topology *topology)
{
    return ebb_topology_within_quota(topology, topology->n_cores);
}

size_t ebb_topology_taken_cpus(const ebb_topology *topology)
{
    return topology->n_taken;
}

size_t ebb_topology_usable_cpus(const ebb_topology *topology)
{
    return ebb_topology_within_quota(topology, topology->n_pus);
}

/* 0 or the reason why not all of it is in the file. */
static int write_text(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return errno;
    }
    const bool good = fwrite(text, 1, length, file) == length && fflush(file) == 0 &&
                      fsync(fileno(file)) == 0;
    const int reason = errno;
    return fclose(file) != 0 && good ? errno : good ? 0 : reason;
}

/* hwloc can write the file itself, but does not see when the disk is full. */
ebb_status ebb_topology_export(const ebb_topology *topology, const char *path)
{
    char *xml = NULL;
    int size_bytes = 0; /* with the zero at its end */
    errno = 0;
    if (hwloc_topology_export_xmlbuffer(topology->hwloc, &xml, &size_bytes, 0) != 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: cannot describe the topology: %s", path,
                        strerror(errno == 0 ? ENOMEM : errno));
    }
    const int reason = write_text(path, xml, (size_t)size_bytes - 1);
    hwloc_free_xmlbuffer(topology->hwloc, xml);
    return reason == 0
               ? EBB_OK
               : ebb_fail(EBB_ERR_ENVIRONMENT, "%s: cannot write the topology: %s", path,
                          strerror(reason));
}

void *ebb_topology_handle(const ebb_topology *topology)
{
    return topology->hwloc;
}

void ebb_topology_destroy(ebb_topology *topology)
{
    if (topology != NULL) {
        if (topology->hwloc != NULL) {
            hwloc_topology_destroy(topology->hwloc);
        }
        free(topology->pus);
        free(topology);
    }
}
