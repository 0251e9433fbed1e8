#include "machine/topology_drawing.h"

#include <hwloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/textbox.h"

enum { TITLE_BYTES = 128 };

typedef struct drawing {
    const ebb_topology *topology;
    hwloc_topology_t hwloc;
    bool marks;  /* some CPU may not be used */
    int columns; /* of a CPU's number and mark */
} drawing;

/* A core with its CPUs: PU objects that are neighbours. kind is −1 where kinds are one or
 * not ranked; caches are its own ones, "L2 1 MiB, L1d 32 KiB". */
typedef struct core {
    char cpus[TITLE_BYTES];
    char caches[TITLE_BYTES];
    int kind;
} core;

/* What stands directly in a frame. */
typedef struct content {
    core *cores;
    ebb_textbox *boxes; /* frames within it */
    size_t n_cores, n_boxes;
    bool failed; /* memory was refused */
} content;

static const ebb_pu *find_pu(const ebb_topology *topology, unsigned os_index)
{
    size_t n = 0;
    const ebb_pu *pus = ebb_topology_pus(topology, &n);
    for (size_t i = 0; i < n; i++) {
        if (pus[i].os_index == (int)os_index) {
            return &pus[i];
        }
    }
    return NULL;
}

static void append_size(ebb_text *out, uint64_t bytes)
{
    if (bytes >= 1 << 30) {
        ebb_text_append(out, "%.1f GiB", (double)bytes / 0x1p30);
    } else if (bytes >= 1 << 20) {
        const bool whole = bytes % (1 << 20) == 0;
        ebb_text_append(out, "%.*f MiB", whole ? 0 : 1, (double)bytes / 0x1p20);
    } else {
        ebb_text_append(out, "%llu KiB", (unsigned long long)(bytes >> 10));
    }
}

static void append_cache(ebb_text *out, hwloc_obj_t cache)
{
    char name[32];
    hwloc_obj_type_snprintf(name, sizeof name, cache, 0);
    ebb_text_append(out, "%s ", name);
    append_size(out, cache->attr->cache.size);
}

static bool holds_several_cores(hwloc_topology_t hwloc, hwloc_obj_t object)
{
    const int n =
        hwloc_get_nbobjs_inside_cpuset_by_type(hwloc, object->cpuset, HWLOC_OBJ_CORE);
    return n > 1;
}

static bool is_frame(const drawing *self, hwloc_obj_t object)
{
    return object->type == HWLOC_OBJ_PACKAGE || object->memory_arity > 0 ||
           (hwloc_obj_type_is_cache(object->type) &&
            (object->type == HWLOC_OBJ_L3CACHE || object->type == HWLOC_OBJ_L4CACHE ||
             holds_several_cores(self->hwloc, object)));
}

static void write_title(ebb_text *out, hwloc_obj_t object)
{
    char name[32];
    if (hwloc_obj_type_is_cache(object->type)) {
        append_cache(out, object);
        return;
    }
    hwloc_obj_type_snprintf(name, sizeof name, object, 0);
    ebb_text_append(out, "%s", name);
    if (object->type != HWLOC_OBJ_MACHINE) {
        ebb_text_append(out, " %u", object->logical_index);
    }
}

/* ---- cores ------------------------------------------------------------------------ */

static void describe_core(core *out, const drawing *self, hwloc_obj_t object)
{
    ebb_text caches = {0};
    *out = (core){.kind = -1};
    size_t length = 0;
    hwloc_obj_t pu = NULL;
    while ((pu = hwloc_get_next_obj_inside_cpuset_by_type(self->hwloc, object->cpuset,
                                                          HWLOC_OBJ_PU, pu)) != NULL) {
        char number[24];
        const ebb_pu *usable = find_pu(self->topology, pu->os_index);
        snprintf(number, sizeof number, "%s%u", usable == NULL ? "x" : "", pu->os_index);
        length += (size_t)snprintf(out->cpus + length, sizeof out->cpus - length, "%s%*s",
                                   length > 0 ? " " : "[", self->columns, number);
        length = length < sizeof out->cpus - 2 ? length : sizeof out->cpus - 2;
        const int kind = hwloc_cpukinds_get_by_cpuset(self->hwloc, pu->cpuset, 0);
        out->kind = ebb_topology_count(self->topology).core_kinds > 1 ? kind : -1;
    }
    snprintf(out->cpus + length, sizeof out->cpus - length, "]");
    for (hwloc_obj_t o = object; o != NULL && (o == object || !is_frame(self, o));
         o = o->parent) {
        if (hwloc_obj_type_is_dcache(o->type)) {
            ebb_text_append(&caches, "%s", caches.length > 0 ? ", " : "");
            append_cache(&caches, o);
        }
    }
    snprintf(out->caches, sizeof out->caches, "%s",
             caches.data == NULL ? "" : caches.data);
    ebb_text_clear(&caches);
}

static bool are_alike(const core *a, const core *b)
{
    return a->kind == b->kind && strcmp(a->caches, b->caches) == 0;
}

/* "4 cores of kind 1, each with L2 1 MiB, L1d 32 KiB" */
static void add_run_title(ebb_textbox *box, const core *first, size_t n)
{
    ebb_text line = {0};
    ebb_text_append(&line, "%zu core%s", n, n == 1 ? "" : "s");
    if (first->kind >= 0) {
        ebb_text_append(&line, " of kind %d", first->kind);
    }
    if (first->caches[0] != '\0') {
        ebb_text_append(&line, "%s with %s", n == 1 ? "" : ", each", first->caches);
    }
    ebb_textbox_add(box, line.data == NULL ? "" : line.data);
    box->text.failed = box->text.failed || line.failed;
    ebb_text_clear(&line);
}

/* How many of n equally wide cores stand in a line: all, else a power of two, so that
 * lines are alike. */
static size_t cores_per_line(size_t n, size_t width, size_t max_columns)
{
    size_t fit = 1;
    if (n * (width + 1) <= max_columns + 1) {
        return n;
    }
    while (2 * fit * (width + 1) <= max_columns + 1) {
        fit *= 2;
    }
    return fit;
}

static void add_run(ebb_textbox *box, const core *cores, size_t n, size_t max_columns)
{
    size_t width = 1;
    for (size_t i = 0; i < n; i++) {
        const size_t own = strlen(cores[i].cpus);
        width = own > width ? own : width;
    }
    const size_t per_line = cores_per_line(n, width, max_columns);
    for (size_t begin = 0; begin < n; begin += per_line) {
        ebb_text line = {0};
        for (size_t i = begin; i < n && i < begin + per_line; i++) {
            ebb_text_append(&line, "%s%s", i > begin ? " " : "", cores[i].cpus);
        }
        ebb_textbox_add(box, line.data == NULL ? "" : line.data);
        box->text.failed = box->text.failed || line.failed;
        ebb_text_clear(&line);
    }
}

static void add_cores(ebb_textbox *box, const content *all, size_t max_columns)
{
    for (size_t begin = 0; begin < all->n_cores;) {
        size_t end = begin + 1;
        while (end < all->n_cores && are_alike(&all->cores[begin], &all->cores[end])) {
            end++;
        }
        add_run_title(box, &all->cores[begin], end - begin);
        add_run(box, all->cores + begin, end - begin, max_columns);
        begin = end;
    }
}

/* ---- frames ----------------------------------------------------------------------- */

static void *grow(content *all, void *items, size_t n, size_t item_bytes)
{
    void *more = realloc(items, (n + 1) * item_bytes);
    all->failed = all->failed || more == NULL;
    return more;
}

static void draw(ebb_textbox *out, const drawing *self, hwloc_obj_t object,
                 size_t max_columns);

static void collect_child(content *all, const drawing *self, hwloc_obj_t child,
                          size_t max_columns);

static void collect(content *all, const drawing *self, hwloc_obj_t object,
                    size_t max_columns)
{
    for (hwloc_obj_t child = object->first_child; child != NULL && !all->failed;
         child = child->next_sibling) {
        collect_child(all, self, child, max_columns);
    }
}

static void collect_child(content *all, const drawing *self, hwloc_obj_t child,
                          size_t max_columns)
{
    if (is_frame(self, child)) {
        ebb_textbox *boxes = grow(all, all->boxes, all->n_boxes, sizeof *boxes);
        if (boxes != NULL) {
            all->boxes = boxes;
            boxes[all->n_boxes] = (ebb_textbox){0};
            draw(&boxes[all->n_boxes++], self, child, max_columns);
        }
    } else if (child->type == HWLOC_OBJ_CORE || child->type == HWLOC_OBJ_PU) {
        core *cores = grow(all, all->cores, all->n_cores, sizeof *cores);
        if (cores != NULL) {
            all->cores = cores;
            describe_core(&cores[all->n_cores++], self, child);
        }
    } else {
        collect(all, self, child, max_columns);
    }
}

static void add_nodes(ebb_textbox *box, hwloc_obj_t object)
{
    for (hwloc_obj_t child = object->memory_first_child; child != NULL;
         child = child->next_sibling) {
        if (child->type == HWLOC_OBJ_NUMANODE) {
            ebb_text line = {0};
            const uint64_t bytes = child->attr->numanode.local_memory;
            ebb_text_append(&line, "NUMA node %u", child->os_index);
            if (bytes > 0) {
                ebb_text_append(&line, ", ");
                append_size(&line, bytes);
            }
            ebb_textbox_add(box, line.data == NULL ? "" : line.data);
            box->text.failed = box->text.failed || line.failed;
            ebb_text_clear(&line);
        } else {
            add_nodes(box, child); /* a cache in front of memory */
        }
    }
}

static void draw(ebb_textbox *out, const drawing *self, hwloc_obj_t object,
                 size_t max_columns)
{
    const size_t inner =
        max_columns > EBB_TEXTBOX_FRAME ? max_columns - EBB_TEXTBOX_FRAME : 1;
    content all = {0};
    ebb_text title = {0};
    collect(&all, self, object, inner);
    add_nodes(out, object);
    add_cores(out, &all, inner);
    ebb_textbox_stack(out, all.boxes, all.n_boxes, inner);
    write_title(&title, object);
    ebb_textbox_frame(out, title.data == NULL ? "" : title.data);
    out->text.failed = out->text.failed || all.failed || title.failed;
    for (size_t i = 0; i < all.n_boxes; i++) {
        ebb_textbox_clear(&all.boxes[i]);
    }
    free(all.boxes);
    free(all.cores);
    ebb_text_clear(&title);
}

/* ---- the key below ---------------------------------------------------------------- */

static void append_set(ebb_text *out, hwloc_const_bitmap_t set)
{
    char list[1024];
    hwloc_bitmap_list_snprintf(list, sizeof list, set);
    ebb_text_append(out, "%s", list);
}

static void append_usable(ebb_text *out, const drawing *self, hwloc_bitmap_t set)
{
    size_t n = 0;
    size_t n_cores = 0;
    const ebb_pu *pus = ebb_topology_pus(self->topology, &n);
    const double quota = ebb_topology_count(self->topology).quota_cpus;
    hwloc_bitmap_zero(set);
    for (size_t i = 0; i < n; i++) {
        hwloc_bitmap_set(set, (unsigned)pus[i].os_index);
        n_cores += pus[i].smt_rank == 0;
    }
    ebb_text_append(out, "usable   CPU%s ", n == 1 ? "" : "s");
    append_set(out, set);
    ebb_text_append(out, ", on %zu core%s", n_cores, n_cores == 1 ? "" : "s");
    if (quota > 0.0) {
        ebb_text_append(out, ", with a quota of %.2f CPUs", quota);
    }
    ebb_text_append(out, "\n");
}

static void append_offline(ebb_text *out, const drawing *self, hwloc_bitmap_t set)
{
    hwloc_bitmap_andnot(set, hwloc_topology_get_complete_cpuset(self->hwloc),
                        hwloc_topology_get_topology_cpuset(self->hwloc));
    if (!hwloc_bitmap_iszero(set)) {
        ebb_text_append(out, "offline  CPU%s ", hwloc_bitmap_weight(set) == 1 ? "" : "s");
        append_set(out, set);
        ebb_text_append(out, "\n");
    }
}

static void append_key(ebb_text *out, const drawing *self)
{
    const int n_kinds = ebb_topology_count(self->topology).core_kinds;
    ebb_text_append(out, "[0 1]    a core and its CPUs, by the system's numbers\n");
    if (self->marks) {
        ebb_text_append(out, "x1       CPU 1 may not be used\n");
    }
    if (n_kinds > 1) {
        int efficiency = -1;
        hwloc_cpukinds_get_info(self->hwloc, 0, NULL, &efficiency, NULL, NULL, 0);
        ebb_text_append(out, "kind     %s\n",
                        efficiency < 0 ? "which of them is faster is not available"
                                       : "of core, the higher the faster");
    }
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    out->failed = out->failed || set == NULL;
    if (set != NULL) {
        append_usable(out, self, set);
        append_offline(out, self, set);
    }
    hwloc_bitmap_free(set);
}

ebb_status ebb_topology_drawing_append(ebb_text *out, const ebb_topology *topology,
                                       size_t max_columns)
{
    size_t n = 0;
    (void)ebb_topology_pus(topology, &n);
    drawing self = {.topology = topology, .hwloc = ebb_topology_handle(topology)};
    const int highest = hwloc_bitmap_last(hwloc_topology_get_topology_cpuset(self.hwloc));
    self.marks = n < (size_t)ebb_topology_count(topology).pus;
    self.columns = snprintf(NULL, 0, "%d", highest) + self.marks;
    ebb_textbox box = {0};
    draw(&box, &self, hwloc_get_root_obj(self.hwloc), max_columns);
    ebb_text_append(out, "%s", box.text.data == NULL ? "" : box.text.data);
    out->failed = out->failed || box.text.failed;
    ebb_textbox_clear(&box);
    append_key(out, &self);
    return ebb_text_check(out);
}

/* ---- for lstopo ------------------------------------------------------------------- */

/* A copy in which only usable CPUs are allowed; NULL when there is none to be had. */
static hwloc_topology_t narrowed(const ebb_topology *topology)
{
    size_t n = 0;
    const ebb_pu *pus = ebb_topology_pus(topology, &n);
    hwloc_topology_t copy = NULL;
    hwloc_bitmap_t usable = hwloc_bitmap_alloc();
    for (size_t i = 0; usable != NULL && i < n; i++) {
        hwloc_bitmap_set(usable, (unsigned)pus[i].os_index);
    }
    if (usable == NULL || hwloc_topology_dup(&copy, ebb_topology_handle(topology)) != 0) {
        copy = NULL;
    } else if (hwloc_topology_allow(copy, usable, NULL, HWLOC_ALLOW_FLAG_CUSTOM) != 0) {
        hwloc_topology_destroy(copy);
        copy = NULL;
    }
    hwloc_bitmap_free(usable);
    return copy;
}

ebb_status ebb_topology_drawing_xml(ebb_text *out, const ebb_topology *topology)
{
    char *xml = NULL;
    int length = 0;
    const hwloc_topology_t copy = narrowed(topology);
    if (copy == NULL || hwloc_topology_export_xmlbuffer(copy, &xml, &length, 0) != 0) {
        if (copy != NULL) {
            hwloc_topology_destroy(copy);
        }
        return ebb_fail(EBB_ERR_ENVIRONMENT, "hwloc: cannot write this machine as XML");
    }
    ebb_text_append(out, "%s", xml);
    hwloc_free_xmlbuffer(copy, xml);
    hwloc_topology_destroy(copy);
    return ebb_text_check(out);
}
