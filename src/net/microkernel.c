#include "net/microkernel.h"

#ifdef EBB_HAVE_MICROKERNELS

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_ukernel.h>
#include <stdlib.h>

#include "base/buffer.h"

struct ebb_microkernel {
    dnnl_brgemm_t brgemm;
    dnnl_ukernel_attr_params_t parameters;
    bool post_operations;
    void *scratchpad;
};

static dnnl_status_t append_bias(dnnl_post_ops_t post_ops, const ebb_matmul_shape *shape)
{
    const dnnl_dims_t dims = {1, (dnnl_dim_t)shape->n};
    const dnnl_dims_t strides = {(dnnl_dim_t)shape->n, 1};
    dnnl_memory_desc_t bias = NULL;
    dnnl_status_t status =
        dnnl_memory_desc_create_with_strides(&bias, 2, dims, dnnl_f32, strides);
    if (status == dnnl_success) {
        status = dnnl_post_ops_append_binary(post_ops, dnnl_binary_add, bias);
        dnnl_memory_desc_destroy(bias);
    }
    return status;
}

static dnnl_status_t add_post_operations(dnnl_brgemm_t brgemm,
                                         const ebb_matmul_shape *shape)
{
    dnnl_post_ops_t post_ops = NULL;
    dnnl_status_t status = dnnl_post_ops_create(&post_ops);
    if (status == dnnl_success && shape->bias) {
        status = append_bias(post_ops, shape);
    }
    if (status == dnnl_success && shape->relu) {
        status = dnnl_post_ops_append_eltwise(post_ops, dnnl_eltwise_relu, 0.0f, 0.0f);
    }
    if (status == dnnl_success) {
        status = dnnl_brgemm_set_post_ops(brgemm, (dnnl_dim_t)shape->y_leading, dnnl_f32,
                                          post_ops);
    }
    dnnl_post_ops_destroy(post_ops);
    return status;
}

static dnnl_status_t add_scratchpad(ebb_microkernel *self)
{
    size_t size_bytes = 0;
    const dnnl_status_t status =
        dnnl_brgemm_get_scratchpad_size(self->brgemm, &size_bytes);
    if (status != dnnl_success || size_bytes == 0) {
        return status;
    }
    return ebb_buffer_allocate(&self->scratchpad, size_bytes, 1) == EBB_OK
               ? dnnl_success
               : dnnl_out_of_memory;
}

/* w is used as it lies. */
static dnnl_status_t check_packing(dnnl_brgemm_t brgemm)
{
    dnnl_pack_type_t pack = dnnl_pack_type_undef;
    const dnnl_status_t status = dnnl_brgemm_get_B_pack_type(brgemm, &pack);
    return status == dnnl_success && pack != dnnl_pack_type_no_trans ? dnnl_unimplemented
                                                                     : status;
}

static dnnl_status_t build(ebb_microkernel *self, const ebb_matmul_shape *shape)
{
    dnnl_status_t status = dnnl_brgemm_create(
        &self->brgemm, (dnnl_dim_t)shape->m, (dnnl_dim_t)shape->n, (dnnl_dim_t)shape->k,
        1, (dnnl_dim_t)shape->x_leading, (dnnl_dim_t)shape->w_leading,
        (dnnl_dim_t)shape->y_leading, dnnl_f32, dnnl_f32, dnnl_f32);
    self->post_operations = shape->bias || shape->relu;
    if (status == dnnl_success && self->post_operations) {
        status = add_post_operations(self->brgemm, shape);
    }
    if (status == dnnl_success) {
        status = dnnl_brgemm_finalize(self->brgemm);
    }
    if (status == dnnl_success) {
        status = check_packing(self->brgemm);
    }
    if (status == dnnl_success) {
        status = dnnl_brgemm_generate(self->brgemm);
    }
    if (status == dnnl_success) {
        status = dnnl_ukernel_attr_params_create(&self->parameters);
    }
    return status == dnnl_success ? add_scratchpad(self) : status;
}

bool ebb_microkernel_exists(void)
{
    return true;
}

ebb_microkernel *ebb_microkernel_create(const ebb_matmul_shape *shape)
{
    ebb_microkernel *self = calloc(1, sizeof *self);
    if (self != NULL && build(self, shape) != dnnl_success) {
        ebb_microkernel_destroy(self);
        return NULL;
    }
    return self;
}

ebb_status ebb_microkernel_run(const ebb_microkernel *kernel, const float *x,
                               const float *w, const float *bias, float *y)
{
    static const dnnl_dim_t offsets[2] = {0, 0};
    if (!kernel->post_operations) {
        return dnnl_brgemm_execute(kernel->brgemm, x, w, offsets, y,
                                   kernel->scratchpad) == dnnl_success
                   ? EBB_OK
                   : EBB_ERR_FAILED;
    }
    const void *arguments[] = {bias};
    dnnl_status_t status =
        dnnl_ukernel_attr_params_set_post_ops_args(kernel->parameters, arguments);
    if (status == dnnl_success) {
        status = dnnl_brgemm_execute_postops(kernel->brgemm, x, w, offsets, y, y,
                                             kernel->scratchpad, kernel->parameters);
    }
    return status == dnnl_success ? EBB_OK : EBB_ERR_FAILED;
}

void ebb_microkernel_destroy(ebb_microkernel *kernel)
{
    if (kernel != NULL) {
        if (kernel->parameters != NULL) {
            dnnl_ukernel_attr_params_destroy(kernel->parameters);
        }
        /* Of one that it half made, and gave out as whole, oneDNN 3.7 frees what it never
         * allocated, which ends the program. */
        if (kernel->brgemm != NULL && !ebb_buffer_space_is_limited()) {
            dnnl_brgemm_destroy(kernel->brgemm);
        }
        ebb_buffer_free(kernel->scratchpad);
        free(kernel);
    }
}

#else

bool ebb_microkernel_exists(void)
{
    return false;
}

ebb_microkernel *ebb_microkernel_create(const ebb_matmul_shape *shape)
{
    (void)shape;
    return NULL;
}

ebb_status ebb_microkernel_run(const ebb_microkernel *kernel, const float *x,
                               const float *w, const float *bias, float *y)
{
    (void)kernel;
    (void)x;
    (void)w;
    (void)bias;
    (void)y;
    return EBB_ERR_FAILED;
}

void ebb_microkernel_destroy(ebb_microkernel *kernel)
{
    (void)kernel;
}

#endif
