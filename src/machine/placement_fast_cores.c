#include "machine/placement.h"

/* A static loop waits for its slowest thread, so one slow core makes a team of fast ones
 * slow. PUs that are all of one kind, or of kinds that the system does not rank, are all
 * the fastest. */
const ebb_placement ebb_placement_fast_cores = {
    .choice = {.name = "fast-cores",
               .summary = "as cores, on the fastest kind of core only; all where cores "
                          "are alike or not ranked"},
    .compare = ebb_placement_compare_cores,
    .fastest_only = true,
};
