/*
 * A path of a log's file is read only if it is written the same again; a bundle of entries only if
 * its entries make it up. The first byte says which, and how many entries.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void try_path(struct ws_bytes bytes)
{
    struct ws_tile tile;
    char path[WS_TILE_PATH_SIZE];
    if (!ws_tile_read_path(bytes, &tile))
        return;
    require(tile.width >= 1 && tile.width <= WS_TILE_WIDTH && tile.level <= 63);
    ws_tile_path(&tile, path);
    require(ws_bytes_is(bytes, path));
}

static void try_bundle(struct ws_bytes bytes, unsigned count)
{
    struct ws_bytes entries[WS_TILE_WIDTH];
    struct ws_buffer again;
    if (ws_bundle_read(bytes, count, entries, NULL) != WS_OK)
        return;
    ws_buffer_init(&again, NULL, SIZE_MAX);
    for (unsigned i = 0; i < count; i++)
        ws_bundle_append(&again, entries[i]);
    require(again.size == bytes.size);
    require(bytes.size == 0 || memcmp(again.data, bytes.data, bytes.size) == 0);
    ws_buffer_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct ws_bytes rest = ws_bytes_of(data + 1, size - 1);
    if (data[0] == 0)
        try_path(rest);
    else
        try_bundle(rest, data[0]);
    return 0;
}
