#include "data/dataset_files.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "data/idx.h"
#include "data/source.h"

enum { TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS };

/* ---- where the files lie ---- */

/* Folder i to be tried; false past the last. */
static bool folder_at(char out[EBB_DATASET_PATH_BYTES], const ebb_dataset_kind *kind,
                      const char *directory, size_t i)
{
    const char *folder = directory != NULL ? directory : kind->places[i];
    const bool named = directory != NULL && i == 0;
    if (folder == NULL || (directory != NULL && i > 1)) {
        return false;
    }
    snprintf(out, EBB_DATASET_PATH_BYTES, "%s%s%s", folder, named ? "/" : "",
             named ? kind->choice.name : "");
    return true;
}

/* A name that cannot even be looked up counts: opening it tells why. */
static bool is_there(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static bool find_file(char out[EBB_DATASET_PATH_BYTES], const ebb_dataset_file *file,
                      const char *folder)
{
    static const char *const endings[] = {"", ".gz"};
    for (size_t i = 0; file->names[i] != NULL; i++) {
        for (size_t j = 0; j < 2; j++) {
            const int length = snprintf(out, EBB_DATASET_PATH_BYTES, "%s/%s%s", folder,
                                        file->names[i], endings[j]);
            if (length < EBB_DATASET_PATH_BYTES && is_there(out)) {
                return true;
            }
        }
    }
    return false;
}

/* Number of files found in folder; *missing is the last that was not. */
static size_t find_all(char paths[EBB_DATASET_FILES][EBB_DATASET_PATH_BYTES],
                       size_t *missing, const ebb_dataset_kind *kind, const char *folder)
{
    size_t n = 0;
    *missing = 0;
    for (size_t i = 0; i < EBB_DATASET_FILES; i++) {
        if (find_file(paths[i], &kind->files[i], folder)) {
            n++;
        } else {
            *missing = i;
        }
    }
    return n;
}

static void append_names(ebb_text *text, const ebb_dataset_file *file)
{
    for (size_t i = 0; file->names[i] != NULL; i++) {
        ebb_text_append(text, "%s%s", i > 0 ? " or " : "", file->names[i]);
    }
    ebb_text_append(text, ", plain or .gz");
}

static ebb_status fail_incomplete(const ebb_dataset_kind *kind, const char *folder,
                                  size_t missing)
{
    ebb_text names = {0};
    append_names(&names, &kind->files[missing]);
    ebb_status status = ebb_text_check(&names);
    if (status == EBB_OK) {
        status = ebb_fail(EBB_ERR_ENVIRONMENT,
                          "%s: a file of %s is missing (looked for %s; %s)", folder,
                          kind->choice.name, names.data, kind->source);
    }
    ebb_text_clear(&names);
    return status;
}

static ebb_status fail_absent(const ebb_dataset_kind *kind, const char *directory)
{
    struct stat about;
    if (directory != NULL && (stat(directory, &about) != 0 || !S_ISDIR(about.st_mode))) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: no such folder (%s)", directory,
                        kind->source);
    }
    char folder[EBB_DATASET_PATH_BYTES];
    ebb_text text = {0};
    for (size_t i = 0; folder_at(folder, kind, directory, i); i++) {
        ebb_text_append(&text, "%s%s", i > 0 ? ", " : "", folder);
    }
    ebb_text_append(&text, ": no files of %s (looked for ", kind->choice.name);
    append_names(&text, &kind->files[0]);
    ebb_status status = ebb_text_check(&text);
    if (status == EBB_OK) {
        status = ebb_fail(EBB_ERR_ENVIRONMENT,
                          "%s; %s; --data-dir or EBB_DATA_DIR names another folder)",
                          text.data, kind->source);
    }
    ebb_text_clear(&text);
    return status;
}

ebb_status ebb_dataset_files_find(char paths[EBB_DATASET_FILES][EBB_DATASET_PATH_BYTES],
                                  const ebb_dataset_kind *kind, const char *directory)
{
    char folder[EBB_DATASET_PATH_BYTES];
    size_t missing = 0;
    for (size_t i = 0; folder_at(folder, kind, directory, i); i++) {
        if (find_all(paths, &missing, kind, folder) == EBB_DATASET_FILES) {
            return EBB_OK;
        }
    }
    for (size_t i = 0; folder_at(folder, kind, directory, i); i++) {
        if (find_all(paths, &missing, kind, folder) > 0) {
            return fail_incomplete(kind, folder, missing);
        }
    }
    return fail_absent(kind, directory);
}

/* ---- reading them at once ---- */

/* One file; its thread cannot fail for all to see, so it keeps its message. */
typedef struct job {
    char path[EBB_DATASET_PATH_BYTES];
    ebb_idx_want want;
    ebb_idx idx;
    ebb_status status;
    char message[1024];
    pthread_t thread;
    bool threaded;
} job;

static void *run_job(void *argument)
{
    job *self = argument;
    self->status = ebb_idx_read(&self->idx, self->path, &self->want);
    if (self->status != EBB_OK) {
        snprintf(self->message, sizeof self->message, "%s", ebb_last_error());
    }
    return NULL;
}

static void run_jobs(job jobs[EBB_DATASET_FILES])
{
    for (size_t i = 1; i < EBB_DATASET_FILES; i++) {
        jobs[i].threaded = pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]) == 0;
    }
    for (size_t i = 0; i < EBB_DATASET_FILES; i++) {
        if (jobs[i].threaded) {
            pthread_join(jobs[i].thread, NULL);
        } else {
            run_job(&jobs[i]);
        }
    }
}

/* ---- what the four must say together ---- */

static ebb_status check_counts(const job *images, const job *labels)
{
    if (images->idx.dimensions[0] != labels->idx.dimensions[0]) {
        return ebb_fail(
            EBB_ERR_ENVIRONMENT, "%s: byte 4%s: %zu labels, but %zu images in %s",
            labels->path, ebb_source_unit(labels->idx.compressed),
            labels->idx.dimensions[0], images->idx.dimensions[0], images->path);
    }
    return EBB_OK;
}

static ebb_status check_labels(const job *labels, size_t classes)
{
    bool seen[256] = {false};
    for (size_t i = 0; i < labels->idx.size_bytes; i++) {
        const uint8_t label = labels->idx.data[i];
        if (label >= classes) {
            return ebb_fail(EBB_ERR_ENVIRONMENT,
                            "%s: byte %zu%s: label %d is out of range (0 to %zu)",
                            labels->path, labels->idx.data_offset + i,
                            ebb_source_unit(labels->idx.compressed), label, classes - 1);
        }
        seen[label] = true;
    }
    for (size_t i = 0; i < classes; i++) {
        if (!seen[i]) {
            return ebb_fail(EBB_ERR_ENVIRONMENT,
                            "%s: class %zu has no sample (each of 0 to %zu needs one)",
                            labels->path, i, classes - 1);
        }
    }
    return EBB_OK;
}

static ebb_status check_shapes(const job *train, const job *test)
{
    for (size_t i = 1; i < EBB_IDX_MAX_DIMENSIONS; i++) {
        if (train->idx.dimensions[i] != test->idx.dimensions[i]) {
            return ebb_fail(
                EBB_ERR_ENVIRONMENT, "%s: byte %zu%s: size %zu, but %zu in %s",
                test->path, 4 + 4 * i, ebb_source_unit(test->idx.compressed),
                test->idx.dimensions[i], train->idx.dimensions[i], train->path);
        }
    }
    return EBB_OK;
}

/* The known file with this content, "" when it is none. */
static void name_content(char *out, size_t out_bytes, const char *sha256)
{
    out[0] = '\0';
    for (size_t i = 0; ebb_dataset_choice(i) != NULL; i++) {
        const ebb_dataset_kind *kind = ebb_dataset_at(i);
        for (size_t j = 0; j < EBB_DATASET_FILES; j++) {
            const ebb_dataset_file *file = &kind->files[j];
            if (file->sha256 != NULL && strcmp(file->sha256, sha256) == 0) {
                snprintf(out, out_bytes, ": this is %s of %s", file->names[0],
                         kind->choice.name);
            }
        }
    }
}

static ebb_status check_digest(const job *self, const char *expected)
{
    if (expected == NULL || strcmp(expected, self->idx.sha256) == 0) {
        return EBB_OK;
    }
    char actual[128];
    name_content(actual, sizeof actual, self->idx.sha256);
    return ebb_fail(EBB_ERR_ENVIRONMENT,
                    "%s: SHA-256 of the uncompressed content is %s%s (expected %s)",
                    self->path, self->idx.sha256, actual, expected);
}

static ebb_status check_jobs(const job jobs[EBB_DATASET_FILES],
                             const ebb_dataset *dataset)
{
    for (size_t i = 0; i < EBB_DATASET_FILES; i++) {
        if (jobs[i].status != EBB_OK) {
            return ebb_fail(jobs[i].status, "%s", jobs[i].message);
        }
    }
    EBB_TRY(check_counts(&jobs[TRAIN_IMAGES], &jobs[TRAIN_LABELS]));
    EBB_TRY(check_counts(&jobs[TEST_IMAGES], &jobs[TEST_LABELS]));
    EBB_TRY(check_shapes(&jobs[TRAIN_IMAGES], &jobs[TEST_IMAGES]));
    EBB_TRY(check_labels(&jobs[TRAIN_LABELS], dataset->classes));
    EBB_TRY(check_labels(&jobs[TEST_LABELS], dataset->classes));
    for (size_t i = 0; i < EBB_DATASET_FILES; i++) {
        EBB_TRY(check_digest(&jobs[i], dataset->kind->files[i].sha256));
    }
    return EBB_OK;
}

/* Hands the bytes of two files over. */
static ebb_samples move_samples(job *images, job *labels)
{
    const ebb_samples samples = {images->idx.data, labels->idx.data,
                                 labels->idx.dimensions[0]};
    images->idx.data = NULL;
    labels->idx.data = NULL;
    return samples;
}

ebb_status ebb_dataset_files_load(ebb_dataset *dataset, const char *directory,
                                  const ebb_synthetic_spec *unused)
{
    (void)unused;
    const ebb_dataset_kind *kind = dataset->kind;
    char paths[EBB_DATASET_FILES][EBB_DATASET_PATH_BYTES];
    EBB_TRY(ebb_dataset_files_find(paths, kind, directory));
    job jobs[EBB_DATASET_FILES] = {0};
    for (size_t i = 0; i < EBB_DATASET_FILES; i++) {
        const bool images = i == TRAIN_IMAGES || i == TEST_IMAGES;
        memcpy(jobs[i].path, paths[i], sizeof paths[i]);
        jobs[i].want = (ebb_idx_want){
            .n_dimensions = images ? 3 : 1,
            .dimensions = {i < TEST_IMAGES ? kind->n_train : kind->n_test,
                           images ? kind->rows : 0, images ? kind->columns : 0},
        };
    }
    run_jobs(jobs);
    const ebb_status status = check_jobs(jobs, dataset);
    if (status == EBB_OK) {
        dataset->rows = jobs[TRAIN_IMAGES].idx.dimensions[1];
        dataset->columns = jobs[TRAIN_IMAGES].idx.dimensions[2];
        dataset->features = dataset->rows * dataset->columns;
        dataset->train = move_samples(&jobs[TRAIN_IMAGES], &jobs[TRAIN_LABELS]);
        dataset->test = move_samples(&jobs[TEST_IMAGES], &jobs[TEST_LABELS]);
    }
    for (size_t i = 0; i < EBB_DATASET_FILES; i++) {
        ebb_idx_clear(&jobs[i].idx);
    }
    return status;
}
