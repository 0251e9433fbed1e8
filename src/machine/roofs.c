#include "machine/roofs.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "machine/barrier.h"
#include "machine/peak.h"
#include "machine/spread.h"

enum {
    PEAK_ROUNDS = 15,
    NOISE_ROUNDS = 100,
    ROUND_NS = 2000000,
    BATCHES = 15,
    BARRIERS_PER_BATCH = 1000,
    READINGS_PER_BATCH = 1000,
    WAKE_UPS = 31,
    ASLEEP_NS = 200000, /* long enough for the other thread to have gone to sleep */
};

size_t ebb_roofs_ladder(size_t *sizes, size_t capacity, const ebb_topology *topology)
{
    size_t n_pus = 0;
    (void)ebb_topology_pus(topology, &n_pus);
    const size_t cores = ebb_topology_usable_cores(topology);
    const size_t cpus = ebb_topology_usable_cpus(topology);
    const size_t most = EBB_TEAM_MAX_THREADS;
    size_t n = 0;
    for (size_t size = 1; size < cores && size < most && n < capacity; size *= 2) {
        sizes[n++] = size;
    }
    if (n < capacity) {
        sizes[n++] = cores < most ? cores : most;
    }
    if (cpus > cores && cores < most && n < capacity) {
        sizes[n++] = cpus < most ? cpus : most;
    }
    return n;
}

typedef struct timing {
    ebb_barrier asleep; /* of two threads that do not spin */
    ebb_team *team;
    double samples[BATCHES > WAKE_UPS ? BATCHES : WAKE_UPS];
    uint64_t arrival_ns;
} timing;

static void time_barriers(void *argument, size_t thread)
{
    timing *all = argument;
    for (int batch = 0; batch < BATCHES; batch++) {
        ebb_team_barrier(all->team, thread);
        const uint64_t start_ns = ebb_clock_now_ns();
        for (int i = 0; i < BARRIERS_PER_BATCH; i++) {
            ebb_team_barrier(all->team, thread);
        }
        const uint64_t end_ns = ebb_clock_now_ns();
        if (thread == 0) {
            all->samples[batch] = (double)(end_ns - start_ns) / BARRIERS_PER_BATCH;
        }
    }
}

/* Thread 1 arrives and falls asleep at once; thread 0 comes late and notes when. */
static void time_wake_ups(void *argument, size_t thread)
{
    timing *all = argument;
    for (int i = 0; i < WAKE_UPS; i++) {
        ebb_team_barrier(all->team, thread);
        if (thread == 0) {
            const uint64_t until_ns = ebb_clock_now_ns() + ASLEEP_NS;
            do {
                all->arrival_ns = ebb_clock_now_ns();
            } while (all->arrival_ns < until_ns);
        }
        ebb_barrier_wait(&all->asleep);
        if (thread == 1) {
            all->samples[i] = (double)(ebb_clock_now_ns() - all->arrival_ns);
        }
    }
}

static double measure_clock(void)
{
    double samples[BATCHES];
    for (int batch = 0; batch < BATCHES; batch++) {
        const uint64_t start_ns = ebb_clock_now_ns();
        uint64_t end_ns = start_ns;
        for (int i = 0; i < READINGS_PER_BATCH; i++) {
            end_ns = ebb_clock_now_ns();
        }
        samples[batch] = (double)(end_ns - start_ns) / READINGS_PER_BATCH;
    }
    return ebb_spread_of(samples, BATCHES).median;
}

static void measure_fma(ebb_roofs *out, ebb_team *team)
{
    for (size_t i = 0; ebb_peak_isa(i) != NULL && out->n_fma < EBB_ROOFS_MAX; i++) {
        ebb_peak peak;
        ebb_peak_measure_isa(&peak, team, i, PEAK_ROUNDS, ROUND_NS);
        out->fma[out->n_fma++] = (ebb_roof){
            .threads = ebb_team_size(team),
            .isa = peak.isa,
            .value = peak.gflops,
            .low = peak.low,
            .high = peak.high,
        };
    }
}

static void measure_barrier(ebb_roofs *out, ebb_team *team)
{
    timing all = {.team = team};
    ebb_team_run(team, time_barriers, &all);
    const ebb_spread spread = ebb_spread_of(all.samples, BATCHES);
    out->barrier[out->n_barrier++] = (ebb_roof){
        .threads = ebb_team_size(team),
        .value = spread.median,
        .low = spread.low,
        .high = spread.high,
    };
    if (ebb_team_size(team) == 2) {
        ebb_barrier_init(&all.asleep, 2, EBB_BARRIER_SPIN, 0);
        ebb_team_run(team, time_wake_ups, &all);
        out->wake_ns = ebb_spread_of(all.samples, WAKE_UPS).median;
    }
}

static ebb_status measure_bandwidth(ebb_roofs *out, const ebb_bound_team *bound)
{
    ebb_bandwidth levels[EBB_BANDWIDTH_MAX];
    size_t n = 0;
    EBB_TRY(ebb_bandwidth_measure(levels, &n, bound));
    for (size_t i = 0; i < n && out->n_bandwidth < EBB_ROOFS_MAX_BANDWIDTH; i++) {
        out->bandwidth[out->n_bandwidth++] = levels[i];
    }
    return EBB_OK;
}

static ebb_status measure_noise(ebb_noise *out, ebb_team *team)
{
    ebb_disturbance_reading *before = NULL;
    ebb_disturbance_reading *after = NULL;
    ebb_peak peak;
    EBB_TRY(ebb_disturbance_read(&before, team));
    const uint64_t start_ns = ebb_clock_now_ns();
    ebb_peak_measure(&peak, team, NOISE_ROUNDS, ROUND_NS);
    const uint64_t end_ns = ebb_clock_now_ns();
    const ebb_status status = ebb_disturbance_read(&after, team);
    if (status == EBB_OK) {
        *out = (ebb_noise){
            .threads = ebb_team_size(team),
            .seconds = ebb_clock_seconds(start_ns, end_ns),
            .low = peak.low,
            .median = peak.gflops,
            .high = peak.high,
            .disturbance = ebb_disturbance_between(before, after),
        };
    }
    ebb_disturbance_reading_destroy(before);
    ebb_disturbance_reading_destroy(after);
    return status;
}

static ebb_status measure_size(ebb_roofs *out, size_t n_threads, bool last,
                               const ebb_topology *topology)
{
    ebb_bound_team bound;
    EBB_TRY(ebb_bound_team_create(&bound, n_threads, topology));
    measure_fma(out, bound.team);
    if (n_threads > 1) {
        measure_barrier(out, bound.team);
    }
    ebb_status status = measure_bandwidth(out, &bound);
    if (last && status == EBB_OK) {
        status = measure_noise(&out->noise, bound.team);
    }
    out->bound = out->bound && ebb_bound_team_holds(&bound);
    const ebb_status released = ebb_bound_team_release(&bound);
    return status == EBB_OK ? released : status;
}

ebb_status ebb_roofs_measure(ebb_roofs *out, const ebb_topology *topology)
{
    size_t sizes[EBB_ROOFS_MAX_TEAMS];
    const size_t n_sizes = ebb_roofs_ladder(sizes, EBB_ROOFS_MAX_TEAMS, topology);
    memset(out, 0, sizeof *out);
    out->bound = true;
    out->wake_ns = -1.0;
    out->clock_ns = measure_clock();
    for (size_t i = 0; i < n_sizes; i++) {
        const ebb_status status = measure_size(out, sizes[i], i + 1 == n_sizes, topology);
        if (status != EBB_OK) {
            memset(out, 0, sizeof *out);
            return status;
        }
    }
    return EBB_OK;
}
