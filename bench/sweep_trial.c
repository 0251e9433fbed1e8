#include "sweep_trial.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "launch.h"
#include "study/json.h"
#include "study/record.h"

/* What makes a record that of this trial; NULL when all agree. */
static const char *find_mismatch(const json_t *record, const ebb_sweep_trial *trial)
{
    const json_t *repetition = json_object_get(record, "repetition");
    if (!json_is_object(record) ||
        !ebb_json_has_text(record, "schema", EBB_RECORD_SCHEMA)) {
        return "schema";
    }
    if (!ebb_json_has_text(record, "config_hash", trial->point->hash)) {
        return "config_hash";
    }
    if (json_integer_value(repetition) != (json_int_t)trial->repetition) {
        return "repetition";
    }
    if (!ebb_json_has_text(record, "build_id", trial->folder->build_id)) {
        return "build_id";
    }
    return ebb_json_has_text(record, "machine_id", trial->folder->machine_id)
               ? NULL
               : "machine_id";
}

/* A worker without a record: why. Its own status is passed on where that can be trusted.
 */
static ebb_status fail_worker(const ebb_child *child, const char *garbage)
{
    char reason[128];
    ebb_child_reason(reason, child);
    char *message = ebb_child_message(child);
    const bool told =
        message != NULL && child->signal == 0 && !child->timed_out &&
        (child->status == EBB_ERR_USAGE || child->status == EBB_ERR_ENVIRONMENT);
    char shown[512];
    snprintf(shown, sizeof shown, "%s", message == NULL ? "" : message);
    free(message);
    if (told) {
        return ebb_fail((ebb_status)child->status, "%s", shown);
    }
    if (reason[0] != '\0') {
        return ebb_fail(EBB_ERR_FAILED, "worker %s%s%s", reason,
                        shown[0] == '\0' ? "" : ": ", shown);
    }
    return ebb_fail(EBB_ERR_FAILED,
                    "worker printed garbage: %s (allowed: one trial record)", garbage);
}

static ebb_status keep(bool *broken, const ebb_sweep_trial *trial, const ebb_child *child)
{
    /* A diverged trial ends with status 1 and its record. */
    const bool ended = child->signal == 0 && !child->timed_out &&
                       !child->printed_too_much &&
                       (child->status == EBB_OK || child->status == EBB_ERR_FAILED);
    if (!ended || child->output.length == 0) {
        return fail_worker(child, "nothing");
    }
    json_error_t error;
    json_t *record = json_loads(child->output.data, JSON_REJECT_DUPLICATES, &error);
    const char *mismatch = record == NULL ? error.text : find_mismatch(record, trial);
    ebb_status status = EBB_OK;
    if (mismatch != NULL) {
        char what[256];
        snprintf(what, sizeof what, "%s%s", record == NULL ? "" : "not this trial's ",
                 mismatch);
        status = fail_worker(child, what);
    } else {
        status = ebb_record_append(trial->folder->trials, record);
        *broken = status != EBB_OK;
    }
    json_decref(record);
    return status;
}

ebb_status ebb_sweep_trial_run(bool *broken, const ebb_sweep_trial *trial,
                               const ebb_child_plan *plan)
{
    static const char *const extras[] = {"--format=json", "--progress=never",
                                         "--color=never", NULL};
    const ebb_launch launch = {
        .topology = trial->topology,
        .config = &trial->point->config,
        .repetition = trial->repetition,
        .extras = extras,
    };
    *broken = false;
    ebb_child child;
    ebb_status status = ebb_launch_child(&child, &launch, plan);
    if (status != EBB_OK) {
        *broken = true;
    } else {
        status = keep(broken, trial, &child);
    }
    ebb_child_clear(&child);
    return status;
}
