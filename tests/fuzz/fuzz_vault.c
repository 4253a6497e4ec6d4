/*
 * Records, heads and manifests of vaults from anywhere. Lines are read whether they follow on the
 * one before or not; one that is taken is written again as the same bytes where its JSON was ours.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/vault_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* What is written is read again, and is the same record. */
static void write_again(const struct ws_vault_record *record, struct ws_arena *arena)
{
    struct ws_hash before = {{1}}, written = before, read = before;
    struct ws_vault_record again;
    struct ws_buffer line;
    ws_buffer_init(&line, NULL, SIZE_MAX);
    require(ws_vault_record_append(&line, record, &written, NULL) == WS_OK);
    require(ws_vault_record_read(ws_bytes_of(line.data, line.size - 1), &read, arena, &again,
                                 NULL) == WS_OK);
    require(memcmp(&written, &read, sizeof read) == 0);
    require(again.is_removal == record->is_removal && again.bytes == record->bytes);
    require(memcmp(&again.item, &record->item, sizeof again.item) == 0);
    require(strcmp(again.is_removal ? again.reason : again.origin,
                   again.is_removal ? record->reason : record->origin) == 0);
    ws_buffer_release(&line);
}

/* The line with the digits that belong to it. */
static void read_as_object(struct ws_bytes object, struct ws_arena *arena)
{
    struct ws_hash none = {{0}}, chain;
    struct ws_hasher hasher;
    struct ws_vault_record record;
    struct ws_buffer line;
    char digits[WS_HASH_TEXT_SIZE];
    require(ws_hasher_init(&hasher, NULL) == WS_OK);
    ws_hasher_update(&hasher, ws_bytes_of(&none, sizeof none));
    ws_hasher_update(&hasher, object);
    require(ws_hasher_finish(&hasher, &chain, NULL) == WS_OK);
    ws_hasher_release(&hasher);
    ws_hash_text(&chain, digits);
    ws_buffer_init(&line, NULL, SIZE_MAX);
    ws_buffer_text(&line, digits);
    ws_buffer_text(&line, " ");
    ws_buffer_append(&line, object.data, object.size);
    if (ws_vault_record_read(ws_buffer_bytes(&line), &none, arena, &record, NULL) == WS_OK)
        write_again(&record, arena);
    ws_buffer_release(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_bytes text = ws_bytes_of(data, size), line;
    struct ws_vault_head head;
    struct ws_vault_manifest_line manifest;
    struct ws_vault_record record;
    struct ws_hash chain = {{0}};
    ws_arena_init(&arena, NULL);
    if (ws_vault_head_read(text, &head, NULL) == WS_OK)
        require((head.records == 0) == (head.bytes == 0));
    while (ws_bytes_split(text, '\n', &line, &text)) {
        read_as_object(line, &arena);
        if (ws_vault_record_read(line, &chain, &arena, &record, NULL) == WS_OK)
            write_again(&record, &arena);
        if (ws_vault_manifest_read(line, &arena, &manifest, NULL) == WS_OK)
            require(manifest.file != NULL);
    }
    ws_arena_release(&arena);
    return 0;
}
