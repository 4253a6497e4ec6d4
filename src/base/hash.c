/* SHA-256 in one piece is called by the functions that OpenSSL 3 deprecates: what replaces them
 * reads the system's settings and looks for providers first, which takes longer than a short run
 * hashes. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

enum ws_status ws_hash_of(struct ws_bytes bytes, struct ws_hash *out, struct ws_error *err)
{
    SHA256_CTX context;
    (void)err;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes.data, bytes.size);
    SHA256_Final(out->bytes, &context);
    return WS_OK;
}

enum ws_status ws_hasher_init(struct ws_hasher *hasher, struct ws_error *err)
{
    hasher->context = EVP_MD_CTX_new();
    if (!hasher->context || EVP_DigestInit_ex(hasher->context, EVP_sha256(), NULL) != 1) {
        ws_hasher_release(hasher);
        return ws_fail_memory(err, "SHA-256");
    }
    return WS_OK;
}

void ws_hasher_update(struct ws_hasher *hasher, struct ws_bytes bytes)
{
    (void)EVP_DigestUpdate(hasher->context, bytes.data, bytes.size);
}

enum ws_status ws_hasher_finish(struct ws_hasher *hasher, struct ws_hash *out, struct ws_error *err)
{
    if (EVP_DigestFinal_ex(hasher->context, out->bytes, NULL) != 1)
        return ws_fail(err, WS_INVALID, "SHA-256 was finished twice");
    return WS_OK;
}

void ws_hasher_release(struct ws_hasher *hasher)
{
    EVP_MD_CTX_free(hasher->context);
    hasher->context = NULL;
}

static const char digits[] = "0123456789abcdef";

void ws_hash_text(const struct ws_hash *hash, char out[WS_HASH_TEXT_SIZE])
{
    for (size_t i = 0; i < WS_HASH_SIZE; i++) {
        out[2 * i] = digits[hash->bytes[i] >> 4];
        out[2 * i + 1] = digits[hash->bytes[i] & 15];
    }
    out[WS_HASH_TEXT_SIZE - 1] = '\0';
}

bool ws_hash_read(struct ws_bytes text, struct ws_hash *out)
{
    struct ws_hash hash = {{0}};
    if (text.size != WS_HASH_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        const char *digit = memchr(digits, text.data[i], 16);
        if (!digit)
            return false;
        hash.bytes[i / 2] = (uint8_t)(hash.bytes[i / 2] << 4 | (digit - digits));
    }
    *out = hash;
    return true;
}

uint64_t ws_hash_u64(const struct ws_hash *hash)
{
    return load64_le(hash->bytes);
}
