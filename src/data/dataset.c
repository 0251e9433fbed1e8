#include "data/dataset.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "data/dataset_files.h"

static const ebb_dataset_kind *const table[] = {
    &ebb_dataset_fashion_mnist,
    &ebb_dataset_mnist,
    &ebb_dataset_synthetic,
};

const ebb_choice *ebb_dataset_choice(size_t index)
{
    return index < sizeof table / sizeof *table ? &table[index]->choice : NULL;
}

const ebb_dataset_kind *ebb_dataset_at(size_t index)
{
    return table[index];
}

/* --data-dir, else the variable, else NULL: the usual places. */
static const char *choose_directory(const char *directory)
{
    const char *named = getenv("EBB_DATA_DIR");
    const bool wanted = directory == NULL && named != NULL && named[0] != '\0';
    return wanted ? named : directory;
}

ebb_status ebb_dataset_available(const ebb_dataset_kind *kind, const char *directory)
{
    char paths[EBB_DATASET_FILES][EBB_DATASET_PATH_BYTES];
    if (kind->files[0].names[0] == NULL) {
        return EBB_OK;
    }
    return ebb_dataset_files_find(paths, kind, choose_directory(directory));
}

ebb_status ebb_dataset_create(ebb_dataset **out, const ebb_dataset_kind *kind,
                              const char *directory, const ebb_synthetic_spec *synthetic)
{
    *out = NULL;
    ebb_dataset *dataset = calloc(1, sizeof *dataset);
    if (dataset == NULL) {
        return ebb_fail_memory(sizeof *dataset);
    }
    *dataset = (ebb_dataset){
        .kind = kind,
        .rows = kind->rows,
        .columns = kind->columns,
        .features = kind->rows * kind->columns,
        .classes = kind->classes,
        .mean = kind->mean,
        .deviation = kind->deviation,
    };
    const ebb_status status = kind->load(dataset, choose_directory(directory), synthetic);
    if (status != EBB_OK) {
        ebb_dataset_destroy(dataset);
        return status;
    }
    *out = dataset;
    return EBB_OK;
}

static void clear_samples(ebb_samples *samples)
{
    ebb_buffer_free(samples->pixels);
    ebb_buffer_free(samples->labels);
}

void ebb_dataset_destroy(ebb_dataset *dataset)
{
    if (dataset == NULL) {
        return;
    }
    clear_samples(&dataset->train);
    clear_samples(&dataset->test);
    free(dataset);
}
