/* Specifications of sequences that are refused before any data are looked at, each with
 * the option, the value and what is allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "data/sequence.h"

static const uint8_t twice[] = {0, 1, 2, 1};
static const uint8_t outside[] = {0, 10};
static const uint8_t five[] = {9, 8, 7, 6, 5};

static const struct refusal {
    const ebb_sequence_kind *kind;
    ebb_sequence_spec spec;
    bool not_square;
    const char *message;
} refusals[] = {
    {&ebb_sequence_permuted, {.n_tasks = 0}, false, "--tasks: 0 (allowed: 1 to 255)"},
    {&ebb_sequence_rotated, {.n_tasks = 256}, false, "--tasks: 256 (allowed: 1 to 255)"},
    {&ebb_sequence_permuted,
     {.n_tasks = 1, .validation_fraction = 1.0},
     false,
     "--validation-fraction: 1 (allowed: 0 to below 1)"},
    {&ebb_sequence_permuted,
     {.n_tasks = 1, .validation_fraction = -0.1},
     false,
     "--validation-fraction: -0.1 (allowed: 0 to below 1)"},
    {&ebb_sequence_permuted,
     {.n_tasks = 1, .validation_fraction = (double)NAN},
     false,
     "--validation-fraction: nan (allowed: 0 to below 1)"},
    {&ebb_sequence_permuted,
     {.n_tasks = 1, .pad = 1025},
     false,
     "--pad: 1025 (allowed: 0 to 1024)"},
    {&ebb_sequence_permuted,
     {.n_tasks = 1, .pad = 1},
     true,
     "--pad: 1 needs square images (allowed: 0)"},
    {&ebb_sequence_rotated,
     {.n_tasks = 1},
     true,
     "--sequence: rotated needs square images (allowed: permuted, split)"},
    {&ebb_sequence_rotated,
     {.n_tasks = 1, .max_angle_degrees = 361},
     false,
     "--max-angle: 361 (allowed: -360 to 360)"},
    {&ebb_sequence_rotated,
     {.n_tasks = 1, .max_angle_degrees = (double)NAN},
     false,
     "--max-angle: nan (allowed: -360 to 360)"},
    {&ebb_sequence_split,
     {.n_tasks = 6, .classes_per_task = 2},
     false,
     "--tasks: 6 tasks of 2 classes need 12, the data set has 10 (allowed: up to 5 "
     "tasks, "
     "or fewer --classes-per-task)"},
    {&ebb_sequence_split,
     {.n_tasks = 1, .classes_per_task = 0},
     false,
     "--classes-per-task: 0 (allowed: 1 to 10)"},
    {&ebb_sequence_split,
     {.n_tasks = 1, .classes_per_task = SIZE_MAX},
     false,
     "--classes-per-task: 18446744073709551615 (allowed: 1 to 10)"},
    {&ebb_sequence_split,
     {.n_tasks = 2, .classes_per_task = 2, .class_order = twice, .n_class_order = 4},
     false,
     "--class-order: class 1 twice (allowed: each once)"},
    {&ebb_sequence_split,
     {.n_tasks = 1, .classes_per_task = 2, .class_order = outside, .n_class_order = 2},
     false,
     "--class-order: class 10 (allowed: 0 to 9)"},
    {&ebb_sequence_split,
     {.n_tasks = 3, .classes_per_task = 2, .class_order = five, .n_class_order = 5},
     false,
     "--class-order: 5 classes for 3 tasks of 2 (allowed: at least 6)"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *row = &refusals[i];
        const ebb_dataset dataset = {.kind = &ebb_dataset_synthetic,
                                     .rows = row->not_square ? 1 : 4,
                                     .columns = 4,
                                     .features = row->not_square ? 4 : 16,
                                     .classes = 10};
        ebb_sequence *sequence = NULL;
        assert_int_equal(ebb_sequence_create(&sequence, row->kind, &row->spec, &dataset),
                         EBB_ERR_USAGE);
        assert_null(sequence);
        assert_string_equal(ebb_last_error(), row->message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
