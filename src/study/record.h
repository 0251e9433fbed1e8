/* record.h - a result as the JSON object `ebb-trial/1`, and what is done with one.
 *
 * Schema: results/schema/ebb-trial-1.json. Numbers that are not finite become null, and
 * so do facts that the system does not tell. */
#ifndef EBB_STUDY_RECORD_H
#define EBB_STUDY_RECORD_H

#include <jansson.h>

#include "machine/topology.h"
#include "study/config.h"
#include "study/trial.h"

#define EBB_RECORD_SCHEMA "ebb-trial/1"

/* New reference. topology is that of the machine the trial ran on; repetition is 1-based.
 * Fails with EBB_ERR_ENVIRONMENT.
 *
 * peak_gflops is the higher of the two medians, before and after: a peak is a roof, and
 * whatever disturbs its measurement only lowers it. */
ebb_status ebb_record_json(json_t **out, const ebb_result *result,
                           const ebb_config *config, size_t repetition,
                           const ebb_topology *topology);

/* Appends the record as one line of JSON, ended by a newline. Numbers keep every digit
 * that they need to read back as they were. */
ebb_status ebb_record_line(ebb_text *out, const json_t *record);

/* Appends that line to a file with one write, then fsync. Creates the file. Fails with
 * EBB_ERR_ENVIRONMENT and leaves the file as it was. */
ebb_status ebb_record_append(const char *path, const json_t *record);

/* The summary for people that `ebb run` prints. */
ebb_status ebb_record_summary(ebb_text *out, const json_t *record);

/* Is task (1-based) unlearned by a request after a task up to `after`? */
bool ebb_record_unlearned(const json_t *record, size_t task, size_t after);

#endif
