/* table.h - tables made of the trials of one file, and the judgement of the group.
 *
 * A kind of table is a row of a registry: one file that ends in one const row. */
#ifndef EBB_STUDY_TABLE_H
#define EBB_STUDY_TABLE_H

#include "base/choice.h"
#include "study/grid.h"
#include "study/trials.h"

typedef struct ebb_table {
    ebb_choice choice;
    const char *file_stem; /* of the file that a sweep writes it to, without ".md" */
    bool shown;            /* when no kind is named, and at the end of a sweep */
    /* NULL where it is made of `file`, which lies beside the trials. */
    ebb_status (*render)(ebb_text *out, const ebb_trials *trials, ebb_format format);
    const char *file;
    ebb_status (*render_file)(ebb_text *out, const char *path, ebb_format format);
} ebb_table;

extern const ebb_table ebb_table_step_latency, ebb_table_forgetting, ebb_table_scaling,
    ebb_table_roofline, ebb_table_unlearning, ebb_table_micro;

const ebb_choice *ebb_table_choice(size_t index);
const ebb_table *ebb_table_at(size_t index);

/* Appends the table. Markdown and LaTeX have notes under it, the verdict of
 * ebb_table_check among them; CSV has one line a row, or a number (forgetting),
 * units in the names of its columns and nothing else. Without trials there
 * are no rows. A table made of another file has no verdict but its own: it fails with
 * EBB_ERR_ENVIRONMENT when that file is not to be read, EBB_ERR_WRONG, the table being
 * there, when it tells of failures. Else fails with EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_table_render(ebb_text *out, const ebb_trials *trials,
                            const ebb_table *kind, ebb_format format);

/* Where a metric of every trial should lie. */
typedef struct ebb_band {
    const char *metric; /* a member of the record's `metrics` */
    double low, high;
} ebb_band;

/* Judges what no trial can judge alone, and appends one line a finding:
 *   - trials that differ only in threads, placement, warm-up and repetition have equal
 *     digests, accuracies and losses; a strategy without that promise at equal threads;
 *   - algorithms that differ only in unlearning have equal digests up to the first
 * request;
 *   - metrics lie in the bands (n of them; may be NULL).
 * Trials that diverged have nothing to compare. EBB_ERR_WRONG when digests or results
 * differ, else EBB_ERR_FAILED when a metric is outside its band; the text of the error
 * names the first such trial. */
ebb_status ebb_table_check(ebb_text *verdict, const ebb_trials *trials,
                           const ebb_band *bands, size_t n);

#endif
