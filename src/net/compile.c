#include "net/compile.h"

#include <stdio.h>
#include <stdlib.h>

/* Rows of a testing block: large enough for the kernels, small enough for the caches. */
enum { TEST_ROWS = 64, MESSAGE_BYTES = 1024 };

typedef struct compilation {
    ebb_program *program;
    ebb_parts *parts;
    ebb_compile_fn build;
    ebb_status *status;              /* one a thread */
    char (*messages)[MESSAGE_BYTES]; /* one a thread */
} compilation;

static void note_status(const compilation *self, size_t thread, ebb_status status)
{
    self->status[thread] = status;
    if (status != EBB_OK) {
        snprintf(self->messages[thread], MESSAGE_BYTES, "%s", ebb_last_error());
    }
}

static void create_thread(void *argument, size_t thread)
{
    const compilation *self = argument;
    note_status(self, thread, ebb_onednn_create(&self->parts->threads[thread].onednn));
}

static void build_thread(void *argument, size_t thread)
{
    const compilation *self = argument;
    note_status(self, thread, self->build(self->program, thread));
}

static ebb_status create_parts(ebb_program *program, ebb_parts *parts)
{
    *parts = (ebb_parts){.n_threads = program->n_threads, .n_phases = program->n_phases};
    parts->threads = calloc(parts->n_threads, sizeof *parts->threads);
    if (parts->threads == NULL) {
        return ebb_fail_memory(parts->n_threads * sizeof *parts->threads);
    }
    for (size_t t = 0; t < parts->n_threads; t++) {
        parts->threads[t].lists = calloc(parts->n_phases, sizeof(ebb_op_list));
        if (parts->threads[t].lists == NULL) {
            return ebb_fail_memory(parts->n_phases * sizeof(ebb_op_list));
        }
    }
    return EBB_OK;
}

static ebb_status create_phases(ebb_program *program, const ebb_parts *parts)
{
    const size_t n = program->n_threads * program->n_phases;
    program->phases = calloc(n, sizeof *program->phases);
    if (program->phases == NULL) {
        return ebb_fail_memory(n * sizeof *program->phases);
    }
    for (size_t i = 0; i < n; i++) {
        const ebb_op_list *list =
            &parts->threads[i / program->n_phases].lists[i % program->n_phases];
        program->phases[i] = (ebb_phase){list->ops, list->n};
    }
    return EBB_OK;
}

static ebb_status run_all(compilation *self, ebb_team_fn run)
{
    ebb_team *team = self->program->net->team;
    if (self->program->alone) {
        ebb_team_run_alone(team, run, self);
    } else {
        ebb_team_run(team, run, self);
    }
    for (size_t t = 0; t < self->program->n_threads; t++) {
        if (self->status[t] != EBB_OK) {
            return ebb_fail(self->status[t], "%s", self->messages[t]);
        }
    }
    return EBB_OK;
}

/* Threads meet at barriers while they build, so none begins before all can. */
static ebb_status run_compilation(compilation *self)
{
    EBB_TRY(run_all(self, create_thread));
    EBB_TRY(run_all(self, build_thread));
    return create_phases(self->program, self->parts);
}

ebb_status ebb_compile(ebb_program *program, ebb_parts *parts, ebb_compile_fn build)
{
    EBB_TRY(create_parts(program, parts));
    const size_t n = program->n_threads;
    compilation self = {.program = program,
                        .parts = parts,
                        .build = build,
                        .status = calloc(n, sizeof *self.status),
                        .messages = calloc(n, sizeof *self.messages)};
    const ebb_status status = self.status == NULL || self.messages == NULL
                                  ? ebb_fail_memory(n * MESSAGE_BYTES)
                                  : run_compilation(&self);
    free(self.status);
    free(self.messages);
    return status;
}

void ebb_parts_clear(ebb_parts *parts)
{
    for (size_t t = 0; parts->threads != NULL && t < parts->n_threads; t++) {
        ebb_thread_part *part = &parts->threads[t];
        for (size_t p = 0; part->lists != NULL && p < parts->n_phases; p++) {
            ebb_op_list_clear(&part->lists[p]);
        }
        free(part->lists);
        ebb_onednn_destroy(part->onednn);
    }
    free(parts->threads);
    *parts = (ebb_parts){0};
}

/* ---- testing ------------------------------------------------------------------------
 */

typedef struct test_program {
    ebb_program base;
    ebb_parts parts;
    ebb_activations batch; /* TEST_ROWS a thread */
    ebb_block *blocks;     /* one a thread */
} test_program;

static ebb_status build_test(ebb_program *program, size_t thread)
{
    test_program *self = (test_program *)program;
    ebb_block *block = &self->blocks[thread];
    block->program = program;
    block->batch = &self->batch;
    block->first_row = thread * TEST_ROWS;
    block->n_rows = TEST_ROWS;
    EBB_TRY(ebb_block_create_kernels(block, self->parts.threads[thread].onednn, false));
    return ebb_block_add_forward(self->parts.threads[thread].lists, block);
}

static void bind_test(ebb_program *program, size_t head)
{
    test_program *self = (test_program *)program;
    for (size_t t = 0; t < program->n_threads; t++) {
        ebb_block_bind(&self->blocks[t], head);
    }
}

static void destroy_test(ebb_program *program)
{
    test_program *self = (test_program *)program;
    for (size_t t = 0; self->blocks != NULL && t < program->n_threads; t++) {
        ebb_block_clear(&self->blocks[t]);
    }
    free(self->blocks);
    ebb_parts_clear(&self->parts);
    ebb_activations_clear(&self->batch);
    free(program->phases);
    free(self);
}

static ebb_status fill_test(test_program *self)
{
    ebb_program *program = &self->base;
    EBB_TRY(ebb_activations_init(&self->batch, program->net,
                                 TEST_ROWS * program->n_threads, false));
    self->blocks = calloc(program->n_threads, sizeof *self->blocks);
    if (self->blocks == NULL) {
        return ebb_fail_memory(program->n_threads * sizeof *self->blocks);
    }
    return ebb_compile(program, &self->parts, build_test);
}

ebb_status ebb_compile_test(ebb_program **out, ebb_net *net)
{
    *out = NULL;
    test_program *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->base = (ebb_program){.net = net,
                               .n_rows = TEST_ROWS,
                               .n_threads = ebb_team_size(net->team),
                               .n_phases = 1,
                               .bind_head = bind_test,
                               .destroy = destroy_test};
    const ebb_status status = fill_test(self);
    if (status != EBB_OK) {
        destroy_test(&self->base);
        return status;
    }
    *out = &self->base;
    return EBB_OK;
}
