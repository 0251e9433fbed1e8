#include "machine/placement.h"

/* The control: what binding gains is seen only beside threads that the system moves. */
const ebb_placement ebb_placement_none = {
    .choice = {.name = "none", .summary = "threads are not bound, the system moves them"},
    .compare = NULL,
};
