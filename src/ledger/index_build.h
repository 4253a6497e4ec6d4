/*
 * Which shards an index has: what the log's entries name, what the roles make of it, and what of it
 * could be got and verified. Contract: tests/unit/test_range_index.c.
 */
#ifndef WS_LEDGER_INDEX_BUILD_H
#define WS_LEDGER_INDEX_BUILD_H

#include "ledger/claims.h"
#include "ledger/log_source.h"
#include "ledger/range_index.h"

/* Shards that are there, by their digests: the heads of a directory's files. */
struct ws_shard_place {
    struct ws_hash digest;
    const char *path;
    enum ws_index_state state; /* WS_INDEX_UNAVAILABLE: not opened yet */
    struct ws_shard shard;     /* open where it is live */
    enum {
        WS_TILES_UNREAD,
        WS_TILES_WHOLE,
        WS_TILES_SPOILT
    } tiles; /* of lookups that count them */
};
struct ws_shard_shelf {
    struct ws_shard_place *places; /* sorted by digest and path */
    size_t count;
};
/* Files of the directory that are no heads are passed over. What it finds lives in the arena; the
 * caller closes it, also after a failure. */
WS_MUST_CHECK enum ws_status ws_shard_shelf_open(struct ws_shard_shelf *shelf,
                                                 const char *directory, struct ws_arena *arena,
                                                 struct ws_error *err);
/* NULL where no head has this digest. Of several files with the same head the first: what is beside
 * it may be damaged, and that of another copy not. */
struct ws_shard_place *ws_shard_shelf_find(const struct ws_shard_shelf *shelf,
                                           const struct ws_hash *digest);
/* The next copy; NULL where there is none. */
struct ws_shard_place *ws_shard_shelf_next(const struct ws_shard_shelf *shelf,
                                           struct ws_shard_place *place);
void ws_shard_shelf_close(struct ws_shard_shelf *shelf); /* zeroed or closed before is fine */

struct ws_index_plan {
    const struct ws_log_source *source;
    struct ws_checkpoint log;           /* as somebody signed it; all its entries are read */
    const struct ws_roles *roles;       /* NULL: every statement counts, and no withdrawal */
    const struct ws_hash *roles_digest; /* of their file */
    const char *scheme;
};

/* Reads the log, verifies each shard that it names and that is on the shelf, and says in the list
 * what became of it; live[i] is the shard with number i. WS_CORRUPT where the log's files do not
 * lead to its root. All of it lives in the arena. `note` is told why a shard is damaged; NULL. */
typedef void ws_index_note(void *user, const struct ws_index_shard *shard, const char *message);
WS_MUST_CHECK enum ws_status ws_index_take_stock(const struct ws_index_plan *plan,
                                                 struct ws_shard_shelf *shelf, ws_index_note *note,
                                                 void *user, struct ws_arena *arena,
                                                 struct ws_index_list *list,
                                                 const struct ws_shard ***live,
                                                 struct ws_error *err);

#endif
