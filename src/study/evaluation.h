/* evaluation.h - how well a session's network does on a part of a task. */
#ifndef EBB_STUDY_EVALUATION_H
#define EBB_STUDY_EVALUATION_H

#include "study/session.h"

typedef struct ebb_evaluation {
    double accuracy, loss; /* exact: over samples; loss in nats */
    double batch_accuracy,
        batch_loss; /* unweighted means over batches of the trial's size */
} ebb_evaluation;

/* Runs the test program over all of prepared, which is not empty. */
ebb_status ebb_evaluation_run(ebb_evaluation *out, ebb_session *session,
                              const ebb_prepared *prepared, ebb_target target);

#endif
