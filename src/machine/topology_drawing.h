/* topology_drawing.h - the machine as text, and as XML for hwloc's lstopo.
 *
 * Packages, caches that cores share and NUMA nodes are frames, a core is "[0 8]" with the
 * system's numbers of its CPUs; those that this process may not use are marked. */
#ifndef EBB_MACHINE_TOPOLOGY_DRAWING_H
#define EBB_MACHINE_TOPOLOGY_DRAWING_H

#include "base/text.h"
#include "machine/topology.h"

/* Appends the drawing, at most max_columns wide where that can be, and below it what its
 * marks mean. Fails with EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_topology_drawing_append(ebb_text *out, const ebb_topology *topology,
                                       size_t max_columns);

/* Appends hwloc's XML in which only usable CPUs are allowed. Fails with
 * EBB_ERR_ENVIRONMENT. */
ebb_status ebb_topology_drawing_xml(ebb_text *out, const ebb_topology *topology);

#endif
