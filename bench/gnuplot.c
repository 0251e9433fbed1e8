#include "gnuplot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "find_program.h"

enum { TIMEOUT_SECONDS = 30 };

char *ebb_gnuplot_find(void)
{
    return ebb_find_program("gnuplot");
}

/* The script as a file without a name, at its start; −1 when there is none to be had. A
 * pipe would hold up both sides once it is full. */
static int make_input(const char *script)
{
    const int file = memfd_create("script", MFD_CLOEXEC);
    size_t left = strlen(script);
    while (file >= 0 && left > 0) {
        const ssize_t n = write(file, script, left);
        if (n < 0 && errno != EINTR) {
            close(file);
            return -1;
        }
        script += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
    if (file >= 0 && lseek(file, 0, SEEK_SET) != 0) {
        close(file);
        return -1;
    }
    return file;
}

/* In the child: the script becomes its standard input. */
static ebb_status take_input(const void *argument)
{
    const int *file = argument;
    return dup2(*file, STDIN_FILENO) == STDIN_FILENO
               ? EBB_OK
               : ebb_fail(EBB_ERR_ENVIRONMENT, "gnuplot: no input (%s)", strerror(errno));
}

static ebb_status judge(ebb_text *out, const ebb_child *child)
{
    char reason[128];
    if (ebb_child_reason(reason, child)[0] != '\0') {
        char *message = ebb_child_message(child);
        char shown[64];
        const ebb_status status = ebb_fail(
            EBB_ERR_ENVIRONMENT, "gnuplot: %s%s%s", reason, message == NULL ? "" : ": ",
            message == NULL ? "" : ebb_text_printable(shown, message));
        free(message);
        return status;
    }
    ebb_text_append(out, "%s", child->output.data == NULL ? "" : child->output.data);
    return ebb_text_check(out);
}

ebb_status ebb_gnuplot_draw(ebb_text *out, const char *program, const char *script)
{
    const int file = make_input(script);
    if (file < 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "gnuplot: no room for its script (%s)",
                        strerror(errno));
    }
    static const char *const words[] = {"gnuplot", "-d", NULL};
    const ebb_child_plan plan = {
        .program = program,
        .words = words,
        .timeout_seconds = TIMEOUT_SECONDS,
        .group = true, /* a wrapper's own children do not outlive it */
        .prepare = take_input,
        .argument = &file,
    };
    ebb_child child;
    ebb_status status = ebb_child_run(&child, &plan);
    close(file);
    if (status == EBB_OK) {
        status = judge(out, &child);
        ebb_child_clear(&child);
    }
    return status;
}
