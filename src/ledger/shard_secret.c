#include "ledger/shard_secret.h"

#include "base/rng.h"

/* SHA-256 of the purpose, without its end, the secret and, where there is one, a number. */
static enum ws_status derive(const char *purpose, const uint8_t secret[WS_SHARD_SECRET_SIZE],
                             const uint64_t *number, struct ws_hash *out, struct ws_error *err)
{
    char storage[128];
    struct ws_buffer message;
    ws_buffer_fix(&message, storage, sizeof storage);
    ws_buffer_text(&message, purpose);
    ws_buffer_append(&message, secret, WS_SHARD_SECRET_SIZE);
    if (number)
        ws_buffer_u64(&message, *number);
    return ws_hash_of(ws_buffer_bytes(&message), out, err);
}

enum ws_status ws_shard_id(const uint8_t secret[WS_SHARD_SECRET_SIZE],
                           uint8_t out[WS_RANGE_ID_SIZE], struct ws_error *err)
{
    struct ws_hash hash;
    WS_TRY(derive("wellspring shard id 1", secret, NULL, &hash, err));
    memcpy(out, hash.bytes, WS_RANGE_ID_SIZE);
    return WS_OK;
}

enum ws_status ws_shard_order(const uint8_t secret[WS_SHARD_SECRET_SIZE], uint32_t *order,
                              size_t count, struct ws_error *err)
{
    struct ws_hash hash;
    struct ws_rng rng;
    WS_TRY(derive("wellspring shard order 1", secret, NULL, &hash, err));
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, ws_hash_u64(&hash), 0, 0), 0);
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    for (size_t i = count; i-- > 1;) {
        const size_t other = (size_t)ws_rng_below(&rng, i + 1);
        const uint32_t swapped = order[i];
        order[i] = order[other];
        order[other] = swapped;
    }
    return WS_OK;
}

enum ws_status ws_shard_salt(const uint8_t secret[WS_SHARD_SECRET_SIZE], uint32_t number,
                             uint8_t out[WS_SHARD_SALT_SIZE], struct ws_error *err)
{
    const uint64_t wide = number;
    struct ws_hash hash;
    WS_TRY(derive("wellspring shard salt 1", secret, &wide, &hash, err));
    memcpy(out, hash.bytes, WS_SHARD_SALT_SIZE);
    return WS_OK;
}
