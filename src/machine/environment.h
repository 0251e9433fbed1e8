/* environment.h - what must stand beside every result: machine, system, libraries.
 *
 * Every fact is text or a number in a JSON object; one the system does not tell is the
 * text "not available". Versions of libraries that only higher layers know (oneDNN) are
 * added there. */
#ifndef EBB_MACHINE_ENVIRONMENT_H
#define EBB_MACHINE_ENVIRONMENT_H

#include <jansson.h>

#include "base/status.h"
#include "machine/topology.h"

/* cpu, cpu_family, isa, microcode, caches, governor, frequency_driver, frequency, boost,
 * smt, hypervisor, clock_source, kernel, kernel_command_line (what changes timing),
 * isolated_cpus, address_randomization, transparent_huge_pages, load_average,
 * cpu_pressure, cgroup, compiler, flags, libc, libgomp, hwloc, zlib, ebb (version), git,
 * memory_bytes, and variables {every OMP_*, GOMP_*, KMP_*, ONEDNN_*, DNNL_*, HWLOC_*,
 * MALLOC_* variable that the user had set}, variables_in_force {the same as this process
 * sees them}. New reference. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_environment_json(json_t **out, const ebb_topology *topology);

enum { EBB_ID_BYTES = 17 }; /* 16 hex digits and the end */

/* Names this build (contents of the running executable, real path and size of each oneDNN
 * and OpenMP library in the process) and this machine (processor, caches, counts,
 * machine-id; neither a mask nor the memory, which guests gain and lose while they run).
 * Some milliseconds. Fail with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_environment_build_id(char id[EBB_ID_BYTES]);
ebb_status ebb_environment_machine_id(char id[EBB_ID_BYTES],
                                      const ebb_topology *topology);

#endif
