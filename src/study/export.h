/* export.h - the numbers of a folder's trials in the formats that other tools read.
 *
 * A format is a row of a registry: one file that ends in one const row. Only valid trials
 * give numbers. The names of benchmarks hold no blanks and depend on the settings alone,
 * so that a later export of the same suite has the same names. */
#ifndef EBB_STUDY_EXPORT_H
#define EBB_STUDY_EXPORT_H

#include "base/choice.h"
#include "study/trials.h"

/* Formats that know one direction for a whole file hold the numbers of that one. */
typedef enum ebb_export_better {
    EBB_EXPORT_SMALLER,
    EBB_EXPORT_BIGGER
} ebb_export_better;

typedef struct ebb_export {
    ebb_choice choice;
    bool one_direction; /* `better` matters */
    ebb_status (*render)(ebb_text *out, const ebb_trials *trials,
                         ebb_export_better better);
} ebb_export;

extern const ebb_export ebb_export_github, ebb_export_bmf, ebb_export_google,
    ebb_export_junit;

const ebb_choice *ebb_export_choice(size_t index);
const ebb_export *ebb_export_at(size_t index);

/* Appends the whole file, ended by a newline. Fails with EBB_ERR_FAILED when no trial has
 * a number to give (junit tells that in the file instead), EBB_ERR_ENVIRONMENT (memory).
 */
ebb_status ebb_export_render(ebb_text *out, const ebb_trials *trials,
                             const ebb_export *format, ebb_export_better better);

#endif
