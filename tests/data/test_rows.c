/* Rows as a step reads them, against one plain loop over samples and pixels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "data/rows.h"

enum { SAMPLES = 200, TEST_SAMPLES = 60, MAX_FEATURES = 900 };

/* One rounding for the product and one for the sum, whatever the compiler would like. */
static float expected_value(int pixel, float scale, float shift)
{
    volatile float product = (float)pixel * scale;
    return product + shift;
}

static void fill_random(uint8_t *out, size_t n, unsigned below, uint32_t stream)
{
    ebb_random rng;
    ebb_random_init(&rng, 1, EBB_PURPOSE_TEST, stream, 0);
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)ebb_random_below(&rng, below);
    }
}

static void test_gather(void **state)
{
    (void)state;
    static const size_t widths[] = {1, 3, 7, 8, 16, 17, 63, 64, 65, 784};
    static uint8_t pixels[SAMPLES * MAX_FEATURES];
    static uint8_t labels[SAMPLES];
    fill_random(pixels, sizeof pixels, 256, 1);
    fill_random(labels, sizeof labels, 10, 2);
    static const uint32_t samples[] = {5, 0, 199, 5, 77, 123, 198};
    enum { N = sizeof samples / sizeof samples[0] };
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
        const size_t features = widths[w];
        const size_t leading = features + 5;
        ebb_rows rows = {.pixels = pixels,
                         .labels = labels,
                         .stride = features + 2,
                         .features = features};
        ebb_rows_normalize(&rows.scale, &rows.shift, 0.2860, 0.3530);
        float *out = malloc(N * leading * sizeof *out);
        assert_non_null(out);
        for (size_t i = 0; i < N * leading; i++) {
            out[i] = -77.0f;
        }
        uint8_t got[N];
        ebb_rows_gather(out, leading, got, &rows, samples, N);
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(got[i], labels[samples[i]]);
            for (size_t j = 0; j < leading; j++) {
                const int pixel = pixels[samples[i] * rows.stride + j];
                const float value =
                    j < features ? expected_value(pixel, rows.scale, rows.shift) : -77.0f;
                assert_memory_equal(&out[i * leading + j], &value, sizeof value);
            }
        }
        free(out);
    }
}

static void test_gather_mapped(void **state)
{
    (void)state;
    static const uint8_t pixels[] = {10, 20, 30, 40, 50, 60};
    static const uint8_t labels[] = {7, 9};
    static const int32_t map[] = {2, -1, 0, 0};
    const ebb_rows rows = {.pixels = pixels,
                           .labels = labels,
                           .map = map,
                           .stride = 3,
                           .features = 4,
                           .scale = 0.5f,
                           .shift = 1.0f};
    float out[8];
    uint8_t got[2];
    ebb_rows_gather(out, 4, got, &rows, (const uint32_t[]){1, 0}, 2);
    const float expected[] = {31.0f, 1.0f, 21.0f, 21.0f, 16.0f, 1.0f, 6.0f, 6.0f};
    assert_memory_equal(out, expected, sizeof expected);
    assert_int_equal(got[0], 9);
    assert_int_equal(got[1], 7);
}

static void test_normalize(void **state)
{
    (void)state;
    float scale = 0;
    float shift = 0;
    ebb_rows_normalize(&scale, &shift, 0.5, 0.25);
    assert_true(scale == (float)(1.0 / 63.75));
    assert_true(shift == -2.0f);
    ebb_rows_normalize(&scale, &shift, 0.0, 1.0);
    assert_true(scale == (float)(1.0 / 255.0));
    assert_true(shift == 0.0f);
}

/* ---- prepared parts ---- */

static ebb_dataset *make_dataset(size_t features)
{
    const ebb_synthetic_spec spec = {.n_train = SAMPLES,
                                     .n_test = TEST_SAMPLES,
                                     .features = features,
                                     .classes = 6,
                                     .seed = 4};
    ebb_dataset *dataset = NULL;
    assert_int_equal(ebb_dataset_create(&dataset, &ebb_dataset_synthetic, NULL, &spec),
                     EBB_OK);
    return dataset;
}

static void check_row(const ebb_prepared *prepared, size_t i,
                      const ebb_sequence *sequence, const ebb_task *task,
                      const ebb_samples *samples, uint32_t sample)
{
    const ebb_rows *rows = &prepared->rows;
    const uint8_t *image = samples->pixels + sample * sequence->dataset->features;
    assert_int_equal(rows->labels[i], task->label_of_class[samples->labels[sample]]);
    for (size_t j = 0; j < rows->features; j++) {
        const int32_t pixel = task->map == NULL ? (int32_t)j : task->map[j];
        assert_int_equal(rows->pixels[i * rows->stride + j],
                         pixel < 0 ? 0 : image[pixel]);
    }
}

/* renewed holds another part, whose memory is taken over. */
static void check_part(ebb_prepared *renewed, const ebb_sequence *sequence, size_t t,
                       ebb_part part, ebb_team *team)
{
    const ebb_task *task = &sequence->tasks[t];
    const ebb_dataset *dataset = sequence->dataset;
    const uint32_t *lists[] = {task->train, task->validation, task->test};
    const size_t counts[] = {task->n_train, task->n_validation, task->n_test};
    const size_t capacity_bytes = renewed->capacity_bytes;
    assert_int_equal(ebb_prepared_renew(renewed, sequence, t, part, team), EBB_OK);
    assert_true(renewed->capacity_bytes >= capacity_bytes);
    const ebb_prepared prepared = *renewed;
    assert_int_equal(prepared.n, counts[part]);
    assert_int_equal(prepared.rows.features, sequence->features);
    assert_null(prepared.rows.map);
    for (size_t i = 0; i < prepared.n; i++) {
        check_row(&prepared, i, sequence, task,
                  part == EBB_PART_TEST ? &dataset->test : &dataset->train,
                  lists[part][i]);
    }
    float scale = 0;
    float shift = 0;
    ebb_rows_normalize(&scale, &shift, dataset->mean, dataset->deviation);
    assert_true(prepared.rows.scale == scale);
    assert_true(prepared.rows.shift == shift);
}

static void check_sequence(const ebb_sequence_kind *kind, ebb_sequence_spec spec,
                           size_t features, size_t n_threads)
{
    ebb_dataset *dataset = make_dataset(features);
    ebb_team *team = NULL;
    assert_int_equal(ebb_team_create(&team, n_threads), EBB_OK);
    ebb_sequence *sequence = NULL;
    assert_int_equal(ebb_sequence_create(&sequence, kind, &spec, dataset), EBB_OK);
    ebb_prepared prepared = {0};
    for (size_t t = 0; t < spec.n_tasks; t++) {
        check_part(&prepared, sequence, t, EBB_PART_VALIDATION, team);
        check_part(&prepared, sequence, t, EBB_PART_TRAIN, team);
        check_part(&prepared, sequence, t, EBB_PART_TEST, team);
    }
    ebb_prepared_clear(&prepared);
    assert_null(prepared.storage);
    ebb_sequence_destroy(sequence);
    ebb_team_destroy(team);
    ebb_dataset_destroy(dataset);
}

static void test_prepared(void **state)
{
    (void)state;
    for (size_t i = 0; ebb_sequence_choice(i) != NULL; i++) {
        for (size_t threads = 1; threads <= 3; threads++) {
            const ebb_sequence_spec spec = {.n_tasks = 3,
                                            .pad = threads == 2 ? 2 : 0,
                                            .validation_fraction = threads == 1 ? 0 : 0.1,
                                            .max_angle_degrees = 180,
                                            .classes_per_task = 2};
            check_sequence(ebb_sequence_at(i), spec, 169, threads);
        }
    }
}

/* Widths that are no multiple of anything, more threads than grains of work. */
static void test_prepared_widths(void **state)
{
    (void)state;
    static const size_t widths[] = {1, 2, 5, 8, 9, 64, 65};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        const ebb_sequence_spec spec = {.n_tasks = 2, .permute_first = true};
        check_sequence(&ebb_sequence_permuted, spec, widths[i], 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather),          cmocka_unit_test(test_gather_mapped),
        cmocka_unit_test(test_normalize),       cmocka_unit_test(test_prepared),
        cmocka_unit_test(test_prepared_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
