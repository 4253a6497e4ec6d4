/*
 * What is at hand about a document: statements with their proofs, tiles of shards and of the index,
 * openings.
 */
#include <stdlib.h>

#include "fingerprint/fingerprint.h"
#include "ledger/lookup_internal.h"
#include "ledger/mark_order.h"

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
    const size_t most = ws_lookup_subject_count(lookup);
    size_t count = 0;
    struct ws_hash *digests = WS_ARENA_NEW(in->arena, struct ws_hash, most + 1);
    in->out->shards = WS_ARENA_NEW(in->arena, struct ws_evidence_shard, most + 1);
    if (!digests || !in->out->shards)
        return ws_fail_memory(in->err, "the shards of a lookup");
    for (size_t i = 0; i < ws_lookup_entry_count(lookup); i++) {
        const struct ws_lookup_entry *entry = ws_lookup_entry_at(lookup, i);
        for (size_t s = 0; ws_lookup_entry_has_shards(entry) && s < entry->subject_count; s++)
            if (ws_lookup_naming(lookup, &entry->subjects[s], entry->index)->fate == WS_CLAIM_HOLDS)
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
    const struct ws_lookup_date *date = ws_lookup_entry_date(lookup, index);
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
    for (size_t i = 0; i < ws_lookup_entry_count(lookup); i++) {
        const struct ws_lookup_entry *entry = ws_lookup_entry_at(lookup, i);
        if (entry->kind != WS_STATEMENT_INDEX || entry->indexed <= most ||
            !ws_lookup_entry_holds(lookup, entry))
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
    for (size_t i = 0; i < ws_lookup_entry_count(lookup); i++) {
        const struct ws_lookup_entry *entry = ws_lookup_entry_at(lookup, i);
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
    for (size_t i = 0; i < ws_lookup_entry_count(lookup); i++)
        most += 1 + ws_lookup_entry_at(lookup, i)->source_count;
    uint64_t *indices = WS_ARENA_NEW(in->arena, uint64_t, most + 1);
    in->out->entries = WS_ARENA_NEW(in->arena, struct ws_log_proof, most + 1);
    if (!indices || !in->out->entries)
        return ws_fail_memory(in->err, "the statements of a lookup");
    const size_t count = list_entries(in, indices);
    for (size_t i = 0; i < count; i++) {
        struct ws_log_proof *proof = &in->out->entries[in->out->entry_count++];
        while (listed < ws_lookup_entry_count(lookup) &&
               ws_lookup_entry_at(lookup, listed)->index < indices[i])
            listed++;
        if (listed < ws_lookup_entry_count(lookup) &&
            ws_lookup_entry_at(lookup, listed)->index == indices[i])
            WS_TRY(prove_listed(lookup, ws_lookup_entry_at(lookup, listed), proof, in->err));
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
