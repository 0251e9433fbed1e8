#include "idx_input.h"

#include <string.h>

#include "data/idx.h"
#include "fuzz.h"

static ebb_idx_want want_of(unsigned want)
{
    ebb_idx_want out = {.n_dimensions = (want & WANT_IMAGES) != 0 ? 3 : 1};
    if ((want & WANT_SIZES) != 0) {
        out.dimensions[0] = out.n_dimensions == 1 ? 3 : 0;
        out.dimensions[1] = out.n_dimensions == 1 ? 0 : 2;
        out.dimensions[2] = out.n_dimensions == 1 ? 0 : 2;
    }
    return out;
}

static void check_read(const ebb_idx *idx, const ebb_idx_want *want,
                       const uint8_t *content, size_t size)
{
    size_t product = 1;
    for (size_t i = 0; i < EBB_IDX_MAX_DIMENSIONS; i++) {
        FUZZ_REQUIRE(idx->dimensions[i] >= 1);
        FUZZ_REQUIRE(want->dimensions[i] == 0 ||
                     idx->dimensions[i] == want->dimensions[i]);
        product *= idx->dimensions[i];
    }
    FUZZ_REQUIRE(product == idx->size_bytes);
    FUZZ_REQUIRE(idx->data_offset == 4 + 4 * want->n_dimensions);
    FUZZ_REQUIRE(strlen(idx->sha256) == EBB_DIGEST_HEX_BYTES - 1);
    unsigned sum = 0;
    for (size_t i = 0; i < idx->size_bytes; i++) {
        sum += idx->data[i];
    }
    FUZZ_REQUIRE(sum <= 255 * idx->size_bytes);
    if (content != NULL) {
        FUZZ_REQUIRE(size == idx->data_offset + idx->size_bytes);
        FUZZ_REQUIRE(memcmp(idx->data, content + idx->data_offset, idx->size_bytes) == 0);
    }
}

void read_idx(const uint8_t *file, size_t size, unsigned want, const uint8_t *content,
              size_t content_size)
{
    const ebb_idx_want wanted = want_of(want);
    ebb_idx idx;
    const ebb_status status = ebb_idx_read(&idx, fuzz_file(file, size), &wanted);
    fuzz_require_status(status, 1u << EBB_ERR_ENVIRONMENT);
    if (status == EBB_OK) {
        FUZZ_REQUIRE(idx.compressed || content == NULL || file == content);
        check_read(&idx, &wanted, idx.compressed && file == content ? NULL : content,
                   content_size);
    } else {
        FUZZ_REQUIRE(idx.data == NULL && idx.size_bytes == 0);
    }
    ebb_idx_clear(&idx);
}
