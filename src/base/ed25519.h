/*
 * Ed25519 signatures (RFC 8032), through OpenSSL.
 *
 * A key that was opened can be used many times, by many threads at once. Contract:
 * tests/unit/test_ed25519.c.
 */
#ifndef WS_BASE_ED25519_H
#define WS_BASE_ED25519_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

enum { WS_ED25519_KEY_SIZE = 32, WS_ED25519_SIGNATURE_SIZE = 64 };

/* Checks signatures. */
struct ws_ed25519_public {
    uint8_t bytes[WS_ED25519_KEY_SIZE];
    void *key; /* EVP_PKEY */
};
WS_MUST_CHECK enum ws_status ws_ed25519_public_open(const uint8_t bytes[WS_ED25519_KEY_SIZE],
                                                    struct ws_ed25519_public *out,
                                                    struct ws_error *err);
void ws_ed25519_public_close(struct ws_ed25519_public *key); /* zeroed or closed before is fine */

/* Whether `signature` is the key's of `message`. */
WS_MUST_CHECK bool ws_ed25519_verify(const struct ws_ed25519_public *key, struct ws_bytes message,
                                     const uint8_t signature[WS_ED25519_SIGNATURE_SIZE]);

/* Makes signatures. The seed is the private key; it is wiped when the key is closed. */
struct ws_ed25519_private {
    uint8_t seed[WS_ED25519_KEY_SIZE];
    uint8_t public_bytes[WS_ED25519_KEY_SIZE];
    void *key; /* EVP_PKEY */
};
WS_MUST_CHECK enum ws_status ws_ed25519_private_open(const uint8_t seed[WS_ED25519_KEY_SIZE],
                                                     struct ws_ed25519_private *out,
                                                     struct ws_error *err);
/* From the system's random numbers. */
WS_MUST_CHECK enum ws_status ws_ed25519_private_make(struct ws_ed25519_private *out,
                                                     struct ws_error *err);
void ws_ed25519_private_close(struct ws_ed25519_private *key);

WS_MUST_CHECK enum ws_status ws_ed25519_sign(const struct ws_ed25519_private *key,
                                             struct ws_bytes message,
                                             uint8_t out[WS_ED25519_SIGNATURE_SIZE],
                                             struct ws_error *err);

#endif
