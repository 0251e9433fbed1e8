/* attempt.h - a trial from a line of options, small unless they say otherwise.
 *
 * Every function ends the running test when something that must work does not. */
#ifndef EBB_TESTS_STUDY_ATTEMPT_H
#define EBB_TESTS_STUDY_ATTEMPT_H

#include "study/trial.h"

/* What an attempt begins with: generated images, three tasks, three epochs of eight full
 * batches a task, no validation. */
extern const char attempt_options[];

typedef struct attempt {
    ebb_config config;
    ebb_result result;
} attempt;

/* "name=value name=value …" over attempt_options. */
void attempt_configure(ebb_config *out, const char *options);

/* Configures, checks and runs; the trial must succeed. */
void attempt_run(attempt *out, const char *options);
/* The same where it may fail. */
ebb_status attempt_try(attempt *out, const char *options);
void attempt_clear(attempt *self);

/* Rows and columns of a matrix are task ids. */
double attempt_accuracy(const attempt *self, size_t after, size_t task);
/* Number of test images that were right. */
double attempt_right(const attempt *self, size_t after, size_t task, size_t n_test);

/* Equal in all that does not depend on time: digests, matrices, validation. */
void attempt_compare(const attempt *one, const attempt *other);
/* The same for the first n tasks. */
void attempt_compare_until(const attempt *one, const attempt *other, size_t n_tasks);

#endif
