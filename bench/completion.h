/* completion.h - scripts with which shells complete commands, options and values. */
#ifndef EBB_BENCH_COMPLETION_H
#define EBB_BENCH_COMPLETION_H

#include "base/text.h"
#include "help.h"

/* Append a script that is made of the tables of all commands. */
void ebb_completion_bash(ebb_text *out); /* completion_bash.c */
void ebb_completion_zsh(ebb_text *out);  /* completion_zsh.c */

/* What stands where a word is wanted. Values are known when the script is made; files,
 * folders and suites when it runs. */
typedef enum ebb_completion_kind {
    EBB_COMPLETION_ANY, /* nobody can tell */
    EBB_COMPLETION_VALUES,
    EBB_COMPLETION_FILES,
    EBB_COMPLETION_FOLDERS,
    EBB_COMPLETION_SUITES,
} ebb_completion_kind;

/* Of the value of an option that has one, and of a command's words. */
ebb_completion_kind ebb_completion_of_value(const ebb_help_option *option);
ebb_completion_kind ebb_completion_of_words(const ebb_command *command);

#endif
