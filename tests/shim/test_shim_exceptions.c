/* Exceptions stay on their side of the border.
 *
 * This program has an allocation function of its own in place of C++'s, which can be told
 * to refuse; so everything the library allocates can fail, and a callback can throw,
 * though there is no C++ here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "recorder.h"

/* operator new(size_t), and what throws std::bad_alloc. */
void *_Znwm(size_t size);
extern void _ZSt17__throw_bad_allocv(void) __attribute__((noreturn));

static long allowed = -1; /* allocations before the one that is refused; −1: all */
static long asked;

void *_Znwm(size_t size)
{
    asked++;
    if (allowed == 0) {
        allowed = -1;
        _ZSt17__throw_bad_allocv();
    }
    allowed -= allowed > 0;
    void *memory = malloc(size > 0 ? size : 1);
    if (memory == NULL) {
        _ZSt17__throw_bad_allocv();
    }
    return memory;
}

static int spin(ebb_shim_state *state, void *user)
{
    (void)user;
    while (ebb_shim_keep_running(state, 100) > 0) {
    }
    return 0;
}

static int throw_first(ebb_shim_state *state, void *user)
{
    (void)user;
    (void)ebb_shim_keep_running(state, 100);
    _ZSt17__throw_bad_allocv();
}

static int throw_step(ebb_shim_state *state, void *user, int64_t index)
{
    (void)state;
    (void)user;
    if (index == 3) {
        _ZSt17__throw_bad_allocv();
    }
    return 0;
}

static void add(ebb_shim *shim, ebb_shim_benchmark benchmark)
{
    benchmark.size = sizeof benchmark;
    benchmark.iterations = 1000;
    recorder_register(shim, &benchmark);
}

static void callback_that_throws_fails(void **state)
{
    (void)state;
    ebb_shim *shim = recorder_init(NULL);
    add(shim, (ebb_shim_benchmark){.name = "body", .body = throw_first});
    add(shim, (ebb_shim_benchmark){.name = "step", .step = throw_step});
    add(shim,
        (ebb_shim_benchmark){.name = "before", .before = throw_first, .body = spin});
    add(shim, (ebb_shim_benchmark){.name = "after", .body = spin, .after = throw_first});
    recorder all = {0};
    ebb_shim_summary summary;
    assert_int_equal(recorder_run(&all, shim, &summary, NULL), EBB_SHIM_OK);
    assert_int_equal(summary.failed, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(all.runs[i].message, "memory: refused");
    }
    ebb_shim_destroy(shim);
}

/* Refuses the first allocation of call(), then the second, and so on. */
static void refuse_each(ebb_shim_status (*call)(void *argument), void *argument)
{
    asked = 0;
    assert_int_equal(call(argument), EBB_SHIM_OK);
    const long n = asked;
    assert_true(n > 0);
    for (long i = 0; i < n; i++) {
        allowed = i;
        const ebb_shim_status status = call(argument);
        if (allowed >= 0) {
            allowed = -1; /* fewer were needed this time */
        } else if (status != EBB_SHIM_OK) {
            assert_int_equal(status, EBB_SHIM_ENVIRONMENT);
            assert_non_null(strstr(ebb_shim_last_error(), "memory"));
        }
    }
}

static void ignore(void *user, const char *name)
{
    (void)user;
    (void)name;
}

static ebb_shim_status list(void *argument)
{
    return ebb_shim_list_benchmarks(argument, NULL, ignore, NULL);
}

static ebb_shim_status run(void *argument)
{
    recorder all = {0};
    ebb_shim_summary summary;
    return recorder_run(&all, argument, &summary, NULL);
}

static ebb_shim_status tell_version(void *argument)
{
    (void)argument;
    char version[32];
    bool debug = false;
    return ebb_shim_library_version(version, sizeof version, &debug);
}

static ebb_shim_status start(void *argument)
{
    (void)argument;
    char program[] = "program";
    char context[] =
        "--benchmark_context=a_key_that_is_not_short=a value that is not short";
    char *argv[] = {program, context, NULL};
    int argc = 2;
    ebb_shim *shim = NULL;
    const ebb_shim_status status = ebb_shim_init(&shim, &argc, argv, NULL, 0);
    ebb_shim_destroy(shim);
    return status;
}

static void refused_memory_is_a_status(void **state)
{
    (void)state;
    refuse_each(start, NULL);
    refuse_each(tell_version, NULL);
    ebb_shim *shim = recorder_init(NULL);
    add(shim,
        (ebb_shim_benchmark){.name = "a_name_that_is_not_short_at_all", .body = spin});
    add(shim, (ebb_shim_benchmark){.name = "b", .body = throw_first});
    refuse_each(list, shim);
    refuse_each(run, shim);
    ebb_shim_destroy(shim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callback_that_throws_fails),
        cmocka_unit_test(refused_memory_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
