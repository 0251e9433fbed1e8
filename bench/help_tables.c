/* help_tables.c - what all commands share, and the walk over the tables of one. */
#include <string.h>

#include "help.h"
#include "study/config.h"

const char ebb_help_about[] =
    "ebb measures how fast a multicore CPU trains small networks over a sequence\n"
    "of tasks, and how fast they forget.\n";

const ebb_term ebb_help_examples[] = {
    {"ebb sweep quick", "the thread sweep and forgetting table of this machine"},
    {"ebb run --dataset synthetic --epochs 1", "one trial that needs no files"},
    {NULL, NULL},
};

const ebb_term ebb_help_files[] = {
    {"/usr/share/datasets/fashion-mnist, /usr/share/datasets/mnist",
     "where data sets are looked for, below /usr/local too"},
    {"PREFIX/share/ebb/suites/*.yaml", "the suites that come with ebb"},
    {"PREFIX/share/ebb/schema/*.json", "JSON Schemas of all that ebb writes as JSON"},
    {NULL, NULL},
};

/* What a status means where a command does not say otherwise. */
static const ebb_term statuses[] = {
    {"0", "done"},
    {"1", "a trial failed or diverged, or a check failed"},
    {"2", "usage: refused by command line or suite, nothing was done"},
    {"3", "files, memory or machine"},
    {"4", "wrong result: one contradicts another"},
    {"5", "something to compare is missing"},
    {"128+n", "ended by signal n, as a shell tells it"},
    {NULL, NULL},
};

static const ebb_term common_environment[] = {
    {"NO_COLOR", "when set and not empty, no colour unless --color asks for it"},
    {"TERM", "dumb: neither colour nor progress bar"},
    {NULL, NULL},
};

const ebb_term ebb_trial_environment[] = {
    {"EBB_DATA_DIR", "folder with the data files, unless --data-dir names one"},
    {"OMP_*, GOMP_*, KMP_*",
     "number, binding and waiting of threads are overruled by --threads and --placement "
     "in the process of the trial; what was set, and what was in force, is recorded"},
    {"ONEDNN_*, DNNL_*, HWLOC_*, MALLOC_*",
     "honoured by the libraries that read them, and recorded"},
    {NULL, NULL},
};

/* Rows of a table that ends with a NULL name. */
static size_t count_options(const ebb_option *row)
{
    size_t n = 0;
    while (row != NULL && row[n].name != NULL) {
        n++;
    }
    return n;
}

static size_t count_terms(const ebb_term *row)
{
    size_t n = 0;
    while (row != NULL && row[n].term != NULL) {
        n++;
    }
    return n;
}

static ebb_choice_fn find_registry(const ebb_command *command, const char *name)
{
    const ebb_registry *row = command == NULL ? NULL : command->registries;
    for (; row != NULL && row->option != NULL; row++) {
        if (strcmp(row->option, name) == 0) {
            return row->choices;
        }
    }
    return NULL;
}

static void from_row(ebb_help_option *out, ebb_help_group group, const ebb_option *row,
                     const ebb_command *command)
{
    *out = (ebb_help_option){
        .group = group,
        .name = row->name,
        .value = row->value,
        .help = row->help,
        .choices = row->choices,
        .registry = group == EBB_HELP_OWN ? find_registry(command, row->name) : NULL,
    };
}

static void from_config(ebb_help_option *out, size_t index)
{
    const ebb_config_option *option = ebb_config_option_at(index);
    *out = (ebb_help_option){
        .group = EBB_HELP_TRIAL,
        .name = option->name,
        .value = !option->path                             ? "VALUE"
                 : strncmp(option->help, "folder", 6) == 0 ? "DIR"
                                                           : "FILE",
        .help = option->help,
        .allowed = option->allowed,
        .fallback = option->fallback,
        .registry = ebb_config_choices(index),
    };
}

static size_t count_config(void)
{
    size_t n = 0;
    while (ebb_config_option_at(n) != NULL) {
        n++;
    }
    return n;
}

bool ebb_help_option_at(ebb_help_option *out, const ebb_command *command, size_t index)
{
    const size_t n_own = command == NULL ? 0 : count_options(command->options);
    const size_t n_trial = command != NULL && command->trial_options ? count_config() : 0;
    if (index < n_own) {
        from_row(out, EBB_HELP_OWN, &command->options[index], command);
        return true;
    }
    if (index < n_own + n_trial) {
        from_config(out, index - n_own);
        return true;
    }
    const ebb_option *row = &ebb_common_options[index - n_own - n_trial];
    if (row->name != NULL) {
        from_row(out, EBB_HELP_COMMON, row, command);
    }
    return row->name != NULL;
}

const char *ebb_help_group_name(ebb_help_group group)
{
    static const char *const names[EBB_HELP_GROUP_COUNT] = {
        "Options", "Options of the trial (default in brackets)",
        "Options of every command"};
    return names[group];
}

const char *ebb_help_value_at(const ebb_help_option *option, size_t index)
{
    if (option->registry != NULL) {
        const ebb_choice *choice = option->registry(index);
        return choice == NULL ? NULL : choice->name;
    }
    return option->choices == NULL ? NULL : option->choices[index];
}

void ebb_help_append(ebb_text *out, const ebb_help_option *option)
{
    ebb_text_append(out, "%s", option->help);
    if (option->allowed == NULL) {
        return;
    }
    ebb_text_append(out, ": %s", option->registry == NULL ? option->allowed : "");
    const char *value = NULL;
    for (size_t k = 0; (value = ebb_help_value_at(option, k)) != NULL; k++) {
        ebb_text_append(out, "%s%s", k == 0 ? "" : ", ", value);
    }
    if (option->fallback[0] != '\0') {
        ebb_text_append(out, " [%s]", option->fallback);
    } else if (option->registry != NULL) {
        ebb_text_append(out, " [%s]", ebb_help_value_at(option, 0));
    }
}

/* Meaning of a status for this command; NULL when it has none. Statuses of results mean
 * something only where the command says so. */
static const char *status_text(const ebb_command *command, const ebb_term *usual)
{
    const ebb_term *row = command == NULL ? NULL : command->statuses;
    for (; row != NULL && row->term != NULL; row++) {
        if (strcmp(row->term, usual->term) == 0) {
            return row->text;
        }
    }
    const bool of_results = strchr("145", usual->term[0]) != NULL;
    return command != NULL && of_results && usual->term[1] == '\0' ? NULL : usual->text;
}

bool ebb_help_status_at(ebb_term *out, const ebb_command *command, size_t index)
{
    for (const ebb_term *row = statuses; row->term != NULL; row++) {
        const char *text = status_text(command, row);
        if (text != NULL && index-- == 0) {
            *out = (ebb_term){row->term, text};
            return true;
        }
    }
    return false;
}

bool ebb_help_variable_at(ebb_term *out, const ebb_command *command, size_t index)
{
    const ebb_term *own = command == NULL ? ebb_trial_environment : command->environment;
    const size_t n_own = count_terms(own);
    *out = index < n_own ? own[index] : common_environment[index - n_own];
    return out->term != NULL;
}
