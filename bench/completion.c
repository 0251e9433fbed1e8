#include "completion.h"

#include <string.h>

/* What a word is called in help tells what it is. */
static ebb_completion_kind find_kind(const char *name)
{
    static const struct {
        const char *name;
        ebb_completion_kind kind;
    } kinds[] = {{"DIR", EBB_COMPLETION_FOLDERS},
                 {"DIR|FILE.json", EBB_COMPLETION_FILES},
                 {"FILE", EBB_COMPLETION_FILES},
                 {"BUILD", EBB_COMPLETION_FILES},
                 {"SUITE", EBB_COMPLETION_SUITES}};
    const size_t length = strcspn(name, " ");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strlen(kinds[i].name) == length &&
            strncmp(kinds[i].name, name, length) == 0) {
            return kinds[i].kind;
        }
    }
    return EBB_COMPLETION_ANY;
}

ebb_completion_kind ebb_completion_of_value(const ebb_help_option *option)
{
    return ebb_help_value_at(option, 0) != NULL ? EBB_COMPLETION_VALUES
                                                : find_kind(option->value);
}

ebb_completion_kind ebb_completion_of_words(const ebb_command *command)
{
    if (command->max_words == 0) {
        return EBB_COMPLETION_ANY;
    }
    return command->kinds != NULL ? EBB_COMPLETION_VALUES : find_kind(command->usage);
}
