/* cmd_manual.c - `ebb manual`: pages and scripts that are installed beside the program.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "completion.h"
#include "manual.h"

static ebb_status append(ebb_text *out, const char *page)
{
    if (strcmp(page, "bash") == 0) {
        ebb_completion_bash(out);
    } else if (strcmp(page, "zsh") == 0) {
        ebb_completion_zsh(out);
    } else if (strcmp(page, "ebb") == 0) {
        ebb_manual_page(out, NULL);
    } else {
        const ebb_command *command = ebb_command_find(page);
        if (command == NULL) {
            return EBB_ERR_USAGE;
        }
        ebb_manual_page(out, command);
    }
    return ebb_text_check(out);
}

static ebb_status run(const ebb_arguments *arguments)
{
    ebb_text text = {0};
    const ebb_status status =
        append(&text, arguments->n_words > 0 ? arguments->words[0] : "ebb");
    if (status == EBB_OK) {
        fputs(text.data, stdout);
    }
    ebb_text_clear(&text);
    return status;
}

static const ebb_term examples[] = {
    {"ebb manual run | man -l -", "a page that is not installed"},
    {". <(ebb manual bash)", "completion in this bash"},
    {NULL, NULL},
};

const ebb_command ebb_command_manual = {
    .name = "manual",
    .summary = "a man page, or the completion of a shell",
    .usage = "[PAGE]",
    .details =
        "PAGE is ebb, the name of a command, bash or zsh. The build makes of them\n"
        "what is installed.\n",
    .examples = examples,
    .hidden = true,
    .max_words = 1,
    .run = run,
};
