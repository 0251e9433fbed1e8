/* Sequences of tasks: vectors of the original system, properties of every row of the
 * registry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "data/rotate.h"
#include "data/sequence.h"
#include "data/sequence_parts.h"

/* A data set of its own size for each test; no pixel is read here. */
typedef struct fixture {
    ebb_dataset dataset;
    uint8_t train_labels[400], test_labels[100];
} fixture;

static const ebb_dataset *fill(fixture *self, size_t rows, size_t columns, size_t classes)
{
    *self = (fixture){.dataset = {.kind = &ebb_dataset_synthetic,
                                  .rows = rows,
                                  .columns = columns,
                                  .features = rows * columns,
                                  .classes = classes,
                                  .mean = 0.5,
                                  .deviation = 0.25}};
    self->dataset.train =
        (ebb_samples){.labels = self->train_labels, .n = sizeof self->train_labels};
    self->dataset.test =
        (ebb_samples){.labels = self->test_labels, .n = sizeof self->test_labels};
    for (size_t i = 0; i < sizeof self->train_labels; i++) {
        self->train_labels[i] = (uint8_t)(i * 7 % classes);
    }
    for (size_t i = 0; i < sizeof self->test_labels; i++) {
        self->test_labels[i] = (uint8_t)(i * 7 % classes);
    }
    return &self->dataset;
}

static ebb_sequence *create(const ebb_sequence_kind *kind, ebb_sequence_spec spec,
                            const ebb_dataset *dataset)
{
    ebb_sequence *sequence = NULL;
    if (ebb_sequence_create(&sequence, kind, &spec, dataset) != EBB_OK) {
        fail_msg("%s", ebb_last_error());
    }
    return sequence;
}

static void test_registry(void **state)
{
    (void)state;
    const char *const names[] = {"permuted", "rotated", "split"};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(ebb_sequence_choice(i)->name, names[i]);
        assert_ptr_equal(&ebb_sequence_at(i)->choice, ebb_sequence_choice(i));
        assert_int_equal(ebb_sequence_at(i)->splits_classes, i == 2);
    }
    assert_null(ebb_sequence_choice(3));
}

/* ---- the original's permutations ---- */

enum { N_VECTORS = 5, VECTOR_LENGTH = 12 };

static const int32_t torch_vectors[N_VECTORS][VECTOR_LENGTH] = {
    {326, 525, 647, 591, 253, 35, 590, 321, 347, 168, 336, 172},
    {21, 33, 612, 322, 647, 44, 45, 600, 335, 716, 624, 398},
    {632, 313, 195, 288, 42, 676, 402, 698, 312, 570, 430, 342},
    {138, 114, 39, 644, 524, 362, 616, 375, 525, 498, 152, 238},
    {10, 679, 623, 390, 253, 33, 401, 389, 610, 570, 140, 596},
};

static void expect_torch_vector(const ebb_task *task, size_t index)
{
    assert_memory_equal(task->map, torch_vectors[index], sizeof torch_vectors[index]);
}

static void test_torch_permutations(void **state)
{
    (void)state;
    fixture self;
    const ebb_dataset *dataset = fill(&self, 28, 28, 10);
    ebb_sequence_spec spec = {.n_tasks = N_VECTORS, .permute_first = true};
    ebb_sequence *sequence = create(&ebb_sequence_permuted, spec, dataset);
    for (size_t t = 0; t < N_VECTORS; t++) {
        expect_torch_vector(&sequence->tasks[t], t);
    }
    /* The last entries of the first permutation, by an independent Mersenne Twister. */
    const int32_t last[] = {268, 581, 103, 540};
    assert_memory_equal(sequence->tasks[0].map + 780, last, sizeof last);
    ebb_sequence_destroy(sequence);
    /* Left out, the first permutation takes no other task's seed along. */
    spec.permute_first = false;
    sequence = create(&ebb_sequence_permuted, spec, dataset);
    assert_null(sequence->tasks[0].map);
    for (size_t t = 1; t < N_VECTORS; t++) {
        expect_torch_vector(&sequence->tasks[t], t);
    }
    ebb_sequence_destroy(sequence);
}

/* With a pad the permutation is one of the padded pixels. */
static void test_padded_permutation(void **state)
{
    (void)state;
    static const int order[2][8] = {{374, 555, 93, 61, 673, 288, 498, 660},
                                    {37, 708, 342, 9, 647, 767, 633, 291}};
    fixture self;
    const ebb_dataset *dataset = fill(&self, 28, 28, 10);
    ebb_sequence *sequence = create(
        &ebb_sequence_permuted,
        (ebb_sequence_spec){.n_tasks = 2, .pad = 2, .permute_first = true}, dataset);
    assert_int_equal(sequence->features, 32 * 32);
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < 8; i++) {
            const int row = order[t][i] / 32 - 2;
            const int column = order[t][i] % 32 - 2;
            const bool inside = row >= 0 && row < 28 && column >= 0 && column < 28;
            assert_int_equal(sequence->tasks[t].map[i], inside ? row * 28 + column : -1);
        }
    }
    ebb_sequence_destroy(sequence);
}

static void test_independent_permutations(void **state)
{
    (void)state;
    fixture self;
    const ebb_dataset *dataset = fill(&self, 4, 5, 10);
    ebb_sequence_spec spec = {.n_tasks = 3, .independent_permutations = true, .seed = 7};
    ebb_sequence *first = create(&ebb_sequence_permuted, spec, dataset);
    spec.permute_first = true;
    spec.n_tasks = 2;
    ebb_sequence *second = create(&ebb_sequence_permuted, spec, dataset);
    spec.seed = 8;
    ebb_sequence *third = create(&ebb_sequence_permuted, spec, dataset);
    const size_t map_bytes = 20 * sizeof(int32_t);
    assert_null(first->tasks[0].map);
    /* A task's permutation depends on seed and task alone. */
    assert_memory_equal(first->tasks[1].map, second->tasks[1].map, map_bytes);
    assert_memory_not_equal(second->tasks[0].map, second->tasks[1].map, map_bytes);
    assert_memory_not_equal(second->tasks[0].map, third->tasks[0].map, map_bytes);
    ebb_sequence_destroy(first);
    ebb_sequence_destroy(second);
    ebb_sequence_destroy(third);
}

/* ---- the original's validation split ---- */

static void test_divide(void **state)
{
    (void)state;
    static const uint32_t train[] = {37542, 43087, 2992,  25810,
                                     39634, 6425,  55768, 11034};
    static const uint32_t held[] = {33841, 37977, 40521, 16882,
                                    50296, 1767,  33701, 54749};
    uint32_t *out = malloc(60000 * sizeof *out);
    assert_non_null(out);
    size_t n_train = 0;
    ebb_sequence_parts_divide(out, &n_train, NULL, 60000, 0.1);
    assert_int_equal(n_train, 54000);
    assert_memory_equal(out, train, sizeof train);
    assert_memory_equal(out + 54000, held, sizeof held);
    free(out);
}

/* Expected lists by an independent Mersenne Twister and the rule of torch. */
static void test_divide_remainders(void **state)
{
    (void)state;
    static const struct {
        size_t n, n_train;
        double fraction;
        uint32_t order[13];
    } cases[] = {
        {13, 10, 0.25, {5, 12, 11, 7, 4, 1, 2, 9, 8, 10, 6, 3, 0}},
        {7, 7, 0.1, {1, 6, 3, 5, 4, 0, 2}},
        {3, 2, 0.5, {0, 2, 1}},
        {3, 3, 0.0, {0, 1, 2}},
        {1, 1, 0.9999, {0}},
    };
    const uint32_t subset[] = {100, 101, 102, 103, 104, 105, 106,
                               107, 108, 109, 110, 111, 112};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t out[13];
        size_t n_train = 0;
        ebb_sequence_parts_divide(out, &n_train, subset, cases[i].n, cases[i].fraction);
        assert_int_equal(n_train, cases[i].n_train);
        for (size_t j = 0; j < cases[i].n; j++) {
            assert_int_equal(out[j], 100 + cases[i].order[j]);
        }
    }
    uint32_t big[12665];
    size_t n_train = 0;
    ebb_sequence_parts_divide(big, &n_train, NULL, 12665, 0.1);
    assert_int_equal(n_train, 11399);
    assert_int_equal(big[0], 5232);
    assert_int_equal(big[11399], 5013);
}

/* ---- properties of every row ---- */

static void mark(uint8_t *seen, const uint32_t *list, size_t n, size_t limit)
{
    for (size_t i = 0; i < n; i++) {
        assert_true(list[i] < limit);
        assert_int_equal(seen[list[i]], 0);
        seen[list[i]] = 1;
    }
}

/* Training and validation part share nothing; together they are all samples whose class
 * is in the task, and so is the test part, in file order. */
static void check_samples(const ebb_sequence *sequence, const ebb_task *task)
{
    uint8_t train[400] = {0};
    uint8_t test[100] = {0};
    const ebb_dataset *dataset = sequence->dataset;
    mark(train, task->train, task->n_train, dataset->train.n);
    mark(train, task->validation, task->n_validation, dataset->train.n);
    mark(test, task->test, task->n_test, dataset->test.n);
    for (size_t i = 0; i < dataset->train.n; i++) {
        const bool inside =
            task->label_of_class[dataset->train.labels[i]] != EBB_NO_LABEL;
        assert_int_equal(train[i], inside);
    }
    for (size_t i = 0; i < dataset->test.n; i++) {
        const bool inside = task->label_of_class[dataset->test.labels[i]] != EBB_NO_LABEL;
        assert_int_equal(test[i], inside);
    }
    for (size_t i = 1; i < task->n_test; i++) {
        assert_true(task->test[i - 1] < task->test[i]);
    }
}

/* The labels 0 … classes−1, each for one class. */
static void check_labels(const ebb_sequence *sequence, const ebb_task *task)
{
    size_t n_with_label[256] = {0};
    for (size_t i = 0; i < 256; i++) {
        n_with_label[task->label_of_class[i]]++;
        assert_true(i < sequence->dataset->classes ||
                    task->label_of_class[i] == EBB_NO_LABEL);
    }
    assert_int_equal(task->classes, sequence->classes_per_task);
    for (size_t i = 0; i < task->classes; i++) {
        assert_int_equal(n_with_label[i], 1);
    }
    assert_int_equal(n_with_label[EBB_NO_LABEL], 256 - task->classes);
}

static void check_map(const ebb_sequence *sequence, const ebb_task *task)
{
    for (size_t i = 0; task->map != NULL && i < sequence->features; i++) {
        assert_true(task->map[i] >= -1);
        assert_true(task->map[i] < (int32_t)sequence->dataset->features);
    }
    assert_true(task->map != NULL || sequence->features == sequence->dataset->features);
}

static void test_properties(void **state)
{
    (void)state;
    fixture self;
    for (size_t i = 0; ebb_sequence_choice(i) != NULL; i++) {
        for (unsigned variant = 0; variant < 16; variant++) {
            const ebb_sequence_spec spec = {
                .n_tasks = 1 + variant % 5,
                .pad = variant & 1 ? 3 : 0,
                .validation_fraction = variant & 2 ? 0.1 : 0.0,
                .permute_first = (variant & 4) != 0,
                .independent_permutations = (variant & 8) != 0,
                .max_angle_degrees = 180,
                .classes_per_task = 1 + variant % 2,
            };
            ebb_sequence *sequence =
                create(ebb_sequence_at(i), spec, fill(&self, 8, 8, 10));
            assert_int_equal(sequence->n_tasks, spec.n_tasks);
            for (size_t t = 0; t < spec.n_tasks; t++) {
                check_samples(sequence, &sequence->tasks[t]);
                check_labels(sequence, &sequence->tasks[t]);
                check_map(sequence, &sequence->tasks[t]);
            }
            ebb_sequence_destroy(sequence);
        }
    }
}

/* A permutation has each pixel once, the pad none. */
static void test_permutation_is_one(void **state)
{
    (void)state;
    fixture self;
    ebb_sequence *sequence = create(
        &ebb_sequence_permuted,
        (ebb_sequence_spec){.n_tasks = 3, .pad = 1, .permute_first = true, .seed = 5},
        fill(&self, 6, 6, 10));
    for (size_t t = 0; t < 3; t++) {
        int seen[37] = {0};
        for (size_t i = 0; i < 64; i++) {
            seen[sequence->tasks[t].map[i] + 1]++;
        }
        assert_int_equal(seen[0], 64 - 36);
        for (size_t i = 1; i < 37; i++) {
            assert_int_equal(seen[i], 1);
        }
    }
    ebb_sequence_destroy(sequence);
}

/* ---- rotated ---- */

static void test_rotated(void **state)
{
    (void)state;
    static const double degrees[] = {0, 36, 72, 108, 144};
    fixture self;
    const ebb_dataset *dataset = fill(&self, 9, 9, 10);
    const ebb_sequence_spec spec = {.n_tasks = 5, .max_angle_degrees = 180};
    ebb_sequence *sequence = create(&ebb_sequence_rotated, spec, dataset);
    assert_null(sequence->tasks[0].map);
    for (size_t t = 1; t < 5; t++) {
        int32_t map[81];
        ebb_rotate_map(map, 9, degrees[t]);
        assert_memory_equal(sequence->tasks[t].map, map, sizeof map);
    }
    ebb_sequence_destroy(sequence);
}

/* Rotated first, padded afterwards: the pad is never turned into the image. */
static void test_rotated_pad(void **state)
{
    (void)state;
    fixture self;
    const ebb_dataset *dataset = fill(&self, 3, 3, 10);
    const ebb_sequence_spec spec = {.n_tasks = 2, .pad = 1, .max_angle_degrees = 180};
    ebb_sequence *sequence = create(&ebb_sequence_rotated, spec, dataset);
    static const int32_t upright[25] = {-1, -1, -1, -1, -1, -1, 0,  1,  2,  -1, -1, 3, 4,
                                        5,  -1, -1, 6,  7,  8,  -1, -1, -1, -1, -1, -1};
    static const int32_t quarter[25] = {-1, -1, -1, -1, -1, -1, 2,  5,  8,  -1, -1, 1, 4,
                                        7,  -1, -1, 0,  3,  6,  -1, -1, -1, -1, -1, -1};
    assert_memory_equal(sequence->tasks[0].map, upright, sizeof upright);
    assert_memory_equal(sequence->tasks[1].map, quarter, sizeof quarter);
    ebb_sequence_destroy(sequence);
}

/* ---- split ---- */

static void test_split_order(void **state)
{
    (void)state;
    static const uint8_t order[] = {4, 0, 5, 2, 1, 3};
    fixture self;
    const ebb_dataset *dataset = fill(&self, 3, 3, 6);
    const ebb_sequence_spec spec = {
        .n_tasks = 2, .classes_per_task = 2, .class_order = order, .n_class_order = 6};
    ebb_sequence *sequence = create(&ebb_sequence_split, spec, dataset);
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(sequence->tasks[t].label_of_class[order[2 * t + i]], i);
        }
    }
    ebb_sequence_destroy(sequence);
}

/* The held-out part is drawn from positions within the task's samples in file order. */
static void test_split_validation(void **state)
{
    (void)state;
    static const uint32_t order[] = {5, 12, 11, 7, 4, 1, 2, 9, 8, 10, 6, 3, 0};
    fixture self;
    fill(&self, 3, 3, 2);
    memset(self.train_labels, 0, sizeof self.train_labels);
    for (size_t i = 0; i < 13; i++) {
        self.train_labels[3 * i + 1] = 1;
    }
    const ebb_sequence_spec spec = {
        .n_tasks = 2, .classes_per_task = 1, .validation_fraction = 0.25};
    ebb_sequence *sequence = create(&ebb_sequence_split, spec, &self.dataset);
    const ebb_task *task = &sequence->tasks[1];
    assert_int_equal(task->n_train, 10);
    assert_int_equal(task->n_validation, 3);
    for (size_t i = 0; i < 13; i++) {
        const uint32_t sample = i < 10 ? task->train[i] : task->validation[i - 10];
        assert_int_equal(sample, 3 * order[i] + 1);
    }
    ebb_sequence_destroy(sequence);
}

static void test_class_without_sample(void **state)
{
    (void)state;
    fixture self;
    const ebb_dataset *dataset = fill(&self, 3, 3, 4);
    for (size_t i = 0; i < sizeof self.test_labels; i++) {
        self.test_labels[i] %= 3;
    }
    const ebb_sequence_spec spec = {.n_tasks = 2, .classes_per_task = 2};
    ebb_sequence *sequence = NULL;
    assert_int_equal(ebb_sequence_create(&sequence, &ebb_sequence_split, &spec, dataset),
                     EBB_ERR_ENVIRONMENT);
    assert_null(sequence);
    assert_string_equal(ebb_last_error(),
                        "data set: class 3 has no test sample (at least "
                        "1)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),
        cmocka_unit_test(test_torch_permutations),
        cmocka_unit_test(test_padded_permutation),
        cmocka_unit_test(test_independent_permutations),
        cmocka_unit_test(test_divide),
        cmocka_unit_test(test_divide_remainders),
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_permutation_is_one),
        cmocka_unit_test(test_rotated),
        cmocka_unit_test(test_rotated_pad),
        cmocka_unit_test(test_split_order),
        cmocka_unit_test(test_split_validation),
        cmocka_unit_test(test_class_without_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
