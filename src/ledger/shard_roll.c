#include "ledger/shard_roll.h"

#include <inttypes.h>

static enum ws_status read_cited(void *user, uint64_t index, struct ws_arena *arena,
                                 struct ws_bytes *out, struct ws_error *err)
{
    const struct ws_shard_roll *roll = user;
    return ws_log_source_entry(&roll->tree, index, arena, out, err);
}

enum ws_status ws_shard_roll_open(struct ws_shard_roll *roll, const struct ws_log_source *source,
                                  const struct ws_roles *roles,
                                  const struct ws_allocator *allocator, struct ws_error *err)
{
    *roll = (struct ws_shard_roll){.source = source, .roles = roles, .tree = {.source = source}};
    ws_buffer_init(&roll->named, allocator, SIZE_MAX);
    ws_arena_init(&roll->life, allocator);
    ws_arena_init(&roll->scratch, allocator);
    roll->walk = WS_ARENA_NEW(&roll->life, struct ws_log_walk, 1);
    if (!roll->walk)
        return ws_fail_memory(err, "a log");
    ws_log_walk_begin(roll->walk, source, 0);
    if (!roles)
        return WS_OK;
    return ws_claims_open(&roll->claims, roles, (struct ws_claims_log){read_cited, roll}, allocator,
                          err);
}

void ws_shard_roll_close(struct ws_shard_roll *roll)
{
    if (!roll->source)
        return;
    if (roll->roles)
        ws_claims_close(&roll->claims);
    ws_buffer_release(&roll->named);
    ws_arena_release(&roll->scratch);
    ws_arena_release(&roll->life);
    *roll = (struct ws_shard_roll){.source = NULL};
}

/* Reading -------------------------------------------------------------------------------------- */

static void name_shards(struct ws_shard_roll *roll, const struct ws_statement *statement,
                        uint64_t index, bool counts, size_t key)
{
    for (size_t i = 0; i < statement->subject_count; i++) {
        const struct ws_named_shard named = {.entry = index,
                                             .subject = (uint32_t)i,
                                             .digest = statement->subjects[i].digest,
                                             .counts = counts,
                                             .key = key};
        ws_buffer_append(&roll->named, &named, sizeof named);
    }
}

/* Whether the entry is a statement with shards, whoever signed it. Another one is no failure. */
static enum ws_status read_bare(struct ws_shard_roll *roll, struct ws_bytes entry, uint64_t index,
                                struct ws_statement *out, bool *has_shards, struct ws_error *err)
{
    struct ws_envelope envelope;
    *has_shards = false;
    enum ws_status status = ws_envelope_read(entry, &roll->scratch, &envelope, err);
    if (status == WS_OK && strcmp(envelope.payload_type, WS_STATEMENT_PAYLOAD_TYPE) != 0)
        return WS_OK;
    if (status == WS_OK)
        status = ws_statement_read(envelope.payload, index, &roll->scratch, out, err);
    *has_shards = status == WS_OK && ws_statement_has_shards(out->kind);
    return status == WS_NO_MEMORY ? status : WS_OK;
}

/* No dates are asked for: they are the reader's witnesses', and what is read here is to be the same
 * for all. */
static enum ws_status read_entry(struct ws_shard_roll *roll, struct ws_bytes entry, uint64_t index,
                                 struct ws_error *err)
{
    struct ws_statement statement;
    struct ws_claim claim = {.standing = WS_CLAIM_COUNTS};
    bool has_shards;
    if (roll->roles)
        WS_TRY(ws_claims_read(&roll->claims, entry, 0, &roll->scratch, &claim, err));
    WS_TRY(read_bare(roll, entry, index, &statement, &has_shards, err));
    if (!has_shards)
        return WS_OK;
    name_shards(roll, &statement, index, claim.standing == WS_CLAIM_COUNTS, claim.key);
    return ws_buffer_check(&roll->named, "the shards of a log", err);
}

enum ws_status ws_shard_roll_read(struct ws_shard_roll *roll, const struct ws_checkpoint *log,
                                  struct ws_error *err)
{
    struct ws_bytes entries[WS_TILE_WIDTH];
    struct ws_log_walk *walk = roll->walk;
    const struct ws_checkpoint before = roll->tree.checkpoint;
    struct ws_hash root;
    if (log->size < before.size)
        return ws_fail(err, WS_CORRUPT,
                       "the log '%.150s' has %" PRIu64 " entries, and had %" PRIu64 " before",
                       log->origin, log->size, before.size);
    roll->tree.checkpoint = *log;
    if (before.size > 0)
        WS_TRY(ws_log_walk_resume(walk, roll->source, log->size, before.size, &before.root, err));
    else
        ws_log_walk_begin(walk, roll->source, log->size);
    while (walk->size < log->size) {
        uint64_t first;
        ws_arena_reset(&roll->scratch);
        WS_TRY(ws_log_walk_on(walk, log->size, &roll->scratch, entries, &first, err));
        for (uint64_t i = first; i < walk->size; i++)
            WS_TRY(read_entry(roll, entries[i - first], i, err));
    }
    ws_log_walk_root(walk, &root);
    if (!ws_hash_equal(&root, &log->root))
        return ws_fail(err, WS_CORRUPT,
                       "the files of the log '%.150s' do not lead to the root of its checkpoint of "
                       "%" PRIu64 " entries",
                       log->origin, log->size);
    return WS_OK;
}

/* What was read -------------------------------------------------------------------------------- */

size_t ws_shard_roll_count(const struct ws_shard_roll *roll)
{
    return roll->named.size / sizeof(struct ws_named_shard);
}

struct ws_named_shard ws_shard_roll_at(const struct ws_shard_roll *roll, size_t i)
{
    struct ws_named_shard named;
    memcpy(&named, roll->named.data + i * sizeof named, sizeof named);
    return named;
}

enum ws_index_state ws_shard_roll_state(const struct ws_shard_roll *roll,
                                        const struct ws_named_shard *named, uint64_t *at)
{
    *at = 0;
    if (!named->counts)
        return WS_INDEX_UNFOUNDED;
    if (!roll->roles)
        return WS_INDEX_LIVE;
    const enum ws_claim_fate fate = ws_claims_fate(&roll->claims, named->entry, named->key, at);
    if (fate == WS_CLAIM_HOLDS)
        return WS_INDEX_LIVE;
    /* What a stolen key signed is gone from where it stands on. */
    if (fate == WS_CLAIM_REVOKED)
        *at = named->entry;
    return WS_INDEX_WITHDRAWN;
}

enum ws_index_state ws_shard_roll_find(const struct ws_shard_roll *roll,
                                       const struct ws_hash *digest, uint64_t *at)
{
    enum ws_index_state found = WS_INDEX_UNAVAILABLE;
    uint64_t where;
    *at = 0;
    for (size_t i = 0; i < ws_shard_roll_count(roll) && found != WS_INDEX_LIVE; i++) {
        const struct ws_named_shard named = ws_shard_roll_at(roll, i);
        if (!ws_hash_equal(&named.digest, digest))
            continue;
        const enum ws_index_state state = ws_shard_roll_state(roll, &named, &where);
        if (found == WS_INDEX_WITHDRAWN && state == WS_INDEX_UNFOUNDED)
            continue;
        found = state;
        *at = where;
    }
    return found;
}
