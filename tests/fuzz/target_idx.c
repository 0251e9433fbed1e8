/* target_idx.c - the IDX reader on plain files: a byte of what is wanted, then the file.
 */
#include "fuzz.h"
#include "idx_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0) {
        read_idx(data + 1, size - 1, data[0], data + 1, size - 1);
    }
    return 0;
}
