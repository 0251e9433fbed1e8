/* fault - preloaded before oneDNN, makes its sgemm wrong: from the call on that
 * EBB_TEST_FAULT_CALL says, one element of each result is off by one part in a thousand.
 * That is what a test of the checks needs; no part of the project links it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

typedef int (*sgemm_fn)(char, char, int64_t, int64_t, int64_t, float, const float *,
                        int64_t, const float *, int64_t, float, float *, int64_t);

int dnnl_sgemm(char transa, char transb, int64_t m, int64_t n, int64_t k, float alpha,
               const float *a, int64_t lda, const float *b, int64_t ldb, float beta,
               float *c, int64_t ldc);

static atomic_long n_calls;

/* As many parameters as the library's has. */
/* NOLINTNEXTLINE(readability-function-size) */
int dnnl_sgemm(char transa, char transb, int64_t m, int64_t n, int64_t k, float alpha,
               const float *a, int64_t lda, const float *b, int64_t ldb, float beta,
               float *c, int64_t ldc)
{
    union {
        void *object;
        sgemm_fn function;
    } real = {dlsym(RTLD_NEXT, "dnnl_sgemm")};
    const int status =
        real.function(transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    const char *first = getenv("EBB_TEST_FAULT_CALL");
    if (first != NULL && atomic_fetch_add(&n_calls, 1) >= atol(first)) {
        c[(m - 1) * ldc + n - 1] *= 1.001f;
    }
    return status;
}
