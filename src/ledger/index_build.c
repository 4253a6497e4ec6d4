#include "ledger/index_build.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ledger/log_walk.h"

/* The shelf ------------------------------------------------------------------------------------ */

static int compare_places(const void *a, const void *b)
{
    return memcmp(((const struct ws_shard_place *)a)->digest.bytes,
                  ((const struct ws_shard_place *)b)->digest.bytes, WS_HASH_SIZE);
}

/* Whether the file is as long as a head and begins like one; then its digest. */
static enum ws_status is_head(const char *path, bool *yes, struct ws_hash *digest,
                              struct ws_error *err)
{
    struct ws_mapped_file file;
    struct ws_shard_head head;
    struct stat about;
    *yes = stat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_size == WS_SHARD_HEAD_SIZE;
    if (!*yes)
        return WS_OK;
    WS_TRY(ws_file_map(path, &file, err));
    *yes = ws_shard_head_read(file.bytes, &head, NULL) == WS_OK;
    enum ws_status status = *yes ? ws_hash_of(file.bytes, digest, err) : WS_OK;
    ws_file_unmap(&file);
    return status;
}

enum ws_status ws_shard_shelf_open(struct ws_shard_shelf *shelf, const char *directory,
                                   struct ws_arena *arena, struct ws_error *err)
{
    struct ws_names names;
    *shelf = (struct ws_shard_shelf){.count = 0};
    WS_TRY(ws_directory_list(directory, arena, &names, err));
    shelf->places = WS_ARENA_ZNEW(arena, struct ws_shard_place, names.count + 1);
    if (!shelf->places)
        return ws_fail_memory(err, "the shards of a directory");
    for (size_t i = 0; i < names.count; i++) {
        struct ws_shard_place *place = &shelf->places[shelf->count];
        bool yes;
        place->path = ws_arena_format(arena, "%s/%s", directory, names.items[i]);
        place->state = WS_INDEX_UNAVAILABLE;
        if (!place->path)
            return ws_fail_memory(err, "the shards of a directory");
        WS_TRY(is_head(place->path, &yes, &place->digest, err));
        shelf->count += yes;
    }
    qsort(shelf->places, shelf->count, sizeof *shelf->places, compare_places);
    return WS_OK;
}

void ws_shard_shelf_close(struct ws_shard_shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        ws_shard_close(&shelf->places[i].shard);
    *shelf = (struct ws_shard_shelf){.count = 0};
}

static struct ws_shard_place *find_place(const struct ws_shard_shelf *shelf,
                                         const struct ws_hash *digest)
{
    const struct ws_shard_place wanted = {.digest = *digest};
    return shelf->count == 0 ? NULL
                             : bsearch(&wanted, shelf->places, shelf->count, sizeof *shelf->places,
                                       compare_places);
}

/* What the log names --------------------------------------------------------------------------- */

/* A shard of a statement, and who named it. */
struct named {
    struct ws_index_shard shard; /* live until something else is known */
    size_t key;                  /* of the statement, by the roles */
};

struct scan {
    const struct ws_index_plan *plan;
    struct ws_log_source_tree tree;
    struct ws_claims claims; /* with roles */
    struct ws_buffer named;  /* struct named */
    struct ws_arena scratch; /* of a bundle of entries */
};

static enum ws_status read_cited(void *user, uint64_t index, struct ws_arena *arena,
                                 struct ws_bytes *out, struct ws_error *err)
{
    const struct scan *scan = user;
    return ws_log_source_entry(&scan->tree, index, arena, out, err);
}

static void name_shards(struct scan *scan, const struct ws_statement *statement, uint64_t index,
                        enum ws_index_state state, size_t key)
{
    for (size_t i = 0; i < statement->subject_count; i++) {
        const struct named named = {.shard = {.state = state,
                                              .entry = index,
                                              .subject = (uint32_t)i,
                                              .digest = statement->subjects[i].digest},
                                    .key = key};
        ws_buffer_append(&scan->named, &named, sizeof named);
    }
}

/* Whether the entry is a statement with shards, whoever signed it. Another one is no failure. */
static enum ws_status read_bare(struct scan *scan, struct ws_bytes entry, uint64_t index,
                                struct ws_statement *out, bool *has_shards, struct ws_error *err)
{
    struct ws_envelope envelope;
    *has_shards = false;
    enum ws_status status = ws_envelope_read(entry, &scan->scratch, &envelope, err);
    if (status == WS_OK && strcmp(envelope.payload_type, WS_STATEMENT_PAYLOAD_TYPE) != 0)
        return WS_OK;
    if (status == WS_OK)
        status = ws_statement_read(envelope.payload, index, &scan->scratch, out, err);
    *has_shards = status == WS_OK && ws_statement_has_shards(out->kind);
    return status == WS_NO_MEMORY ? status : WS_OK;
}

/* No dates are asked for: they are the reader's witnesses', and the index is to be the same for
 * all. */
static enum ws_status read_entry(struct scan *scan, struct ws_bytes entry, uint64_t index,
                                 struct ws_error *err)
{
    struct ws_statement statement;
    struct ws_claim claim = {.standing = WS_CLAIM_COUNTS};
    bool has_shards;
    if (scan->plan->roles)
        WS_TRY(ws_claims_read(&scan->claims, entry, 0, &scan->scratch, &claim, err));
    WS_TRY(read_bare(scan, entry, index, &statement, &has_shards, err));
    if (!has_shards)
        return WS_OK;
    name_shards(scan, &statement, index,
                claim.standing == WS_CLAIM_COUNTS ? WS_INDEX_LIVE : WS_INDEX_UNFOUNDED, claim.key);
    return ws_buffer_check(&scan->named, "the shards of a log", err);
}

static enum ws_status walk_log(struct scan *scan, struct ws_log_walk *walk, struct ws_error *err)
{
    const struct ws_checkpoint *log = &scan->plan->log;
    struct ws_bytes entries[WS_TILE_WIDTH];
    struct ws_hash root;
    ws_log_walk_begin(walk, scan->plan->source, log->size);
    while (walk->size < log->size) {
        uint64_t first;
        ws_arena_reset(&scan->scratch);
        WS_TRY(ws_log_walk_on(walk, log->size, &scan->scratch, entries, &first, err));
        for (uint64_t i = first; i < walk->size; i++)
            WS_TRY(read_entry(scan, entries[i - first], i, err));
    }
    ws_log_walk_root(walk, &root);
    if (!ws_hash_equal(&root, &log->root))
        return ws_fail(err, WS_CORRUPT,
                       "the files of the log '%.150s' do not lead to the root of its checkpoint of "
                       "%" PRIu64 " entries",
                       log->origin, log->size);
    return WS_OK;
}

/* What became of them -------------------------------------------------------------------------- */

static void note_fate(const struct scan *scan, struct named *named)
{
    uint64_t at = 0;
    if (!scan->plan->roles || named->shard.state != WS_INDEX_LIVE)
        return;
    const enum ws_claim_fate fate =
        ws_claims_fate(&scan->claims, named->shard.entry, named->key, &at);
    if (fate == WS_CLAIM_HOLDS)
        return;
    named->shard.state = WS_INDEX_WITHDRAWN;
    /* What a stolen key signed is gone from where it stands on. */
    named->shard.withdrawn_at = fate == WS_CLAIM_WITHDRAWN ? at : named->shard.entry;
}

static enum ws_status try_shard(struct ws_shard_place *place, const char *scheme,
                                struct ws_error *err)
{
    enum ws_status status = ws_shard_open(&place->shard, place->path, err);
    if (status == WS_OK && strcmp(place->shard.head.scheme, scheme) != 0) {
        place->state = WS_INDEX_FOREIGN;
        return ws_fail(err, WS_UNSUPPORTED, "its scheme is '%s', wanted '%.63s'",
                       place->shard.head.scheme, scheme);
    }
    if (status == WS_OK)
        status = ws_shard_verify(&place->shard, err);
    place->state = status == WS_OK          ? WS_INDEX_LIVE
                   : status == WS_NOT_FOUND ? WS_INDEX_UNAVAILABLE
                                            : WS_INDEX_DAMAGED;
    return status;
}

/* Opens what the statement still stands for; what is wrong with it is in the note and no failure.
 */
static void take_shard(struct ws_index_shard *shard, struct ws_shard_shelf *shelf,
                       const char *scheme, ws_index_note *note, void *user)
{
    struct ws_shard_place *place = find_place(shelf, &shard->digest);
    struct ws_error why = {.status = WS_OK};
    if (shard->state != WS_INDEX_LIVE)
        return;
    shard->state = WS_INDEX_UNAVAILABLE;
    if (!place)
        return;
    if (place->state == WS_INDEX_LIVE) {
        shard->state = WS_INDEX_REPEATED;
        return;
    }
    const bool is_refused =
        place->state == WS_INDEX_UNAVAILABLE && try_shard(place, scheme, &why) != WS_OK;
    shard->state = place->state;
    if (is_refused) {
        ws_shard_close(&place->shard);
        if (note)
            note(user, shard, why.message);
    }
}

static enum ws_status make_list(struct scan *scan, struct ws_shard_shelf *shelf,
                                ws_index_note *note, void *user, struct ws_arena *arena,
                                struct ws_index_list *list, const struct ws_shard ***live,
                                struct ws_error *err)
{
    const struct ws_index_plan *plan = scan->plan;
    const size_t count = scan->named.size / sizeof(struct named);
    size_t lives = 0;
    list->log = plan->log;
    memcpy(list->scheme, plan->scheme, strlen(plan->scheme));
    list->has_roles = plan->roles != NULL;
    if (plan->roles)
        list->roles = *plan->roles_digest;
    list->shards = WS_ARENA_NEW(arena, struct ws_index_shard, count + 1);
    *live = WS_ARENA_NEW(arena, const struct ws_shard *, count + 1);
    if (!list->shards || !*live)
        return ws_fail_memory(err, "an index's list");
    for (size_t i = 0; i < count; i++) {
        struct named named;
        memcpy(&named, scan->named.data + i * sizeof named, sizeof named);
        note_fate(scan, &named);
        take_shard(&named.shard, shelf, plan->scheme, note, user);
        list->shards[list->shard_count++] = named.shard;
        if (named.shard.state == WS_INDEX_LIVE)
            (*live)[lives++] = &find_place(shelf, &named.shard.digest)->shard;
    }
    return WS_OK;
}

enum ws_status ws_index_take_stock(const struct ws_index_plan *plan, struct ws_shard_shelf *shelf,
                                   ws_index_note *note, void *user, struct ws_arena *arena,
                                   struct ws_index_list *list, const struct ws_shard ***live,
                                   struct ws_error *err)
{
    struct scan scan = {.plan = plan, .tree = {plan->source, plan->log}};
    struct ws_log_walk *walk = WS_ARENA_NEW(arena, struct ws_log_walk, 1);
    enum ws_status status = WS_OK;
    *list = (struct ws_index_list){.shard_count = 0};
    if (!walk)
        return ws_fail_memory(err, "a log");
    if (*plan->scheme == '\0' || strlen(plan->scheme) > WS_SHARD_SCHEME_LIMIT)
        return ws_fail(err, WS_INVALID, "a scheme of fingerprints '%.80s', wanted 1 to %d bytes",
                       plan->scheme, WS_SHARD_SCHEME_LIMIT);
    ws_buffer_init(&scan.named, arena->allocator, SIZE_MAX);
    ws_arena_init(&scan.scratch, arena->allocator);
    if (plan->roles)
        status = ws_claims_open(&scan.claims, plan->roles,
                                (struct ws_claims_log){read_cited, &scan}, arena->allocator, err);
    if (status == WS_OK)
        status = walk_log(&scan, walk, err);
    if (status == WS_OK)
        status = make_list(&scan, shelf, note, user, arena, list, live, err);
    if (plan->roles)
        ws_claims_close(&scan.claims);
    ws_arena_release(&scan.scratch);
    ws_buffer_release(&scan.named);
    return status;
}
