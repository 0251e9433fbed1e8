#include "compare_pairs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "compare_check.h"
#include "compare_sample.h"
#include "progress.h"
#include "study/json.h"

typedef struct session {
    ebb_comparison *comparison;
    const ebb_compare_limits *limits;
    ebb_progress progress;
    char label[64];
} session;

/* What one benchmark met so far; beside the comparison, which outlives the measurement.
 */
typedef struct history {
    double last_seconds;   /* that a process took */
    bool out_of_time;      /* no further process fits into the budget */
    char disturbance[256]; /* the last */
} history;

static double elapsed(const session *self)
{
    return ebb_clock_seconds(self->limits->begin_ns, ebb_clock_now_ns());
}

static double share_used(const session *self)
{
    return fmin(1.0, elapsed(self) / self->comparison->budget_seconds);
}

static void show_progress(void *argument)
{
    session *self = argument;
    ebb_progress_show(&self->progress, share_used(self), self->label);
}

static void decide_from(ebb_compare_benchmark *benchmark, ebb_gate_verdict verdict,
                        ebb_side side, const char *message)
{
    ebb_compare_decide(benchmark, verdict, "%s: %s", ebb_side_name(side), message);
}

/* A process that its time-out ended: it hangs, or the budget is used up. */
static void judge_expired(const session *self, ebb_compare_benchmark *benchmark,
                          ebb_side side, const ebb_sample *sample)
{
    if (elapsed(self) < self->comparison->budget_seconds) {
        decide_from(benchmark, EBB_GATE_UNKNOWN, side, sample->message);
        return;
    }
    if (benchmark->times[side].n == 0 && benchmark->records[side] == NULL) {
        ebb_compare_decide(
            benchmark, EBB_GATE_UNKNOWN, "%s: did not end within the budget of %g s: %s",
            ebb_side_name(side), self->comparison->budget_seconds, sample->message);
    }
}

/* A trial that diverges where the baseline's does not is a wrong result. */
static void judge_diverged(ebb_compare_benchmark *benchmark, ebb_side side,
                           const ebb_sample *sample)
{
    const bool wrong = side == EBB_CANDIDATE && benchmark->records[EBB_BASELINE] != NULL;
    decide_from(benchmark, wrong ? EBB_GATE_WRONG : EBB_GATE_UNKNOWN, side,
                sample->message);
}

/* The first record of each side stands for it; later ones must repeat its bits. */
static ebb_status check_record(ebb_compare_benchmark *benchmark, ebb_side side,
                               ebb_sample *sample)
{
    const json_t *first = benchmark->records[side];
    const json_t *other = benchmark->records[EBB_CANDIDATE - side];
    ebb_text why = {0};
    if (first == NULL) {
        benchmark->records[side] = json_incref(sample->record);
    } else if (!ebb_compare_same_bits(first, sample->record) &&
               ebb_json_get_text(first, "digest")[0] != '\0') {
        decide_from(benchmark, EBB_GATE_WRONG, side,
                    "two runs of one configuration end in different parameters");
    }
    if (first == NULL && other != NULL) {
        const json_t *baseline = benchmark->records[EBB_BASELINE];
        const json_t *candidate = benchmark->records[EBB_CANDIDATE];
        if (!ebb_compare_same_question(&why, baseline, candidate)) {
            ebb_compare_decide(benchmark, EBB_GATE_UNKNOWN, "not comparable: %s",
                               why.data);
        } else if (!ebb_compare_same_answer(&why, baseline, candidate,
                                            benchmark->bound)) {
            ebb_compare_decide(benchmark, EBB_GATE_WRONG, "%s", why.data);
        }
    }
    const ebb_status status = ebb_text_check(&why);
    ebb_text_clear(&why);
    return status;
}

static ebb_status judge(const session *self, ebb_compare_benchmark *benchmark,
                        ebb_side side, ebb_sample *sample)
{
    switch (sample->kind) {
    case EBB_SAMPLE_EXPIRED: judge_expired(self, benchmark, side, sample); return EBB_OK;
    case EBB_SAMPLE_BROKEN:
        decide_from(benchmark, EBB_GATE_UNKNOWN, side, sample->message);
        return EBB_OK;
    case EBB_SAMPLE_MISSING:
        decide_from(benchmark, EBB_GATE_MISSING, side, sample->message);
        return EBB_OK;
    case EBB_SAMPLE_WRONG:
        decide_from(benchmark, EBB_GATE_WRONG, side, sample->message);
        return EBB_OK;
    case EBB_SAMPLE_DIVERGED: judge_diverged(benchmark, side, sample); return EBB_OK;
    case EBB_SAMPLE_GOOD:
    case EBB_SAMPLE_DISTURBED: break;
    }
    return sample->record == NULL ? EBB_OK : check_record(benchmark, side, sample);
}

/* One process. *ns stays NaN where it gives no time. */
static ebb_status measure_side(double *ns, session *self,
                               ebb_compare_benchmark *benchmark, history *past,
                               ebb_side side)
{
    const uint64_t begin_ns = ebb_clock_now_ns();
    const double left = self->comparison->budget_seconds - elapsed(self);
    if (left <= 1.2 * past->last_seconds) {
        past->out_of_time = true;
        return EBB_OK;
    }
    ebb_sample sample;
    EBB_TRY(ebb_sample_take(
        &sample, &(ebb_sample_plan){
                     .program = self->comparison->paths[side],
                     .name = benchmark->name,
                     .words = (const char *const *)benchmark->words,
                     .micro = self->comparison->micro,
                     .timeout_seconds = fmin(left, self->limits->timeout_seconds),
                     .tick = show_progress,
                     .tick_argument = self,
                 }));
    past->last_seconds = ebb_clock_seconds(begin_ns, ebb_clock_now_ns());
    const ebb_status status = judge(self, benchmark, side, &sample);
    if (sample.kind == EBB_SAMPLE_DISTURBED) {
        snprintf(past->disturbance, sizeof past->disturbance, "%s: %.200s",
                 ebb_side_name(side), sample.message);
    }
    past->out_of_time = sample.kind == EBB_SAMPLE_EXPIRED;
    *ns = sample.ns;
    ebb_sample_clear(&sample);
    return status;
}

static ebb_status add_pair(session *self, ebb_compare_benchmark *benchmark,
                           const double ns[EBB_SIDES])
{
    for (int side = 0; side < EBB_SIDES; side++) {
        EBB_TRY(ebb_times_add(&benchmark->times[side], ns[side]));
    }
    EBB_TRY(ebb_gate_add(&benchmark->gate, log(ns[EBB_CANDIDATE] / ns[EBB_BASELINE])));
    benchmark->interval = ebb_gate_look(&benchmark->gate, share_used(self));
    const ebb_gate_verdict verdict =
        ebb_gate_judge(&benchmark->interval, log1p(self->comparison->threshold), false);
    if (verdict != EBB_GATE_UNKNOWN) {
        ebb_compare_decide(benchmark, verdict, NULL);
    }
    return EBB_OK;
}

/* A pair with a disturbed half is thrown away whole: only neighbours are comparable. */
static ebb_status measure_pair(session *self, ebb_compare_benchmark *benchmark,
                               history *past)
{
    double ns[EBB_SIDES] = {(double)NAN, (double)NAN};
    for (int i = 0; i < EBB_SIDES; i++) {
        const size_t first = benchmark->times[EBB_BASELINE].n % 2;
        const ebb_side side = (size_t)i == first ? EBB_BASELINE : EBB_CANDIDATE;
        EBB_TRY(measure_side(&ns[side], self, benchmark, past, side));
        if (benchmark->decided || past->out_of_time) {
            return EBB_OK;
        }
        /* Both must have run once, so that their results are seen. */
        if (isnan(ns[side]) && benchmark->records[EBB_CANDIDATE] != NULL) {
            break;
        }
    }
    if (isnan(ns[EBB_BASELINE]) || isnan(ns[EBB_CANDIDATE])) {
        benchmark->n_discarded++;
        return EBB_OK;
    }
    return add_pair(self, benchmark, ns);
}

static ebb_status run_rounds(session *self, history *pasts)
{
    ebb_comparison *comparison = self->comparison;
    bool any = true;
    while (any) {
        any = false;
        size_t n_decided = 0;
        for (size_t i = 0; i < comparison->n_benchmarks; i++) {
            n_decided += comparison->benchmarks[i].decided ? 1 : 0;
        }
        snprintf(self->label, sizeof self->label, "%zu of %zu benchmarks decided",
                 n_decided, comparison->n_benchmarks);
        for (size_t i = 0; i < comparison->n_benchmarks; i++) {
            ebb_compare_benchmark *benchmark = &comparison->benchmarks[i];
            if (!benchmark->decided && !pasts[i].out_of_time) {
                any = true;
                EBB_TRY(measure_pair(self, benchmark, &pasts[i]));
            }
        }
    }
    return EBB_OK;
}

/* The last look has what is left of alpha, and no better interval will come. */
static void conclude(const session *self, ebb_compare_benchmark *benchmark,
                     const history *past)
{
    if (benchmark->decided) {
        return;
    }
    benchmark->interval = ebb_gate_look(&benchmark->gate, 1.0);
    const ebb_gate_verdict verdict =
        ebb_gate_judge(&benchmark->interval, log1p(self->comparison->threshold), true);
    const size_t n = benchmark->times[EBB_BASELINE].n;
    benchmark->starved =
        verdict == EBB_GATE_UNKNOWN && !isfinite(benchmark->interval.low);
    if (!benchmark->starved) {
        ebb_compare_decide(benchmark, verdict, NULL);
    } else if (benchmark->n_discarded > 0) {
        ebb_compare_decide(benchmark, verdict, "%zu %s too few, %zu %s disturbed: %s", n,
                           n == 1 ? "pair is" : "pairs are", benchmark->n_discarded,
                           benchmark->n_discarded == 1 ? "was" : "were",
                           past->disturbance);
    } else {
        ebb_compare_decide(benchmark, verdict,
                           "%zu %s too few (remedy: a larger budget, fewer "
                           "benchmarks)",
                           n, n == 1 ? "pair is" : "pairs are");
    }
}

ebb_status ebb_compare_pairs(ebb_comparison *comparison, const ebb_compare_limits *limits,
                             const ebb_arguments *arguments)
{
    session self = {.comparison = comparison, .limits = limits};
    const size_t n = comparison->n_benchmarks;
    history *pasts = calloc(n, sizeof *pasts);
    if (pasts == NULL) {
        return ebb_fail_memory(n * sizeof *pasts);
    }
    for (size_t i = 0; i < n; i++) {
        ebb_gate_init(&comparison->benchmarks[i].gate, ebb_gate_alpha(n));
    }
    ebb_progress_start(&self.progress, ebb_arguments_progress(arguments));
    const ebb_status status = run_rounds(&self, pasts);
    ebb_progress_end(&self.progress);
    for (size_t i = 0; i < n && status == EBB_OK; i++) {
        conclude(&self, &comparison->benchmarks[i], &pasts[i]);
    }
    free(pasts);
    return status;
}
