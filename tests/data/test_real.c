/* Fashion-MNIST and MNIST as published: counts, first labels and sums of pixels that were
 * computed from the files by other means, and Split-MNIST's sizes. Where the files are
 * not there, the test is skipped and says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset_files.h"
#include "data/sequence.h"

typedef struct part_facts {
    size_t counts[10];
    uint8_t first_labels[10];
    uint64_t sum, squares; /* of all pixels */
} part_facts;

typedef struct facts {
    const ebb_dataset_kind *kind;
    part_facts train, test;
} facts;

#define EACH(n)                                                                          \
    {                                                                                    \
        n, n, n, n, n, n, n, n, n, n                                                     \
    }

static facts fashion_mnist = {
    .kind = &ebb_dataset_fashion_mnist,
    .train = {EACH(6000), {9, 0, 0, 3, 0, 2, 7, 2, 5, 5}, 3431114169, 631470052347},
    .test = {EACH(1000), {9, 2, 1, 1, 6, 1, 4, 6, 5, 7}, 573469082, 105272563536},
};

static facts mnist = {
    .kind = &ebb_dataset_mnist,
    .train = {{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949},
              {5, 0, 4, 1, 9, 2, 1, 3, 1, 4},
              1567298545,
              342590800147},
    .test = {{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009},
             {7, 2, 1, 0, 4, 1, 4, 9, 5, 9},
             264923200,
             58095386156},
};

/* $EBB_TEST_DATA_DIR, the folder beside the checkout, or the usual places. */
static ebb_dataset *open_or_skip(const ebb_dataset_kind *kind)
{
    const char *const folders[] = {getenv("EBB_TEST_DATA_DIR"),
                                   EBB_SOURCE_DIR "/../shared/data", NULL};
    char paths[EBB_DATASET_FILES][EBB_DATASET_PATH_BYTES];
    for (size_t i = 0; i < 3; i++) {
        if ((i == 0 && folders[i] == NULL) ||
            ebb_dataset_files_find(paths, kind, folders[i]) != EBB_OK) {
            continue;
        }
        ebb_dataset *dataset = NULL;
        const ebb_status status = ebb_dataset_create(&dataset, kind, folders[i], NULL);
        if (status != EBB_OK) {
            fail_msg("%s", ebb_last_error());
        }
        return dataset;
    }
    print_message("skipped: %s\n", ebb_last_error());
    skip();
    return NULL;
}

static void check_part(const ebb_samples *samples, const part_facts *part)
{
    size_t counts[10] = {0};
    for (size_t i = 0; i < samples->n; i++) {
        counts[samples->labels[i]]++;
    }
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(counts[i], part->counts[i]);
    }
    assert_memory_equal(samples->labels, part->first_labels, 10);
    uint64_t sum = 0;
    uint64_t squares = 0;
    for (size_t i = 0; i < samples->n * 784; i++) {
        sum += samples->pixels[i];
        squares += (uint64_t)samples->pixels[i] * samples->pixels[i];
    }
    assert_int_equal(sum, part->sum);
    assert_int_equal(squares, part->squares);
}

static void test_content(void **state)
{
    const facts *expected = *state;
    ebb_dataset *dataset = open_or_skip(expected->kind);
    assert_int_equal(dataset->train.n, 60000);
    assert_int_equal(dataset->test.n, 10000);
    assert_int_equal(dataset->features, 784);
    check_part(&dataset->train, &expected->train);
    check_part(&dataset->test, &expected->test);
    ebb_dataset_destroy(dataset);
}

static void test_split_mnist(void **state)
{
    (void)state;
    static const size_t train[] = {12665, 12089, 11263, 12183, 11800};
    static const size_t test[] = {2115, 2042, 1874, 1986, 1983};
    ebb_dataset *dataset = open_or_skip(&ebb_dataset_mnist);
    const ebb_sequence_spec spec = {
        .n_tasks = 5, .classes_per_task = 2, .validation_fraction = 0.1};
    ebb_sequence *sequence = NULL;
    assert_int_equal(ebb_sequence_create(&sequence, &ebb_sequence_split, &spec, dataset),
                     EBB_OK);
    for (size_t t = 0; t < 5; t++) {
        const ebb_task *task = &sequence->tasks[t];
        assert_int_equal(task->n_train + task->n_validation, train[t]);
        assert_int_equal(task->n_test, test[t]);
    }
    assert_int_equal(sequence->tasks[0].n_train, 11399);
    assert_int_equal(sequence->tasks[0].n_validation, 1266);
    /* Sample 1 is the first 0, sample 3 the first 1. */
    assert_int_equal(dataset->train.labels[1], 0);
    assert_int_equal(sequence->tasks[0].label_of_class[1], 1);
    ebb_sequence_destroy(sequence);
    ebb_dataset_destroy(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_content, &fashion_mnist),
        cmocka_unit_test_prestate(test_content, &mnist),
        cmocka_unit_test(test_split_mnist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
