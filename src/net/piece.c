#include "net/piece.h"

#include <stdlib.h>
#include <string.h>

#include "base/vector.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Only counts while list->pieces is NULL. */
static void add_piece(ebb_piece_list *list, ebb_piece piece)
{
    if (list->pieces != NULL) {
        list->pieces[list->n] = piece;
    }
    list->n++;
}

/* Column by column: rows [0, in) in steps of max_rows, then the bias row. */
static void cut_layer(ebb_piece_list *list, size_t number, size_t max_rows,
                      size_t max_columns)
{
    const ebb_layer *layer = ebb_net_layer(list->net, number, 0);
    for (size_t column = 0; column < layer->leading; column += max_columns) {
        ebb_piece piece = {.layer = number,
                           .first_column = column,
                           .n_columns = smaller(max_columns, layer->leading - column)};
        for (size_t row = 0; row < layer->in; row += max_rows) {
            piece.first_row = row;
            piece.n_rows = smaller(max_rows, layer->in - row);
            add_piece(list, piece);
        }
        piece.first_row = ebb_layer_row(layer, layer->in);
        piece.n_rows = 1;
        piece.bias = true;
        add_piece(list, piece);
    }
}

static void cut_layers(ebb_piece_list *list, size_t max_rows, size_t max_columns)
{
    list->n = 0;
    for (size_t l = 0; l < ebb_net_layers(list->net); l++) {
        cut_layer(list, l, max_rows, max_columns);
        list->n_first = l == 0 ? list->n : list->n_first;
    }
}

ebb_status ebb_piece_list_init(ebb_piece_list *out, const ebb_net *net, size_t max_rows,
                               size_t max_columns)
{
    *out = (ebb_piece_list){.net = net};
    cut_layers(out, max_rows, max_columns);
    out->pieces = calloc(out->n, sizeof *out->pieces);
    if (out->pieces == NULL) {
        return ebb_fail_memory(out->n * sizeof *out->pieces);
    }
    cut_layers(out, max_rows, max_columns);
    return EBB_OK;
}

void ebb_piece_list_clear(ebb_piece_list *list)
{
    free(list->pieces);
    *list = (ebb_piece_list){0};
}

static size_t floats_of(const ebb_piece *piece)
{
    return piece->n_rows * piece->n_columns;
}

/* A piece belongs to the thread in whose share of the floats its middle lies. */
void ebb_piece_list_share(size_t *begin, size_t *end, const ebb_piece_list *list,
                          ebb_piece_group group, size_t thread, size_t n_threads)
{
    const size_t from = group == EBB_PIECES_OTHER_LAYERS ? list->n_first : 0;
    const size_t to = group == EBB_PIECES_FIRST_LAYER ? list->n_first : list->n;
    size_t total = 0;
    for (size_t i = from; i < to; i++) {
        total += floats_of(&list->pieces[i]);
    }
    *begin = to;
    *end = from;
    size_t done = 0;
    for (size_t i = from; i < to; i++) {
        const size_t middle = done + floats_of(&list->pieces[i]) / 2;
        if (middle * n_threads / total == thread) {
            *begin = smaller(*begin, i);
            *end = i + 1;
        }
        done += floats_of(&list->pieces[i]);
    }
    *begin = smaller(*begin, *end);
}

const ebb_layer *ebb_piece_layer(const ebb_piece_list *list, const ebb_piece *piece)
{
    return ebb_net_layer(list->net, piece->layer, list->head);
}

float *ebb_piece_values(const ebb_piece_list *list, const ebb_piece *piece)
{
    const ebb_layer *layer = ebb_piece_layer(list, piece);
    return list->net->parameters->values + layer->offset +
           piece->first_row * layer->leading + piece->first_column;
}

const ebb_optimizer_step *ebb_piece_numbers(const ebb_piece_list *list,
                                            const ebb_piece *piece, const ebb_step *step)
{
    return piece->layer + 1 == ebb_net_layers(list->net) ? step->head : step->backbone;
}

void ebb_piece_transpose(const ebb_piece_list *list, const ebb_piece *piece)
{
    float *transposed = ebb_net_transposed(list->net, piece->layer, list->head);
    if (transposed == NULL || piece->bias) {
        return;
    }
    const ebb_layer *layer = ebb_piece_layer(list, piece);
    ebb_vector_transpose(transposed + piece->first_column * layer->in_leading +
                             piece->first_row,
                         layer->in_leading, ebb_piece_values(list, piece), layer->leading,
                         piece->n_rows, piece->n_columns);
}

static float *offset(float *arena, size_t at)
{
    return arena == NULL ? NULL : arena + at;
}

void ebb_piece_update(const ebb_piece_list *list, const ebb_piece *piece,
                      const float *gradient, size_t gradient_leading,
                      const ebb_step *step)
{
    const ebb_net *net = list->net;
    const size_t leading = ebb_piece_layer(list, piece)->leading;
    float *values = ebb_piece_values(list, piece);
    const size_t first = (size_t)(values - net->parameters->values);
    const bool contiguous = piece->n_columns == leading && gradient_leading == leading;
    const size_t n_runs = contiguous ? 1 : piece->n_rows;
    const size_t run = contiguous ? floats_of(piece) : piece->n_columns;
    const ebb_optimizer_step *numbers = ebb_piece_numbers(list, piece, step);
    for (size_t i = 0; i < n_runs; i++) {
        const size_t at = first + i * leading;
        net->optimizer->update(numbers, run, values + i * leading, offset(net->first, at),
                               offset(net->second, at), gradient + i * gradient_leading);
    }
    ebb_piece_transpose(list, piece);
}

void ebb_piece_column_sums(float *sum, const float *rows, size_t leading, size_t n_rows,
                           size_t n_columns)
{
    memset(sum, 0, n_columns * sizeof *sum);
    for (size_t r = 0; r < n_rows; r++) {
        ebb_vector_add(sum, rows + r * leading, n_columns);
    }
}
