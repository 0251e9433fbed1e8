#include "lstopo.h"

#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "find_program.h"
#include "machine/topology_drawing.h"

/* A program of that name that is something else, or an old one, may end with 0 too. */
static bool is_svg(const ebb_text *text)
{
    static const char end[] = "</svg>";
    const char *last = NULL;
    const char *first = text->data == NULL ? NULL : strstr(text->data, "<svg");
    for (const char *at = first; at != NULL; at = strstr(at + 1, end)) {
        last = at;
    }
    return last != NULL && last != first &&
           strspn(last + strlen(end), " \r\n") == strlen(last + strlen(end));
}

/* hwloc's own SVG, in which objects have names; a graphical lstopo would take Cairo's. */
static ebb_status draw(ebb_text *out, const char *program, const char *xml)
{
    static const char *const words[] = {"lstopo",    "--input",
                                        "-",         "--input-format",
                                        "xml",       "--disallowed",
                                        "--no-io",   "--output-format",
                                        "nativesvg", "-",
                                        NULL};
    ebb_text svg = {0};
    ebb_status status =
        ebb_filter_run(&svg, &(ebb_filter){"lstopo", program, words}, xml);
    if (status == EBB_OK && !is_svg(&svg)) {
        status =
            ebb_fail(EBB_ERR_ENVIRONMENT, "lstopo: what it printed is no SVG document "
                                          "(hwloc 2 is needed)");
    }
    if (status == EBB_OK) {
        ebb_text_append(out, "%s", svg.data);
        status = ebb_text_check(out);
    }
    ebb_text_clear(&svg);
    return status;
}

ebb_status ebb_lstopo_svg(ebb_text *out, const ebb_topology *topology)
{
    char *program = ebb_find_program("lstopo");
    if (program == NULL) {
        return ebb_fail(
            EBB_ERR_ENVIRONMENT,
            "lstopo: not found in PATH (it draws the SVG: install the package "
            "hwloc or hwloc-nox; a drawing as text needs nothing)");
    }
    ebb_text xml = {0};
    ebb_status status = ebb_topology_drawing_xml(&xml, topology);
    if (status == EBB_OK) {
        status = draw(out, program, xml.data);
    }
    ebb_text_clear(&xml);
    free(program);
    return status;
}
