#include "net/panels.h"

#include <stdlib.h>
#include <string.h>

#include "base/multiversion.h"
#include "net/block.h"

enum {
    MIN_ROWS = 16,
    MAX_ROWS = 64,
    ROWS_WANTED = 4 /* rectangles a column is cut into, for more threads than columns */
};

EBB_MULTIVERSION
static void rectify(float *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        y[i] = y[i] > 0.0f ? y[i] : 0.0f;
    }
}

/* By sgemm, which takes what c holds for a start. */
static ebb_status run_product(const ebb_panel *own)
{
    const ebb_panels *owner = own->owner;
    const ebb_product *p = &own->product;
    const bool relu = own->bias != NULL && owner->layer + 1 < owner->batch->n_layers;
    for (size_t i = 0; i < p->m && own->bias != NULL; i++) {
        memcpy(p->c + i * p->c_leading, own->bias, p->n * sizeof *p->c);
    }
    const ebb_status status = ebb_product_run(p);
    for (size_t i = 0; i < p->m && relu; i++) {
        rectify(p->c + i * p->c_leading, p->n);
    }
    return status;
}

void ebb_panels_run(const void *panel, const ebb_step *step)
{
    (void)step;
    const ebb_panel *own = panel;
    const ebb_product *p = &own->product;
    if ((own->matmul != NULL ? ebb_matmul_run(own->matmul) : run_product(own)) !=
        EBB_OK) {
        atomic_store(&own->owner->program->failed, 1);
    }
    for (size_t i = 0; i < p->m && own->out != NULL; i++) {
        ebb_block_mask(p->c + i * p->c_leading, own->out + i * p->c_leading, p->n);
    }
}

/* sgemm is faster than a primitive whose output has longer rows than it makes. */
ebb_status ebb_panels_build(ebb_panel *panel, ebb_onednn *onednn)
{
    const ebb_panels *owner = panel->owner;
    const ebb_product *p = &panel->product;
    const ebb_matmul_shape shape = {
        .m = p->m,
        .n = p->n,
        .k = p->k,
        .x_leading = p->a_leading,
        .w_leading = p->b_leading,
        .y_leading = p->c_leading,
        .bias = !owner->backward,
        .relu = !owner->backward && owner->layer + 1 < owner->batch->n_layers,
    };
    EBB_TRY(ebb_matmul_create_microkernel(&panel->matmul, onednn, &shape));
    if (panel->matmul == NULL) {
        return ebb_product_warm(p);
    }
    ebb_matmul_bind(panel->matmul, p->a, p->b, panel->bias, p->c);
    return EBB_OK;
}

const char *ebb_panels_kernel(const ebb_panels *panels)
{
    const ebb_matmul *matmul = panels->panels[0].matmul;
    return matmul != NULL ? ebb_matmul_kernel(matmul) : "sgemm";
}

static size_t rows_at_once(size_t n_rows)
{
    const size_t rows = n_rows / ROWS_WANTED;
    const size_t most = rows < MAX_ROWS ? rows : MAX_ROWS;
    return most > MIN_ROWS ? most : MIN_ROWS;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The rectangle at (row, column) without the weights' part. */
static ebb_panel at(ebb_panels *self, size_t row, size_t column)
{
    const ebb_activations *batch = self->batch;
    const size_t l = self->layer;
    const size_t below = l > 0 ? batch->leading[l - 1] : 0;
    const size_t width = self->backward ? below : batch->leading[l];
    ebb_panel panel = {
        .owner = self,
        .product = {.m = smaller(rows_at_once(batch->n_rows), batch->n_rows - row),
                    .n = smaller(EBB_PANEL_COLUMNS, width - column),
                    .c_leading = width,
                    .alpha = 1.0f,
                    .beta = self->backward ? 0.0f : 1.0f},
    };
    ebb_product *p = &panel.product;
    if (self->backward) {
        p->k = p->a_leading = batch->leading[l];
        p->a = batch->delta[l] + row * p->a_leading;
        p->c = batch->delta[l - 1] + row * below + column;
        panel.out = batch->out[l - 1] + row * below + column;
    } else {
        p->a = ebb_activations_input(batch, l, &p->a_leading) + row * p->a_leading;
        p->k = p->a_leading;
        p->c = batch->out[l] + row * width + column;
    }
    return panel;
}

static void bind_forward(ebb_panel *panel, const ebb_layer *layer, const float *values,
                         size_t column)
{
    panel->product.b = values + ebb_layer_at(layer, 0, column);
    panel->product.b_leading = ebb_layer_distance(layer, column);
    panel->bias = values + ebb_layer_at(layer, layer->in_leading, column);
}

static void bind_backward(ebb_panel *panel, const ebb_layer *layer, const float *weights,
                          size_t column)
{
    const size_t width = ebb_net_transposed_panel(layer);
    const size_t in_panel = column % width;
    panel->product.b = weights + (column - in_panel) * layer->leading + in_panel;
    panel->product.b_leading = ebb_net_transposed_distance(layer, column);
}

void ebb_panels_bind(ebb_panels *panels, size_t head)
{
    const ebb_net *net = panels->program->net;
    const ebb_layer *layer = ebb_net_layer(net, panels->layer, head);
    const size_t rows = rows_at_once(panels->batch->n_rows);
    const size_t n_rows = (panels->batch->n_rows + rows - 1) / rows;
    for (size_t i = 0; i < panels->n; i++) {
        const size_t column = i / n_rows * EBB_PANEL_COLUMNS;
        ebb_panel *panel = &panels->panels[i];
        if (panels->backward) {
            bind_backward(panel, layer, ebb_net_transposed(net, panels->layer, head),
                          column);
        } else {
            bind_forward(panel, layer, net->parameters->values, column);
        }
        if (panel->matmul != NULL) {
            ebb_matmul_bind(panel->matmul, panel->product.a, panel->product.b,
                            panel->bias, panel->product.c);
        }
    }
}

ebb_status ebb_panels_init(ebb_panels *out, ebb_program *program,
                           const ebb_activations *batch, size_t layer, bool backward)
{
    *out = (ebb_panels){
        .program = program, .batch = batch, .layer = layer, .backward = backward};
    const size_t width = batch->leading[backward ? layer - 1 : layer];
    const size_t rows = rows_at_once(batch->n_rows);
    const size_t n_rows = (batch->n_rows + rows - 1) / rows;
    out->n = (width + EBB_PANEL_COLUMNS - 1) / EBB_PANEL_COLUMNS * n_rows;
    out->panels = calloc(out->n, sizeof *out->panels);
    if (out->panels == NULL) {
        return ebb_fail_memory(out->n * sizeof *out->panels);
    }
    for (size_t i = 0; i < out->n; i++) {
        out->panels[i] = at(out, i % n_rows * rows, i / n_rows * EBB_PANEL_COLUMNS);
    }
    ebb_panels_bind(out, 0);
    return EBB_OK;
}

void ebb_panels_clear(ebb_panels *panels)
{
    for (size_t i = 0; i < panels->n && panels->panels != NULL; i++) {
        ebb_matmul_destroy(panels->panels[i].matmul);
    }
    free(panels->panels);
    *panels = (ebb_panels){0};
}
