#include "filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"

enum { TIMEOUT_SECONDS = 30 };

/* The text as a file without a name, at its start; −1 when there is none to be had. A
 * pipe would hold up both sides once it is full. */
static int make_input(const char *text)
{
    const int file = memfd_create("input", MFD_CLOEXEC);
    size_t left = strlen(text);
    while (file >= 0 && left > 0) {
        const ssize_t n = write(file, text, left);
        if (n < 0 && errno != EINTR) {
            close(file);
            return -1;
        }
        text += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
    if (file >= 0 && lseek(file, 0, SEEK_SET) != 0) {
        close(file);
        return -1;
    }
    return file;
}

/* In the child: the file becomes its standard input. */
static ebb_status take_input(const void *argument)
{
    const int *file = argument;
    return dup2(*file, STDIN_FILENO) == STDIN_FILENO
               ? EBB_OK
               : ebb_fail(EBB_ERR_ENVIRONMENT, "no input (%s)", strerror(errno));
}

static ebb_status judge(ebb_text *out, const ebb_filter *filter, const ebb_child *child)
{
    char reason[128];
    if (ebb_child_reason(reason, child)[0] != '\0') {
        char *message = ebb_child_message(child);
        char shown[64];
        const ebb_status status =
            ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s%s%s", filter->name, reason,
                     message == NULL ? "" : ": ",
                     message == NULL ? "" : ebb_text_printable(shown, message));
        free(message);
        return status;
    }
    ebb_text_append(out, "%s", child->output.data == NULL ? "" : child->output.data);
    return ebb_text_check(out);
}

ebb_status ebb_filter_run(ebb_text *out, const ebb_filter *filter, const char *input)
{
    const int file = make_input(input);
    if (file < 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: no room for its input (%s)",
                        filter->name, strerror(errno));
    }
    const ebb_child_plan plan = {
        .program = filter->program,
        .words = filter->words,
        .timeout_seconds = TIMEOUT_SECONDS,
        .group = true,
        .prepare = take_input,
        .argument = &file,
    };
    ebb_child child;
    ebb_status status = ebb_child_run(&child, &plan);
    close(file);
    if (status == EBB_OK) {
        status = judge(out, filter, &child);
        ebb_child_clear(&child);
    }
    return status;
}
