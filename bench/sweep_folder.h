/* sweep_folder.h - the folder of a sweep: who may write, and what is done already. */
#ifndef EBB_BENCH_SWEEP_FOLDER_H
#define EBB_BENCH_SWEEP_FOLDER_H

#include <stdbool.h>

#include "command.h"
#include "machine/environment.h"
#include "suite.h"

typedef struct ebb_sweep_folder {
    const char *path; /* borrowed */
    char *trials;     /* path of trials.jsonl; owned */
    int lock;         /* held while open; −1: none */
    char build_id[EBB_ID_BYTES], machine_id[EBB_ID_BYTES];
} ebb_sweep_folder;

/* Makes the folder, takes its lock and learns who we are. With fresh, what an earlier
 * sweep left is moved aside. A torn last line is moved to trials.torn, and arguments say
 * whether that is told. Fails with EBB_ERR_ENVIRONMENT, also when another sweep holds the
 * lock or when the results there are of another build or machine. */
ebb_status ebb_sweep_folder_open(ebb_sweep_folder *out, const char *path,
                                 const ebb_topology *topology, bool fresh,
                                 const ebb_arguments *arguments);
void ebb_sweep_folder_close(
    ebb_sweep_folder *folder); /* one that never opened: lock −1 */

/* done[point * repetitions + repetition − 1]: has its trial been finished? With
 * retry_invalid only valid trials count, and of several the last. *n_foreign: trials that
 * belong to no point of the suite. */
ebb_status ebb_sweep_folder_done(bool *done, size_t *n_foreign,
                                 const ebb_sweep_folder *folder, const ebb_suite *suite,
                                 bool retry_invalid);

/* Writes folder/name whole. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_sweep_folder_write(const ebb_sweep_folder *folder, const char *name,
                                  const char *data, size_t size_bytes);

#endif
