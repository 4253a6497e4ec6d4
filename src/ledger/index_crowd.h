/*
 * Shards whose fingerprints are not spread as hashes are, and so many under one prefix that no
 * index could hold them: one issuer's would keep everybody's out. Contract:
 * tests/unit/test_range_index.c.
 */
#ifndef WS_LEDGER_INDEX_CROWD_H
#define WS_LEDGER_INDEX_CROWD_H

#include "ledger/index_build.h"

/* Pairs of a fingerprint and a shard that can be together. */
struct ws_index_room {
    uint64_t tile;  /* in one tile */
    uint64_t batch; /* in WS_RANGE_MERGE_TILES that are merged at once */
};
extern const struct ws_index_room ws_index_room; /* what a tile and a merge have */

/* Where there are more, the shards that have the most there are left out, the most first and of
 * equal ones the later, until the rest has room. They become WS_INDEX_DAMAGED in the list, also
 * where it repeats them, and leave `live`, whose shards were verified. The same shards give the
 * same list. `note` is told why; NULL. */
WS_MUST_CHECK enum ws_status
ws_index_leave_out_crowds(const struct ws_index_room *room, struct ws_index_list *list,
                          const struct ws_shard **live, ws_index_note *note, void *user,
                          const struct ws_allocator *allocator, struct ws_error *err);

#endif
