/* completion_bash.c - the script for bash; needs nothing but bash itself. */
#include "completion.h"

static const char begin[] =
    "# Completion of bash for ebb; made by `ebb manual bash`.\n"
    "#\n"
    "# _ebb_options, _ebb_value and _ebb_words leave in `reply` what may stand: words,\n"
    "# or @files, @folders, @suites.\n";

static const char end[] =
    "# Fills COMPREPLY with what of $2 begins with $1; $3 is the program.\n"
    "_ebb_complete()\n"
    "{\n"
    "    local line names=\n"
    "    case $2 in\n"
    "        @folders) mapfile -t COMPREPLY < <(compgen -d -- \"$1\") ;;\n"
    "        @files) mapfile -t COMPREPLY < <(compgen -f -- \"$1\") ;;\n"
    "        @suites)\n"
    "            while read -r line _; do names+=\" $line\"; done \\\n"
    "                < <(\"${3/#\\~/$HOME}\" list suites 2>/dev/null)\n"
    "            mapfile -t COMPREPLY < <(compgen -W \"$names\" -- \"$1\"\n"
    "                compgen -f -X '!*.yaml' -- \"$1\"; compgen -d -- \"$1\") ;;\n"
    "        *) mapfile -t COMPREPLY < <(compgen -W \"$2\" -- \"$1\") ;;\n"
    "    esac\n"
    "    case $2 in @*) compopt -o filenames 2>/dev/null ;; esac\n"
    "}\n"
    "\n"
    "_ebb()\n"
    "{\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} command= option= reply= word i n=0\n"
    "    COMPREPLY=()\n"
    "    # What the words before this one leave open. To bash `=` is a word of its own.\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ -n $option ]]; then\n"
    "            if [[ $word != = ]]; then option=; fi\n"
    "        elif [[ $word == --* ]]; then\n"
    "            if [[ $word != *=* ]] && _ebb_value \"$command\" \"$word\"; then\n"
    "                option=$word\n"
    "            fi\n"
    "        elif [[ -z $command ]]; then\n"
    "            command=$word\n"
    "        else\n"
    "            n=$((n + 1))\n"
    "        fi\n"
    "    done\n"
    "    if [[ -n $option ]]; then\n"
    "        if [[ $current == = ]]; then current=; fi\n"
    "        _ebb_value \"$command\" \"$option\"\n"
    "    elif [[ $current == -* ]]; then\n"
    "        _ebb_options \"$command\"\n"
    "    else\n"
    "        _ebb_words \"$command\" \"$n\"\n"
    "    fi\n"
    "    _ebb_complete \"$current\" \"$reply\" \"$1\"\n"
    "}\n"
    "\n"
    "complete -F _ebb ebb\n";

static void append_kind(ebb_text *out, ebb_completion_kind kind)
{
    static const char *const kinds[] = {
        [EBB_COMPLETION_ANY] = "",           [EBB_COMPLETION_VALUES] = "",
        [EBB_COMPLETION_FILES] = "@files",   [EBB_COMPLETION_FOLDERS] = "@folders",
        [EBB_COMPLETION_SUITES] = "@suites",
    };
    ebb_text_append(out, "%s", kinds[kind]);
}

/* Names of all options of a command, or of the program when command is NULL. */
static void append_options(ebb_text *out, const ebb_command *command)
{
    ebb_help_option option;
    ebb_text_append(out, "        '%s') reply='", command == NULL ? "" : command->name);
    for (size_t i = 0; ebb_help_option_at(&option, command, i); i++) {
        ebb_text_append(out, "%s--%s", i == 0 ? "" : " ", option.name);
    }
    ebb_text_append(out, "' ;;\n");
}

/* A row for each option that takes a value. */
static void append_values(ebb_text *out, const ebb_command *command)
{
    ebb_help_option option;
    for (size_t i = 0; ebb_help_option_at(&option, command, i); i++) {
        if (option.value == NULL) {
            continue;
        }
        ebb_text_append(out, "        '%s':--%s) reply='",
                        command == NULL ? "" : command->name, option.name);
        append_kind(out, ebb_completion_of_value(&option));
        const char *value = NULL;
        for (size_t k = 0; (value = ebb_help_value_at(&option, k)) != NULL; k++) {
            ebb_text_append(out, "%s%s", k == 0 ? "" : " ", value);
        }
        ebb_text_append(out, "' ;;\n");
    }
}

static void append_names(ebb_text *out)
{
    for (size_t i = 0; ebb_command_at(i) != NULL; i++) {
        if (!ebb_command_at(i)->hidden) {
            ebb_text_append(out, "%s ", ebb_command_at(i)->name);
        }
    }
}

/* The first word of a command; of the program: a command. */
static void append_words(ebb_text *out, const ebb_command *command)
{
    if (command == NULL) {
        ebb_text_append(out, "        :0) reply='");
        append_names(out);
        ebb_text_append(out, "help' ;;\n        help:0) reply='");
        append_names(out);
        ebb_text_append(out, "' ;;\n");
        return;
    }
    ebb_text_append(out, "        %s:0) reply='", command->name);
    append_kind(out, ebb_completion_of_words(command));
    const ebb_choice *choice = NULL;
    for (size_t k = 0; command->kinds != NULL && (choice = command->kinds(k)) != NULL;
         k++) {
        ebb_text_append(out, "%s%s", k == 0 ? "" : " ", choice->name);
    }
    ebb_text_append(out, "' ;;\n");
}

/* A function of the script: one case a command, made by append. */
static void append_function(ebb_text *out, const char *head,
                            void (*append)(ebb_text *, const ebb_command *))
{
    ebb_text_append(out, "%s", head);
    append(out, NULL);
    for (size_t i = 0; ebb_command_at(i) != NULL; i++) {
        if (!ebb_command_at(i)->hidden) {
            append(out, ebb_command_at(i));
        }
    }
}

void ebb_completion_bash(ebb_text *out)
{
    ebb_text_append(out, "%s", begin);
    append_function(out, "_ebb_options()\n{\n    case $1 in\n", append_options);
    ebb_text_append(out, "        *) reply= ;;\n    esac\n}\n\n");
    append_function(out,
                    "# Fails where the option takes no value.\n"
                    "_ebb_value()\n{\n    case $1:$2 in\n",
                    append_values);
    ebb_text_append(out, "        *) reply=; return 1 ;;\n    esac\n}\n\n");
    append_function(out, "_ebb_words()\n{\n    case $1:$2 in\n", append_words);
    ebb_text_append(out, "        *) reply= ;;\n    esac\n}\n\n%s", end);
}
