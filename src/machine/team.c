#include "machine/team.h"

#include <omp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/affinity.h"
#include "machine/barrier.h"
#include "machine/cgroup.h"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

/* Longer than any wait inside a step of a team that has its CPUs to itself: a thread that
 * sleeps loses its core's caches, and in a virtual machine often the core. With more
 * threads than CPUs the one waited for needs the CPU, and is given it. */
enum { WAIT_NS = 1000000 };

struct ebb_team {
    ebb_barrier barrier; /* first: the strictest alignment */
    size_t size;
};

#if defined(__SSE__)
/* Results below 2^-126 become zero, and such operands count as zero. Momentum tails would
 * otherwise turn denormal and each operation on them cost a hundred times as much. */
enum { FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x0040 };

static unsigned flush_denormals(void)
{
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
    return before;
}

static void restore_denormals(unsigned before)
{
    _mm_setcsr(before);
}
#else
static unsigned flush_denormals(void)
{
    return 0;
}

static void restore_denormals(unsigned before)
{
    (void)before;
}
#endif

typedef struct roll_call {
    int n_threads;
    ebb_team_seat *seats;
} roll_call;

static void answer(void *argument, size_t thread)
{
    roll_call *call = argument;
    ebb_cpu_mask mask = {0};
    ebb_team_seat seat = {.cpu = sched_getcpu(), .bound_cpu = -1, .tid = (long)gettid()};
    if (ebb_affinity_get(&mask, 0) == EBB_OK) {
        seat.bound_cpu = ebb_cpu_mask_single(&mask);
    }
    ebb_cpu_mask_clear(&mask);
    call->seats[thread] = seat;
    if (thread == 0) {
        call->n_threads = omp_get_num_threads();
    }
}

/* CPUs that at least one of the threads may use; all of them when nothing is bound. */
static ebb_status count_cpus(size_t *n_cpus, const ebb_team_seat *seats, size_t size)
{
    ebb_cpu_mask all = {0};
    ebb_cpu_mask one = {0};
    *n_cpus = 0;
    EBB_TRY(ebb_affinity_get(&all, seats[0].tid));
    ebb_status status = EBB_OK;
    for (size_t i = 1; i < size && status == EBB_OK; i++) {
        status = ebb_affinity_get(&one, seats[i].tid);
        if (status == EBB_OK) {
            CPU_OR_S(all.size_bytes, all.set, all.set, one.set);
        }
    }
    *n_cpus = ebb_cpu_mask_count(&all);
    ebb_cpu_mask_clear(&one);
    ebb_cpu_mask_clear(&all);
    return status;
}

static void *wait_for_gate(void *argument)
{
    pthread_mutex_t *gate = argument;
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* OpenMP ends the whole program when it cannot start a thread. So as many as it will need
 * are started here first, and where one is refused, that is an error like any other. */
static ebb_status probe_threads(pthread_t *threads, size_t n)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    size_t n_started = 0;
    int error = 0;
    pthread_mutex_lock(&gate);
    while (n_started < n && error == 0) {
        error = pthread_create(&threads[n_started], NULL, wait_for_gate, &gate);
        n_started += error == 0;
    }
    pthread_mutex_unlock(&gate);
    for (size_t i = 0; i < n_started; i++) {
        pthread_join(threads[i], NULL);
    }
    if (error != 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "threads: %zu asked for, the system refuses after %zu: %s", n + 1,
                        n_started + 1, strerror(error));
    }
    return EBB_OK;
}

static ebb_status probe(size_t n_threads)
{
    pthread_t *threads = calloc(n_threads, sizeof *threads);
    if (threads == NULL) {
        return ebb_fail_memory(n_threads * sizeof *threads);
    }
    const ebb_status status = probe_threads(threads, n_threads - 1);
    free(threads);
    return status;
}

static ebb_status start(ebb_team *team, roll_call *call)
{
    EBB_TRY(probe(team->size));
    omp_set_dynamic(0);
    ebb_team_run(team, answer, call);
    if ((size_t)call->n_threads != team->size) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "OpenMP: %d threads where %zu were asked for "
                        "(OMP_THREAD_LIMIT allows %d)",
                        call->n_threads, team->size, omp_get_thread_limit());
    }
    size_t n_cpus = 0;
    EBB_TRY(count_cpus(&n_cpus, call->seats, team->size));
    const double quota = ebb_cgroup_read("").quota_cpus;
    const bool crowded =
        team->size > n_cpus || (quota > 0.0 && (double)team->size > quota);
    ebb_barrier_init(&team->barrier, team->size,
                     crowded ? EBB_BARRIER_YIELD : EBB_BARRIER_SPIN, WAIT_NS);
    return EBB_OK;
}

ebb_status ebb_team_create(ebb_team **out, size_t n_threads)
{
    *out = NULL;
    if (n_threads < 1 || n_threads > EBB_TEAM_MAX_THREADS) {
        return ebb_fail(EBB_ERR_USAGE, "threads: %zu (1 … %d)", n_threads,
                        EBB_TEAM_MAX_THREADS);
    }
    ebb_team *team = aligned_alloc(EBB_BARRIER_LINE_BYTES, sizeof *team);
    roll_call call = {.seats = calloc(n_threads, sizeof *call.seats)};
    ebb_status status = ebb_fail_memory(sizeof *team + n_threads * sizeof *call.seats);
    if (team != NULL && call.seats != NULL) {
        team->size = n_threads;
        ebb_barrier_init(&team->barrier, n_threads, EBB_BARRIER_SPIN, 0);
        status = start(team, &call);
    }
    free(call.seats);
    if (status != EBB_OK) {
        ebb_team_destroy(team);
        return status;
    }
    *out = team;
    return EBB_OK;
}

size_t ebb_team_size(const ebb_team *team)
{
    return team->size;
}

void ebb_team_run(ebb_team *team, ebb_team_fn fn, void *argument)
{
    const int callers_threads = omp_get_max_threads();
#pragma omp parallel num_threads((int)team->size) default(none) shared(fn, argument)
    {
        const unsigned before = flush_denormals();
        omp_set_num_threads(1);
        fn(argument, (size_t)omp_get_thread_num());
        restore_denormals(before);
    }
    /* A runtime may run a team of one as the calling task itself and keep its setting. */
    omp_set_num_threads(callers_threads);
}

void ebb_team_run_alone(ebb_team *team, ebb_team_fn fn, void *argument)
{
    const int callers_threads = omp_get_max_threads();
    const unsigned before = flush_denormals();
    omp_set_num_threads((int)team->size);
    fn(argument, 0);
    restore_denormals(before);
    omp_set_num_threads(callers_threads);
}

void ebb_team_barrier(ebb_team *team, size_t thread)
{
    (void)thread;
    if (team->size > 1) {
        ebb_barrier_wait(&team->barrier);
    }
}

void ebb_team_seats(ebb_team *team, ebb_team_seat *seats)
{
    roll_call call = {.seats = seats};
    ebb_team_run(team, answer, &call);
}

void ebb_team_share(size_t *begin, size_t *end, size_t n, size_t grain, size_t thread,
                    size_t n_threads)
{
    const size_t blocks = n / grain + (n % grain != 0);
    const size_t each = blocks / n_threads;
    const size_t rest = blocks % n_threads;
    const size_t first = thread * each + (thread < rest ? thread : rest);
    const size_t next = first + each + (thread < rest);
    *begin = first < blocks ? first * grain : n;
    *end = next < blocks ? next * grain : n;
}

void ebb_team_destroy(ebb_team *team)
{
    free(team);
}
