/* fuzz.h - what the fuzz targets share.
 *
 * A target is one file that defines LLVMFuzzerTestOneInput. Linked with clang's fuzzer it
 * is a fuzzer; linked with replay.c, under any compiler, it replays files. It ends the
 * process when the reader breaks a promise; the sanitizers see what it reads and writes.
 */
#ifndef EBB_TESTS_FUZZ_FUZZ_H
#define EBB_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "study/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes as a file that lies in memory. The path stays the same; the content until the
 * next call. */
const char *fuzz_file(const void *data, size_t size);

/* Ends the process, with the words, when the condition does not hold. */
#define FUZZ_REQUIRE(condition)                                                          \
    ((condition) ? (void)0 : fuzz_stop(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_stop(const char *words, const char *file, int line);

/* A success, or one of the failures allowed (bit s: status s) with one line of printable
 * UTF-8. */
void fuzz_require_status(ebb_status status, unsigned allowed);

/* A checked configuration comes back from its own JSON: equal hashes. */
void fuzz_require_round_trip(const ebb_config *config);

#endif
