/* session.h - what a trial needs in memory, built from a configuration.
 *
 * Knows how scenarios become heads and targets; runs nothing. */
#ifndef EBB_STUDY_SESSION_H
#define EBB_STUDY_SESSION_H

#include "data/rows.h"
#include "learn/algorithm.h"
#include "net/program.h"
#include "net/strategy.h"
#include "study/config.h"
#include "study/trial.h"

typedef struct ebb_session {
    const ebb_config *config;
    const ebb_strategy *strategy;
    ebb_team *team;
    ebb_dataset *dataset;
    ebb_sequence *sequence;
    ebb_shape shape;
    ebb_net *net;
    ebb_algorithm *algorithm;
    ebb_program *train, *test;
    ebb_program *ragged; /* for the incomplete batch of the task at hand; NULL: none */
    float scale, shift;  /* normalisation */
    ebb_prepared training, validation; /* of the task at hand */
    ebb_prepared *tests;               /* by task id − 1 */
    float *row_loss;                   /* as long as the longest part that is evaluated */
    uint8_t *row_correct;
    uint32_t *all_rows; /* 0, 1, 2, … of the same length */
} ebb_session;

/* Adds the time spent to result->data_seconds and ->setup_seconds. On failure the caller
 * still calls ebb_session_close. */
ebb_status ebb_session_open(ebb_session *session, ebb_result *result,
                            const ebb_config *config);
/* Brings the samples of a task into its order and compiles its ragged step. */
ebb_status ebb_session_prepare_task(ebb_session *session, size_t task);
/* The test rows of a task, made when first asked for. Kept while all of them together fit
 * in 1 GiB, else until the next one is asked for. */
ebb_status ebb_session_test_rows(ebb_session *session, const ebb_prepared **out,
                                 size_t task);
/* Head and classes for a sample of `task` when tasks 1 … trained were trained. */
ebb_target ebb_session_target(const ebb_session *session, size_t task, size_t trained);
void ebb_session_close(ebb_session *session);

#endif
