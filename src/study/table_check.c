/* table_check.c - the judgement of a group of trials. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "study/json.h"
#include "study/table.h"
#include "study/table_key.h"

enum { MAX_LISTED = 10 };

typedef struct check {
    ebb_text *verdict;
    const ebb_trials *trials;
    size_t n_groups, n_alone;  /* groups of equal bits; those of one trial */
    size_t n_differ;           /* trials that differ from the first of their group */
    size_t n_paired, n_strays; /* compared with another algorithm; differ from it */
} check;

static void name_trial(ebb_text *out, const ebb_trials *trials, ebb_table__trial trial)
{
    ebb_text_append(out, "%s:%zu (%s, threads %zu, repetition %zu)", trials->path,
                    trial->line, trial->algorithm, trial->threads, trial->repetition);
}

/* Number of the first task after which the digests differ, among the first n; 0: none. */
static size_t first_difference(ebb_table__trial a, ebb_table__trial b, size_t n)
{
    const json_t *x = json_object_get(a->record, "task_digests");
    const json_t *y = json_object_get(b->record, "task_digests");
    for (size_t t = 0; t < n && t < a->n_tasks && t < b->n_tasks; t++) {
        if (!json_equal(json_array_get(x, t), json_array_get(y, t))) {
            return t + 1;
        }
    }
    return 0;
}

static void report(check *c, ebb_table__trial trial, ebb_table__trial reference,
                   const char *what, size_t task)
{
    ebb_text line = {0};
    name_trial(&line, c->trials, trial);
    ebb_text_append(&line, " differs from ");
    name_trial(&line, c->trials, reference);
    ebb_text_append(&line, " in its %s", what);
    if (task > 0) {
        ebb_text_append(&line, " after task %zu", task);
    }
    if (line.data != NULL && !line.failed) {
        ebb_text_append(c->verdict, "WRONG: %s\n", line.data);
        if (c->n_differ + c->n_strays == 1) {
            ebb_fail(EBB_ERR_WRONG, "%s", line.data);
        }
    }
    ebb_text_clear(&line);
}

static void compare_in_group(check *c, ebb_table__trial trial, ebb_table__trial reference)
{
    static const char *const members[] = {"digest", "accuracy", "loss"};
    const size_t task = first_difference(trial, reference, trial->n_tasks);
    const char *what = task > 0 ? "digest" : NULL;
    for (size_t i = 0; i < 3 && what == NULL; i++) {
        if (!json_equal(json_object_get(trial->record, members[i]),
                        json_object_get(reference->record, members[i]))) {
            what = members[i];
        }
    }
    if (what != NULL) {
        c->n_differ++;
        if (c->n_differ <= MAX_LISTED) {
            report(c, trial, reference, what, task);
        }
    }
}

static int compare_groups(const void *a, const void *b)
{
    const ebb_table__trial x = *(const ebb_table__trial *)a;
    const ebb_table__trial y = *(const ebb_table__trial *)b;
    int order = strcmp(x->group, y->group);
    order = order != 0 ? order : strcmp(x->build_id, y->build_id);
    order = order != 0 ? order : strcmp(x->machine_id, y->machine_id);
    if (order == 0 && !x->same_bits) {
        order = (x->threads > y->threads) - (x->threads < y->threads);
    }
    return order;
}

static int compare_groups_then_lines(const void *a, const void *b)
{
    const ebb_table__trial x = *(const ebb_table__trial *)a;
    const ebb_table__trial y = *(const ebb_table__trial *)b;
    const int order = compare_groups(a, b);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static void check_groups(check *c, const ebb_table__trial *sorted, size_t n)
{
    for (size_t begin = 0, end = 0; begin < n; begin = end) {
        for (end = begin + 1; end < n; end++) {
            if (compare_groups(&sorted[begin], &sorted[end]) != 0) {
                break;
            }
            compare_in_group(c, sorted[end], sorted[begin]);
        }
        c->n_groups++;
        c->n_alone += end == begin + 1;
    }
}

/* Every trial of a class that differs in unlearning only, against the one whose first
 * request comes last: up to the earlier of both first requests they did the same. */
static void check_class(check *c, const ebb_table__trial *trials, size_t n)
{
    ebb_table__trial reference = trials[0];
    for (size_t i = 1; i < n; i++) {
        if (ebb_trials_first_request(trials[i]) > ebb_trials_first_request(reference)) {
            reference = trials[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(trials[i]->group, reference->group) == 0) {
            continue;
        }
        const size_t first = ebb_trials_first_request(trials[i]);
        const size_t n_equal = first == SIZE_MAX ? trials[i]->n_tasks : first - 1;
        const size_t task = first_difference(trials[i], reference, n_equal);
        c->n_paired++;
        if (task > 0) {
            c->n_strays++;
            if (c->n_strays <= MAX_LISTED) {
                report(c, trials[i], reference, "digest", task);
            }
        }
    }
}

static const char *const no_keys[] = {NULL};
static const char *const not_in_class[] = {
    "algorithm", "unlearn",      "unlearn_age", "unlearn_mode",     "disable_unlearning",
    "placement", "warmup_steps", "profile",     "batch_per_thread", NULL};
static const char *const threads_last[] = {"threads", NULL};

static ebb_status check_algorithms(check *c, const ebb_trials *complete)
{
    ebb_table__keys keys;
    ebb_table__keys_make(&keys, no_keys, not_in_class, threads_last);
    ebb_table__trial *sorted = NULL;
    EBB_TRY(ebb_table__sort(&sorted, complete, &keys));
    for (size_t begin = 0, end = 0; begin < complete->n; begin = end) {
        const size_t n_keys = keys.n - (sorted[begin]->same_bits ? 1 : 0);
        end = ebb_table__run_end(sorted, begin, complete->n, &keys, n_keys);
        check_class(c, sorted + begin, end - begin);
    }
    free(sorted);
    return EBB_OK;
}

static void conclude(check *c)
{
    ebb_text *out = c->verdict;
    if (c->n_groups == 0) {
        ebb_text_append(out, "digests: no trial to compare\n");
    } else if (c->n_alone == c->n_groups) {
        ebb_text_append(out, "digests: nothing to compare, each group is one trial\n");
    } else if (c->n_differ == 0) {
        ebb_text_append(
            out,
            "digests: equal over threads, placements and repetitions (groups: %zu)\n",
            c->n_groups);
    } else {
        ebb_text_append(out,
                        "digests: WRONG in %zu of %zu trials, which must equal the first "
                        "of their group\n",
                        c->n_differ, c->trials->n);
    }
    if (c->n_paired > 0 && c->n_strays == 0) {
        ebb_text_append(out,
                        "algorithms: equal digests up to the first unlearning request "
                        "(trials compared: %zu)\n",
                        c->n_paired);
    } else if (c->n_paired > 0) {
        ebb_text_append(out,
                        "algorithms: WRONG in %zu of %zu trials, whose digests must be "
                        "equal up to the first unlearning request\n",
                        c->n_strays, c->n_paired);
    }
}

/* The trials that have something to compare, borrowed from the list. */
static ebb_status find_complete(ebb_trials *out, const ebb_trials *trials)
{
    *out = (ebb_trials){.path = trials->path};
    out->items = calloc(trials->n + 1, sizeof *out->items);
    if (out->items == NULL) {
        return ebb_fail_memory(trials->n * sizeof *out->items);
    }
    for (size_t i = 0; i < trials->n; i++) {
        if (!trials->items[i].diverged) {
            out->items[out->n++] = trials->items[i];
        }
    }
    return EBB_OK;
}

static ebb_status check_digests(ebb_text *verdict, const ebb_trials *complete)
{
    check c = {.verdict = verdict, .trials = complete};
    ebb_table__trial *sorted = calloc(complete->n + 1, sizeof *sorted);
    if (sorted == NULL) {
        return ebb_fail_memory(complete->n * sizeof *sorted);
    }
    for (size_t i = 0; i < complete->n; i++) {
        sorted[i] = &complete->items[i];
    }
    qsort(sorted, complete->n, sizeof *sorted, compare_groups_then_lines);
    check_groups(&c, sorted, complete->n);
    free(sorted);
    EBB_TRY(check_algorithms(&c, complete));
    conclude(&c);
    return c.n_differ + c.n_strays > 0 ? EBB_ERR_WRONG : EBB_OK;
}

/* A metric that is undefined for a trial that did not diverge is not judged. */
static ebb_status check_band(ebb_text *verdict, const ebb_trials *trials,
                             const ebb_band *band)
{
    size_t n_judged = 0;
    size_t n_outside = 0;
    ebb_text first = {0};
    for (size_t i = 0; i < trials->n; i++) {
        const ebb_trials_item *item = &trials->items[i];
        const json_t *metrics = json_object_get(item->record, "metrics");
        const double value = ebb_json_get_number(metrics, band->metric);
        n_judged += item->diverged || !isnan(value);
        if (item->diverged || value < band->low || value > band->high) {
            n_outside++;
            if (n_outside == 1) {
                name_trial(&first, trials, item);
                ebb_text_append(&first, ": %s is %.4f (%g to %g)", band->metric, value,
                                band->low, band->high);
            }
        }
    }
    ebb_text_append(verdict, "%s: %zu of %zu trials in the expected band, %g to %g\n",
                    band->metric, n_judged - n_outside, n_judged, band->low, band->high);
    ebb_status status = ebb_text_check(&first);
    if (status == EBB_OK && n_outside > 0) {
        ebb_text_append(verdict, "FAILED: %s\n", first.data);
        status = ebb_fail(EBB_ERR_FAILED, "%s", first.data);
    }
    ebb_text_clear(&first);
    return status;
}

ebb_status ebb_table_check(ebb_text *verdict, const ebb_trials *trials,
                           const ebb_band *bands, size_t n)
{
    ebb_trials complete;
    EBB_TRY(find_complete(&complete, trials));
    /* Bands come last in the verdict, but a difference is the error that is told. */
    ebb_text in_bands = {0};
    ebb_status band_status = EBB_OK;
    for (size_t i = 0; i < n && band_status != EBB_ERR_ENVIRONMENT; i++) {
        const ebb_status status = check_band(&in_bands, trials, &bands[i]);
        band_status = status != EBB_OK ? status : band_status;
    }
    const ebb_status status = check_digests(verdict, &complete);
    if (in_bands.data != NULL) {
        ebb_text_append(verdict, "%s", in_bands.data);
    }
    ebb_text_clear(&in_bands);
    free(complete.items);
    EBB_TRY(ebb_text_check(verdict));
    return status != EBB_OK ? status : band_status;
}
