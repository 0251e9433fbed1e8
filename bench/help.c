/* help.c - `--help`, made from the same tables that parse. */
#include "help.h"

#include <string.h>

enum { HELP_COLUMN = 28, HELP_WIDTH = 90 };

static const char *bold(bool color)
{
    return color ? "\033[1m" : "";
}

static const char *plain(bool color)
{
    return color ? "\033[0m" : "";
}

static void print_heading(FILE *stream, const char *text, bool color)
{
    fprintf(stream, "\n%s%s%s\n", bold(color), text, plain(color));
}

/* Text in words from HELP_COLUMN on; the cursor is at column `at`. */
static void print_wrapped(FILE *stream, const char *text, size_t at)
{
    if (at + 1 > HELP_COLUMN) {
        fputc('\n', stream);
        at = 0;
    }
    fprintf(stream, "%*s", (int)(HELP_COLUMN - at), "");
    at = HELP_COLUMN;
    bool first = true;
    while (*text != '\0') {
        const size_t length = strcspn(text, " ");
        if (!first && at + 1 + length > HELP_WIDTH) {
            fprintf(stream, "\n%*s", HELP_COLUMN, "");
            at = HELP_COLUMN;
        } else if (!first) {
            fputc(' ', stream);
            at++;
        }
        fprintf(stream, "%.*s", (int)length, text);
        at += length;
        first = false;
        text += length + strspn(text + length, " ");
    }
    fputc('\n', stream);
}

static void print_option(FILE *stream, const char *name, const char *value,
                         const char *help, bool color)
{
    fprintf(stream, "  %s--%s%s", bold(color), name, plain(color));
    size_t at = 4 + strlen(name);
    if (value != NULL) {
        fprintf(stream, " %s", value);
        at += 1 + strlen(value);
    }
    print_wrapped(stream, help, at);
}

static void print_choices(FILE *stream, ebb_choice_fn choices, size_t indent)
{
    const ebb_choice *choice = NULL;
    for (size_t i = 0; (choice = choices(i)) != NULL; i++) {
        fprintf(stream, "%*s%s", (int)indent, "", choice->name);
        print_wrapped(stream, choice->summary, indent + strlen(choice->name));
    }
}

/* All options of a command, or of the program, under the headings of their groups. */
static void print_options(FILE *stream, const ebb_command *command, bool color)
{
    ebb_help_option option;
    ebb_help_group group = EBB_HELP_GROUP_COUNT;
    for (size_t i = 0; ebb_help_option_at(&option, command, i); i++) {
        if (option.group != group) {
            group = option.group;
            print_heading(stream, ebb_help_group_name(group), color);
        }
        ebb_text help = {0};
        ebb_help_append(&help, &option);
        if (help.data != NULL) {
            print_option(stream, option.name,
                         group == EBB_HELP_TRIAL ? NULL : option.value, help.data, color);
        }
        ebb_text_clear(&help);
        /* `ebb list` tells those of a trial. */
        if (group == EBB_HELP_OWN && option.registry != NULL) {
            print_choices(stream, option.registry, 4);
        }
    }
}

static void print_examples(FILE *stream, const ebb_term *row, bool color)
{
    if (row == NULL) {
        return;
    }
    print_heading(stream, "Examples", color);
    for (; row->term != NULL; row++) {
        fprintf(stream, "  # %s\n  %s%s%s\n", row->text, bold(color), row->term,
                plain(color));
    }
}

static void print_statuses(FILE *stream, const ebb_command *command, bool color)
{
    print_heading(stream, "Exit status", color);
    ebb_term row;
    for (size_t i = 0; ebb_help_status_at(&row, command, i); i++) {
        fprintf(stream, "  %-5s  %s\n", row.term, row.text);
    }
}

static void print_program(FILE *stream, bool color)
{
    fprintf(stream, "%s\n%sUsage:%s ebb COMMAND [options]\n", ebb_help_about, bold(color),
            plain(color));
    print_heading(stream, "Commands", color);
    for (size_t i = 0; ebb_command_at(i) != NULL; i++) {
        const ebb_command *command = ebb_command_at(i);
        if (!command->hidden) {
            fprintf(stream, "  %s%-10s%s%s\n", bold(color), command->name, plain(color),
                    command->summary);
        }
    }
    fprintf(stream, "  %s%-10s%s%s\n", bold(color), "help", plain(color),
            "tell about a command: ebb help COMMAND");
    print_options(stream, NULL, color);
    print_examples(stream, ebb_help_examples, color);
    print_statuses(stream, NULL, color);
}

void ebb_command_help(FILE *stream, const ebb_command *command, bool color)
{
    if (command == NULL) {
        print_program(stream, color);
        return;
    }
    fprintf(stream, "ebb %s: %s\n\n%sUsage:%s ebb %s %s\n\n%s", command->name,
            command->summary, bold(color), plain(color), command->name, command->usage,
            command->details);
    if (command->kinds != NULL) {
        fputc('\n', stream);
        print_choices(stream, command->kinds, 2);
    }
    print_examples(stream, command->examples, color);
    print_options(stream, command, color);
    print_statuses(stream, command, color);
}
