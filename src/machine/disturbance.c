#include "machine/disturbance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "machine/affinity.h"
#include "machine/cgroup.h"
#include "machine/procfs.h"

typedef struct delay {
    long tid;
    int64_t ns; /* since the thread began; −1: unknown */
} delay;

/* Counters since some start; −1: unknown. */
struct ebb_disturbance_reading {
    int64_t involuntary_switches;
    int64_t major_faults;
    int64_t steal_ns;
    int64_t throttled;
    size_t n_threads;
    delay delays[];
};

/* Second number of "RUNNING_NS WAITING_NS SLICES". */
static int64_t run_delay_of(long tid)
{
    ebb_text text = {0};
    long long waiting_ns = -1;
    if (!ebb_procfs_read(&text, "/proc/self/task/%ld/schedstat", tid) ||
        sscanf(text.data, "%*s %lld", &waiting_ns) != 1) {
        waiting_ns = -1;
    }
    ebb_text_clear(&text);
    return waiting_ns;
}

/* CPUs that any thread of the team may run on. */
static bool team_cpus(ebb_cpu_mask *out, const delay *delays, size_t n_threads)
{
    ebb_cpu_mask one = {0};
    bool complete = ebb_affinity_get(out, delays[0].tid) == EBB_OK;
    for (size_t i = 1; i < n_threads && complete; i++) {
        complete = ebb_affinity_get(&one, delays[i].tid) == EBB_OK &&
                   one.size_bytes == out->size_bytes;
        if (complete) {
            CPU_OR_S(out->size_bytes, out->set, out->set, one.set);
        }
    }
    ebb_cpu_mask_clear(&one);
    return complete;
}

/* Clock ticks in the eighth column of the lines "cpuN …" of the mask's CPUs; −1: none. */
static int64_t steal_ticks(const char *stat, const ebb_cpu_mask *cpus)
{
    int64_t sum = -1;
    for (const char *line = stat; line != NULL && *line != '\0';) {
        int cpu = -1;
        long long ticks = 0;
        if (sscanf(line, "cpu%d %*s %*s %*s %*s %*s %*s %*s %lld", &cpu, &ticks) == 2 &&
            ebb_cpu_mask_has(cpus, cpu)) {
            sum = ticks + (sum > 0 ? sum : 0);
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return sum;
}

static int64_t steal_ns_of(const delay *delays, size_t n_threads)
{
    const long ticks_per_second = sysconf(_SC_CLK_TCK);
    int64_t ticks = -1;
    ebb_cpu_mask cpus = {0};
    ebb_text stat = {0};
    if (ticks_per_second > 0 && team_cpus(&cpus, delays, n_threads) &&
        ebb_procfs_read(&stat, "/proc/stat")) {
        ticks = steal_ticks(stat.data, &cpus);
    }
    ebb_text_clear(&stat);
    ebb_cpu_mask_clear(&cpus);
    return ticks < 0 ? -1 : ticks * (1000000000 / ticks_per_second);
}

static void read_all(ebb_disturbance_reading *reading)
{
    struct rusage usage;
    const bool known = getrusage(RUSAGE_SELF, &usage) == 0;
    reading->involuntary_switches = known ? usage.ru_nivcsw : -1;
    reading->major_faults = known ? usage.ru_majflt : -1;
    for (size_t i = 0; i < reading->n_threads; i++) {
        reading->delays[i].ns = run_delay_of(reading->delays[i].tid);
    }
    reading->steal_ns = steal_ns_of(reading->delays, reading->n_threads);
    reading->throttled = ebb_cgroup_read("").n_throttled;
}

ebb_status ebb_disturbance_read(ebb_disturbance_reading **out, ebb_team *team)
{
    const size_t n_threads = ebb_team_size(team);
    *out = NULL;
    ebb_disturbance_reading *reading =
        calloc(1, sizeof *reading + n_threads * sizeof reading->delays[0]);
    ebb_team_seat *seats = calloc(n_threads, sizeof *seats);
    if (reading == NULL || seats == NULL) {
        free(reading);
        free(seats);
        return ebb_fail_memory(n_threads * (sizeof *seats + sizeof reading->delays[0]));
    }
    ebb_team_seats(team, seats);
    reading->n_threads = n_threads;
    for (size_t i = 0; i < n_threads; i++) {
        reading->delays[i].tid = seats[i].tid;
    }
    free(seats);
    read_all(reading);
    *out = reading;
    return EBB_OK;
}

static int64_t growth(int64_t before, int64_t after)
{
    return before < 0 || after < before ? -1 : after - before;
}

/* A thread that is not in the first reading began after it: all its delay counts. */
static int64_t delay_before(const ebb_disturbance_reading *before, long tid)
{
    for (size_t i = 0; i < before->n_threads; i++) {
        if (before->delays[i].tid == tid) {
            return before->delays[i].ns;
        }
    }
    return 0;
}

static int64_t worst_delay(const ebb_disturbance_reading *before,
                           const ebb_disturbance_reading *after)
{
    int64_t worst_ns = 0;
    for (size_t i = 0; i < after->n_threads; i++) {
        const delay *now = &after->delays[i];
        const int64_t ns = growth(delay_before(before, now->tid), now->ns);
        if (ns < 0) {
            return -1;
        }
        worst_ns = ns > worst_ns ? ns : worst_ns;
    }
    return worst_ns;
}

ebb_disturbance ebb_disturbance_between(const ebb_disturbance_reading *before,
                                        const ebb_disturbance_reading *after)
{
    return (ebb_disturbance){
        .involuntary_switches =
            growth(before->involuntary_switches, after->involuntary_switches),
        .run_delay_ns = worst_delay(before, after),
        .steal_ns = growth(before->steal_ns, after->steal_ns),
        .throttled = growth(before->throttled, after->throttled),
        .major_faults = growth(before->major_faults, after->major_faults),
    };
}

void ebb_disturbance_reading_destroy(ebb_disturbance_reading *reading)
{
    free(reading);
}
