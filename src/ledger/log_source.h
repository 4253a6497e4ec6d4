/*
 * Where the files of somebody's log come from: a directory, or a server that anybody may run
 * (c2sp.org/tlog-tiles). What comes is not believed. Contract: tests/unit/test_log_monitor.c.
 */
#ifndef WS_LEDGER_LOG_SOURCE_H
#define WS_LEDGER_LOG_SOURCE_H

#include "base/arena.h"
#include "base/http_client.h"
#include "ledger/log_checkpoint.h"
#include "ledger/tile.h"

struct ws_log_source {
    const char *from;              /* a directory, or "http://..." or "https://..." */
    struct ws_http_client *client; /* NULL for a directory */
};

/* `from` lives as long as the source. WS_UNSUPPORTED: no libcurl is installed. */
WS_MUST_CHECK enum ws_status ws_log_source_open(const char *from, struct ws_log_source *out,
                                                struct ws_error *err);
void ws_log_source_close(struct ws_log_source *source); /* zeroed or closed before is fine */

/* A file, "checkpoint" or a tile's path, in the arena. WS_NOT_FOUND. */
WS_MUST_CHECK enum ws_status ws_log_source_read(const struct ws_log_source *source,
                                                const char *path, struct ws_arena *arena,
                                                struct ws_bytes *out, struct ws_error *err);

/* The first `tile->width` hashes of a tile, from its file or the full one that took its place.
 * WS_CORRUPT for one of another size. */
WS_MUST_CHECK enum ws_status ws_log_source_hashes(const struct ws_log_source *source,
                                                  const struct ws_tile *tile,
                                                  struct ws_arena *arena, const uint8_t **out,
                                                  struct ws_error *err);
/* Likewise the entries of a bundle, `tile->width` of them. */
WS_MUST_CHECK enum ws_status ws_log_source_entries(const struct ws_log_source *source,
                                                   const struct ws_tile *tile,
                                                   struct ws_arena *arena,
                                                   struct ws_bytes out[WS_TILE_WIDTH],
                                                   struct ws_error *err);

/* The tree of a checkpoint, as the source's files have it. */
struct ws_log_source_tree {
    const struct ws_log_source *source;
    struct ws_checkpoint checkpoint;
};
/* For ws_merkle_prove_consistency and its like; the tree stays as long as the nodes. What they say
 * is not believed. */
struct ws_merkle_nodes ws_log_source_nodes(const struct ws_log_source_tree *tree);

/* The entry `index` of the tree, in the arena. WS_CORRUPT where the files do not prove that it is
 * in there. */
WS_MUST_CHECK enum ws_status ws_log_source_entry(const struct ws_log_source_tree *tree,
                                                 uint64_t index, struct ws_arena *arena,
                                                 struct ws_bytes *out, struct ws_error *err);

#endif
