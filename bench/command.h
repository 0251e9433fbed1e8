/* command.h - what a command of the program `ebb` is, and how its words are parsed.
 *
 * A command is one file, cmd_NAME.c, that ends in one const row; the table is in
 * command.c. To add one: write the file, declare its row below, add it to the table and
 * to CMakeLists.txt. The row alone gives parsing, `--help`, the list of commands, the man
 * page and completion.
 *
 * A command prints its result to stdout and nothing else; notes go through ebb_note, and
 * a failure is returned with its text in ebb_last_error: main prints it once, as the last
 * line, and makes the status the exit status. */
#ifndef EBB_BENCH_COMMAND_H
#define EBB_BENCH_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/choice.h"
#include "base/status.h"
#include "progress.h"

/* A long option of a command. Tables end with a row of NULLs. */
typedef struct ebb_option {
    const char *name;           /* without the dashes */
    const char *value;          /* how help calls its value, e.g. "FILE"; NULL: a flag */
    const char *help;           /* one line; the default belongs into it */
    const char *const *choices; /* NULL-ended: no other value is accepted; NULL: any */
} ebb_option;

/* A term and what it means. Tables end with a row of NULLs. */
typedef struct ebb_term {
    const char *term, *text; /* a sentence without full stop */
} ebb_term;

/* An option of the command's own table whose values are the rows of a registry. Tables
 * end with a row of NULLs. */
typedef struct ebb_registry {
    const char *option;
    ebb_choice_fn choices;
} ebb_registry;

typedef struct ebb_arguments ebb_arguments;

typedef struct ebb_command {
    const char *name;
    const char *summary;         /* one line, no full stop */
    const char *usage;           /* after the name, e.g. "DIR [options]" */
    const char *details;         /* paragraphs of help; ends in \n */
    const ebb_term *examples;    /* a command line and what it is for */
    const ebb_term *files;       /* read or written; NULL: none */
    const ebb_term *statuses;    /* exit statuses with a meaning here; NULL: the usual */
    const ebb_term *environment; /* variables beside the common ones; NULL: none */
    const ebb_option *options;   /* beside the common ones; NULL: none */
    const ebb_registry *registries; /* of options; NULL: none */
    ebb_choice_fn kinds;            /* what the first word may be; NULL: any */
    bool trial_options;             /* takes every option of study/config.h too */
    bool hidden;                    /* internal: in no list */
    size_t min_words, max_words;    /* positional arguments */
    ebb_status (*run)(const ebb_arguments *arguments);
} ebb_command;

extern const ebb_command ebb_command_compare, ebb_command_export, ebb_command_list,
    ebb_command_machine, ebb_command_manual, ebb_command_report, ebb_command_run,
    ebb_command_sweep, ebb_command_table, ebb_command_worker;

/* Row i of the table, NULL past the end. */
const ebb_command *ebb_command_at(size_t index);
/* The command called name; NULL, and a text in ebb_last_error, if there is none. */
const ebb_command *ebb_command_find(const char *name);

typedef enum ebb_when { EBB_WHEN_AUTO, EBB_WHEN_ALWAYS, EBB_WHEN_NEVER } ebb_when;

/* One option as it was written. Texts are borrowed from argv. */
typedef struct ebb_given {
    const char *name;
    const char *value; /* NULL for a flag */
} ebb_given;

struct ebb_arguments {
    const ebb_command *command; /* NULL while none was named */
    ebb_given *given;           /* owned; in the order written */
    size_t n_given;
    const char **words; /* owned; positional arguments */
    size_t n_words;
};

/* The options that every command has; ends like any table. */
extern const ebb_option ebb_common_options[];

/* Variables that matter to commands that run trials (help_tables.c). */
extern const ebb_term ebb_trial_environment[];

/* Parses words (n of them) into arguments, which begin as {0} or hold what an earlier
 * call gave. Accepts `--name value`, `--name=value` and `--` (only words follow). Without
 * a command it stops at the first word, *used tells how many it took. Fails with
 * EBB_ERR_USAGE: unknown option (names the nearest), value missing, unwanted or not among
 * the choices, option twice, too many or too few words. */
ebb_status ebb_arguments_parse(ebb_arguments *arguments, size_t *used, char *const *words,
                               size_t n);
void ebb_arguments_clear(ebb_arguments *arguments);

/* Was the option given? Its value, or `fallback` when it was not. The position of its
 * value in the choices of its row, 0 when it was not given. */
bool ebb_arguments_has(const ebb_arguments *arguments, const char *name);
const char *ebb_arguments_value(const ebb_arguments *arguments, const char *name,
                                const char *fallback);
size_t ebb_arguments_choice(const ebb_arguments *arguments, const char *name);

/* The common options. Colour is for terminals, and off when NO_COLOR is set, unless
 * --color says otherwise; likewise the progress bar, which --quiet turns off. Elsewhere
 * lines for a log take its place. */
bool ebb_arguments_quiet(const ebb_arguments *arguments);
bool ebb_arguments_color(const ebb_arguments *arguments, FILE *stream);
ebb_progress_kind ebb_arguments_progress(const ebb_arguments *arguments);

/* One line "ebb: TEXT" on stderr, unless --quiet. */
void ebb_note(const ebb_arguments *arguments, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The help of one command, or of the program when command is NULL (help.c). */
void ebb_command_help(FILE *stream, const ebb_command *command, bool color);

#endif
