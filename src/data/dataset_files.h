/* dataset_files.h - finds the files of a data set and loads those of the MNIST family. */
#ifndef EBB_DATA_DATASET_FILES_H
#define EBB_DATA_DATASET_FILES_H

#include "data/dataset.h"

enum { EBB_DATASET_FILES = 4, EBB_DATASET_PATH_BYTES = 4096 };

/* Where the four files of kind lie, all in one folder: directory's subfolder named after
 * the data set, or directory itself; without a directory the usual places of kind.
 * EBB_ERR_ENVIRONMENT says what was looked for where, and how to get it. */
ebb_status ebb_dataset_files_find(char paths[EBB_DATASET_FILES][EBB_DATASET_PATH_BYTES],
                                  const ebb_dataset_kind *kind, const char *directory);

/* `load` of data sets in four IDX files. All are read at once, each by a thread of its
 * own. What the row of the data set states (sizes, SHA-256) is insisted on. */
ebb_status ebb_dataset_files_load(ebb_dataset *dataset, const char *directory,
                                  const ebb_synthetic_spec *unused);

#endif
