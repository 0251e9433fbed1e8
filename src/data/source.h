/* source.h - the bytes of a regular file, inflated when it is gzip, hashed as they pass.
 *
 * Whether a file is gzip is decided by its first two bytes, never by its name. Several
 * gzip members are one content, as for gzip itself; anything else behind the last one is
 * an error, and so is a wrong checksum. Nothing blocks: what is no regular file is
 * refused.
 *
 * Errors: EBB_ERR_ENVIRONMENT, with the file and the byte offset.
 * Threads: a source belongs to one thread at a time. */
#ifndef EBB_DATA_SOURCE_H
#define EBB_DATA_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/status.h"

typedef struct ebb_source ebb_source;

/* Owned by the caller; path is borrowed for the life of the source. */
ebb_status ebb_source_open(ebb_source **out, const char *path);

/* Writes the next size_bytes of content to data; *n_read is less only at the content's
 * end, which has then been verified (checksum, length, nothing behind it). */
ebb_status ebb_source_read(size_t *n_read, ebb_source *source, void *data,
                           size_t size_bytes);

bool ebb_source_compressed(const ebb_source *source);
/* Bytes of the file as it lies on the disk. */
size_t ebb_source_file_bytes(const ebb_source *source);

/* SHA-256 of the content read so far; afterwards only close may follow. */
void ebb_source_digest(char hex[EBB_DIGEST_HEX_BYTES], ebb_source *source);

void ebb_source_close(ebb_source *source); /* NULL is allowed */

/* What follows "byte N" in messages about the content: "", or that it was inflated. */
const char *ebb_source_unit(bool compressed);

#endif
