/* cmd_list.c - `ebb list`: what can be named in options and suites. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "command.h"
#include "shipped.h"
#include "study/config.h"
#include "suite.h"

enum { NAME_COLUMNS = 22 };

static void print_row(const char *name, const char *summary)
{
    printf("%-*s  %s\n", NAME_COLUMNS, name, summary);
}

static void print_choices(const char *option)
{
    const ebb_choice_fn choices = ebb_config_choices((size_t)ebb_config_find(option));
    for (size_t i = 0; choices(i) != NULL; i++) {
        print_row(choices(i)->name, choices(i)->summary);
    }
}

static ebb_status print_options(void)
{
    const ebb_config_option *option = NULL;
    for (size_t i = 0; (option = ebb_config_option_at(i)) != NULL; i++) {
        print_row(option->name, option->help);
    }
    return EBB_OK;
}

/* What a suite says about itself; a broken one is an error like any other. */
static ebb_status print_suite(const ebb_shipped *shipped, const char *name)
{
    ebb_text path = {0};
    ebb_text_append(&path, "%s/%s.yaml", shipped->folder, name);
    ebb_status status = ebb_text_check(&path);
    ebb_suite suite = {0};
    if (status == EBB_OK) {
        status = ebb_suite_load(&suite, path.data, 1);
    }
    if (status == EBB_OK) {
        print_row(name, suite.description);
    }
    ebb_suite_clear(&suite);
    ebb_text_clear(&path);
    return status;
}

static ebb_status print_suites(void)
{
    ebb_shipped shipped;
    EBB_TRY(ebb_shipped_find(&shipped));
    ebb_status status = EBB_OK;
    for (size_t i = 0; i < shipped.n && status == EBB_OK; i++) {
        status = print_suite(&shipped, shipped.names[i]);
    }
    ebb_shipped_clear(&shipped);
    return status;
}

/* A kind of name: the option of a trial that takes it, or else what prints its names. */
typedef struct list_kind {
    ebb_choice choice;
    const char *option;
    ebb_status (*print)(void);
} list_kind;

static const list_kind kinds[] = {
    {{"algorithms", "how tasks are learned"}, "algorithm", NULL},
    {{"datasets", "images and labels"}, "dataset", NULL},
    {{"sequences", "how tasks are made of a data set"}, "sequence", NULL},
    {{"scenarios", "what is known when testing"}, "scenario", NULL},
    {{"backbones", "networks"}, "backbone", NULL},
    {{"heads", "outputs of a network"}, "head", NULL},
    {{"initializations", "initial values of parameters"}, "initialization", NULL},
    {{"optimizers", "how parameters are updated"}, "optimizer", NULL},
    {{"strategies", "how a step is made parallel"}, "strategy", NULL},
    {{"placements", "which CPU each thread runs on"}, "placement", NULL},
    {{"suites", "what ebb sweep can run by name"}, NULL, print_suites},
    {{"options", "what can be set in a trial and in suites"}, NULL, print_options},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

static const ebb_choice *kind_choice(size_t index)
{
    return index < N_KINDS ? &kinds[index].choice : NULL;
}

static ebb_status print_kind(const list_kind *kind)
{
    if (kind->print != NULL) {
        return kind->print();
    }
    print_choices(kind->option);
    return EBB_OK;
}

static ebb_status print_named(const char *name)
{
    const char *names[N_KINDS];
    for (size_t i = 0; i < N_KINDS; i++) {
        names[i] = kinds[i].choice.name;
        if (strcmp(name, names[i]) == 0) {
            return print_kind(&kinds[i]);
        }
    }
    return ebb_text_fail_name("list", "unknown kind", name, names, N_KINDS);
}

static ebb_status run(const ebb_arguments *arguments)
{
    if (arguments->n_words > 0) {
        return print_named(arguments->words[0]);
    }
    const bool color = ebb_arguments_color(arguments, stdout);
    for (size_t i = 0; i < N_KINDS; i++) {
        printf("%s%s%s%s\n", i == 0 ? "" : "\n", color ? "\033[1m" : "",
               kinds[i].choice.name, color ? "\033[0m" : "");
        EBB_TRY(print_kind(&kinds[i]));
    }
    return EBB_OK;
}

static const ebb_term examples[] = {
    {"ebb list algorithms", "the values of one option"},
    {"ebb list suites", "what can be swept by name"},
    {NULL, NULL},
};

static const ebb_term files[] = {
    {"PREFIX/share/ebb/suites/*.yaml", "the suites"},
    {NULL, NULL},
};

const ebb_command ebb_command_list = {
    .name = "list",
    .summary = "what can be named: algorithms, data sets, suites, options, ...",
    .usage = "[KIND]",
    .details =
        "One name a line with what it is; the first of a kind is the default. Without\n"
        "KIND all kinds are listed.\n",
    .examples = examples,
    .files = files,
    .kinds = kind_choice,
    .max_words = 1,
    .run = run,
};
