/*
 * A tile is read only if its pairs are in order, under its prefix, and written the same again; what
 * it has is found, and what is between is not. The first byte is the bits, the second the tile.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/range_tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void write_again(const struct ws_range_tile *tile, const struct ws_range *range,
                        struct ws_bytes bytes)
{
    struct ws_buffer again;
    struct ws_range_pair *pairs = malloc((tile->count + (size_t)1) * sizeof *pairs);
    require(pairs != NULL);
    for (uint32_t i = 0; i < tile->count; i++)
        pairs[i] =
            (struct ws_range_pair){ws_range_tile_key(tile, i), ws_range_tile_number(tile, i)};
    ws_buffer_init(&again, NULL, SIZE_MAX);
    ws_range_tile_append(&again, range->id, tile->index, pairs, tile->count);
    require(again.size == bytes.size && memcmp(again.data, bytes.data, bytes.size) == 0);
    ws_buffer_release(&again);
    free(pairs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_range range = {.bits = 0};
    struct ws_range_tile tile;
    uint32_t first;
    if (size < 2)
        return 0;
    range.bits = data[0] % (WS_RANGE_BITS_LIMIT + 1);
    const struct ws_bytes bytes = ws_bytes_of(data + 2, size - 2);
    if (bytes.size >= WS_RANGE_ID_SIZE)
        memcpy(range.id, bytes.data, WS_RANGE_ID_SIZE);
    if (ws_range_tile_read(bytes, &range, data[1], &tile, NULL) != WS_OK)
        return 0;
    write_again(&tile, &range, bytes);
    for (uint32_t i = 0; i < tile.count; i++) {
        const uint64_t key = ws_range_tile_key(&tile, i);
        const uint32_t count = ws_range_tile_find(&tile, key, &first);
        require(count > 0 && first <= i && i < first + count);
        require(ws_range_tile_of(key, range.bits) == data[1]);
        require(i == 0 || key == ws_range_tile_key(&tile, i - 1) ||
                key - 1 == ws_range_tile_key(&tile, i - 1) ||
                ws_range_tile_find(&tile, key - 1, &first) == 0);
    }
    return 0;
}
