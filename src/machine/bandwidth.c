#include "machine/bandwidth.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "machine/cache_share.h"
#include "machine/cgroup.h"
#include "machine/stream.h"

enum {
    ROUNDS = 5,
    ROUND_NS = 700000,
    HUGE_PAGE_BYTES = 2 << 20,
    MEMORY_LEAST_BYTES = 64 << 20,
};

static size_t round_down(size_t n, size_t grain)
{
    return n / grain * grain;
}

static size_t round_up(size_t n, size_t grain)
{
    return round_down(n + grain - 1, grain);
}

static size_t plan_caches(ebb_bandwidth *out, const ebb_cache_share *shares,
                          size_t n_shares)
{
    size_t n = 0;
    size_t below = 0;
    for (size_t i = 0; i < n_shares; i++) {
        const size_t bytes = round_down(shares[i].share_bytes / 2, EBB_STREAM_GRAIN);
        if (bytes > 0 && bytes >= 2 * below) {
            out[n].array_bytes = bytes;
            snprintf(out[n].level, sizeof out[n].level, "L%d", shares[i].level);
            n++;
        }
        below = shares[i].share_bytes;
    }
    return n;
}

size_t ebb_bandwidth_plan(ebb_bandwidth out[EBB_BANDWIDTH_MAX],
                          const ebb_topology *topology, const int *cpus, size_t n_threads,
                          size_t free_bytes)
{
    ebb_cache_share shares[EBB_CACHE_MAX_LEVELS];
    const size_t n_shares = ebb_cache_share_list(shares, topology, cpus, n_threads);
    for (size_t i = 0; i < EBB_BANDWIDTH_MAX; i++) {
        out[i] = (ebb_bandwidth){.threads = n_threads};
    }
    size_t n = plan_caches(out, shares, n_shares);
    size_t total = n_shares > 0 ? 4 * shares[n_shares - 1].total_bytes : 0;
    total = total < MEMORY_LEAST_BYTES ? MEMORY_LEAST_BYTES : total;
    if (total <= free_bytes / 4) {
        out[n].array_bytes = round_up(total / n_threads, EBB_STREAM_GRAIN);
        snprintf(out[n].level, sizeof out[n].level, "memory");
        n++;
    }
    return n;
}

/* What one thread notes, on cache lines of its own. */
typedef struct slot {
    _Alignas(128) uint64_t start_ns;
    uint64_t end_ns;
    float result;
} slot;

typedef struct measurement {
    ebb_team *team;
    char *memory; /* slice_bytes of each thread */
    size_t slice_bytes;
    size_t array_bytes;
    const ebb_stream *stream;
    uint64_t n_passes; /* of each thread in a round */
    double gbs[ROUNDS];
    slot slots[EBB_TEAM_MAX_THREADS];
} measurement;

static float *slice_of(const measurement *all, size_t thread)
{
    return (float *)(void *)(all->memory + thread * all->slice_bytes);
}

/* Every page is first written by the thread that will use it. */
static void touch(void *argument, size_t thread)
{
    const measurement *all = argument;
    float *slice = slice_of(all, thread);
    for (size_t i = 0; i < all->slice_bytes / sizeof *slice; i++) {
        slice[i] = 1.0f;
    }
}

static double round_gbs(const measurement *all)
{
    const size_t n_threads = ebb_team_size(all->team);
    uint64_t first_ns = all->slots[0].start_ns;
    uint64_t last_ns = all->slots[0].end_ns;
    for (size_t i = 0; i < n_threads; i++) {
        const slot *own = &all->slots[i];
        first_ns = own->start_ns < first_ns ? own->start_ns : first_ns;
        last_ns = own->end_ns > last_ns ? own->end_ns : last_ns;
    }
    const double bytes =
        (double)all->array_bytes * (double)all->n_passes * (double)n_threads;
    return bytes / (last_ns > first_ns ? (double)(last_ns - first_ns) : 1.0);
}

/* One round that is not counted, then those that are. A pass that is a round by itself
 * begins with empty caches every time: nothing is to be warmed up. */
static void run_rounds(void *argument, size_t thread)
{
    measurement *all = argument;
    slot *own = &all->slots[thread];
    float *slice = slice_of(all, thread);
    for (int round = all->n_passes > 1 ? -1 : 0; round < ROUNDS; round++) {
        ebb_team_barrier(all->team, thread);
        own->start_ns = ebb_clock_now_ns();
        own->result = ebb_stream_run(all->stream, slice, all->array_bytes, all->n_passes);
        own->end_ns = ebb_clock_now_ns();
        ebb_team_barrier(all->team, thread);
        if (thread == 0 && round >= 0) {
            all->gbs[round] = round_gbs(all);
        }
    }
}

/* Passes that one thread makes in about ROUND_NS, the arrays being in their cache. */
static uint64_t calibrate(const measurement *all)
{
    float *slice = slice_of(all, 0);
    uint64_t n = 1;
    for (;;) {
        const uint64_t start_ns = ebb_clock_now_ns();
        (void)ebb_stream_run(all->stream, slice, all->array_bytes, n);
        const uint64_t elapsed_ns = ebb_clock_now_ns() - start_ns;
        if (elapsed_ns >= ROUND_NS / 4) {
            const uint64_t passes = n * ROUND_NS / elapsed_ns;
            return passes > 1 ? passes : 1;
        }
        n *= 2;
    }
}

static ebb_spread measure_stream(measurement *all, const ebb_stream *stream)
{
    all->stream = stream;
    all->n_passes = calibrate(all);
    ebb_team_run(all->team, run_rounds, all);
    return ebb_spread_of(all->gbs, ROUNDS);
}

static void measure_level(ebb_bandwidth *level, measurement *all)
{
    all->array_bytes = level->array_bytes;
    level->read = measure_stream(all, &ebb_stream_read);
    level->write = measure_stream(all, &ebb_stream_write);
    level->triad = measure_stream(all, &ebb_stream_triad);
}

/* 0 where the system does not tell. */
static size_t free_bytes(void)
{
    const int64_t bytes = ebb_cgroup_free_memory("");
    return bytes > 0 ? (size_t)bytes : 0;
}

static ebb_status measure_levels(ebb_bandwidth *levels, size_t n, measurement *all)
{
    void *memory = NULL;
    all->slice_bytes =
        round_up(levels[n - 1].array_bytes + EBB_STREAM_SPARE_BYTES, HUGE_PAGE_BYTES);
    EBB_TRY(ebb_buffer_allocate(&memory, all->slice_bytes, ebb_team_size(all->team)));
    all->memory = memory;
    ebb_team_run(all->team, touch, all);
    for (size_t i = 0; i < n; i++) {
        measure_level(&levels[i], all);
    }
    ebb_buffer_free(memory);
    return EBB_OK;
}

ebb_status ebb_bandwidth_measure(ebb_bandwidth out[EBB_BANDWIDTH_MAX], size_t *n,
                                 const ebb_bound_team *bound)
{
    *n = ebb_bandwidth_plan(out, bound->topology, bound->cpus, ebb_team_size(bound->team),
                            free_bytes());
    if (*n == 0) {
        return EBB_OK;
    }
    measurement *all = aligned_alloc(_Alignof(measurement), sizeof *all);
    if (all == NULL) {
        *n = 0;
        return ebb_fail_memory(sizeof *all);
    }
    *all = (measurement){.team = bound->team};
    const ebb_status status = measure_levels(out, *n, all);
    free(all);
    *n = status == EBB_OK ? *n : 0;
    return status;
}
