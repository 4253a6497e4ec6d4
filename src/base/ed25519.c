#include "base/ed25519.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

enum ws_status ws_ed25519_public_open(const uint8_t bytes[WS_ED25519_KEY_SIZE],
                                      struct ws_ed25519_public *out, struct ws_error *err)
{
    struct ws_ed25519_public key = {
        .key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, WS_ED25519_KEY_SIZE),
    };
    if (!key.key)
        return ws_fail_memory(err, "an Ed25519 key");
    memcpy(key.bytes, bytes, sizeof key.bytes);
    *out = key;
    return WS_OK;
}

void ws_ed25519_public_close(struct ws_ed25519_public *key)
{
    EVP_PKEY_free(key->key);
    key->key = NULL;
}

bool ws_ed25519_verify(const struct ws_ed25519_public *key, struct ws_bytes message,
                       const uint8_t signature[WS_ED25519_SIGNATURE_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool good = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->key) == 1 &&
                      EVP_DigestVerify(context, signature, WS_ED25519_SIGNATURE_SIZE, message.data,
                                       message.size) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

enum ws_status ws_ed25519_private_open(const uint8_t seed[WS_ED25519_KEY_SIZE],
                                       struct ws_ed25519_private *out, struct ws_error *err)
{
    size_t size = WS_ED25519_KEY_SIZE;
    struct ws_ed25519_private key = {
        .key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, WS_ED25519_KEY_SIZE),
    };
    if (!key.key || EVP_PKEY_get_raw_public_key(key.key, key.public_bytes, &size) != 1) {
        ws_ed25519_private_close(&key);
        return ws_fail_memory(err, "an Ed25519 key");
    }
    memcpy(key.seed, seed, sizeof key.seed);
    *out = key;
    OPENSSL_cleanse(key.seed, sizeof key.seed);
    return WS_OK;
}

enum ws_status ws_ed25519_private_make(struct ws_ed25519_private *out, struct ws_error *err)
{
    uint8_t seed[WS_ED25519_KEY_SIZE];
    if (RAND_priv_bytes(seed, sizeof seed) != 1)
        return ws_fail(err, WS_IO, "the system gives no random numbers");
    enum ws_status status = ws_ed25519_private_open(seed, out, err);
    OPENSSL_cleanse(seed, sizeof seed);
    return status;
}

void ws_ed25519_private_close(struct ws_ed25519_private *key)
{
    EVP_PKEY_free(key->key);
    key->key = NULL;
    OPENSSL_cleanse(key->seed, sizeof key->seed);
}

enum ws_status ws_ed25519_sign(const struct ws_ed25519_private *key, struct ws_bytes message,
                               uint8_t out[WS_ED25519_SIGNATURE_SIZE], struct ws_error *err)
{
    size_t size = WS_ED25519_SIGNATURE_SIZE;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->key) == 1 &&
                EVP_DigestSign(context, out, &size, message.data, message.size) == 1 &&
                size == WS_ED25519_SIGNATURE_SIZE;
    EVP_MD_CTX_free(context);
    return done ? WS_OK : ws_fail_memory(err, "an Ed25519 signature");
}
