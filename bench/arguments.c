/* arguments.c - words of the command line against the tables of options. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "command.h"
#include "study/config.h"

static const char *const when_choices[] = {"auto", "always", "never", NULL};

const ebb_option ebb_common_options[] = {
    {"help", NULL, "tell what the command does and stop; so does -h", NULL},
    {"version", NULL, "print the version and stop", NULL},
    {"quiet", NULL, "no progress and no notes on stderr", NULL},
    {"progress", "WHEN",
     "tell how far it is: auto (a bar on a terminal, elsewhere sweep and compare write a "
     "line now and then), always (a bar) or never",
     when_choices},
    {"color", "WHEN", "colour the output: auto (on a terminal), always or never",
     when_choices},
    {NULL, NULL, NULL, NULL},
};

static const ebb_option *find_in(const ebb_option *table, const char *name)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (strcmp(table->name, name) == 0) {
            return table;
        }
    }
    return NULL;
}

/* The row of an option of this command. An option of trials has none of its own: *trial
 * then holds one made for it. NULL when there is no such option. */
static const ebb_option *find_option(const ebb_command *command, const char *name,
                                     ebb_option *trial)
{
    const ebb_option *row = find_in(ebb_common_options, name);
    if (row != NULL || command == NULL) {
        return row;
    }
    row = find_in(command->options, name);
    /* Underscores are for YAML; the command line has one spelling. */
    if (row != NULL || !command->trial_options || strchr(name, '_') != NULL) {
        return row;
    }
    const int index = ebb_config_find(name);
    if (index < 0) {
        return NULL;
    }
    const ebb_config_option *option = ebb_config_option_at((size_t)index);
    *trial = (ebb_option){option->name, "VALUE", option->help, NULL};
    return trial;
}

enum { MAX_NAMES = 128 };

static size_t collect_names(const char **names, const ebb_command *command)
{
    size_t n = 0;
    for (const ebb_option *row = ebb_common_options; row->name != NULL; row++) {
        names[n++] = row->name;
    }
    if (command == NULL) {
        return n;
    }
    for (const ebb_option *row = command->options; row != NULL && row->name != NULL;
         row++) {
        names[n++] = row->name;
    }
    const ebb_config_option *option = NULL;
    for (size_t i = 0; command->trial_options && n < MAX_NAMES &&
                       (option = ebb_config_option_at(i)) != NULL;
         i++) {
        names[n++] = option->name;
    }
    return n;
}

static ebb_status fail_unknown(const ebb_command *command, const char *name)
{
    const char *names[MAX_NAMES];
    const size_t n = collect_names(names, command);
    const char *nearest = ebb_text_nearest(name, names, n);
    char shown[64];
    ebb_text_printable(shown, name);
    const char *blank = command == NULL ? "" : " ";
    const char *of = command == NULL ? "" : command->name;
    return nearest != NULL
               ? ebb_fail(EBB_ERR_USAGE,
                          "--%s: unknown option (nearest: --%s; all: ebb%s%s --help)",
                          shown, nearest, blank, of)
               : ebb_fail(EBB_ERR_USAGE, "--%s: unknown option (all: ebb%s%s --help)",
                          shown, blank, of);
}

static ebb_status check_choice(const ebb_option *row, const char *value)
{
    size_t n = 0;
    for (; row->choices != NULL && row->choices[n] != NULL; n++) {
        if (strcmp(row->choices[n], value) == 0) {
            return EBB_OK;
        }
    }
    if (row->choices == NULL) {
        return EBB_OK;
    }
    char where[64];
    snprintf(where, sizeof where, "--%s", row->name);
    return ebb_text_fail_name(where, "unknown value", value, row->choices, n);
}

static ebb_status remember(ebb_arguments *arguments, const char *name, const char *value)
{
    if (ebb_arguments_has(arguments, name)) {
        return ebb_fail(EBB_ERR_USAGE, "--%s: given twice (allowed: once)", name);
    }
    ebb_given *given =
        realloc(arguments->given, (arguments->n_given + 1) * sizeof *given);
    if (given == NULL) {
        return ebb_fail_memory((arguments->n_given + 1) * sizeof *given);
    }
    given[arguments->n_given++] = (ebb_given){name, value};
    arguments->given = given;
    return EBB_OK;
}

/* Name of the option in `word` without dashes and value, owned by the caller. */
static char *option_name(const char *word)
{
    return strndup(word + 2, strcspn(word + 2, "="));
}

/* words[0] begins with "--". *used becomes 1, or 2 when the value is a word of its own.
 */
static ebb_status parse_option(ebb_arguments *arguments, size_t *used, char *const *words,
                               size_t n)
{
    char *name = option_name(words[0]);
    if (name == NULL) {
        return ebb_fail_memory(strlen(words[0]));
    }
    ebb_option trial;
    const ebb_option *row = find_option(arguments->command, name, &trial);
    const char *equals = strchr(words[0], '=');
    const char *value = equals == NULL ? NULL : equals + 1;
    ebb_status status = EBB_OK;
    *used = 1;
    if (row == NULL) {
        status = fail_unknown(arguments->command, name);
    } else if (row->value == NULL && value != NULL) {
        status = ebb_fail(EBB_ERR_USAGE, "--%s: takes no value", row->name);
    } else if (row->value != NULL && value == NULL) {
        /* A word that looks like an option is a forgotten value; `=` can still give it.
         */
        if (n < 2 || strncmp(words[1], "--", 2) == 0) {
            status = ebb_fail(EBB_ERR_USAGE, "--%s: value missing (allowed: --%s %s)",
                              row->name, row->name, row->value);
        } else {
            value = words[1];
            *used = 2;
        }
    }
    if (status == EBB_OK && value != NULL) {
        status = check_choice(row, value);
    }
    if (status == EBB_OK) {
        status = remember(arguments, row->name, value);
    }
    free(name);
    return status;
}

static ebb_status add_word(ebb_arguments *arguments, const char *word)
{
    const ebb_command *command = arguments->command;
    char shown[64];
    ebb_text_printable(shown, word);
    if (arguments->n_words == command->max_words) {
        return ebb_fail(EBB_ERR_USAGE, "%s: unexpected word '%s' (usage: ebb %s %s)",
                        command->name, shown, command->name, command->usage);
    }
    const char **words =
        realloc(arguments->words, (arguments->n_words + 1) * sizeof *words);
    if (words == NULL) {
        return ebb_fail_memory((arguments->n_words + 1) * sizeof *words);
    }
    words[arguments->n_words++] = word;
    arguments->words = words;
    return EBB_OK;
}

static ebb_status fail_short_option(const char *word)
{
    char shown[64];
    ebb_text_printable(shown, word);
    return ebb_fail(EBB_ERR_USAGE, "%s: unknown option (options begin with --)", shown);
}

typedef enum word_kind {
    WORD_PLAIN,
    WORD_END_OF_OPTIONS,
    WORD_OPTION,
    WORD_SHORT
} word_kind;

static word_kind kind_of(const char *word, bool only_plain)
{
    if (only_plain || word[0] != '-' || word[1] == '\0') {
        return WORD_PLAIN;
    }
    if (word[1] != '-') {
        return WORD_SHORT;
    }
    return word[2] == '\0' ? WORD_END_OF_OPTIONS : WORD_OPTION;
}

static ebb_status check_count(const ebb_arguments *arguments)
{
    const ebb_command *command = arguments->command;
    if (command == NULL || arguments->n_words >= command->min_words) {
        return EBB_OK;
    }
    return ebb_fail(EBB_ERR_USAGE, "%s: argument missing (usage: ebb %s %s)",
                    command->name, command->name, command->usage);
}

ebb_status ebb_arguments_parse(ebb_arguments *arguments, size_t *used, char *const *words,
                               size_t n)
{
    bool only_plain = false;
    *used = 0;
    while (*used < n) {
        size_t step = 1;
        const word_kind kind = kind_of(words[*used], only_plain);
        if (kind == WORD_SHORT) {
            return fail_short_option(words[*used]);
        }
        if (kind == WORD_PLAIN && arguments->command == NULL) {
            break;
        }
        if (kind == WORD_PLAIN) {
            EBB_TRY(add_word(arguments, words[*used]));
        } else if (kind == WORD_OPTION) {
            EBB_TRY(parse_option(arguments, &step, words + *used, n - *used));
        } else {
            only_plain = true;
        }
        *used += step;
    }
    return check_count(arguments);
}

void ebb_arguments_clear(ebb_arguments *arguments)
{
    free(arguments->given);
    free(arguments->words);
    *arguments = (ebb_arguments){0};
}

static const ebb_given *find_given(const ebb_arguments *arguments, const char *name)
{
    for (size_t i = 0; i < arguments->n_given; i++) {
        if (strcmp(arguments->given[i].name, name) == 0) {
            return &arguments->given[i];
        }
    }
    return NULL;
}

bool ebb_arguments_has(const ebb_arguments *arguments, const char *name)
{
    return find_given(arguments, name) != NULL;
}

const char *ebb_arguments_value(const ebb_arguments *arguments, const char *name,
                                const char *fallback)
{
    const ebb_given *given = find_given(arguments, name);
    return given == NULL ? fallback : given->value;
}

size_t ebb_arguments_choice(const ebb_arguments *arguments, const char *name)
{
    const ebb_given *given = find_given(arguments, name);
    ebb_option unused;
    const ebb_option *row =
        given == NULL ? NULL : find_option(arguments->command, name, &unused);
    if (row == NULL || row->choices == NULL) {
        return 0;
    }
    size_t i = 0;
    while (row->choices[i] != NULL && strcmp(row->choices[i], given->value) != 0) {
        i++;
    }
    return i;
}

bool ebb_arguments_quiet(const ebb_arguments *arguments)
{
    return ebb_arguments_has(arguments, "quiet");
}

static bool is_terminal(FILE *stream)
{
    const char *term = getenv("TERM");
    return isatty(fileno(stream)) && (term == NULL || strcmp(term, "dumb") != 0);
}

bool ebb_arguments_color(const ebb_arguments *arguments, FILE *stream)
{
    const size_t when = ebb_arguments_choice(arguments, "color");
    if (when != EBB_WHEN_AUTO) {
        return when == EBB_WHEN_ALWAYS;
    }
    const char *no_color = getenv("NO_COLOR");
    return (no_color == NULL || no_color[0] == '\0') && is_terminal(stream);
}

ebb_progress_kind ebb_arguments_progress(const ebb_arguments *arguments)
{
    const size_t when = ebb_arguments_choice(arguments, "progress");
    if (when != EBB_WHEN_AUTO) {
        return when == EBB_WHEN_ALWAYS ? EBB_PROGRESS_BAR : EBB_PROGRESS_NONE;
    }
    if (ebb_arguments_quiet(arguments)) {
        return EBB_PROGRESS_NONE;
    }
    return is_terminal(stderr) ? EBB_PROGRESS_BAR : EBB_PROGRESS_LINES;
}
