/*
 * Reading a log's directory (c2sp.org/tlog-tiles): hashes, entries and proofs. A reader believes
 * nothing: what it proves is checked by whoever gets it, against a checkpoint that others signed.
 *
 * Contract: tests/unit/test_log_store.c.
 */
#ifndef WS_LEDGER_LOG_READER_H
#define WS_LEDGER_LOG_READER_H

#include "base/file.h"
#include "ledger/log_checkpoint.h"
#include "ledger/tile.h"

/* The tree of `size` entries as it lies in a directory. The last tile that was read of each level
 * is kept, for the next hash is mostly in it, too. */
struct ws_log_reader {
    const char *directory;
    uint64_t size;
    struct {
        struct ws_tile tile; /* width 0: none */
        uint8_t hashes[WS_TILE_BYTES];
    } kept[WS_TILE_LEVELS];
};
void ws_log_reader_init(struct ws_log_reader *reader, const char *directory, uint64_t size);

/* For ws_merkle_prove_inclusion and its like: `user` is the reader. WS_CORRUPT for a tile of
 * another size than it should have. */
WS_MUST_CHECK enum ws_status ws_log_reader_node(void *user, unsigned level, uint64_t index,
                                                struct ws_hash *out, struct ws_error *err);
struct ws_merkle_nodes ws_log_reader_nodes(struct ws_log_reader *reader);

/* A file's bytes, in the arena: of the tile, or of the full one that took its place. */
WS_MUST_CHECK enum ws_status ws_log_read_tile(const char *directory, const struct ws_tile *tile,
                                              struct ws_arena *arena, struct ws_bytes *out,
                                              struct ws_error *err);

/* The `bundle.width` entries of a bundle, or of the full one that took its place; they lie in the
 * arena. */
WS_MUST_CHECK enum ws_status ws_log_read_bundle(const char *directory, const struct ws_tile *bundle,
                                                struct ws_arena *arena,
                                                struct ws_bytes out[WS_TILE_WIDTH],
                                                struct ws_error *err);

/* The entry `index`, which lies in the arena. */
WS_MUST_CHECK enum ws_status ws_log_reader_entry(const struct ws_log_reader *reader, uint64_t index,
                                                 struct ws_arena *arena, struct ws_bytes *out,
                                                 struct ws_error *err);

#endif
