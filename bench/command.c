#include "command.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"

static const ebb_command *const table[] = {
    &ebb_command_run,    &ebb_command_sweep,   &ebb_command_table,   &ebb_command_report,
    &ebb_command_export, &ebb_command_compare, &ebb_command_machine, &ebb_command_list,
    &ebb_command_worker, &ebb_command_manual,
};

enum { N_COMMANDS = sizeof table / sizeof table[0] };

const ebb_command *ebb_command_at(size_t index)
{
    return index < N_COMMANDS ? table[index] : NULL;
}

const ebb_command *ebb_command_find(const char *name)
{
    const char *names[N_COMMANDS];
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(table[i]->name, name) == 0) {
            return table[i];
        }
        names[i] = table[i]->hidden ? NULL : table[i]->name;
    }
    ebb_text_fail_name("COMMAND", "unknown command", name, names, N_COMMANDS);
    return NULL;
}

void ebb_note(const ebb_arguments *arguments, const char *format, ...)
{
    if (ebb_arguments_quiet(arguments)) {
        return;
    }
    va_list values;
    va_start(values, format);
    fflush(stdout); /* both may be one file: the note stands where it was said */
    fputs("ebb: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
}
