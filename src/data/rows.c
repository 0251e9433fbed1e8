#include "data/rows.h"

#include <stdbool.h>
#include <string.h>

#include "base/buffer.h"
#include "base/multiversion.h"

/* Bytes of images that a thread takes at a time. */
enum { GRAIN_BYTES = 1 << 16 };

/* Bytes in order: this loop is what the step pays for its batch. */
EBB_MULTIVERSION
static void convert(float *out, size_t leading, const ebb_rows *rows,
                    const uint32_t *samples, size_t n)
{
    const float scale = rows->scale;
    const float shift = rows->shift;
    const size_t features = rows->features;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *restrict in = rows->pixels + samples[i] * rows->stride;
        float *restrict row = out + i * leading;
        for (size_t j = 0; j < features; j++) {
            row[j] = (float)(int)in[j] * scale + shift;
        }
    }
}

static void convert_mapped(float *out, size_t leading, const ebb_rows *rows,
                           const uint32_t *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t *in = rows->pixels + samples[i] * rows->stride;
        float *row = out + i * leading;
        for (size_t j = 0; j < rows->features; j++) {
            const int pixel = rows->map[j] < 0 ? 0 : in[rows->map[j]];
            row[j] = (float)pixel * rows->scale + rows->shift;
        }
    }
}

void ebb_rows_gather(float *out, size_t leading, uint8_t *labels, const ebb_rows *rows,
                     const uint32_t *samples, size_t n)
{
    if (rows->map == NULL) {
        convert(out, leading, rows, samples, n);
    } else {
        convert_mapped(out, leading, rows, samples, n);
    }
    for (size_t i = 0; i < n; i++) {
        labels[i] = rows->labels[samples[i]];
    }
}

void ebb_rows_normalize(float *scale, float *shift, double mean, double deviation)
{
    *scale = (float)(1.0 / (255.0 * deviation));
    *shift = (float)(-mean / deviation);
}

/* ---- a part of a task, brought into order ---- */

typedef struct preparation {
    uint8_t *pixels, *labels; /* to be filled */
    size_t n, features;
    const uint32_t *list; /* n samples */
    const ebb_samples *samples;
    size_t stride; /* of samples */
    const ebb_task *task;
    size_t n_threads;
} preparation;

/* Branch-free where no pixel is left empty. */
static void copy_mapped(uint8_t *restrict out, const uint8_t *restrict in,
                        const int32_t *restrict map, size_t n, bool has_empty)
{
    if (has_empty) {
        for (size_t i = 0; i < n; i++) {
            out[i] = map[i] < 0 ? 0 : in[map[i]];
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = in[map[i]];
    }
}

static bool has_empty_pixel(const int32_t *map, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (map[i] < 0) {
            return true;
        }
    }
    return false;
}

/* A thread writes, and so owns, one contiguous run of rows. */
static void prepare_share(void *argument, size_t thread)
{
    const preparation *self = argument;
    const size_t grain = 1 + GRAIN_BYTES / self->features;
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, self->n, grain, thread, self->n_threads);
    const int32_t *map = self->task->map;
    const bool has_empty = map != NULL && has_empty_pixel(map, self->features);
    for (size_t i = begin; i < end; i++) {
        const size_t sample = self->list[i];
        const uint8_t *in = self->samples->pixels + sample * self->stride;
        uint8_t *out = self->pixels + i * self->features;
        if (map == NULL) {
            memcpy(out, in, self->features);
        } else {
            copy_mapped(out, in, map, self->features, has_empty);
        }
        self->labels[i] = self->task->label_of_class[self->samples->labels[sample]];
    }
}

static void choose_part(preparation *out, const ebb_dataset *dataset, ebb_part part)
{
    const ebb_task *task = out->task;
    out->samples = part == EBB_PART_TEST ? &dataset->test : &dataset->train;
    switch (part) {
    case EBB_PART_TRAIN:
        out->list = task->train;
        out->n = task->n_train;
        break;
    case EBB_PART_VALIDATION:
        out->list = task->validation;
        out->n = task->n_validation;
        break;
    case EBB_PART_TEST:
        out->list = task->test;
        out->n = task->n_test;
        break;
    }
}

ebb_status ebb_prepared_init(ebb_prepared *out, const ebb_sequence *sequence,
                             size_t task_index, ebb_part part, ebb_team *team)
{
    *out = (ebb_prepared){0};
    const ebb_dataset *dataset = sequence->dataset;
    preparation work = {.task = &sequence->tasks[task_index],
                        .features = sequence->features,
                        .stride = dataset->features,
                        .n_threads = ebb_team_size(team)};
    choose_part(&work, dataset, part);
    size_t row_bytes = 0;
    if (!ebb_size_add(&row_bytes, work.features, 1)) {
        return ebb_fail_memory(SIZE_MAX);
    }
    EBB_TRY(ebb_buffer_allocate(&out->storage, work.n, row_bytes));
    work.pixels = out->storage;
    work.labels = work.pixels + work.n * work.features;
    ebb_team_run(team, prepare_share, &work);
    out->n = work.n;
    out->rows = (ebb_rows){.pixels = work.pixels,
                           .labels = work.labels,
                           .stride = work.features,
                           .features = work.features};
    ebb_rows_normalize(&out->rows.scale, &out->rows.shift, dataset->mean,
                       dataset->deviation);
    return EBB_OK;
}

void ebb_prepared_clear(ebb_prepared *prepared)
{
    ebb_buffer_free(prepared->storage);
    *prepared = (ebb_prepared){0};
}
