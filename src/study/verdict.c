#include "study/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double MAX_RUN_DELAY = 0.05; /* of the training time */
static const double MAX_PEAK_DROP = 0.10; /* between the two peaks beside a trial */
static const double MAX_SHARE = 1.02;     /* of a peak: the rest is noise */
static const double MAX_REMOTE = 0.10;    /* of the pages whose node is known */
static const double MAX_STEAL = 0.01;     /* of the training time of the team's CPUs */

void ebb_verdict_problem(ebb_result *result, const char *format, ...)
{
    if (result->n_problems == EBB_MAX_PROBLEMS) {
        return;
    }
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length >= 0) {
        result->problems[result->n_problems++] = text;
    }
}

bool ebb_verdict_is_share(double share)
{
    return !(share > MAX_SHARE);
}

static void add(int64_t *sum, int64_t more)
{
    *sum = *sum < 0 || more < 0 ? -1 : *sum + more;
}

void ebb_verdict_add_disturbance(ebb_disturbance *sum, const ebb_disturbance *more)
{
    add(&sum->involuntary_switches, more->involuntary_switches);
    add(&sum->run_delay_ns, more->run_delay_ns);
    add(&sum->steal_ns, more->steal_ns);
    add(&sum->throttled, more->throttled);
    add(&sum->major_faults, more->major_faults);
}

static void reject(ebb_result *result, bool wrong)
{
    result->valid = result->valid && !wrong;
}

static void judge_placement(ebb_result *result, const ebb_trial_setting *setting)
{
    result->placement_verified = setting->taken_cpus == 0;
    if (setting->taken_cpus > 0) {
        ebb_verdict_problem(result,
                            "CPUs taken away between launch and start: %zu (let "
                            "nothing change the cpuset meanwhile)",
                            setting->taken_cpus);
    }
    for (size_t i = 0; i < result->threads; i++) {
        if (setting->cpus[i] >= 0 && result->seats[i].bound_cpu != setting->cpus[i]) {
            result->placement_verified = false;
            ebb_verdict_problem(result,
                                "thread %zu is not bound to CPU %d as asked (let nothing "
                                "else set its mask: taskset, cpuset, OMP_PLACES)",
                                i, setting->cpus[i]);
            break;
        }
    }
    reject(result, !result->placement_verified);
}

/* Noted only: the first touch was the owner's, so something else moved or placed it. */
static void judge_pages(ebb_result *result, const ebb_residence *pages, const char *what)
{
    const size_t known = pages->local + pages->remote;
    if ((double)pages->remote > MAX_REMOTE * (double)known) {
        ebb_verdict_problem(result,
                            "%zu of %zu pages of %s lie on another NUMA node than the "
                            "thread that owns them (at most %.0f %%: run without "
                            "numactl, with kernel.numa_balancing = 0)",
                            pages->remote, known, what, 100 * MAX_REMOTE);
    }
}

/* Threads that the system moves own no node. */
static void judge_homes(ebb_result *result, const ebb_trial_setting *setting)
{
    if (result->threads > 0 && setting->cpus[0] >= 0) {
        judge_pages(result, &result->homes.parameters, "parameters");
        judge_pages(result, &result->homes.activations, "activations");
    }
}

/* Percent of the training time. The system counts a wait when it ends, and steal in whole
 * ticks: what began just before the training counts too, so a share may come out above
 * one. */
static double percent(double share)
{
    return share < 1 ? 100 * share : 100;
}

/* CPUs over which steal_ns is summed: one a bound thread, else all that are usable. */
static size_t team_cpus(const ebb_result *result)
{
    bool bound = true;
    for (size_t i = 0; i < result->threads; i++) {
        bound = bound && result->seats[i].bound_cpu >= 0;
    }
    return bound && result->threads < result->usable_cpus ? result->threads
                                                          : result->usable_cpus;
}

static void judge_disturbance(ebb_result *result)
{
    const ebb_disturbance *d = &result->disturbance;
    const double train_ns = result->train_seconds * 1e9;
    const bool oversubscribed = result->threads > result->usable_cpus;
    const double delay = (double)d->run_delay_ns / train_ns;
    const double steal = (double)d->steal_ns / train_ns / (double)team_cpus(result);
    if (oversubscribed) {
        ebb_verdict_problem(result,
                            "%zu threads share %zu usable CPU%s, so waiting for one is "
                            "part of what was measured and not judged (--threads %zu "
                            "gives each its own)",
                            result->threads, result->usable_cpus,
                            result->usable_cpus == 1 ? "" : "s", result->usable_cpus);
    } else if (d->run_delay_ns >= 0 && delay > MAX_RUN_DELAY) {
        reject(result, true);
        ebb_verdict_problem(result,
                            "a thread waited for a CPU in %.1f %% of the training time "
                            "(at most %.0f %%: stop what else runs on its CPUs)",
                            percent(delay), 100 * MAX_RUN_DELAY);
    }
    if (d->steal_ns >= 0 && steal > MAX_STEAL) {
        reject(result, true);
        ebb_verdict_problem(result,
                            "the hypervisor took %.1f %% of the training time "
                            "(at most %.0f %%: quiet or leave the other guests of its "
                            "host)",
                            percent(steal), 100 * MAX_STEAL);
    }
    if (d->throttled > 0) {
        reject(result, true);
        ebb_verdict_problem(result,
                            "the CPU-time quota stopped the process %lld times (raise "
                            "cpu.max, or use fewer threads)",
                            (long long)d->throttled);
    }
}

/* Noted only: the steps may be sound, but shares of the peak are not to be trusted. */
static void judge_peak(ebb_result *result)
{
    const double before = result->peak_before.gflops;
    const double after = result->peak_after.gflops;
    const double low = before < after ? before : after;
    const double high = before < after ? after : before;
    if (low < (1 - MAX_PEAK_DROP) * high) {
        ebb_verdict_problem(
            result,
            "the peak was disturbed: %.0f GFLOP/s before the trial, %.0f "
            "after it (at most %.0f %% apart: stop what else runs, fix the "
            "clock by governor and boost)",
            before, after, 100 * MAX_PEAK_DROP);
    }
}

/* Noted only, too: a peak that was disturbed alike before and after looks steady. More
 * than half of the steps are above it exactly when the median is. */
static void judge_share(ebb_result *result)
{
    const double peak = fmax(result->peak_before.gflops, result->peak_after.gflops);
    size_t n_above = 0;
    for (size_t i = 0; i < result->n_step_ns && peak > 0; i++) {
        const double step_ns = (double)result->step_ns[i];
        n_above +=
            step_ns > 0 && !ebb_verdict_is_share(result->step_flop / step_ns / peak);
    }
    if (2 * n_above > result->n_step_ns) {
        ebb_verdict_problem(result,
                            "the peak beside the trial was disturbed: the step is faster "
                            "than it, %.0f GFLOP/s (shares of it are not to be believed; "
                            "stop what else runs)",
                            peak);
    }
}

/* A step that ended when it began, or before by a clock that steps back, counts as 0. */
static void judge_clock(ebb_result *result)
{
    size_t n = 0;
    for (size_t i = 0; i < result->n_step_ns; i++) {
        n += result->step_ns[i] == 0;
    }
    if (n > 0) {
        reject(result, true);
        ebb_verdict_problem(result,
                            "%zu of %zu steps took no time by the clock, which is coarse "
                            "or went back (use the clock source tsc)",
                            n, result->n_step_ns);
    }
}

void ebb_verdict_judge(ebb_result *result, const ebb_trial_setting *setting)
{
    result->valid = !result->diverged;
    judge_placement(result, setting);
    if (result->train_seconds > 0) {
        judge_disturbance(result);
    }
    judge_peak(result);
    judge_share(result);
    judge_clock(result);
    judge_homes(result, setting);
    if (result->n_step_ns == 0 && !result->diverged) {
        ebb_verdict_problem(result, "no step is left after the warm-up (fewer "
                                    "--warmup-steps than a task has)");
    }
}
