/* lstopo.h - the machine as SVG, drawn by hwloc's own program. */
#ifndef EBB_BENCH_LSTOPO_H
#define EBB_BENCH_LSTOPO_H

#include "base/text.h"
#include "machine/topology.h"

/* Appends one SVG document; CPUs that may not be used are red. Fails with
 * EBB_ERR_ENVIRONMENT: lstopo is not in PATH, does not end well within half a minute, or
 * prints something else. */
ebb_status ebb_lstopo_svg(ebb_text *out, const ebb_topology *topology);

#endif
