#include "manual.h"

#include "help.h"
#include "troff.h"

static void append_choices(ebb_text *out, ebb_choice_fn choices)
{
    const ebb_choice *choice = NULL;
    for (size_t i = 0; (choice = choices(i)) != NULL; i++) {
        ebb_troff_term(out, choice->name, NULL, choice->summary);
    }
}

/* Help and default of an option whose values stand below it. */
static void append_default(ebb_text *out, const ebb_help_option *option)
{
    ebb_text_append(out, "%s", option->help);
    if (option->allowed != NULL) {
        ebb_text_append(out, " [%s]",
                        option->fallback[0] != '\0' ? option->fallback
                                                    : ebb_help_value_at(option, 0));
    }
}

static void append_option(ebb_text *out, const ebb_help_option *option)
{
    ebb_text name = {0};
    ebb_text help = {0};
    ebb_text_append(&name, "--%s", option->name);
    if (option->registry == NULL) {
        ebb_help_append(&help, option);
    } else {
        append_default(&help, option);
    }
    if (name.data == NULL || help.data == NULL) {
        out->failed = true;
    } else {
        ebb_troff_term(out, name.data, option->value, help.data);
    }
    ebb_text_clear(&name);
    ebb_text_clear(&help);
    if (option->registry != NULL) {
        ebb_troff_begin_inner(out);
        append_choices(out, option->registry);
        ebb_troff_end_inner(out);
    }
}

static void append_options(ebb_text *out, const ebb_command *command)
{
    ebb_troff_section(out, "OPTIONS");
    ebb_help_option option;
    ebb_help_group group = EBB_HELP_OWN;
    for (size_t i = 0; ebb_help_option_at(&option, command, i); i++) {
        if (option.group != group) {
            group = option.group;
            ebb_troff_subsection(out, ebb_help_group_name(group));
        }
        append_option(out, &option);
    }
}

static void append_terms(ebb_text *out, const ebb_term *row)
{
    for (; row != NULL && row->term != NULL; row++) {
        ebb_troff_term(out, row->term, NULL, row->text);
    }
}

static void append_commands(ebb_text *out)
{
    ebb_troff_section(out, "COMMANDS");
    for (size_t i = 0; ebb_command_at(i) != NULL; i++) {
        const ebb_command *command = ebb_command_at(i);
        if (!command->hidden) {
            ebb_troff_term(out, command->name, NULL, command->summary);
        }
    }
    ebb_troff_term(out, "help", "COMMAND", "tell about a command");
}

static void append_results(ebb_text *out, const ebb_command *command)
{
    ebb_term row;
    ebb_troff_section(out, "EXIT STATUS");
    for (size_t i = 0; ebb_help_status_at(&row, command, i); i++) {
        ebb_troff_term(out, row.term, NULL, row.text);
    }
    ebb_troff_section(out, "ENVIRONMENT");
    for (size_t i = 0; ebb_help_variable_at(&row, command, i); i++) {
        ebb_troff_term(out, row.term, NULL, row.text);
    }
    const ebb_term *files = command == NULL ? ebb_help_files : command->files;
    if (files != NULL) {
        ebb_troff_section(out, "FILES");
        append_terms(out, files);
    }
}

static void append_examples(ebb_text *out, const ebb_term *row)
{
    ebb_troff_section(out, "EXAMPLES");
    for (; row != NULL && row->term != NULL; row++) {
        ebb_troff_example(out, row->term, row->text);
    }
}

/* The page of the program, of every other command, and of the micro-benchmarks. */
static void append_references(ebb_text *out, const ebb_command *command)
{
    ebb_troff_section(out, "SEE ALSO");
    if (command != NULL) {
        ebb_troff_reference(out, "ebb", false);
    }
    for (size_t i = 0; ebb_command_at(i) != NULL; i++) {
        const ebb_command *other = ebb_command_at(i);
        if (other->hidden || other == command) {
            continue;
        }
        ebb_text name = {0};
        ebb_text_append(&name, "ebb-%s", other->name);
        out->failed = out->failed || name.data == NULL;
        if (name.data != NULL) {
            ebb_troff_reference(out, name.data, false);
        }
        ebb_text_clear(&name);
    }
    ebb_troff_reference(out, "ebb-bench", true);
}

static void begin_command(ebb_text *out, const ebb_command *command)
{
    ebb_text name = {0};
    ebb_text_append(&name, "ebb-%s", command->name);
    if (ebb_text_check(&name) != EBB_OK || name.data == NULL) {
        out->failed = true;
        return;
    }
    ebb_troff_begin(out, name.data, command->summary, EBB_VERSION);
    ebb_troff_section(out, "SYNOPSIS");
    name.data[3] = ' ';
    ebb_troff_synopsis(out, name.data, command->usage);
    ebb_text_clear(&name);
    ebb_troff_section(out, "DESCRIPTION");
    ebb_troff_paragraphs(out, command->details);
    if (command->kinds != NULL) {
        append_choices(out, command->kinds);
    }
}

static void begin_program(ebb_text *out)
{
    ebb_troff_begin(out, "ebb",
                    "how fast a multicore CPU trains small networks, and how fast they "
                    "forget",
                    EBB_VERSION);
    ebb_troff_section(out, "SYNOPSIS");
    ebb_troff_synopsis(out, "ebb", "COMMAND [options]");
    ebb_troff_section(out, "DESCRIPTION");
    ebb_troff_paragraphs(out, ebb_help_about);
    append_commands(out);
}

void ebb_manual_page(ebb_text *out, const ebb_command *command)
{
    if (command == NULL) {
        begin_program(out);
    } else {
        begin_command(out, command);
    }
    append_options(out, command);
    append_results(out, command);
    append_examples(out, command == NULL ? ebb_help_examples : command->examples);
    append_references(out, command);
}
