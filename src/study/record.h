/* record.h - a result as the JSON object `ebb-trial/1`, and reading one back.
 *
 * Schema: results/schema/ebb-trial-1.json. Numbers that are not finite become null. */
#ifndef EBB_STUDY_RECORD_H
#define EBB_STUDY_RECORD_H

#include <jansson.h>

#include "machine/topology.h"
#include "study/config.h"
#include "study/trial.h"

/* New reference. topology is that of the machine the trial ran on. */
ebb_status ebb_record_json(json_t **out, const ebb_result *result,
                           const ebb_config *config, size_t repetition,
                           const ebb_topology *topology);

/* Appends the object as one line with one write, then fsync. Creates the file. Fails with
 * EBB_ERR_ENVIRONMENT and leaves the file as it was. */
ebb_status ebb_record_append(const char *path, const json_t *record);

/* The summary for people that `ebb run` prints. */
ebb_status ebb_record_summary(ebb_text *out, const json_t *record);

#endif
