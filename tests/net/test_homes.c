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

enum { MAX_STRETCHES = 64 };

typedef struct stretches {
    size_t begin[MAX_STRETCHES], end[MAX_STRETCHES], thread[MAX_STRETCHES];
    size_t n, owner;
} stretches;

static void collect(const void *context, size_t begin, size_t end)
{
    stretches *const *self = context;
    stretches *found = *self;
    assert_true(found->n < MAX_STRETCHES && begin < end);
    size_t at = found->n++;
    for (; at > 0 && found->begin[at - 1] > begin; at--) {
        found->begin[at] = found->begin[at - 1];
        found->end[at] = found->end[at - 1];
        found->thread[at] = found->thread[at - 1];
    }
    found->begin[at] = begin;
    found->end[at] = end;
    found->thread[at] = found->owner;
}

/* All stretches of all threads, in the order of the arena; without gap or overlap. */
static void collect_all(stretches *found, const fixture *base, size_t n_threads)
{
    *found = (stretches){0};
    stretches *const target = found;
    for (found->owner = 0; found->owner < n_threads; found->owner++) {
        ebb_parameters_each_share(base->net->parameters, found->owner, collect, &target);
    }
    for (size_t i = 0; i < found->n; i++) {
        assert_int_equal(found->begin[i], i == 0 ? 0 : found->end[i - 1]);
        assert_int_equal(found->begin[i] % PAGE_FLOATS, 0);
    }
    assert_int_equal(found->end[found->n - 1], base->shape.n_floats);
}

static size_t page_after(size_t floats)
{
    return (floats + PAGE_FLOATS - 1) / PAGE_FLOATS * PAGE_FLOATS;
}

/* The first layer, of 401 rows of 256, is shared out apart from the rest. */
static void test_shares(void **state)
{
    (void)state;
    const fixture_spec spec = {
        .features = 400, .hidden = {250, 120}, .n_heads = 3, .classes = 10, .threads = 3};
    fixture base;
    stretches found;
    fixture_init(&base, &spec);
    collect_all(&found, &base, 3);
    assert_int_equal(found.n, 6);
    for (size_t i = 0; i < found.n; i++) {
        assert_int_equal(found.thread[i], i % 3);
    }
    assert_int_equal(found.end[2], page_after(401 * 256));
    fixture_clear(&base);
}

/* Two wide layers, two narrow ones, a wide head: four parts. */
static void test_shares_of_wide_layers(void **state)
{
    (void)state;
    const fixture_spec spec = {.features = 100,
                               .hidden = {512, 512, 64, 2048},
                               .n_heads = 1,
                               .classes = 70,
                               .threads = 2};
    fixture base;
    stretches found;
    fixture_init(&base, &spec);
    collect_all(&found, &base, 2);
    const size_t ends[] = {(size_t)113 * 512, (size_t)513 * 512,
                           (size_t)513 * 64 + (size_t)65 * 2048, (size_t)2049 * 80};
    size_t offset = 0;
    assert_int_equal(found.n, 8);
    for (size_t i = 0; i < 4; i++) {
        offset += ends[i];
        assert_int_equal(found.end[2 * i + 1], i < 3 ? page_after(offset) : offset);
        const size_t halves[] = {found.end[2 * i] - found.begin[2 * i],
                                 found.end[2 * i + 1] - found.begin[2 * i + 1]};
        assert_true(halves[0] <= halves[1] + PAGE_FLOATS &&
                    halves[1] <= halves[0] + PAGE_FLOATS);
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
        stretches found;
        fixture_init(&base, &specs[i]);
        collect_all(&found, &base, specs[i].threads);
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
        cmocka_unit_test(test_shares_of_wide_layers),
        cmocka_unit_test(test_shares_of_small_networks),
        cmocka_unit_test(test_the_owner_takes_the_faults),
        cmocka_unit_test(test_every_strategy),
        cmocka_unit_test(test_rows_are_touched_by_compiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
