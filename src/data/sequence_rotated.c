/* Rotated images (Lopez-Paz and Ranzato, "Gradient episodic memory for continual
 * learning", 2017): every task has all samples, turned by an angle of its own. */
#include <math.h>

#include "base/buffer.h"
#include "data/rotate.h"
#include "data/sequence_parts.h"

enum { MAX_DEGREES = 360 };

static ebb_status check(const ebb_sequence_spec *spec, bool square, size_t classes)
{
    (void)classes;
    if (!square) {
        return ebb_fail(
            EBB_ERR_USAGE,
            "--sequence: rotated needs square images (allowed: permuted, split)");
    }
    if (!(fabs(spec->max_angle_degrees) <= MAX_DEGREES)) {
        return ebb_fail(EBB_ERR_USAGE, "--max-angle: %g (allowed: -%d to %d)",
                        spec->max_angle_degrees, MAX_DEGREES, MAX_DEGREES);
    }
    return ebb_sequence_parts_check(spec, square);
}

static ebb_status build(ebb_sequence *sequence, const ebb_sequence_spec *spec)
{
    ebb_sequence_storage *storage = NULL;
    EBB_TRY(ebb_sequence_parts_share_all(&storage, sequence, spec));
    const size_t side = sequence->dataset->rows;
    void *scratch = NULL;
    EBB_TRY(ebb_buffer_allocate(&scratch, sequence->dataset->features, sizeof(int32_t)));
    int32_t *turned = scratch;
    for (size_t t = 0; t < sequence->n_tasks; t++) {
        const double degrees =
            (double)t * spec->max_angle_degrees / (double)sequence->n_tasks;
        if (degrees == 0.0 && spec->pad == 0) {
            continue;
        }
        ebb_rotate_map(turned, side, degrees);
        int32_t *map = storage->maps + t * sequence->features;
        for (size_t i = 0; i < sequence->features; i++) {
            const int32_t inner = ebb_sequence_parts_unpadded(i, side, spec->pad);
            map[i] = inner < 0 ? -1 : turned[inner];
        }
        sequence->tasks[t].map = map;
    }
    ebb_buffer_free(scratch);
    return EBB_OK;
}

const ebb_sequence_kind ebb_sequence_rotated = {
    .choice = {"rotated", "all samples in every task, turned by a growing angle"},
    .check = check,
    .build = build,
};
