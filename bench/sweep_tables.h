/* sweep_tables.h - what a complete sweep prints and leaves: its tables and the verdict.
 */
#ifndef EBB_BENCH_SWEEP_TABLES_H
#define EBB_BENCH_SWEEP_TABLES_H

#include "sweep_folder.h"

/* Writes every table as Markdown and CSV into the folder and prints the Markdown to
 * stdout. Fails with EBB_ERR_WRONG or EBB_ERR_FAILED by the judgement of the group (see
 * study/table.h), EBB_ERR_FAILED when a trial diverged, EBB_ERR_ENVIRONMENT for files. */
ebb_status ebb_sweep_tables(const ebb_sweep_folder *folder, const ebb_suite *suite,
                            const ebb_arguments *arguments);

#endif
