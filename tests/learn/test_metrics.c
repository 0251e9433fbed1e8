#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "learn/metrics.h"

static const double none = (double)NAN; /* not tested */

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-12)) {
        fail_msg("%.17g, expected %.17g", value, expected);
    }
}

static void test_by_hand(void **state)
{
    (void)state;
    const double accuracy[] = {
        0.9, none, none, /* after task 1 */
        0.7, 0.8,  none, /* after task 2 */
        0.5, 0.9,  1.0,  /* after task 3 */
    };
    const bool unlearned[3] = {false};
    ebb_metrics m;
    ebb_metrics_compute(&m, accuracy, 3, unlearned);
    assert_near(m.average_accuracy, (0.5 + 0.9 + 1.0) / 3);
    assert_near(m.average_accuracy_remaining, 0.8);
    assert_true(isnan(m.average_accuracy_unlearned));
    /* tasks 1 and 2: (0.5 − 0.9) and (0.9 − 0.8) */
    assert_near(m.backward_transfer, (-0.4 + 0.1) / 2);
    assert_near(m.backward_transfer_all, (-0.4 + 0.1) / 2);
    /* (max(0.9, 0.7) − 0.5) and (0.8 − 0.9): negative when the last is the best */
    assert_near(m.forgetting, (0.4 - 0.1) / 2);
    assert_near(m.forgetting_all, (0.4 - 0.1) / 2);
    assert_near(m.learning_accuracy, (0.9 + 0.8 + 1.0) / 3);
}

static void test_best_is_not_the_diagonal(void **state)
{
    (void)state;
    /* Task 1 is best after task 2: forgetting counts from there, transfer from the start.
     */
    const double accuracy[] = {0.6, none, none, 0.9, 0.8, none, 0.5, 0.8, 0.7};
    const bool unlearned[3] = {false};
    ebb_metrics m;
    ebb_metrics_compute(&m, accuracy, 3, unlearned);
    assert_near(m.forgetting, ((0.9 - 0.5) + 0.0) / 2);
    assert_near(m.backward_transfer, ((0.5 - 0.6) + 0.0) / 2);
}

static void test_unlearned_tasks(void **state)
{
    (void)state;
    const double accuracy[] = {
        0.9, none, none, none, /* */
        0.1, 0.8,  none, none, /* task 1 unlearned after task 2 */
        0.1, 0.7,  0.9,  none, /* */
        0.2, 0.6,  0.8,  0.1,  /* task 4 unlearned after task 4 */
    };
    const bool unlearned[] = {true, false, false, true};
    ebb_metrics m;
    ebb_metrics_compute(&m, accuracy, 4, unlearned);
    assert_near(m.average_accuracy, (0.2 + 0.6 + 0.8 + 0.1) / 4);
    assert_near(m.average_accuracy_remaining, (0.6 + 0.8) / 2);
    assert_near(m.average_accuracy_unlearned, (0.2 + 0.1) / 2);
    /* remaining below T: tasks 2 and 3; all: task 1 too */
    assert_near(m.backward_transfer, ((0.6 - 0.8) + (0.8 - 0.9)) / 2);
    assert_near(m.backward_transfer_all, ((0.2 - 0.9) + (0.6 - 0.8) + (0.8 - 0.9)) / 3);
    assert_near(m.forgetting, ((0.8 - 0.6) + (0.9 - 0.8)) / 2);
    assert_near(m.forgetting_all, ((0.9 - 0.2) + (0.8 - 0.6) + (0.9 - 0.8)) / 3);
    assert_near(m.learning_accuracy, (0.9 + 0.8 + 0.9 + 0.1) / 4);
}

static void test_all_unlearned(void **state)
{
    (void)state;
    const double accuracy[] = {0.9, none, 0.2, 0.3};
    const bool unlearned[] = {true, true};
    ebb_metrics m;
    ebb_metrics_compute(&m, accuracy, 2, unlearned);
    assert_true(isnan(m.average_accuracy_remaining));
    assert_true(isnan(m.backward_transfer));
    assert_true(isnan(m.forgetting));
    assert_near(m.average_accuracy_unlearned, 0.25);
    assert_near(m.backward_transfer_all, 0.2 - 0.9);
    assert_near(m.forgetting_all, 0.9 - 0.2);
}

static void test_one_task(void **state)
{
    (void)state;
    const double accuracy[] = {0.75};
    const bool unlearned[] = {false};
    ebb_metrics m;
    ebb_metrics_compute(&m, accuracy, 1, unlearned);
    assert_near(m.average_accuracy, 0.75);
    assert_near(m.average_accuracy_remaining, 0.75);
    assert_near(m.learning_accuracy, 0.75);
    assert_true(isnan(m.average_accuracy_unlearned));
    assert_true(isnan(m.backward_transfer));
    assert_true(isnan(m.backward_transfer_all));
    assert_true(isnan(m.forgetting));
    assert_true(isnan(m.forgetting_all));
}

static void test_untested_entries(void **state)
{
    (void)state;
    const bool unlearned[3] = {false};
    ebb_metrics m;
    /* Row 1 was not tested: task 1 has no a(1,1), but a best of row 2. */
    const double gap[] = {none, none, none, 0.7, 0.8, none, 0.5, 0.6, 0.9};
    ebb_metrics_compute(&m, gap, 3, unlearned);
    assert_near(m.average_accuracy, (0.5 + 0.6 + 0.9) / 3);
    assert_near(m.backward_transfer, 0.6 - 0.8);
    assert_near(m.forgetting, ((0.7 - 0.5) + (0.8 - 0.6)) / 2);
    assert_near(m.learning_accuracy, (0.8 + 0.9) / 2);
    /* The last row has a gap: what averages over it is unknown, not smaller. */
    const double open[] = {0.9, none, none, 0.7, 0.8, none, 0.5, none, none};
    ebb_metrics_compute(&m, open, 3, unlearned);
    assert_true(isnan(m.average_accuracy));
    assert_true(isnan(m.backward_transfer));
    assert_true(isnan(m.forgetting));
    /* An entry above the diagonal is no memory of a task. */
    const double early[] = {0.4, 1.0, none, 0.4, 0.5, none, 0.4, 0.5, 0.6};
    ebb_metrics_compute(&m, early, 3, unlearned);
    assert_near(m.forgetting, 0.0);
}

static void test_identity(void **state)
{
    (void)state;
    ebb_random rng;
    ebb_random_init(&rng, 3, EBB_PURPOSE_TEST, 0, 0);
    for (size_t n = 2; n <= 12; n++) {
        double accuracy[144];
        bool unlearned[12];
        for (size_t i = 0; i < n * n; i++) {
            accuracy[i] = i % n > i / n ? none : (double)ebb_random_unit(&rng);
        }
        for (size_t k = 0; k < n; k++) {
            unlearned[k] = ebb_random_below(&rng, 3) == 0;
        }
        ebb_metrics m;
        ebb_metrics_compute(&m, accuracy, n, unlearned);
        const double share = (double)(n - 1) / (double)n;
        assert_near(m.average_accuracy,
                    m.learning_accuracy + share * m.backward_transfer_all);
        memset(unlearned, 0, sizeof unlearned);
        ebb_metrics_compute(&m, accuracy, n, unlearned);
        assert_near(m.average_accuracy,
                    m.learning_accuracy + share * m.backward_transfer);
        assert_true(m.forgetting + m.backward_transfer > -1e-12); /* best >= diagonal */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_best_is_not_the_diagonal),
        cmocka_unit_test(test_unlearned_tasks),
        cmocka_unit_test(test_all_unlearned),
        cmocka_unit_test(test_one_task),
        cmocka_unit_test(test_untested_entries),
        cmocka_unit_test(test_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
