/*
 * SHA-256 (FIPS 180-4), through OpenSSL. Contract: tests/unit/test_base.c.
 */
#ifndef WS_BASE_HASH_H
#define WS_BASE_HASH_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

enum { WS_HASH_SIZE = 32, WS_HASH_TEXT_SIZE = 65 };

struct ws_hash {
    uint8_t bytes[WS_HASH_SIZE];
};

WS_MUST_CHECK enum ws_status ws_hash_of(struct ws_bytes bytes, struct ws_hash *out,
                                        struct ws_error *err);

/* Bytes that come in pieces. */
struct ws_hasher {
    void *context; /* EVP_MD_CTX */
};
WS_MUST_CHECK enum ws_status ws_hasher_init(struct ws_hasher *hasher, struct ws_error *err);
void ws_hasher_update(struct ws_hasher *hasher, struct ws_bytes bytes);
WS_MUST_CHECK enum ws_status ws_hasher_finish(struct ws_hasher *hasher, struct ws_hash *out,
                                              struct ws_error *err);
void ws_hasher_release(struct ws_hasher *hasher); /* needed after init, finished or not */

void ws_hash_text(const struct ws_hash *hash, char out[WS_HASH_TEXT_SIZE]); /* lower-case hex */
/* False for anything but 64 lower-case hexadecimal digits. */
WS_MUST_CHECK bool ws_hash_read(struct ws_bytes text, struct ws_hash *out);
uint64_t ws_hash_u64(const struct ws_hash *hash); /* the first eight bytes, little-endian */

#endif
