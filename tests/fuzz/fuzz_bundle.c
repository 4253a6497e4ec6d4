/*
 * A bundle that can be taken apart is written the same again; what it proves is asked with a policy
 * that trusts nobody. The seal at its end is made here, so that what lies before it is reached.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_bundle(struct ws_bytes bytes, struct ws_arena *arena)
{
    const struct ws_trust trust = {.quorum = WS_TRUST_NO_QUORUM};
    const struct ws_roles roles = {.max_age = 0};
    const struct ws_finding_reader reader = {.trust = &trust, .roles = &roles};
    struct ws_evidence evidence;
    struct ws_finding finding;
    struct ws_buffer again;
    if (ws_evidence_take_apart(bytes, arena, &evidence, NULL) != WS_OK)
        return;
    ws_buffer_init(&again, NULL, SIZE_MAX);
    if (ws_evidence_append(&again, &evidence, NULL) != WS_OK || again.size != bytes.size ||
        memcmp(again.data, bytes.data, bytes.size) != 0)
        abort();
    ws_buffer_release(&again);
    /* Nobody's checkpoint is believed. */
    if (ws_finding_make(&evidence, &reader, arena, &finding, NULL) == WS_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_hash seal;
    ws_arena_init(&arena, NULL);
    uint8_t *sealed = ws_arena_alloc(&arena, size + WS_HASH_SIZE, 1);
    if (sealed && ws_hash_of(ws_bytes_of(data, size), &seal, NULL) == WS_OK) {
        if (size > 0)
            memcpy(sealed, data, size);
        memcpy(sealed + size, seal.bytes, WS_HASH_SIZE);
        try_bundle(ws_bytes_of(sealed, size + WS_HASH_SIZE), &arena);
    }
    ws_arena_release(&arena);
    return 0;
}
