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
    ws_arena_init(&roll->settled, allocator);
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
    ws_arena_release(&roll->settled);
    ws_arena_release(&roll->scratch);
    ws_arena_release(&roll->life);
    *roll = (struct ws_shard_roll){.source = NULL};
}

/* Reading -------------------------------------------------------------------------------------- */

static void name_shards(struct ws_shard_roll *roll, const struct ws_statement *statement,
                        uint64_t index, const struct ws_claim *claim)
{
    for (size_t i = 0; i < statement->subject_count; i++) {
        const struct ws_named_shard named = {.entry = index,
                                             .subject = (uint32_t)i,
                                             .digest = statement->subjects[i].digest,
                                             .counts = claim->standing == WS_CLAIM_COUNTS,
                                             .key = claim->key,
                                             .party = claim->party};
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

/* No dates are asked for: they are the reader's witnesses', and what counts does not depend on
 * them. */
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
    name_shards(roll, &statement, index, &claim);
    return ws_buffer_check(&roll->named, "the shards of a log", err);
}

static struct ws_naming naming_of(const struct ws_shard_roll *roll,
                                  const struct ws_named_shard *named)
{
    struct ws_naming out = {.digest = named->digest, .entry = named->entry, .party = named->party};
    out.fate = roll->roles ? ws_claims_fate(&roll->claims, named->entry, named->key, &out.at)
                           : WS_CLAIM_HOLDS;
    /* What a stolen key signed is gone from where it stands on. */
    if (out.fate == WS_CLAIM_REVOKED)
        out.at = named->entry;
    return out;
}

/* What later entries take back they may take back of any earlier one. */
static enum ws_status settle(struct ws_shard_roll *roll, struct ws_error *err)
{
    const size_t count = ws_shard_roll_count(roll);
    ws_arena_reset(&roll->settled);
    roll->naming_count = 0;
    roll->namings = WS_ARENA_NEW(&roll->settled, struct ws_naming, count + 1);
    if (!roll->namings)
        return ws_fail_memory(err, "the shards of a log");
    for (size_t i = 0; i < count; i++) {
        const struct ws_named_shard named = ws_shard_roll_at(roll, i);
        if (named.counts)
            roll->namings[roll->naming_count++] = naming_of(roll, &named);
    }
    ws_namings_settle(roll->namings, roll->naming_count);
    return WS_OK;
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
    return settle(roll, err);
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
    const struct ws_naming *naming = &roll->namings[ws_namings_find(
        roll->namings, roll->naming_count, &named->digest, named->entry)];
    *at = naming->at;
    return naming->fate == WS_CLAIM_HOLDS ? WS_INDEX_LIVE : WS_INDEX_WITHDRAWN;
}

enum ws_index_state ws_shard_roll_find(const struct ws_shard_roll *roll,
                                       const struct ws_hash *digest, uint64_t *at)
{
    const size_t count = roll->naming_count;
    const size_t first = ws_namings_find(roll->namings, count, digest, 0);
    *at = 0;
    if (first == count)
        return WS_INDEX_UNAVAILABLE;
    return ws_namings_hold(roll->namings + first, ws_namings_equal(roll->namings, count, first), at)
               ? WS_INDEX_LIVE
               : WS_INDEX_WITHDRAWN;
}
