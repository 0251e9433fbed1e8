/* metrics.h - numbers made of an accuracy matrix.
 *
 * The matrix is T x T (T >= 1), row-major; entry (t, k) is the accuracy on task k+1 after
 * task t+1 and its unlearning; NaN = not tested. "Remaining" tasks were never unlearned;
 * all means are over tasks, unweighted. In tasks counted from 1:
 *
 *   backward transfer: mean over k < T of a(T,k) − a(k,k)
 *                      Lopez-Paz and Ranzato 2017
 *   forgetting:        mean over k < T of max_{l<T} a(l,k) − a(T,k)
 *                      Chaudhry et al. 2018
 *
 * Entries above the last row that were not tested are left out; a gap in the last row
 * makes every mean over it NaN, and so does having nothing to average. */
#ifndef EBB_LEARN_METRICS_H
#define EBB_LEARN_METRICS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ebb_metrics {
    double average_accuracy; /* last row, all tasks */
    double average_accuracy_remaining, average_accuracy_unlearned;
    double backward_transfer, forgetting;         /* over remaining tasks */
    double backward_transfer_all, forgetting_all; /* over all tasks */
    double learning_accuracy; /* mean of the diagonal, so after unlearning too */
} ebb_metrics;

/* unlearned[k]: task k+1 was unlearned at some time. l in forgetting runs from k to T−1:
 * what was tested before task k was learned is no memory of it. */
void ebb_metrics_compute(ebb_metrics *out, const double *accuracy, size_t n_tasks,
                         const bool *unlearned);

#endif
