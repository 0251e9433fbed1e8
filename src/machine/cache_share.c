#include "machine/cache_share.h"

#include <hwloc.h>
#include <stdbool.h>

static hwloc_obj_t cache_of(hwloc_topology_t hwloc, int cpu, unsigned level)
{
    hwloc_obj_t object = hwloc_get_pu_obj_by_os_index(hwloc, (unsigned)cpu);
    while (object != NULL && !(hwloc_obj_type_is_dcache(object->type) &&
                               object->attr->cache.depth == level)) {
        object = object->parent;
    }
    return object;
}

/* Cost: n² look-ups in a bit map a level. */
static bool share_level(ebb_cache_share *out, hwloc_topology_t hwloc, unsigned level,
                        const int *cpus, size_t n)
{
    *out = (ebb_cache_share){.level = (int)level};
    for (size_t i = 0; i < n; i++) {
        const hwloc_obj_t cache = cache_of(hwloc, cpus[i], level);
        if (cache == NULL || cache->attr->cache.size == 0) {
            return false;
        }
        const size_t size = (size_t)cache->attr->cache.size;
        size_t sharing = 1; /* the thread itself, and others */
        size_t earlier = 0;
        for (size_t j = 0; j < n; j++) {
            const bool inside = hwloc_bitmap_isset(cache->cpuset, (unsigned)cpus[j]) != 0;
            sharing += inside && j != i ? 1 : 0;
            earlier += inside && j < i ? 1 : 0;
        }
        const size_t share = size / sharing;
        out->total_bytes += earlier == 0 ? size : 0;
        out->size_bytes = i == 0 || size < out->size_bytes ? size : out->size_bytes;
        out->share_bytes = i == 0 || share < out->share_bytes ? share : out->share_bytes;
    }
    return n > 0;
}

size_t ebb_cache_share_list(ebb_cache_share out[EBB_CACHE_MAX_LEVELS],
                            const ebb_topology *topology, const int *cpus, size_t n)
{
    const hwloc_topology_t hwloc = ebb_topology_handle(topology);
    size_t n_levels = 0;
    for (unsigned level = 1; level <= EBB_CACHE_MAX_LEVELS; level++) {
        if (share_level(&out[n_levels], hwloc, level, cpus, n)) {
            n_levels++;
        }
    }
    return n_levels;
}
