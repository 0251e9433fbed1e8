/* 200,000 steps by teams whose size changes from trial to trial: the memory in use, the
 * threads and the mappings stay what they were after the first round through all sizes,
 * the bits are those of every other size, and the steps of the last rounds take no longer
 * than those of the first.
 *
 * Time is compared where it is least disturbed, the fastest steps of one thread, and
 * counted in multiply-adds that the thread could have done meanwhile, so that a processor
 * that changes its clock is no drift. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "machine/peak.h"

enum {
    N_STEPS = 200000,
    ROUNDS = 5,
    BATCH = 16,
    RUN_STEPS = 500, /* in one call */
    SAMPLES = RUN_STEPS * BATCH / 2,
    PEAK_ROUNDS = 40,
    PEAK_ROUND_NS = 500000,
};

static const size_t team_sizes[] = {1, 3, 2, 7, 4, 1, 5, 2};
enum {
    N_SIZES = sizeof team_sizes / sizeof *team_sizes,
    RUNS = N_STEPS / ROUNDS / N_SIZES / RUN_STEPS, /* of a trial */
};
_Static_assert(RUNS *RUN_STEPS *N_SIZES *ROUNDS == N_STEPS, "whole runs");

/* Room for what the C library and the runtime keep for threads to come. */
static const size_t HEAP_SLACK_BYTES = (size_t)64 << 10;
static const size_t RESIDENT_SLACK_KIB = 2048;
static const size_t MAPPINGS_SLACK = 8;
static const double DRIFT = 1.1;

typedef struct use {
    size_t heap_bytes, resident_kib, mappings, threads;
} use;

static size_t from_status(const char *key)
{
    char line[256];
    size_t value = 0;
    FILE *file = fopen("/proc/self/status", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0) {
            value = strtoul(line + strlen(key), NULL, 10);
        }
    }
    fclose(file);
    assert_true(value > 0);
    return value;
}

static size_t count_mappings(void)
{
    size_t n = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    assert_non_null(file);
    for (int c = getc(file); c != EOF; c = getc(file)) {
        n += c == '\n';
    }
    fclose(file);
    return n;
}

static use look(void)
{
    return (use){.heap_bytes = mallinfo2().uordblks + mallinfo2().hblkhd,
                 .resident_kib = from_status("VmRSS:"),
                 .mappings = count_mappings(),
                 .threads = from_status("Threads:")};
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* A tenth of the steps of a run took no longer than this. */
static uint64_t fast_step(uint64_t *step_ns)
{
    qsort(step_ns, RUN_STEPS, sizeof *step_ns, by_size);
    return step_ns[RUN_STEPS / 10];
}

static uint64_t train(fixture *base, ebb_program *program)
{
    static double loss[RUN_STEPS];
    static uint32_t correct[RUN_STEPS];
    static uint64_t step_ns[RUN_STEPS];
    const ebb_training training = {.rows = &base->rows,
                                   .order = base->order,
                                   .n_steps = RUN_STEPS,
                                   .target = fixture_target(base, 1),
                                   .loss = loss,
                                   .correct = correct,
                                   .step_ns = step_ns};
    fixture_succeed(ebb_program_train(program, &training), "training");
    return fast_step(step_ns);
}

/* Returns the fastest run's fast step. */
static uint64_t trial(char digest[EBB_DIGEST_HEX_BYTES], const ebb_strategy *strategy,
                      size_t threads)
{
    const fixture_spec spec = {.features = 49,
                               .hidden = {144, 17},
                               .n_heads = 2,
                               .classes = 10,
                               .optimizer = &ebb_optimizer_adam,
                               .numbers = {0.001, 0, 0},
                               .panel = strategy->panel,
                               .threads = threads,
                               .n_samples = SAMPLES};
    uint64_t fastest = UINT64_MAX;
    fixture base;
    ebb_program *program = NULL;
    fixture_init(&base, &spec);
    fixture_succeed(strategy->compile_train(&program, base.net, BATCH), "compiling");
    for (size_t run = 0; run < RUNS; run++) {
        const uint64_t fast = train(&base, program);
        fastest = fast < fastest ? fast : fastest;
    }
    fixture_succeed(ebb_parameters_digest(digest, base.net->parameters), "digest");
    ebb_program_destroy(program);
    fixture_clear(&base);
    return fastest;
}

/* The fast step of one thread, and its fastest rate of multiply-adds beside it. */
typedef struct pace {
    double step_ns, gflops;
} pace;

static double fast_rate(void)
{
    ebb_team *team = NULL;
    ebb_peak peak;
    fixture_succeed(ebb_team_create(&team, 1), "a team of one");
    ebb_peak_measure(&peak, team, PEAK_ROUNDS, PEAK_ROUND_NS);
    ebb_team_destroy(team);
    return peak.high;
}

/* Trials of all sizes. */
static pace go_round(char first[EBB_DIGEST_HEX_BYTES], const ebb_strategy *strategy)
{
    pace best = {.step_ns = (double)INFINITY};
    for (size_t i = 0; i < N_SIZES; i++) {
        char digest[EBB_DIGEST_HEX_BYTES];
        const double fast = (double)trial(digest, strategy, team_sizes[i]);
        if (first[0] == '\0') {
            memcpy(first, digest, EBB_DIGEST_HEX_BYTES);
        }
        assert_string_equal(digest, first);
        if (team_sizes[i] == 1) {
            best.step_ns = fmin(best.step_ns, fast);
            best.gflops = fmax(best.gflops, fast_rate());
        }
    }
    return best;
}

static void check_use(const use *now, const use *then)
{
    print_message("heap %zu -> %zu bytes, resident %zu -> %zu KiB, mappings %zu -> %zu, "
                  "threads %zu -> %zu\n",
                  then->heap_bytes, now->heap_bytes, then->resident_kib,
                  now->resident_kib, then->mappings, now->mappings, then->threads,
                  now->threads);
    assert_true(now->heap_bytes <= then->heap_bytes + HEAP_SLACK_BYTES);
    assert_true(now->resident_kib <= then->resident_kib + RESIDENT_SLACK_KIB);
    assert_true(now->mappings <= then->mappings + MAPPINGS_SLACK);
    assert_int_equal(now->threads, then->threads);
}

/* The last two rounds against the first two. */
static void check_drift(const pace *paces)
{
    double work[ROUNDS];
    for (size_t round = 0; round < ROUNDS; round++) {
        work[round] = paces[round].step_ns * paces[round].gflops;
        print_message(
            "fast step of one thread %.1f us, %.0f thousand flops of its peak\n",
            paces[round].step_ns / 1e3, work[round] / 1e3);
    }
    const double early = fmin(work[0], work[1]);
    const double late = fmin(work[ROUNDS - 2], work[ROUNDS - 1]);
    assert_true(late <= DRIFT * early);
}

static void soak(void **state)
{
    const ebb_strategy *strategy = *state;
    char digest[EBB_DIGEST_HEX_BYTES] = "";
    pace paces[ROUNDS];
    use after_one = {0};
    for (size_t round = 0; round < ROUNDS; round++) {
        paces[round] = go_round(digest, strategy);
        after_one = round == 0 ? look() : after_one;
    }
    const use after_all = look();
    check_use(&after_all, &after_one);
    check_drift(paces);
}

int main(void)
{
    ebb_strategy tiles = ebb_strategy_tiles; /* a state is no pointer to const */
    ebb_strategy shards = ebb_strategy_shards;
    const struct CMUnitTest tests[] = {
        {"tiles", soak, NULL, NULL, &tiles},
        {"shards", soak, NULL, NULL, &shards},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
