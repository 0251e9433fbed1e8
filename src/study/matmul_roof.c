#include "study/matmul_roof.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "machine/report.h"
#include "machine/roofs.h"
#include "net/onednn.h"

enum { ROUNDS = 9, ROUND_NS = 1000000, MOST_RUNS = 1 << 20 };

/* All operands of the largest are 0.4 MiB; of the smallest, 0.1 MiB. */
static const struct {
    size_t m, n, k;
} shapes[] = {{64, 64, 256}, {64, 128, 256}, {128, 128, 256}, {128, 256, 128}};

enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

/* One thread's product, on cache lines of its own. */
typedef struct worker {
    _Alignas(128) ebb_onednn *onednn;
    ebb_matmul *matmul;
    float *memory; /* x, w, y */
    uint64_t start_ns, end_ns;
    char message[256]; /* of a failure: texts of errors belong to their threads */
} worker;

typedef struct measurement {
    ebb_team *team;
    size_t m, n, k;
    worker *workers;
    atomic_int status; /* of any thread; an ebb_status */
    uint64_t n_runs;   /* of each thread in a round */
    double gflops[ROUNDS];
} measurement;

static ebb_status set_up(worker *own, const measurement *all)
{
    const size_t m = all->m;
    const size_t n = all->n;
    const size_t k = all->k;
    const ebb_matmul_shape shape = {
        .m = m, .n = n, .k = k, .x_leading = k, .w_leading = n, .y_leading = n};
    void *memory = NULL;
    EBB_TRY(ebb_buffer_allocate(&memory, m * k + k * n + m * n, sizeof *own->memory));
    own->memory = memory;
    for (size_t i = 0; i < m * k + k * n; i++) {
        own->memory[i] = 0.5f + 0.25f * (float)(i % 3);
    }
    EBB_TRY(ebb_onednn_create(&own->onednn));
    EBB_TRY(ebb_matmul_create(&own->matmul, own->onednn, &shape));
    ebb_matmul_bind(own->matmul, own->memory, own->memory + m * k, NULL,
                    own->memory + m * k + k * n);
    return EBB_OK;
}

/* Every thread makes what it will run, inside the region. */
static void begin(void *argument, size_t thread)
{
    measurement *all = argument;
    worker *own = &all->workers[thread];
    const ebb_status status = set_up(own, all);
    if (status != EBB_OK) {
        snprintf(own->message, sizeof own->message, "%s", ebb_last_error());
        atomic_store(&all->status, (int)status);
    }
}

static void end(void *argument, size_t thread)
{
    measurement *all = argument;
    worker *own = &all->workers[thread];
    ebb_matmul_destroy(own->matmul);
    ebb_onednn_destroy(own->onednn);
    ebb_buffer_free(own->memory);
}

static void run_products(measurement *all, worker *own, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        if (ebb_matmul_run(own->matmul) != EBB_OK) {
            snprintf(own->message, sizeof own->message,
                     "oneDNN: a matrix product was refused");
            atomic_store(&all->status, EBB_ERR_ENVIRONMENT);
            return;
        }
    }
}

static double round_gflops(const measurement *all)
{
    const size_t n_threads = ebb_team_size(all->team);
    uint64_t first_ns = all->workers[0].start_ns;
    uint64_t last_ns = all->workers[0].end_ns;
    for (size_t i = 0; i < n_threads; i++) {
        const worker *own = &all->workers[i];
        first_ns = own->start_ns < first_ns ? own->start_ns : first_ns;
        last_ns = own->end_ns > last_ns ? own->end_ns : last_ns;
    }
    const double flop = 2.0 * (double)all->m * (double)all->n * (double)all->k *
                        (double)all->n_runs * (double)n_threads;
    return flop / (last_ns > first_ns ? (double)(last_ns - first_ns) : 1.0);
}

static void run_rounds(void *argument, size_t thread)
{
    measurement *all = argument;
    worker *own = &all->workers[thread];
    for (int round = -1; round < ROUNDS; round++) {
        ebb_team_barrier(all->team, thread);
        own->start_ns = ebb_clock_now_ns();
        run_products(all, own, all->n_runs);
        own->end_ns = ebb_clock_now_ns();
        ebb_team_barrier(all->team, thread);
        if (thread == 0 && round >= 0) {
            all->gflops[round] = round_gflops(all);
        }
    }
}

/* Products that one thread makes in about ROUND_NS. */
static void calibrate(void *argument, size_t thread)
{
    measurement *all = argument;
    if (thread != 0) {
        return;
    }
    uint64_t elapsed_ns = 0;
    for (uint64_t n = 1; elapsed_ns < ROUND_NS / 4 && n < MOST_RUNS; n *= 2) {
        const uint64_t start_ns = ebb_clock_now_ns();
        run_products(all, &all->workers[0], n);
        elapsed_ns = ebb_clock_now_ns() - start_ns;
        all->n_runs = elapsed_ns > 0 ? n * ROUND_NS / elapsed_ns : n;
    }
    all->n_runs = all->n_runs > 0 ? all->n_runs : 1;
}

static ebb_status status_of(const measurement *all)
{
    for (size_t i = 0; i < ebb_team_size(all->team); i++) {
        if (all->workers[i].message[0] != '\0') {
            return ebb_fail((ebb_status)atomic_load(&all->status), "%s",
                            all->workers[i].message);
        }
    }
    return EBB_OK;
}

/* Keeps in *out what is faster than all shapes before. */
static ebb_status measure_shape(ebb_matmul_roof *out, measurement *all)
{
    ebb_team_run(all->team, begin, all);
    if (status_of(all) == EBB_OK) {
        ebb_team_run(all->team, calibrate, all);
        ebb_team_run(all->team, run_rounds, all);
    }
    const ebb_status status = status_of(all);
    if (status == EBB_OK) {
        const ebb_spread gflops = ebb_spread_of(all->gflops, ROUNDS);
        if (gflops.median > out->gflops.median) {
            *out = (ebb_matmul_roof){.threads = ebb_team_size(all->team),
                                     .m = all->m,
                                     .n = all->n,
                                     .k = all->k,
                                     .gflops = gflops};
            snprintf(out->kernel, sizeof out->kernel, "%s",
                     ebb_matmul_kernel(all->workers[0].matmul));
        }
    }
    ebb_team_run(all->team, end, all);
    return status;
}

ebb_status ebb_matmul_roof_measure(ebb_matmul_roof *out, const ebb_bound_team *bound)
{
    const size_t n_threads = ebb_team_size(bound->team);
    *out = (ebb_matmul_roof){0};
    worker *workers = aligned_alloc(_Alignof(worker), n_threads * sizeof *workers);
    if (workers == NULL) {
        return ebb_fail_memory(n_threads * sizeof *workers);
    }
    ebb_status status = ebb_onednn_check_runtime();
    for (size_t i = 0; i < N_SHAPES && status == EBB_OK; i++) {
        measurement all = {.team = bound->team,
                           .m = shapes[i].m,
                           .n = shapes[i].n,
                           .k = shapes[i].k,
                           .workers = workers};
        memset(workers, 0, n_threads * sizeof *workers);
        status = measure_shape(out, &all);
    }
    free(workers);
    return status;
}

static json_t *roof_object(const ebb_matmul_roof *roof)
{
    return json_pack("{s:I, s:f, s:f, s:f, s:I, s:I, s:I, s:s}", "threads",
                     (json_int_t)roof->threads, "value", roof->gflops.median, "low",
                     roof->gflops.low, "high", roof->gflops.high, "m",
                     (json_int_t)roof->m, "n", (json_int_t)roof->n, "k",
                     (json_int_t)roof->k, "kernel", roof->kernel);
}

static ebb_status add_team(json_t *list, size_t n_threads, const ebb_topology *topology)
{
    ebb_bound_team bound;
    ebb_matmul_roof roof;
    EBB_TRY(ebb_bound_team_create(&bound, n_threads, topology));
    const ebb_status status = ebb_matmul_roof_measure(&roof, &bound);
    const ebb_status released = ebb_bound_team_release(&bound);
    EBB_TRY(status);
    EBB_TRY(released);
    return json_array_append_new(list, roof_object(&roof)) == 0
               ? EBB_OK
               : ebb_fail_memory(sizeof roof);
}

static ebb_status add_roofs(json_t *machine, const ebb_topology *topology)
{
    size_t sizes[EBB_ROOFS_MAX_TEAMS];
    const size_t n = ebb_roofs_ladder(sizes, EBB_ROOFS_MAX_TEAMS, topology);
    json_t *roofs = json_object_get(machine, "roofs");
    json_t *list = json_object_get(roofs, "matmul_gflops");
    for (size_t i = 0; i < n; i++) {
        EBB_TRY(add_team(list, sizes[i], topology));
    }
    json_t *method =
        json_string("oneDNN matrix products in cache, made for one thread, one a thread, "
                    "all threads at once; the fastest of 4 shapes; median, lowest and "
                    "highest of 9 rounds of 1 ms");
    return json_object_set_new(json_object_get(roofs, "methods"), "matmul_gflops",
                               method) == 0
               ? EBB_OK
               : ebb_fail_memory(sizeof method);
}

ebb_status ebb_matmul_roof_machine_json(json_t **out, const ebb_topology *topology)
{
    *out = NULL;
    json_t *machine = NULL;
    EBB_TRY(ebb_machine_json(&machine, topology));
    const ebb_status status = add_roofs(machine, topology);
    if (status != EBB_OK) {
        json_decref(machine);
        return status;
    }
    *out = machine;
    return EBB_OK;
}
