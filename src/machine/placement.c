#include "machine/placement.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "machine/affinity.h"
#include "machine/variables.h"

static const ebb_placement *const table[] = {
    &ebb_placement_cores,     &ebb_placement_compact,     &ebb_placement_scatter,
    &ebb_placement_numa_fill, &ebb_placement_numa_spread, &ebb_placement_fast_cores,
    &ebb_placement_none,
};

const ebb_choice *ebb_placement_choice(size_t index)
{
    return index < sizeof table / sizeof table[0] ? &table[index]->choice : NULL;
}

const ebb_placement *ebb_placement_at(size_t index)
{
    return table[index];
}

static int fastest_kind(const ebb_pu *pus, size_t n)
{
    int kind = 0;
    for (size_t i = 0; i < n; i++) {
        kind = pus[i].kind > kind ? pus[i].kind : kind;
    }
    return kind;
}

/* Copies those that the placement takes to out, in logical order; returns their number,
 * at least 1. out NULL: only counts. */
static size_t select_pus(ebb_pu *out, const ebb_placement *placement,
                         const ebb_topology *topology)
{
    size_t n_pus = 0;
    const ebb_pu *pus = ebb_topology_pus(topology, &n_pus);
    const int least = placement->fastest_only ? fastest_kind(pus, n_pus) : 0;
    size_t n = 0;
    for (size_t i = 0; i < n_pus; i++) {
        if (pus[i].kind >= least) {
            if (out != NULL) {
                out[n] = pus[i];
            }
            n++;
        }
    }
    return n;
}

size_t ebb_placement_length(const ebb_placement *placement, const ebb_topology *topology)
{
    return select_pus(NULL, placement, topology);
}

size_t ebb_placement_usable_cores(const ebb_placement *placement,
                                  const ebb_topology *topology)
{
    size_t n_pus = 0;
    size_t n_cores = 0;
    const ebb_pu *pus = ebb_topology_pus(topology, &n_pus);
    const int least = placement->fastest_only ? fastest_kind(pus, n_pus) : 0;
    for (size_t i = 0; i < n_pus; i++) {
        n_cores += pus[i].kind >= least && pus[i].smt_rank == 0;
    }
    return ebb_topology_within_quota(topology, n_cores);
}

size_t ebb_placement_usable_cpus(const ebb_placement *placement,
                                 const ebb_topology *topology)
{
    return ebb_topology_within_quota(topology, select_pus(NULL, placement, topology));
}

ebb_status ebb_placement_assign(const ebb_placement *placement, int *cpus,
                                size_t n_threads, const ebb_topology *topology)
{
    for (size_t i = 0; i < n_threads; i++) {
        cpus[i] = -1;
    }
    if (placement->compare == NULL) {
        return EBB_OK;
    }
    const size_t n_pus = select_pus(NULL, placement, topology);
    if (n_pus == 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "--placement: no usable CPU for %s",
                        placement->choice.name);
    }
    ebb_pu *order = malloc(n_pus * sizeof *order);
    if (order == NULL) {
        return ebb_fail_memory(n_pus * sizeof *order);
    }
    select_pus(order, placement, topology);
    qsort(order, n_pus, sizeof *order, placement->compare);
    for (size_t i = 0; i < n_threads; i++) {
        cpus[i] = order[i % n_pus].os_index;
    }
    free(order);
    return EBB_OK;
}

static ebb_status set_variable(const char *name, const char *value)
{
    if (setenv(name, value, 1) != 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s", name, strerror(errno));
    }
    return EBB_OK;
}

/* One place a thread; a list that starts over keeps a thread on the CPU it was given,
 * where fewer places would be handed out in blocks. */
static ebb_status set_binding(const int *cpus, size_t n_threads)
{
    if (cpus[0] < 0) {
        unsetenv("OMP_PLACES");
        return set_variable("OMP_PROC_BIND", "false");
    }
    ebb_text places = {0};
    for (size_t i = 0; i < n_threads; i++) {
        ebb_text_append(&places, "%s{%d}", i > 0 ? "," : "", cpus[i]);
    }
    ebb_status status = ebb_text_check(&places);
    if (status == EBB_OK && places.data != NULL) {
        status = set_variable("OMP_PLACES", places.data);
    }
    ebb_text_clear(&places);
    return status == EBB_OK ? set_variable("OMP_PROC_BIND", "close") : status;
}

/* A list that starts over comes to its first CPU again. */
static bool share_cpus(const int *cpus, size_t n_threads, const ebb_topology *topology)
{
    for (size_t i = 1; cpus[0] >= 0 && i < n_threads; i++) {
        if (cpus[i] == cpus[0]) {
            return true;
        }
    }
    return n_threads > ebb_topology_usable_cpus(topology);
}

static ebb_status set_waiting(const int *cpus, size_t n_threads,
                              const ebb_topology *topology)
{
    if (share_cpus(cpus, n_threads, topology) ||
        ebb_topology_count(topology).quota_cpus > 0.0) {
        return set_variable("OMP_WAIT_POLICY", "passive");
    }
    unsetenv("OMP_WAIT_POLICY");
    return EBB_OK;
}

static ebb_status set_usable(const ebb_topology *topology)
{
    size_t n_pus = 0;
    const ebb_pu *pus = ebb_topology_pus(topology, &n_pus);
    ebb_text list = {0};
    for (size_t i = 0; i < n_pus; i++) {
        ebb_text_append(&list, "%s%d", i > 0 ? "," : "", pus[i].os_index);
    }
    ebb_status status = ebb_text_check(&list);
    if (status == EBB_OK && list.data != NULL) {
        status = set_variable(EBB_USABLE_CPUS_VARIABLE, list.data);
    }
    ebb_text_clear(&list);
    return status;
}

static ebb_status reset_mask(const ebb_topology *topology)
{
    size_t n_pus = 0;
    const ebb_pu *pus = ebb_topology_pus(topology, &n_pus);
    int *cpus = malloc(n_pus * sizeof *cpus);
    if (cpus == NULL) {
        return ebb_fail_memory(n_pus * sizeof *cpus);
    }
    for (size_t i = 0; i < n_pus; i++) {
        cpus[i] = pus[i].os_index;
    }
    const ebb_status status = ebb_affinity_set(cpus, n_pus);
    free(cpus);
    return status;
}

ebb_status ebb_placement_export(const int *cpus, size_t n_threads,
                                const ebb_topology *topology)
{
    static const char *const contradicting[] = {
        "GOMP_CPU_AFFINITY", "GOMP_SPINCOUNT", "KMP_AFFINITY",
        "OMP_THREAD_LIMIT",  "OMP_NESTED",
    };
    char number[32];
    EBB_TRY(ebb_variables_keep());
    for (size_t i = 0; i < sizeof contradicting / sizeof contradicting[0]; i++) {
        unsetenv(contradicting[i]);
    }
    snprintf(number, sizeof number, "%zu", n_threads);
    EBB_TRY(set_variable("OMP_NUM_THREADS", number));
    EBB_TRY(set_variable("OMP_DYNAMIC", "false"));
    EBB_TRY(set_variable("OMP_MAX_ACTIVE_LEVELS", "1"));
    EBB_TRY(set_binding(cpus, n_threads));
    EBB_TRY(set_waiting(cpus, n_threads, topology));
    EBB_TRY(set_usable(topology));
    return reset_mask(topology);
}

typedef struct binding {
    const int *cpus;
    const ebb_topology *topology;
    ebb_status *statuses;
} binding;

static void bind_thread(void *argument, size_t thread)
{
    const binding *all = argument;
    const int cpu = all->cpus[thread];
    all->statuses[thread] =
        cpu < 0 ? reset_mask(all->topology) : ebb_affinity_set(&cpu, 1);
}

ebb_status ebb_placement_bind(ebb_team *team, const int *cpus,
                              const ebb_topology *topology)
{
    const size_t n_threads = ebb_team_size(team);
    ebb_status *statuses = calloc(n_threads, sizeof *statuses);
    if (statuses == NULL) {
        return ebb_fail_memory(n_threads * sizeof *statuses);
    }
    binding all = {.cpus = cpus, .topology = topology, .statuses = statuses};
    ebb_team_run(team, bind_thread, &all);
    ebb_status status = EBB_OK;
    for (size_t i = 0; i < n_threads && status == EBB_OK; i++) {
        if (statuses[i] != EBB_OK) {
            status = ebb_fail(statuses[i], "binding: thread %zu to CPU %d is refused", i,
                              cpus[i]);
        }
    }
    free(statuses);
    return status;
}
