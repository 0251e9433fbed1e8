/* digest.h - SHA-256 of data files and of results, through libcrypto. */
#ifndef EBB_BASE_DIGEST_H
#define EBB_BASE_DIGEST_H

#include <stddef.h>

#include "base/status.h"

enum { EBB_DIGEST_HEX_BYTES = 65 }; /* 64 lower-case hex digits and the end */

typedef struct ebb_digest ebb_digest;

/* Owned by the caller. Fails with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_digest_create(ebb_digest **out);
void ebb_digest_update(ebb_digest *digest, const void *data, size_t size_bytes);
/* Writes the hex text and ends the computation; only destroy may follow. */
void ebb_digest_finish(ebb_digest *digest, char hex[EBB_DIGEST_HEX_BYTES]);
void ebb_digest_destroy(ebb_digest *digest); /* NULL is allowed */

/* All of it in one call. */
ebb_status ebb_digest_of(char hex[EBB_DIGEST_HEX_BYTES], const void *data,
                         size_t size_bytes);

#endif
