#include "study/evaluation.h"

static void summarize(ebb_evaluation *out, const ebb_session *session, size_t n)
{
    const size_t batch = session->config->batch_size;
    *out = (ebb_evaluation){0};
    size_t n_batches = 0;
    for (size_t first = 0; first < n; first += batch) {
        const size_t end = first + batch < n ? first + batch : n;
        double loss = 0;
        size_t correct = 0;
        for (size_t i = first; i < end; i++) {
            loss += (double)session->row_loss[i];
            correct += session->row_correct[i];
        }
        out->loss += loss;
        out->accuracy += (double)correct;
        out->batch_loss += loss / (double)(end - first);
        out->batch_accuracy += (double)correct / (double)(end - first);
        n_batches++;
    }
    out->loss /= (double)n;
    out->accuracy /= (double)n;
    out->batch_loss /= (double)n_batches;
    out->batch_accuracy /= (double)n_batches;
}

ebb_status ebb_evaluation_run(ebb_evaluation *out, ebb_session *session,
                              const ebb_prepared *prepared, ebb_target target)
{
    const ebb_testing testing = {.rows = &prepared->rows,
                                 .samples = session->all_rows,
                                 .n = prepared->n,
                                 .target = target,
                                 .loss = session->row_loss,
                                 .correct = session->row_correct};
    *out = (ebb_evaluation){0};
    EBB_TRY(ebb_program_test(session->test, &testing));
    summarize(out, session, prepared->n);
    return EBB_OK;
}
