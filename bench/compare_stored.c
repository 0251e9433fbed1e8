#include "compare_stored.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare_check.h"
#include "output.h"
#include "study/json.h"
#include "study/trials.h"

typedef struct stored {
    ebb_comparison *comparison;
    ebb_trials trials[EBB_SIDES];
} stored;

static ebb_status load_side(stored *self, ebb_side side)
{
    const char *folder = self->comparison->paths[side];
    char *path = ebb_output_path(folder, "trials.jsonl");
    if (path == NULL) {
        return ebb_fail_memory(strlen(folder));
    }
    ebb_trials *trials = &self->trials[side];
    ebb_status status =
        access(path, F_OK) != 0
            ? ebb_fail(EBB_ERR_MISSING,
                       "%s: no such results (allowed: what ebb sweep wrote)", path)
            : ebb_trials_read(trials, path);
    if (status == EBB_OK && trials->n == 0) {
        status = ebb_fail(EBB_ERR_MISSING, "%s: holds no trial", path);
    }
    if (status == EBB_OK && trials->torn_line > 0) {
        ebb_comparison_note(self->comparison, "%s:%zu: incomplete, left out", path,
                            trials->torn_line);
    }
    free(path);
    return status;
}

static const char *fact_of(const ebb_trials_item *item, const char *key)
{
    return ebb_json_get_text(json_object_get(item->record, "environment"), key);
}

static ebb_status check_machines(const stored *self)
{
    const ebb_trials_item *first = &self->trials[EBB_BASELINE].items[0];
    for (int side = 0; side < EBB_SIDES; side++) {
        const ebb_trials *trials = &self->trials[side];
        for (size_t i = 0; i < trials->n; i++) {
            const ebb_trials_item *item = &trials->items[i];
            if (strcmp(item->machine_id, first->machine_id) != 0) {
                return ebb_fail(
                    EBB_ERR_ENVIRONMENT,
                    "%s:%zu: other machine: %.60s (%.16s), the baseline is of "
                    "%.60s (%.16s) (allowed: results of one machine)",
                    trials->path, item->line, fact_of(item, "cpu"), item->machine_id,
                    fact_of(first, "cpu"), first->machine_id);
            }
        }
    }
    return EBB_OK;
}

/* What may shift times beside the builds themselves. */
static void note_environment(const stored *self)
{
    static const char *const keys[] = {"kernel",   "microcode", "governor", "boost",
                                       "onednn",   "libgomp",   "hwloc",    "libc",
                                       "compiler", "flags"};
    const ebb_trials_item *items[EBB_SIDES] = {&self->trials[EBB_BASELINE].items[0],
                                               &self->trials[EBB_CANDIDATE].items[0]};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *values[EBB_SIDES] = {fact_of(items[EBB_BASELINE], keys[i]),
                                         fact_of(items[EBB_CANDIDATE], keys[i])};
        if (strcmp(values[EBB_BASELINE], values[EBB_CANDIDATE]) != 0) {
            ebb_comparison_note(self->comparison, "%s differs: '%.200s' and '%.200s'",
                                keys[i], values[EBB_BASELINE], values[EBB_CANDIDATE]);
        }
    }
    if (strcmp(items[EBB_BASELINE]->build_id, items[EBB_CANDIDATE]->build_id) == 0) {
        ebb_comparison_note(self->comparison, "both are results of build %s",
                            items[EBB_BASELINE]->build_id);
    }
    ebb_comparison_note(
        self->comparison,
        "measured at different times: a drift of the machine is part of every ratio; "
        "ebb compare with two programs measures them in pairs");
}

static bool same_config(const ebb_trials_item *a, const ebb_trials_item *b)
{
    ebb_text why = {0};
    const bool same = strcmp(a->config_hash, b->config_hash) == 0 ||
                      ebb_compare_same_question(&why, a->record, b->record);
    ebb_text_clear(&why);
    return same;
}

/* The first trial with the configuration of item. */
static const ebb_trials_item *find_config(const ebb_trials *trials,
                                          const ebb_trials_item *item)
{
    for (size_t i = 0; i < trials->n; i++) {
        if (same_config(item, &trials->items[i])) {
            return &trials->items[i];
        }
    }
    return NULL;
}

static bool varies(const ebb_trials *trials, const char *key, const json_t *value)
{
    for (size_t i = 0; i < trials->n; i++) {
        if (!json_equal(value, json_object_get(trials->items[i].config, key))) {
            return true;
        }
    }
    return false;
}

/* Appends "threads 2, batch_size 64": the options in which the trials are not all alike.
 * A value that is none is told only where nothing else is: "unlearn none". */
static void append_label(ebb_text *out, const ebb_trials *trials,
                         const ebb_trials_item *item)
{
    const size_t begin = out->length;
    const char *key = NULL;
    const char *empty = NULL;
    json_t *value = NULL;
    json_object_foreach(json_object_get(item->record, "config"), key, value)
    {
        if (!varies(trials, key, value)) {
            continue;
        }
        if (json_is_null(value)) {
            empty = key;
        } else {
            ebb_text_append(out, "%s%s ", out->length == begin ? "" : ", ", key);
            ebb_json_print(out, value);
        }
    }
    if (out->length == begin && empty != NULL) {
        ebb_text_append(out, "%s none", empty);
    } else if (out->length == begin) {
        ebb_text_append(out, "all trials");
    }
}

/* The trial of the other side whose configuration is nearest tells what differs. */
static void decide_missing(ebb_compare_benchmark *benchmark, const ebb_trials *others,
                           const ebb_trials_item *item)
{
    ebb_text why = {0};
    ebb_compare_same_question(&why, item->record, others->items[0].record);
    ebb_compare_decide(benchmark, EBB_GATE_MISSING,
                       "the candidate has no trial of it (its first is of %s)",
                       why.data == NULL ? "another" : why.data);
    ebb_text_clear(&why);
}

static ebb_status add_trials(ebb_compare_benchmark *benchmark, ebb_side side,
                             const ebb_trials *trials, const ebb_trials_item *item)
{
    const ebb_trials_item *first = NULL;
    for (size_t i = 0; i < trials->n; i++) {
        const ebb_trials_item *other = &trials->items[i];
        if (!same_config(item, other)) {
            continue;
        }
        if (first != NULL && strcmp(first->build_id, other->build_id) == 0 &&
            strcmp(first->digest, other->digest) != 0) {
            ebb_compare_decide(
                benchmark, EBB_GATE_WRONG,
                "%s: %s:%zu and %s:%zu are of one configuration but end in "
                "different parameters",
                ebb_side_name(side), trials->path, first->line, trials->path,
                other->line);
        }
        first = first == NULL ? other : first;
        const double p50 =
            ebb_json_get_number(json_object_get(other->record, "step_ns"), "p50");
        if (other->valid && !other->diverged && p50 > 0) {
            EBB_TRY(ebb_times_add(&benchmark->times[side], p50));
        } else {
            benchmark->n_discarded++;
        }
    }
    benchmark->records[side] = first == NULL ? NULL : json_incref(first->record);
    return EBB_OK;
}

static ebb_status add_config(stored *self, const ebb_trials_item *item)
{
    ebb_text label = {0};
    append_label(&label, &self->trials[EBB_BASELINE], item);
    ebb_status status = ebb_text_check(&label);
    ebb_compare_benchmark *benchmark = NULL;
    if (status == EBB_OK) {
        status = ebb_comparison_add(&benchmark, self->comparison, label.data);
    }
    ebb_text_clear(&label);
    for (int side = 0; side < EBB_SIDES && status == EBB_OK; side++) {
        status = add_trials(benchmark, (ebb_side)side, &self->trials[side], item);
    }
    EBB_TRY(status);
    if (benchmark->records[EBB_CANDIDATE] == NULL) {
        decide_missing(benchmark, &self->trials[EBB_CANDIDATE], item);
        return EBB_OK;
    }
    ebb_text why = {0};
    if (!ebb_compare_same_answer(&why, benchmark->records[EBB_BASELINE],
                                 benchmark->records[EBB_CANDIDATE],
                                 ebb_compare_bound_long)) {
        ebb_compare_decide(benchmark, EBB_GATE_WRONG, "%s",
                           why.data == NULL ? "results differ" : why.data);
    }
    status = ebb_text_check(&why);
    ebb_text_clear(&why);
    return status;
}

static ebb_status add_configs(stored *self)
{
    const ebb_trials *baseline = &self->trials[EBB_BASELINE];
    const ebb_trials *candidate = &self->trials[EBB_CANDIDATE];
    for (size_t i = 0; i < baseline->n; i++) {
        if (find_config(baseline, &baseline->items[i]) == &baseline->items[i]) {
            EBB_TRY(add_config(self, &baseline->items[i]));
        }
    }
    for (size_t i = 0; i < candidate->n; i++) {
        const ebb_trials_item *item = &candidate->items[i];
        if (find_config(candidate, item) == item && find_config(baseline, item) == NULL) {
            ebb_text label = {0};
            append_label(&label, candidate, item);
            ebb_comparison_note(self->comparison, "only the candidate has: %s",
                                label.data == NULL ? "" : label.data);
            ebb_text_clear(&label);
        }
    }
    return EBB_OK;
}

static size_t count_open(const ebb_comparison *comparison)
{
    size_t n = 0;
    for (size_t i = 0; i < comparison->n_benchmarks; i++) {
        n += comparison->benchmarks[i].verdict != EBB_GATE_MISSING ? 1 : 0;
    }
    return n;
}

static ebb_status judge(ebb_compare_benchmark *benchmark, double threshold, size_t n)
{
    const ebb_times *baseline = &benchmark->times[EBB_BASELINE];
    const ebb_times *candidate = &benchmark->times[EBB_CANDIDATE];
    const double alpha = ebb_gate_alpha(n);
    EBB_TRY(ebb_gate_groups(&benchmark->interval, baseline->ns, baseline->n,
                            candidate->ns, candidate->n, alpha));
    if (benchmark->decided) {
        return EBB_OK;
    }
    const ebb_gate_verdict verdict =
        ebb_gate_judge(&benchmark->interval, threshold, true);
    if (verdict != EBB_GATE_UNKNOWN || isfinite(benchmark->interval.low)) {
        ebb_compare_decide(benchmark, verdict, NULL);
    } else {
        const size_t needed = ebb_gate_groups_needed(alpha);
        benchmark->starved = true;
        ebb_compare_decide(benchmark, verdict,
                           "%zu and %zu valid trials carry no 95 %% interval (needed: "
                           "%zu and %zu for %zu configuration%s)",
                           baseline->n, candidate->n, needed, needed, n,
                           n == 1 ? "" : "s");
    }
    return EBB_OK;
}

static ebb_status compare_loaded(stored *self)
{
    EBB_TRY(load_side(self, EBB_BASELINE));
    EBB_TRY(load_side(self, EBB_CANDIDATE));
    EBB_TRY(check_machines(self));
    note_environment(self);
    EBB_TRY(add_configs(self));
    const size_t n = count_open(self->comparison);
    for (size_t i = 0; i < self->comparison->n_benchmarks; i++) {
        EBB_TRY(judge(&self->comparison->benchmarks[i],
                      log1p(self->comparison->threshold), n > 0 ? n : 1));
    }
    return EBB_OK;
}

ebb_status ebb_compare_stored(ebb_comparison *comparison)
{
    stored self = {.comparison = comparison};
    const ebb_status status = compare_loaded(&self);
    ebb_trials_clear(&self.trials[EBB_BASELINE]);
    ebb_trials_clear(&self.trials[EBB_CANDIDATE]);
    return status;
}
