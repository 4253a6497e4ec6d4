#include "ledger/lookup.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ledger/log_monitor.h"
#include "ledger/mark_order.h"
#include "ledger/pin.h"

/* Bytes of an opening's file: a text, and some 2,300 of the opening itself. */
enum { OPENING_LIMIT = WS_SHARD_TEXT_LIMIT + (1 << 13) };

/* A checkpoint that the policy accepts, and that dates what it covers. */
struct ws_lookup_date {
    struct ws_bytes note; /* data NULL: the one that the log shows */
    struct ws_trusted_checkpoint trusted;
};

/* A statement that counted when it was read, or names shards that others count. */
struct ws_lookup_entry {
    uint64_t index;
    bool counts;
    size_t key, party;
    enum ws_statement_kind kind;
    const struct ws_hash *subjects;
    size_t subject_count;
    const uint64_t *sources; /* entries that it cites, which a reader needs, too */
    size_t source_count;
    uint64_t indexed; /* of a mirror's index: so many entries of this log, with that root; else 0 */
    struct ws_hash indexed_root;
    struct ws_log_proof *proof; /* once it was wanted */
};

static size_t entry_count(const struct ws_lookup *lookup)
{
    return lookup->entries.size / sizeof(struct ws_lookup_entry);
}

static struct ws_lookup_entry *entry_at(const struct ws_lookup *lookup, size_t i)
{
    return (struct ws_lookup_entry *)(void *)lookup->entries.data + i;
}

/* Dates ---------------------------------------------------------------------------------------- */

static const struct ws_lookup_date *date_at(const struct ws_lookup *lookup, size_t i)
{
    return (const struct ws_lookup_date *)(const void *)lookup->dates.data + i;
}

/* The checkpoint that the search came to, once for all entries that it is the first of. */
static enum ws_status keep_date(struct ws_lookup *lookup, struct ws_error *err)
{
    const struct ws_log_dates *search = &lookup->search;
    const size_t count = lookup->dates.size / sizeof(struct ws_lookup_date);
    struct ws_lookup_date date = {{NULL, 0}, search->first};
    if (count > 0 &&
        date_at(lookup, count - 1)->trusted.checkpoint.size == search->first.checkpoint.size)
        return WS_OK;
    date.trusted.checkpoint.origin = lookup->head.checkpoint.origin; /* it is the same */
    if (search->note.size > 0)
        date.note = ws_bytes_of(ws_arena_copy(&lookup->arena, search->note.data, search->note.size),
                                search->note.size);
    if (search->note.size > 0 && !date.note.data)
        return ws_fail_memory(err, "the checkpoints of a log");
    ws_buffer_append(&lookup->dates, &date, sizeof date);
    return ws_buffer_check(&lookup->dates, "the checkpoints of a log", err);
}

/* That of an entry that was read: the first that covers it. */
static const struct ws_lookup_date *date_of(const struct ws_lookup *lookup, uint64_t index)
{
    const struct ws_lookup_date *date = date_at(lookup, 0);
    while (date->trusted.checkpoint.size <= index)
        date++;
    return date;
}

/* The log -------------------------------------------------------------------------------------- */

static enum ws_status read_cited(void *lookup_, uint64_t index, struct ws_arena *arena,
                                 struct ws_bytes *out, struct ws_error *err)
{
    const struct ws_lookup *lookup = lookup_;
    return ws_log_source_entry(&lookup->tree, index, arena, out, err);
}

static enum ws_status keep_entry(struct ws_lookup *lookup, const struct ws_claim *claim,
                                 struct ws_error *err)
{
    const struct ws_statement *s = &claim->statement;
    struct ws_hash *subjects = WS_ARENA_NEW(&lookup->arena, struct ws_hash, s->subject_count + 1);
    struct ws_lookup_entry entry = {.index = claim->index,
                                    .counts = claim->standing == WS_CLAIM_COUNTS,
                                    .key = claim->key,
                                    .party = claim->party,
                                    .kind = s->kind,
                                    .subjects = subjects,
                                    .subject_count = s->subject_count};
    if (!subjects)
        return ws_fail_memory(err, "the statements of a log");
    for (size_t i = 0; i < s->subject_count; i++)
        subjects[i] = s->subjects[i].digest;
    if (s->kind == WS_STATEMENT_EMISSION) {
        entry.sources = s->emission.sources;
        entry.source_count = s->emission.source_count;
    } else if (s->kind == WS_STATEMENT_WITHDRAWAL) {
        entry.sources = &s->withdrawal.entry;
        entry.source_count = 1;
    } else if (s->kind == WS_STATEMENT_INDEX &&
               strcmp(s->index.log, lookup->head.checkpoint.origin) == 0) {
        entry.indexed = s->index.entries;
        entry.indexed_root = s->index.root;
    }
    if (entry.source_count > 0)
        entry.sources =
            ws_arena_copy(&lookup->arena, entry.sources, entry.source_count * sizeof(uint64_t));
    if (entry.source_count > 0 && !entry.sources)
        return ws_fail_memory(err, "the statements of a log");
    ws_buffer_append(&lookup->entries, &entry, sizeof entry);
    return ws_buffer_check(&lookup->entries, "the statements of a log", err);
}

static enum ws_status begin(void *lookup_, const struct ws_trusted_checkpoint *shown, uint64_t seen,
                            uint64_t *had, struct ws_error *err)
{
    struct ws_lookup *lookup = lookup_;
    const struct ws_frontier nothing = {.size = 0};
    (void)seen;
    (void)err;
    *had = 0;
    lookup->head = *shown;
    lookup->tree = (struct ws_log_source_tree){&lookup->source, shown->checkpoint};
    ws_log_dates_begin(&lookup->search, &lookup->source, &lookup->trust, shown, &nothing, 0);
    return WS_OK;
}

/* The look itself has searched for the date, and says when a kept checkpoint is a fork's; here its
 * note is wanted, too, for the proofs. */
static enum ws_status take_entry(void *lookup_, uint64_t index, uint64_t time,
                                 struct ws_bytes entry, struct ws_error *err)
{
    struct ws_lookup *lookup = lookup_;
    struct ws_claim claim;
    bool contradicts;
    (void)index;
    ws_arena_reset(&lookup->scratch);
    WS_TRY(ws_log_dates_next(&lookup->search, entry, &time, &contradicts, err));
    WS_TRY(keep_date(lookup, err));
    WS_TRY(ws_claims_read(&lookup->claims, entry, time, &lookup->scratch, &claim, err));
    return claim.standing == WS_CLAIM_COUNTS || ws_claim_names_shards(&claim)
               ? keep_entry(lookup, &claim, err)
               : WS_OK;
}

static bool is_of_documents(const struct ws_lookup_entry *entry)
{
    return ws_statement_has_shards(entry->kind);
}

static size_t count_subjects(const struct ws_lookup *lookup)
{
    size_t count = 0;
    for (size_t i = 0; i < entry_count(lookup); i++)
        count += entry_at(lookup, i)->subject_count;
    return count;
}

static enum ws_status list_namings(struct ws_lookup *lookup, struct ws_error *err)
{
    struct ws_naming *namings =
        WS_ARENA_NEW(&lookup->arena, struct ws_naming, count_subjects(lookup) + 1);
    size_t count = 0;
    if (!namings)
        return ws_fail_memory(err, "the shards of a log");
    for (size_t i = 0; i < entry_count(lookup); i++) {
        const struct ws_lookup_entry *entry = entry_at(lookup, i);
        struct ws_naming naming = {.entry = entry->index, .party = entry->party};
        if (!is_of_documents(entry))
            continue;
        naming.fate = ws_claims_fate(&lookup->claims, entry->index, entry->key, &naming.at);
        for (size_t s = 0; s < entry->subject_count; s++) {
            namings[count] = naming;
            namings[count++].digest = entry->subjects[s];
        }
    }
    ws_namings_settle(namings, count);
    lookup->namings = namings;
    lookup->naming_count = count;
    return WS_OK;
}

/* What became of a shard that an entry of the list names. */
static const struct ws_naming *naming_of(const struct ws_lookup *lookup,
                                         const struct ws_hash *digest, uint64_t entry)
{
    return &lookup->namings[ws_namings_find(lookup->namings, lookup->naming_count, digest, entry)];
}

/* That it is not stale, and goes on from what was seen here before, where that is kept. */
static enum ws_status check_age(struct ws_lookup *lookup, const struct ws_lookup_request *request,
                                struct ws_error *err)
{
    const struct ws_pin_book book = {request->state, &lookup->trust, lookup->roles.max_age,
                                     request->now};
    struct ws_merkle_nodes nodes = ws_log_source_nodes(&lookup->tree);
    const struct ws_pin_prover prover = ws_pin_prover_of(&nodes);
    struct ws_pin_result result;
    return ws_pin_accept(&book, lookup->note, &prover, &lookup->arena, &result, err);
}

static enum ws_status read_log(struct ws_lookup *lookup, const struct ws_lookup_request *request,
                               struct ws_error *err)
{
    const struct ws_monitor_listener listener = {begin, take_entry, lookup};
    const struct ws_monitor monitor = {
        .source = &lookup->source, .trust = &lookup->trust, .listener = &listener};
    struct ws_monitor_look look;
    WS_TRY(ws_log_source_open(request->log, &lookup->source, err));
    WS_TRY(ws_claims_open(&lookup->claims, &lookup->roles,
                          (struct ws_claims_log){read_cited, lookup}, NULL, err));
    enum ws_status status = ws_monitor_look(&monitor, &lookup->arena, &look, err);
    if (status == WS_OK && look.verdict == WS_MONITOR_FORKED)
        status = ws_fail(err, WS_CORRUPT, "%s", ws_monitor_text(look.verdict));
    if (status == WS_OK) {
        lookup->note = look.note;
        status = check_age(lookup, request, err);
    }
    if (status == WS_OK)
        status = list_namings(lookup, err);
    if (status == WS_CORRUPT || status == WS_CONFLICT)
        ws_error_prefix(err, "the log '%.150s' is refused", request->log);
    return status;
}

/* What else is at hand ------------------------------------------------------------------------- */

/* The statement of the index, among those that count. */
static bool is_logged(const struct ws_lookup *lookup, const struct ws_hash *digest)
{
    for (size_t i = 0; i < entry_count(lookup); i++) {
        const struct ws_lookup_entry *entry = entry_at(lookup, i);
        if (entry->kind == WS_STATEMENT_INDEX && entry->subject_count > 0 &&
            ws_hash_equal(&entry->subjects[0], digest))
            return true;
    }
    return false;
}

static bool holds(const struct ws_lookup *lookup, const struct ws_lookup_entry *entry)
{
    uint64_t at;
    return ws_claims_fate(&lookup->claims, entry->index, entry->key, &at) == WS_CLAIM_HOLDS;
}

/* Whether the entry, a mirror's statement that holds, says what the index at hand says. */
static bool signs_index(const struct ws_lookup *lookup, const struct ws_lookup_entry *entry)
{
    const struct ws_checkpoint *log = &lookup->index.list.log;
    return entry->kind == WS_STATEMENT_INDEX && entry->indexed == log->size &&
           ws_hash_equal(&entry->indexed_root, &log->root) &&
           ws_hash_equal(&entry->subjects[0], &lookup->index.digest) && holds(lookup, entry);
}

/* By the same count as whoever judges the evidence has: each party once. */
static enum ws_status count_signers(struct ws_lookup *lookup, struct ws_error *err)
{
    bool *has_signed = WS_ARENA_ZNEW(&lookup->arena, bool, lookup->roles.party_count + 1);
    uint64_t signers = 0;
    if (!has_signed)
        return ws_fail_memory(err, "the mirrors of an index");
    for (size_t i = 0; i < entry_count(lookup); i++) {
        const struct ws_lookup_entry *entry = entry_at(lookup, i);
        if (!signs_index(lookup, entry) || has_signed[entry->party])
            continue;
        has_signed[entry->party] = true;
        signers++;
    }
    lookup->is_index_believed = signers >= lookup->roles.index_quorum;
    return WS_OK;
}

/* That the log of the index is the beginning of the one that is shown. */
static enum ws_status check_beginning(const struct ws_lookup *lookup,
                                      const struct ws_checkpoint *of, struct ws_error *err)
{
    const struct ws_checkpoint *shown = &lookup->head.checkpoint;
    const struct ws_merkle_nodes nodes = ws_log_source_nodes(&lookup->tree);
    struct ws_merkle_proof proof;
    if (strcmp(of->origin, shown->origin) != 0 || of->size > shown->size)
        return ws_fail(err, WS_CORRUPT,
                       "it is of %" PRIu64 " entries of '%.100s', and the log shows %" PRIu64
                       " of '%.100s'",
                       of->size, of->origin, shown->size, shown->origin);
    if (of->size == 0)
        return WS_OK;
    WS_TRY(ws_merkle_prove_consistency(&nodes, of->size, shown->size, &proof, err));
    return ws_merkle_check_consistency(of->size, &of->root, shown->size, &shown->root, &proof, err);
}

static enum ws_status open_index(struct ws_lookup *lookup, const char *path, struct ws_error *err)
{
    if (!path)
        return WS_OK;
    WS_TRY(ws_index_open(&lookup->index, path, &lookup->arena, err));
    lookup->has_index = true;
    if (!is_logged(lookup, &lookup->index.digest))
        return ws_fail(err, WS_INVALID,
                       "no statement of a mirror of the roles names the index '%.200s': whether it "
                       "leaves anything out says nobody",
                       path);
    const enum ws_status status = check_beginning(lookup, &lookup->index.list.log, err);
    if (status != WS_OK)
        ws_error_prefix(err, "the index '%.200s'", path);
    return status == WS_OK ? count_signers(lookup, err) : status;
}

/* What leads to no shard is kept out of bundles: whoever reads one would refuse it all. */
static bool is_opening(struct ws_bytes bytes, struct ws_shard_opening *out)
{
    struct ws_hash shard;
    return ws_shard_opening_read(bytes, out, NULL) == WS_OK &&
           ws_hash_of(out->head_bytes, &shard, NULL) == WS_OK &&
           ws_shard_opening_check(out, &shard, NULL) == WS_OK;
}

static enum ws_status read_opening(struct ws_lookup *lookup, const char *path, struct ws_error *err)
{
    struct ws_bytes bytes;
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return WS_OK; /* something else, or gone by now */
    const enum ws_status status = ws_file_read(path, OPENING_LIMIT, &lookup->arena, &bytes, err);
    if (status == WS_LIMIT)
        return WS_OK; /* something else */
    WS_TRY(status);
    lookup->opening_count += is_opening(bytes, &lookup->openings[lookup->opening_count]);
    return WS_OK;
}

static enum ws_status list_openings(struct ws_lookup *lookup, const char *directory,
                                    struct ws_error *err)
{
    struct ws_names names;
    WS_TRY(ws_directory_list(directory, &lookup->arena, &names, err));
    lookup->openings = WS_ARENA_NEW(&lookup->arena, struct ws_shard_opening, names.count + 1);
    if (!lookup->openings)
        return ws_fail_memory(err, "openings");
    for (size_t i = 0; i < names.count; i++) {
        const char *path = ws_arena_format(&lookup->arena, "%s/%s", directory, names.items[i]);
        if (!path)
            return ws_fail_memory(err, "openings");
        WS_TRY(read_opening(lookup, path, err));
    }
    return WS_OK;
}

static enum ws_status read_openings(struct ws_lookup *lookup, const char *directory,
                                    struct ws_error *err)
{
    if (!directory)
        return WS_OK;
    WS_TRY(list_openings(lookup, directory, err));
    return ws_shown_read(lookup->openings, lookup->opening_count, NULL, &lookup->keys,
                         &lookup->arena, &lookup->shown, err);
}

enum ws_status ws_lookup_read_trust(const char *policy, const char *roles, struct ws_arena *arena,
                                    struct ws_trust *trust, struct ws_roles *out_roles,
                                    struct ws_hash *policy_digest, struct ws_hash *roles_digest,
                                    struct ws_error *err)
{
    struct ws_bytes text;
    WS_TRY(ws_file_read(policy, WS_TRUST_LIMIT, arena, &text, err));
    WS_TRY(ws_hash_of(text, policy_digest, err));
    WS_TRY(ws_trust_read(text, policy, arena, trust, err));
    WS_TRY(ws_file_read(roles, WS_TRUST_LIMIT, arena, &text, err));
    WS_TRY(ws_hash_of(text, roles_digest, err));
    return ws_roles_read(text, roles, trust, arena, out_roles, err);
}

enum ws_status ws_lookup_open(struct ws_lookup *lookup, const struct ws_lookup_request *request,
                              struct ws_error *err)
{
    *lookup = (struct ws_lookup){.has_index = false};
    ws_arena_init(&lookup->arena, NULL);
    ws_arena_init(&lookup->scratch, NULL);
    ws_buffer_init(&lookup->dates, NULL, SIZE_MAX);
    ws_buffer_init(&lookup->entries, NULL, SIZE_MAX);
    WS_TRY(ws_lookup_read_trust(request->policy, request->roles, &lookup->arena, &lookup->trust,
                                &lookup->roles, &lookup->policy_digest, &lookup->roles_digest,
                                err));
    WS_TRY(ws_shard_keys_load(request->keys, &lookup->arena, &lookup->keys, err));
    WS_TRY(read_log(lookup, request, err));
    WS_TRY(open_index(lookup, request->index, err));
    WS_TRY(read_openings(lookup, request->openings, err));
    return request->shards
               ? ws_shard_shelf_open(&lookup->shelf, request->shards, &lookup->arena, err)
               : WS_OK;
}

void ws_lookup_close(struct ws_lookup *lookup)
{
    ws_shard_shelf_close(&lookup->shelf);
    if (lookup->has_index)
        ws_index_close(&lookup->index);
    ws_claims_close(&lookup->claims);
    ws_log_dates_close(&lookup->search);
    ws_log_source_close(&lookup->source);
    ws_roles_close(&lookup->roles);
    ws_trust_close(&lookup->trust);
    ws_buffer_release(&lookup->dates);
    ws_buffer_release(&lookup->entries);
    ws_arena_release(&lookup->scratch);
    ws_arena_release(&lookup->arena);
}

/* Gathering ------------------------------------------------------------------------------------ */

struct gathering {
    struct ws_lookup *lookup;
    const struct ws_query *query;
    struct ws_arena *arena;
    struct ws_error *err;
    struct ws_arena orders; /* of what follows, which evidence has not */
    struct ws_ordered_marks marks;
    struct ws_ordered_marks *keyed; /* by key of the lookup */
    bool *is_wanted;                /* of what was shown */
    struct ws_evidence *out;
};

/* One tile, and the fingerprints that it answers for: places `first` .. `end` - 1 of the order. */
struct wanted_tile {
    uint64_t key;
    size_t first, end;
};

/* The next tile that is wanted from place `first` on. */
static struct wanted_tile next_tile(const struct ws_ordered_marks *marks, unsigned bits,
                                    size_t first)
{
    struct wanted_tile tile = {ws_ordered_mark(marks, first), first, first + 1};
    while (tile.end < marks->count && ws_range_tile_of(ws_ordered_mark(marks, tile.end), bits) ==
                                          ws_range_tile_of(tile.key, bits))
        tile.end++;
    return tile;
}

static bool has_any(const struct ws_ordered_marks *marks, const struct wanted_tile *wanted,
                    const struct ws_range_tile *tile)
{
    uint32_t first;
    for (size_t i = wanted->first; i < wanted->end; i++)
        if (ws_range_tile_find(tile, ws_ordered_mark(marks, i), &first) > 0)
            return true;
    return false;
}

/* The tiles of a range; `all`, or those in which something is found. */
static enum ws_status gather_tiles(struct gathering *in, const struct ws_range_file *file,
                                   const struct ws_ordered_marks *marks, bool all,
                                   struct ws_evidence_tiles *out)
{
    const unsigned bits = file->range.bits;
    const size_t tiles = (size_t)1 << bits;
    out->items = WS_ARENA_NEW(in->arena, struct ws_range_proof,
                              (marks->count < tiles ? marks->count : tiles) + 1);
    if (!out->items)
        return ws_fail_memory(in->err, "the tiles of a lookup");
    for (size_t i = 0; i < marks->count;) {
        const struct wanted_tile wanted = next_tile(marks, bits, i);
        struct ws_range_tile tile;
        struct ws_bytes bytes;
        i = wanted.end;
        WS_TRY(
            ws_range_file_tile(file, ws_range_tile_of(wanted.key, bits), &bytes, &tile, in->err));
        if (!all && !has_any(marks, &wanted, &tile))
            continue;
        uint8_t *way = ws_arena_alloc(in->arena, (size_t)bits + 1, WS_HASH_SIZE);
        if (!way)
            return ws_fail_memory(in->err, "the tiles of a lookup");
        WS_TRY(ws_range_file_prove(file, wanted.key, way, &out->items[out->count], in->err));
        out->count++;
    }
    return WS_OK;
}

/* Whether the index says that its mirror has verified the shard. */
static bool is_in_index(const struct ws_lookup *lookup, const struct ws_hash *digest)
{
    const struct ws_index_list *list = &lookup->index.list;
    for (size_t i = 0; i < list->shard_count; i++)
        if ((list->shards[i].state == WS_INDEX_LIVE || list->shards[i].state == WS_INDEX_KEYED) &&
            ws_hash_equal(&list->shards[i].digest, digest))
            return true;
    return false;
}

/* Opens a shard's file once; `is_open` false where its files are not what its head says. */
static enum ws_status open_place(struct ws_shard_place *place, bool *is_open, struct ws_error *err)
{
    if (place->state == WS_INDEX_UNAVAILABLE) {
        const enum ws_status status = ws_shard_open(&place->shard, place->path, NULL);
        if (status == WS_NO_MEMORY)
            return ws_fail_memory(err, "a shard");
        place->state = status == WS_OK ? WS_INDEX_LIVE : WS_INDEX_DAMAGED;
    }
    *is_open = place->state == WS_INDEX_LIVE;
    return WS_OK;
}

/* Every tile leads to the root; whoever judges the evidence asks that again. */
static bool is_sound(const struct ws_evidence_shard *shard)
{
    struct ws_range_tile tile;
    for (size_t i = 0; i < shard->tiles.count; i++)
        if (ws_range_check(&shard->head.range, ws_evidence_tile_index(&shard->tiles.items[i]),
                           &shard->tiles.items[i], &tile, NULL) != WS_OK)
            return false;
    return true;
}

/* Of a keyed shard all that is asked for, since no index has it; without its key nothing. */
static enum ws_status gather_keyed(struct gathering *in, const struct ws_shard *shard,
                                   struct ws_evidence_tiles *out)
{
    const struct ws_shard_keys *keys = &in->lookup->keys;
    const struct ws_shard_key *key = ws_shard_keys_find(keys, shard->head.scheme);
    if (!key)
        return WS_OK;
    struct ws_ordered_marks *marks = &in->keyed[key - keys->items];
    if (!marks->order)
        WS_TRY(ws_ordered_marks_make(in->query->marks, in->query->mark_count, key, &in->orders,
                                     marks, in->err));
    return gather_tiles(in, &shard->tiles, marks, true, out);
}

/* What one copy of a shard has; nothing where a tile that is wanted cannot be read. One that is
 * damaged otherwise is as good as none only where another is there: then all its tiles are looked
 * at, for one that hides what is found in it would not be wanted. */
static enum ws_status gather_copy(struct gathering *in, struct ws_shard_place *place,
                                  bool *is_gathered)
{
    const bool is_last = !ws_shard_shelf_next(&in->lookup->shelf, place);
    struct ws_evidence_shard *out = &in->out->shards[in->out->shard_count];
    WS_TRY(open_place(place, is_gathered, in->err));
    if (!*is_gathered)
        return WS_OK;
    *out = (struct ws_evidence_shard){.head_bytes =
                                          ws_bytes_of(place->shard.head_bytes, WS_SHARD_HEAD_SIZE),
                                      .head = place->shard.head};
    const enum ws_status status =
        ws_shard_key_name(place->shard.head.scheme)
            ? gather_keyed(in, &place->shard, &out->tiles)
            : gather_tiles(in, &place->shard.tiles, &in->marks,
                           !in->lookup->is_index_believed || !is_last, &out->tiles);
    *is_gathered = status == WS_OK && (is_last || is_sound(out));
    return status == WS_CORRUPT ? WS_OK : status;
}

/* What was shown of the documents that have a fingerprint by this tile. */
static void want_of_tile(struct gathering *in, const struct ws_shown *shown,
                         const struct ws_range_tile *tile, uint64_t value)
{
    uint32_t first;
    const uint32_t count = ws_range_tile_find(tile, value, &first);
    for (uint32_t i = 0; i < count; i++) {
        const struct ws_shown_document *found =
            ws_shown_find(shown, ws_range_tile_number(tile, first + i));
        if (found)
            in->is_wanted[found - in->lookup->shown.items] = true;
    }
}

/* What was shown of the documents that the shard says share something with the text, whether they
 * do or not. */
static void want_shown(struct gathering *in, const struct ws_hash *digest,
                       const struct ws_evidence_shard *shard)
{
    const struct ws_shown shown = ws_shown_of_shard(&in->lookup->shown, digest);
    const struct ws_shard_keys *keys = &in->lookup->keys;
    const struct ws_shard_key *key = ws_shard_keys_find(keys, shard->head.scheme);
    const struct ws_ordered_marks *marks = key ? &in->keyed[key - keys->items] : &in->marks;
    const struct ws_range *range = &shard->head.range;
    for (size_t i = 0; shown.count > 0 && i < marks->count;) {
        const struct wanted_tile wanted = next_tile(marks, range->bits, i);
        const uint32_t index = ws_range_tile_of(wanted.key, range->bits);
        const struct ws_range_proof *proof = ws_evidence_tile(&shard->tiles, index);
        struct ws_range_tile tile;
        if (proof && ws_range_tile_read(proof->tile, range, index, &tile, NULL) == WS_OK)
            for (; i < wanted.end; i++)
                want_of_tile(in, &shown, &tile, ws_ordered_mark(marks, i));
        i = wanted.end;
    }
}

/* A shard of which no copy can be read is none that is at hand; one that no mirror has verified, by
 * the index, counts for nothing. */
static enum ws_status gather_shard(struct gathering *in, const struct ws_hash *digest)
{
    const struct ws_shard_shelf *shelf = &in->lookup->shelf;
    bool is_gathered = false;
    if (in->lookup->is_index_believed && !is_in_index(in->lookup, digest))
        return WS_OK;
    for (struct ws_shard_place *place = ws_shard_shelf_find(shelf, digest); place && !is_gathered;
         place = ws_shard_shelf_next(shelf, place))
        WS_TRY(gather_copy(in, place, &is_gathered));
    if (is_gathered)
        want_shown(in, digest, &in->out->shards[in->out->shard_count++]);
    return WS_OK;
}

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, WS_HASH_SIZE);
}

/* Each shard that a claim names which counts, once, unless it was withdrawn. */
static enum ws_status gather_shards(struct gathering *in)
{
    const struct ws_lookup *lookup = in->lookup;
    const size_t most = count_subjects(lookup);
    size_t count = 0;
    struct ws_hash *digests = WS_ARENA_NEW(in->arena, struct ws_hash, most + 1);
    in->out->shards = WS_ARENA_NEW(in->arena, struct ws_evidence_shard, most + 1);
    if (!digests || !in->out->shards)
        return ws_fail_memory(in->err, "the shards of a lookup");
    for (size_t i = 0; i < entry_count(lookup); i++) {
        const struct ws_lookup_entry *entry = entry_at(lookup, i);
        for (size_t s = 0; entry->counts && is_of_documents(entry) && s < entry->subject_count; s++)
            if (naming_of(lookup, &entry->subjects[s], entry->index)->fate == WS_CLAIM_HOLDS)
                digests[count++] = entry->subjects[s];
    }
    qsort(digests, count, sizeof *digests, compare_hashes);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || !ws_hash_equal(&digests[i], &digests[i - 1]))
            WS_TRY(gather_shard(in, &digests[i]));
    return WS_OK;
}

static enum ws_status gather_index(struct gathering *in)
{
    struct ws_index *index = &in->lookup->index;
    struct ws_evidence_index *out = &in->out->index;
    struct ws_buffer list;
    if (!in->lookup->has_index)
        return WS_OK;
    ws_buffer_init(&list, NULL, WS_INDEX_LIST_LIMIT);
    ws_index_list_append(&list, &index->list);
    enum ws_status status = ws_buffer_check(&list, "an index's list", in->err);
    if (status == WS_OK) {
        const void *copy = ws_arena_copy(in->arena, list.data, list.size);
        out->list = ws_bytes_of(copy, list.size);
        status = copy ? WS_OK : ws_fail_memory(in->err, "an index's list");
    }
    ws_buffer_release(&list);
    WS_TRY(status);
    in->out->has_index = true;
    out->head_bytes = ws_bytes_of(index->head_bytes, WS_INDEX_HEAD_SIZE);
    out->head = index->head;
    status = gather_tiles(in, &index->tiles, &in->marks, true, &out->tiles);
    if (status == WS_CORRUPT)
        ws_error_prefix(in->err, "the index");
    return status;
}

/* Openings ------------------------------------------------------------------------------------- */

static bool is_of_query(const struct gathering *in, const struct ws_shard_opening *opening)
{
    return ws_hash_equal(&opening->document, &in->query->digest);
}

/* Openings of the text that is looked up, without it: whoever asks knows it, and nobody else needs
 * to. And of documents that are found, each once. */
static enum ws_status gather_openings(struct gathering *in)
{
    const struct ws_lookup *lookup = in->lookup;
    struct ws_shard_opening *out = WS_ARENA_NEW(in->arena, struct ws_shard_opening,
                                                lookup->opening_count + lookup->shown.count + 1);
    size_t count = 0;
    if (!out)
        return ws_fail_memory(in->err, "openings");
    for (size_t i = 0; i < lookup->opening_count; i++)
        if (is_of_query(in, &lookup->openings[i])) {
            out[count] = lookup->openings[i];
            out[count++].text = ws_bytes_of(NULL, 0);
        }
    for (size_t i = 0; i < lookup->shown.count; i++) {
        const struct ws_shown_document *shown = &lookup->shown.items[i];
        if (in->is_wanted[i] && !is_of_query(in, shown->opening))
            out[count++] = *shown->opening;
    }
    in->out->openings = out;
    in->out->opening_count = count;
    return WS_OK;
}

/* Entries -------------------------------------------------------------------------------------- */

static enum ws_status prove_entry(struct ws_lookup *lookup, uint64_t index, struct ws_arena *arena,
                                  struct ws_log_proof *out, struct ws_error *err)
{
    const struct ws_lookup_date *date = date_of(lookup, index);
    const struct ws_log_source_tree tree = {&lookup->source, date->trusted.checkpoint};
    const struct ws_merkle_nodes nodes = ws_log_source_nodes(&tree);
    *out = (struct ws_log_proof){.has_extra = true,
                                 .index = index,
                                 .checkpoint = date->note.data ? date->note : lookup->note};
    struct ws_bytes entry;
    ws_arena_reset(&lookup->scratch); /* some 300 KB are read for each */
    WS_TRY(ws_log_source_entry(&tree, index, &lookup->scratch, &entry, err));
    out->extra = ws_bytes_of(ws_arena_copy(arena, entry.data, entry.size), entry.size);
    if (!out->extra.data)
        return ws_fail_memory(err, "the proof of an entry");
    return ws_merkle_prove_inclusion(&nodes, index, date->trusted.checkpoint.size, &out->way, err);
}

/* The entries of the lookup's list are proven once. */
static enum ws_status prove_listed(struct ws_lookup *lookup, struct ws_lookup_entry *entry,
                                   struct ws_log_proof *out, struct ws_error *err)
{
    if (!entry->proof) {
        struct ws_log_proof *proof = WS_ARENA_NEW(&lookup->arena, struct ws_log_proof, 1);
        if (!proof)
            return ws_fail_memory(err, "the proof of an entry");
        WS_TRY(prove_entry(lookup, entry->index, &lookup->arena, proof, err));
        entry->proof = proof;
    }
    *out = *entry->proof;
    return WS_OK;
}

static int compare_indices(const void *a_, const void *b_)
{
    const uint64_t a = *(const uint64_t *)a_, b = *(const uint64_t *)b_;
    return (a > b) - (a < b);
}

/* A mirror's word on another index than that at hand, if on one at all, and of other entries. */
static bool is_of_other_entries(const struct ws_lookup *lookup, const struct ws_lookup_entry *entry)
{
    return entry->kind == WS_STATEMENT_INDEX &&
           !(lookup->has_index && (entry->indexed == lookup->index.list.log.size ||
                                   ws_hash_equal(&entry->subjects[0], &lookup->index.digest)));
}

/* The first statement of an index of the most entries, of those that hold and are of more than the
 * index at hand; NULL where there is none. */
static const struct ws_lookup_entry *find_newest(const struct ws_lookup *lookup)
{
    const struct ws_lookup_entry *newest = NULL;
    uint64_t most = lookup->has_index ? lookup->index.list.log.size : UINT64_MAX;
    for (size_t i = 0; i < entry_count(lookup); i++) {
        const struct ws_lookup_entry *entry = entry_at(lookup, i);
        if (entry->kind != WS_STATEMENT_INDEX || entry->indexed <= most || !holds(lookup, entry))
            continue;
        newest = entry;
        most = entry->indexed;
    }
    return newest;
}

/* All statements that count, but for indices of other entries than this one is of, of which the
 * newest is enough; and what they cite. */
static size_t list_entries(const struct gathering *in, uint64_t *indices)
{
    const struct ws_lookup *lookup = in->lookup;
    const struct ws_lookup_entry *newest = find_newest(lookup);
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < entry_count(lookup); i++) {
        const struct ws_lookup_entry *entry = entry_at(lookup, i);
        if (is_of_other_entries(lookup, entry) && entry != newest)
            continue;
        indices[count++] = entry->index;
        for (size_t s = 0; s < entry->source_count; s++)
            indices[count++] = entry->sources[s];
    }
    qsort(indices, count, sizeof *indices, compare_indices);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || indices[i] != indices[i - 1])
            indices[kept++] = indices[i];
    return kept;
}

static enum ws_status gather_entries(struct gathering *in)
{
    struct ws_lookup *lookup = in->lookup;
    size_t most = 0, listed = 0;
    for (size_t i = 0; i < entry_count(lookup); i++)
        most += 1 + entry_at(lookup, i)->source_count;
    uint64_t *indices = WS_ARENA_NEW(in->arena, uint64_t, most + 1);
    in->out->entries = WS_ARENA_NEW(in->arena, struct ws_log_proof, most + 1);
    if (!indices || !in->out->entries)
        return ws_fail_memory(in->err, "the statements of a lookup");
    const size_t count = list_entries(in, indices);
    for (size_t i = 0; i < count; i++) {
        struct ws_log_proof *proof = &in->out->entries[in->out->entry_count++];
        while (listed < entry_count(lookup) && entry_at(lookup, listed)->index < indices[i])
            listed++;
        if (listed < entry_count(lookup) && entry_at(lookup, listed)->index == indices[i])
            WS_TRY(prove_listed(lookup, entry_at(lookup, listed), proof, in->err));
        else
            WS_TRY(prove_entry(lookup, indices[i], in->arena, proof, in->err));
    }
    return WS_OK;
}

static enum ws_status order_marks(struct gathering *in)
{
    in->keyed = WS_ARENA_ZNEW(&in->orders, struct ws_ordered_marks, in->lookup->keys.count + 1);
    in->is_wanted = WS_ARENA_ZNEW(&in->orders, bool, in->lookup->shown.count + 1);
    if (!in->keyed || !in->is_wanted)
        return ws_fail_memory(in->err, "a lookup");
    return ws_ordered_marks_make(in->query->marks, in->query->mark_count, NULL, &in->orders,
                                 &in->marks, in->err);
}

static enum ws_status gather(struct gathering *in)
{
    WS_TRY(order_marks(in));
    WS_TRY(gather_entries(in));
    WS_TRY(gather_shards(in));
    WS_TRY(gather_index(in));
    return gather_openings(in);
}

enum ws_status ws_lookup_gather(struct ws_lookup *lookup, const struct ws_query *query,
                                struct ws_arena *arena, struct ws_evidence *out,
                                struct ws_error *err)
{
    struct ws_evidence evidence = {.policy = lookup->policy_digest,
                                   .roles = lookup->roles_digest,
                                   .rules = WS_VERDICT_ID,
                                   .scheme = WS_FINGERPRINT_ID,
                                   .query = *query,
                                   .checkpoint = lookup->note};
    struct gathering in = {
        .lookup = lookup, .query = query, .arena = arena, .err = err, .out = &evidence};
    ws_arena_init(&in.orders, arena->allocator);
    const enum ws_status status = gather(&in);
    ws_arena_release(&in.orders);
    if (status == WS_OK)
        *out = evidence;
    return status;
}

/* Since then ----------------------------------------------------------------------------------- */

static const struct ws_lookup_entry *find_entry(const struct ws_lookup *lookup, uint64_t index)
{
    size_t low = 0, high = entry_count(lookup);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (entry_at(lookup, middle)->index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < entry_count(lookup) && entry_at(lookup, low)->index == index
               ? entry_at(lookup, low)
               : NULL;
}

/* What is known now of a shard of the finding; NULL where its claim does not count any more. */
static const struct ws_naming *later_naming(const struct ws_lookup *lookup,
                                            const struct ws_finding *finding,
                                            const struct ws_finding_shard *shard)
{
    const uint64_t index = finding->claims[shard->claim].claim.index;
    return find_entry(lookup, index)
               ? naming_of(lookup,
                           &ws_finding_shard_subject(finding, shard->claim, shard->subject)->digest,
                           index)
               : NULL;
}

enum ws_status ws_lookup_follow(const struct ws_lookup *lookup, const struct ws_finding *finding,
                                struct ws_arena *arena, struct ws_lookup_later **out, size_t *count,
                                struct ws_error *err)
{
    const enum ws_status status = check_beginning(lookup, &finding->head.checkpoint, err);
    if (status != WS_OK) {
        ws_error_prefix(err, "the log does not go on from what the bundle is of");
        return status;
    }
    *count = 0;
    *out = WS_ARENA_NEW(arena, struct ws_lookup_later, finding->claim_count + 1);
    if (!*out)
        return ws_fail_memory(err, "what was taken back");
    for (size_t i = 0; i < finding->shard_count; i++) {
        const struct ws_finding_shard *shard = &finding->shards[i];
        const struct ws_naming *naming = later_naming(lookup, finding, shard);
        if (shard->fate != WS_CLAIM_HOLDS || !naming || naming->fate == WS_CLAIM_HOLDS ||
            (*count > 0 && (*out)[*count - 1].claim == shard->claim))
            continue;
        (*out)[(*count)++] = (struct ws_lookup_later){shard->claim, naming->fate, naming->at};
    }
    return WS_OK;
}

/* Whole documents ------------------------------------------------------------------------------ */

/* Counts the keys of every document of a shard. */
static enum ws_status count_keys(const struct ws_shard *shard, struct ws_arena *arena,
                                 uint32_t **out, struct ws_error *err)
{
    uint32_t *counts = WS_ARENA_ZNEW(arena, uint32_t, shard->head.documents + 1);
    if (!counts)
        return ws_fail_memory(err, "the documents of a shard");
    for (uint64_t i = 0; i < UINT64_C(1) << shard->head.range.bits; i++) {
        struct ws_range_tile tile;
        struct ws_bytes bytes;
        WS_TRY(ws_range_file_tile(&shard->tiles, (uint32_t)i, &bytes, &tile, err));
        for (uint32_t p = 0; p < tile.count; p++) {
            const uint32_t number = ws_range_tile_number(&tile, p);
            if (number < shard->head.documents)
                counts[number]++;
        }
    }
    *out = counts;
    return WS_OK;
}

/* The copy of a shard of which every byte is what its head says; NULL where there is none. Each is
 * read through once. */
static const struct ws_shard *whole_shard(const struct ws_lookup *lookup,
                                          const struct ws_hash *digest)
{
    struct ws_shard_place *place = ws_shard_shelf_find(&lookup->shelf, digest);
    for (; place; place = ws_shard_shelf_next(&lookup->shelf, place)) {
        if (place->state != WS_INDEX_LIVE)
            continue;
        if (place->tiles == WS_TILES_UNREAD)
            place->tiles = ws_range_file_verify(&place->shard.tiles, place->shard.head.documents,
                                                NULL) == WS_OK
                               ? WS_TILES_WHOLE
                               : WS_TILES_SPOILT;
        if (place->tiles == WS_TILES_WHOLE)
            return &place->shard;
    }
    return NULL;
}

enum ws_status ws_lookup_measure(const struct ws_lookup *lookup, const struct ws_finding *finding,
                                 struct ws_arena *arena, uint64_t **sizes, struct ws_error *err)
{
    const struct ws_verdict *verdict = &finding->verdict;
    const struct ws_shard *counted = NULL;
    uint32_t *counts = NULL;
    uint64_t *all = WS_ARENA_ZNEW(arena, uint64_t, verdict->match_count + 1);
    if (!all)
        return ws_fail_memory(err, "the documents that match");
    /* Matches of one shard stand together. */
    for (size_t i = 0; i < verdict->match_count; i++) {
        const struct ws_verdict_match *match = &verdict->matches[i];
        const struct ws_statement_subject *subject =
            ws_finding_shard_subject(finding, match->claim, ws_finding_subject(match->document));
        const struct ws_shard *shard = whole_shard(lookup, &subject->digest);
        if (!shard)
            continue;
        if (shard != counted)
            WS_TRY(count_keys(shard, arena, &counts, err));
        counted = shard;
        const uint32_t number = ws_finding_number(match->document);
        all[i] = number < shard->head.documents ? counts[number] : 0;
    }
    *sizes = all;
    return WS_OK;
}
