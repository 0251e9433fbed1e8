/* homes.h - does what a thread owns lie on the NUMA node where it runs.
 *
 * Owners write first: of parameters and moments each thread its share of the passes, of
 * activations the rows that it brings through the network. Tiles of weights follow the
 * shares of the passes, but for half a tile where shares meet, in a first layer and in
 * what follows it up to the next wide one; several wide layers behind the first are
 * passed over as one and trained one by one. */
#ifndef EBB_NET_HOMES_H
#define EBB_NET_HOMES_H

#include "machine/residence.h"
#include "net/program.h"

typedef struct ebb_homes {
    ebb_residence parameters; /* values and moments */
    ebb_residence
        activations; /* rows of a training batch; none where no thread owns rows */
} ebb_homes;

/* To be called when steps were trained: what is absent then was never needed. Fails with
 * EBB_ERR_ENVIRONMENT (memory). */
ebb_status ebb_homes_look(ebb_homes *out, const ebb_program *train);

#endif
