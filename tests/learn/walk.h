/* walk.h - parameters that change as if tasks were trained, for tests of what records it.
 *
 * Every function ends the running test when something that must work does not. */
#ifndef EBB_TESTS_LEARN_WALK_H
#define EBB_TESTS_LEARN_WALK_H

#include "net/parameters.h"

typedef struct walk {
    ebb_team *team;
    ebb_shape shape;
    ebb_parameters *parameters;
    size_t size_bytes;     /* of an arena */
    uint32_t n_steps_done; /* names the next stream of changes */
} walk;

/* Values of all sizes between 1e-6 and 1e3. */
void walk_init(walk *self);
void walk_clear(walk *self);

/* Moves every float: most a little, some by more than they are. */
void walk_step(walk *self);

/* A copy of the values; free with ebb_buffer_free. */
float *walk_snapshot(const walk *self);

bool walk_is_at(const walk *self, const float *snapshot);

/* Ends the test unless every value is within one unit in the last place of what it was at
 * `start`, the unit being that of the larger operand: of start and end of the way. */
void walk_check_back(const walk *self, const float *start, const float *end);

#endif
