/* completion_zsh.c - the script for zsh, on its own _arguments. */
#include "completion.h"

static const char begin[] =
    "#compdef ebb\n"
    "# Completion of zsh for ebb; made by `ebb manual zsh`.\n"
    "\n"
    "# Suites that come with the program that is being typed, and files.\n"
    "_ebb_suites()\n"
    "{\n"
    "    local -a suites\n"
    "    suites=(${${(f)\"$(${~program} list suites 2>/dev/null)\"}/ ##/:})\n"
    "    _describe -t suites suite suites\n"
    "    _files -g '*.yaml'\n"
    "}\n"
    "\n";

static const char middle[] =
    "_ebb()\n"
    "{\n"
    "    local program=$words[1] context state state_descr line ret=1\n"
    "    typeset -A opt_args\n"
    "    _arguments -C \\\n";

/* Text within single quotes; brackets end an explanation, colons a part of a pair. */
static void append_quoted(ebb_text *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '\'': ebb_text_append(out, "'\\''"); break;
        case '[':
        case ']':
        case ':':
        case '\\': ebb_text_append(out, "\\%c", *text); break;
        default: ebb_text_append(out, "%c", *text); break;
        }
    }
}

/* What _arguments does where a word of this kind is wanted; values are the caller's. */
static void append_action(ebb_text *out, ebb_completion_kind kind)
{
    static const char *const actions[] = {
        [EBB_COMPLETION_ANY] = " ",
        [EBB_COMPLETION_VALUES] = "",
        [EBB_COMPLETION_FILES] = "_files",
        [EBB_COMPLETION_FOLDERS] = "_files -/",
        [EBB_COMPLETION_SUITES] = "_ebb_suites",
    };
    ebb_text_append(out, "%s", actions[kind]);
}

static void append_option(ebb_text *out, const ebb_help_option *option)
{
    ebb_text_append(out, "'--%s%s[", option->name, option->value == NULL ? "" : "=");
    append_quoted(out, option->help);
    ebb_text_append(out, "]");
    if (option->value != NULL) {
        ebb_text_append(out, ":%s:", option->value);
        append_action(out, ebb_completion_of_value(option));
    }
    const char *value = NULL;
    for (size_t k = 0; (value = ebb_help_value_at(option, k)) != NULL; k++) {
        ebb_text_append(out, "%s%s", k == 0 ? "(" : " ", value);
    }
    ebb_text_append(out, "%s'", ebb_help_value_at(option, 0) == NULL ? "" : ")");
}

static void append_options(ebb_text *out, const ebb_command *command)
{
    ebb_help_option option;
    for (size_t i = 0; ebb_help_option_at(&option, command, i); i++) {
        ebb_text_append(out, "%s            ", i == 0 ? "" : " \\\n");
        append_option(out, &option);
    }
}

/* "name:summary" of each choice, for _describe-like lists of _arguments. */
static void append_pair(ebb_text *out, const char *name, const char *summary)
{
    ebb_text_append(out, "%s\\:\"", name);
    append_quoted(out, summary);
    ebb_text_append(out, "\" ");
}

static void append_commands(ebb_text *out)
{
    ebb_text_append(out, "((");
    for (size_t i = 0; ebb_command_at(i) != NULL; i++) {
        if (!ebb_command_at(i)->hidden) {
            append_pair(out, ebb_command_at(i)->name, ebb_command_at(i)->summary);
        }
    }
    append_pair(out, "help", "tell about a command");
    ebb_text_append(out, "))'");
}

static void append_words(ebb_text *out, const ebb_command *command)
{
    if (command->max_words == 0) {
        return;
    }
    ebb_text_append(out, " \\\n            '1:word:");
    append_action(out, ebb_completion_of_words(command));
    if (command->kinds != NULL) {
        ebb_text_append(out, "((");
        for (size_t k = 0; command->kinds(k) != NULL; k++) {
            append_pair(out, command->kinds(k)->name, command->kinds(k)->summary);
        }
        ebb_text_append(out, "))");
    }
    ebb_text_append(out, "'");
}

void ebb_completion_zsh(ebb_text *out)
{
    ebb_text_append(out, "%s%s", begin, middle);
    append_options(out, NULL);
    ebb_text_append(out, " \\\n            '1:command:");
    append_commands(out);
    ebb_text_append(out, " \\\n            '*::argument:->argument' && ret=0\n"
                         "    if [[ $state != argument ]]; then return ret; fi\n"
                         "    case $line[1] in\n"
                         "        help) _arguments \\\n            '1:command:");
    append_commands(out);
    ebb_text_append(out, " && ret=0 ;;\n");
    for (size_t i = 0; ebb_command_at(i) != NULL; i++) {
        if (!ebb_command_at(i)->hidden) {
            ebb_text_append(out, "        %s) _arguments \\\n", ebb_command_at(i)->name);
            append_options(out, ebb_command_at(i));
            append_words(out, ebb_command_at(i));
            ebb_text_append(out, " && ret=0 ;;\n");
        }
    }
    ebb_text_append(out, "    esac\n    return ret\n}\n\n_ebb \"$@\"\n");
}
