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

/* cpu, isa, microcode, caches, governor, boost, smt, hypervisor, clock_source, kernel,
 * kernel_command_line, transparent_huge_pages, memory_bytes, cgroup, compiler, flags,
 * libc, libgomp, hwloc, zlib, ebb (version), git, and variables {every OMP_*, GOMP_*,
 * ONEDNN_*, DNNL_*, HWLOC_*, MALLOC_* variable that the user had set}. New reference. */
ebb_status ebb_environment_json(json_t **out, const ebb_topology *topology);

enum { EBB_ID_BYTES = 17 }; /* 16 hex digits and the end */

/* Names this build (contents of the running executable and the version of each shared
 * library it measures with) and this machine (CPU model, counts, memory, machine-id). */
ebb_status ebb_environment_build_id(char id[EBB_ID_BYTES]);
ebb_status ebb_environment_machine_id(char id[EBB_ID_BYTES],
                                      const ebb_topology *topology);

#endif
