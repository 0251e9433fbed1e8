/* idx_input.h - the IDX reader on a file, for both of its targets. */
#ifndef EBB_TESTS_FUZZ_IDX_INPUT_H
#define EBB_TESTS_FUZZ_IDX_INPUT_H

#include <stddef.h>
#include <stdint.h>

/* What is wanted of a file: bit 0, images instead of labels; bit 1, of given sizes. */
enum { WANT_IMAGES = 1, WANT_SIZES = 2 };

/* Reads the file and checks what the reader promises. content, when it is not NULL, is
 * what the file inflates to. */
void read_idx(const uint8_t *file, size_t size, unsigned want, const uint8_t *content,
              size_t content_size);

#endif
