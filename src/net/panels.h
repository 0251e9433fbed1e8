/* panels.h - the products of one wide layer, cut into rectangles of its output.
 *
 * Where weights are large next to a batch, threads share the columns of the output and
 * not its rows: a thread then reads few weights, and the same ones for all rows.
 * Rectangles are fixed by layer and batch size; a barrier stands before and after them.
 */
#ifndef EBB_NET_PANELS_H
#define EBB_NET_PANELS_H

#include "net/activations.h"
#include "net/onednn.h"
#include "net/program.h"

typedef struct ebb_panels ebb_panels;

/* A rectangle of product.c, an operation. */
typedef struct ebb_panel {
    ebb_panels *owner;
    ebb_matmul *matmul; /* owned; NULL: product is run */
    ebb_product product;
    const float *bias; /* forward: what product.c starts from */
    const float *out;  /* backward: product.c is zeroed where this is not positive */
} ebb_panel;

struct ebb_panels {
    ebb_program *program;         /* borrowed */
    const ebb_activations *batch; /* borrowed */
    size_t layer;                 /* number */
    bool backward;                /* delta[layer − 1], else out[layer] */
    ebb_panel *panels;            /* n, owned; column by column */
    size_t n;
};

/* Columns of a rectangle, and of a panel of weights that fits it: from there on sgemm
 * runs at 97 % of the peak. */
enum { EBB_PANEL_COLUMNS = 128 };

/* Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_panels_init(ebb_panels *out, ebb_program *program,
                           const ebb_activations *batch, size_t layer, bool backward);
/* Points them to a head's weights. */
void ebb_panels_bind(ebb_panels *panels, size_t head);
/* Makes a rectangle's kernel on the thread that will run it. Fails with
 * EBB_ERR_ENVIRONMENT. */
ebb_status ebb_panels_build(ebb_panel *panel, ebb_onednn *onednn);
const char *ebb_panels_kernel(const ebb_panels *panels); /* of the first rectangle */
/* Runs one, an ebb_panel. */
void ebb_panels_run(const void *panel, const ebb_step *step);
void ebb_panels_clear(ebb_panels *panels); /* a zeroed one is allowed */

#endif
