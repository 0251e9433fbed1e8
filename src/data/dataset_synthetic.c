/* Images that need no files: made from a specification and a seed, with integers only, so
 * that every machine gets the same bytes.
 *
 * A class has two prototypes, smooth random pictures (a coarse grid of random bytes,
 * interpolated). A sample is one of them, mixed with some prototype of any class, under
 * noise. Being smooth, the prototypes of all classes share few directions: one epoch over
 * 5,400 images learns them almost perfectly, and learning one class moves what others
 * rest on, so that splits and permutations of the set are forgotten. */
#include <math.h>

#include "base/buffer.h"
#include "base/random.h"
#include "data/dataset.h"

enum {
    PROTOTYPES = 2, /* a class */
    GRID_SIDE = 4,
    GRID_POINTS = GRID_SIDE * GRID_SIDE,
    OWN_MIN = 176, /* share of the class's own prototype, of 256 */
};

enum {
    MIN_CLASSES = 2,
    MAX_CLASSES = 255,
    MAX_FEATURES = 1 << 24,
    MAX_SAMPLES = 200000000, /* what torch's permutation recipe allows, and a bit less */
};

/* Streams: task of ebb_random_init; epoch 1 of a part draws its labels. */
enum { STREAM_PROTOTYPES, STREAM_TRAIN, STREAM_TEST };

static ebb_status check_size(const char *what, size_t value, size_t low, size_t high)
{
    if (value < low || value > high) {
        return ebb_fail(EBB_ERR_USAGE, "--synthetic: %zu %s (allowed: %zu to %zu)", value,
                        what, low, high);
    }
    return EBB_OK;
}

/* Each class must come up in both parts. */
static ebb_status check_spec(const ebb_synthetic_spec *spec)
{
    EBB_TRY(check_size("classes", spec->classes, MIN_CLASSES, MAX_CLASSES));
    EBB_TRY(check_size("features", spec->features, 1, MAX_FEATURES));
    EBB_TRY(check_size("training samples", spec->n_train, spec->classes, MAX_SAMPLES));
    return check_size("test samples", spec->n_test, spec->classes, MAX_SAMPLES);
}

static void set_shape(ebb_dataset *dataset, size_t features)
{
    size_t side = (size_t)sqrt((double)features);
    if (side * side != features) {
        side = 1;
    }
    dataset->rows = side;
    dataset->columns = features / side;
    dataset->features = features;
}

/* Point i of n over a line of m grid points: left neighbour and 256ths to the right. */
static size_t grid_position(size_t *fraction, size_t i, size_t n, size_t m)
{
    const size_t position = n > 1 ? i * (m - 1) * 256 / (n - 1) : 0;
    const size_t left = position >> 8 < m - 1 ? position >> 8 : m > 1 ? m - 2 : 0;
    *fraction = position - (left << 8);
    return left;
}

static void draw_prototype(uint8_t *out, size_t rows, size_t columns, ebb_random *rng)
{
    const size_t high = rows < GRID_SIDE ? rows : GRID_SIDE;
    const size_t most = rows > 1 ? GRID_SIDE : GRID_POINTS;
    const size_t wide = columns < most ? columns : most;
    size_t grid[GRID_POINTS] = {0};
    for (size_t i = 0; i < high * wide; i++) {
        grid[i] = ebb_random_next(rng) >> 24;
    }
    for (size_t y = 0; y < rows; y++) {
        size_t down = 0;
        const size_t *upper = grid + grid_position(&down, y, rows, high) * wide;
        const size_t *lower = high > 1 ? upper + wide : upper;
        for (size_t x = 0; x < columns; x++) {
            size_t right = 0;
            const size_t left = grid_position(&right, x, columns, wide);
            const size_t next = wide > 1 ? left + 1 : left;
            const size_t above = upper[left] * (256 - right) + upper[next] * right;
            const size_t below = lower[left] * (256 - right) + lower[next] * right;
            out[y * columns + x] = (uint8_t)((above * (256 - down) + below * down) >> 16);
        }
    }
}

/* Blocks of one sample a class, each in an order of its own. */
static void draw_labels(uint8_t *labels, size_t n, size_t classes, ebb_random *rng)
{
    uint32_t order[MAX_CLASSES];
    for (size_t i = 0; i < n; i++) {
        if (i % classes == 0) {
            for (size_t j = 0; j < classes; j++) {
                order[j] = (uint32_t)j;
            }
            ebb_random_shuffle(rng, order, classes);
        }
        labels[i] = (uint8_t)order[i % classes];
    }
}

/* Triangular noise of ±63 from 16 random bits. */
static uint8_t add_noise(int value, uint32_t bits)
{
    const int noise = ((int)(bits & 255) + (int)(bits >> 8 & 255) - 255) / 4;
    const int noisy = value + noise;
    return (uint8_t)(noisy < 0 ? 0 : noisy > 255 ? 255 : noisy);
}

static void draw_sample(uint8_t *restrict out, const uint8_t *own, const uint8_t *other,
                        size_t features, ebb_random *rng)
{
    const int share = OWN_MIN + (int)ebb_random_below(rng, 256 - OWN_MIN);
    uint32_t bits = 0;
    for (size_t i = 0; i < features; i++) {
        bits = i % 2 == 0 ? ebb_random_next(rng) : bits >> 16;
        out[i] = add_noise((own[i] * share + other[i] * (256 - share)) >> 8, bits);
    }
}

static ebb_status draw_part(ebb_samples *out, const ebb_synthetic_spec *spec, size_t n,
                            uint32_t stream, const uint8_t *prototypes)
{
    void *pixels = NULL;
    void *labels = NULL;
    size_t size_bytes = 0;
    if (!ebb_size_multiply(&size_bytes, n, spec->features)) {
        return ebb_fail_memory(SIZE_MAX);
    }
    EBB_TRY(ebb_buffer_allocate(&pixels, size_bytes, 1));
    out->pixels = pixels;
    EBB_TRY(ebb_buffer_allocate(&labels, n, 1));
    out->labels = labels;
    out->n = n;
    ebb_random rng;
    ebb_random_init(&rng, spec->seed, EBB_PURPOSE_SYNTHETIC, stream, 1);
    draw_labels(out->labels, n, spec->classes, &rng);
    ebb_random_init(&rng, spec->seed, EBB_PURPOSE_SYNTHETIC, stream, 0);
    for (size_t i = 0; i < n; i++) {
        const size_t own =
            out->labels[i] * (size_t)PROTOTYPES + ebb_random_below(&rng, PROTOTYPES);
        const size_t other =
            ebb_random_below(&rng, (uint32_t)(spec->classes * PROTOTYPES));
        draw_sample(out->pixels + i * spec->features, prototypes + own * spec->features,
                    prototypes + other * spec->features, spec->features, &rng);
    }
    return EBB_OK;
}

/* Exact sums; a set of one grey has no deviation and is left as it is. */
static void measure(ebb_dataset *dataset)
{
    const size_t n = dataset->train.n * dataset->features;
    uint64_t sum = 0;
    uint64_t squares = 0;
    for (size_t i = 0; i < n; i++) {
        const unsigned pixel = dataset->train.pixels[i];
        sum += pixel;
        squares += (uint64_t)pixel * pixel;
    }
    const double mean = (double)sum / (double)n;
    const double variance = (double)squares / (double)n - mean * mean;
    dataset->mean = mean / 255.0;
    dataset->deviation = variance > 0.0 ? sqrt(variance) / 255.0 : 1.0;
}

static ebb_status load(ebb_dataset *dataset, const char *unused,
                       const ebb_synthetic_spec *spec)
{
    (void)unused;
    EBB_TRY(check_spec(spec));
    set_shape(dataset, spec->features);
    dataset->classes = spec->classes;
    void *prototypes = NULL;
    const size_t n_prototypes = spec->classes * PROTOTYPES;
    EBB_TRY(ebb_buffer_allocate(&prototypes, n_prototypes, spec->features));
    ebb_random rng;
    ebb_random_init(&rng, spec->seed, EBB_PURPOSE_SYNTHETIC, STREAM_PROTOTYPES, 0);
    for (size_t i = 0; i < n_prototypes; i++) {
        draw_prototype((uint8_t *)prototypes + i * spec->features, dataset->rows,
                       dataset->columns, &rng);
    }
    ebb_status status =
        draw_part(&dataset->train, spec, spec->n_train, STREAM_TRAIN, prototypes);
    if (status == EBB_OK) {
        status = draw_part(&dataset->test, spec, spec->n_test, STREAM_TEST, prototypes);
    }
    ebb_buffer_free(prototypes);
    if (status == EBB_OK) {
        measure(dataset);
    }
    return status;
}

static const char *const places[] = {NULL};

const ebb_dataset_kind ebb_dataset_synthetic = {
    .choice = {"synthetic", "smooth random pictures made from --synthetic and --seed"},
    .licence = "none needed",
    .places = places,
    .source = "it needs no files",
    .load = load,
};
