#include "dense_kernel.h"

#include <string.h>

#include "base/multiversion.h"
#include "machine/team.h"

enum { GRAIN_ROWS = 16 }; /* kernels keep their speed from here up */

const char *ebb_dense_means_name(ebb_dense_means means)
{
    static const char *const names[] = {"matmul", "microkernel", "sgemm", "loops"};
    _Static_assert(sizeof names / sizeof *names == EBB_DENSE_MEANS_COUNT, "a name each");
    return names[means];
}

EBB_MULTIVERSION
static void add_scaled(float *restrict sum, float factor, const float *restrict row,
                       size_t n)
{
    for (size_t j = 0; j < n; j++) {
        sum[j] += factor * row[j];
    }
}

EBB_MULTIVERSION
static void add_and_clip(float *restrict row, const float *restrict bias, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        const float y = row[j] + bias[j];
        row[j] = y > 0.0f ? y : 0.0f;
    }
}

static void run_loops(const ebb_dense_kernel *kernel)
{
    const ebb_dense_shape *s = &kernel->shape;
    for (size_t i = kernel->begin; i < kernel->end; i++) {
        float *row = s->c + i * s->n;
        memset(row, 0, s->n * sizeof *row);
        for (size_t l = 0; l < s->k; l++) {
            const float factor = s->transposed ? s->a[l * s->m + i] : s->a[i * s->k + l];
            add_scaled(row, factor, s->b + l * s->n, s->n);
        }
    }
}

static void finish_rows(const ebb_dense_kernel *kernel)
{
    const ebb_dense_shape *s = &kernel->shape;
    for (size_t i = kernel->begin; s->bias != NULL && i < kernel->end; i++) {
        add_and_clip(s->c + i * s->n, s->bias, s->n);
    }
}

ebb_status ebb_dense_kernel_run(const ebb_dense_kernel *kernel)
{
    if (kernel->begin == kernel->end) {
        return EBB_OK;
    }
    if (kernel->matmul != NULL) {
        return ebb_matmul_run(kernel->matmul);
    }
    if (kernel->means == EBB_DENSE_SGEMM) {
        EBB_TRY(ebb_product_run(&kernel->product));
    } else {
        run_loops(kernel);
    }
    finish_rows(kernel);
    return EBB_OK;
}

static const float *first_row(const ebb_dense_kernel *kernel)
{
    const ebb_dense_shape *s = &kernel->shape;
    return s->transposed ? s->a + kernel->begin : s->a + kernel->begin * s->k;
}

static ebb_status make_matmul(ebb_dense_kernel *kernel)
{
    const ebb_dense_shape *s = &kernel->shape;
    const ebb_matmul_shape shape = {
        .m = kernel->end - kernel->begin,
        .n = s->n,
        .k = s->k,
        .x_leading = s->k,
        .w_leading = s->n,
        .y_leading = s->n,
        .bias = s->bias != NULL,
        .relu = s->bias != NULL,
        .primitive = kernel->means == EBB_DENSE_MATMUL,
    };
    EBB_TRY(ebb_onednn_create(&kernel->onednn));
    EBB_TRY(ebb_matmul_create(&kernel->matmul, kernel->onednn, &shape));
    if (kernel->means == EBB_DENSE_MICRO && !ebb_matmul_is_microkernel(kernel->matmul)) {
        return ebb_fail(EBB_ERR_MISSING, "oneDNN: no micro-kernel for %zu x %zu x %zu",
                        shape.m, shape.n, shape.k);
    }
    ebb_matmul_bind(kernel->matmul, first_row(kernel), s->b, s->bias,
                    s->c + kernel->begin * s->n);
    return EBB_OK;
}

ebb_status ebb_dense_kernel_init(ebb_dense_kernel *out, const ebb_dense_shape *shape,
                                 size_t thread, size_t n_threads)
{
    const size_t grain = shape->m < GRAIN_ROWS * n_threads ? 1 : GRAIN_ROWS;
    out->shape = *shape;
    ebb_team_share(&out->begin, &out->end, shape->m, grain, thread, n_threads);
    if (out->begin == out->end) {
        return EBB_OK;
    }
    if (out->means == EBB_DENSE_MATMUL || out->means == EBB_DENSE_MICRO) {
        return make_matmul(out);
    }
    out->product = (ebb_product){
        .m = out->end - out->begin,
        .n = shape->n,
        .k = shape->k,
        .a = first_row(out),
        .b = shape->b,
        .c = shape->c + out->begin * shape->n,
        .a_leading = shape->transposed ? shape->m : shape->k,
        .b_leading = shape->n,
        .c_leading = shape->n,
        .alpha = 1.0f,
        .transposed = shape->transposed,
    };
    return EBB_OK;
}

void ebb_dense_kernel_clear(ebb_dense_kernel *kernel)
{
    ebb_matmul_destroy(kernel->matmul);
    ebb_onednn_destroy(kernel->onednn);
    kernel->matmul = NULL;
    kernel->onednn = NULL;
}
