/* step_plan - what each thread of a compiled `tiles` step does, and how long it takes.
 *
 * Usage: step_plan HIDDEN BATCH OPTIMIZER THREADS ROUNDS
 *
 * Prints one JSON object for 784-HIDDEN-10: for each phase and thread the number of
 * operations of each kind of work, the rectangles as [m, n, k], the rows of blocks; and
 * all pieces. With ROUNDS above 0 also nanoseconds: every operation of every thread is
 * run one after the other on one thread and the fastest of the rounds is taken, which
 * foreign load hardly changes. That simulates any number of threads on one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fixture.h"
#include "net/block.h"
#include "net/panels.h"
#include "net/piece.h"

/* As in strategy_tiles.c; the counts of operations tell when they are not. */
static ebb_piece_rule rule_for(size_t batch)
{
    return (ebb_piece_rule){16384, 256, 4, (65536 + batch - 1) / batch};
}

typedef struct simulation {
    const ebb_program *program;
    ebb_step step;
    int rounds;
    uint64_t *ns; /* the fastest of each operation, in the order of print_all */
} simulation;

static const ebb_phase *phase_of(const ebb_program *program, size_t phase, size_t thread)
{
    return &program->phases[thread * program->n_phases + phase];
}

static void run_once(simulation *self)
{
    const ebb_program *program = self->program;
    uint64_t *ns = self->ns;
    for (size_t p = 0; p < program->n_phases; p++) {
        for (size_t t = 0; t < program->n_threads; t++) {
            const ebb_phase *phase = phase_of(program, p, t);
            for (size_t i = 0; i < phase->n; i++, ns++) {
                const uint64_t start_ns = ebb_clock_now_ns();
                phase->ops[i].run(phase->ops[i].self, &self->step);
                const uint64_t own_ns = ebb_clock_now_ns() - start_ns;
                *ns = own_ns < *ns ? own_ns : *ns;
            }
        }
    }
}

static void simulate(void *argument, size_t thread)
{
    simulation *self = argument;
    for (int i = 0; thread == 0 && i < self->rounds; i++) {
        run_once(self);
    }
}

static void print_work(const ebb_phase *phase, const uint64_t *ns, ebb_work work)
{
    size_t n = 0;
    uint64_t total_ns = 0;
    for (size_t i = 0; i < phase->n; i++) {
        n += phase->ops[i].work == work;
        total_ns += phase->ops[i].work == work ? ns[i] : 0;
    }
    printf("\"%s\": [%zu, %" PRIu64 "], ", ebb_work_name(work), n, total_ns);
}

static void print_sizes(const ebb_phase *phase)
{
    const char *comma = "";
    printf("\"rectangles\": [");
    for (size_t i = 0; i < phase->n; i++) {
        if (phase->ops[i].run == ebb_panels_run) {
            const ebb_product *p = &((const ebb_panel *)phase->ops[i].self)->product;
            printf("%s[%zu, %zu, %zu]", comma, p->m, p->n, p->k);
            comma = ", ";
        }
    }
    comma = "";
    printf("], \"rows\": [");
    for (size_t i = 0; i < phase->n; i++) {
        if (phase->ops[i].run == ebb_block_gather) {
            printf("%s%zu", comma, ((const ebb_block *)phase->ops[i].self)->n_rows);
            comma = ", ";
        }
    }
    printf("]");
}

static void print_phases(const ebb_program *program, const uint64_t *ns)
{
    printf("\"phases\": [");
    for (size_t p = 0; p < program->n_phases; p++) {
        printf("%s[", p > 0 ? ", " : "");
        for (size_t t = 0; t < program->n_threads; t++) {
            const ebb_phase *phase = phase_of(program, p, t);
            printf("%s{", t > 0 ? ", " : "");
            for (int work = 0; work < EBB_WORK_WAIT; work++) {
                print_work(phase, ns, (ebb_work)work);
            }
            print_sizes(phase);
            printf("}");
            ns += phase->n;
        }
        printf("]");
    }
    printf("]");
}

static void print_pieces(const fixture *base, size_t batch)
{
    ebb_piece_list list;
    const ebb_piece_rule rule = rule_for(batch);
    fixture_succeed(ebb_piece_list_init(&list, base->net, &rule), "pieces");
    printf("\"pieces\": [");
    for (size_t i = 0; i < list.n; i++) {
        const ebb_piece *piece = &list.pieces[i];
        printf("%s[%zu, %zu, %zu, %d]", i > 0 ? ", " : "", piece->layer, piece->n_rows,
               piece->n_columns, piece->bias);
    }
    printf("]");
    ebb_piece_list_clear(&list);
}

static void *allocate(size_t n, size_t item_bytes)
{
    void *out = calloc(n, item_bytes);
    if (out == NULL) {
        fixture_succeed(ebb_fail_memory(n * item_bytes), "memory");
        abort();
    }
    return out;
}

static size_t count_operations(const ebb_program *program)
{
    size_t n = 0;
    for (size_t i = 0; i < program->n_phases * program->n_threads; i++) {
        n += program->phases[i].n;
    }
    return n;
}

static void plan(fixture *base, ebb_program *program, int rounds)
{
    ebb_optimizer_step numbers;
    const ebb_target target = fixture_target(base, 0);
    base->net->optimizer->prepare(&numbers, &base->net->optimizer_spec, 1);
    const size_t n = count_operations(program);
    simulation all = {.program = program,
                      .rounds = rounds,
                      .step = {.rows = &base->rows,
                               .samples = base->order,
                               .n_rows = program->n_rows,
                               .target = &target,
                               .backbone = &numbers,
                               .head = &numbers,
                               .backbone_count = 1,
                               .head_count = 1,
                               .row_loss = allocate(program->n_rows, sizeof(float)),
                               .row_correct = allocate(program->n_rows, 1)},
                      .ns = allocate(n, sizeof *all.ns)};
    memset(all.ns, rounds > 0 ? 0xff : 0, n * sizeof *all.ns);
    program->bind_head(program, 0);
    ebb_team_run(base->team, simulate, &all);
    printf("{\"batch\": %zu, \"threads\": %zu, ", program->n_rows, program->n_threads);
    print_phases(program, all.ns);
    printf(", ");
    print_pieces(base, program->n_rows);
    printf("}\n");
    free(all.step.row_loss);
    free(all.step.row_correct);
    free(all.ns);
}

/* "256,100" into widths; at most FIXTURE_MAX_HIDDEN. */
static void read_widths(size_t *widths, const char *text)
{
    char *rest = NULL;
    for (size_t i = 0; i < FIXTURE_MAX_HIDDEN && *text != '\0'; i++) {
        widths[i] = strtoul(text, &rest, 10);
        text = *rest == ',' ? rest + 1 : rest;
    }
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "step_plan: HIDDEN BATCH OPTIMIZER THREADS ROUNDS\n");
        return 2;
    }
    const size_t batch = strtoul(argv[2], NULL, 10);
    const bool adam = strcmp(argv[3], "adam") == 0;
    fixture_spec spec = {.features = 784,
                         .n_heads = 1,
                         .classes = 10,
                         .optimizer = adam ? &ebb_optimizer_adam : &ebb_optimizer_sgd,
                         .numbers = {.learning_rate = 1e-6},
                         .panel = EBB_PANEL_COLUMNS,
                         .threads = strtoul(argv[4], NULL, 10),
                         .n_samples = batch};
    read_widths(spec.hidden, argv[1]);
    fixture base;
    ebb_program *program = NULL;
    fixture_init(&base, &spec);
    fixture_succeed(ebb_strategy_tiles.compile_train(&program, base.net, batch), "tiles");
    plan(&base, program, atoi(argv[5]));
    ebb_program_destroy(program);
    fixture_clear(&base);
    return 0;
}
