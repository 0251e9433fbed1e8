#include "machine/peak.h"

#include "base/clock.h"
#include "machine/spread.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Chains must outnumber latency times throughput: up to 5 cycles times 2 a cycle with
 * FMA, 7 or 8 times 2 without. Too many spill: 16 registers with AVX2 and SSE, 32 with
 * AVX-512, two of them for the operands. */
enum { CHAINS = 14, WIDE_CHAINS = 24, STEPS = 8 };

/* DO(i) for every chain. Written out, because chains in an array stay in registers only
 * where each index is a constant, and compilers differ in what they unroll. */
#define EACH_OF_14(DO)                                                                   \
    DO(0)                                                                                \
    DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13)
#define EACH_OF_24(DO)                                                                   \
    EACH_OF_14(DO)                                                                       \
    DO(14) DO(15) DO(16) DO(17) DO(18) DO(19) DO(20) DO(21) DO(22) DO(23)

/* x ← x·a + b converges to b / (1 − a) = 1, neither growing nor turning denormal. */
#define FIRST   0.01f
#define FACTOR  0.999f
#define SUMMAND 0.001f

/* No instruction; a float that must be in a register of its own here cannot be one lane
 * of many. One compiler paired the chains already where they start. */
#if defined(__x86_64__)
#define ALONE(x) __asm__("" : "+x"(x))
#elif defined(__aarch64__)
#define ALONE(x) __asm__("" : "+w"(x))
#else
#define ALONE(x) __asm__("" : "+f"(x))
#endif

#define START(i)        x[i] = zero + start * (float)((i) + 1);
#define PLAIN_STEP(i)   x[i] = x[i] * a + b;
#define AVX2_STEP(i)    x[i] = _mm256_fmadd_ps(x[i], a, b);
#define AVX512_STEP(i)  x[i] = _mm512_fmadd_ps(x[i], a, b);
#define SCALAR_START(i) START(i) ALONE(x[i]);
#define SCALAR_STEP(i)  PLAIN_STEP(i) ALONE(x[i]);
#define FUSED_STEP(i)                                                                    \
    x[i] = __builtin_fmaf(x[i], a, b);                                                   \
    ALONE(x[i]);
#define ADD_UP(i) sum += x[i];

/* Runs n blocks of STEPS multiply-adds in each chain; sum depends on all chains, so that
 * none can be left out. start is not known to the compiler: one was seen to find out that
 * a chain that begins at 1 stays there, and to drop it. */
#define KERNEL_BODY(vector, chains, EACH, START, STEP)                                   \
    const vector zero = {0.0f};                                                          \
    const vector a = zero + FACTOR;                                                      \
    const vector b = zero + SUMMAND;                                                     \
    vector sum = zero;                                                                   \
    vector x[chains];                                                                    \
    EACH(START)                                                                          \
    for (uint64_t block = 0; block < n; block++) {                                       \
        for (int step = 0; step < STEPS; step++) {                                       \
            EACH(STEP)                                                                   \
        }                                                                                \
    }                                                                                    \
    EACH(ADD_UP)

#define ENDS(sum) ((sum)[0] + (sum)[sizeof(sum) / sizeof(sum)[0] - 1])

typedef float (*kernel_fn)(uint64_t n, float start);

typedef struct vector_kernel {
    const char *isa;
    kernel_fn run;
    double block_flops;
} vector_kernel;

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static float run_avx512(uint64_t n, float start)
{
    KERNEL_BODY(__m512, WIDE_CHAINS, EACH_OF_24, START, AVX512_STEP)
    return ENDS(sum);
}

__attribute__((target("avx2,fma"))) static float run_avx2(uint64_t n, float start)
{
    KERNEL_BODY(__m256, CHAINS, EACH_OF_14, START, AVX2_STEP)
    return ENDS(sum);
}

__attribute__((target("fma"))) static float run_fused(uint64_t n, float start)
{
    KERNEL_BODY(float, CHAINS, EACH_OF_14, SCALAR_START, FUSED_STEP)
    return sum;
}
#endif

typedef float four_floats __attribute__((vector_size(16)));

static float run_plain(uint64_t n, float start)
{
    KERNEL_BODY(four_floats, CHAINS, EACH_OF_14, START, PLAIN_STEP)
    return ENDS(sum);
}

static float run_scalar(uint64_t n, float start)
{
    KERNEL_BODY(float, CHAINS, EACH_OF_14, SCALAR_START, SCALAR_STEP)
    return sum;
}

/* 2 flops a lane, chain and step. */
static const vector_kernel *kernel_at(size_t index)
{
    static const vector_kernel plain = {
#if defined(__x86_64__)
        .isa = "sse",
#else
        .isa = "plain",
#endif
        .run = run_plain,
        .block_flops = 2.0 * 4 * CHAINS * STEPS,
    };
    static const vector_kernel scalar = {"scalar", run_scalar, 2.0 * CHAINS * STEPS};
    const vector_kernel *usable[4] = {NULL};
    const vector_kernel *narrowest = &scalar;
    size_t n = 0;
#if defined(__x86_64__)
    static const vector_kernel avx512 = {"avx512", run_avx512,
                                         2.0 * 16 * WIDE_CHAINS * STEPS};
    static const vector_kernel avx2 = {"avx2", run_avx2, 2.0 * 8 * CHAINS * STEPS};
    static const vector_kernel fused = {"scalar", run_fused, 2.0 * CHAINS * STEPS};
    if (__builtin_cpu_supports("avx512f")) {
        usable[n++] = &avx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        usable[n++] = &avx2;
    }
    if (__builtin_cpu_supports("fma")) {
        narrowest = &fused;
    }
#endif
    usable[n++] = &plain;
    usable[n++] = narrowest;
    return index < n ? usable[index] : NULL;
}

const char *ebb_peak_isa(size_t index)
{
    const vector_kernel *found = kernel_at(index);
    return found == NULL ? NULL : found->isa;
}

/* A slot a thread, two cache lines wide. */
typedef struct slot {
    _Alignas(128) uint64_t start_ns;
    uint64_t end_ns;
    float result;
} slot;

typedef struct measurement {
    ebb_team *team;
    const vector_kernel *kernel;
    int rounds;
    uint64_t n_blocks; /* of each thread in a round */
    double gflops[EBB_PEAK_MAX_ROUNDS];
    slot slots[EBB_TEAM_MAX_THREADS];
} measurement;

static double round_gflops(const measurement *all)
{
    const size_t n_threads = ebb_team_size(all->team);
    uint64_t first_ns = all->slots[0].start_ns;
    uint64_t last_ns = all->slots[0].end_ns;
    double check = 0.0;
    for (size_t i = 0; i < n_threads; i++) {
        const slot *own = &all->slots[i];
        first_ns = own->start_ns < first_ns ? own->start_ns : first_ns;
        last_ns = own->end_ns > last_ns ? own->end_ns : last_ns;
        check += (double)own->result;
    }
    const double flops =
        (double)n_threads * (double)all->n_blocks * all->kernel->block_flops;
    const double elapsed_ns = last_ns > first_ns ? (double)(last_ns - first_ns) : 1.0;
    /* Always true; the compiler cannot know, so the results are needed. */
    return check >= 0.0 ? flops / elapsed_ns : 0.0;
}

static void run_rounds(void *argument, size_t thread)
{
    measurement *all = argument;
    slot *own = &all->slots[thread];
    volatile float start = FIRST;
    for (int round = -1; round < all->rounds; round++) {
        ebb_team_barrier(all->team, thread);
        own->start_ns = ebb_clock_now_ns();
        own->result = all->kernel->run(all->n_blocks, start);
        own->end_ns = ebb_clock_now_ns();
        ebb_team_barrier(all->team, thread);
        if (thread == 0 && round >= 0) {
            all->gflops[round] = round_gflops(all);
        }
    }
}

/* Blocks that one thread does in about round_ns, from the fastest of a few trials that
 * are long against the clock's tick. */
static uint64_t calibrate(const vector_kernel *kernel, uint64_t round_ns)
{
    enum { TRIALS = 5, TRIAL_BLOCKS = 2000 };
    uint64_t best_ns = UINT64_MAX;
    volatile float start = FIRST;
    for (int i = 0; i < TRIALS; i++) {
        const uint64_t start_ns = ebb_clock_now_ns();
        const float result = kernel->run(TRIAL_BLOCKS, start);
        const uint64_t elapsed_ns = ebb_clock_now_ns() - start_ns;
        if (result >= 0.0f && elapsed_ns > 0 && elapsed_ns < best_ns) {
            best_ns = elapsed_ns;
        }
    }
    const double blocks = (double)round_ns * TRIAL_BLOCKS / (double)best_ns;
    return blocks > 1.0 ? (uint64_t)blocks : 1;
}

void ebb_peak_measure_isa(ebb_peak *out, ebb_team *team, size_t index, int rounds,
                          uint64_t round_ns)
{
    measurement all = {.team = team, .kernel = kernel_at(index), .rounds = rounds};
    all.n_blocks = calibrate(all.kernel, round_ns);
    ebb_team_run(team, run_rounds, &all);
    const ebb_spread spread = ebb_spread_of(all.gflops, (size_t)rounds);
    *out = (ebb_peak){
        .gflops = spread.median,
        .low = spread.low,
        .high = spread.high,
        .isa = all.kernel->isa,
    };
}

void ebb_peak_measure(ebb_peak *out, ebb_team *team, int rounds, uint64_t round_ns)
{
    ebb_peak_measure_isa(out, team, 0, rounds, round_ns);
}
