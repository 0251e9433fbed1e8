/* dump.h - what an outside witness needs to repeat a trial, as NumPy files (.npy 1.0).
 *
 *   parameters_initial.npy, parameters_task<t>.npy, parameters_final.npy
 *            float32, logical values: layer by layer (backbone, then heads), weights
 *            in-major, then bias; task<t> is after training and unlearning of task t
 *   task<t>_order.npy   uint32, index into the data set's training file of every sample,
 *            in the order trained on
 *   task<t>_loss.npy    float64, mean loss of every step, nats */
#ifndef EBB_STUDY_DUMP_H
#define EBB_STUDY_DUMP_H

#include "net/parameters.h"

/* Creates the folder (its parent must exist). An existing folder is used. Fails with
 * EBB_ERR_ENVIRONMENT, naming the path. All functions do nothing when directory is NULL.
 */
ebb_status ebb_dump_open(const char *directory);
ebb_status ebb_dump_parameters(const char *directory, const char *name,
                               const ebb_parameters *parameters);

/* An array that grows while a task is trained. Starts as {0}. */
typedef struct ebb_dump_array {
    char *data;
    size_t n, capacity, item_bytes;
} ebb_dump_array;

ebb_status ebb_dump_append(ebb_dump_array *array, const void *items, size_t n,
                           size_t item_bytes);
/* type is NumPy's ("<u4", "<f8"). Empties the array. */
ebb_status ebb_dump_write(const char *directory, const char *name, ebb_dump_array *array,
                          const char *type);
void ebb_dump_clear(ebb_dump_array *array);

#endif
