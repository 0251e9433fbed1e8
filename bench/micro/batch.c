/* Forming a batch: bytes of samples in random order become normalised floats, with the
 * pixels in order, or through a permutation of them. */
#include <stdlib.h>

#include "base/buffer.h"
#include "base/random.h"
#include "data/rows.h"
#include "expect.h"

enum {
    FEATURES = 784,
    SAMPLES = 32768, /* 25 MB: more than a core's caches hold */
    SEED = 23,
    STREAM_PIXELS = 1,
    STREAM_ORDER = 2,
    STREAM_MAP = 3,
};

typedef struct batching {
    const char *name;
    ebb_team *team;
    ebb_rows rows;
    size_t n_rows;
    uint8_t *pixels, *labels;
    uint8_t *batch_labels;
    uint32_t *order;
    int32_t *map; /* NULL: in order */
    float *out;
    size_t first; /* of the next batch in order */
    int64_t n_runs;
} batching;

static void run_thread(void *argument, size_t thread)
{
    const batching *self = argument;
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, self->n_rows, 1, thread, ebb_team_size(self->team));
    size_t first = self->first;
    for (int64_t i = 0; i < self->n_runs; i++) {
        ebb_rows_gather(self->out + begin * FEATURES, FEATURES,
                        self->batch_labels + begin, &self->rows,
                        self->order + first + begin, end - begin);
        ebb_team_barrier(self->team, thread);
        first = (first + self->n_rows) % SAMPLES;
    }
}

static ebb_status run(void *fixture, int64_t n)
{
    batching *self = fixture;
    self->n_runs = n;
    ebb_team_run(self->team, run_thread, self);
    self->first = (self->first + (size_t)n * self->n_rows) % SAMPLES;
    return EBB_OK;
}

static void begin(void *fixture)
{
    batching *self = fixture;
    ebb_expect_poison(self->out, self->n_rows * FEATURES);
}

/* The batch that was formed last, value by value. */
static ebb_status check(void *fixture)
{
    const batching *self = fixture;
    const size_t first = (self->first + SAMPLES - self->n_rows) % SAMPLES;
    double expected[FEATURES];
    for (size_t row = 0; row < self->n_rows; row++) {
        const size_t sample = self->order[first + row];
        const uint8_t *pixels = self->pixels + sample * FEATURES;
        for (size_t j = 0; j < FEATURES; j++) {
            const uint8_t pixel = self->map == NULL ? pixels[j] : pixels[self->map[j]];
            expected[j] =
                (double)pixel * (double)self->rows.scale + (double)self->rows.shift;
        }
        const ebb_expect_matrix found = {self->out + row * FEATURES, FEATURES, 1,
                                         FEATURES};
        EBB_TRY(ebb_expect_near(self->name, &found, expected, 1e-6));
        if (self->batch_labels[row] != self->labels[sample]) {
            return ebb_fail(EBB_ERR_WRONG, "%s: row %zu: label %d (%d)", self->name, row,
                            self->batch_labels[row], self->labels[sample]);
        }
    }
    return EBB_OK;
}

static void close_fixture(void *fixture)
{
    batching *self = fixture;
    ebb_buffer_free(self->pixels);
    ebb_buffer_free(self->labels);
    ebb_buffer_free(self->batch_labels);
    ebb_buffer_free(self->order);
    ebb_buffer_free(self->map);
    ebb_buffer_free(self->out);
    free(self);
}

/* Batch sizes divide the number of samples: no batch crosses the end of the order. */
static void draw(batching *self)
{
    ebb_random rng;
    ebb_random_init(&rng, SEED, EBB_PURPOSE_TEST, STREAM_PIXELS, 0);
    for (size_t i = 0; i < (size_t)SAMPLES * FEATURES; i += 4) {
        const uint32_t word = ebb_random_next(&rng);
        for (size_t b = 0; b < 4; b++) {
            self->pixels[i + b] = (uint8_t)(word >> (8 * b));
        }
    }
    for (uint32_t i = 0; i < SAMPLES; i++) {
        self->labels[i] = (uint8_t)(i % 10);
        self->order[i] = i;
    }
    ebb_random_init(&rng, SEED, EBB_PURPOSE_TEST, STREAM_ORDER, 0);
    ebb_random_shuffle(&rng, self->order, SAMPLES);
}

static void draw_map(batching *self)
{
    uint32_t permutation[FEATURES];
    ebb_random rng;
    for (uint32_t i = 0; i < FEATURES; i++) {
        permutation[i] = i;
    }
    ebb_random_init(&rng, SEED, EBB_PURPOSE_TEST, STREAM_MAP, 0);
    ebb_random_shuffle(&rng, permutation, FEATURES);
    for (size_t i = 0; i < FEATURES; i++) {
        self->map[i] = (int32_t)permutation[i];
    }
}

static ebb_status build(batching *self, bool mapped)
{
    void *memory = NULL;
    EBB_TRY(ebb_buffer_allocate(&memory, SAMPLES, FEATURES));
    self->pixels = memory;
    EBB_TRY(ebb_buffer_allocate(&memory, SAMPLES, 1));
    self->labels = memory;
    EBB_TRY(ebb_buffer_allocate(&memory, self->n_rows, 1));
    self->batch_labels = memory;
    EBB_TRY(ebb_buffer_allocate(&memory, SAMPLES, sizeof *self->order));
    self->order = memory;
    EBB_TRY(ebb_expect_floats(&self->out, self->n_rows * FEATURES, self->team));
    if (mapped) {
        EBB_TRY(ebb_buffer_allocate(&memory, FEATURES, sizeof *self->map));
        self->map = memory;
        draw_map(self);
    }
    draw(self);
    self->rows = (ebb_rows){.pixels = self->pixels,
                            .labels = self->labels,
                            .map = self->map,
                            .stride = FEATURES,
                            .features = FEATURES};
    ebb_rows_normalize(&self->rows.scale, &self->rows.shift, 0.2860, 0.3530);
    return EBB_OK;
}

static ebb_status open_fixture(void **fixture, ebb_micro_work *work,
                               const ebb_micro_call *call)
{
    batching *self = calloc(1, sizeof *self);
    *fixture = NULL;
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->name = call->name;
    self->team = call->team;
    self->n_rows = (size_t)call->args[0];
    const ebb_status status = build(self, call->variant[0] != 0);
    if (status != EBB_OK) {
        close_fixture(self);
        return status;
    }
    /* A byte in and four out; of a sample, 4 bytes of order and a label in and out. */
    *work = (ebb_micro_work){
        .roof = EBB_MICRO_STREAM,
        .amount = (double)self->n_rows * (FEATURES * 5.0 + 6.0),
        .footprint_bytes = (double)SAMPLES * FEATURES,
        .items = (double)self->n_rows,
    };
    *fixture = self;
    return EBB_OK;
}

static const ebb_micro_kind kind = {
    .arg_names = {"batch", "threads", NULL},
    .uses_team = true,
    .open = open_fixture,
    .begin = begin,
    .run = run,
    .check = check,
    .close = close_fixture,
};

static const int64_t batches[] = {8, 32, 128, 512};

static ebb_status add(ebb_micro_list *list)
{
    const ebb_micro_axis axis = {batches, sizeof batches / sizeof *batches};
    EBB_TRY(ebb_micro_add(list, &kind, "batch_in_order", (const size_t[]){0, 0}, &axis));
    return ebb_micro_add(list, &kind, "batch_permuted", (const size_t[]){1, 0}, &axis);
}

const ebb_micro_topic ebb_micro_batch = {
    .name = "batch_",
    .summary = "forming a batch from bytes",
    .add = add,
};
