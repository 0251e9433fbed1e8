/* piece.h - rectangles of the weight matrices in use, and who moves which.
 *
 * Every weight and bias in use belongs to exactly one piece. Pieces are fixed by network
 * and grain; threads only differ in which consecutive pieces they own, so the result of a
 * step does not depend on their number. */
#ifndef EBB_NET_PIECE_H
#define EBB_NET_PIECE_H

#include "net/activations.h"
#include "net/program.h"

typedef struct ebb_piece {
    size_t layer;                   /* number, the head last */
    size_t first_row, n_rows;       /* arena rows; a bias is a piece of one row */
    size_t first_column, n_columns; /* multiples of 16, inside a panel */
    bool bias;
} ebb_piece;

typedef struct ebb_piece_list {
    const ebb_net *net; /* borrowed */
    ebb_piece *pieces;  /* layer by layer, in it column by column */
    size_t n;
    size_t head; /* bound: whose weights layer n_backbone means */
} ebb_piece_list;

/* What pieces there may be. */
typedef struct ebb_piece_rule {
    size_t max_floats;  /* but 16 rows at least */
    size_t max_columns; /* a multiple of the grain */
    size_t wanted;      /* pieces one below the other, if they are large enough: */
    size_t min_floats;  /* of these at least, and of 16 rows */
} ebb_piece_rule;

/* Cuts every panel of every layer. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_piece_list_init(ebb_piece_list *out, const ebb_net *net,
                               const ebb_piece_rule *rule);
void ebb_piece_list_clear(ebb_piece_list *list);

/* Consecutive pieces [begin, end) of a list. */
typedef struct ebb_piece_range {
    size_t begin, end;
} ebb_piece_range;

/* All pieces of a layer. */
ebb_piece_range ebb_piece_list_layer(const ebb_piece_list *list, size_t layer);

/* How many of its largest piece a range amounts to, rounded. */
size_t ebb_piece_list_units(const ebb_piece_list *list, ebb_piece_range all);

/* Which of them are the thread's: nearly equal numbers of floats, in thread order, the
 * first threads having more where they do not come out even. */
ebb_piece_range ebb_piece_list_share(const ebb_piece_list *list, ebb_piece_range all,
                                     size_t thread, size_t n_threads);

/* The layer a piece is cut from, as bound. */
const ebb_layer *ebb_piece_layer(const ebb_piece_list *list, const ebb_piece *piece);

/* First value of the piece in the arena, and the floats between its rows. */
float *ebb_piece_values(size_t *distance, const ebb_piece_list *list,
                        const ebb_piece *piece);

/* The optimizer's numbers of this step for the piece: the head counts its own steps. */
const ebb_optimizer_step *ebb_piece_numbers(const ebb_piece_list *list,
                                            const ebb_piece *piece, const ebb_step *step);

/* Writes the weights of a piece into the transposed copy; nothing for a bias. */
void ebb_piece_transpose(const ebb_piece_list *list, const ebb_piece *piece);

/* Applies the optimizer to the piece with its gradient (rows without a gap) and writes
 * the moved weights into the transposed copy. */
void ebb_piece_update(const ebb_piece_list *list, const ebb_piece *piece,
                      const float *gradient, const ebb_step *step);

/* sum[j] = Σ_r rows[r · leading + j] over n_rows, in row order. */
void ebb_piece_column_sums(float *sum, const float *rows, size_t leading, size_t n_rows,
                           size_t n_columns);

#endif
