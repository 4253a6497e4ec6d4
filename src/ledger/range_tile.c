#include "ledger/range_tile.h"

#include <inttypes.h>

enum { MEAN_MOST = 1024 /* pairs of a tile on average */ };

unsigned ws_range_bits_for(uint64_t pairs)
{
    unsigned bits = 0;
    while (bits < WS_RANGE_BITS_LIMIT && pairs > (uint64_t)MEAN_MOST << bits)
        bits++;
    return bits;
}

/* Whether pair i may stand behind the one before. */
static bool is_in_order(const struct ws_range_tile *tile, uint32_t i)
{
    const uint64_t before = ws_range_tile_key(tile, i - 1), key = ws_range_tile_key(tile, i);
    return before < key ||
           (before == key && ws_range_tile_number(tile, i - 1) < ws_range_tile_number(tile, i));
}

static enum ws_status check_pairs(const struct ws_range_tile *tile, unsigned bits,
                                  struct ws_error *err)
{
    if (tile->count == 0)
        return WS_OK;
    for (uint32_t i = 1; i < tile->count; i++)
        if (!is_in_order(tile, i))
            return ws_fail(err, WS_CORRUPT,
                           "tile %" PRIu32 ": pair %" PRIu32 " is not behind the one before it",
                           tile->index, i);
    /* They are in order, so what is between the first and the last is where these are. */
    const uint64_t first = ws_range_tile_key(tile, 0),
                   last = ws_range_tile_key(tile, tile->count - 1);
    if (ws_range_tile_of(first, bits) != tile->index || ws_range_tile_of(last, bits) != tile->index)
        return ws_fail(err, WS_CORRUPT,
                       "tile %" PRIu32 " holds keys %016" PRIx64 " to %016" PRIx64
                       ", which are not all under its prefix of %u bits",
                       tile->index, first, last, bits);
    return WS_OK;
}

enum ws_status ws_range_tile_read(struct ws_bytes bytes, const struct ws_range *range,
                                  uint32_t index, struct ws_range_tile *out, struct ws_error *err)
{
    struct ws_reader reader;
    ws_reader_init(&reader, bytes);
    const uint8_t *id = ws_read_bytes(&reader, WS_RANGE_ID_SIZE);
    struct ws_range_tile tile = {.index = ws_read_u32(&reader), .count = ws_read_u32(&reader)};
    if (!ws_reader_ok(&reader))
        return ws_fail(err, WS_CORRUPT, "a tile of %zu bytes, wanted at least %d", bytes.size,
                       WS_RANGE_TILE_HEAD);
    if (memcmp(id, range->id, WS_RANGE_ID_SIZE) != 0)
        return ws_fail(err, WS_CORRUPT, "a tile of something else: it has another id");
    if (tile.index != index)
        return ws_fail(err, WS_CORRUPT, "tile %" PRIu32 " in place of tile %" PRIu32, tile.index,
                       index);
    if (tile.count > WS_RANGE_TILE_LIMIT || reader.left != (size_t)tile.count * WS_RANGE_PAIR_BYTES)
        return ws_fail(err, WS_CORRUPT,
                       "tile %" PRIu32 " says %" PRIu32 " pairs and has %zu bytes for them, 12 "
                       "each, wanted at most %d pairs",
                       index, tile.count, reader.left, WS_RANGE_TILE_LIMIT);
    tile.keys = ws_read_bytes(&reader, (size_t)8 * tile.count);
    tile.numbers = ws_read_bytes(&reader, (size_t)4 * tile.count);
    WS_TRY(check_pairs(&tile, range->bits, err));
    *out = tile;
    return WS_OK;
}

void ws_range_tile_append(struct ws_buffer *out, const uint8_t id[WS_RANGE_ID_SIZE], uint32_t index,
                          const struct ws_range_pair *pairs, uint32_t count)
{
    uint8_t *at = ws_buffer_extend(out, WS_RANGE_TILE_HEAD + (size_t)count * WS_RANGE_PAIR_BYTES);
    if (!at)
        return;
    memcpy(at, id, WS_RANGE_ID_SIZE);
    store32_le(at + WS_RANGE_ID_SIZE, index);
    store32_le(at + WS_RANGE_ID_SIZE + 4, count);
    uint8_t *keys = at + WS_RANGE_TILE_HEAD, *numbers = keys + (size_t)8 * count;
    for (uint32_t i = 0; i < count; i++)
        store64_le(keys + (size_t)8 * i, pairs[i].key);
    for (uint32_t i = 0; i < count; i++)
        store32_le(numbers + (size_t)4 * i, pairs[i].number);
}

uint32_t ws_range_tile_find(const struct ws_range_tile *tile, uint64_t key, uint32_t *first)
{
    uint32_t low = 0, high = tile->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (ws_range_tile_key(tile, middle) < key)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    while (high < tile->count && ws_range_tile_key(tile, high) == key)
        high++;
    return high - low;
}

enum ws_status ws_range_check(const struct ws_range *range, uint32_t index,
                              const struct ws_range_proof *proof, struct ws_range_tile *out,
                              struct ws_error *err)
{
    struct ws_range_tile tile;
    struct ws_merkle_proof way = {.count = range->bits};
    struct ws_hash leaf;
    WS_TRY(ws_range_tile_read(proof->tile, range, index, &tile, err));
    for (size_t i = 0; i < range->bits; i++)
        memcpy(way.hashes[i].bytes, proof->way + i * WS_HASH_SIZE, WS_HASH_SIZE);
    ws_merkle_leaf(proof->tile, &leaf);
    if (ws_merkle_check_inclusion(index, UINT64_C(1) << range->bits, &leaf, &way, &range->root,
                                  NULL) != WS_OK)
        return ws_fail(err, WS_CORRUPT, "not proven: that this is tile %" PRIu32 " of %" PRIu64,
                       index, UINT64_C(1) << range->bits);
    *out = tile;
    return WS_OK;
}
