#include "compare.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *ebb_side_name(ebb_side side)
{
    return side == EBB_BASELINE ? "baseline" : "candidate";
}

ebb_status ebb_times_add(ebb_times *times, double ns)
{
    if (times->n == times->capacity) {
        const size_t capacity = times->capacity == 0 ? 64 : 2 * times->capacity;
        double *more = realloc(times->ns, capacity * sizeof *more);
        if (more == NULL) {
            return ebb_fail_memory(capacity * sizeof *more);
        }
        times->ns = more;
        times->capacity = capacity;
    }
    times->ns[times->n++] = ns;
    return EBB_OK;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double ebb_times_median(const ebb_times *times)
{
    double *sorted = times->n == 0 ? NULL : malloc(times->n * sizeof *sorted);
    if (sorted == NULL) {
        return (double)NAN;
    }
    memcpy(sorted, times->ns, times->n * sizeof *sorted);
    qsort(sorted, times->n, sizeof *sorted, compare_doubles);
    const double median = 0.5 * (sorted[(times->n - 1) / 2] + sorted[times->n / 2]);
    free(sorted);
    return median;
}

void ebb_times_clear(ebb_times *times)
{
    free(times->ns);
    *times = (ebb_times){0};
}

ebb_status ebb_comparison_add(ebb_compare_benchmark **out, ebb_comparison *comparison,
                              const char *name)
{
    *out = NULL;
    const size_t n = comparison->n_benchmarks + 1;
    ebb_compare_benchmark *benchmarks =
        realloc(comparison->benchmarks, n * sizeof *benchmarks);
    if (benchmarks == NULL) {
        return ebb_fail_memory(n * sizeof *benchmarks);
    }
    comparison->benchmarks = benchmarks;
    char *copy = strdup(name);
    if (copy == NULL) {
        return ebb_fail_memory(strlen(name) + 1);
    }
    benchmarks[n - 1] = (ebb_compare_benchmark){
        .name = copy,
        .interval = {(double)NAN, -(double)INFINITY, (double)INFINITY},
        .verdict = EBB_GATE_UNKNOWN,
    };
    comparison->n_benchmarks = n;
    *out = &benchmarks[n - 1];
    return EBB_OK;
}

void ebb_compare_decide(ebb_compare_benchmark *benchmark, ebb_gate_verdict verdict,
                        const char *format, ...)
{
    benchmark->verdict = verdict;
    benchmark->decided = true;
    if (format == NULL) {
        return;
    }
    char text[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    free(benchmark->message);
    benchmark->message = strdup(text); /* without memory the verdict stands alone */
}

void ebb_comparison_note(ebb_comparison *comparison, const char *format, ...)
{
    char text[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (comparison->notes == NULL) {
        comparison->notes = json_array();
    }
    size_t i = 0;
    const json_t *note = NULL;
    json_array_foreach(comparison->notes, i, note)
    {
        if (strcmp(json_string_value(note), text) == 0) {
            return;
        }
    }
    json_array_append_new(comparison->notes, json_string(text));
}

void ebb_comparison_conclude(ebb_comparison *comparison)
{
    comparison->verdict =
        comparison->n_benchmarks == 0 ? EBB_GATE_MISSING : EBB_GATE_SAME;
    for (size_t i = 0; i < comparison->n_benchmarks; i++) {
        const ebb_gate_verdict verdict = comparison->benchmarks[i].verdict;
        comparison->verdict =
            verdict > comparison->verdict ? verdict : comparison->verdict;
    }
}

const ebb_compare_benchmark *ebb_comparison_gravest(size_t *n,
                                                    const ebb_comparison *comparison)
{
    const ebb_compare_benchmark *first = NULL;
    *n = 0;
    for (size_t i = 0; i < comparison->n_benchmarks; i++) {
        if (comparison->benchmarks[i].verdict == comparison->verdict) {
            first = first == NULL ? &comparison->benchmarks[i] : first;
            ++*n;
        }
    }
    return first;
}

/* What a benchmark without a message has to say. */
static void describe(char out[256], const ebb_comparison *self,
                     const ebb_compare_benchmark *benchmark)
{
    const ebb_gate_interval *interval = &benchmark->interval;
    if (benchmark->message != NULL) {
        snprintf(out, 256, "%s", benchmark->message);
    } else if (isfinite(interval->low)) {
        snprintf(out, 256, "ratio %.4f [%.4f, %.4f], threshold %.4g %%",
                 exp(interval->median), exp(interval->low), exp(interval->high),
                 100.0 * self->threshold);
    } else {
        const size_t n = benchmark->times[EBB_CANDIDATE].n;
        snprintf(out, 256, "%zu pair%s, too few for an interval", n, n == 1 ? "" : "s");
    }
}

ebb_status ebb_comparison_status(const ebb_comparison *comparison)
{
    static const ebb_status statuses[] = {
        [EBB_GATE_SAME] = EBB_OK,
        [EBB_GATE_FASTER] = EBB_OK,
        [EBB_GATE_UNKNOWN] = EBB_ERR_ENVIRONMENT,
        [EBB_GATE_SLOWER] = EBB_ERR_FAILED,
        [EBB_GATE_MISSING] = EBB_ERR_MISSING,
        [EBB_GATE_WRONG] = EBB_ERR_WRONG,
    };
    const ebb_status status = statuses[comparison->verdict];
    if (status == EBB_OK) {
        return EBB_OK;
    }
    size_t n = 0;
    const ebb_compare_benchmark *first = ebb_comparison_gravest(&n, comparison);
    if (first == NULL) {
        return ebb_fail(status, "compare: no benchmark to compare");
    }
    char what[256];
    describe(what, comparison, first);
    return ebb_fail(status, "compare: %s: %s (%zu of %zu benchmarks): %s",
                    ebb_gate_verdict_name(comparison->verdict), first->name, n,
                    comparison->n_benchmarks, what);
}

void ebb_comparison_clear(ebb_comparison *comparison)
{
    for (size_t i = 0; i < comparison->n_benchmarks; i++) {
        ebb_compare_benchmark *benchmark = &comparison->benchmarks[i];
        for (size_t k = 0; benchmark->words != NULL && benchmark->words[k] != NULL; k++) {
            free(benchmark->words[k]);
        }
        free(benchmark->words);
        for (int side = 0; side < EBB_SIDES; side++) {
            ebb_times_clear(&benchmark->times[side]);
            json_decref(benchmark->records[side]);
        }
        ebb_gate_clear(&benchmark->gate);
        free(benchmark->message);
        free(benchmark->name);
    }
    free(comparison->benchmarks);
    json_decref(comparison->notes);
    *comparison = (ebb_comparison){0};
}

double ebb_compare_detectable(const ebb_comparison *comparison,
                              const ebb_compare_benchmark *benchmark)
{
    const ebb_gate_interval *interval = &benchmark->interval;
    return isfinite(interval->low)
               ? (1.0 + comparison->threshold) * exp(interval->median - interval->low) -
                     1.0
               : (double)NAN;
}
