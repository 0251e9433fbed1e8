#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "study/trial.h"

ebb_status ebb_result_init(ebb_result *result, size_t n_tasks, size_t n_threads)
{
    result->n_tasks = n_tasks;
    double **matrices[] = {&result->accuracy, &result->loss, &result->batch_accuracy,
                           &result->batch_loss};
    for (size_t i = 0; i < 4; i++) {
        *matrices[i] = malloc(n_tasks * n_tasks * sizeof **matrices[i]);
        if (*matrices[i] == NULL) {
            return ebb_fail_memory(n_tasks * n_tasks * sizeof(double));
        }
        for (size_t j = 0; j < n_tasks * n_tasks; j++) {
            (*matrices[i])[j] = (double)NAN;
        }
    }
    result->task_digests = calloc(n_tasks, sizeof *result->task_digests);
    result->unlearning = calloc(n_tasks, sizeof *result->unlearning);
    result->seats = calloc(n_threads, sizeof *result->seats);
    const bool complete = result->task_digests != NULL && result->unlearning != NULL &&
                          result->seats != NULL;
    return complete ? EBB_OK : ebb_fail_memory(n_tasks * sizeof *result->unlearning);
}

void ebb_result_clear(ebb_result *result)
{
    free(result->accuracy);
    free(result->loss);
    free(result->batch_accuracy);
    free(result->batch_loss);
    free(result->validation);
    free(result->unlearning);
    free(result->task_digests);
    free(result->step_ns);
    free(result->sample_ns);
    free(result->seats);
    ebb_buffer_free(result->profile);
    for (size_t i = 0; i < result->n_problems; i++) {
        free(result->problems[i]);
    }
    memset(result, 0, sizeof *result);
}
