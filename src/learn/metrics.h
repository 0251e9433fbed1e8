/* metrics.h - numbers made of an accuracy matrix.
 *
 * The matrix is T x T, row-major; entry (t, k) is the accuracy on task k+1 after task t+1
 * and its unlearning; NaN = not tested. A metric that is undefined (a mean over nothing)
 * is NaN. "Remaining" tasks were never unlearned; all means are over tasks, unweighted.
 *
 *   forgetting        mean over k < T of max_{l<T} a(l,k) − a(T,k)    Chaudhry et al.
 * 2018 backward transfer mean over k < T of a(T,k) − a(k,k)       Lopez-Paz and Ranzato
 * 2017 */
#ifndef EBB_LEARN_METRICS_H
#define EBB_LEARN_METRICS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ebb_metrics {
    double average_accuracy; /* last row, all tasks */
    double average_accuracy_remaining, average_accuracy_unlearned;
    double backward_transfer, forgetting;         /* over remaining tasks */
    double backward_transfer_all, forgetting_all; /* over all tasks */
    double learning_accuracy; /* mean of the diagonal: accuracy just after training */
} ebb_metrics;

/* unlearned[k]: task k+1 was unlearned at some time. Uses rows up to T−1 only where they
 * are not NaN; l in forgetting runs over rows k … T−2. */
void ebb_metrics_compute(ebb_metrics *out, const double *accuracy, size_t n_tasks,
                         const bool *unlearned);

#endif
