/*
 * The files of a log (c2sp.org/tlog-tiles): tiles of 256 hashes and bundles of 256 entries.
 *
 * Tile n of level L holds the nodes 256 n to 256 n + 255 of level 8 L of the Merkle tree; the last
 * one of a level may be partial and is then another file, with its width in the name. Full ones
 * never change. Contract: tests/unit/test_tile.c, tests/fuzz/fuzz_tile.c.
 */
#ifndef WS_LEDGER_TILE_H
#define WS_LEDGER_TILE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "ledger/merkle.h"

enum {
    WS_TILE_HEIGHT = 8,
    WS_TILE_WIDTH = 256,
    WS_TILE_LEVELS = 8, /* enough for sizes below 2^63 */
    WS_TILE_BYTES = WS_TILE_WIDTH * WS_HASH_SIZE,
    WS_TILE_PATH_SIZE = 64,
    WS_ENTRY_LIMIT = 65535, /* bytes of an entry: its length is told in two */
};

/* A file of the log. */
struct ws_tile {
    bool is_bundle; /* of entries; `level` is 0 */
    unsigned
        level; /* of hashes: at most 63 in a path, and below WS_TILE_LEVELS where there are any */
    uint64_t index;
    unsigned width; /* 1 to 256 */
};

/* "tile/0/x001/x234/067", "tile/entries/000.p/3" */
void ws_tile_path(const struct ws_tile *tile, char out[WS_TILE_PATH_SIZE]);
/* False for anything that ws_tile_path would not write. */
WS_MUST_CHECK bool ws_tile_read_path(struct ws_bytes path, struct ws_tile *out);

/* How many hashes of this level, or entries, the tree of `size` leaves has in tile `index`. */
unsigned ws_tile_width(unsigned level, uint64_t index, uint64_t size);

/* The node `index` of `level` from the tile that holds it: `hashes` are the tile's, enough of them
 * (see ws_tile_of_node). */
struct ws_tile ws_tile_of_node(unsigned level, uint64_t index, uint64_t size);
void ws_tile_node(unsigned level, uint64_t index, const uint8_t *hashes, struct ws_hash *out);

/* The root of so many hashes, a power of two up to 256. */
void ws_tile_fold(const uint8_t *hashes, size_t count, struct ws_hash *out);

/* Entries one behind the other, the length of each before it in two bytes, big-endian. */
void ws_bundle_append(struct ws_buffer *out, struct ws_bytes entry); /* at most WS_ENTRY_LIMIT */
/* Exactly `count` entries, which lie in `bundle`; WS_CORRUPT for anything else. */
WS_MUST_CHECK enum ws_status ws_bundle_read(struct ws_bytes bundle, unsigned count,
                                            struct ws_bytes out[WS_TILE_WIDTH],
                                            struct ws_error *err);

#endif
