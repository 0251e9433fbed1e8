#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/affinity.h"
#include "machine/team.h"

enum { MANY_THREADS = 16, MANY_BARRIERS = 20000, ROUNDS_OF_EXCHANGE = 3000 };

static ebb_team *new_team(size_t n_threads)
{
    ebb_team *team = NULL;
    assert_int_equal(ebb_team_create(&team, n_threads), EBB_OK);
    assert_int_equal(ebb_team_size(team), n_threads);
    return team;
}

static void count_call(void *argument, size_t thread)
{
    atomic_int *calls = argument;
    atomic_fetch_add(&calls[thread], 1);
}

static void test_run_calls_each_thread_once(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 8; n++) {
        atomic_int calls[9] = {0};
        ebb_team *team = new_team(n);
        ebb_team_run(team, count_call, calls);
        ebb_team_run(team, count_call, calls);
        for (size_t i = 0; i < 9; i++) {
            assert_int_equal(atomic_load(&calls[i]), i < n ? 2 : 0);
        }
        ebb_team_destroy(team);
    }
}

static void test_sizes_out_of_range_are_refused(void **state)
{
    (void)state;
    const size_t bad[] = {0, EBB_TEAM_MAX_THREADS + 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ebb_team *team = (ebb_team *)state;
        assert_int_equal(ebb_team_create(&team, bad[i]), EBB_ERR_USAGE);
        assert_null(team);
        assert_non_null(strstr(ebb_last_error(), "1024"));
    }
}

static bool is_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return true;
#endif
#endif
    return false;
}

/* In a process of its own that has hardly any address space left for stacks. */
static int create_in_a_narrow_space(void)
{
    const struct rlimit narrow = {.rlim_cur = 512 << 20, .rlim_max = 512 << 20};
    ebb_team *team = NULL;
    if (setrlimit(RLIMIT_AS, &narrow) != 0) {
        return 1;
    }
    const ebb_status status = ebb_team_create(&team, 500);
    if (team != NULL || strstr(ebb_last_error(), "500") == NULL) {
        return 2;
    }
    return 10 + (int)status;
}

static void test_refused_threads_are_an_error(void **state)
{
    (void)state;
    if (is_sanitized()) {
        skip(); /* its shadow needs the address space */
    }
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(create_in_a_narrow_space());
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 10 + EBB_ERR_ENVIRONMENT);
}

/* The smallest normal number halves to zero only when results are flushed. */
typedef struct prologue {
    int max_threads[4];
    float half[4];
    float of_denormal[4];
} prologue;

static void look_at_prologue(void *argument, size_t thread)
{
    prologue *seen = argument;
    volatile float smallest = 0x1p-126f;
    volatile float denormal = 0x1p-130f;
    seen->max_threads[thread] = omp_get_max_threads();
    seen->half[thread] = smallest * 0.5f;
    seen->of_denormal[thread] = denormal * 0x1p20f;
}

static void test_prologue_holds_on_every_thread(void **state)
{
    (void)state;
    const int threads_before = omp_get_max_threads();
    for (size_t n = 1; n <= 4; n++) {
        prologue seen = {0};
        ebb_team *team = new_team(n);
        ebb_team_run(team, look_at_prologue, &seen);
        ebb_team_destroy(team);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(seen.max_threads[i], 1);
#if defined(__SSE__)
            assert_true(seen.half[i] == 0.0f);
            assert_true(seen.of_denormal[i] == 0.0f);
#endif
        }
        assert_int_equal(omp_get_max_threads(), threads_before);
        volatile float smallest = 0x1p-126f;
        assert_true(smallest * 0.5f > 0.0f);
    }
}

static void test_callers_thread_count_survives(void **state)
{
    (void)state;
    const int before = omp_get_max_threads();
    ebb_team *team = new_team(1);
    atomic_int calls[1] = {0};
    omp_set_num_threads(7);
    ebb_team_run(team, count_call, calls);
    assert_int_equal(omp_get_max_threads(), 7);
    omp_set_num_threads(before);
    ebb_team_destroy(team);
}

/* Every thread writes its round, meets, reads all others', meets again: a thread that ran
 * ahead or lagged would show another round. Plain memory: the barrier must order it. */
typedef struct exchange {
    ebb_team *team;
    size_t n_rounds;
    size_t rounds[MANY_THREADS];
    size_t n_wrong[MANY_THREADS];
} exchange;

static void exchange_rounds(void *argument, size_t thread)
{
    exchange *shared = argument;
    const size_t n_threads = ebb_team_size(shared->team);
    for (size_t round = 1; round <= shared->n_rounds; round++) {
        shared->rounds[thread] = round;
        ebb_team_barrier(shared->team, thread);
        for (size_t i = 0; i < n_threads; i++) {
            shared->n_wrong[thread] += shared->rounds[i] != round;
        }
        ebb_team_barrier(shared->team, thread);
    }
}

static void check_exchange(size_t n_threads, size_t n_rounds)
{
    exchange shared = {.team = new_team(n_threads), .n_rounds = n_rounds};
    ebb_team_run(shared.team, exchange_rounds, &shared);
    ebb_team_run(shared.team, exchange_rounds, &shared);
    for (size_t i = 0; i < n_threads; i++) {
        assert_int_equal(shared.n_wrong[i], 0);
    }
    ebb_team_destroy(shared.team);
}

static void test_barrier_orders_memory(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 5; n++) {
        check_exchange(n, ROUNDS_OF_EXCHANGE);
    }
}

static void only_barriers(void *argument, size_t thread)
{
    ebb_team *team = argument;
    for (int i = 0; i < MANY_BARRIERS; i++) {
        ebb_team_barrier(team, thread);
    }
}

static void test_barrier_survives_oversubscription(void **state)
{
    (void)state;
    ebb_team *team = new_team(MANY_THREADS);
    ebb_team_run(team, only_barriers, team);
    ebb_team_destroy(team);
    check_exchange(MANY_THREADS, ROUNDS_OF_EXCHANGE / 10);
}

/* One thread comes late, the others must be asleep by then and still leave. */
static void late_thread(void *argument, size_t thread)
{
    exchange *shared = argument;
    for (size_t i = 0; i < 20; i++) {
        if (thread == i % ebb_team_size(shared->team)) {
            usleep(500);
            shared->rounds[0] = i;
        }
        ebb_team_barrier(shared->team, thread);
        shared->n_wrong[thread] += shared->rounds[0] != i;
        ebb_team_barrier(shared->team, thread);
    }
}

static void test_barrier_wakes_sleepers(void **state)
{
    (void)state;
    for (size_t n = 2; n <= 6; n += 2) {
        exchange shared = {.team = new_team(n)};
        ebb_team_run(shared.team, late_thread, &shared);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(shared.n_wrong[i], 0);
        }
        ebb_team_destroy(shared.team);
    }
}

static void test_seats_are_distinct_threads_on_allowed_cpus(void **state)
{
    (void)state;
    ebb_team_seat seats[4];
    ebb_cpu_mask mask = {0};
    assert_int_equal(ebb_affinity_get(&mask, 0), EBB_OK);
    ebb_team *team = new_team(4);
    ebb_team_seats(team, seats);
    for (size_t i = 0; i < 4; i++) {
        assert_true(ebb_cpu_mask_has(&mask, seats[i].cpu));
        assert_int_equal(seats[i].bound_cpu, ebb_cpu_mask_single(&mask));
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(seats[i].tid, seats[j].tid);
        }
    }
    assert_int_equal(seats[0].tid, gettid());
    ebb_team_destroy(team);
    ebb_cpu_mask_clear(&mask);
}

static void bind_thread_1(void *argument, size_t thread)
{
    const int *cpu = argument;
    if (thread == 1) {
        assert_int_equal(ebb_affinity_set(cpu, 1), EBB_OK);
    }
}

static void test_seat_tells_the_binding_of_its_thread(void **state)
{
    (void)state;
    int cpu = sched_getcpu();
    ebb_team_seat seats[2];
    ebb_team *team = new_team(2);
    ebb_team_run(team, bind_thread_1, &cpu);
    ebb_team_seats(team, seats);
    assert_int_equal(seats[1].bound_cpu, cpu);
    assert_int_equal(seats[1].cpu, cpu);
    ebb_team_destroy(team);
}

static void check_shares(size_t n, size_t grain, size_t n_threads)
{
    size_t expected_begin = 0;
    const size_t n_grains = n / grain + (n % grain != 0);
    for (size_t i = 0; i < n_threads; i++) {
        size_t begin = SIZE_MAX;
        size_t end = SIZE_MAX;
        ebb_team_share(&begin, &end, n, grain, i, n_threads);
        assert_int_equal(begin, expected_begin);
        assert_true(end >= begin && end <= n);
        assert_true(end == n || end % grain == 0);
        const size_t own = (end - begin) / grain + ((end - begin) % grain != 0);
        assert_int_equal(own, n_grains / n_threads + (i < n_grains % n_threads));
        expected_begin = end;
    }
    assert_int_equal(expected_begin, n);
}

static void test_shares_partition(void **state)
{
    (void)state;
    const size_t grains[] = {1, 2, 7, 16, 64};
    for (size_t g = 0; g < sizeof grains / sizeof grains[0]; g++) {
        for (size_t n = 0; n < 200; n++) {
            for (size_t n_threads = 1; n_threads < 20; n_threads++) {
                check_shares(n, grains[g], n_threads);
            }
        }
    }
    check_shares(SIZE_MAX, 64, 1000);
    check_shares(SIZE_MAX, 1, 3);
}

/* Fewer grains than threads: one each to the first, which placements put apart. */
static void test_few_shares_go_to_the_first(void **state)
{
    (void)state;
    for (size_t thread = 0; thread < 8; thread++) {
        size_t begin = 0;
        size_t end = 0;
        ebb_team_share(&begin, &end, 40, 16, thread, 8);
        assert_int_equal(begin, thread < 3 ? 16 * thread : 40);
        assert_int_equal(end, thread < 2 ? 16 * (thread + 1) : 40);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_calls_each_thread_once),
        cmocka_unit_test(test_sizes_out_of_range_are_refused),
        cmocka_unit_test(test_refused_threads_are_an_error),
        cmocka_unit_test(test_prologue_holds_on_every_thread),
        cmocka_unit_test(test_callers_thread_count_survives),
        cmocka_unit_test(test_barrier_orders_memory),
        cmocka_unit_test(test_barrier_survives_oversubscription),
        cmocka_unit_test(test_barrier_wakes_sleepers),
        cmocka_unit_test(test_seats_are_distinct_threads_on_allowed_cpus),
        cmocka_unit_test(test_seat_tells_the_binding_of_its_thread),
        cmocka_unit_test(test_shares_partition),
        cmocka_unit_test(test_few_shares_go_to_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
