/* room.h - the team that benchmarks share, and the roofs above them.
 *
 * One team at a time, each thread on a CPU of its own. Another size means other threads:
 * whatever belongs to the old ones must be closed before. Roofs are measured when first
 * asked for and kept for the process. */
#ifndef EBB_BENCH_MICRO_ROOM_H
#define EBB_BENCH_MICRO_ROOM_H

#include "machine/bound_team.h"

typedef struct ebb_room ebb_room;

/* Owned by the caller; borrows topology. */
ebb_status ebb_room_create(ebb_room **out, const ebb_topology *topology);
/* Threads of the team, 0: none. */
size_t ebb_room_threads(const ebb_room *room);
/* The team of that size, bound; borrowed until another size is asked for. */
ebb_status ebb_room_team(ebb_team **out, ebb_room *room, size_t n_threads);
/* Ends the team; the calling thread may use all usable CPUs again. */
ebb_status ebb_room_leave(ebb_room *room);
/* EBB_ERR_ENVIRONMENT when a thread is not on its CPU, as after a change of the mask from
 * outside. */
ebb_status ebb_room_check(const ebb_room *room);

/* For the present team, or for one thread without one: multiply-adds in registers. */
ebb_status ebb_room_fma_gflops(double *out, ebb_room *room);
/* Triad over footprint_bytes, together and rounded up to a power of two. */
ebb_status ebb_room_stream_gbs(double *out, ebb_room *room, double footprint_bytes);
/* From a thread's store to the next one's load; a team of two or more. */
ebb_status ebb_room_handover_ns(double *out, ebb_room *room);

void ebb_room_destroy(ebb_room *room); /* NULL is allowed */

#endif
