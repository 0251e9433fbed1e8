#include "machine/report.h"

#include <hwloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "machine/advice.h"
#include "machine/environment.h"
#include "machine/placement.h"
#include "machine/roofs.h"

/* Like the functions of jansson: a new reference, NULL when memory is refused; and NULL
 * as an argument makes the result NULL, so that a long chain is checked once at its end.
 */

static json_t *number_or_null(double value, bool known)
{
    return known ? json_real(value) : json_null();
}

static json_t *count_or_null(int64_t value)
{
    return value >= 0 ? json_integer(value) : json_null();
}

static json_t *cpu_list(const ebb_topology *topology)
{
    size_t n = 0;
    const ebb_pu *pus = ebb_topology_pus(topology, &n);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, json_integer(pus[i].os_index));
    }
    return list;
}

/* One entry for caches that differ in nothing but their place. */
static json_t *cache_list(const ebb_topology *topology)
{
    const hwloc_topology_t hwloc = ebb_topology_handle(topology);
    json_t *list = json_array();
    for (int depth = 0; depth < hwloc_topology_get_depth(hwloc); depth++) {
        const hwloc_obj_t first = hwloc_get_obj_by_depth(hwloc, depth, 0);
        if (first == NULL || !hwloc_obj_type_is_cache(first->type)) {
            continue;
        }
        char name[32];
        hwloc_obj_type_snprintf(name, sizeof name, first, 0);
        (void)json_array_append_new(
            list, json_pack("{s:s, s:i, s:I, s:I, s:I, s:i}", "name", name, "level",
                            (int)first->attr->cache.depth, "size_bytes",
                            (json_int_t)first->attr->cache.size, "line_bytes",
                            (json_int_t)first->attr->cache.linesize, "count",
                            (json_int_t)hwloc_get_nbobjs_by_depth(hwloc, depth),
                            "pus_each", hwloc_bitmap_weight(first->cpuset)));
    }
    return list;
}

static json_t *kind_cpus(hwloc_const_bitmap_t cpuset)
{
    json_t *list = json_array();
    for (int cpu = hwloc_bitmap_first(cpuset); cpu >= 0;
         cpu = hwloc_bitmap_next(cpuset, cpu)) {
        (void)json_array_append_new(list, json_integer(cpu));
    }
    return list;
}

static json_t *kind_list(const ebb_topology *topology)
{
    const hwloc_topology_t hwloc = ebb_topology_handle(topology);
    const int n = ebb_topology_count(topology).core_kinds;
    json_t *list = json_array();
    hwloc_bitmap_t cpuset = hwloc_bitmap_alloc();
    for (int kind = 0; kind < n && cpuset != NULL; kind++) {
        int efficiency = -1;
        if (hwloc_cpukinds_get_info(hwloc, (unsigned)kind, cpuset, &efficiency, NULL,
                                    NULL, 0) == 0) {
            (void)json_array_append_new(list, json_pack("{s:o, s:o}", "efficiency",
                                                        count_or_null(efficiency), "cpus",
                                                        kind_cpus(cpuset)));
        }
    }
    hwloc_bitmap_free(cpuset);
    return list;
}

/* One thread for every CPU that a placement takes; fewer threads take the first ones. */
static ebb_status add_placements(json_t *object, const ebb_topology *topology)
{
    size_t n = 0;
    (void)ebb_topology_pus(topology, &n);
    int *cpus = malloc(n * sizeof *cpus);
    if (cpus == NULL) {
        return ebb_fail_memory(n * sizeof *cpus);
    }
    ebb_status status = EBB_OK;
    for (size_t i = 0; status == EBB_OK && ebb_placement_choice(i) != NULL; i++) {
        const ebb_placement *placement = ebb_placement_at(i);
        status = ebb_placement_assign(placement, cpus, n, topology);
        const size_t length = ebb_placement_length(placement, topology);
        json_t *list = json_array();
        for (size_t j = 0; j < length && cpus[j] >= 0; j++) {
            (void)json_array_append_new(list, json_integer(cpus[j]));
        }
        (void)json_object_set_new(object, ebb_placement_choice(i)->name, list);
    }
    free(cpus);
    return status;
}

static json_t *roof_list(const ebb_roof *roofs, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *roof = json_pack("{s:I, s:f, s:f, s:f}", "threads",
                                 (json_int_t)roofs[i].threads, "value", roofs[i].value,
                                 "low", roofs[i].low, "high", roofs[i].high);
        if (roofs[i].isa != NULL) {
            (void)json_object_set_new(roof, "isa", json_string(roofs[i].isa));
        }
        (void)json_array_append_new(list, roof);
    }
    return list;
}

/* The median under the name of the stream, its ends beside it. */
static void add_stream(json_t *object, const char *stream, const ebb_spread *spread)
{
    char key[16];
    (void)json_object_set_new(object, stream, json_real(spread->median));
    snprintf(key, sizeof key, "%s_low", stream);
    (void)json_object_set_new(object, key, json_real(spread->low));
    snprintf(key, sizeof key, "%s_high", stream);
    (void)json_object_set_new(object, key, json_real(spread->high));
}

static json_t *bandwidth_list(const ebb_bandwidth *levels, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        const ebb_bandwidth *level = &levels[i];
        json_t *object = json_pack("{s:s, s:I, s:I}", "level", level->level, "threads",
                                   (json_int_t)level->threads, "array_bytes",
                                   (json_int_t)level->array_bytes);
        add_stream(object, "read", &level->read);
        add_stream(object, "write", &level->write);
        add_stream(object, "triad", &level->triad);
        (void)json_array_append_new(list, object);
    }
    return list;
}

/* How each figure was obtained, for who reads it without this program. */
static json_t *methods_object(void)
{
    static const char *const methods[][2] = {
        {"fma_gflops",
         "independent chains of multiply-adds held in registers, all threads at once: "
         "fused in avx512 and avx2; a product and a sum of four floats in sse and plain; "
         "one float an operation in scalar, fused where an x86 processor can; median, "
         "lowest and highest of 15 rounds of 2 ms"},
        {"bandwidth_gbs",
         "loops over arrays of each thread, first touched by it, all threads at once: "
         "sum of an array, fill, a = b + s c; array_bytes: half a thread's share of the "
         "cache, or its part of four times the outermost caches for memory; bytes of "
         "the arrays, reads before writes not counted; median, lowest and highest of 5 "
         "rounds"},
        {"barrier_ns", "1000 barriers of the team with nothing between; median, lowest "
                       "and highest of 15 rounds"},
        {"clock_ns", "1000 readings of the clock; median of 15 rounds"},
        {"wake_ns", "from the last arrival at a barrier until a thread that slept there "
                    "runs; median of 31"},
    };
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        (void)json_object_set_new(object, methods[i][0], json_string(methods[i][1]));
    }
    return object;
}

static json_t *roofs_object(const ebb_roofs *roofs)
{
    return json_pack(
        "{s:o, s:[], s:o, s:o, s:f, s:o, s:b, s:o}", "fma_gflops",
        roof_list(roofs->fma, roofs->n_fma), "matmul_gflops", "bandwidth_gbs",
        bandwidth_list(roofs->bandwidth, roofs->n_bandwidth), "barrier_ns",
        roof_list(roofs->barrier, roofs->n_barrier), "clock_ns", roofs->clock_ns,
        "wake_ns", number_or_null(roofs->wake_ns, roofs->wake_ns >= 0.0), "bound",
        (int)roofs->bound, "methods", methods_object());
}

static json_t *noise_object(const ebb_noise *noise)
{
    const ebb_disturbance *other = &noise->disturbance;
    return json_pack("{s:I, s:f, s:{s:f, s:f, s:f}, s:o, s:o, s:o, s:o, s:o}", "threads",
                     (json_int_t)noise->threads, "seconds", noise->seconds, "fma_gflops",
                     "value", noise->median, "low", noise->low, "high", noise->high,
                     "run_delay_ns", count_or_null(other->run_delay_ns), "steal_ns",
                     count_or_null(other->steal_ns), "involuntary_switches",
                     count_or_null(other->involuntary_switches), "throttled",
                     count_or_null(other->throttled), "major_faults",
                     count_or_null(other->major_faults));
}

static json_t *shape_object(const ebb_topology *topology)
{
    const ebb_topology_counts counts = ebb_topology_count(topology);
    return json_pack("{s:s, s:o, s:I, s:o, s:i, s:i, s:i, s:i, s:o, s:o}", "schema",
                     "ebb-machine/1", "usable_cpus", cpu_list(topology), "usable_cores",
                     (json_int_t)ebb_topology_usable_cores(topology), "quota",
                     number_or_null(counts.quota_cpus, counts.quota_cpus > 0.0),
                     "packages", counts.packages, "numa_nodes", counts.numa_nodes,
                     "cores", counts.cores, "pus", counts.pus, "caches",
                     cache_list(topology), "core_kinds", kind_list(topology));
}

static ebb_status add_identity(json_t *object, const ebb_topology *topology)
{
    char build_id[EBB_ID_BYTES];
    char machine_id[EBB_ID_BYTES];
    json_t *environment = NULL;
    EBB_TRY(ebb_environment_build_id(build_id));
    EBB_TRY(ebb_environment_machine_id(machine_id, topology));
    EBB_TRY(ebb_environment_json(&environment, topology));
    (void)json_object_set_new(object, "build_id", json_string(build_id));
    (void)json_object_set_new(object, "machine_id", json_string(machine_id));
    (void)json_object_set_new(object, "warnings", ebb_advice_json(environment));
    (void)json_object_set_new(object, "environment", environment);
    return EBB_OK;
}

static ebb_status add_measured(json_t *object, const ebb_topology *topology)
{
    ebb_roofs *roofs = malloc(sizeof *roofs);
    if (roofs == NULL) {
        return ebb_fail_memory(sizeof *roofs);
    }
    const ebb_status status = ebb_roofs_measure(roofs, topology);
    if (status == EBB_OK) {
        (void)json_object_set_new(object, "roofs", roofs_object(roofs));
        (void)json_object_set_new(object, "noise", noise_object(&roofs->noise));
    }
    free(roofs);
    return status;
}

/* Setters were not looked at one by one: a refused one left a key out. */
static bool is_complete(const json_t *object)
{
    enum { KEYS = 17 };
    return json_object_size(object) == KEYS;
}

ebb_status ebb_machine_json(json_t **out, const ebb_topology *topology)
{
    *out = NULL;
    json_t *object = shape_object(topology);
    json_t *placements = json_object();
    ebb_status status = add_placements(placements, topology);
    (void)json_object_set_new(object, "placements", placements);
    if (status == EBB_OK) {
        status = add_measured(object, topology);
    }
    if (status == EBB_OK) {
        status = add_identity(object, topology);
    }
    if (status == EBB_OK && !is_complete(object)) {
        status = ebb_fail_memory(sizeof(void *));
    }
    if (status != EBB_OK) {
        json_decref(object);
        return status;
    }
    *out = object;
    return EBB_OK;
}
