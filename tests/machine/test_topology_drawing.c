/* Machines drawn as text, against drawings that were looked at, and as XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hwloc.h>
#include <stdio.h>
#include <string.h>

#include "machine/procfs.h"
#include "machine/textbox.h"
#include "machine/topology_drawing.h"

#define TOPOLOGIES EBB_SOURCE_DIR "/tests/machine/topologies/"

static ebb_topology *load(const char *description, const int *allowed, size_t n,
                          double quota_cpus)
{
    ebb_topology *topology = NULL;
    const ebb_status status =
        strstr(description, ".xml") != NULL
            ? ebb_topology_create_xml(&topology, description, allowed, n, quota_cpus)
            : ebb_topology_create_synthetic(&topology, description, allowed, n,
                                            quota_cpus);
    if (status != EBB_OK) {
        fail_msg("%s: %s", description, ebb_last_error());
    }
    return topology;
}

typedef struct drawn {
    const char *golden; /* file beside the topologies */
    const char *description;
    int allowed[8];
    size_t n_allowed; /* 0: all */
    double quota_cpus;
    size_t max_columns;
} drawn;

static const drawn drawings[] = {
    {"hybrid.txt", TOPOLOGIES "hybrid.xml", {0}, 0, 0.0, 90},
    {"unranked.txt", TOPOLOGIES "unranked.xml", {0}, 0, 0.0, 90},
    /* offline, not allowed by the cpuset, and not by the mask */
    {"offline.txt", TOPOLOGIES "offline.xml", {0, 1, 2, 3, 5, 6}, 6, 1.5, 90},
    {"four-nodes.txt",
     "pack:2 group:2 [numa(memory=34359738368)] l3:1 l2:2 l1d:1 core:1 "
     "pu:2(indexes=0,8,1,9,2,10,3,11,4,12,5,13,6,14,7,15)",
     {0},
     0,
     0.0,
     100},
    /* Frames are never torn; cores that do not fit in a line are cut at powers of two. */
    {"narrow.txt", "pack:2 l3:2 l2:1 core:6 pu:1", {3}, 1, 0.0, 30},
    {"bare.txt", "pu:3", {0}, 0, 0.0, 90},
};
enum { N_DRAWINGS = sizeof drawings / sizeof drawings[0] };

static void test_drawings(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_DRAWINGS; i++) {
        const drawn *d = &drawings[i];
        ebb_text golden = {0};
        ebb_text drawing = {0};
        ebb_topology *topology =
            load(d->description, d->n_allowed > 0 ? d->allowed : NULL, d->n_allowed,
                 d->quota_cpus);
        assert_int_equal(ebb_topology_drawing_append(&drawing, topology, d->max_columns),
                         EBB_OK);
        assert_true(ebb_procfs_read(&golden, "%s%s", TOPOLOGIES, d->golden));
        ebb_text_append(&golden, "\n"); /* the reader cuts it off */
        if (strcmp(drawing.data, golden.data) != 0) {
            fail_msg("%s is not:\n%s", d->golden, drawing.data);
        }
        ebb_text_clear(&golden);
        ebb_text_clear(&drawing);
        ebb_topology_destroy(topology);
    }
}

static void test_a_line_has_one_width(void **state)
{
    (void)state;
    ebb_textbox box = {0};
    ebb_textbox parts[3] = {0};
    ebb_textbox_add(&parts[0], "µ");
    ebb_textbox_add(&parts[1], "two");
    ebb_textbox_add(&parts[1], "lines");
    ebb_textbox_add(&parts[2], "third");
    ebb_textbox_add(&box, "first");
    ebb_textbox_stack(&box, parts, 3, 7);
    assert_int_equal(box.width, 7);
    assert_int_equal(box.height, 4);
    assert_string_equal(box.text.data, "first\nµ two  \n  lines\nthird\n");
    ebb_textbox_frame(&box, "é");
    assert_string_equal(box.text.data, "┌ é ──────┐\n"
                                       "│ first   │\n"
                                       "│ µ two   │\n"
                                       "│   lines │\n"
                                       "│ third   │\n"
                                       "└─────────┘\n");
    for (size_t i = 0; i < 3; i++) {
        ebb_textbox_clear(&parts[i]);
    }
    ebb_textbox_clear(&box);
}

static void test_an_empty_frame(void **state)
{
    (void)state;
    ebb_textbox box = {0};
    ebb_textbox_frame(&box, "nothing");
    assert_string_equal(box.text.data, "┌ nothing ─┐\n└──────────┘\n");
    assert_int_equal(box.width, 12);
    ebb_textbox_clear(&box);
}

/* Allowed are those that are usable, and the others are still in it. */
static void test_xml(void **state)
{
    (void)state;
    const int allowed[] = {0, 6, 7};
    ebb_topology *topology = load(TOPOLOGIES "offline.xml", allowed, 3, 0.0);
    ebb_text xml = {0};
    hwloc_topology_t again = NULL;
    assert_int_equal(ebb_topology_drawing_xml(&xml, topology), EBB_OK);
    assert_int_equal(hwloc_topology_init(&again), 0);
    assert_int_equal(
        hwloc_topology_set_flags(again, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED), 0);
    assert_int_equal(hwloc_topology_set_xmlbuffer(again, xml.data, (int)xml.length + 1),
                     0);
    assert_int_equal(hwloc_topology_load(again), 0);
    assert_int_equal(hwloc_get_nbobjs_by_type(again, HWLOC_OBJ_PU), 6);
    hwloc_const_bitmap_t set = hwloc_topology_get_allowed_cpuset(again);
    assert_int_equal(hwloc_bitmap_weight(set), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(hwloc_bitmap_isset(set, (unsigned)allowed[i]));
    }
    /* The topology itself is as it was. */
    hwloc_topology_t own = ebb_topology_handle(topology);
    assert_int_equal(hwloc_bitmap_weight(hwloc_topology_get_allowed_cpuset(own)), 5);
    hwloc_topology_destroy(again);
    ebb_text_clear(&xml);
    ebb_topology_destroy(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drawings),
        cmocka_unit_test(test_a_line_has_one_width),
        cmocka_unit_test(test_an_empty_frame),
        cmocka_unit_test(test_xml),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
