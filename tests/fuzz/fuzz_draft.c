/*
 * Any bytes as a draft: without the right hash they are refused; with it they are refused too, or
 * are written back as they were read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lab/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void read_draft(struct ws_bytes bytes)
{
    struct ws_stored_draft draft;
    uint8_t header[WS_DRAFT_HEADER_SIZE];
    struct ws_hash hash;
    if (ws_stored_draft_open(bytes, &draft, NULL) != WS_OK)
        return;
    require(draft.phase < WS_PHASE_COUNT);
    require(draft.bytes.size == bytes.size - WS_DRAFT_HEADER_SIZE - WS_HASH_SIZE);
    require(ws_stored_draft_frame(&draft, header, &hash, NULL) == WS_OK);
    require(memcmp(header, bytes.data, sizeof header) == 0);
    require(memcmp(hash.bytes, bytes.data + bytes.size - WS_HASH_SIZE, WS_HASH_SIZE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_draft(ws_bytes_of(data, size));
    if (size < WS_HASH_SIZE)
        return 0;
    uint8_t *fixed = malloc(size);
    require(fixed != NULL);
    memcpy(fixed, data, size);
    struct ws_hash hash;
    require(ws_hash_of(ws_bytes_of(fixed, size - WS_HASH_SIZE), &hash, NULL) == WS_OK);
    memcpy(fixed + size - WS_HASH_SIZE, hash.bytes, WS_HASH_SIZE);
    read_draft(ws_bytes_of(fixed, size));
    free(fixed);
    return 0;
}
