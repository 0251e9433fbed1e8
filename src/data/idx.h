/* idx.h - arrays of bytes in the IDX format, plain or gzip: the files of the MNIST
 * family.
 *
 * Sizes come from the header and are checked against what is wanted, against the file and
 * against a limit before anything is allocated; no more is ever inflated than the header
 * announces and one byte.
 *
 * Errors: EBB_ERR_ENVIRONMENT naming file, byte offset, what was found and expected. */
#ifndef EBB_DATA_IDX_H
#define EBB_DATA_IDX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/status.h"

enum { EBB_IDX_MAX_DIMENSIONS = 3 };
#define EBB_IDX_MAX_BYTES ((size_t)2 << 30)

typedef struct ebb_idx_want {
    size_t n_dimensions;                       /* 3: images, 1: labels */
    size_t dimensions[EBB_IDX_MAX_DIMENSIONS]; /* slowest first; 0: any */
} ebb_idx_want;

typedef struct ebb_idx {
    uint8_t *data; /* row-major; owned, released by clear */
    size_t size_bytes;
    size_t dimensions[EBB_IDX_MAX_DIMENSIONS]; /* past the last one: 1 */
    size_t data_offset;                        /* of data in the content */
    bool compressed;
    char sha256[EBB_DIGEST_HEX_BYTES]; /* of the uncompressed content */
} ebb_idx;

/* Overwrites *out; nothing is held after a failure. */
ebb_status ebb_idx_read(ebb_idx *out, const char *path, const ebb_idx_want *want);
void ebb_idx_clear(ebb_idx *idx); /* a zeroed one is allowed */

#endif
