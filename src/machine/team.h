/* team.h - the OpenMP threads of one trial and the barrier between their phases.
 *
 * A team has a fixed size for its whole life, so libgomp keeps its workers and their
 * binding. ebb_team_run is the only place where ebb opens a parallel region; each thread
 * starts it by setting flush-to-zero and by omp_set_num_threads(1), without which oneDNN
 * primitives created for several threads hang when a region executes them.
 *
 * The barrier spins for a short while and then sleeps in the kernel: with more threads
 * than processors it slows down and never explodes.
 *
 * Threads: create, run and destroy from the thread that created the team; barrier from
 * inside ebb_team_run only, by every thread of the team. */
#ifndef EBB_MACHINE_TEAM_H
#define EBB_MACHINE_TEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ebb_team ebb_team;

/* thread is 0 … size−1; 0 is the calling thread. */
typedef void (*ebb_team_fn)(void *argument, size_t thread);

enum { EBB_TEAM_MAX_THREADS = 1024 };

/* Owned by the caller. Starts the threads. Fails with EBB_ERR_ENVIRONMENT when the system
 * gives fewer threads than asked. n_threads is 1 … EBB_TEAM_MAX_THREADS. */
ebb_status ebb_team_create(ebb_team **out, size_t n_threads);
size_t ebb_team_size(const ebb_team *team);

/* Calls fn(argument, thread) once on every thread and returns when all are done. */
void ebb_team_run(ebb_team *team, ebb_team_fn fn, void *argument);

/* Calls fn(argument, 0) on the calling thread alone, outside any region. What is parallel
 * inside (a oneDNN primitive made and run there) takes as many threads as the team has;
 * fn may call ebb_team_run. */
void ebb_team_run_alone(ebb_team *team, ebb_team_fn fn, void *argument);

/* Returns when all threads of the team have called it. Some 0.1 µs for two threads. */
void ebb_team_barrier(ebb_team *team, size_t thread);

/* Where thread runs: the last CPU it was seen on, and the CPU it is bound to, −1 when its
 * mask holds more than one. Filled by asking each thread itself. */
typedef struct ebb_team_seat {
    int cpu;       /* OS index */
    int bound_cpu; /* OS index or −1 */
    long tid;      /* kernel thread id */
} ebb_team_seat;

/* seats holds ebb_team_size entries. */
void ebb_team_seats(ebb_team *team, ebb_team_seat *seats);

/* Thread's share [*begin, *end) of n items cut at multiples of grain, in thread order.
 * The first threads get one grain more, or, where there are fewer grains than threads,
 * the only ones: placements put them on different processors, where every second thread
 * might share one. */
void ebb_team_share(size_t *begin, size_t *end, size_t n, size_t grain, size_t thread,
                    size_t n_threads);

void ebb_team_destroy(ebb_team *team); /* NULL is allowed */

#endif
