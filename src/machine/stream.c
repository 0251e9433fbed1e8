#include "machine/stream.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef float four_floats __attribute__((vector_size(16)));

/* Eight vectors of the widest kind a round of the loop: enough additions in flight to
 * hide their latency, and a size that divides a third of the grain. */
enum { UNROLL = 8 };

/* The arrays of a triad begin this far apart modulo a page: a processor that compares the
 * low bits of addresses would take loads for reads of the store just before. */
enum { APART_BYTES = 1344, PAGE_BYTES = 4096 };

/* Floats from the begin of one array of `each` floats to that of the next. */
static size_t distance(size_t each)
{
    const size_t bytes = each * sizeof(float);
    const size_t gap = (APART_BYTES + PAGE_BYTES - bytes % PAGE_BYTES) % PAGE_BYTES;
    return each + gap / sizeof(float);
}

#define EACH_OF_8(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)

#define ZERO(i)   sum[i] = zero;
#define ADD(i)    sum[i] += x[i];
#define ADD_UP(i) total += sum[i];
#define FILL(i)   x[i] = value;
#define TRIAD(i)  a[i] = b[i] + scale * c[i];

/* A compiler that saw that all passes do the same would make only one. */
#define FORGET_MEMORY() __asm__ volatile("" ::: "memory")

#define READ_BODY(vector)                                                                \
    const vector zero = {0.0f};                                                          \
    vector sum[UNROLL];                                                                  \
    EACH_OF_8(ZERO)                                                                      \
    for (uint64_t pass = 0; pass < n; pass++) {                                          \
        const vector *x = (const vector *)(const void *)memory;                          \
        const vector *end = x + n_floats * sizeof(float) / sizeof(vector);               \
        for (; x < end; x += UNROLL) {                                                   \
            EACH_OF_8(ADD)                                                               \
        }                                                                                \
        FORGET_MEMORY();                                                                 \
    }                                                                                    \
    vector total = zero;                                                                 \
    EACH_OF_8(ADD_UP)                                                                    \
    return total[0];

#define WRITE_BODY(vector)                                                               \
    const vector zero = {0.0f};                                                          \
    for (uint64_t pass = 0; pass < n; pass++) {                                          \
        const vector value = zero + (float)(pass % 7 + 1);                               \
        vector *x = (vector *)(void *)memory;                                            \
        const vector *end = x + n_floats * sizeof(float) / sizeof(vector);               \
        for (; x < end; x += UNROLL) {                                                   \
            EACH_OF_8(FILL)                                                              \
        }                                                                                \
        FORGET_MEMORY();                                                                 \
    }                                                                                    \
    return 0.0f;

#define TRIAD_BODY(vector)                                                               \
    const vector zero = {0.0f};                                                          \
    const vector scale = zero + 0.5f;                                                    \
    const size_t each = n_floats / 3;                                                    \
    const size_t step = distance(each);                                                  \
    for (uint64_t pass = 0; pass < n; pass++) {                                          \
        vector *a = (vector *)(void *)memory;                                            \
        const vector *b = (const vector *)(const void *)(memory + step);                 \
        const vector *c = (const vector *)(const void *)(memory + 2 * step);             \
        const vector *end = a + each * sizeof(float) / sizeof(vector);                   \
        for (; a < end; a += UNROLL, b += UNROLL, c += UNROLL) {                         \
            EACH_OF_8(TRIAD)                                                             \
        }                                                                                \
        FORGET_MEMORY();                                                                 \
    }                                                                                    \
    return 0.0f;

typedef float (*stream_fn)(float *memory, size_t n_floats, uint64_t n);

#define DEFINE(name, attributes, vector)                                                 \
    attributes static float read_##name(float *memory, size_t n_floats, uint64_t n){     \
        READ_BODY(vector)} attributes static float write_##name(float *memory,           \
                                                                size_t n_floats,         \
                                                                uint64_t n){WRITE_BODY(  \
        vector)} attributes static float triad_##name(float *memory, size_t n_floats,    \
                                                      uint64_t n)                        \
    {                                                                                    \
        TRIAD_BODY(vector)                                                               \
    }

#if defined(__x86_64__)
DEFINE(avx512, __attribute__((target("avx512f"))), __m512)
DEFINE(avx2, __attribute__((target("avx2,fma"))), __m256)
#endif
DEFINE(plain, , four_floats)

enum { N_KINDS = 3 }; /* of vectors, from narrow to wide */

struct ebb_stream {
    stream_fn run[N_KINDS]; /* NULL: not made for this processor's family */
};

#if defined(__x86_64__)
#define KINDS(name)                                                                      \
    {                                                                                    \
        name##_plain, name##_avx2, name##_avx512                                         \
    }
#else
#define KINDS(name)                                                                      \
    {                                                                                    \
        name##_plain, NULL, NULL                                                         \
    }
#endif

const ebb_stream ebb_stream_read = {.run = KINDS(read)};
const ebb_stream ebb_stream_write = {.run = KINDS(write)};
const ebb_stream ebb_stream_triad = {.run = KINDS(triad)};

static size_t widest(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        return 2;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return 1;
    }
#endif
    return 0;
}

float ebb_stream_run(const ebb_stream *stream, float *memory, size_t array_bytes,
                     uint64_t n)
{
    return stream->run[widest()](memory, array_bytes / sizeof(float), n);
}
