/* help.h - what is told about the program and its commands, wherever it is told.
 *
 * `--help`, the man pages and the completions of shells walk the same tables: those of
 * command.h, of study/config.h, and the ones that all commands share, which are here. */
#ifndef EBB_BENCH_HELP_H
#define EBB_BENCH_HELP_H

#include "base/text.h"
#include "command.h"

typedef enum ebb_help_group {
    EBB_HELP_OWN,    /* of the command's own table */
    EBB_HELP_TRIAL,  /* of study/config.h */
    EBB_HELP_COMMON, /* of every command */
    EBB_HELP_GROUP_COUNT
} ebb_help_group;

/* An option of any table. Borrows all it names. */
typedef struct ebb_help_option {
    ebb_help_group group;
    const char *name;
    const char *value;          /* how its value is called; NULL: a flag */
    const char *help;           /* without values and default of a trial's option */
    const char *allowed;        /* of a trial's option; NULL elsewhere */
    const char *fallback;       /* of a trial's option, "" for none; NULL elsewhere */
    const char *const *choices; /* at most one of these two is there */
    ebb_choice_fn registry;
} ebb_help_option;

/* Option i of a command, group after group; command NULL: the program's own, which are
 * the common ones. False past the end. */
bool ebb_help_option_at(ebb_help_option *out, const ebb_command *command, size_t index);
/* The heading of a group. */
const char *ebb_help_group_name(ebb_help_group group);
/* Value i that the option may have; NULL past the end, or when it may have any. */
const char *ebb_help_value_at(const ebb_help_option *option, size_t index);
/* Appends help, allowed values and default as one line. */
void ebb_help_append(ebb_text *out, const ebb_help_option *option);

/* Row i of the exit statuses of a command, or of the program when command is NULL. False
 * past the end. */
bool ebb_help_status_at(ebb_term *out, const ebb_command *command, size_t index);
/* Row i of the environment variables of a command, or of the program. */
bool ebb_help_variable_at(ebb_term *out, const ebb_command *command, size_t index);

/* About the program itself. */
extern const char ebb_help_about[];
extern const ebb_term ebb_help_examples[], ebb_help_files[];

#endif
