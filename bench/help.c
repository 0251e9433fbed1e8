/* help.c - `--help`, made from the same tables that parse. */
#include <string.h>

#include "command.h"
#include "study/config.h"

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

static void print_table(FILE *stream, const ebb_option *row, bool color)
{
    for (; row != NULL && row->name != NULL; row++) {
        print_option(stream, row->name, row->value, row->help, color);
    }
}

/* help, values and default of option i as one text. */
static void trial_help(ebb_text *out, size_t i)
{
    const ebb_config_option *option = ebb_config_option_at(i);
    const ebb_choice_fn choices = ebb_config_choices(i);
    ebb_text_append(out, "%s: ", option->help);
    if (choices == NULL) {
        ebb_text_append(out, "%s", option->allowed);
    }
    for (size_t k = 0; choices != NULL && choices(k) != NULL; k++) {
        ebb_text_append(out, "%s%s", k == 0 ? "" : ", ", choices(k)->name);
    }
    if (option->fallback[0] != '\0') {
        ebb_text_append(out, " [%s]", option->fallback);
    } else if (choices != NULL) {
        ebb_text_append(out, " [%s]", choices(0)->name);
    }
}

static void print_trial_options(FILE *stream, bool color)
{
    print_heading(stream, "Options of the trial (default in brackets)", color);
    for (size_t i = 0; ebb_config_option_at(i) != NULL; i++) {
        ebb_text help = {0};
        trial_help(&help, i);
        if (help.data != NULL) {
            print_option(stream, ebb_config_option_at(i)->name, NULL, help.data, color);
        }
        ebb_text_clear(&help);
    }
}

static void print_program(FILE *stream, bool color)
{
    fprintf(
        stream,
        "ebb measures how fast a multicore CPU trains small networks over a sequence\n"
        "of tasks, and how fast they forget.\n\n"
        "%sUsage:%s ebb COMMAND [options]\n",
        bold(color), plain(color));
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
    print_heading(stream, "Options of every command", color);
    print_table(stream, ebb_common_options, color);
    print_heading(stream, "To begin with", color);
    fputs("  ebb sweep quick             the thread sweep and forgetting table of this "
          "machine\n"
          "  ebb run --dataset synthetic --epochs 1\n"
          "                              one trial that needs no files\n"
          "\nExit status: 0 done, 1 a trial or check failed, 2 usage, 3 files, memory or "
          "machine,\n4 wrong result, 5 something to compare is missing, 128+n ended by "
          "signal n.\n",
          stream);
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
    if (command->options != NULL) {
        print_heading(stream, "Options", color);
        print_table(stream, command->options, color);
    }
    if (command->trial_options) {
        print_trial_options(stream, color);
    }
    print_heading(stream, "Options of every command", color);
    print_table(stream, ebb_common_options, color);
}
