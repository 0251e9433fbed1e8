#include "net/onednn.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "net/microkernel.h"

#define V3 (DNNL_VERSION_MAJOR >= 3)

/* ---- what differs between versions 2.6 and 3 ----------------------------------------
 */

#if V3
typedef dnnl_memory_desc_t descriptor;
typedef const_dnnl_memory_desc_t descriptor_view;

static dnnl_status_t descriptor_init(descriptor *out, int64_t rows, int64_t columns,
                                     int64_t leading)
{
    const dnnl_dims_t dims = {rows, columns};
    const dnnl_dims_t strides = {leading, 1};
    return dnnl_memory_desc_create_with_strides(out, 2, dims, dnnl_f32, strides);
}

static void descriptor_clear(descriptor *self)
{
    if (*self != NULL) {
        dnnl_memory_desc_destroy(*self);
    }
}

static descriptor_view view(const descriptor *self)
{
    return *self;
}

static dnnl_status_t append_relu(dnnl_post_ops_t post_ops)
{
    return dnnl_post_ops_append_eltwise(post_ops, dnnl_eltwise_relu, 0.0f, 0.0f);
}

static dnnl_status_t matmul_descriptor(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                       const descriptor md[4], bool bias,
                                       dnnl_primitive_attr_t attr)
{
    return dnnl_matmul_primitive_desc_create(out, engine, md[0], md[1],
                                             bias ? md[2] : NULL, md[3], attr);
}
#else
typedef dnnl_memory_desc_t descriptor;
typedef const dnnl_memory_desc_t *descriptor_view;

static dnnl_status_t descriptor_init(descriptor *out, int64_t rows, int64_t columns,
                                     int64_t leading)
{
    const dnnl_dims_t dims = {rows, columns};
    const dnnl_dims_t strides = {leading, 1};
    return dnnl_memory_desc_init_by_strides(out, 2, dims, dnnl_f32, strides);
}

static void descriptor_clear(descriptor *self)
{
    (void)self;
}

static descriptor_view view(const descriptor *self)
{
    return self;
}

static dnnl_status_t append_relu(dnnl_post_ops_t post_ops)
{
    return dnnl_post_ops_append_eltwise(post_ops, 1.0f, dnnl_eltwise_relu, 0.0f, 0.0f);
}

static dnnl_status_t matmul_descriptor(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                       const descriptor md[4], bool bias,
                                       dnnl_primitive_attr_t attr)
{
    dnnl_matmul_desc_t operation;
    const dnnl_status_t status =
        dnnl_matmul_desc_init(&operation, &md[0], &md[1], bias ? &md[2] : NULL, &md[3]);
    if (status != dnnl_success) {
        return status;
    }
    return dnnl_primitive_desc_create(out, &operation, attr, engine, NULL);
}
#endif

/* ---- library ------------------------------------------------------------------------
 */

void ebb_onednn_version(char *out, size_t n)
{
    const dnnl_version_t *version = dnnl_version();
    snprintf(out, n, "%d.%d.%d", version->major, version->minor, version->patch);
}

void ebb_onednn_isa(char *out, size_t n)
{
    static const struct {
        unsigned isa;
        const char *name;
    } names[] = {
        {dnnl_cpu_isa_avx512_core_amx, "avx512_core_amx"},
        {dnnl_cpu_isa_avx512_core_bf16, "avx512_core_bf16"},
        {dnnl_cpu_isa_avx512_core_vnni, "avx512_core_vnni"},
        {dnnl_cpu_isa_avx512_core, "avx512_core"},
        {dnnl_cpu_isa_avx2_vnni, "avx2_vnni"},
        {dnnl_cpu_isa_avx2, "avx2"},
        {dnnl_cpu_isa_avx, "avx"},
        {dnnl_cpu_isa_sse41, "sse41"},
    };
    const unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (isa == names[i].isa) {
            snprintf(out, n, "%s", names[i].name);
            return;
        }
    }
    snprintf(out, n, "0x%x", isa);
}

ebb_status ebb_onednn_check_runtime(void)
{
    const unsigned runtime = dnnl_version()->cpu_runtime;
    if (runtime != DNNL_RUNTIME_OMP && runtime != DNNL_RUNTIME_SEQ) {
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "oneDNN: built for CPU runtime %u (OpenMP or sequential)",
                        runtime);
    }
    return EBB_OK;
}

/* Micro-kernels made so far; products of one shape share one. */
typedef struct shared_microkernel {
    ebb_matmul_shape shape;
    ebb_microkernel *kernel; /* NULL: refused */
} shared_microkernel;

bool ebb_onednn_has_microkernels(void)
{
    return ebb_microkernel_exists();
}

struct ebb_onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    shared_microkernel *microkernels;
    size_t n_microkernels;
};

ebb_status ebb_onednn_create(ebb_onednn **out)
{
    *out = NULL;
    ebb_onednn *onednn = calloc(1, sizeof *onednn);
    if (onednn == NULL) {
        return ebb_fail_memory(sizeof *onednn);
    }
    /* What ONEDNN_VERBOSE asks for would stand in the midst of results. */
    dnnl_set_verbose(0);
    if (dnnl_engine_create(&onednn->engine, dnnl_cpu, 0) != dnnl_success ||
        dnnl_stream_create(&onednn->stream, onednn->engine, dnnl_stream_default_flags) !=
            dnnl_success) {
        ebb_onednn_destroy(onednn);
        return ebb_fail(EBB_ERR_ENVIRONMENT, "oneDNN: no CPU engine");
    }
    *out = onednn;
    return EBB_OK;
}

void ebb_onednn_destroy(ebb_onednn *onednn)
{
    if (onednn != NULL) {
        for (size_t i = 0; i < onednn->n_microkernels; i++) {
            ebb_microkernel_destroy(onednn->microkernels[i].kernel);
        }
        free(onednn->microkernels);
        if (onednn->stream != NULL) {
            dnnl_stream_destroy(onednn->stream);
        }
        if (onednn->engine != NULL) {
            dnnl_engine_destroy(onednn->engine);
        }
        free(onednn);
    }
}

static bool is_same(const ebb_matmul_shape *a, const ebb_matmul_shape *b)
{
    return a->m == b->m && a->n == b->n && a->k == b->k && a->x_leading == b->x_leading &&
           a->w_leading == b->w_leading && a->y_leading == b->y_leading &&
           a->bias == b->bias && a->relu == b->relu;
}

/* Weights beyond half a MiB do not stay in a second-level cache; sgemm and primitives cut
 * them, a micro-kernel takes them as they are (64 x 128 x 2000: 97 % of the peak beside
 * 98). */
enum { MICROKERNEL_MAX_FLOATS = 131072 };

/* NULL where there is none, for want of memory too: then a primitive is made. */
static const ebb_microkernel *find_microkernel(ebb_onednn *onednn,
                                               const ebb_matmul_shape *shape)
{
    if (shape->primitive || shape->k * shape->n > MICROKERNEL_MAX_FLOATS) {
        return NULL;
    }
    for (size_t i = 0; i < onednn->n_microkernels; i++) {
        if (is_same(&onednn->microkernels[i].shape, shape)) {
            return onednn->microkernels[i].kernel;
        }
    }
    const size_t n = onednn->n_microkernels + 1;
    shared_microkernel *grown =
        realloc(onednn->microkernels, n * sizeof *onednn->microkernels);
    if (grown == NULL) {
        return NULL;
    }
    onednn->microkernels = grown;
    grown[n - 1] = (shared_microkernel){*shape, ebb_microkernel_create(shape)};
    onednn->n_microkernels = n;
    return grown[n - 1].kernel;
}

/* ---- matrix product ------------------------------------------------------------------
 */

enum { X, W, BIAS, Y, SCRATCHPAD, N_ARGUMENTS };

struct ebb_matmul {
    const ebb_microkernel *microkernel; /* of the ebb_onednn; NULL: a primitive */
    const float *x, *w, *bias;          /* of the micro-kernel */
    float *y;
    dnnl_stream_t stream; /* borrowed */
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[N_ARGUMENTS]; /* NULL: not an argument */
    dnnl_exec_arg_t arguments[N_ARGUMENTS];
    int n_arguments;
    void *scratchpad;
    char kernel[48];
};

static dnnl_status_t create_attributes(dnnl_primitive_attr_t *out, bool relu)
{
    dnnl_status_t status = dnnl_primitive_attr_create(out);
    if (status == dnnl_success) {
        status = dnnl_primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user);
    }
    if (status != dnnl_success || !relu) {
        return status;
    }
    dnnl_post_ops_t post_ops = NULL;
    status = dnnl_post_ops_create(&post_ops);
    if (status == dnnl_success) {
        status = append_relu(post_ops);
    }
    if (status == dnnl_success) {
        status = dnnl_primitive_attr_set_post_ops(*out, post_ops);
    }
    dnnl_post_ops_destroy(post_ops);
    return status;
}

static dnnl_status_t add_argument(ebb_matmul *self, int slot, int argument,
                                  descriptor_view md, dnnl_engine_t engine)
{
    const dnnl_status_t status =
        dnnl_memory_create(&self->memory[slot], md, engine, DNNL_MEMORY_NONE);
    if (status == dnnl_success) {
        self->arguments[self->n_arguments++] =
            (dnnl_exec_arg_t){argument, self->memory[slot]};
    }
    return status;
}

static dnnl_status_t add_scratchpad(ebb_matmul *self, dnnl_primitive_desc_t pd,
                                    dnnl_engine_t engine)
{
    const descriptor_view md =
        dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    const size_t size_bytes = md == NULL ? 0 : dnnl_memory_desc_get_size(md);
    if (size_bytes == 0) {
        return dnnl_success;
    }
    if (ebb_buffer_allocate(&self->scratchpad, size_bytes, 1) != EBB_OK) {
        return dnnl_out_of_memory;
    }
    const dnnl_status_t status =
        add_argument(self, SCRATCHPAD, DNNL_ARG_SCRATCHPAD, md, engine);
    return status != dnnl_success
               ? status
               : dnnl_memory_set_data_handle(self->memory[SCRATCHPAD], self->scratchpad);
}

static dnnl_status_t build(ebb_matmul *self, const descriptor md[4], bool bias, bool relu,
                           dnnl_engine_t engine)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_status_t status = create_attributes(&attr, relu);
    if (status == dnnl_success) {
        status = matmul_descriptor(&pd, engine, md, bias, attr);
    }
    if (status == dnnl_success) {
        status = dnnl_primitive_create(&self->primitive, pd);
    }
    static const int arguments[] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS,
                                    DNNL_ARG_DST};
    for (int i = X; i <= Y && status == dnnl_success; i++) {
        if (i != BIAS || bias) {
            status = add_argument(self, i, arguments[i], view(&md[i]), engine);
        }
    }
    if (status == dnnl_success) {
        status = add_scratchpad(self, pd, engine);
    }
    const char *kernel = NULL;
    if (status == dnnl_success) {
        status =
            dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, (void *)&kernel);
    }
    snprintf(self->kernel, sizeof self->kernel, "%s", kernel == NULL ? "" : kernel);
    if (pd != NULL) {
        dnnl_primitive_desc_destroy(pd);
    }
    if (attr != NULL) {
        dnnl_primitive_attr_destroy(attr);
    }
    return status;
}

static dnnl_status_t describe(descriptor md[4], const ebb_matmul_shape *shape)
{
    const int64_t m = (int64_t)shape->m;
    const int64_t n = (int64_t)shape->n;
    const int64_t k = (int64_t)shape->k;
    dnnl_status_t status = descriptor_init(&md[X], m, k, (int64_t)shape->x_leading);
    if (status == dnnl_success) {
        status = descriptor_init(&md[W], k, n, (int64_t)shape->w_leading);
    }
    if (status == dnnl_success) {
        status = descriptor_init(&md[BIAS], 1, n, n);
    }
    if (status == dnnl_success) {
        status = descriptor_init(&md[Y], m, n, (int64_t)shape->y_leading);
    }
    return status;
}

static ebb_status create(ebb_matmul **out, const ebb_onednn *onednn)
{
    ebb_matmul *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->stream = onednn->stream;
    *out = self;
    return EBB_OK;
}

ebb_status ebb_matmul_create_microkernel(ebb_matmul **out, ebb_onednn *onednn,
                                         const ebb_matmul_shape *shape)
{
    *out = NULL;
    const ebb_microkernel *microkernel = find_microkernel(onednn, shape);
    if (microkernel != NULL) {
        EBB_TRY(create(out, onednn));
        (*out)->microkernel = microkernel;
        snprintf((*out)->kernel, sizeof(*out)->kernel, "micro-kernel");
    }
    return EBB_OK;
}

ebb_status ebb_matmul_create(ebb_matmul **out, ebb_onednn *onednn,
                             const ebb_matmul_shape *shape)
{
    EBB_TRY(ebb_matmul_create_microkernel(out, onednn, shape));
    if (*out != NULL) {
        return EBB_OK;
    }
    ebb_matmul *self = NULL;
    EBB_TRY(create(&self, onednn));
    descriptor md[4] = {0};
    dnnl_status_t status = describe(md, shape);
    if (status == dnnl_success) {
        status = build(self, md, shape->bias, shape->relu, onednn->engine);
    }
    for (int i = 0; i < 4; i++) {
        descriptor_clear(&md[i]);
    }
    if (status != dnnl_success) {
        ebb_matmul_destroy(self);
        return ebb_fail(EBB_ERR_ENVIRONMENT,
                        "oneDNN: matrix product %zu x %zu x %zu: status %d", shape->m,
                        shape->n, shape->k, (int)status);
    }
    *out = self;
    return EBB_OK;
}

static void set_handle(dnnl_memory_t memory, const float *data)
{
    if (memory != NULL) {
        /* The library takes inputs by pointer to mutable and does not write them. */
        union {
            const float *in;
            void *out;
        } pointer = {.in = data};
        dnnl_memory_set_data_handle(memory, pointer.out);
    }
}

void ebb_matmul_bind(ebb_matmul *matmul, const float *x, const float *w,
                     const float *bias, float *y)
{
    matmul->x = x;
    matmul->w = w;
    matmul->bias = bias;
    matmul->y = y;
    set_handle(matmul->memory[X], x);
    set_handle(matmul->memory[W], w);
    set_handle(matmul->memory[BIAS], bias);
    set_handle(matmul->memory[Y], y);
}

ebb_status ebb_matmul_run(const ebb_matmul *matmul)
{
    if (matmul->microkernel != NULL) {
        return ebb_microkernel_run(matmul->microkernel, matmul->x, matmul->w,
                                   matmul->bias, matmul->y);
    }
    const dnnl_status_t status = dnnl_primitive_execute(
        matmul->primitive, matmul->stream, matmul->n_arguments, matmul->arguments);
    return status == dnnl_success ? EBB_OK : EBB_ERR_FAILED;
}

bool ebb_matmul_is_microkernel(const ebb_matmul *matmul)
{
    return matmul->microkernel != NULL;
}

const char *ebb_matmul_kernel(const ebb_matmul *matmul)
{
    return matmul->kernel;
}

void ebb_matmul_destroy(ebb_matmul *matmul)
{
    if (matmul != NULL) {
        for (int i = 0; i < N_ARGUMENTS; i++) {
            if (matmul->memory[i] != NULL) {
                dnnl_memory_destroy(matmul->memory[i]);
            }
        }
        if (matmul->primitive != NULL) {
            dnnl_primitive_destroy(matmul->primitive);
        }
        ebb_buffer_free(matmul->scratchpad);
        free(matmul);
    }
}

ebb_status ebb_product_run(const ebb_product *p)
{
    const dnnl_status_t status =
        dnnl_sgemm(p->transposed ? 'T' : 'N', 'N', (dnnl_dim_t)p->m, (dnnl_dim_t)p->n,
                   (dnnl_dim_t)p->k, p->alpha, p->a, (dnnl_dim_t)p->a_leading, p->b,
                   (dnnl_dim_t)p->b_leading, p->beta, p->c, (dnnl_dim_t)p->c_leading);
    return status == dnnl_success ? EBB_OK : EBB_ERR_FAILED;
}

ebb_status ebb_product_warm(const ebb_product *product)
{
    ebb_product trial = *product;
    if (trial.a == NULL) {
        return EBB_OK;
    }
    for (int beta = 0; beta < 2; beta++) {
        trial.beta = (float)beta;
        if (ebb_product_run(&trial) != EBB_OK) {
            return ebb_fail(EBB_ERR_ENVIRONMENT, "oneDNN: sgemm %zu x %zu x %zu refused",
                            trial.m, trial.n, trial.k);
        }
    }
    return EBB_OK;
}
