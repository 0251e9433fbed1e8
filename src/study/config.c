#include "study/config.h"

#include <stdlib.h>
#include <string.h>

#include "study/config_row.h"

/* Defaults are what the texts in the table say; a choice's is 0. */
void ebb_config_init(ebb_config *config)
{
    *config = (ebb_config){0};
    const ebb_config__row *row = NULL;
    for (size_t i = 0; (row = ebb_config__row_at(i)) != NULL; i++) {
        if (row->option.fallback[0] != '\0') {
            ebb_config__parse(config, row, row->option.name, row->option.fallback);
        } else if (row->type == EBB_CONFIG_FLAG_FIRST) {
            *(bool *)ebb_config__field(config, row) = true;
        }
    }
}

void ebb_config_clear(ebb_config *config)
{
    free(config->data_dir);
    free(config->output);
    free(config->samples);
    free(config->dump);
    *config = (ebb_config){0};
}

static ebb_status copy_path(char **path)
{
    if (*path == NULL) {
        return EBB_OK;
    }
    const size_t size_bytes = strlen(*path) + 1;
    *path = strdup(*path);
    return *path == NULL ? ebb_fail_memory(size_bytes) : EBB_OK;
}

ebb_status ebb_config_copy(ebb_config *out, const ebb_config *config)
{
    ebb_config copy = *config;
    char **paths[] = {&copy.data_dir, &copy.output, &copy.samples, &copy.dump};
    *out = (ebb_config){0};
    ebb_status status = EBB_OK;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (status != EBB_OK) {
            *paths[i] = NULL; /* borrowed from config, not copied */
            continue;
        }
        status = copy_path(paths[i]);
    }
    if (status != EBB_OK) {
        ebb_config_clear(&copy);
        return status;
    }
    *out = copy;
    return EBB_OK;
}

const char *ebb_config_key(char out[32], const char *name)
{
    size_t i = 0;
    for (; i < 31 && name[i] != '\0'; i++) {
        out[i] = name[i];
        if (name[i] == '-') {
            out[i] = '_';
        }
    }
    out[i] = '\0';
    return out;
}

int ebb_config_find(const char *name)
{
    for (size_t i = 0; ebb_config_option_at(i) != NULL; i++) {
        char key[32];
        const char *candidate = ebb_config_option_at(i)->name;
        if (strcmp(candidate, name) == 0 ||
            strcmp(ebb_config_key(key, candidate), name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

enum { MAX_OPTIONS = 64 };

static ebb_status fail_unknown(const char *where, const char *name)
{
    const bool dashes = strchr(name, '_') == NULL;
    char keys[MAX_OPTIONS][32];
    const char *names[MAX_OPTIONS];
    size_t n = 0;
    for (; ebb_config_option_at(n) != NULL; n++) {
        const char *option = ebb_config_option_at(n)->name;
        names[n] = dashes ? option : ebb_config_key(keys[n], option);
    }
    const char *nearest = ebb_text_nearest(name, names, n);
    char shown[64];
    ebb_text_printable(shown, name);
    return nearest == NULL
               ? ebb_fail(EBB_ERR_USAGE,
                          "%s: unknown option '%s' (all: ebb list options)", where, shown)
               : ebb_fail(EBB_ERR_USAGE,
                          "%s: unknown option '%s' (nearest: %s; all: ebb list options)",
                          where, shown, nearest);
}

ebb_status ebb_config_set(ebb_config *config, const char *where, const char *name,
                          const char *value)
{
    const int index = ebb_config_find(name);
    if (index < 0) {
        return fail_unknown(where, name);
    }
    EBB_TRY(ebb_config__parse(config, ebb_config__row_at((size_t)index), where, value));
    config->given |= UINT64_C(1) << index;
    return EBB_OK;
}

/* The bit of an option in ebb_config.given; 0 for a name that is none. */
static uint64_t given_bit(const char *name)
{
    const int index = ebb_config_find(name);
    return index < 0 ? 0 : UINT64_C(1) << index;
}

void ebb_config_resolve(ebb_config *config, size_t usable_cores)
{
    if (config->threads == 0) {
        config->threads = usable_cores;
        config->given |= given_bit("threads");
    }
    /* A batch that was given beside is left for the check to refuse. */
    const bool given = (config->given & given_bit("batch-size")) != 0;
    if (config->batch_per_thread > 0 && !given) {
        config->batch_size = config->batch_per_thread * config->threads;
    }
}

/* A value that a shell would take apart or change. */
static bool needs_quotes(const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789-_.,:+/=";
    return text[strspn(text, safe)] != '\0';
}

void ebb_config_command(ebb_text *out, const ebb_config *config)
{
    const ebb_config__row *row = NULL;
    for (size_t i = 0; (row = ebb_config__row_at(i)) != NULL; i++) {
        if ((config->given >> i & 1) == 0 || row->option.path) {
            continue;
        }
        ebb_text value = {0};
        ebb_config__print(&value, row, config);
        const char *text = value.data == NULL ? "" : value.data;
        const char *quote = needs_quotes(text) ? "'" : "";
        ebb_text_append(out, " --%s %s%s%s", row->option.name, quote, text, quote);
        out->failed = out->failed || value.failed;
        ebb_text_clear(&value);
    }
}

size_t ebb_config__classes(const ebb_config *config)
{
    const size_t classes = ebb_dataset_at((size_t)config->dataset)->classes;
    return classes > 0 ? classes : config->synthetic[3];
}

void ebb_config_sequence_spec(ebb_sequence_spec *out, const ebb_config *config)
{
    *out = (ebb_sequence_spec){
        .n_tasks = config->tasks,
        .pad = config->pad,
        .validation_fraction = config->validation_fraction,
        .seed = config->seed,
        .permute_first = config->permute_first,
        .independent_permutations = config->independent_permutations,
        .max_angle_degrees = config->max_angle,
        .classes_per_task = config->classes_per_task,
        .class_order = config->n_class_order == 0 ? NULL : config->class_order,
        .n_class_order = config->n_class_order,
    };
}

void ebb_config_synthetic_spec(ebb_synthetic_spec *out, const ebb_config *config)
{
    *out = (ebb_synthetic_spec){
        .n_train = config->synthetic[0],
        .n_test = config->synthetic[1],
        .features = config->synthetic[2],
        .classes = config->synthetic[3],
        .seed = config->seed,
    };
}
