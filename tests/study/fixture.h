/* fixture.h - trials that never ran: records with numbers a test can do in its head. */
#ifndef EBB_TESTS_FIXTURE_H
#define EBB_TESTS_FIXTURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "study/trials.h"

/* Members left zero mean their first or only usual value. */
typedef struct fixture {
    const char *algorithm; /* NULL: finetuning */
    const char *unlearn;   /* NULL: nothing; else one request, "2:1" */
    const char *strategy;  /* NULL: shards */
    const char *placement; /* NULL: cores */
    const char *problem;   /* NULL: valid; else the reason why it is not */
    size_t threads, repetition, seed, batch; /* 0: 1, 1, 1, 128 */
    size_t per_thread; /* 0: none; else so many samples a thread instead of batch */
    size_t p50_ns; /* 0: nothing was timed; interval: -1 %, +2 %, p90 +10 %, p99 +50 % */
    bool diverged;
    char letter; /* that digests are made of; 0: from the seed */
} fixture;

enum { FIXTURE_TASKS = 3 };

/* A record with all that tables read of one, three tasks: accuracy on task k after task t
 * is 0.9 − 0.1 (t − k) + 0.01 seed, and 0.2 once the task was unlearned. Digests change
 * with algorithm and request only from the first request on. New reference. */
json_t *fixture_record(const fixture *trial);

/* Enters a folder of the test's own and names a file in it, "trials.jsonl"; both are
 * removed by fixture_end. */
const char *fixture_begin(void);
/* Appends a trial; steals record. */
void fixture_append(const char *path, json_t *record);
void fixture_append_text(const char *path, const char *text);
ebb_trials fixture_read(const char *path);
void fixture_end(void);

#endif
