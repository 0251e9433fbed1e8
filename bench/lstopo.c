#include "lstopo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "find_program.h"
#include "machine/topology_drawing.h"

enum { TIMEOUT_SECONDS = 30 };

/* In the child: the file becomes its standard input. */
static ebb_status take_input(const void *argument)
{
    const int *file = argument;
    return dup2(*file, STDIN_FILENO) == STDIN_FILENO
               ? EBB_OK
               : ebb_fail(EBB_ERR_ENVIRONMENT, "lstopo: no input (%s)", strerror(errno));
}

/* The text as a file without a name, at its start; −1 when there is none to be had. */
static int make_input(const ebb_text *text)
{
    const int file = memfd_create("topology", MFD_CLOEXEC);
    size_t done = 0;
    while (file >= 0 && done < text->length) {
        const ssize_t n = write(file, text->data + done, text->length - done);
        if (n < 0 && errno != EINTR) {
            close(file);
            return -1;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    if (file >= 0 && lseek(file, 0, SEEK_SET) != 0) {
        close(file);
        return -1;
    }
    return file;
}

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

static ebb_status judge(ebb_text *out, const ebb_child *child)
{
    char reason[128];
    if (ebb_child_reason(reason, child)[0] != '\0') {
        char *message = ebb_child_message(child);
        char shown[64];
        const ebb_status status = ebb_fail(
            EBB_ERR_ENVIRONMENT, "lstopo: %s%s%s", reason, message == NULL ? "" : ": ",
            message == NULL ? "" : ebb_text_printable(shown, message));
        free(message);
        return status;
    }
    if (!is_svg(&child->output)) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "lstopo: what it printed is no SVG document "
                                             "(hwloc 2 is needed)");
    }
    ebb_text_append(out, "%s", child->output.data);
    return ebb_text_check(out);
}

static ebb_status draw(ebb_text *out, const char *program, int file)
{
    static const char *const words[] = {"lstopo",  "--input",
                                        "-",       "--input-format",
                                        "xml",     "--disallowed",
                                        "--no-io", "--output-format",
                                        "svg",     "-",
                                        NULL};
    const ebb_child_plan plan = {
        .program = program,
        .words = words,
        .timeout_seconds = TIMEOUT_SECONDS,
        .prepare = take_input,
        .argument = &file,
    };
    ebb_child child;
    EBB_TRY(ebb_child_run(&child, &plan));
    const ebb_status status = judge(out, &child);
    ebb_child_clear(&child);
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
    const int file = status == EBB_OK ? make_input(&xml) : -1;
    if (status == EBB_OK && file < 0) {
        status = ebb_fail(EBB_ERR_ENVIRONMENT, "lstopo: no room for its input (%s)",
                          strerror(errno));
    }
    if (status == EBB_OK) {
        status = draw(out, program, file);
        close(file);
    }
    ebb_text_clear(&xml);
    free(program);
    return status;
}
