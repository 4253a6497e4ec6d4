/*
 * The shards that a log names: which entry names each, and what the reader's roles make of that as
 * far as the log was read. What lies in a shard is asked elsewhere (ledger/index_build.h).
 * Contract: tests/unit/test_range_index.c, tests/cli/serve_shards.sh.
 */
#ifndef WS_LEDGER_SHARD_ROLL_H
#define WS_LEDGER_SHARD_ROLL_H

#include "ledger/log_walk.h"
#include "ledger/naming.h"
#include "ledger/range_index.h"

/* A shard of a statement, and who named it. */
struct ws_named_shard {
    uint64_t entry;
    uint32_t subject;
    struct ws_hash digest;
    bool counts;       /* the statement, by the roles */
    size_t key, party; /* of the statement, by the roles */
};

struct ws_shard_roll {
    const struct ws_log_source *source;
    const struct ws_roles *roles; /* NULL: every statement counts, and no withdrawal */
    struct ws_arena life;
    struct ws_log_walk *walk;
    struct ws_log_source_tree tree; /* as far as it was read */
    struct ws_claims claims;        /* with roles */
    struct ws_buffer named;         /* struct ws_named_shard, in order of entry and subject */
    struct ws_naming *namings;      /* settled, of those that count */
    size_t naming_count;
    struct ws_arena settled; /* they */
    struct ws_arena scratch; /* of a bundle of entries */
};

/* Nothing was read yet. Source and roles stay as long as the roll, which stays where it is. The
 * caller closes it, also after a failure. */
WS_MUST_CHECK enum ws_status ws_shard_roll_open(struct ws_shard_roll *roll,
                                                const struct ws_log_source *source,
                                                const struct ws_roles *roles,
                                                const struct ws_allocator *allocator,
                                                struct ws_error *err);
void ws_shard_roll_close(struct ws_shard_roll *roll); /* zeroed or closed before is fine */

/* Reads on to the end of this tree, whose origin stays as long as the roll. WS_CORRUPT where the
 * log's files do not lead to its root, or it is shorter than what was read. After a failure the
 * roll can only be closed. */
WS_MUST_CHECK enum ws_status ws_shard_roll_read(struct ws_shard_roll *roll,
                                                const struct ws_checkpoint *log,
                                                struct ws_error *err);

size_t ws_shard_roll_count(const struct ws_shard_roll *roll);
struct ws_named_shard ws_shard_roll_at(const struct ws_shard_roll *roll, size_t i);

/* WS_INDEX_LIVE, WS_INDEX_UNFOUNDED, or WS_INDEX_WITHDRAWN in entry *at. */
enum ws_index_state ws_shard_roll_state(const struct ws_shard_roll *roll,
                                        const struct ws_named_shard *named, uint64_t *at);

/* The same for a digest: live where it is by any statement, else withdrawn where any that counts
 * names it, else WS_INDEX_UNAVAILABLE. */
enum ws_index_state ws_shard_roll_find(const struct ws_shard_roll *roll,
                                       const struct ws_hash *digest, uint64_t *at);

#endif
