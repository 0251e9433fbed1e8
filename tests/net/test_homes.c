/* Who owns which memory of a network, and that the owner was there first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buffer.h"
#include "fixture.h"
#include "net/activations.h"
#include "net/homes.h"

static const size_t PAGE_FLOATS = 1024;

/* Every float has one owner; the first layer, of 401 rows of 256, is shared out apart
 * from the rest. */
static void test_shares(void **state)
{
    (void)state;
    const fixture_spec spec = {
        .features = 400, .hidden = {250, 120}, .n_heads = 3, .classes = 10, .threads = 3};
    fixture base;
    fixture_init(&base, &spec);
    const ebb_parameters *parameters = base.net->parameters;
    const size_t n_floats = base.shape.n_floats;
    size_t next = 0;
    for (size_t part = 0; part < EBB_PARAMETERS_PARTS; part++) {
        for (size_t thread = 0; thread < 3; thread++) {
            size_t begin = 0;
            size_t end = 0;
            ebb_parameters_share(&begin, &end, parameters, part, thread);
            assert_int_equal(begin, next);
            assert_true(begin % PAGE_FLOATS == 0 && begin < end);
            next = end;
        }
        const size_t first = (401 * 256 + PAGE_FLOATS - 1) / PAGE_FLOATS * PAGE_FLOATS;
        assert_int_equal(next, part == 0 ? first : n_floats);
    }
    fixture_clear(&base);
}

/* Layers that fit a page, or a network of one layer: still every float once. */
static void test_shares_of_small_networks(void **state)
{
    (void)state;
    const fixture_spec specs[] = {
        {.features = 9, .hidden = {5}, .n_heads = 1, .classes = 2, .threads = 3},
        {.features = 90, .n_heads = 2, .classes = 20, .threads = 2},
        {.features = 2, .n_heads = 1, .classes = 2, .threads = 2}};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        fixture base;
        fixture_init(&base, &specs[i]);
        size_t next = 0;
        for (size_t j = 0; j < EBB_PARAMETERS_PARTS * specs[i].threads; j++) {
            size_t begin = 0;
            size_t end = 0;
            ebb_parameters_share(&begin, &end, base.net->parameters, j / specs[i].threads,
                                 j % specs[i].threads);
            assert_int_equal(begin, next);
            next = end;
        }
        assert_int_equal(next, base.shape.n_floats);
        fixture_clear(&base);
    }
}

static void read_faults(void *argument, size_t thread)
{
    long *faults = argument;
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
    faults[thread] = usage.ru_minflt;
}

/* The first to write a page takes a fault for it: a third of 400 pages each, and a few
 * for other reasons. */
static void test_the_owner_takes_the_faults(void **state)
{
    (void)state;
    enum { THREADS = 3 };
    const fixture_spec spec = {.features = 784,
                               .hidden = {512},
                               .n_heads = 1,
                               .classes = 10,
                               .threads = THREADS};
    long before[THREADS] = {0};
    long after[THREADS] = {0};
    float *arena = NULL;
    fixture base;
    fixture_init(&base, &spec);
    const long pages = (long)base.shape.n_floats / (sysconf(_SC_PAGESIZE) / 4);
    ebb_team_run(base.team, read_faults, before);
    fixture_succeed(ebb_parameters_arena(&arena, base.net->parameters), "arena");
    ebb_team_run(base.team, read_faults, after);
    for (size_t i = 0; i < THREADS; i++) {
        assert_in_range(after[i] - before[i], pages / 3 - 5, pages / 2);
    }
    ebb_buffer_free(arena);
    fixture_clear(&base);
}

static size_t pages_between(const void *begin, size_t size_bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const uintptr_t first = ((uintptr_t)begin + page - 1) / page;
    const uintptr_t last = ((uintptr_t)begin + size_bytes) / page;
    return last > first ? last - first : 0;
}

static size_t sum(const ebb_residence *found)
{
    return found->local + found->remote + found->absent + found->unknown;
}

static void check_strategy(const ebb_strategy *strategy, size_t threads)
{
    const fixture_spec spec = {.features = 400,
                               .hidden = {256, 64},
                               .n_heads = 1,
                               .classes = 10,
                               .optimizer = &ebb_optimizer_adam,
                               .numbers = {.learning_rate = 0.001},
                               .panel = strategy->panel,
                               .threads = threads};
    fixture base;
    fixture_init(&base, &spec);
    ebb_program *program = NULL;
    fixture_succeed(strategy->compile_train(&program, base.net, 64), "compile");
    fixture_train(&base, program, fixture_target(&base, 0), 2, NULL, NULL);
    ebb_homes homes;
    fixture_succeed(ebb_homes_look(&homes, program), "look");
    /* Three arenas, but for the pages on which two shares meet. */
    const size_t arena_bytes = base.shape.n_floats * sizeof(float);
    const size_t pages = 3 * pages_between(base.net->parameters->values, arena_bytes);
    assert_in_range(sum(&homes.parameters), pages - 6 * threads, pages + 3);
    assert_int_equal(homes.parameters.absent, 0);
    assert_true((program->batch != NULL) == (sum(&homes.activations) > 0));
    if (program->batch != NULL) {
        /* 64 rows: the input and, with gradients, 256 + 64 twice and 16. */
        const size_t floats = (size_t)64 * (400 + 2 * (256 + 64) + 16);
        assert_in_range(sum(&homes.activations), floats / 1024 - 12 * threads,
                        floats / 1024);
        assert_int_equal(homes.activations.absent, 0);
    }
    if (access("/sys/devices/system/node/node1", F_OK) != 0) {
        assert_int_equal(homes.parameters.remote + homes.activations.remote, 0);
    }
    ebb_program_destroy(program);
    fixture_clear(&base);
}

static void test_every_strategy(void **state)
{
    (void)state;
    for (size_t i = 0; ebb_strategy_choice(i) != NULL; i++) {
        check_strategy(ebb_strategy_at(i), 1);
        check_strategy(ebb_strategy_at(i), 2);
    }
}

/* Owners of rows agree with what a strategy's programs touch: a page of the batch that
 * was compiled and never run is there where a thread touched it, and in `reference`,
 * whose threads touch theirs in the first step, it is not. */
static void test_rows_are_touched_by_compiling(void **state)
{
    (void)state;
    const fixture_spec spec = {
        .features = 400, .hidden = {256}, .n_heads = 1, .classes = 10, .threads = 2};
    fixture base;
    fixture_init(&base, &spec);
    for (size_t i = 0; ebb_strategy_choice(i) != NULL; i++) {
        ebb_program *program = NULL;
        ebb_homes homes;
        const ebb_strategy *strategy = ebb_strategy_at(i);
        fixture_succeed(strategy->compile_train(&program, base.net, 64), "compile");
        fixture_succeed(ebb_homes_look(&homes, program), "look");
        if (program->batch != NULL && homes.activations.unknown == 0) {
            const bool late = strcmp(strategy->choice.name, "reference") == 0;
            assert_true((homes.activations.absent > 0) == late);
        }
        ebb_program_destroy(program);
    }
    fixture_clear(&base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_shares_of_small_networks),
        cmocka_unit_test(test_the_owner_takes_the_faults),
        cmocka_unit_test(test_every_strategy),
        cmocka_unit_test(test_rows_are_touched_by_compiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
