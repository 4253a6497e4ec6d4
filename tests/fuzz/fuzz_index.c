/*
 * A list, a head and a proof of an index are read only if they are written the same again; a proof
 * that was read can be checked, whatever it is. The first byte says which.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/range_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_same(struct ws_buffer *again, struct ws_bytes bytes)
{
    if (again->size != bytes.size || memcmp(again->data, bytes.data, bytes.size) != 0)
        abort();
    ws_buffer_release(again);
}

static void try_list(struct ws_bytes bytes)
{
    struct ws_index_list list;
    struct ws_buffer again;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&again, NULL, SIZE_MAX);
    if (ws_index_list_read(bytes, &arena, &list, NULL) == WS_OK) {
        ws_index_list_append(&again, &list);
        require_same(&again, bytes);
        if ((ws_index_list_live(&list, 0) != NULL) != (ws_index_list_live_count(&list) > 0))
            abort();
    }
    ws_arena_release(&arena);
}

static void try_head(struct ws_bytes bytes)
{
    struct ws_index_head head;
    struct ws_buffer again;
    if (ws_index_head_read(bytes, &head, NULL) != WS_OK)
        return;
    ws_buffer_init(&again, NULL, SIZE_MAX);
    ws_index_head_append(&again, &head);
    require_same(&again, bytes);
}

static void try_proof(struct ws_bytes bytes)
{
    struct ws_index_proof proof;
    struct ws_range_tile tile;
    struct ws_hash digest;
    struct ws_buffer again;
    if (ws_index_proof_read(bytes, &proof, NULL) != WS_OK)
        return;
    ws_buffer_init(&again, NULL, SIZE_MAX);
    ws_index_proof_append(&again, &proof);
    require_same(&again, bytes);
    if (ws_hash_of(proof.head_bytes, &digest, NULL) == WS_OK &&
        ws_index_proof_check(&proof, &digest, 0x10, &tile, NULL) == WS_OK && tile.index != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct ws_bytes rest = ws_bytes_of(data + 1, size - 1);
    if (data[0] == 'l')
        try_list(rest);
    else if (data[0] == 'h')
        try_head(rest);
    else
        try_proof(rest);
    return 0;
}
