/*
 * Keys of shards. In a keyed shard stands, in place of each fingerprint, the beginning of its
 * HMAC-SHA256: who has not the key can test no guess on it. The scheme in the shard's head names
 * the key, and so does the digest that a statement signs. docs/formats/shard.md has the rules.
 * Contract: tests/unit/test_shard_key.c.
 */
#ifndef WS_LEDGER_SHARD_KEY_H
#define WS_LEDGER_SHARD_KEY_H

#include "ledger/shard.h"

enum { WS_SHARD_KEY_SIZE = 32, WS_SHARD_KEY_NAME = 40 /* hexadecimal digits */ };

struct ws_shard_key {
    uint8_t bytes[WS_SHARD_KEY_SIZE];
    char scheme[WS_SHARD_SCHEME_LIMIT + 1]; /* of the shards that are made with it */
};

struct ws_shard_keys {
    const struct ws_shard_key *items;
    size_t count;
};

/* Takes 32 bytes, of which none is known to whom the shard is not for. */
WS_MUST_CHECK enum ws_status ws_shard_key_of(const uint8_t bytes[WS_SHARD_KEY_SIZE],
                                             struct ws_shard_key *out, struct ws_error *err);

/* A line of 64 lower-case hexadecimal digits for each key. WS_INVALID names the line and shows
 * nothing of it. It lives in the arena. */
WS_MUST_CHECK enum ws_status ws_shard_keys_read(struct ws_bytes text, struct ws_arena *arena,
                                                struct ws_shard_keys *out, struct ws_error *err);
/* The keys in a file that its owner alone may read; none where the path is NULL. */
WS_MUST_CHECK enum ws_status ws_shard_keys_load(const char *path, struct ws_arena *arena,
                                                struct ws_shard_keys *out, struct ws_error *err);

/* What stands in place of a fingerprint. */
WS_MUST_CHECK enum ws_status ws_shard_key_apply(const struct ws_shard_key *key,
                                                uint64_t fingerprint, uint64_t *out,
                                                struct ws_error *err);

/* The name of the key of a shard with this scheme; NULL where it is none of a keyed shard. */
const char *ws_shard_key_name(const char *scheme);
/* The key of a shard with this scheme; NULL where it is not there. */
const struct ws_shard_key *ws_shard_keys_find(const struct ws_shard_keys *keys, const char *scheme);

#endif
