#include "learn/metrics.h"

#include <math.h>

/* A mean over what there is; NaN over nothing. */
typedef struct mean {
    double sum;
    size_t n;
} mean;

static void add(mean *m, double value)
{
    m->sum += value;
    m->n++;
}

static double value_of(mean m)
{
    return m.n == 0 ? (double)NAN : m.sum / (double)m.n;
}

/* Highest accuracy on task k after training of k … T−1; NaN when never tested. */
static double best_before_last(const double *accuracy, size_t n_tasks, size_t k)
{
    double best = (double)NAN;
    for (size_t l = k; l + 1 < n_tasks; l++) {
        const double value = accuracy[l * n_tasks + k];
        if (isnan(best) || value > best) {
            best = value;
        }
    }
    return best;
}

void ebb_metrics_compute(ebb_metrics *out, const double *accuracy, size_t n_tasks,
                         const bool *unlearned)
{
    const double *last = accuracy + (n_tasks - 1) * n_tasks;
    mean all = {0}, diagonal = {0};
    mean average[2] = {{0}};  /* remaining, unlearned */
    mean transfer[2] = {{0}}; /* all, remaining */
    mean forgetting[2] = {{0}};
    for (size_t k = 0; k < n_tasks; k++) {
        add(&all, last[k]);
        add(&average[unlearned[k] ? 1 : 0], last[k]);
        const double learned = accuracy[k * n_tasks + k];
        const double best = best_before_last(accuracy, n_tasks, k);
        if (!isnan(learned)) {
            add(&diagonal, learned);
        }
        for (int scope = 0; scope < (unlearned[k] ? 1 : 2) && k + 1 < n_tasks; scope++) {
            if (!isnan(learned)) {
                add(&transfer[scope], last[k] - learned);
            }
            if (!isnan(best)) {
                add(&forgetting[scope], best - last[k]);
            }
        }
    }
    *out = (ebb_metrics){
        .average_accuracy = value_of(all),
        .average_accuracy_remaining = value_of(average[0]),
        .average_accuracy_unlearned = value_of(average[1]),
        .backward_transfer = value_of(transfer[1]),
        .forgetting = value_of(forgetting[1]),
        .backward_transfer_all = value_of(transfer[0]),
        .forgetting_all = value_of(forgetting[0]),
        .learning_accuracy = value_of(diagonal),
    };
}
