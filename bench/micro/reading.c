/* Reading data: each data set as a trial does it, all files at once with their checksums,
 * and one file of images alone. Skipped where the files are not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "data/dataset_files.h"
#include "data/idx.h"
#include "expect.h"

/* What the data set without files is asked for. */
static const ebb_synthetic_spec synthetic = {
    .n_train = 6000, .n_test = 1000, .features = 784, .classes = 10, .seed = 1};

typedef struct reading {
    const char *name;
    const ebb_dataset_kind *kind;
    char path[EBB_DATASET_PATH_BYTES]; /* of one file; "": the whole set */
    ebb_dataset *dataset;              /* read last; one of the two */
    ebb_idx images;
    char sha256[EBB_DIGEST_HEX_BYTES]; /* of the pixels, the first time */
} reading;

static ebb_status rewind_reading(void *fixture)
{
    reading *self = fixture;
    ebb_dataset_destroy(self->dataset);
    self->dataset = NULL;
    ebb_idx_clear(&self->images);
    return EBB_OK;
}

/* One at a time: a batch is one iteration. */
static ebb_status run(void *fixture, int64_t n)
{
    reading *self = fixture;
    const ebb_idx_want want = {.n_dimensions = 3};
    (void)n;
    return self->path[0] != '\0'
               ? ebb_idx_read(&self->images, self->path, &want)
               : ebb_dataset_create(&self->dataset, self->kind, NULL, &synthetic);
}

static void find_pixels(const reading *self, const uint8_t **pixels, size_t *n)
{
    if (self->dataset != NULL) {
        *pixels = self->dataset->train.pixels;
        *n = self->dataset->train.n * self->dataset->features;
    } else {
        *pixels = self->images.data;
        *n = self->images.size_bytes;
    }
}

/* The files' checksums are insisted on by the reader; these are the bytes it gave. */
static ebb_status check(void *fixture)
{
    reading *self = fixture;
    const uint8_t *pixels = NULL;
    size_t n = 0;
    char sha256[EBB_DIGEST_HEX_BYTES];
    find_pixels(self, &pixels, &n);
    EBB_TRY(ebb_digest_of(sha256, pixels, n));
    if (self->path[0] != '\0' &&
        strcmp(self->images.sha256, self->kind->files[0].sha256) != 0) {
        return ebb_fail(EBB_ERR_WRONG, "%s: not the images of %s", self->name,
                        self->kind->choice.name);
    }
    if (self->sha256[0] == '\0') {
        memcpy(self->sha256, sha256, sizeof sha256);
    }
    return strcmp(self->sha256, sha256) == 0
               ? EBB_OK
               : ebb_fail(EBB_ERR_WRONG, "%s: other bytes than before", self->name);
}

static void close_fixture(void *fixture)
{
    (void)rewind_reading(fixture);
    free(fixture);
}

/* Files that are not there are no fault of the machine's. */
static ebb_status find_files(reading *self, bool one_file)
{
    char paths[EBB_DATASET_FILES][EBB_DATASET_PATH_BYTES];
    const char *named = getenv("EBB_DATA_DIR");
    const char *folder = named != NULL && *named != '\0' ? named : NULL;
    if (self->kind->files[0].sha256 == NULL) {
        return EBB_OK;
    }
    if (ebb_dataset_files_find(paths, self->kind, folder) != EBB_OK) {
        return EBB_ERR_MISSING;
    }
    if (one_file) {
        memcpy(self->path, paths[0], sizeof self->path);
    }
    return EBB_OK;
}

static ebb_status open_fixture(void **fixture, ebb_micro_work *work,
                               const ebb_micro_call *call)
{
    reading *self = calloc(1, sizeof *self);
    *fixture = NULL;
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->name = call->name;
    self->kind = ebb_dataset_at(call->variant[0]);
    ebb_status status = find_files(self, call->variant[1] != 0);
    if (status == EBB_OK) {
        status = run(self, 1);
    }
    if (status == EBB_OK) {
        status = check(self);
    }
    if (status != EBB_OK) {
        close_fixture(self);
        return status;
    }
    const ebb_dataset *all = self->dataset;
    const size_t bytes = all == NULL ? self->images.size_bytes
                                     : (all->train.n + all->test.n) * (all->features + 1);
    *work = (ebb_micro_work){
        .roof = EBB_MICRO_STREAM,
        .amount = (double)bytes,
        .footprint_bytes = (double)bytes,
        .items = all == NULL ? (double)self->images.dimensions[0]
                             : (double)(all->train.n + all->test.n),
        .batch = 1,
    };
    *fixture = self;
    return EBB_OK;
}

static const ebb_micro_kind kind = {
    .arg_names = {NULL},
    .open = open_fixture,
    .rewind = rewind_reading,
    .run = run,
    .check = check,
    .close = close_fixture,
};

static ebb_status add(ebb_micro_list *list)
{
    for (size_t d = 0; ebb_dataset_choice(d) != NULL; d++) {
        char name[EBB_MICRO_NAME_BYTES];
        snprintf(name, sizeof name, "read_dataset/%s", ebb_dataset_choice(d)->name);
        EBB_TRY(ebb_micro_add(list, &kind, name, (const size_t[]){d, 0}, NULL));
        if (ebb_dataset_at(d)->files[0].sha256 != NULL) {
            snprintf(name, sizeof name, "read_idx/%s", ebb_dataset_choice(d)->name);
            EBB_TRY(ebb_micro_add(list, &kind, name, (const size_t[]){d, 1}, NULL));
        }
    }
    return EBB_OK;
}

const ebb_micro_topic ebb_micro_reading = {
    .name = "read_",
    .summary = "data sets from their files",
    .add = add,
};
