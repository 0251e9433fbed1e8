/* What it costs that threads meet: the team's barrier, and a parallel region opened and
 * closed. The roof is the time in which a cache line passes from one thread to another; a
 * barrier needs two such passages, to tell that one has come and that all have. */
#include <stdlib.h>
#include <string.h>

#include "micro.h"

enum { LINE_BYTES = 128, CHECKS = 500 };

typedef struct slot {
    _Alignas(LINE_BYTES) uint64_t count;
} slot;

typedef struct meeting {
    const char *name;
    ebb_team *team;
    bool regions; /* else barriers */
    int64_t n_runs, n_done;
    slot *slots; /* one a thread, and one that says whether a thread came too early */
} meeting;

static void count_region(void *argument, size_t thread)
{
    meeting *self = argument;
    self->slots[thread].count++;
}

static void run_barriers(void *argument, size_t thread)
{
    const meeting *self = argument;
    for (int64_t i = 0; i < self->n_runs; i++) {
        ebb_team_barrier(self->team, thread);
    }
}

static ebb_status run(void *fixture, int64_t n)
{
    meeting *self = fixture;
    self->n_runs = n;
    self->n_done += n;
    if (!self->regions) {
        ebb_team_run(self->team, run_barriers, self);
        return EBB_OK;
    }
    for (int64_t i = 0; i < n; i++) {
        ebb_team_run(self->team, count_region, self);
    }
    return EBB_OK;
}

/* Each thread says how often it has come; behind a barrier all must have said so. */
static void watch_barriers(void *argument, size_t thread)
{
    meeting *self = argument;
    const size_t n_threads = ebb_team_size(self->team);
    for (uint64_t i = 1; i <= CHECKS; i++) {
        self->slots[thread].count = i;
        ebb_team_barrier(self->team, thread);
        for (size_t t = 0; t < n_threads; t++) {
            if (self->slots[t].count < i) {
                self->slots[n_threads].count = 1;
            }
        }
        ebb_team_barrier(self->team, thread);
    }
}

static ebb_status check_regions(const meeting *self)
{
    for (size_t t = 0; t < ebb_team_size(self->team); t++) {
        if (self->slots[t].count != (uint64_t)self->n_done) {
            return ebb_fail(EBB_ERR_WRONG, "%s: thread %zu: %llu regions (%lld)",
                            self->name, t, (unsigned long long)self->slots[t].count,
                            (long long)self->n_done);
        }
    }
    return EBB_OK;
}

static ebb_status check(void *fixture)
{
    meeting *self = fixture;
    if (self->regions) {
        return check_regions(self);
    }
    const size_t n_threads = ebb_team_size(self->team);
    ebb_team_run(self->team, watch_barriers, self);
    return self->slots[n_threads].count == 0
               ? EBB_OK
               : ebb_fail(EBB_ERR_WRONG, "%s: a thread left before another came",
                          self->name);
}

static void close_fixture(void *fixture)
{
    meeting *self = fixture;
    free(self->slots);
    free(self);
}

static ebb_status build(meeting *self)
{
    const size_t bytes = (ebb_team_size(self->team) + 1) * sizeof *self->slots;
    self->slots = aligned_alloc(LINE_BYTES, bytes);
    if (self->slots == NULL) {
        return ebb_fail_memory(bytes);
    }
    memset(self->slots, 0, bytes);
    EBB_TRY(run(self, 1));
    return check(self);
}

static ebb_status open_fixture(void **fixture, ebb_micro_work *work,
                               const ebb_micro_call *call)
{
    meeting *self = calloc(1, sizeof *self);
    *fixture = NULL;
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->name = call->name;
    self->team = call->team;
    self->regions = call->variant[0] != 0;
    const ebb_status status = build(self);
    if (status != EBB_OK) {
        close_fixture(self);
        return status;
    }
    *work = (ebb_micro_work){.roof = EBB_MICRO_HANDOVER, .amount = 2.0, .items = 1.0};
    *fixture = self;
    return EBB_OK;
}

static const ebb_micro_kind kind = {
    .arg_names = {"threads", NULL},
    .uses_team = true,
    .min_threads = 2,
    .open = open_fixture,
    .run = run,
    .check = check,
    .close = close_fixture,
};

static ebb_status add(ebb_micro_list *list)
{
    EBB_TRY(ebb_micro_add(list, &kind, "team_barrier", (const size_t[]){0, 0}, NULL));
    return ebb_micro_add(list, &kind, "team_fork_join", (const size_t[]){1, 0}, NULL);
}

const ebb_micro_topic ebb_micro_synchronization = {
    .name = "team_",
    .summary = "the team's barrier, and a parallel region",
    .add = add,
};
