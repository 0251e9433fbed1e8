/* report.h - the machine as the JSON object `ebb-machine/1`.
 *
 * Schema: results/schema/ebb-machine-1.json. What is not measured is an empty list or
 * null. */
#ifndef EBB_MACHINE_REPORT_H
#define EBB_MACHINE_REPORT_H

#include <jansson.h>

#include "base/status.h"
#include "machine/topology.h"

/* Measures (machine/roofs.h) and describes; `matmul_gflops` is left empty for whoever
 * measures it (study/matmul_roof.h). New reference. Outside parallel regions only.
 * Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_machine_json(json_t **out, const ebb_topology *topology);

#endif
