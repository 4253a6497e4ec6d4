/*
 * Reading somebody's log from its first entry to a checkpoint, every byte of it: bundles must have
 * the leaves that the lowest tiles say, and tiles the hashes that those below give. A walk that
 * ends at a size has the root of exactly the entries that it showed. Memory does not grow with the
 * log. Contract: tests/unit/test_log_monitor.c.
 */
#ifndef WS_LEDGER_LOG_WALK_H
#define WS_LEDGER_LOG_WALK_H

#include "ledger/log_source.h"

struct ws_log_walk {
    const struct ws_log_source *source;
    uint64_t goal; /* the size that the source is to have files of */
    uint64_t size; /* entries that were read */
    struct {
        uint8_t hashes[WS_TILE_BYTES]; /* of the last tile of the level, as far as it goes */
        unsigned width;
    } levels[WS_TILE_LEVELS];
};

void ws_log_walk_begin(struct ws_log_walk *walk, const struct ws_log_source *source, uint64_t goal);

/* Begins behind `size` entries that were read before and had this root. WS_CORRUPT when the
 * source's tiles have another one there. */
WS_MUST_CHECK enum ws_status ws_log_walk_resume(struct ws_log_walk *walk,
                                                const struct ws_log_source *source, uint64_t goal,
                                                uint64_t size, const struct ws_hash *root,
                                                struct ws_error *err);

/* Reads the rest of one bundle, as far as `until` (at most the goal) at the most. What was read
 * lies in the arena: entries[i] is entry number *first + i. Checks a tile as soon as it is full,
 * and at the goal those that are not. WS_CORRUPT names the file. */
WS_MUST_CHECK enum ws_status ws_log_walk_on(struct ws_log_walk *walk, uint64_t until,
                                            struct ws_arena *arena,
                                            struct ws_bytes entries[WS_TILE_WIDTH], uint64_t *first,
                                            struct ws_error *err);

/* Of the entries that were read. */
void ws_log_walk_frontier(const struct ws_log_walk *walk, struct ws_frontier *out);
void ws_log_walk_root(const struct ws_log_walk *walk, struct ws_hash *out);

#endif
