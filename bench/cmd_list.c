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

/* A kind of name, and the option of a trial that takes it. */
typedef struct list_kind {
    const char *name;
    const char *option;
} list_kind;

static const list_kind kinds[] = {
    {"algorithms", "algorithm"},
    {"datasets", "dataset"},
    {"sequences", "sequence"},
    {"scenarios", "scenario"},
    {"backbones", "backbone"},
    {"heads", "head"},
    {"initializations", "initialization"},
    {"optimizers", "optimizer"},
    {"strategies", "strategy"},
    {"placements", "placement"},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

static const char suites_kind[] = "suites";
static const char options_kind[] = "options";

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

static void print_options(void)
{
    const ebb_config_option *option = NULL;
    for (size_t i = 0; (option = ebb_config_option_at(i)) != NULL; i++) {
        print_row(option->name, option->help);
    }
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

static ebb_status print_kind(const char *kind)
{
    if (strcmp(kind, suites_kind) == 0) {
        return print_suites();
    }
    if (strcmp(kind, options_kind) == 0) {
        print_options();
        return EBB_OK;
    }
    for (size_t i = 0; i < N_KINDS; i++) {
        if (strcmp(kind, kinds[i].name) == 0) {
            print_choices(kinds[i].option);
        }
    }
    return EBB_OK;
}

static size_t collect_kinds(const char *names[N_KINDS + 2])
{
    for (size_t i = 0; i < N_KINDS; i++) {
        names[i] = kinds[i].name;
    }
    names[N_KINDS] = suites_kind;
    names[N_KINDS + 1] = options_kind;
    return N_KINDS + 2;
}

static ebb_status run(const ebb_arguments *arguments)
{
    const char *names[N_KINDS + 2];
    const size_t n = collect_kinds(names);
    const char *kind = arguments->n_words > 0 ? arguments->words[0] : NULL;
    bool known = kind == NULL;
    for (size_t i = 0; i < n && !known; i++) {
        known = strcmp(kind, names[i]) == 0;
    }
    if (!known) {
        return ebb_text_fail_name("list", "unknown kind", kind, names, n);
    }
    if (kind != NULL) {
        return print_kind(kind);
    }
    const bool color = ebb_arguments_color(arguments, stdout);
    for (size_t i = 0; i < n; i++) {
        printf("%s%s%s%s\n", i == 0 ? "" : "\n", color ? "\033[1m" : "", names[i],
               color ? "\033[0m" : "");
        EBB_TRY(print_kind(names[i]));
    }
    return EBB_OK;
}

const ebb_command ebb_command_list = {
    .name = "list",
    .summary = "what can be named: algorithms, data sets, suites, options, ...",
    .usage = "[KIND]",
    .details =
        "One name a line with what it is; the first of a kind is the default. KIND is "
        "one of\n"
        "algorithms, datasets, sequences, scenarios, backbones, heads, initializations,\n"
        "optimizers, strategies, placements, suites, options; without it all are "
        "listed.\n"
        "\n"
        "  ebb list algorithms\n",
    .max_words = 1,
    .run = run,
};
