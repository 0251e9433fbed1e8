#include "net/homes.h"

#include <stdlib.h>

#include "net/activations.h"

typedef struct search {
    const ebb_program *program;
    ebb_homes *found; /* one a thread */
} search;

static void look_at_floats(ebb_residence *sum, const float *floats, size_t n)
{
    if (floats != NULL) {
        ebb_residence_look(sum, floats, n * sizeof *floats);
    }
}

typedef struct look {
    ebb_residence *sum;
    const float *arena;
} look;

static void look_at_share(const void *context, size_t begin, size_t end)
{
    const look *self = context;
    look_at_floats(self->sum, self->arena + begin, end - begin);
}

static void look_at_arena(ebb_residence *sum, const ebb_net *net, const float *arena,
                          size_t thread)
{
    const look own = {sum, arena};
    if (arena != NULL) {
        ebb_parameters_each_share(net->parameters, thread, look_at_share, &own);
    }
}

/* Rows [*begin, *end) that the thread brings through the network. */
static void own_rows(size_t *begin, size_t *end, const ebb_program *program,
                     size_t thread)
{
    if (program->n_shards == 0) {
        ebb_team_share(begin, end, program->n_rows, 1, thread, program->n_threads);
        return;
    }
    size_t first = 0;
    size_t last = 0;
    size_t unused = 0;
    *begin = 0;
    *end = 0;
    ebb_team_share(&first, &last, program->n_shards, 1, thread, program->n_threads);
    if (first < last) {
        ebb_team_share(begin, &unused, program->n_rows, 1, first, program->n_shards);
        ebb_team_share(&unused, end, program->n_rows, 1, last - 1, program->n_shards);
    }
}

static void look_at_rows(ebb_residence *sum, const ebb_program *program, size_t thread)
{
    const ebb_activations *batch = program->batch;
    size_t begin = 0;
    size_t end = 0;
    own_rows(&begin, &end, program, thread);
    look_at_floats(sum, batch->input + begin * batch->input_leading,
                   (end - begin) * batch->input_leading);
    for (size_t l = 0; l < batch->n_layers; l++) {
        const size_t leading = batch->leading[l];
        const bool apart = batch->delta[l] != NULL && batch->delta[l] != batch->out[l];
        look_at_floats(sum, batch->out[l] + begin * leading, (end - begin) * leading);
        if (apart) {
            look_at_floats(sum, batch->delta[l] + begin * leading,
                           (end - begin) * leading);
        }
    }
}

static void look_thread(void *argument, size_t thread)
{
    const search *self = argument;
    const ebb_net *net = self->program->net;
    ebb_homes *own = &self->found[thread];
    look_at_arena(&own->parameters, net, net->parameters->values, thread);
    look_at_arena(&own->parameters, net, net->first, thread);
    look_at_arena(&own->parameters, net, net->second, thread);
    if (self->program->batch != NULL) {
        look_at_rows(&own->activations, self->program, thread);
    }
}

ebb_status ebb_homes_look(ebb_homes *out, const ebb_program *train)
{
    ebb_team *team = train->net->team;
    const size_t n_threads = ebb_team_size(team);
    *out = (ebb_homes){0};
    search self = {.program = train, .found = calloc(n_threads, sizeof *self.found)};
    if (self.found == NULL) {
        return ebb_fail_memory(n_threads * sizeof *self.found);
    }
    ebb_team_run(team, look_thread, &self);
    for (size_t t = 0; t < n_threads; t++) {
        ebb_residence_add(&out->parameters, &self.found[t].parameters);
        ebb_residence_add(&out->activations, &self.found[t].activations);
    }
    free(self.found);
    return EBB_OK;
}
