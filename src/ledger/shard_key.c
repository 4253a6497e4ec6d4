#include "ledger/shard_key.h"

#include <assert.h>

#include "fingerprint/fingerprint.h"
#include "ledger/key_file.h"

enum { FILE_LIMIT = 1 << 16 /* bytes */, BLOCK = 64 /* of SHA-256 */ };
#define KEYED WS_FINGERPRINT_ID "+hmac:"
static_assert(sizeof KEYED - 1 + WS_SHARD_KEY_NAME <= WS_SHARD_SCHEME_LIMIT, "a scheme has room");

/* Keys ----------------------------------------------------------------------------------------- */

enum ws_status ws_shard_key_of(const uint8_t bytes[WS_SHARD_KEY_SIZE], struct ws_shard_key *out,
                               struct ws_error *err)
{
    static const char purpose[] = "wellspring shard key 1";
    uint8_t message[sizeof purpose - 1 + WS_SHARD_KEY_SIZE];
    char name[WS_HASH_TEXT_SIZE];
    struct ws_hash hash;
    memcpy(message, purpose, sizeof purpose - 1);
    memcpy(message + sizeof purpose - 1, bytes, WS_SHARD_KEY_SIZE);
    WS_TRY(ws_hash_of(ws_bytes_of(message, sizeof message), &hash, err));
    ws_hash_text(&hash, name);
    *out = (struct ws_shard_key){.scheme = KEYED};
    memcpy(out->bytes, bytes, WS_SHARD_KEY_SIZE);
    memcpy(out->scheme + sizeof KEYED - 1, name, WS_SHARD_KEY_NAME);
    return WS_OK;
}

enum ws_status ws_shard_keys_read(struct ws_bytes text, struct ws_arena *arena,
                                  struct ws_shard_keys *out, struct ws_error *err)
{
    const size_t most = text.size / WS_HASH_TEXT_SIZE + 1;
    struct ws_shard_key *keys = WS_ARENA_NEW(arena, struct ws_shard_key, most);
    size_t count = 0;
    if (!keys)
        return ws_fail_memory(err, "keys of shards");
    while (text.size > 0) {
        struct ws_bytes line;
        struct ws_hash bytes;
        if (!ws_bytes_split(text, '\n', &line, &text) || !ws_hash_read(line, &bytes))
            return ws_fail(err, WS_INVALID,
                           "line %zu is no key of a shard, wanted 64 digits of lower-case hex and "
                           "the line's end, as 'openssl rand -hex 32' prints them",
                           count + 1);
        WS_TRY(ws_shard_key_of(bytes.bytes, &keys[count++], err));
    }
    if (count == 0)
        return ws_fail(err, WS_INVALID, "there is no key of a shard in it");
    *out = (struct ws_shard_keys){keys, count};
    return WS_OK;
}

enum ws_status ws_shard_keys_load(const char *path, struct ws_arena *arena,
                                  struct ws_shard_keys *out, struct ws_error *err)
{
    struct ws_bytes text;
    *out = (struct ws_shard_keys){.count = 0};
    if (!path)
        return WS_OK;
    WS_TRY(ws_key_file_check_mode(path, err));
    WS_TRY(ws_file_read(path, FILE_LIMIT, arena, &text, err));
    const enum ws_status status = ws_shard_keys_read(text, arena, out, err);
    if (status != WS_OK)
        ws_error_prefix(err, "'%.200s'", path);
    return status;
}

/* What they do --------------------------------------------------------------------------------- */

/* SHA-256 of a block of the key, each byte of it turned by `turn`, and of a message behind it. */
static enum ws_status hash_behind_key(const struct ws_shard_key *key, uint8_t turn,
                                      struct ws_bytes message, struct ws_hash *out,
                                      struct ws_error *err)
{
    uint8_t bytes[BLOCK + WS_HASH_SIZE];
    memset(bytes, turn, BLOCK);
    for (size_t i = 0; i < WS_SHARD_KEY_SIZE; i++)
        bytes[i] ^= key->bytes[i];
    memcpy(bytes + BLOCK, message.data, message.size);
    return ws_hash_of(ws_bytes_of(bytes, BLOCK + message.size), out, err);
}

/* HMAC (FIPS 198-1) by hand: OpenSSL's looks for providers at each call, which takes longer than
 * the four blocks that are hashed. */
enum ws_status ws_shard_key_apply(const struct ws_shard_key *key, uint64_t fingerprint,
                                  uint64_t *out, struct ws_error *err)
{
    uint8_t message[sizeof fingerprint];
    struct ws_hash inner, outer;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(fingerprint >> 8 * i);
    WS_TRY(hash_behind_key(key, 0x36, ws_bytes_of(message, sizeof message), &inner, err));
    WS_TRY(hash_behind_key(key, 0x5C, ws_bytes_of(inner.bytes, WS_HASH_SIZE), &outer, err));
    *out = ws_hash_u64(&outer);
    return WS_OK;
}

/* Schemes -------------------------------------------------------------------------------------- */

const char *ws_shard_key_name(const char *scheme)
{
    const char *name = scheme + sizeof KEYED - 1;
    return strncmp(scheme, KEYED, sizeof KEYED - 1) == 0 && strlen(name) == WS_SHARD_KEY_NAME &&
                   strspn(name, "0123456789abcdef") == WS_SHARD_KEY_NAME
               ? name
               : NULL;
}

const struct ws_shard_key *ws_shard_keys_find(const struct ws_shard_keys *keys, const char *scheme)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->items[i].scheme, scheme) == 0)
            return &keys->items[i];
    return NULL;
}
