/* The formulas for the work of a step, against counting.
 *
 * Both are counted by the reference strategy itself: counted_reference.c is its source
 * with a statement behind each multiply-add of weights and a call around each load and
 * store of a float. A float that a stage of the step (a product of one layer, the loss)
 * loads or stores any number of times counts once, as the formula has it: caches keep it
 * that long.
 *
 * Not witnessed by plain loops are: that gathering reads one byte for each float it
 * writes and that an optimizer reads and writes each moment it is given (both are taken
 * as said); logits that the target leaves out, which the formula counts as read by the
 * loss and these loops never look at. Labels, losses and scratch sums are in neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "counted.h"
#include "fixture.h"

unsigned long counted_flop;

typedef struct count_case {
    fixture_spec spec;
    size_t batch;
    ebb_target target;
} count_case;

static const count_case cases[] = {
    {{.features = 49, .hidden = {17, 8}, .n_heads = 2, .classes = 10}, 16, {1, 0, 10, 0}},
    {{.features = 49, .hidden = {17}, .n_heads = 1, .classes = 6}, 13, {0, 2, 4, 2}},
    {{.features = 7, .hidden = {3, 1, 5, 2}, .n_heads = 1, .classes = 4},
     1,
     {0, 0, 4, 0}},
    {{.features = 30, .n_heads = 3, .classes = 2}, 5, {2, 0, 2, 0}},
    {{.features = 49,
      .hidden = {33, 16},
      .n_heads = 1,
      .classes = 10,
      .optimizer = &ebb_optimizer_adam},
     32,
     {0, 0, 10, 0}},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static void test_flop(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_CASES; i++) {
        const count_case *one = &cases[i];
        fixture base;
        fixture_init(&base, &one->spec);
        fixture_label(&base, one->target.class_end - one->target.class_begin, 0);
        counted_flop = 0;
        fixture_train_once(&base, &ebb_strategy_reference, one->batch, one->target, 1);
        assert_true(counted_flop > 0);
        assert_true(ebb_net_step_flop(base.net, one->batch) == (double)counted_flop);
        counted_flop = 0;
        fixture_train_once(&base, &ebb_strategy_reference, one->batch, one->target, 3);
        assert_true(3 * ebb_net_step_flop(base.net, one->batch) == (double)counted_flop);
        fixture_clear(&base);
    }
}

/* ---- Bytes. */

typedef enum access_kind { LOAD, STORE } access_kind;

/* An access of a float; equal ones count once. */
typedef struct access {
    const float *address;
    counted_stage stage;
    size_t layer;
    access_kind kind;
} access;

static struct {
    access *items;
    size_t n, capacity;
    counted_stage stage;
    size_t layer;
    size_t gathered; /* floats */
} seen;

static void note(const float *address, access_kind kind)
{
    if (seen.n == seen.capacity) {
        seen.capacity = seen.capacity == 0 ? 1 << 16 : 2 * seen.capacity;
        seen.items = realloc(seen.items, seen.capacity * sizeof *seen.items);
        assert_non_null(seen.items);
    }
    seen.items[seen.n++] = (access){address, seen.stage, seen.layer, kind};
}

void counted_enter(counted_stage stage, size_t layer)
{
    seen.stage = stage;
    seen.layer = layer;
}

const float *counted_load(const float *address)
{
    note(address, LOAD);
    return address;
}

float *counted_store(float *address)
{
    note(address, STORE);
    return address;
}

float *counted_change(float *address)
{
    note(address, LOAD);
    note(address, STORE);
    return address;
}

void counted_gather(float *out, size_t leading, uint8_t *labels, const ebb_rows *rows,
                    const uint32_t *samples, size_t n)
{
    for (size_t i = 0; i < n * leading; i++) {
        out[i] = i % leading < rows->features ? (float)NAN : 0; /* as was: padding is 0 */
    }
    ebb_rows_gather(out, leading, labels, rows, samples, n);
    for (size_t i = 0; i < n * leading; i++) {
        seen.gathered += i % leading < rows->features && !isnan(out[i]);
    }
}

#define COMPARE(a, b)                                                                    \
    if ((a) != (b)) {                                                                    \
        return (a) < (b) ? -1 : 1;                                                       \
    }

static int compare(const void *left, const void *right)
{
    const access *a = left;
    const access *b = right;
    COMPARE(a->stage, b->stage)
    COMPARE(a->layer, b->layer)
    COMPARE(a->kind, b->kind)
    COMPARE((uintptr_t)a->address, (uintptr_t)b->address)
    return 0;
}

static size_t bytes_seen(void)
{
    size_t n = 0;
    qsort(seen.items, seen.n, sizeof *seen.items, compare);
    for (size_t i = 0; i < seen.n; i++) {
        n += i == 0 || compare(&seen.items[i - 1], &seen.items[i]) != 0;
    }
    return n * sizeof(float) + seen.gathered * (sizeof(float) + 1);
}

static void forget(void)
{
    free(seen.items);
    seen.items = NULL;
    seen.n = seen.capacity = seen.gathered = 0;
}

static void test_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_CASES; i++) {
        const count_case *one = &cases[i];
        const size_t n_active = one->target.class_end - one->target.class_begin;
        fixture base;
        fixture_init(&base, &one->spec);
        fixture_label(&base, n_active, 0);
        forget();
        fixture_train_once(&base, &ebb_strategy_reference, one->batch, one->target, 1);
        const size_t not_looked_at =
            sizeof(float) * one->batch * (one->spec.classes - n_active);
        const size_t counted = bytes_seen() + not_looked_at;
        assert_true(ebb_net_step_bytes(base.net, one->batch) == (double)counted);
        fixture_clear(&base);
    }
    forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flop),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
