/*
 * Writing a log's bundles and tiles, an entry at a time: full ones as soon as they are, partial
 * ones at the end. Files are placed, not synced (base/file.h). Contract:
 * tests/unit/test_log_store.c.
 */
#ifndef WS_LEDGER_TILE_WRITER_H
#define WS_LEDGER_TILE_WRITER_H

#include "base/file.h"
#include "ledger/tile.h"

struct ws_tile_writer {
    const char *directory;
    uint64_t before;         /* entries that were there */
    uint64_t size;           /* entries so far */
    struct ws_buffer bundle; /* the last one, as far as it goes */
    struct {
        uint8_t hashes[WS_TILE_BYTES]; /* the last tile of the level, likewise */
        unsigned width;
    } levels[WS_TILE_LEVELS];
};

/* Goes on behind the `size` entries that are there; the caller releases it, also after a failure.
 */
WS_MUST_CHECK enum ws_status ws_tile_writer_open(struct ws_tile_writer *writer,
                                                 const char *directory, uint64_t size,
                                                 const struct ws_allocator *allocator,
                                                 struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_tile_writer_add(struct ws_tile_writer *writer,
                                                struct ws_bytes entry, const struct ws_hash *leaf,
                                                struct ws_error *err);
/* Writes what is partial, but never a file that was there before: a checkpoint stands on it, and
 * with the power a new one may be lost. */
WS_MUST_CHECK enum ws_status ws_tile_writer_finish(struct ws_tile_writer *writer,
                                                   struct ws_error *err);
void ws_tile_writer_root(const struct ws_tile_writer *writer, struct ws_hash *out);
void ws_tile_writer_release(struct ws_tile_writer *writer);

#endif
