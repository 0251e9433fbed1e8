#include "study/residue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Is the task the only one to be unlearned after itself? */
static bool is_last_alone(const ebb_config *config, size_t task)
{
    size_t n = 0;
    bool itself = false;
    for (size_t i = 0; i < config->n_requests; i++) {
        if (config->requests[i].after == task) {
            n++;
            itself = itself || config->requests[i].task == task;
        }
    }
    return n == 1 && itself;
}

void ebb_residue_clear(ebb_residue *residue)
{
    free(residue->before);
    *residue = (ebb_residue){.before = NULL};
}

ebb_status ebb_residue_keep(ebb_residue *residue, const ebb_config *config, size_t task,
                            const ebb_parameters *parameters)
{
    ebb_residue_clear(residue);
    if (!is_last_alone(config, task)) {
        return EBB_OK;
    }
    residue->n = parameters->shape->n_floats;
    residue->before = malloc(residue->n * sizeof *residue->before);
    if (residue->before == NULL) {
        return ebb_fail_memory(residue->n * sizeof *residue->before);
    }
    memcpy(residue->before, parameters->values, residue->n * sizeof *residue->before);
    return EBB_OK;
}

double ebb_residue_take(ebb_residue *residue, const ebb_parameters *parameters)
{
    double distance = 0;
    double norm = 0;
    for (size_t i = 0; i < residue->n; i++) {
        const double before = (double)residue->before[i];
        const double missed = (double)parameters->values[i] - before;
        distance += missed * missed;
        norm += before * before;
    }
    ebb_residue_clear(residue);
    return sqrt(distance / norm); /* nothing kept: 0/0 */
}
