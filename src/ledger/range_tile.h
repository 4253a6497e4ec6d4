/*
 * Tiles of a range: pairs of a key and a number, sorted, cut by the key's first bits.
 *
 * A range of `bits` has exactly 2^bits tiles, and tile i holds all pairs whose keys begin with the
 * bits of i: so a tile proves what is under its prefix and what is not. Each tile is a leaf of a
 * Merkle tree (RFC 6962), in which the range's id, the tile's index and its count stand before the
 * pairs: no tile can pass for another. What the numbers are, the shard or the index says.
 * docs/formats/shard.md has the bytes. Contract: tests/unit/test_range.c,
 * tests/fuzz/fuzz_range_tile.c.
 */
#ifndef WS_LEDGER_RANGE_TILE_H
#define WS_LEDGER_RANGE_TILE_H

#include "base/buffer.h"
#include "ledger/merkle.h"

enum {
    WS_RANGE_ID_SIZE = 16,
    WS_RANGE_BITS_LIMIT = 28,
    WS_RANGE_TILE_HEAD = WS_RANGE_ID_SIZE + 4 + 4, /* bytes of a tile before its pairs */
    WS_RANGE_PAIR_BYTES = 8 + 4,
    WS_RANGE_TILE_LIMIT = 1 << 22, /* pairs of a tile: keys that are hashes come nowhere near */
};

struct ws_range_pair {
    uint64_t key;
    uint32_t number;
};

/* What a head says of its range. */
struct ws_range {
    uint8_t id[WS_RANGE_ID_SIZE];
    uint64_t pairs;
    unsigned bits;
    struct ws_hash root;
};

/* The tile in which `key` is, if it is anywhere. */
static inline uint32_t ws_range_tile_of(uint64_t key, unsigned bits)
{
    return bits == 0 ? 0 : (uint32_t)(key >> (64 - bits));
}

/* As many tiles as give 512 to 1,024 pairs each. */
unsigned ws_range_bits_for(uint64_t pairs);

/* A tile where it lies. */
struct ws_range_tile {
    uint32_t index;
    uint32_t count;
    const uint8_t *keys;    /* 8 bytes each, little-endian */
    const uint8_t *numbers; /* 4 bytes each */
};
static inline uint64_t ws_range_tile_key(const struct ws_range_tile *tile, uint32_t i)
{
    return load64_le(tile->keys + (size_t)8 * i);
}
static inline uint32_t ws_range_tile_number(const struct ws_range_tile *tile, uint32_t i)
{
    return load32_le(tile->numbers + (size_t)4 * i);
}

/* Takes the tile `index` of a range apart. WS_CORRUPT for another one, and where pairs are not in
 * order, there twice, or not under the prefix. That the bytes are the range's own is not asked. */
WS_MUST_CHECK enum ws_status ws_range_tile_read(struct ws_bytes bytes, const struct ws_range *range,
                                                uint32_t index, struct ws_range_tile *out,
                                                struct ws_error *err);
/* `pairs` in order, all of them under the prefix. */
void ws_range_tile_append(struct ws_buffer *out, const uint8_t id[WS_RANGE_ID_SIZE], uint32_t index,
                          const struct ws_range_pair *pairs, uint32_t count);

/* The pairs of the tile with this key: `count` of them from *first on; 0: the key is not there, and
 * would be before *first. */
uint32_t ws_range_tile_find(const struct ws_range_tile *tile, uint64_t key, uint32_t *first);

/* A tile with its way to the root, `bits` hashes, as a proof carries them. */
struct ws_range_proof {
    struct ws_bytes tile;
    const uint8_t *way; /* from the leaf's sibling on, WS_HASH_SIZE bytes each */
};
enum { WS_RANGE_WAY_LIMIT = WS_RANGE_BITS_LIMIT * WS_HASH_SIZE };

/* WS_OK when the proof's tile is the range's tile `index`: then all pairs of the range under this
 * prefix are in `out`, and no other is. WS_CORRUPT otherwise. */
WS_MUST_CHECK enum ws_status ws_range_check(const struct ws_range *range, uint32_t index,
                                            const struct ws_range_proof *proof,
                                            struct ws_range_tile *out, struct ws_error *err);

#endif
