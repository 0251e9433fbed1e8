/* sample - a program on the shim as another project would write it, with benchmarks of
 * every outcome and with texts that are hard to write down. check_sample.py runs it. */
#include <stdio.h>
#include <string.h>

#include "shim.h"

static int spin(ebb_shim_state *state, void *user)
{
    (void)user;
    int64_t n = 0;
    int64_t done = 0;
    while ((n = ebb_shim_keep_running(state, 100)) > 0) {
        done += n;
    }
    (void)ebb_shim_set_items(state, done);
    (void)ebb_shim_set_label(state,
                             "quote \" backslash \\ tab \t newline \n byte \xff ä");
    return ebb_shim_set_counter(state, "zero", 0.0, EBB_SHIM_PLAIN) != EBB_SHIM_OK;
}

static int add_up(ebb_shim_state *state, void *user, int64_t index)
{
    (void)state;
    double *sum = user;
    *sum += (double)index;
    return 0;
}

static int tell_sum(ebb_shim_state *state, void *user)
{
    return ebb_shim_set_counter(state, "late", *(double *)user, EBB_SHIM_RATE) !=
           EBB_SHIM_OK;
}

static int set_nan(ebb_shim_state *state, void *user)
{
    const double *zero = user;
    while (ebb_shim_keep_running(state, 1) > 0) {
    }
    (void)ebb_shim_set_counter(state, "nan", *zero / *zero, EBB_SHIM_PLAIN);
    return 0;
}

static int be_wrong(ebb_shim_state *state, void *user)
{
    int *entries = user;
    while (ebb_shim_keep_running(state, 1) > 0) {
    }
    if (++*entries > 2) {
        ebb_shim_fail(state, "wrong: \"1\" is not\n\"2\"");
    }
    return 0;
}

static int be_elsewhere(ebb_shim_state *state, void *user)
{
    (void)user;
    ebb_shim_skip(state, "no such thing here");
    return 0;
}

static ebb_shim_status add_all(ebb_shim *shim, double *sum, double *zero, int *entries)
{
    static const int64_t sizes[] = {1, 1024};
    static const char *const names[] = {"size"};
    const ebb_shim_benchmark all[] = {
        {.name = "spin",
         .body = spin,
         .args = sizes,
         .arg_names = names,
         .n_args = 1,
         .n_sets = 2,
         .process_cpu_time = true},
        {.name = "step",
         .step = add_up,
         .after = tell_sum,
         .user = sum,
         .unit = EBB_SHIM_MICROSECONDS,
         .iterations = 1000},
        {.name = "nan", .body = set_nan, .user = zero},
        {.name = "wrong", .body = be_wrong, .user = entries, .iterations = 10},
        {.name = "elsewhere", .body = be_elsewhere},
    };
    ebb_shim_status status = EBB_SHIM_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all && status == EBB_SHIM_OK; i++) {
        ebb_shim_benchmark own = all[i];
        own.size = sizeof own;
        status = ebb_shim_register_benchmark(shim, &own);
    }
    return status;
}

int main(int argc, char **argv)
{
    double sum = 0.0;
    double zero = 0.0;
    int entries = 0;
    ebb_shim *shim = NULL;
    ebb_shim_summary summary = {.size = sizeof summary};
    const ebb_shim_pair defaults[] = {{"benchmark_min_time", "0.001"}};
    ebb_shim_status status = ebb_shim_init(&shim, &argc, argv, defaults, 1);
    if (status == EBB_SHIM_HELP) {
        return (int)ebb_shim_print_help();
    }
    if (status == EBB_SHIM_OK && argc > 1) {
        fprintf(stderr, "sample: %s: unknown\n", argv[1]);
        status = EBB_SHIM_USAGE;
    } else if (status == EBB_SHIM_OK) {
        (void)ebb_shim_add_context(shim, "text", "quote \" and \x07 bell");
        status = add_all(shim, &sum, &zero, &entries);
        if (status == EBB_SHIM_OK) {
            status = ebb_shim_run_benchmarks(shim, &summary, NULL);
        }
    }
    if (status != EBB_SHIM_OK) {
        fprintf(stderr, "sample: %s\n", ebb_shim_last_error());
    }
    ebb_shim_destroy(shim);
    return status != EBB_SHIM_OK ? (int)status : summary.failed > 0 ? 1 : 0;
}
