#include "net/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"

/* When a thread entered and left a step. */
typedef struct stamp {
    uint64_t begin_ns, end_ns;
} stamp;

typedef struct training_run {
    const ebb_program *program;
    const ebb_training *training;
    ebb_optimizer_step *backbone, *head; /* one a step */
    unsigned long backbone_count, head_count;
    float *row_loss;
    uint8_t *row_correct;
    stamp *stamps; /* [thread · n_steps + step] */
} training_run;

const char *ebb_work_name(ebb_work work)
{
    static const char *const names[] = {"batch",    "forward", "loss",
                                        "backward", "update",  "wait"};
    _Static_assert(sizeof names / sizeof *names == EBB_WORK_COUNT, "a name each");
    return names[work];
}

static ebb_status check_fresh(const ebb_net *net)
{
    if (net->transposed_generation != net->parameters->generation) {
        return ebb_fail(
            EBB_ERR_WRONG,
            "network: transposed weights of generation %llu, parameters of %llu",
            (unsigned long long)net->transposed_generation,
            (unsigned long long)net->parameters->generation);
    }
    return EBB_OK;
}

/* Row results are summed in row order by one thread, so the sum does not depend on the
 * number of threads. */
static void reduce_rows(const training_run *run, size_t step)
{
    const size_t n = run->program->n_rows;
    double loss = 0;
    uint32_t correct = 0;
    for (size_t r = 0; r < n; r++) {
        loss += (double)run->row_loss[r];
        correct += run->row_correct[r];
    }
    run->training->loss[step] = loss / (double)n;
    run->training->correct[step] = correct;
}

static ebb_status check_kernels(ebb_program *program)
{
    if (atomic_load(&program->failed) != 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "network: oneDNN refused to run a kernel (memory, most likely)");
    }
    return EBB_OK;
}

static void run_phase(const ebb_phase *phase, const ebb_step *step)
{
    for (size_t i = 0; i < phase->n; i++) {
        phase->ops[i].run(phase->ops[i].self, step);
    }
}

static void meet(const ebb_program *program, size_t thread)
{
    if (!program->alone) {
        ebb_team_barrier(program->net->team, thread);
    }
}

/* Rows are complete before the last phase; thread 0 sums them at its start. */
static void run_step(const training_run *run, const ebb_step *step, size_t index,
                     size_t thread)
{
    const ebb_program *program = run->program;
    const ebb_phase *phases = program->phases + thread * program->n_phases;
    for (size_t p = 0; p < program->n_phases; p++) {
        if (p + 1 == program->n_phases && thread == 0) {
            reduce_rows(run, index);
        }
        run_phase(&phases[p], step);
        meet(program, thread);
    }
}

/* Books the time since *last. */
static void book(ebb_profile *profile, ebb_work work, uint64_t *last)
{
    const uint64_t now = ebb_clock_now_ns();
    profile->ns[work] += now > *last ? now - *last : 0;
    *last = now;
}

/* run_step with a reading of the clock wherever the kind of work changes. */
static void run_step_profiled(const training_run *run, const ebb_step *step, size_t index,
                              size_t thread)
{
    const ebb_program *program = run->program;
    const ebb_phase *phases = program->phases + thread * program->n_phases;
    ebb_profile *profile = &run->training->profile[thread];
    uint64_t last = run->stamps[thread * run->training->n_steps + index].begin_ns;
    for (size_t p = 0; p < program->n_phases; p++) {
        if (p + 1 == program->n_phases && thread == 0) {
            reduce_rows(run, index);
            book(profile, EBB_WORK_LOSS, &last);
        }
        const ebb_phase *phase = &phases[p];
        for (size_t i = 0; i < phase->n; i++) {
            phase->ops[i].run(phase->ops[i].self, step);
            if (i + 1 == phase->n || phase->ops[i + 1].work != phase->ops[i].work) {
                book(profile, phase->ops[i].work, &last);
            }
        }
        meet(program, thread);
        book(profile, EBB_WORK_WAIT, &last);
    }
}

static void train_thread(void *argument, size_t thread)
{
    const training_run *run = argument;
    const ebb_training *training = run->training;
    stamp *stamps = run->stamps + thread * training->n_steps;
    memset(stamps, 0, training->n_steps * sizeof *stamps); /* the first to touch them */
    meet(run->program, thread);
    for (size_t i = 0; i < training->n_steps; i++) {
        stamps[i].begin_ns = ebb_clock_now_ns();
        const ebb_step step = {
            .rows = training->rows,
            .samples = training->order + i * run->program->n_rows,
            .n_rows = run->program->n_rows,
            .target = &training->target,
            .backbone = &run->backbone[i],
            .head = &run->head[i],
            .backbone_count = run->backbone_count + i + 1,
            .head_count = run->head_count + i + 1,
            .row_loss = run->row_loss,
            .row_correct = run->row_correct,
        };
        if (training->profile == NULL) {
            run_step(run, &step, i, thread);
        } else {
            run_step_profiled(run, &step, i, thread);
        }
        stamps[i].end_ns = ebb_clock_now_ns();
    }
}

/* A step lasts from the first thread that began to the last that left its final barrier.
 */
static void measure_steps(const training_run *run)
{
    const size_t n_steps = run->training->n_steps;
    for (size_t i = 0; i < n_steps; i++) {
        uint64_t begin_ns = UINT64_MAX;
        uint64_t end_ns = 0;
        for (size_t t = 0; t < run->program->n_threads; t++) {
            const stamp *s = &run->stamps[t * n_steps + i];
            begin_ns = s->begin_ns < begin_ns ? s->begin_ns : begin_ns;
            end_ns = s->end_ns > end_ns ? s->end_ns : end_ns;
        }
        run->training->step_ns[i] = end_ns > begin_ns ? end_ns - begin_ns : 0;
    }
}

/* One block holds all that a run needs, touched before anything is timed: the stamps by
 * their threads. */
static ebb_status allocate_run(training_run *run, void **block)
{
    const size_t n_steps = run->training->n_steps;
    const size_t n_rows = run->program->n_rows;
    const size_t stamps_bytes = run->program->n_threads * n_steps * sizeof(stamp);
    const size_t steps_bytes = n_steps * sizeof(ebb_optimizer_step);
    const size_t rows_bytes = n_rows * (sizeof(float) + sizeof(uint8_t));
    EBB_TRY(ebb_buffer_allocate(block, stamps_bytes + 2 * steps_bytes + rows_bytes, 1));
    char *next = *block;
    memset(next + stamps_bytes, 0, 2 * steps_bytes + rows_bytes);
    run->stamps = (void *)next;
    run->backbone = (void *)(next += stamps_bytes);
    run->head = (void *)(next += steps_bytes);
    run->row_loss = (void *)(next += steps_bytes);
    run->row_correct = (void *)(next + n_rows * sizeof(float));
    return EBB_OK;
}

static void prepare_steps(training_run *run, const ebb_net *net)
{
    for (size_t i = 0; i < run->training->n_steps; i++) {
        net->optimizer->prepare(&run->backbone[i], &net->optimizer_spec,
                                run->backbone_count + i + 1);
        net->optimizer->prepare(&run->head[i], &net->optimizer_spec,
                                run->head_count + i + 1);
    }
}

ebb_status ebb_program_train(ebb_program *program, const ebb_training *training)
{
    ebb_net *net = program->net;
    if (!program->ignores_copies) {
        EBB_TRY(check_fresh(net));
    }
    const size_t head = training->target.head;
    training_run run = {.program = program,
                        .training = training,
                        .backbone_count = net->backbone_steps,
                        .head_count = net->head_steps[head]};
    void *block = NULL;
    EBB_TRY(allocate_run(&run, &block));
    prepare_steps(&run, net);
    program->bind_head(program, head);
    if (program->alone) {
        ebb_team_run_alone(net->team, train_thread, &run);
    } else {
        ebb_team_run(net->team, train_thread, &run);
    }
    measure_steps(&run);
    net->backbone_steps += training->n_steps;
    net->head_steps[head] += training->n_steps;
    net->parameters->generation += program->ignores_copies;
    ebb_buffer_free(block);
    return check_kernels(program);
}

/* ---- testing ---------------------------------------------------------------------- */

typedef struct testing_run {
    const ebb_program *program;
    const ebb_testing *testing;
} testing_run;

static void test_thread(void *argument, size_t thread)
{
    const testing_run *run = argument;
    const ebb_testing *testing = run->testing;
    const size_t n_rows = run->program->n_rows;
    size_t begin = 0;
    size_t end = 0;
    ebb_team_share(&begin, &end, testing->n, n_rows, thread, run->program->n_threads);
    for (size_t i = begin; i < end; i += n_rows) {
        const ebb_step step = {
            .rows = testing->rows,
            .samples = testing->samples + i,
            .n_rows = end - i < n_rows ? end - i : n_rows,
            .target = &testing->target,
            .row_loss = testing->loss + i,
            .row_correct = testing->correct + i,
        };
        run_phase(&run->program->phases[thread], &step);
    }
}

ebb_status ebb_program_test(ebb_program *program, const ebb_testing *testing)
{
    testing_run run = {.program = program, .testing = testing};
    program->bind_head(program, testing->target.head);
    ebb_team_run(program->net->team, test_thread, &run);
    return check_kernels(program);
}

void ebb_program_note_kernel(ebb_program *program, const char *operation,
                             const char *kernel)
{
    for (size_t i = 0; i < program->n_kernels; i++) {
        if (strcmp(program->kernels[i].operation, operation) == 0) {
            return;
        }
    }
    if (program->n_kernels < EBB_PROGRAM_MAX_KERNELS) {
        ebb_program_kernel *entry = &program->kernels[program->n_kernels++];
        snprintf(entry->operation, sizeof entry->operation, "%s", operation);
        snprintf(entry->kernel, sizeof entry->kernel, "%s", kernel);
    }
}

void ebb_program_destroy(ebb_program *program)
{
    if (program != NULL) {
        program->destroy(program);
    }
}
