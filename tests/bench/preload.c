/* preload.c - from outside, makes oneDNN slower or wrong: what the gate must notice.
 *
 * Loaded before libdnnl (LD_PRELOAD), it stands in front of the calls that compute.
 * EBB_TEST_DELAY=20 makes each take 20 % longer; EBB_TEST_WRONG=0.5 adds that to
 * one number of each result. Declarations are its own: the project includes oneDNN's
 * headers in one place. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ARGUMENT_OUTPUT = 17 }; /* DNNL_ARG_DST */

typedef struct argument {
    int kind;
    void *memory;
} argument;

typedef int (*execute_fn)(const void *primitive, void *stream, int n,
                          const argument *arguments);
/* oneDNN's parameters, not ours. */
#define SGEMM_PARAMETERS                                                                 \
    char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k, float alpha,    \
        const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,  \
        int64_t ldc

typedef int (*sgemm_fn)(SGEMM_PARAMETERS);
typedef int (*brgemm_fn)(const void *brgemm, const void *a, const void *b,
                         const int64_t *offsets, void *c, void *scratchpad);
typedef int (*handle_fn)(const void *memory, void **handle);

int dnnl_primitive_execute(const void *primitive, void *stream, int n,
                           const argument *arguments);
int dnnl_sgemm(SGEMM_PARAMETERS);
int dnnl_brgemm_execute(const void *brgemm, const void *a, const void *b,
                        const int64_t *offsets, void *c, void *scratchpad);

static struct {
    execute_fn execute;
    sgemm_fn sgemm;
    brgemm_fn brgemm;
    handle_fn handle;
    double delay; /* a share */
    float wrong;
} real;

/* dlsym gives a pointer to an object; ISO C has no cast from it to one to a function. */
static void find(void *function, const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    memcpy(function, &symbol, sizeof symbol);
}

__attribute__((constructor)) static void prepare(void)
{
    const char *delay = getenv("EBB_TEST_DELAY");
    real.delay = delay == NULL ? 0 : atof(delay) / 100;
    const char *wrong = getenv("EBB_TEST_WRONG");
    real.wrong = wrong == NULL ? 0 : (float)atof(wrong);
    find(&real.execute, "dnnl_primitive_execute");
    find(&real.sgemm, "dnnl_sgemm");
    find(&real.brgemm, "dnnl_brgemm_execute");
    find(&real.handle, "dnnl_memory_get_data_handle");
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t begin(void)
{
    return real.delay > 0 ? now_ns() : 0;
}

static void finish(int64_t begin_ns, float *result)
{
    if (real.wrong != 0 && result != NULL) {
        *result += real.wrong;
    }
    if (real.delay > 0) {
        const int64_t end_ns = now_ns();
        const int64_t until_ns =
            end_ns + (int64_t)(real.delay * (double)(end_ns - begin_ns));
        while (now_ns() < until_ns) {
        }
    }
}

static float *output_of(const argument *arguments, int n)
{
    void *data = NULL;
    for (int i = 0; i < n && real.wrong != 0; i++) {
        if (arguments[i].kind == ARGUMENT_OUTPUT) {
            real.handle(arguments[i].memory, &data);
        }
    }
    return data;
}

int dnnl_primitive_execute(const void *primitive, void *stream, int n,
                           const argument *arguments)
{
    const int64_t begin_ns = begin();
    const int status = real.execute(primitive, stream, n, arguments);
    finish(begin_ns, output_of(arguments, n));
    return status;
}

int dnnl_sgemm(SGEMM_PARAMETERS) /* NOLINT(readability-function-size): oneDNN's */
{
    const int64_t begin_ns = begin();
    const int status = real.sgemm(transpose_a, transpose_b, m, n, k, alpha, a, lda, b,
                                  ldb, beta, c, ldc);
    finish(begin_ns, c);
    return status;
}

int dnnl_brgemm_execute(const void *brgemm, const void *a, const void *b,
                        const int64_t *offsets, void *c, void *scratchpad)
{
    const int64_t begin_ns = begin();
    const int status = real.brgemm(brgemm, a, b, offsets, c, scratchpad);
    finish(begin_ns, c);
    return status;
}
