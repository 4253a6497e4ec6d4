/*
 * Many sorted lists of pairs become one range, some tiles at a time: memory does not grow with the
 * lists. Contract: tests/unit/test_range.c.
 */
#ifndef WS_LEDGER_RANGE_MERGE_H
#define WS_LEDGER_RANGE_MERGE_H

#include "ledger/range_file.h"

/* Pairs that were taken and are to be sorted. */
struct ws_pair_batch {
    const struct ws_allocator *allocator;
    struct ws_range_pair *pairs, *scratch;
    size_t count, room;
};
enum {
    WS_RANGE_MERGE_TILES = 64,    /* tiles that are merged at once: each list is asked less often */
    WS_PAIR_BATCH_LIMIT = 1 << 25 /* pairs: 1 GiB with the scratch, for keys that are no hashes */
};

/* WS_LIMIT, WS_NO_MEMORY. */
WS_MUST_CHECK enum ws_status ws_pair_batch_add(struct ws_pair_batch *batch,
                                               struct ws_range_pair pair, struct ws_error *err);

/* A list, from the smallest key on. */
struct ws_pair_source {
    /* Adds the pairs that were not taken yet and whose keys are at most `last`, in any order. */
    enum ws_status (*take)(void *user, uint64_t last, struct ws_pair_batch *batch,
                           struct ws_error *err);
    void *user;
};

/* Writes all tiles. A pair that is there twice counts once, and of one key the `most_of_key`
 * smallest numbers are kept. The writer was opened and is not kept yet. */
WS_MUST_CHECK enum ws_status ws_range_merge(const struct ws_pair_source *sources, size_t count,
                                            size_t most_of_key, struct ws_range_writer *writer,
                                            struct ws_error *err);

#endif
