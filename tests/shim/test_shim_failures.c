/* Benchmarks that do what they must not. Several of these end the process when the
 * library is left alone with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorder.h"

typedef enum misdeed {
    LEAVE_BEFORE, /* the loop is never asked */
    LEAVE_WITHIN,
    LEAVE_PAUSED,
    FAIL_BEFORE,
    FAIL_WITHIN,
    FAIL_AFTER,
    FAIL_TWICE,
    RETURN_SEVEN,
    BATCH_OF_ZERO,
    SKIP_BEFORE,
    SKIP_WITHIN,
} misdeed;

static int misbehave(ebb_shim_state *state, void *user)
{
    const misdeed *which = user;
    if (*which == LEAVE_BEFORE) {
        return 0;
    }
    if (*which == FAIL_BEFORE) {
        ebb_shim_fail(state, "wrong");
        assert_int_equal(ebb_shim_keep_running(state, 1), 0);
        return 0;
    }
    if (*which == SKIP_BEFORE) {
        ebb_shim_skip(state, "not here");
        return 0;
    }
    while (ebb_shim_keep_running(state, *which == BATCH_OF_ZERO ? 0 : 2) > 0) {
        if (*which == LEAVE_WITHIN) {
            return 0;
        }
        if (*which == LEAVE_PAUSED) {
            return (int)ebb_shim_pause(state);
        }
        if (*which == FAIL_WITHIN || *which == FAIL_TWICE) {
            ebb_shim_fail(state, "wrong");
        }
        if (*which == SKIP_WITHIN) {
            ebb_shim_skip(state, "not here");
        }
    }
    if (*which == FAIL_AFTER || *which == FAIL_TWICE) {
        ebb_shim_fail(state, *which == FAIL_TWICE ? "too late" : "wrong");
    }
    return *which == RETURN_SEVEN ? 7 : 0;
}

static void every_misdeed_is_an_entry(void **state)
{
    (void)state;
    static const struct {
        misdeed which;
        const char *text;
    } table[] = {
        {LEAVE_BEFORE, "returned before its loop had ended"},
        {LEAVE_WITHIN, "returned before its loop had ended"},
        {LEAVE_PAUSED, "returned before its loop had ended"},
        {FAIL_BEFORE, "wrong"},
        {FAIL_WITHIN, "wrong"},
        {FAIL_AFTER, "wrong"},
        {FAIL_TWICE, "wrong"},
        {RETURN_SEVEN, "body returned 7"},
        {BATCH_OF_ZERO, "keep_running"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        misdeed which = table[i].which;
        recorder_check_failed(BENCHMARK(.name = "bad", .body = misbehave, .user = &which,
                                        .iterations = 1000),
                              table[i].text);
        recorder_check_failed(BENCHMARK(.name = "bad", .body = misbehave, .user = &which),
                              table[i].text);
    }
}

static void skipped_is_not_failed(void **state)
{
    (void)state;
    for (misdeed which = SKIP_BEFORE; which <= SKIP_WITHIN; which++) {
        ebb_shim *shim = recorder_init(NULL);
        misdeed own = which;
        recorder_register(shim, BENCHMARK(.name = "s", .body = misbehave, .user = &own));
        recorder all = {0};
        ebb_shim_summary summary;
        assert_int_equal(recorder_run(&all, shim, &summary, NULL), EBB_SHIM_OK);
        assert_int_equal(summary.skipped, 1);
        assert_int_equal(summary.failed, 0);
        assert_int_equal(all.n_runs, 1);
        assert_int_equal(all.runs[0].outcome, EBB_SHIM_SKIPPED);
        assert_string_equal(all.runs[0].message, "not here");
        ebb_shim_destroy(shim);
    }
}

static int count_call(ebb_shim_state *state, void *user)
{
    (void)state;
    ++*(int *)user;
    return 0;
}

static int refuse_to_begin(ebb_shim_state *state, void *user)
{
    (void)state;
    (void)user;
    return 3;
}

static void failed_before_means_no_loop_and_no_after(void **state)
{
    (void)state;
    int calls = 0;
    recorder_check_failed(BENCHMARK(.name = "b", .before = refuse_to_begin,
                                    .body = count_call, .after = count_call,
                                    .user = &calls),
                          "before returned 3");
    assert_int_equal(calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_misdeed_is_an_entry),
        cmocka_unit_test(skipped_is_not_failed),
        cmocka_unit_test(failed_before_means_no_loop_and_no_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
