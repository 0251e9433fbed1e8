/* The registry of data sets, where files are looked for, what four files must say
 * together, and synthetic images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "data/dataset_files.h"
#include "files.h"

static const char *const no_places[] = {NULL};

/* Three classes, any sizes, no hashes: the row that the tests below fill files for. */
static const ebb_dataset_kind tiny = {
    .choice = {"tiny", "a data set of tests"},
    .classes = 3,
    .mean = 0.5,
    .deviation = 0.25,
    .files = {{{"train-images", "train.images", NULL}, NULL},
              {{"train-labels", "train.labels", NULL}, NULL},
              {{"test-images", NULL}, NULL},
              {{"test-labels", NULL}, NULL}},
    .places = no_places,
    .source = "tests make them",
    .load = ebb_dataset_files_load,
};

static void write_images(void *const *state, const char *name, size_t n, size_t side)
{
    unsigned char pixels[256];
    for (size_t i = 0; i < sizeof pixels; i++) {
        pixels[i] = (unsigned char)i;
    }
    const size_t sizes[] = {n, side, side};
    assert_true(n * side * side <= sizeof pixels);
    bytes content = idx_content(sizes, 3, pixels, n * side * side);
    write_file(state, name, content);
    bytes_free(&content);
}

static void write_labels(void *const *state, const char *name, const char *labels,
                         size_t n)
{
    bytes content = idx_content(&n, 1, labels, n);
    write_file(state, name, content);
    bytes_free(&content);
}

static void write_tiny(void *const *state)
{
    write_images(state, "train-images", 5, 2);
    write_labels(state, "train-labels", "\0\1\2\1\0", 5);
    write_images(state, "test-images", 3, 2);
    write_labels(state, "test-labels", "\2\1\0", 3);
}

static void remove_file(void *const *state, const char *name)
{
    char path[PATH_BYTES];
    path_of(path, state, name);
    assert_int_equal(unlink(path), 0);
}

static void expect_failure(const ebb_dataset_kind *kind, const char *directory,
                           const char *message)
{
    ebb_dataset *dataset = NULL;
    assert_int_equal(ebb_dataset_create(&dataset, kind, directory, NULL),
                     EBB_ERR_ENVIRONMENT);
    assert_null(dataset);
    if (strstr(ebb_last_error(), message) == NULL) {
        fail_msg("\"%s\" should say \"%s\"", ebb_last_error(), message);
    }
}

static void test_registry(void **state)
{
    (void)state;
    const char *const names[] = {"fashion-mnist", "mnist", "synthetic"};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(ebb_dataset_choice(i)->name, names[i]);
        const ebb_dataset_kind *kind = ebb_dataset_at(i);
        assert_ptr_equal(&kind->choice, ebb_dataset_choice(i));
        assert_non_null(kind->licence);
        assert_non_null(kind->places);
        assert_non_null(kind->source);
        assert_non_null(kind->load);
        for (size_t j = 0; j < 4 && kind->files[j].names[0] != NULL; j++) {
            assert_int_equal(strlen(kind->files[j].sha256), 64);
        }
    }
    assert_null(ebb_dataset_choice(3));
}

static void test_load(void **state)
{
    write_tiny(state);
    ebb_dataset *dataset = NULL;
    assert_int_equal(ebb_dataset_create(&dataset, &tiny, *state, NULL), EBB_OK);
    assert_int_equal(dataset->rows, 2);
    assert_int_equal(dataset->columns, 2);
    assert_int_equal(dataset->features, 4);
    assert_int_equal(dataset->classes, 3);
    assert_int_equal(dataset->train.n, 5);
    assert_int_equal(dataset->test.n, 3);
    assert_int_equal(dataset->train.pixels[19], 19);
    assert_memory_equal(dataset->train.labels, "\0\1\2\1\0", 5);
    assert_memory_equal(dataset->test.labels, "\2\1\0", 3);
    assert_true(dataset->deviation == 0.25);
    ebb_dataset_destroy(dataset);
}

static void test_counts_differ(void **state)
{
    write_tiny(state);
    write_labels(state, "test-labels", "\2\1\0\0", 4);
    expect_failure(&tiny, *state, "test-labels: byte 4: 4 labels, but 3 images in ");
}

static void test_shapes_differ(void **state)
{
    write_tiny(state);
    write_images(state, "test-images", 3, 3);
    expect_failure(&tiny, *state, "test-images: byte 8: size 3, but 2 in ");
}

static void test_label_out_of_range(void **state)
{
    write_tiny(state);
    write_labels(state, "train-labels", "\0\1\2\63\0", 5);
    expect_failure(&tiny, *state,
                   "train-labels: byte 11: label 51 is out of range (0 to 2)");
    /* The offset is one of the content when the file is compressed. */
    const size_t n = 5;
    bytes plain = idx_content(&n, 1, "\0\1\2\63\0", n);
    bytes packed = bytes_gzip(plain);
    write_file(state, "train-labels", packed);
    bytes_free(&plain);
    bytes_free(&packed);
    expect_failure(&tiny, *state, "byte 11 of the inflated content: label 51");
}

static void test_class_without_sample(void **state)
{
    write_tiny(state);
    write_labels(state, "test-labels", "\0\1\1", 3);
    expect_failure(&tiny, *state, "test-labels: class 2 has no sample");
}

static void test_message_of_a_thread(void **state)
{
    write_tiny(state);
    write_labels(state, "test-images", "\0\1\1", 3);
    expect_failure(&tiny, *state, "these are labels in the place of images");
}

static void test_digest(void **state)
{
    write_tiny(state);
    ebb_dataset_kind hashed = tiny;
    hashed.files[3].sha256 =
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db";
    const size_t n = 3;
    bytes content = idx_content(&n, 1, "\2\1\0", n);
    char actual[EBB_DIGEST_HEX_BYTES];
    assert_int_equal(ebb_digest_of(actual, content.data, content.n), EBB_OK);
    bytes_free(&content);
    expect_failure(&hashed, *state, hashed.files[3].sha256);
    assert_non_null(strstr(ebb_last_error(), actual));
    hashed.files[3].sha256 = actual;
    ebb_dataset *dataset = NULL;
    assert_int_equal(ebb_dataset_create(&dataset, &hashed, *state, NULL), EBB_OK);
    ebb_dataset_destroy(dataset);
}

/* Second names, .gz, and a subfolder named after the data set, which comes first. */
static void test_search(void **state)
{
    write_tiny(state);
    remove_file(state, "train-images");
    expect_failure(
        &tiny, *state,
        ": a file of tiny is missing (looked for train-images or train.images, "
        "plain or .gz; tests make them)");
    write_images(state, "train.images.gz", 5, 2);
    ebb_dataset *dataset = NULL;
    assert_int_equal(ebb_dataset_create(&dataset, &tiny, *state, NULL), EBB_OK);
    ebb_dataset_destroy(dataset);
    char path[PATH_BYTES];
    path_of(path, state, "tiny");
    assert_int_equal(mkdir(path, 0700), 0);
    void *const subfolder[] = {path};
    write_tiny(subfolder);
    write_labels(subfolder, "test-labels", "\0\1\2", 3);
    assert_int_equal(ebb_dataset_create(&dataset, &tiny, *state, NULL), EBB_OK);
    assert_memory_equal(dataset->test.labels, "\0\1\2", 3);
    ebb_dataset_destroy(dataset);
}

static void test_environment(void **state)
{
    write_tiny(state);
    assert_int_equal(setenv("EBB_DATA_DIR", *state, 1), 0);
    ebb_dataset *dataset = NULL;
    assert_int_equal(ebb_dataset_create(&dataset, &tiny, NULL, NULL), EBB_OK);
    ebb_dataset_destroy(dataset);
    expect_failure(&tiny, "/nonexistent",
                   "/nonexistent: no such folder (tests make them)");
    assert_int_equal(setenv("EBB_DATA_DIR", "", 1), 0);
    ebb_dataset_kind placed = tiny;
    const char *const places[] = {"/nonexistent/a", "/nonexistent/b", NULL};
    placed.places = places;
    expect_failure(&placed, NULL,
                   "/nonexistent/a, /nonexistent/b: no files of tiny (looked for "
                   "train-images or train.images, plain or .gz; tests make them; "
                   "--data-dir or EBB_DATA_DIR names another folder)");
    assert_int_equal(unsetenv("EBB_DATA_DIR"), 0);
}

/* ---- synthetic ---- */

static ebb_dataset *make(ebb_synthetic_spec spec)
{
    ebb_dataset *dataset = NULL;
    if (ebb_dataset_create(&dataset, &ebb_dataset_synthetic, NULL, &spec) != EBB_OK) {
        fail_msg("%s", ebb_last_error());
    }
    return dataset;
}

static bool all_classes_in(const ebb_samples *samples, size_t classes)
{
    bool seen[256] = {false};
    for (size_t i = 0; i < samples->n; i++) {
        assert_true(samples->labels[i] < classes);
        seen[samples->labels[i]] = true;
    }
    for (size_t i = 0; i < classes; i++) {
        if (!seen[i]) {
            return false;
        }
    }
    return true;
}

static void test_synthetic_same(void **state)
{
    (void)state;
    const ebb_synthetic_spec spec = {300, 50, 64, 7, 5};
    ebb_dataset *first = make(spec);
    ebb_dataset *second = make(spec);
    assert_memory_equal(first->train.pixels, second->train.pixels, (size_t)300 * 64);
    assert_memory_equal(first->test.pixels, second->test.pixels, (size_t)50 * 64);
    assert_memory_equal(first->train.labels, second->train.labels, 300);
    ebb_dataset_destroy(second);
    second = make((ebb_synthetic_spec){300, 50, 64, 7, 6});
    assert_memory_not_equal(first->train.pixels, second->train.pixels, (size_t)300 * 64);
    ebb_dataset_destroy(second);
    ebb_dataset_destroy(first);
}

/* The bytes are part of every digest made from them. */
static void test_synthetic_bytes(void **state)
{
    (void)state;
    ebb_dataset *dataset = make((ebb_synthetic_spec){100, 20, 784, 10, 1});
    char hex[EBB_DIGEST_HEX_BYTES];
    assert_int_equal(ebb_digest_of(hex, dataset->train.pixels, (size_t)100 * 784),
                     EBB_OK);
    assert_string_equal(
        hex, "736d1c36bc02923608c0343e8882547f5becc8e893a196595633a0b1d6bdb271");
    ebb_dataset_destroy(dataset);
}

static void test_synthetic_shapes(void **state)
{
    (void)state;
    const size_t shapes[][3] = {{1, 1, 1}, {2, 1, 2},   {3, 1, 3},    {4, 2, 2},
                                {9, 3, 3}, {50, 1, 50}, {784, 28, 28}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        for (size_t classes = 2; classes <= 255; classes += 253) {
            ebb_dataset *dataset = make((ebb_synthetic_spec){.n_train = 300,
                                                             .n_test = classes,
                                                             .features = shapes[i][0],
                                                             .classes = classes,
                                                             .seed = i});
            assert_int_equal(dataset->features, shapes[i][0]);
            assert_int_equal(dataset->rows, shapes[i][1]);
            assert_int_equal(dataset->columns, shapes[i][2]);
            assert_int_equal(dataset->classes, classes);
            assert_true(all_classes_in(&dataset->train, classes));
            assert_true(all_classes_in(&dataset->test, classes));
            ebb_dataset_destroy(dataset);
        }
    }
}

static void test_synthetic_statistics(void **state)
{
    (void)state;
    ebb_dataset *dataset = make((ebb_synthetic_spec){200, 20, 49, 4, 9});
    const size_t n = (size_t)200 * 49;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += dataset->train.pixels[i] / 255.0;
    }
    const double mean = sum / (double)n;
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        const double difference = dataset->train.pixels[i] / 255.0 - mean;
        squares += difference * difference;
    }
    assert_true(fabs(dataset->mean - mean) < 1e-12);
    assert_true(fabs(dataset->deviation - sqrt(squares / (double)n)) < 1e-12);
    ebb_dataset_destroy(dataset);
}

/* Nearest class mean, learned from the training part: the classes lie apart, in the test
 * part too. */
static void test_synthetic_learnable(void **state)
{
    (void)state;
    enum { FEATURES = 196, CLASSES = 4 };
    ebb_dataset *dataset = make((ebb_synthetic_spec){2000, 400, FEATURES, CLASSES, 3});
    static double means[CLASSES][FEATURES];
    memset(means, 0, sizeof means);
    for (size_t i = 0; i < 2000; i++) {
        for (size_t j = 0; j < FEATURES; j++) {
            means[dataset->train.labels[i]][j] +=
                dataset->train.pixels[i * FEATURES + j] / (2000.0 / CLASSES);
        }
    }
    size_t correct = 0;
    for (size_t i = 0; i < 400; i++) {
        size_t best = 0;
        double best_distance = DBL_MAX;
        for (size_t k = 0; k < CLASSES; k++) {
            double distance = 0;
            for (size_t j = 0; j < FEATURES; j++) {
                const double d = dataset->test.pixels[i * FEATURES + j] - means[k][j];
                distance += d * d;
            }
            best = distance < best_distance ? k : best;
            best_distance = fmin(distance, best_distance);
        }
        correct += best == dataset->test.labels[i];
    }
    ebb_dataset_destroy(dataset);
    assert_in_range(correct, 280, 400); /* 100 by chance */
}

static void test_synthetic_refuses(void **state)
{
    (void)state;
    const struct {
        ebb_synthetic_spec spec;
        const char *message;
    } cases[] = {
        {{100, 100, 16, 1, 1}, "--synthetic: 1 classes (allowed: 2 to 255)"},
        {{1000, 1000, 16, 256, 1}, "--synthetic: 256 classes (allowed: 2 to 255)"},
        {{100, 100, 0, 2, 1}, "--synthetic: 0 features (allowed: 1 to "},
        {{100, 100, SIZE_MAX, 2, 1}, " features (allowed: 1 to "},
        {{9, 100, 16, 10, 1}, "--synthetic: 9 training samples (allowed: 10 to "},
        {{100, 9, 16, 10, 1}, "--synthetic: 9 test samples (allowed: 10 to "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ebb_dataset *dataset = NULL;
        assert_int_equal(
            ebb_dataset_create(&dataset, &ebb_dataset_synthetic, NULL, &cases[i].spec),
            EBB_ERR_USAGE);
        assert_null(dataset);
        assert_non_null(strstr(ebb_last_error(), cases[i].message));
    }
}

#define WITH_FOLDER(test)                                                                \
    cmocka_unit_test_setup_teardown(test, folder_create, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),
        WITH_FOLDER(test_load),
        WITH_FOLDER(test_counts_differ),
        WITH_FOLDER(test_shapes_differ),
        WITH_FOLDER(test_label_out_of_range),
        WITH_FOLDER(test_class_without_sample),
        WITH_FOLDER(test_message_of_a_thread),
        WITH_FOLDER(test_digest),
        WITH_FOLDER(test_search),
        WITH_FOLDER(test_environment),
        cmocka_unit_test(test_synthetic_same),
        cmocka_unit_test(test_synthetic_bytes),
        cmocka_unit_test(test_synthetic_shapes),
        cmocka_unit_test(test_synthetic_statistics),
        cmocka_unit_test(test_synthetic_learnable),
        cmocka_unit_test(test_synthetic_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
