/* What makes a trial invalid: each limit from both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "study/verdict.h"

enum { THREADS = 2, USABLE = 8 };

typedef struct verdict_case {
    ebb_disturbance disturbance; /* of one second of training */
    size_t threads, usable_cpus;
    bool unbound, moved, diverged;
    size_t local, remote; /* pages of parameters, and half as many of activations */
    double peak_after;    /* 0: as before; the peak before is 100 */
    double gflops;        /* of the median step */
    bool valid;
    size_t n_problems;
    const char *text; /* in the first problem; NULL: any */
} verdict_case;

#define MS 1000000

static const verdict_case cases[] = {
    {{0}, THREADS, USABLE, .valid = true},
    /* what the system does not tell */
    {{-1, -1, -1, -1, -1}, THREADS, USABLE, .valid = true},
    {{.run_delay_ns = 49 * MS}, THREADS, USABLE, .valid = true},
    {{.run_delay_ns = 51 * MS}, THREADS, USABLE, .n_problems = 1},
    /* two bound threads: of two CPUs, however many there are */
    {{.steal_ns = 19 * MS}, THREADS, USABLE, .valid = true},
    {{.steal_ns = 21 * MS}, THREADS, USABLE, .n_problems = 1},
    {{.steal_ns = 79 * MS}, THREADS, USABLE, .unbound = true, .valid = true},
    {{.steal_ns = 81 * MS}, THREADS, USABLE, .unbound = true, .n_problems = 1},
    /* a wait that began before the training and ended in it */
    {{.run_delay_ns = 1042 * MS},
     THREADS,
     USABLE,
     .n_problems = 1,
     .text = "waited for a CPU in 100.0 % of"},
    {{.steal_ns = 2100 * MS},
     THREADS,
     USABLE,
     .n_problems = 1,
     .text = "the hypervisor took 100.0 % of"},
    {{.run_delay_ns = 123 * MS},
     THREADS,
     USABLE,
     .n_problems = 1,
     .text = "waited for a CPU in 12.3 % of"},
    {{.throttled = 1}, THREADS, USABLE, .n_problems = 1},
    {{0}, THREADS, USABLE, .moved = true, .n_problems = 1},
    {{0}, THREADS, USABLE, .diverged = true},
    /* told, and no reason */
    {{0}, THREADS, USABLE, .peak_after = 91, .valid = true},
    {{0}, THREADS, USABLE, .peak_after = 89, .valid = true, .n_problems = 1},
    {{0}, THREADS, USABLE, .peak_after = 120, .valid = true, .n_problems = 1},
    {{0}, THREADS, USABLE, .gflops = 101, .valid = true},
    {{0},
     THREADS,
     USABLE,
     .gflops = 103,
     .valid = true,
     .n_problems = 1,
     .text = "the step is faster than it, 100 GFLOP/s"},
    {{0}, THREADS, USABLE, .peak_after = 109, .gflops = 110, .valid = true},
    {{0}, THREADS, USABLE, .local = 180, .remote = 20, .valid = true},
    {{0}, THREADS, USABLE, .local = 178, .remote = 22, .valid = true, .n_problems = 2},
    {{0}, THREADS, USABLE, .unbound = true, .remote = 200, .valid = true},
    {{.run_delay_ns = 900 * MS},
     THREADS,
     1,
     .valid = true,
     .n_problems = 1,
     .text = "2 threads share 1 usable CPU, so"},
    {{.involuntary_switches = 9, .major_faults = 9}, THREADS, USABLE, .valid = true},
};

static void judge(void **state)
{
    const verdict_case *which = *state;
    const int cpu = which->unbound ? -1 : 0;
    const int cpus[THREADS] = {cpu, cpu < 0 ? cpu : 1};
    uint64_t step_ns[3] = {1000, 1000, 500}; /* the last, faster one is not the median */
    ebb_result result = {0};
    assert_int_equal(ebb_result_init(&result, 1, THREADS), EBB_OK);
    result.threads = which->threads;
    result.usable_cpus = which->usable_cpus;
    result.train_seconds = 1;
    result.disturbance = which->disturbance;
    result.diverged = which->diverged;
    result.peak_before.gflops = 100;
    result.peak_after.gflops = which->peak_after > 0 ? which->peak_after : 100;
    result.homes.parameters = (ebb_residence){which->local, which->remote, 7, 9};
    result.homes.activations =
        (ebb_residence){which->local / 2, which->remote / 2, 0, 500};
    result.step_ns = step_ns;
    result.n_step_ns = 3;
    result.step_flop = 1000 * which->gflops;
    for (size_t i = 0; i < THREADS; i++) {
        result.seats[i].bound_cpu = which->moved ? 5 : cpus[i];
    }
    ebb_verdict_judge(&result, &(ebb_trial_setting){.cpus = cpus});
    result.step_ns = NULL;
    assert_int_equal(result.valid, which->valid);
    assert_int_equal(result.n_problems, which->n_problems);
    assert_int_equal(result.placement_verified, !which->moved);
    if (which->text != NULL && strstr(result.problems[0], which->text) == NULL) {
        fail_msg("\"%s\" is not in: %s", which->text, result.problems[0]);
    }
    ebb_result_clear(&result);
}

int main(void)
{
    enum { N = sizeof cases / sizeof *cases };
    verdict_case own[N]; /* a state is no pointer to const */
    struct CMUnitTest tests[N];
    for (size_t i = 0; i < N; i++) {
        own[i] = cases[i];
        tests[i] = (struct CMUnitTest){"verdict", judge, NULL, NULL, &own[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
