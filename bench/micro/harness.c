#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "machine/roofs.h"
#include "room.h"

enum {
    MAX_TEAMS = 14,
    /* One call of run: long beside opening a region, short beside the time of an entry.
     */
    BATCH_NS = 300000,
    MAX_BATCH = 1000000,
};

/* One benchmark with all combinations of its arguments. */
typedef struct listed {
    ebb_harness *harness;
    const ebb_micro_kind *kind;
    char name[EBB_MICRO_NAME_BYTES];
    size_t variant[2];
    size_t n_args, n_sets;
    int64_t *args; /* n_sets x n_args, owned */
} listed;

struct ebb_micro_list {
    ebb_harness *harness;
    listed **entries; /* owned */
    size_t n;
    int64_t ladder[MAX_TEAMS];
    size_t n_ladder;
};

/* The fixture that is open; NULL: none. */
typedef struct opened {
    const listed *entry;
    int64_t args[EBB_MICRO_MAX_ARGS];
    void *fixture;
    ebb_micro_work work;
} opened;

struct ebb_harness {
    ebb_micro_list list;
    ebb_room *room;
    opened open;
    bool wrong, broken;
};

/* ---- list ---------------------------------------------------------------------------
 */

static void list_ladder(ebb_micro_list *list, const ebb_topology *topology)
{
    size_t sizes[MAX_TEAMS];
    list->n_ladder = ebb_roofs_ladder(sizes, MAX_TEAMS, topology);
    for (size_t i = 0; i < list->n_ladder; i++) {
        list->ladder[i] = (int64_t)sizes[i];
    }
}

/* The threads that the kind can have: a tail of the ladder. */
static ebb_micro_axis threads_of(const ebb_micro_list *list, const ebb_micro_kind *kind)
{
    size_t first = 0;
    while (first < list->n_ladder && list->ladder[first] < (int64_t)kind->min_threads) {
        first++;
    }
    return (ebb_micro_axis){list->ladder + first, list->n_ladder - first};
}

/* All combinations, the last argument slowest: the team changes least often. */
static ebb_status combine(listed *entry, const ebb_micro_axis *axes)
{
    entry->n_sets = 1;
    for (size_t i = 0; i < entry->n_args; i++) {
        entry->n_sets *= axes[i].n;
    }
    entry->args = calloc(entry->n_sets * entry->n_args + 1, sizeof *entry->args);
    if (entry->args == NULL) {
        return ebb_fail_memory(entry->n_sets * entry->n_args * sizeof *entry->args);
    }
    for (size_t set = 0; set < entry->n_sets; set++) {
        size_t rest = set;
        for (size_t i = 0; i < entry->n_args; i++) {
            entry->args[set * entry->n_args + i] = axes[i].values[rest % axes[i].n];
            rest /= axes[i].n;
        }
    }
    return EBB_OK;
}

static ebb_status append(ebb_micro_list *list, listed *entry)
{
    listed **entries = realloc(list->entries, (list->n + 1) * sizeof *entries);
    if (entries == NULL) {
        return ebb_fail_memory((list->n + 1) * sizeof *entries);
    }
    list->entries = entries;
    entries[list->n++] = entry;
    return EBB_OK;
}

ebb_status ebb_micro_add(ebb_micro_list *list, const ebb_micro_kind *kind,
                         const char *name, const size_t variant[2],
                         const ebb_micro_axis *axes)
{
    ebb_micro_axis all[EBB_MICRO_MAX_ARGS] = {{NULL, 0}};
    listed *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        return ebb_fail_memory(sizeof *entry);
    }
    *entry = (listed){.harness = list->harness, .kind = kind};
    snprintf(entry->name, sizeof entry->name, "%s", name);
    if (variant != NULL) {
        memcpy(entry->variant, variant, sizeof entry->variant);
    }
    for (; kind->arg_names[entry->n_args] != NULL; entry->n_args++) {
        const bool last = kind->arg_names[entry->n_args + 1] == NULL;
        all[entry->n_args] =
            last && kind->uses_team ? threads_of(list, kind) : axes[entry->n_args];
    }
    ebb_status status = combine(entry, all);
    if (status == EBB_OK) {
        status = append(list, entry);
    }
    if (status != EBB_OK) {
        free(entry->args);
        free(entry);
    }
    return status;
}

/* ---- one entry ----------------------------------------------------------------------
 */

static void close_fixture(ebb_harness *harness)
{
    if (harness->open.entry != NULL) {
        harness->open.entry->kind->close(harness->open.fixture);
    }
    harness->open = (opened){.entry = NULL};
}

static bool is_open(const opened *open, const listed *entry, const int64_t *args)
{
    return open->entry == entry &&
           memcmp(open->args, args, entry->n_args * sizeof *args) == 0;
}

static ebb_status open_fixture(ebb_harness *harness, const listed *entry,
                               const int64_t *args)
{
    const ebb_micro_kind *kind = entry->kind;
    ebb_micro_call call = {.name = entry->name,
                           .args = args,
                           .variant = {entry->variant[0], entry->variant[1]}};
    close_fixture(harness);
    if (kind->uses_team) {
        EBB_TRY(
            ebb_room_team(&call.team, harness->room, (size_t)args[entry->n_args - 1]));
    }
    opened *open = &harness->open;
    EBB_TRY(kind->open(&open->fixture, &open->work, &call));
    open->entry = entry;
    memcpy(open->args, args, entry->n_args * sizeof *args);
    return EBB_OK;
}

static ebb_status run_some(uint64_t *elapsed_ns, const opened *open, int64_t n)
{
    const ebb_micro_kind *kind = open->entry->kind;
    if (kind->rewind != NULL) {
        EBB_TRY(kind->rewind(open->fixture));
    }
    const uint64_t start_ns = ebb_clock_now_ns();
    const ebb_status status = kind->run(open->fixture, n);
    *elapsed_ns = ebb_clock_now_ns() - start_ns;
    return status;
}

/* Wakes the threads, fills the caches, and finds out how many iterations make a batch. */
static ebb_status warm_up(opened *open)
{
    uint64_t elapsed_ns = 0;
    EBB_TRY(run_some(&elapsed_ns, open, 1));
    for (int64_t n = 1; open->work.batch == 0; n *= 4) {
        EBB_TRY(run_some(&elapsed_ns, open, n));
        if (elapsed_ns > BATCH_NS / 8 || n > MAX_BATCH / 4) {
            const double fit = BATCH_NS / ((double)elapsed_ns + 1.0) * (double)n;
            open->work.batch = fit > 1.0 ? (int64_t)fit : 1;
        }
    }
    return EBB_OK;
}

static ebb_status run_loop(uint64_t *elapsed_ns, ebb_shim_state *state,
                           const opened *open)
{
    int64_t n = 0;
    while ((n = ebb_shim_keep_running(state, open->work.batch)) > 0) {
        uint64_t batch_ns = 0;
        if (open->entry->kind->rewind != NULL) {
            (void)ebb_shim_pause(state);
            EBB_TRY(open->entry->kind->rewind(open->fixture));
            (void)ebb_shim_resume(state);
        }
        const uint64_t start_ns = ebb_clock_now_ns();
        EBB_TRY(open->entry->kind->run(open->fixture, n));
        batch_ns = ebb_clock_now_ns() - start_ns;
        *elapsed_ns += batch_ns;
    }
    return EBB_OK;
}

/* ---- counters -----------------------------------------------------------------------
 */

typedef struct roof_value {
    double value;
    const char *rate_name, *roof_name;
} roof_value;

static ebb_status measure_roof(roof_value *out, ebb_harness *harness)
{
    const ebb_micro_work *work = &harness->open.work;
    switch (work->roof) {
    case EBB_MICRO_FMA:
        out->rate_name = "gflops";
        out->roof_name = "roof_gflops";
        return ebb_room_fma_gflops(&out->value, harness->room);
    case EBB_MICRO_STREAM:
        out->rate_name = "gbs";
        out->roof_name = "roof_gbs";
        return ebb_room_stream_gbs(&out->value, harness->room, work->footprint_bytes);
    case EBB_MICRO_HANDOVER:
        out->rate_name = NULL;
        out->roof_name = "handover_ns";
        return ebb_room_handover_ns(&out->value, harness->room);
    }
    return EBB_OK;
}

static int compare_ns(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* A mean that is far from the median tells that something else ran meanwhile. */
static const double MAX_SKEW = 1.5;

static void set_percentiles(ebb_shim_state *state, const opened *open, double mean_ns)
{
    uint64_t *samples = NULL;
    const size_t n = open->entry->kind->samples(open->fixture, &samples);
    if (n > 0) {
        qsort(samples, n, sizeof *samples, compare_ns);
        const uint64_t median_ns = samples[n / 2];
        const double p50_ns = (double)median_ns;
        (void)ebb_shim_set_counter(state, "p50_us", p50_ns / 1e3, EBB_SHIM_PLAIN);
        if (mean_ns > MAX_SKEW * p50_ns || p50_ns > MAX_SKEW * mean_ns) {
            (void)ebb_shim_set_label(state, "disturbed");
        }
    }
}

/* share: of what the roof allows, 1 at best but for noise. */
static void set_counters(ebb_shim_state *state, const opened *open,
                         const roof_value *roof, uint64_t elapsed_ns)
{
    const double n = (double)ebb_shim_iterations(state);
    const double each_ns = (double)elapsed_ns / n;
    const double rate = open->work.amount / each_ns;
    const double share = roof->rate_name != NULL
                             ? rate / roof->value
                             : open->work.amount * roof->value / each_ns;
    if (roof->rate_name != NULL) {
        (void)ebb_shim_set_counter(state, roof->rate_name, rate, EBB_SHIM_PLAIN);
    }
    (void)ebb_shim_set_counter(state, roof->roof_name, roof->value, EBB_SHIM_PLAIN);
    (void)ebb_shim_set_counter(state, "roof_share", share, EBB_SHIM_PLAIN);
    if (open->work.items > 0.0) {
        (void)ebb_shim_set_items(state, (int64_t)(open->work.items * n));
    }
    if (open->entry->kind->samples != NULL) {
        set_percentiles(state, open, each_ns);
    }
}

static ebb_status enter(ebb_shim_state *state, listed *entry)
{
    ebb_harness *harness = entry->harness;
    int64_t args[EBB_MICRO_MAX_ARGS] = {0};
    for (size_t i = 0; i < entry->n_args; i++) {
        args[i] = ebb_shim_argument(state, i);
    }
    if (!is_open(&harness->open, entry, args)) {
        EBB_TRY(open_fixture(harness, entry, args));
    }
    roof_value roof = {0.0, NULL, NULL};
    uint64_t elapsed_ns = 0;
    EBB_TRY(measure_roof(&roof, harness));
    EBB_TRY(warm_up(&harness->open));
    if (entry->kind->begin != NULL) {
        entry->kind->begin(harness->open.fixture);
    }
    EBB_TRY(run_loop(&elapsed_ns, state, &harness->open));
    EBB_TRY(entry->kind->check(harness->open.fixture));
    EBB_TRY(ebb_room_check(harness->room));
    set_counters(state, &harness->open, &roof, elapsed_ns);
    return EBB_OK;
}

static int run_entry(ebb_shim_state *state, void *user)
{
    listed *entry = user;
    const ebb_status status = enter(state, entry);
    if (status == EBB_OK) {
        return 0;
    }
    if (status == EBB_ERR_MISSING) {
        ebb_shim_skip(state, ebb_last_error());
        return 0;
    }
    entry->harness->wrong = entry->harness->wrong || status == EBB_ERR_WRONG;
    entry->harness->broken = entry->harness->broken || status != EBB_ERR_WRONG;
    ebb_shim_fail(state, ebb_last_error());
    return 0;
}

/* ---- life ---------------------------------------------------------------------------
 */

ebb_status ebb_harness_create(ebb_harness **out, const ebb_topology *topology)
{
    *out = NULL;
    ebb_harness *harness = calloc(1, sizeof *harness);
    if (harness == NULL) {
        return ebb_fail_memory(sizeof *harness);
    }
    harness->list.harness = harness;
    list_ladder(&harness->list, topology);
    ebb_status status = ebb_room_create(&harness->room, topology);
    for (size_t i = 0; ebb_micro_topic_at(i) != NULL && status == EBB_OK; i++) {
        status = ebb_micro_topic_at(i)->add(&harness->list);
    }
    if (status != EBB_OK) {
        ebb_harness_destroy(harness);
        return status;
    }
    *out = harness;
    return EBB_OK;
}

ebb_status ebb_harness_register(ebb_harness *harness, ebb_shim *shim)
{
    for (size_t i = 0; i < harness->list.n; i++) {
        listed *entry = harness->list.entries[i];
        if (entry->n_sets == 0) {
            continue; /* two threads on a machine with one CPU */
        }
        const ebb_shim_benchmark benchmark = {
            .size = sizeof benchmark,
            .name = entry->name,
            .user = entry,
            .body = run_entry,
            .args = entry->args,
            .n_args = entry->n_args,
            .n_sets = entry->n_sets,
            .arg_names = entry->kind->arg_names,
            .process_cpu_time = true,
            .unit_from_flag = true,
        };
        if (ebb_shim_register_benchmark(shim, &benchmark) != EBB_SHIM_OK) {
            return ebb_fail(EBB_ERR_ENVIRONMENT, "%s", ebb_shim_last_error());
        }
    }
    return EBB_OK;
}

ebb_status ebb_harness_verdict(const ebb_harness *harness)
{
    return harness->wrong    ? EBB_ERR_WRONG
           : harness->broken ? EBB_ERR_ENVIRONMENT
                             : EBB_OK;
}

void ebb_harness_destroy(ebb_harness *harness)
{
    if (harness == NULL) {
        return;
    }
    close_fixture(harness);
    ebb_room_destroy(harness->room);
    for (size_t i = 0; i < harness->list.n; i++) {
        free(harness->list.entries[i]->args);
        free(harness->list.entries[i]);
    }
    free(harness->list.entries);
    free(harness);
}
