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

static size_t columns_at(const ebb_layer *layer, size_t column, size_t max_columns)
{
    const size_t distance = ebb_layer_distance(layer, column);
    return smaller(max_columns, distance - column % layer->panel);
}

/* Rows in pieces of nearly equal, even numbers of vectors. */
static size_t rows_at_once(const ebb_layer *layer, const ebb_piece_rule *rule)
{
    const size_t columns = columns_at(layer, 0, rule->max_columns);
    const size_t grains = rule->max_floats / columns / EBB_LAYER_GRAIN;
    const size_t most = EBB_LAYER_GRAIN * (grains > 0 ? grains : 1);
    const size_t fewest = (layer->in + most - 1) / most;
    const size_t most_pieces = layer->in_leading * columns / rule->min_floats;
    const size_t wanted = smaller(rule->wanted, most_pieces);
    const size_t n = fewest > wanted ? fewest : wanted;
    return ebb_shape_leading((layer->in + n - 1) / n);
}

/* Rows from `begin` on of a column of pieces; begin = in is the bias. */
static void add_rows(ebb_piece_list *list, size_t number, const ebb_piece_rule *rule,
                     size_t begin, size_t column)
{
    const ebb_layer *layer = ebb_net_layer(list->net, number, 0);
    const bool bias = begin == layer->in;
    add_piece(
        list,
        (ebb_piece){
            .layer = number,
            .first_row = ebb_layer_row(layer, begin),
            .n_rows = bias ? 1 : smaller(rows_at_once(layer, rule), layer->in - begin),
            .first_column = column,
            .n_columns = columns_at(layer, column, rule->max_columns),
            .bias = bias,
        });
}

static size_t next_row(const ebb_layer *layer, const ebb_piece_rule *rule, size_t row)
{
    return row == layer->in ? row + 1
                            : smaller(row + rows_at_once(layer, rule), layer->in);
}

static void cut_layer(ebb_piece_list *list, size_t number, const ebb_piece_rule *rule)
{
    const ebb_layer *layer = ebb_net_layer(list->net, number, 0);
    for (size_t column = 0; column < layer->leading;
         column += columns_at(layer, column, rule->max_columns)) {
        for (size_t row = 0; row <= layer->in; row = next_row(layer, rule, row)) {
            add_rows(list, number, rule, row, column);
        }
    }
}

static void cut_layers(ebb_piece_list *list, const ebb_piece_rule *rule)
{
    list->n = 0;
    for (size_t l = 0; l < ebb_net_layers(list->net); l++) {
        cut_layer(list, l, rule);
    }
}

ebb_status ebb_piece_list_init(ebb_piece_list *out, const ebb_net *net,
                               const ebb_piece_rule *rule)
{
    *out = (ebb_piece_list){.net = net};
    cut_layers(out, rule);
    out->pieces = calloc(out->n, sizeof *out->pieces);
    if (out->pieces == NULL) {
        return ebb_fail_memory(out->n * sizeof *out->pieces);
    }
    cut_layers(out, rule);
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

ebb_piece_range ebb_piece_list_layer(const ebb_piece_list *list, size_t layer)
{
    ebb_piece_range range = {0, 0};
    while (range.begin < list->n && list->pieces[range.begin].layer < layer) {
        range.begin++;
    }
    range.end = range.begin;
    while (range.end < list->n && list->pieces[range.end].layer == layer) {
        range.end++;
    }
    return range;
}

/* Who owns the unit, when units are shared out as in ebb_team_share. */
static size_t owner_of(size_t unit, size_t n_units, size_t n_threads)
{
    const size_t each = n_units / n_threads;
    const size_t rest = n_units % n_threads;
    const size_t longer = rest * (each + 1); /* units of those that have one more */
    return unit < longer ? unit / (each + 1) : rest + (unit - longer) / each;
}

static size_t floats_in(const ebb_piece_list *list, ebb_piece_range all)
{
    size_t total = 0;
    for (size_t i = all.begin; i < all.end; i++) {
        total += floats_of(&list->pieces[i]);
    }
    return total;
}

size_t ebb_piece_list_units(const ebb_piece_list *list, ebb_piece_range all)
{
    size_t largest = 1;
    for (size_t i = all.begin; i < all.end; i++) {
        const size_t floats = floats_of(&list->pieces[i]);
        largest = floats > largest ? floats : largest;
    }
    return (floats_in(list, all) + largest / 2) / largest;
}

/* A piece belongs to who owns the unit in which its middle lies: small pieces go with
 * large ones. */
ebb_piece_range ebb_piece_list_share(const ebb_piece_list *list, ebb_piece_range all,
                                     size_t thread, size_t n_threads)
{
    ebb_piece_range own = {all.end, all.end};
    const size_t n_units = ebb_piece_list_units(list, all);
    const size_t total = floats_in(list, all);
    size_t done = 0;
    for (size_t i = all.begin; i < all.end; i++) {
        const size_t floats = floats_of(&list->pieces[i]);
        const size_t unit = (done + floats / 2) * n_units / total;
        if (owner_of(unit, n_units, n_threads) == thread) {
            own.begin = smaller(own.begin, i);
            own.end = i + 1;
        }
        done += floats;
    }
    return own;
}

const ebb_layer *ebb_piece_layer(const ebb_piece_list *list, const ebb_piece *piece)
{
    return ebb_net_layer(list->net, piece->layer, list->head);
}

float *ebb_piece_values(size_t *distance, const ebb_piece_list *list,
                        const ebb_piece *piece)
{
    const ebb_layer *layer = ebb_piece_layer(list, piece);
    *distance = ebb_layer_distance(layer, piece->first_column);
    return list->net->parameters->values +
           ebb_layer_at(layer, piece->first_row, piece->first_column);
}

const ebb_optimizer_step *ebb_piece_numbers(const ebb_piece_list *list,
                                            const ebb_piece *piece, const ebb_step *step)
{
    return piece->layer + 1 == ebb_net_layers(list->net) ? step->head : step->backbone;
}

void ebb_piece_transpose(const ebb_piece_list *list, const ebb_piece *piece)
{
    if (piece->layer > 0 && !piece->bias) {
        const ebb_weight_part part = {piece->first_row, piece->n_rows,
                                      piece->first_column, piece->n_columns};
        ebb_net_transpose(list->net, piece->layer, list->head, &part);
    }
}

static float *offset(float *arena, size_t at)
{
    return arena == NULL ? NULL : arena + at;
}

void ebb_piece_update(const ebb_piece_list *list, const ebb_piece *piece,
                      const float *gradient, const ebb_step *step)
{
    const ebb_net *net = list->net;
    size_t distance = 0;
    float *values = ebb_piece_values(&distance, list, piece);
    const size_t first = (size_t)(values - net->parameters->values);
    const bool contiguous = piece->n_columns == distance;
    const size_t n_runs = contiguous ? 1 : piece->n_rows;
    const size_t run = contiguous ? floats_of(piece) : piece->n_columns;
    const ebb_optimizer_step *numbers = ebb_piece_numbers(list, piece, step);
    for (size_t i = 0; i < n_runs; i++) {
        const size_t at = first + i * distance;
        net->optimizer->update(numbers, run, values + i * distance,
                               offset(net->first, at), offset(net->second, at),
                               gradient + i * run);
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
