#include "room.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "machine/peak.h"
#include "machine/spread.h"
#include "machine/stream.h"

enum {
    PEAK_ROUNDS = 25,
    PEAK_ROUND_NS = 1000000,
    STREAM_ROUNDS = 9,
    STREAM_ROUND_NS = 500000,
    HANDOVER_ROUNDS = 15,
    HANDOVERS = 2000,
    MAX_ROOFS = 256,
};

static const double LEAST_FOOTPRINT_BYTES = 65536.0;

typedef enum kind { FMA, STREAM, HANDOVER } kind;

typedef struct roof {
    kind kind;
    size_t threads;
    double footprint_bytes;
    double value;
} roof;

struct ebb_room {
    const ebb_topology *topology;
    ebb_bound_team bound; /* team NULL: none */
    roof roofs[MAX_ROOFS];
    size_t n_roofs;
};

ebb_status ebb_room_create(ebb_room **out, const ebb_topology *topology)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL) {
        return ebb_fail_memory(sizeof **out);
    }
    (*out)->topology = topology;
    return EBB_OK;
}

size_t ebb_room_threads(const ebb_room *room)
{
    return room->bound.team == NULL ? 0 : ebb_team_size(room->bound.team);
}

ebb_status ebb_room_leave(ebb_room *room)
{
    return room->bound.team == NULL ? EBB_OK : ebb_bound_team_release(&room->bound);
}

ebb_status ebb_room_team(ebb_team **out, ebb_room *room, size_t n_threads)
{
    *out = NULL;
    if (ebb_room_threads(room) != n_threads) {
        EBB_TRY(ebb_room_leave(room));
    }
    if (room->bound.team == NULL) {
        EBB_TRY(ebb_bound_team_create(&room->bound, n_threads, room->topology));
    }
    *out = room->bound.team;
    return EBB_OK;
}

ebb_status ebb_room_check(const ebb_room *room)
{
    if (room->bound.team != NULL && !ebb_bound_team_holds(&room->bound)) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "threads: one of %zu is not bound to its CPU any more",
                        ebb_room_threads(room));
    }
    return EBB_OK;
}

void ebb_room_destroy(ebb_room *room)
{
    if (room != NULL) {
        (void)ebb_room_leave(room);
    }
    free(room);
}

/* ---- roofs --------------------------------------------------------------------------
 */

typedef struct measurement {
    ebb_team *team;
    char *memory; /* slice_bytes of each thread */
    size_t slice_bytes, array_bytes;
    uint64_t n_passes;
    double samples[HANDOVER_ROUNDS > STREAM_ROUNDS ? HANDOVER_ROUNDS : STREAM_ROUNDS];
    _Alignas(128) atomic_uint turn;
} measurement;

static float *slice_of(const measurement *all, size_t thread)
{
    return (float *)(void *)(all->memory + thread * all->slice_bytes);
}

static void touch(void *argument, size_t thread)
{
    const measurement *all = argument;
    float *slice = slice_of(all, thread);
    for (size_t i = 0; i < all->slice_bytes / sizeof *slice; i++) {
        slice[i] = 1.0f;
    }
}

static void run_stream(void *argument, size_t thread)
{
    measurement *all = argument;
    for (int round = -1; round < STREAM_ROUNDS; round++) {
        ebb_team_barrier(all->team, thread);
        const uint64_t start_ns = ebb_clock_now_ns();
        (void)ebb_stream_run(&ebb_stream_triad, slice_of(all, thread), all->array_bytes,
                             all->n_passes);
        ebb_team_barrier(all->team, thread);
        if (thread == 0 && round >= 0) {
            const double bytes = (double)all->array_bytes * (double)all->n_passes *
                                 (double)ebb_team_size(all->team);
            all->samples[round] = bytes / (double)(ebb_clock_now_ns() - start_ns);
        }
    }
}

/* Passes that take about a round, from one thread's first ones. */
static uint64_t count_passes(const measurement *all)
{
    uint64_t n = 1;
    for (;;) {
        const uint64_t start_ns = ebb_clock_now_ns();
        (void)ebb_stream_run(&ebb_stream_triad, slice_of(all, 0), all->array_bytes, n);
        const uint64_t elapsed_ns = ebb_clock_now_ns() - start_ns;
        if (elapsed_ns > STREAM_ROUND_NS / 4) {
            const uint64_t passes = n * STREAM_ROUND_NS / elapsed_ns;
            return passes > 0 ? passes : 1;
        }
        n *= 2;
    }
}

static ebb_status measure_stream(roof *out, ebb_team *team)
{
    measurement all = {.team = team};
    const size_t each = (size_t)out->footprint_bytes / ebb_team_size(team);
    all.array_bytes = (each / EBB_STREAM_GRAIN + 1) * EBB_STREAM_GRAIN;
    all.slice_bytes = (all.array_bytes + EBB_STREAM_SPARE_BYTES) / 4096 * 4096 + 4096;
    void *memory = NULL;
    EBB_TRY(ebb_buffer_allocate(&memory, all.slice_bytes, ebb_team_size(team)));
    all.memory = memory;
    ebb_team_run(team, touch, &all);
    all.n_passes = count_passes(&all);
    ebb_team_run(team, run_stream, &all);
    out->value = ebb_spread_of(all.samples, STREAM_ROUNDS).high;
    ebb_buffer_free(memory);
    return EBB_OK;
}

/* Two threads take turns at one word; the others wait at the barrier. */
static void run_handover(void *argument, size_t thread)
{
    measurement *all = argument;
    for (int round = -1; round < HANDOVER_ROUNDS; round++) {
        ebb_team_barrier(all->team, thread);
        const uint64_t start_ns = ebb_clock_now_ns();
        for (unsigned i = (unsigned)thread; thread < 2 && i < HANDOVERS; i += 2) {
            while (atomic_load_explicit(&all->turn, memory_order_acquire) != i) {
            }
            atomic_store_explicit(&all->turn, i + 1, memory_order_release);
        }
        ebb_team_barrier(all->team, thread);
        if (thread == 0) {
            if (round >= 0) {
                all->samples[round] =
                    (double)(ebb_clock_now_ns() - start_ns) / (double)HANDOVERS;
            }
            atomic_store(&all->turn, 0);
        }
        ebb_team_barrier(all->team, thread);
    }
}

static ebb_status measure(roof *out, ebb_team *team)
{
    if (out->kind == STREAM) {
        return measure_stream(out, team);
    }
    if (out->kind == FMA) {
        ebb_peak peak;
        ebb_peak_measure(&peak, team, PEAK_ROUNDS, PEAK_ROUND_NS);
        out->value = peak.high;
        return EBB_OK;
    }
    measurement all = {.team = team};
    ebb_team_run(team, run_handover, &all);
    /* The lowest: with a neighbour on the CPU a turn takes a time slice. */
    out->value = ebb_spread_of(all.samples, HANDOVER_ROUNDS).low;
    return EBB_OK;
}

static const roof *look_up(const ebb_room *room, const roof *wanted)
{
    for (size_t i = 0; i < room->n_roofs; i++) {
        const roof *known = &room->roofs[i];
        if (known->kind == wanted->kind && known->threads == wanted->threads &&
            known->footprint_bytes == wanted->footprint_bytes) {
            return known;
        }
    }
    return NULL;
}

static ebb_status find_roof(double *value, ebb_room *room, kind which, double footprint)
{
    const size_t n_threads = ebb_room_threads(room);
    roof wanted = {.kind = which,
                   .threads = n_threads > 0 ? n_threads : 1,
                   .footprint_bytes = footprint};
    const roof *known = look_up(room, &wanted);
    *value = 0.0;
    if (known == NULL) {
        ebb_team *team = NULL;
        EBB_TRY(ebb_room_team(&team, room, wanted.threads));
        EBB_TRY(measure(&wanted, team));
        if (n_threads == 0) {
            EBB_TRY(ebb_room_leave(room));
        }
        room->roofs[room->n_roofs] = wanted;
        known = &room->roofs[room->n_roofs];
        room->n_roofs += room->n_roofs + 1 < MAX_ROOFS;
    }
    *value = known->value;
    return EBB_OK;
}

ebb_status ebb_room_fma_gflops(double *out, ebb_room *room)
{
    return find_roof(out, room, FMA, 0.0);
}

ebb_status ebb_room_stream_gbs(double *out, ebb_room *room, double footprint_bytes)
{
    const double least =
        footprint_bytes > LEAST_FOOTPRINT_BYTES ? footprint_bytes : LEAST_FOOTPRINT_BYTES;
    return find_roof(out, room, STREAM, exp2(ceil(log2(least))));
}

ebb_status ebb_room_handover_ns(double *out, ebb_room *room)
{
    return find_roof(out, room, HANDOVER, 0.0);
}
