/*
 * A head of a shard, a proof and an opening are read only if they are written the same again; what
 * was read can be checked, whatever it is. Each key of a file of keys is found by its own scheme.
 * An opening shows one document or none. The first byte says which.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/shown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_same(const struct ws_buffer *again, struct ws_bytes bytes)
{
    if (again->size != bytes.size || memcmp(again->data, bytes.data, bytes.size) != 0)
        abort();
}

static void try_head(struct ws_bytes bytes)
{
    struct ws_shard_head head;
    struct ws_buffer again;
    if (ws_shard_head_read(bytes, &head, NULL) != WS_OK)
        return;
    const char *key = ws_shard_key_name(head.scheme);
    if (key && strlen(key) != WS_SHARD_KEY_NAME)
        abort();
    ws_buffer_init(&again, NULL, SIZE_MAX);
    ws_shard_head_append(&again, &head);
    require_same(&again, bytes);
    ws_buffer_release(&again);
}

static void try_proof(struct ws_bytes bytes)
{
    struct ws_shard_proof proof;
    struct ws_range_tile tile;
    struct ws_hash digest;
    struct ws_buffer again;
    if (ws_shard_proof_read(bytes, &proof, NULL) != WS_OK)
        return;
    ws_buffer_init(&again, NULL, SIZE_MAX);
    ws_shard_proof_append(&again, &proof);
    require_same(&again, bytes);
    ws_buffer_release(&again);
    if (ws_hash_of(proof.head_bytes, &digest, NULL) == WS_OK &&
        ws_shard_proof_check(&proof, &digest, 0x10, &tile, NULL) == WS_OK && tile.index != 0)
        abort();
}

static void try_opening(struct ws_bytes bytes)
{
    struct ws_shard_opening opening;
    struct ws_hash digest;
    struct ws_buffer again;
    if (ws_shard_opening_read(bytes, &opening, NULL) != WS_OK)
        return;
    ws_buffer_init(&again, NULL, SIZE_MAX);
    ws_shard_opening_append(&again, &opening);
    require_same(&again, bytes);
    ws_buffer_release(&again);
    if (ws_hash_of(opening.head_bytes, &digest, NULL) == WS_OK &&
        ws_shard_opening_check(&opening, &digest, NULL) == WS_OK &&
        opening.number >= opening.head.documents)
        abort();
}

/* What was shown is at most that. */
static void try_shown(struct ws_bytes bytes)
{
    const struct ws_shard_keys keys = {.count = 0};
    struct ws_shard_opening opening;
    struct ws_shown shown;
    struct ws_arena arena;
    if (ws_shard_opening_read(bytes, &opening, NULL) != WS_OK)
        return;
    ws_arena_init(&arena, NULL);
    if (ws_shown_read(&opening, 1, NULL, &keys, &arena, &shown, NULL) == WS_OK &&
        shown.count + shown.refused > 1)
        abort();
    ws_arena_release(&arena);
}

static void try_keys(struct ws_bytes bytes)
{
    struct ws_arena arena;
    struct ws_shard_keys keys;
    ws_arena_init(&arena, NULL);
    if (ws_shard_keys_read(bytes, &arena, &keys, NULL) == WS_OK)
        for (size_t i = 0; i < keys.count; i++) {
            const struct ws_shard_key *found = ws_shard_keys_find(&keys, keys.items[i].scheme);
            if (!ws_shard_key_name(keys.items[i].scheme) || !found ||
                memcmp(found->bytes, keys.items[i].bytes, WS_SHARD_KEY_SIZE) != 0)
                abort();
        }
    ws_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct ws_bytes rest = ws_bytes_of(data + 1, size - 1);
    if (data[0] == 'h')
        try_head(rest);
    else if (data[0] == 'k')
        try_keys(rest);
    else if (data[0] == 'o')
        try_opening(rest);
    else if (data[0] == 's')
        try_shown(rest);
    else
        try_proof(rest);
    return 0;
}
