/* The gate's false alarms and power, simulated on recorded noise.
 *
 * A recording holds pairs of step times of a build compared with itself: whatever ratio
 * they have is noise, and their median is set to 1. A simulated comparison takes
 * stretches of four neighbouring pairs of it (ABBA), as often as needed, and swaps the
 * two sides of a stretch by chance; a planted slowdown multiplies every ratio.
 *
 * Usage: test_gate_simulation FOLDER TRIALS (folder of the recordings) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "study/gate.h"

enum { MAX_BENCHMARKS = 8, MAX_PAIRS = 2000, STRETCH = 4, NAME_BYTES = 64 };

static const double THRESHOLD = 0.02;

typedef struct recording {
    char names[MAX_BENCHMARKS][NAME_BYTES];
    double *ratios[MAX_BENCHMARKS]; /* logarithms */
    size_t n_pairs[MAX_BENCHMARKS];
    size_t n;
} recording;

static struct {
    const char *folder;
    size_t n_trials;
} options;

static void add_line(recording *out, const char *line)
{
    char name[NAME_BYTES];
    double baseline = 0;
    double candidate = 0;
    assert_int_equal(sscanf(line, "%63s %lf %lf", name, &baseline, &candidate), 3);
    if (out->n == 0 || strcmp(out->names[out->n - 1], name) != 0) {
        assert_true(out->n < MAX_BENCHMARKS);
        memcpy(out->names[out->n], name, sizeof name);
        out->ratios[out->n] = calloc(MAX_PAIRS, sizeof(double));
        assert_non_null(out->ratios[out->n]);
        out->n++;
    }
    size_t *n = &out->n_pairs[out->n - 1];
    assert_true(*n < MAX_PAIRS && baseline > 0 && candidate > 0);
    out->ratios[out->n - 1][(*n)++] = log(candidate / baseline);
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void centre(double *ratios, size_t n)
{
    double *sorted = calloc(n, sizeof *sorted);
    assert_non_null(sorted);
    memcpy(sorted, ratios, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_doubles);
    const double median = 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]);
    for (size_t i = 0; i < n; i++) {
        ratios[i] -= median;
    }
    free(sorted);
}

static void load(recording *out, const char *name)
{
    char path[512];
    char line[256];
    *out = (recording){.n = 0};
    snprintf(path, sizeof path, "%s/%s.txt", options.folder, name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] != '#') {
            add_line(out, line);
        }
    }
    fclose(file);
    assert_int_equal(out->n, 5);
    for (size_t i = 0; i < out->n; i++) {
        assert_true(out->n_pairs[i] > STRETCH);
        centre(out->ratios[i], out->n_pairs[i]);
    }
}

static void clear(recording *noise)
{
    for (size_t i = 0; i < noise->n; i++) {
        free(noise->ratios[i]);
    }
}

/* The verdict on benchmark `index` after at most n_pairs pairs; *used says how many. */
static ebb_gate_verdict simulate(size_t *used, const recording *noise, size_t index,
                                 size_t n_pairs, double slowdown, ebb_random *rng)
{
    ebb_gate gate;
    ebb_gate_init(&gate, ebb_gate_alpha(noise->n));
    ebb_gate_verdict verdict = EBB_GATE_UNKNOWN;
    size_t at = 0;
    double sign = 1;
    size_t i = 0;
    while (i < n_pairs && verdict == EBB_GATE_UNKNOWN) {
        if (i % STRETCH == 0) {
            at = ebb_random_below(rng, (uint32_t)noise->n_pairs[index]);
            sign = ebb_random_below(rng, 2) == 0 ? 1 : -1;
        }
        const double ratio =
            sign * noise->ratios[index][(at + i % STRETCH) % noise->n_pairs[index]];
        assert_int_equal(ebb_gate_add(&gate, ratio + log1p(slowdown)), EBB_OK);
        i++;
        const ebb_gate_interval interval =
            ebb_gate_look(&gate, (double)i / (double)n_pairs);
        verdict = ebb_gate_judge(&interval, log1p(THRESHOLD), i == n_pairs);
    }
    *used += i;
    ebb_gate_clear(&gate);
    return verdict;
}

/* How often a comparison of all benchmarks, each with that slowdown, ends as what. */
typedef struct outcome {
    size_t slower, unknown, clean; /* exit status 1, 3, 0 */
    double pairs;                  /* a benchmark, on average */
} outcome;

static outcome compare_all(const recording *noise, size_t n_pairs, double slowdown)
{
    outcome out = {0};
    size_t used = 0;
    ebb_random rng;
    ebb_random_init(&rng, 1, EBB_PURPOSE_TEST, (uint32_t)n_pairs,
                    (uint32_t)(slowdown * 1000));
    for (size_t trial = 0; trial < options.n_trials; trial++) {
        ebb_gate_verdict gravest = EBB_GATE_SAME;
        for (size_t i = 0; i < noise->n; i++) {
            const ebb_gate_verdict verdict =
                simulate(&used, noise, i, n_pairs, slowdown, &rng);
            gravest = verdict > gravest ? verdict : gravest;
        }
        out.slower += gravest == EBB_GATE_SLOWER ? 1 : 0;
        out.unknown += gravest == EBB_GATE_UNKNOWN ? 1 : 0;
        out.clean += gravest < EBB_GATE_UNKNOWN ? 1 : 0;
    }
    out.pairs = (double)used / (double)(options.n_trials * noise->n);
    return out;
}

static double share(size_t n)
{
    return (double)n / (double)options.n_trials;
}

static const size_t budgets[] = {10, 20, 30, 60};

enum { N_BUDGETS = sizeof budgets / sizeof budgets[0] };

/* False alarms, with a build that is the same and with one whose true slowdown is just
 * the threshold in all benchmarks, where an error is likeliest: at most half of 5 %. */
static void check_alarms(const char *name)
{
    recording noise;
    load(&noise, name);
    for (size_t b = 0; b < N_BUDGETS; b++) {
        const outcome same = compare_all(&noise, budgets[b], 0);
        const outcome edge = compare_all(&noise, budgets[b], THRESHOLD);
        print_message("%s, %zu pairs: itself: %.2f %% slower, %.1f %% cannot tell, %.1f "
                      "pairs; at the threshold: %.2f %% slower\n",
                      name, budgets[b], 100 * share(same.slower),
                      100 * share(same.unknown), same.pairs, 100 * share(edge.slower));
        assert_true(share(same.slower) <= 0.025);
        /* Three standard deviations of what is left to chance. */
        assert_true(share(edge.slower) <=
                    0.025 + 3 * sqrt(0.025 / (double)options.n_trials));
    }
    clear(&noise);
}

static void test_alarms_undisturbed(void **state)
{
    (void)state;
    check_alarms("undisturbed");
}

static void test_alarms_loaded(void **state)
{
    (void)state;
    check_alarms("loaded");
}

/* Share of slowdowns that are found when one benchmark has them. */
static double power(const recording *noise, size_t index, size_t n_pairs, double slowdown)
{
    size_t used = 0;
    size_t found = 0;
    ebb_random rng;
    ebb_random_init(&rng, 2, EBB_PURPOSE_TEST, (uint32_t)(index * 1000 + n_pairs),
                    (uint32_t)(slowdown * 1000));
    for (size_t trial = 0; trial < options.n_trials; trial++) {
        found += simulate(&used, noise, index, n_pairs, slowdown, &rng) == EBB_GATE_SLOWER
                     ? 1
                     : 0;
    }
    return share(found);
}

static const double slowdowns[] = {0.01, 0.02, 0.05, 0.10};

enum { N_SLOWDOWNS = sizeof slowdowns / sizeof slowdowns[0] };

static void print_power(double out[N_SLOWDOWNS], const recording *noise, size_t index,
                        size_t n_pairs)
{
    char line[256];
    int length =
        snprintf(line, sizeof line, "%s, %zu pairs:", noise->names[index], n_pairs);
    for (size_t s = 0; s < N_SLOWDOWNS; s++) {
        out[s] = power(noise, index, n_pairs, slowdowns[s]);
        length += snprintf(line + length, sizeof line - (size_t)length,
                           " %.0f %%: found %.1f %%;", 100 * slowdowns[s], 100 * out[s]);
    }
    print_message("%s\n", line);
}

/* The default budget carries 30 pairs and more where nobody disturbs. */
static void test_power_undisturbed(void **state)
{
    (void)state;
    recording noise;
    load(&noise, "undisturbed");
    for (size_t i = 0; i < noise.n; i++) {
        double found[N_SLOWDOWNS];
        print_power(found, &noise, i, 10);
        print_power(found, &noise, i, 20);
        print_power(found, &noise, i, 30);
        assert_true(found[0] <= 0.025 && found[1] <= 0.025);
        assert_true(found[2] >= 0.9);
        assert_true(found[3] >= 0.99);
    }
    clear(&noise);
}

static void test_power_loaded(void **state)
{
    (void)state;
    recording noise;
    load(&noise, "loaded");
    for (size_t i = 0; i < noise.n; i++) {
        double found[N_SLOWDOWNS];
        print_power(found, &noise, i, 30);
        assert_true(found[0] <= 0.025 && found[1] <= 0.025);
        assert_true(found[3] >= found[2]);
        /* On one thread a full machine hides little from a median. */
        assert_true(i >= 3 || found[2] >= 0.6);
        assert_true(i >= 3 || found[3] >= 0.99);
    }
    clear(&noise);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: test_gate_simulation FOLDER TRIALS\n");
        return 2;
    }
    options.folder = argv[1];
    options.n_trials = (size_t)atoi(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alarms_undisturbed),
        cmocka_unit_test(test_alarms_loaded),
        cmocka_unit_test(test_power_undisturbed),
        cmocka_unit_test(test_power_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
