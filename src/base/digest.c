#include "base/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ebb_digest {
    EVP_MD_CTX *context;
};

ebb_status ebb_digest_create(ebb_digest **out)
{
    *out = NULL;
    ebb_digest *digest = calloc(1, sizeof *digest);
    if (digest == NULL) {
        return ebb_fail_memory(sizeof *digest);
    }
    digest->context = EVP_MD_CTX_new();
    if (digest->context == NULL ||
        EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1) {
        ebb_digest_destroy(digest);
        return ebb_fail(EBB_ERR_ENVIRONMENT, "libcrypto: SHA-256 is not available");
    }
    *out = digest;
    return EBB_OK;
}

void ebb_digest_update(ebb_digest *digest, const void *data, size_t size_bytes)
{
    EVP_DigestUpdate(digest->context, data, size_bytes);
}

void ebb_digest_finish(ebb_digest *digest, char hex[EBB_DIGEST_HEX_BYTES])
{
    unsigned char raw[EVP_MAX_MD_SIZE] = {0};
    unsigned length = 0;
    EVP_DigestFinal_ex(digest->context, raw, &length);
    for (unsigned i = 0; i < length && 2 * i + 2 < EBB_DIGEST_HEX_BYTES; i++) {
        snprintf(hex + (size_t)2 * i, 3, "%02x", raw[i]);
    }
}

void ebb_digest_destroy(ebb_digest *digest)
{
    if (digest != NULL) {
        EVP_MD_CTX_free(digest->context);
        free(digest);
    }
}

ebb_status ebb_digest_of(char hex[EBB_DIGEST_HEX_BYTES], const void *data,
                         size_t size_bytes)
{
    memset(hex, 0, EBB_DIGEST_HEX_BYTES);
    ebb_digest *digest = NULL;
    EBB_TRY(ebb_digest_create(&digest));
    ebb_digest_update(digest, data, size_bytes);
    ebb_digest_finish(digest, hex);
    ebb_digest_destroy(digest);
    return EBB_OK;
}
