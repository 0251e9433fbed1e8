#include "machine/affinity.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>

/* No kernel is built for more; a request beyond it would loop on a broken system. */
enum { MAX_CPUS = 1 << 20, FIRST_CPUS = 1024 };

static ebb_status allocate(ebb_cpu_mask *out, size_t n_cpus)
{
    ebb_cpu_mask_clear(out);
    out->set = CPU_ALLOC(n_cpus);
    if (out->set == NULL) {
        return ebb_fail_memory(CPU_ALLOC_SIZE(n_cpus));
    }
    out->size_bytes = CPU_ALLOC_SIZE(n_cpus);
    CPU_ZERO_S(out->size_bytes, out->set);
    return EBB_OK;
}

ebb_status ebb_affinity_get(ebb_cpu_mask *out, long tid)
{
    int error = EINVAL;
    /* The kernel answers EINVAL to a mask narrower than its own. */
    for (size_t n_cpus = FIRST_CPUS; n_cpus <= MAX_CPUS && error == EINVAL; n_cpus *= 2) {
        EBB_TRY(allocate(out, n_cpus));
        error = 0;
        if (sched_getaffinity((pid_t)tid, out->size_bytes, out->set) != 0) {
            error = errno;
        }
    }
    if (error != 0) {
        ebb_cpu_mask_clear(out);
        return ebb_fail(EBB_ERR_ENVIRONMENT, "sched_getaffinity: thread %ld: %s", tid,
                        strerror(error));
    }
    return EBB_OK;
}

ebb_status ebb_affinity_set(const int *cpus, size_t n)
{
    int highest = 0;
    for (size_t i = 0; i < n; i++) {
        highest = cpus[i] > highest ? cpus[i] : highest;
    }
    ebb_cpu_mask mask = {0};
    EBB_TRY(allocate(&mask, (size_t)highest + 1));
    for (size_t i = 0; i < n; i++) {
        CPU_SET_S((size_t)cpus[i], mask.size_bytes, mask.set);
    }
    const int result = sched_setaffinity(0, mask.size_bytes, mask.set);
    const int error = errno;
    ebb_cpu_mask_clear(&mask);
    if (result != 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "sched_setaffinity: %zu CPUs: %s", n,
                        strerror(error));
    }
    return EBB_OK;
}

bool ebb_cpu_mask_has(const ebb_cpu_mask *mask, int cpu)
{
    return cpu >= 0 && (size_t)cpu < mask->size_bytes * 8 &&
           CPU_ISSET_S((size_t)cpu, mask->size_bytes, mask->set);
}

size_t ebb_cpu_mask_count(const ebb_cpu_mask *mask)
{
    return mask->set == NULL ? 0 : (size_t)CPU_COUNT_S(mask->size_bytes, mask->set);
}

int ebb_cpu_mask_single(const ebb_cpu_mask *mask)
{
    int cpu = 0;
    if (ebb_cpu_mask_count(mask) != 1) {
        return -1;
    }
    while (!ebb_cpu_mask_has(mask, cpu)) {
        cpu++;
    }
    return cpu;
}

void ebb_cpu_mask_clear(ebb_cpu_mask *mask)
{
    if (mask->set != NULL) {
        CPU_FREE(mask->set);
    }
    *mask = (ebb_cpu_mask){0};
}
