#include "study/table_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "machine/spread.h"
#include "study/json.h"
#include "study/verdict.h"

static const double LOW_PEAK =
    0.9; /* of the best: what two peaks of a trial may differ */

/* Of the numbers of one member of the valid trials, *n of them. values has room. */
static ebb_spread collect(double *values, size_t *n, const ebb_table__row *r,
                          const char *object, const char *member)
{
    *n = 0;
    for (size_t i = 0; i < r->n; i++) {
        const json_t *record = r->trials[i]->record;
        const json_t *parent = object != NULL ? json_object_get(record, object) : record;
        const double value = ebb_json_get_number(parent, member);
        if (r->trials[i]->valid && !isnan(value)) {
            values[(*n)++] = value;
        }
    }
    return ebb_spread_of(values, *n);
}

static double median_member(double *values, const ebb_table__row *r, const char *object,
                            const char *member)
{
    size_t n = 0;
    return collect(values, &n, r, object, member).median;
}

static bool same_cpus(ebb_table__trial a, ebb_table__trial b)
{
    return a->threads == b->threads && strcmp(a->machine_id, b->machine_id) == 0 &&
           strcmp(a->placement, b->placement) == 0;
}

double ebb_table__best_peak(const ebb_trials *trials, ebb_table__trial like)
{
    double best = (double)NAN;
    for (size_t i = 0; i < trials->n; i++) {
        const ebb_trials_item *item = &trials->items[i];
        if (item->valid && same_cpus(item, like)) {
            best = fmax(best, ebb_json_get_number(item->record, "peak_gflops"));
        }
    }
    return best;
}

static void measure_peak(ebb_table__row *r, const ebb_trials *trials)
{
    r->peak_gflops =
        r->n_valid > 0 ? ebb_table__best_peak(trials, r->trials[0]) : (double)NAN;
    for (size_t i = 0; i < r->n; i++) {
        const double own = ebb_json_get_number(r->trials[i]->record, "peak_gflops");
        r->n_low_peaks += r->trials[i]->valid && own < LOW_PEAK * r->peak_gflops;
    }
}

/* values has room for r->n numbers. */
static void measure(ebb_table__row *r, double *values, const ebb_trials *trials)
{
    size_t n = 0;
    const ebb_spread p50 = collect(values, &n, r, "step_ns", "p50");
    r->p50_ns = p50.median;
    r->low_ns = p50.low;
    r->high_ns = p50.high;
    if (n == 1) {
        r->low_ns = median_member(values, r, "step_ns", "p50_low");
        r->high_ns = median_member(values, r, "step_ns", "p50_high");
    }
    r->p90_ns = median_member(values, r, "step_ns", "p90");
    r->p99_ns = median_member(values, r, "step_ns", "p99");
    r->flop = median_member(values, r, NULL, "step_flop");
    r->bytes = median_member(values, r, NULL, "step_bytes");
    r->arena_bytes = median_member(values, r, NULL, "arena_bytes");
    measure_peak(r, trials);
    r->batch = ebb_json_get_number(r->trials[0]->config, "batch_size");
    r->samples_per_second = r->batch * 1e9 / r->p50_ns;
    r->gflops = r->flop / r->p50_ns;
    r->peak_fraction = r->gflops / r->peak_gflops;
    r->peak_disturbed = !ebb_verdict_is_share(r->peak_fraction);
    if (r->peak_disturbed) { /* no roof stands below what is under it */
        r->peak_gflops = r->peak_fraction = (double)NAN;
    }
}

static void relate_to_base(ebb_table__row *r, const ebb_table__row *base)
{
    r->base_threads = base->threads;
    r->base_p50_ns = base->p50_ns;
    r->base_peak_gflops = base->peak_gflops;
    r->base_batch = base->batch;
    r->speed_up = r->samples_per_second / base->samples_per_second;
    r->efficiency = r->speed_up * (double)base->threads / (double)r->threads;
}

static void relate_curves(ebb_table__rows *all)
{
    const ebb_table__row *base = NULL;
    for (size_t i = 0; i < all->n; i++) {
        ebb_table__row *r = &all->items[i];
        const bool new_curve =
            i == 0 || ebb_table__compare(all->firsts[i - 1], all->firsts[i], &all->keys,
                                         all->keys.n - 1) != 0;
        if (new_curve) {
            base = NULL;
        }
        if (base == NULL && !isnan(r->p50_ns)) {
            base = r;
        }
        r->speed_up = r->efficiency = (double)NAN;
        r->base_p50_ns = r->base_batch = r->base_peak_gflops = (double)NAN;
        if (base != NULL) {
            relate_to_base(r, base);
        }
    }
}

void ebb_table__rows_clear(ebb_table__rows *all)
{
    free(all->items);
    free(all->firsts);
    free(all->sorted);
    *all = (ebb_table__rows){0};
}

static void fill_rows(ebb_table__rows *all, const ebb_trials *trials, double *values)
{
    const size_t n_trials = trials->n;
    for (size_t begin = 0, end = 0; begin < n_trials; begin = end) {
        end = ebb_table__run_end(all->sorted, begin, n_trials, &all->keys, all->keys.n);
        ebb_table__row *r = &all->items[all->n];
        *r = (ebb_table__row){.trials = all->sorted + begin, .n = end - begin};
        r->threads = r->trials[0]->threads;
        for (size_t i = 0; i < r->n; i++) {
            r->n_valid += r->trials[i]->valid;
        }
        measure(r, values, trials);
        all->firsts[all->n++] = r->trials[0];
    }
    relate_curves(all);
}

static const char *const first_keys[] = {"algorithm",  "strategy",  "batch_per_thread",
                                         "batch_size", "placement", NULL};
static const char *const without_keys[] = {"seed", NULL};
static const char *const last_keys[] = {"threads", NULL};

ebb_status ebb_table__rows_make(ebb_table__rows *all, const ebb_trials *trials)
{
    *all = (ebb_table__rows){0};
    ebb_table__keys_make(&all->keys, first_keys, without_keys, last_keys);
    all->keys.of_work = true;
    EBB_TRY(ebb_table__sort(&all->sorted, trials, &all->keys));
    all->items = calloc(trials->n + 1, sizeof *all->items);
    all->firsts = calloc(trials->n + 1, sizeof *all->firsts);
    double *values = calloc(trials->n + 1, sizeof *values);
    if (all->items == NULL || all->firsts == NULL || values == NULL) {
        free(values);
        ebb_table__rows_clear(all);
        return ebb_fail_memory(trials->n * sizeof *all->items);
    }
    fill_rows(all, trials, values);
    free(values);
    return EBB_OK;
}

ebb_status ebb_table__render_rows(ebb_text *out, const ebb_trials *trials,
                                  ebb_format format, ebb_table__rows_fn render)
{
    ebb_table__rows all;
    EBB_TRY(ebb_table__rows_make(&all, trials));
    const ebb_status status = render(out, trials, &all, format);
    ebb_table__rows_clear(&all);
    return status;
}
