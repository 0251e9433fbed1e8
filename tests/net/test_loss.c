#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "net/loss.h"

enum { LEADING = 16, ROWS = 3, LAST_ROW = LEADING * (ROWS - 1) };

static const ebb_target first_three = {.class_end = 3};

/* Three rows of logits, the rest of which is not to be read. */
typedef struct rows {
    float logits[ROWS * LEADING];
    uint8_t labels[ROWS];
    float loss[ROWS];
    uint8_t correct[ROWS];
} rows;

static void set_row(rows *self, size_t row, const float *logits, size_t n, uint8_t label)
{
    for (size_t c = 0; c < LEADING; c++) {
        self->logits[row * LEADING + c] = c < n ? logits[c] : 77.0f;
    }
    self->labels[row] = label;
}

static ebb_loss_block block_of(rows *self, size_t n)
{
    return (ebb_loss_block){.logits = self->logits,
                            .leading = LEADING,
                            .labels = self->labels,
                            .n = n,
                            .loss = self->loss,
                            .correct = self->correct};
}

static void assert_near(float value, double expected, double bound)
{
    if (!(fabs((double)value - expected) <= bound)) {
        fail_msg("%.9g, expected %.9g", (double)value, expected);
    }
}

/* softmax(0, ln 2, ln 3) = (1, 2, 3) / 6 */
static void fill_sixths(rows *self)
{
    const float logits[] = {0.0f, 0.69314718f, 1.09861229f};
    for (size_t r = 0; r < ROWS; r++) {
        set_row(self, r, logits, 3, (uint8_t)r);
    }
}

static void test_values_by_hand(void **state)
{
    (void)state;
    rows self;
    fill_sixths(&self);
    rows before = self;
    const ebb_loss_block block = block_of(&self, ROWS);
    ebb_loss_evaluate(&block, &first_three);
    for (size_t r = 0; r < ROWS; r++) {
        assert_near(self.loss[r], log(6.0 / (double)(r + 1)), 2e-7);
        assert_int_equal(self.correct[r], r == 2);
    }
    assert_memory_equal(self.logits, before.logits, sizeof self.logits);
}

static void test_gradient_by_hand(void **state)
{
    (void)state;
    rows self;
    fill_sixths(&self);
    const ebb_loss_block block = block_of(&self, ROWS);
    ebb_loss_differentiate(&block, &first_three, 0.25f);
    for (size_t r = 0; r < ROWS; r++) {
        assert_near(self.loss[r], log(6.0 / (double)(r + 1)), 2e-7);
        assert_int_equal(self.correct[r], r == 2);
        for (size_t c = 0; c < LEADING; c++) {
            const double softmax = c < 3 ? (double)(c + 1) / 6.0 : 0.0;
            const double expected = 0.25 * (softmax - (c == r ? 1.0 : 0.0));
            assert_near(self.logits[r * LEADING + c], expected, c < 3 ? 3e-8 : 0.0);
        }
    }
}

static void test_only_n_rows(void **state)
{
    (void)state;
    rows self;
    fill_sixths(&self);
    self.loss[2] = -1.0f;
    self.correct[2] = 9;
    const ebb_loss_block block = block_of(&self, 2);
    ebb_loss_differentiate(&block, &first_three, 1.0f);
    assert_true(self.loss[2] == -1.0f);
    assert_int_equal(self.correct[2], 9);
    const float *last_row = &self.logits[LAST_ROW];
    assert_true(last_row[0] == 0.0f && last_row[LEADING - 1] == 77.0f);
}

/* Classes 4 to 6 with label 1 meaning class 5; larger logits outside do not count. */
static void test_range_of_classes(void **state)
{
    (void)state;
    const float logits[] = {9, 9, 9, 9, 0, 1, -1, 9, 9, 9};
    const ebb_target target = {.class_begin = 4, .class_end = 7, .label_offset = 4};
    const double sum = exp(0) + exp(1) + exp(-1);
    rows self;
    set_row(&self, 0, logits, 10, 1);
    const ebb_loss_block block = block_of(&self, 1);
    ebb_loss_evaluate(&block, &target);
    assert_near(self.loss[0], log(sum) - 1.0, 2e-7);
    assert_int_equal(self.correct[0], 1);
    ebb_loss_differentiate(&block, &target, 1.0f);
    assert_near(self.loss[0], log(sum) - 1.0, 2e-7);
    const double expected[] = {exp(0) / sum, exp(1) / sum - 1.0, exp(-1) / sum};
    for (size_t c = 0; c < LEADING; c++) {
        const bool inside = c >= 4 && c < 7;
        assert_near(self.logits[c], inside ? expected[c - 4] : 0.0, inside ? 1e-7 : 0.0);
    }
}

static void test_one_class_alone(void **state)
{
    (void)state;
    const float logits[] = {3, -5, 8};
    const ebb_target target = {.class_begin = 1, .class_end = 2, .label_offset = 1};
    rows self;
    set_row(&self, 0, logits, 3, 0);
    const ebb_loss_block block = block_of(&self, 1);
    ebb_loss_differentiate(&block, &target, 1.0f);
    assert_true(self.loss[0] == 0.0f);
    assert_int_equal(self.correct[0], 1);
    for (size_t c = 0; c < LEADING; c++) {
        assert_true(self.logits[c] == 0.0f);
    }
}

/* The first of equal logits is the prediction: right for label 0, wrong for the others.
 */
static void test_ties_go_to_the_first(void **state)
{
    (void)state;
    const float logits[] = {2, 2, 2};
    rows self;
    for (size_t r = 0; r < ROWS; r++) {
        set_row(&self, r, logits, 3, (uint8_t)r);
    }
    const ebb_loss_block block = block_of(&self, ROWS);
    ebb_loss_evaluate(&block, &first_three);
    for (size_t r = 0; r < ROWS; r++) {
        assert_int_equal(self.correct[r], r == 0);
        assert_near(self.loss[r], log(3.0), 2e-7);
    }
    ebb_loss_differentiate(&block, &first_three, 1.0f);
    for (size_t r = 0; r < ROWS; r++) {
        assert_int_equal(self.correct[r], r == 0);
    }
}

static void test_extreme_logits(void **state)
{
    (void)state;
    const float huge = 1e30f;
    const float logits[] = {huge, -huge, 0.0f};
    const double expected[] = {0.0, 2e30, 1e30};
    rows self;
    for (size_t r = 0; r < ROWS; r++) {
        set_row(&self, r, logits, 3, (uint8_t)r);
    }
    const ebb_loss_block block = block_of(&self, ROWS);
    ebb_loss_evaluate(&block, &first_three);
    for (size_t r = 0; r < ROWS; r++) {
        assert_near(self.loss[r], expected[r], 1e-6 * expected[r]);
    }
    ebb_loss_differentiate(&block, &first_three, 0.5f);
    for (size_t r = 0; r < ROWS; r++) {
        assert_near(self.loss[r], expected[r], 1e-6 * expected[r]);
        for (size_t c = 0; c < 3; c++) {
            const double one_hot = c == r ? 0.5 : 0.0;
            assert_near(self.logits[r * LEADING + c], (c == 0 ? 0.5 : 0.0) - one_hot, 0);
        }
    }
}

/* What a network that has diverged gives must be seen in its loss. */
static void test_what_is_no_number_shows(void **state)
{
    (void)state;
    const float bad[] = {NAN, INFINITY};
    for (size_t i = 0; i < 2; i++) {
        for (size_t at = 0; at < 3; at++) {
            float logits[] = {0, 1, 2};
            logits[at] = bad[i];
            rows self;
            set_row(&self, 0, logits, 3, 1);
            const ebb_loss_block block = block_of(&self, 1);
            ebb_loss_evaluate(&block, &first_three);
            assert_true(!isfinite(self.loss[0]));
            ebb_loss_differentiate(&block, &first_three, 1.0f);
            assert_true(!isfinite(self.loss[0]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_by_hand),
        cmocka_unit_test(test_gradient_by_hand),
        cmocka_unit_test(test_only_n_rows),
        cmocka_unit_test(test_range_of_classes),
        cmocka_unit_test(test_one_class_alone),
        cmocka_unit_test(test_ties_go_to_the_first),
        cmocka_unit_test(test_extreme_logits),
        cmocka_unit_test(test_what_is_no_number_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
