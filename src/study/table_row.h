/* table_row.h - the rows of tables about the step's time as numbers; internal to study.
 *
 * A row pools the repetitions and seeds of one setting: they do the same work. A curve is
 * the rows that differ in threads only, and with a batch per thread in the batch that
 * follows from them; its base is the row of fewest threads that has a valid trial.
 * The peak of a row is the best that any valid trial of the file measured with as many
 * threads and that placement on that machine: whatever disturbs a measurement only lowers
 * it, and a trial that was disturbed from end to end cannot tell by itself.
 * Speed-up is the ratio of samples per second, so that it means the same for both. */
#ifndef EBB_STUDY_TABLE_ROW_H
#define EBB_STUDY_TABLE_ROW_H

#include "study/table_key.h"

typedef struct ebb_table__row {
    const ebb_table__trial *trials; /* n of them, borrowed */
    size_t n, n_valid;
    size_t threads;
    /* NaN where no valid trial tells. */
    double p50_ns, low_ns, high_ns, p90_ns, p99_ns;
    double batch;       /* samples a step, of all threads */
    double flop, bytes; /* of a step, by the layers' formulas */
    double arena_bytes; /* parameters, their derived copies, moments */
    double
        peak_gflops; /* above; NaN too where it was disturbed whenever it was measured */
    bool peak_disturbed;
    size_t n_low_peaks; /* valid trials whose own peak is more than 10 % below it */
    double samples_per_second, gflops, peak_fraction;
    size_t base_threads; /* 0: the curve has no base */
    double base_p50_ns, base_batch, base_peak_gflops;
    double speed_up, efficiency;
} ebb_table__row;

typedef struct ebb_table__rows {
    ebb_table__row *items; /* owned */
    size_t n;
    ebb_table__trial *sorted; /* owned */
    ebb_table__trial *firsts; /* owned; one trial a row */
    ebb_table__keys keys;     /* all that tells rows apart, threads last */
} ebb_table__rows;

/* In the order of the keys; borrows trials. Fails with EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_table__rows_make(ebb_table__rows *all, const ebb_trials *trials);
void ebb_table__rows_clear(ebb_table__rows *all);

/* The peak of a row with a trial like that one; NaN where no valid trial tells. Looks at
 * every trial. */
double ebb_table__best_peak(const ebb_trials *trials, ebb_table__trial like);

/* A table of rows: makes them, has them rendered, clears them. */
typedef ebb_status (*ebb_table__rows_fn)(ebb_text *out, const ebb_trials *trials,
                                         const ebb_table__rows *all, ebb_format format);
ebb_status ebb_table__render_rows(ebb_text *out, const ebb_trials *trials,
                                  ebb_format format, ebb_table__rows_fn render);

#endif
