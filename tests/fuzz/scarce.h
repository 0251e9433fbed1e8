/* scarce.h - memory that runs out. */
#ifndef EBB_TESTS_FUZZ_SCARCE_H
#define EBB_TESTS_FUZZ_SCARCE_H

#include <stddef.h>

/* From here on the program's own code gets so many blocks and no more; libraries that are
 * linked dynamically get what they ask for. */
void scarce_begin(size_t blocks);
void scarce_end(void);

#endif
