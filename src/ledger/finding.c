#include "ledger/finding.h"

#include <inttypes.h>
#include <stdlib.h>

#include "fingerprint/fingerprint.h"
#include "ledger/mark_order.h"
#include "ledger/naming.h"
#include "ledger/shown.h"

const char *ws_searched_word(enum ws_searched state)
{
    static const char *const words[] = {
#define X(name, word) word,
        WS_SEARCHED_MAP(X)
#undef X
    };
    return words[state];
}

const char *ws_coverage_text(enum ws_coverage coverage)
{
    static const char *const texts[] = {
#define X(name, text) text,
        WS_COVERAGE_MAP(X)
#undef X
    };
    return texts[coverage];
}

bool ws_finding_holds(const struct ws_finding_claim *claim)
{
    return claim->claim.standing == WS_CLAIM_COUNTS &&
           ws_statement_has_shards(claim->claim.statement.kind) && claim->fate == WS_CLAIM_HOLDS;
}

const struct ws_statement_subject *ws_finding_shard_subject(const struct ws_finding *finding,
                                                            size_t claim, uint32_t subject)
{
    return &finding->claims[claim].claim.statement.subjects[subject];
}

/* A tile that leads to the root of its range; its count is 0 where it was not there. */
struct tiles {
    const struct ws_evidence_tiles *from;
    unsigned bits;
    struct ws_range_tile *read; /* as many as `from` has */
};

/* What the index has of one fingerprint. */
struct answer {
    const struct ws_range_tile *tile; /* NULL: it is not there */
    uint32_t first, count;
};

/* No number of a live shard. */
#define NOT_LIVE SIZE_MAX

/* A shard that the index's mirror verified, by its list. */
struct verified_shard {
    struct ws_hash digest;
    size_t number; /* of a live one; NOT_LIVE: it is keyed */
};

/* A shard of the evidence. */
struct searched_shard {
    struct ws_hash digest;
    struct tiles tiles;
    const struct ws_ordered_marks *marks; /* as it is asked for them; NULL: it cannot be */
    const char *key;                      /* that is not here; NULL */
    const char *why;                      /* it is damaged; NULL */
};

struct making {
    const struct ws_evidence *evidence;
    const struct ws_finding_reader *reader;
    struct ws_arena *arena;
    struct ws_error *err;
    struct ws_finding *out;
    struct ws_ordered_marks marks;
    struct ws_ordered_marks *keyed; /* by key of the reader */
    struct searched_shard *shards;
    struct ws_shown shown;
    struct tiles index;
    struct ws_index_list list;
    const struct ws_index_shard **live; /* those of the list, by number */
    size_t live_count;
    struct verified_shard *verified; /* by digest */
    size_t verified_count;
    struct answer *answers;  /* by place in the order, at the first of equal fingerprints */
    bool is_index_refuted;   /* by a head or a tile of a shard that it has as live */
    struct ws_buffer hits;   /* struct ws_verdict_hit */
    uint64_t hit_count;      /* also of those beyond its limit */
    struct ws_buffer exacts; /* struct ws_verdict_exact */
};

/* Marks of the same fingerprint as the i-th; at least 1. */
static size_t count_equal(const struct ws_ordered_marks *marks, size_t i)
{
    size_t n = 1;
    while (i + n < marks->count && ws_ordered_mark(marks, i + n) == ws_ordered_mark(marks, i))
        n++;
    return n;
}

/* Tiles ---------------------------------------------------------------------------------------- */

static enum ws_status check_tiles(struct making *in, const struct ws_range *range,
                                  const struct ws_evidence_tiles *from, struct tiles *out,
                                  struct ws_error *why)
{
    *out = (struct tiles){from, range->bits,
                          WS_ARENA_NEW(in->arena, struct ws_range_tile, from->count + 1)};
    if (!out->read)
        return ws_fail_memory(why, "the tiles of a range");
    for (size_t i = 0; i < from->count; i++) {
        const uint32_t index = ws_evidence_tile_index(&from->items[i]);
        if (index >> range->bits != 0)
            return ws_fail(why, WS_CORRUPT, "tile %" PRIu32 " of %" PRIu64, index,
                           UINT64_C(1) << range->bits);
        WS_TRY(ws_range_check(range, index, &from->items[i], &out->read[i], why));
    }
    return WS_OK;
}

/* The tile that answers for a fingerprint; NULL where the evidence has it not. */
static const struct ws_range_tile *tile_for(const struct tiles *tiles, uint64_t value)
{
    const struct ws_range_proof *proof =
        ws_evidence_tile(tiles->from, ws_range_tile_of(value, tiles->bits));
    return proof ? &tiles->read[proof - tiles->from->items] : NULL;
}

/* Statements ----------------------------------------------------------------------------------- */

static const struct ws_log_proof *find_entry(const struct ws_evidence *evidence, uint64_t index)
{
    size_t low = 0, high = evidence->entry_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (evidence->entries[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < evidence->entry_count && evidence->entries[low].index == index
               ? &evidence->entries[low]
               : NULL;
}

static enum ws_status read_cited(void *in_, uint64_t index, struct ws_arena *arena,
                                 struct ws_bytes *out, struct ws_error *err)
{
    const struct making *in = in_;
    const struct ws_log_proof *proof = find_entry(in->evidence, index);
    (void)arena;
    if (!proof)
        return ws_fail(err, WS_CORRUPT, "entry %" PRIu64 " is cited, and its proof is not there",
                       index);
    *out = proof->extra;
    return WS_OK;
}

static bool is_disputed(const struct making *in, uint64_t entry)
{
    const struct ws_finding_reader *reader = in->reader;
    for (size_t i = 0; i < reader->dispute_count; i++)
        if (reader->disputes[i].entry == entry &&
            reader->disputes[i].since + reader->roles->max_opening <= reader->now)
            return true;
    return false;
}

static enum ws_status prove_entry(struct making *in, const struct ws_log_proof *proof,
                                  struct ws_finding_claim *out)
{
    const struct ws_checkpoint *head = &in->out->head.checkpoint;
    enum ws_status status = ws_log_proof_check(proof, proof->extra, in->reader->trust, in->arena,
                                               &out->trusted, in->err);
    if (status != WS_OK) {
        ws_error_prefix(in->err, "entry %" PRIu64, proof->index);
        return status;
    }
    if (strcmp(out->trusted.checkpoint.origin, head->origin) != 0 || proof->index >= head->size)
        return ws_fail(in->err, WS_CORRUPT,
                       "entry %" PRIu64 " of '%.100s', beside %" PRIu64 " entries of '%.100s'",
                       proof->index, out->trusted.checkpoint.origin, head->size, head->origin);
    return WS_OK;
}

/* What covers a later entry covers all before it: whoever proves an entry by a checkpoint that is
 * later than need be cannot put it behind others of the same log. */
static enum ws_status prove_entries(struct making *in)
{
    struct ws_finding_claim *claims = in->out->claims;
    const size_t count = in->evidence->entry_count;
    for (size_t i = 0; i < count; i++)
        WS_TRY(prove_entry(in, &in->evidence->entries[i], &claims[i]));
    for (size_t i = count; i-- > 1;)
        if (claims[i].trusted.time < claims[i - 1].trusted.time)
            claims[i - 1].trusted = claims[i].trusted;
    return WS_OK;
}

static enum ws_status read_statement(struct making *in, struct ws_claims *claims,
                                     const struct ws_log_proof *proof, struct ws_finding_claim *out)
{
    /* Entries between are not there: what they could say is what their gatherer left out. */
    claims->size = proof->index;
    WS_TRY(
        ws_claims_read(claims, proof->extra, out->trusted.time, in->arena, &out->claim, in->err));
    out->party = out->claim.is_of_party ? in->reader->roles->parties[out->claim.party] : NULL;
    out->is_disputed = is_disputed(in, proof->index);
    return WS_OK;
}

static enum ws_status follow_claims(struct making *in, struct ws_claims *claims)
{
    struct ws_finding *out = in->out;
    WS_TRY(prove_entries(in));
    for (; out->claim_count < in->evidence->entry_count; out->claim_count++)
        WS_TRY(read_statement(in, claims, &in->evidence->entries[out->claim_count],
                              &out->claims[out->claim_count]));
    for (size_t i = 0; i < out->claim_count; i++) {
        struct ws_finding_claim *claim = &out->claims[i];
        if (claim->claim.standing == WS_CLAIM_COUNTS || ws_claim_names_shards(&claim->claim))
            claim->fate =
                ws_claims_fate(claims, claim->claim.index, claim->claim.key, &claim->withdrawn_in);
    }
    return WS_OK;
}

static enum ws_status read_statements(struct making *in)
{
    struct ws_claims claims;
    struct ws_finding *out = in->out;
    out->claims = WS_ARENA_ZNEW(in->arena, struct ws_finding_claim, in->evidence->entry_count + 1);
    if (!out->claims)
        return ws_fail_memory(in->err, "the claims of a lookup");
    enum ws_status status =
        ws_claims_open(&claims, in->reader->roles, (struct ws_claims_log){read_cited, in},
                       in->arena->allocator, in->err);
    if (status == WS_OK)
        status = follow_claims(in, &claims);
    ws_claims_close(&claims);
    return status;
}

/* The index ------------------------------------------------------------------------------------ */

static bool is_of_index(const struct ws_finding_claim *claim)
{
    return claim->claim.standing == WS_CLAIM_COUNTS && claim->fate == WS_CLAIM_HOLDS &&
           claim->claim.statement.kind == WS_STATEMENT_INDEX;
}

static bool names_index(const struct ws_finding_claim *claim, const struct ws_hash *digest)
{
    return is_of_index(claim) && ws_hash_equal(&claim->claim.statement.subjects[0].digest, digest);
}

static bool is_named(const struct making *in, const struct ws_hash *digest)
{
    for (size_t i = 0; i < in->out->claim_count; i++)
        if (names_index(&in->out->claims[i], digest))
            return true;
    return false;
}

/* Of the party one claim is there already. */
static bool has_signed(const struct ws_finding *out, size_t party)
{
    for (size_t i = 0; i < out->signer_count; i++)
        if (out->claims[out->signers[i]].claim.party == party)
            return true;
    return false;
}

/* Whoever shows an old index keeps back what was logged since: its mirror may have signed a newer
 * one. */
static void find_newest(struct making *in)
{
    struct ws_finding *out = in->out;
    uint64_t most = in->list.log.size;
    for (size_t i = 0; i < out->claim_count; i++) {
        const struct ws_index_statement *said = &out->claims[i].claim.statement.index;
        if (!is_of_index(&out->claims[i]) || said->entries <= most ||
            strcmp(said->log, in->list.log.origin) != 0)
            continue;
        out->newest = i;
        most = said->entries;
    }
}

/* What each mirror says of the entries that the list is of: this index, or another. */
static enum ws_status hear_mirrors(struct making *in, const struct ws_hash *digest,
                                   struct ws_error *why)
{
    struct ws_finding *out = in->out;
    out->signers = WS_ARENA_NEW(in->arena, size_t, out->claim_count);
    out->dissenters = WS_ARENA_NEW(in->arena, size_t, out->claim_count);
    if (!out->signers || !out->dissenters)
        return ws_fail_memory(why, "the mirrors of an index");
    for (size_t i = 0; i < out->claim_count; i++) {
        const struct ws_finding_claim *claim = &out->claims[i];
        const struct ws_index_statement *said = &claim->claim.statement.index;
        if (!is_of_index(claim) || said->entries != in->list.log.size ||
            strcmp(said->log, in->list.log.origin) != 0)
            continue;
        if (!names_index(claim, digest) || !ws_hash_equal(&said->root, &in->list.log.root))
            out->dissenters[out->dissenter_count++] = i;
        else if (!has_signed(out, claim->claim.party))
            out->signers[out->signer_count++] = i;
    }
    return out->signer_count > 0
               ? WS_OK
               : ws_fail(why, WS_CORRUPT, "the list is of something else than statements say");
}

static int compare_digests(const void *a_, const void *b_)
{
    const struct verified_shard *a = a_, *b = b_;
    return memcmp(a->digest.bytes, b->digest.bytes, WS_HASH_SIZE);
}

static enum ws_status list_verified(struct making *in)
{
    const size_t count = in->list.shard_count;
    in->live = WS_ARENA_NEW(in->arena, const struct ws_index_shard *, count + 1);
    in->verified = WS_ARENA_NEW(in->arena, struct verified_shard, count + 1);
    if (!in->live || !in->verified)
        return ws_fail_memory(in->err, "an index's list");
    for (size_t i = 0; i < count; i++) {
        const struct ws_index_shard *line = &in->list.shards[i];
        const bool is_live = line->state == WS_INDEX_LIVE;
        if (is_live || line->state == WS_INDEX_KEYED)
            in->verified[in->verified_count++] =
                (struct verified_shard){line->digest, is_live ? in->live_count : NOT_LIVE};
        if (is_live)
            in->live[in->live_count++] = line;
    }
    qsort(in->verified, in->verified_count, sizeof *in->verified, compare_digests);
    return WS_OK;
}

/* Each fingerprint is looked up in the index once, and not for each shard. */
static enum ws_status ask_index(struct making *in)
{
    const size_t count = in->evidence->query.mark_count;
    in->answers = WS_ARENA_NEW(in->arena, struct answer, count + 1);
    if (!in->answers)
        return ws_fail_memory(in->err, "an index");
    for (size_t i = 0; i < count; i += count_equal(&in->marks, i)) {
        struct answer *answer = &in->answers[i];
        const uint64_t value = ws_ordered_mark(&in->marks, i);
        *answer = (struct answer){.tile = tile_for(&in->index, value)};
        if (answer->tile)
            answer->count = ws_range_tile_find(answer->tile, value, &answer->first);
    }
    return WS_OK;
}

/* The list, and every tile, is what a mirror signed. */
static enum ws_status check_index(struct making *in, const struct ws_hash *digest,
                                  struct ws_error *why)
{
    const struct ws_evidence_index *index = &in->evidence->index;
    struct ws_hash hash;
    WS_TRY(ws_hash_of(index->list, &hash, why));
    if (!ws_hash_equal(&hash, &index->head.list))
        return ws_fail(why, WS_CORRUPT, "the list is not the head's");
    WS_TRY(ws_index_list_read(index->list, in->arena, &in->list, why));
    if (strcmp(in->list.log.origin, in->out->head.checkpoint.origin) != 0 ||
        in->list.log.size != index->head.entries ||
        strcmp(in->list.scheme, in->evidence->scheme) != 0)
        return ws_fail(why, WS_CORRUPT, "the list is of something else than the head says");
    WS_TRY(check_tiles(in, &index->head.range, &index->tiles, &in->index, why));
    WS_TRY(list_verified(in));
    WS_TRY(ask_index(in));
    find_newest(in);
    return hear_mirrors(in, digest, why);
}

static enum ws_status read_index(struct making *in)
{
    struct ws_error why;
    struct ws_hash digest;
    struct ws_finding *out = in->out;
    out->coverage = WS_COVERAGE_NO_INDEX;
    if (!in->evidence->has_index)
        return WS_OK;
    WS_TRY(ws_hash_of(in->evidence->index.head_bytes, &digest, in->err));
    out->coverage = WS_COVERAGE_UNSIGNED;
    if (!is_named(in, &digest))
        return WS_OK;
    const enum ws_status status = check_index(in, &digest, &why);
    out->refused += status != WS_OK;
    out->index_entries = in->evidence->index.head.entries;
    if (status != WS_OK)
        out->coverage = WS_COVERAGE_DAMAGED;
    else if (out->signer_count < out->index_quorum)
        out->coverage = WS_COVERAGE_FEW_SIGNED;
    else
        out->coverage = WS_COVERAGE_COMPLETE;
    return status == WS_NO_MEMORY ? ws_fail_memory(in->err, "an index") : WS_OK;
}

static bool is_index_sound(const struct making *in)
{
    return in->out->coverage == WS_COVERAGE_COMPLETE;
}

/* What the index says of a shard that its mirror verified; NULL where it does not, or is not sound.
 */
static const struct verified_shard *find_verified(const struct making *in,
                                                  const struct ws_hash *shard)
{
    const struct verified_shard wanted = {.digest = *shard};
    return is_index_sound(in)
               ? bsearch(&wanted, in->verified, in->verified_count, sizeof wanted, compare_digests)
               : NULL;
}

/* The number of this shard in the index; NOT_LIVE where it is in none that is sound. */
static size_t live_number(const struct making *in, const struct ws_hash *shard)
{
    const struct verified_shard *found = find_verified(in, shard);
    return found ? found->number : NOT_LIVE;
}

/* Whether the index proves that the live shard with this number has not the fingerprint at this
 * place of the order. */
static bool is_absent_by_index(const struct making *in, size_t live, size_t place)
{
    if (live == NOT_LIVE)
        return false;
    const struct answer *answer = &in->answers[place];
    for (uint32_t i = 0; i < answer->count; i++)
        if (ws_range_tile_number(answer->tile, answer->first + i) == live)
            return false;
    return answer->tile != NULL;
}

/* The line of the list on a subject of an entry; NULL where there is none. */
static const struct ws_index_shard *find_line(const struct making *in, uint64_t entry,
                                              uint32_t subject)
{
    size_t low = 0, high = in->list.shard_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct ws_index_shard *line = &in->list.shards[middle];
        if (line->entry < entry || (line->entry == entry && line->subject < subject))
            low = middle + 1;
        else
            high = middle;
    }
    const struct ws_index_shard *line = &in->list.shards[low];
    return low < in->list.shard_count && line->entry == entry && line->subject == subject ? line
                                                                                          : NULL;
}

/* Why a shard counts for nothing though it may be at hand: the index does not say that its mirror
 * fetched and verified it. NULL where it does, and where there is no index that is sound: then the
 * reader's own word is all there is. */
static const char *why_unverified(const struct making *in, const struct ws_finding_shard *shard)
{
    static const char *const said[WS_INDEX_STATES] = {
        [WS_INDEX_UNAVAILABLE] = "the index says that its mirror could not get it",
        [WS_INDEX_DAMAGED] = "the index says that what its mirror got is not what it may be",
        [WS_INDEX_FOREIGN] = "the index says that it has another scheme of fingerprints",
        [WS_INDEX_WITHDRAWN] = "the index says that it was withdrawn",
        [WS_INDEX_UNFOUNDED] = "the index is by roles under which its statement does not count",
    };
    if (!is_index_sound(in))
        return NULL;
    const struct ws_hash *digest =
        &ws_finding_shard_subject(in->out, shard->claim, shard->subject)->digest;
    const struct ws_index_shard *line =
        find_line(in, in->out->claims[shard->claim].claim.index, shard->subject);
    if (line && !ws_hash_equal(&line->digest, digest))
        return "the index has another shard in its place";
    if (line && said[line->state])
        return said[line->state];
    return find_verified(in, digest) ? NULL : "no mirror has verified it: the index lacks it";
}

/* Shards --------------------------------------------------------------------------------------- */

/* The marks under the key that the shard was made with, once for each key. */
static enum ws_status take_keyed(struct making *in, const struct ws_evidence_shard *from,
                                 const char *name, struct searched_shard *out)
{
    const struct ws_shard_keys *keys = &in->reader->keys;
    const struct ws_query *query = &in->evidence->query;
    const struct ws_shard_key *key = ws_shard_keys_find(keys, from->head.scheme);
    if (!key && from->tiles.count > 0)
        return ws_fail(in->err, WS_INVALID,
                       "there are tiles of a keyed shard, and its key %s is not here: --keys FILE",
                       name);
    if (!key) {
        out->key = ws_arena_format(in->arena, "keyed, and its key is not here: %s", name);
        return out->key ? WS_OK : ws_fail_memory(in->err, "a shard");
    }
    struct ws_ordered_marks *marks = &in->keyed[key - keys->items];
    out->marks = marks;
    return marks->order ? WS_OK
                        : ws_ordered_marks_make(query->marks, query->mark_count, key, in->arena,
                                                marks, in->err);
}

static enum ws_status read_shard(struct making *in, const struct ws_evidence_shard *from,
                                 struct searched_shard *out)
{
    struct ws_error why;
    const char *key = ws_shard_key_name(from->head.scheme);
    WS_TRY(ws_hash_of(from->head_bytes, &out->digest, in->err));
    if (key)
        WS_TRY(take_keyed(in, from, key, out));
    else if (strcmp(from->head.scheme, in->evidence->scheme) == 0)
        out->marks = &in->marks;
    /* An index can have fingerprints of its own scheme alone, and none that are under a key. */
    in->is_index_refuted |= out->marks != &in->marks && live_number(in, &out->digest) != NOT_LIVE;
    const enum ws_status status =
        check_tiles(in, &from->head.range, &from->tiles, &out->tiles, &why);
    if (status == WS_OK)
        return WS_OK;
    in->out->refused++;
    out->why = ws_arena_text(in->arena, why.message);
    return status == WS_NO_MEMORY || !out->why ? ws_fail_memory(in->err, "a shard") : WS_OK;
}

static enum ws_status read_shards(struct making *in)
{
    const struct ws_evidence *evidence = in->evidence;
    in->shards = WS_ARENA_ZNEW(in->arena, struct searched_shard, evidence->shard_count + 1);
    if (!in->shards)
        return ws_fail_memory(in->err, "the shards of a lookup");
    for (size_t i = 0; i < evidence->shard_count; i++)
        WS_TRY(read_shard(in, &evidence->shards[i], &in->shards[i]));
    return WS_OK;
}

static const struct searched_shard *find_shard(const struct making *in,
                                               const struct ws_hash *digest)
{
    for (size_t i = 0; i < in->evidence->shard_count; i++)
        if (ws_hash_equal(&in->shards[i].digest, digest))
            return &in->shards[i];
    return NULL;
}

/* What a claim's shard has of one fingerprint. */
struct found {
    const struct ws_ordered_marks *marks;
    size_t place, mark_count; /* of the marks with it, in their order */
    const struct ws_range_tile *tile;
    uint32_t first, count;
};

/* Whether the claim counts for a document that has the fingerprint: what was shown of it has it,
 * too, and something was shown if the claim is disputed. */
static bool is_founded(const struct found *found, const struct ws_shown *shown, bool is_disputed,
                       uint32_t number)
{
    const struct ws_shown_document *document = ws_shown_find(shown, number);
    return document ? ws_shown_has(document, ws_ordered_mark(found->marks, found->place))
                    : !is_disputed;
}

/* Each mark of a fingerprint with each document that has it and for which the claim counts; of one
 * that too many have the first of these says so. */
static void add_hits(struct making *in, const struct ws_finding_shard *shard,
                     const struct ws_shown *shown, const struct found *found)
{
    const bool is_disputed = in->out->claims[shard->claim].is_disputed;
    const bool is_common = found->count > ws_verdict_rules_5.most_documents;
    bool is_said = false;
    for (uint32_t i = 0; i < found->count && !(is_common && is_said); i++) {
        const uint32_t number = ws_range_tile_number(found->tile, found->first + i);
        if (!is_founded(found, shown, is_disputed, number))
            continue;
        is_said = true;
        in->hit_count += found->mark_count;
        for (size_t m = 0; m < found->mark_count && in->hits.status == WS_OK; m++) {
            const struct ws_verdict_hit hit = {
                .claim = shard->claim,
                .document = (uint64_t)shard->subject << 32 | number,
                .mark = found->marks->order[found->place + m],
                .documents = found->count,
            };
            ws_buffer_append(&in->hits, &hit, sizeof hit);
        }
    }
}

/* Looks each fingerprint up in a shard that a claim names. */
static void search_shard(struct making *in, const struct searched_shard *shard,
                         struct ws_finding_shard *out)
{
    const struct ws_ordered_marks *marks = shard->marks;
    /* The index knows fingerprints as they are. */
    const size_t live = marks == &in->marks ? live_number(in, &shard->digest) : NOT_LIVE;
    const struct ws_shown shown = ws_shown_of_shard(&in->shown, &shard->digest);
    bool is_whole = true;
    for (size_t i = 0; i < marks->count; i += count_equal(marks, i)) {
        const uint64_t value = ws_ordered_mark(marks, i);
        struct found found = {marks, i, count_equal(marks, i), tile_for(&shard->tiles, value),
                              0,     0};
        if (found.tile)
            found.count = ws_range_tile_find(found.tile, value, &found.first);
        if (found.count > 0) {
            out->found++;
            add_hits(in, out, &shown, &found);
            in->is_index_refuted |= is_absent_by_index(in, live, i);
        }
        is_whole &= found.tile || is_absent_by_index(in, live, i);
    }
    out->state = is_whole ? WS_SEARCHED_WHOLE : WS_SEARCHED_PARTLY;
}

static void judge_shard(struct making *in, const struct ws_hash *digest,
                        struct ws_finding_shard *out)
{
    const struct searched_shard *shard = find_shard(in, digest);
    const char *unverified = why_unverified(in, out);
    if (out->fate != WS_CLAIM_HOLDS)
        out->state = out->fate == WS_CLAIM_WITHDRAWN ? WS_SEARCHED_WITHDRAWN : WS_SEARCHED_REVOKED;
    else if (!shard || unverified || shard->key)
        out->state = WS_SEARCHED_UNAVAILABLE;
    else if (shard->why)
        out->state = WS_SEARCHED_DAMAGED;
    else if (!shard->marks)
        out->state = WS_SEARCHED_FOREIGN;
    else
        search_shard(in, shard, out);
    if (out->state == WS_SEARCHED_UNAVAILABLE)
        out->why = unverified || !shard ? unverified : shard->key;
    if (out->state == WS_SEARCHED_DAMAGED)
        out->why = shard->why;
}

static const struct ws_hash *digest_of(const struct ws_finding *finding,
                                       const struct ws_finding_shard *shard)
{
    return &ws_finding_shard_subject(finding, shard->claim, shard->subject)->digest;
}

static bool has_shards(const struct ws_finding_claim *claim)
{
    return claim->claim.standing == WS_CLAIM_COUNTS &&
           ws_statement_has_shards(claim->claim.statement.kind);
}

/* Every shard that a claim names, in the order of claims. */
static void list_shards(struct ws_finding *out)
{
    for (size_t i = 0; i < out->claim_count; i++)
        for (size_t s = 0;
             has_shards(&out->claims[i]) && s < out->claims[i].claim.statement.subject_count; s++)
            out->shards[out->shard_count++] =
                (struct ws_finding_shard){.claim = i, .subject = (uint32_t)s};
}

static size_t list_namings(const struct ws_finding *finding, struct ws_naming *out)
{
    size_t count = 0;
    for (size_t i = 0; i < finding->claim_count; i++) {
        const struct ws_finding_claim *claim = &finding->claims[i];
        const struct ws_statement *s = &claim->claim.statement;
        for (size_t k = 0; ws_claim_names_shards(&claim->claim) && k < s->subject_count; k++)
            out[count++] = (struct ws_naming){s->subjects[k].digest, claim->claim.index,
                                              claim->claim.party, claim->fate, claim->withdrawn_in};
    }
    ws_namings_settle(out, count);
    return count;
}

static enum ws_status find_fates(struct making *in, size_t most)
{
    struct ws_finding *out = in->out;
    struct ws_naming *namings = WS_ARENA_NEW(in->arena, struct ws_naming, most + 1);
    if (!namings)
        return ws_fail_memory(in->err, "the shards of a lookup");
    const size_t count = list_namings(out, namings);
    for (size_t i = 0; i < out->shard_count; i++) {
        struct ws_finding_shard *shard = &out->shards[i];
        const struct ws_naming *naming = &namings[ws_namings_find(
            namings, count, digest_of(out, shard), out->claims[shard->claim].claim.index)];
        shard->fate = naming->fate;
        shard->withdrawn_in = naming->at;
    }
    return WS_OK;
}

/* A verdict weighs all that is shared at every place of the text, so that it is all there at once.
 * Of parts each shares about its part of it. */
static enum ws_status fail_hits(const struct making *in)
{
    const uint64_t most = WS_FINDING_HITS_LIMIT / sizeof(struct ws_verdict_hit);
    const uint64_t parts = in->hit_count / most + 1;
    return ws_fail(in->err, WS_LIMIT,
                   "the text shares %" PRIu64
                   " fingerprints with documents of shards, counting each for every document that "
                   "has it; at most %" PRIu64 " are taken at once. Look up %" PRIu64
                   " parts of it or more, as 'split -n l/%" PRIu64 " FILE' makes them",
                   in->hit_count, most, parts, parts);
}

static enum ws_status search_shards(struct making *in)
{
    struct ws_finding *out = in->out;
    size_t most = 0;
    for (size_t i = 0; i < out->claim_count; i++)
        most += out->claims[i].claim.statement.subject_count;
    out->shards = WS_ARENA_ZNEW(in->arena, struct ws_finding_shard, most + 1);
    if (!out->shards)
        return ws_fail_memory(in->err, "the shards of a lookup");
    list_shards(out);
    WS_TRY(find_fates(in, most));
    for (size_t i = 0; i < out->shard_count; i++)
        judge_shard(in, digest_of(out, &out->shards[i]), &out->shards[i]);
    if (in->hits.status == WS_LIMIT)
        return fail_hits(in);
    return ws_buffer_check(&in->hits, "what is shared with shards", in->err);
}

/* What was shown ------------------------------------------------------------------------------- */

static enum ws_status read_shown(struct making *in)
{
    const struct ws_evidence *evidence = in->evidence;
    WS_TRY(ws_shown_read(evidence->openings, evidence->opening_count, &evidence->query.digest,
                         &in->reader->keys, in->arena, &in->shown, in->err));
    in->out->refused += in->shown.refused;
    return WS_OK;
}

/* The documents that were shown of what a claim names, and of them the one that is looked up. */
static void take_shown(struct making *in, const struct ws_finding_shard *shard)
{
    struct ws_finding_claim *claim = &in->out->claims[shard->claim];
    const struct ws_statement_subject *subject = &claim->claim.statement.subjects[shard->subject];
    const struct ws_shown shown = ws_shown_of_shard(&in->shown, &subject->digest);
    if (shard->fate != WS_CLAIM_HOLDS || why_unverified(in, shard))
        return;
    for (size_t i = 0; i < shown.count; i++) {
        const struct ws_verdict_exact exact = {.claim = shard->claim,
                                               .document = (uint64_t)shard->subject << 32 |
                                                           shown.items[i].opening->number};
        if (ws_shown_is_again(&shown, i))
            continue;
        claim->shown++;
        if (shown.items[i].is_query)
            ws_buffer_append(&in->exacts, &exact, sizeof exact);
    }
}

static enum ws_status take_all_shown(struct making *in)
{
    for (size_t i = 0; i < in->out->shard_count; i++)
        take_shown(in, &in->out->shards[i]);
    return ws_buffer_check(&in->exacts, "what was shown", in->err);
}

/* Whether anything was left out ---------------------------------------------------------------- */

/* Claims of this shard, and how many of them were not searched. */
static size_t count_claims(const struct making *in, const struct ws_hash *digest,
                           size_t *unsearched)
{
    const struct ws_finding *out = in->out;
    size_t count = 0;
    *unsearched = 0;
    for (size_t i = 0; i < out->shard_count; i++) {
        const struct ws_finding_shard *shard = &out->shards[i];
        if (!ws_hash_equal(digest_of(out, shard), digest))
            continue;
        count++;
        *unsearched += shard->state != WS_SEARCHED_WHOLE && shard->state != WS_SEARCHED_WITHDRAWN &&
                       shard->state != WS_SEARCHED_REVOKED;
    }
    return count;
}

static bool is_searched(const struct making *in, const struct ws_hash *digest)
{
    size_t unsearched;
    return count_claims(in, digest, &unsearched) > 0 && unsearched == 0;
}

/* The statement of a line of the list, if it is there and names that shard; else NULL. */
static const struct ws_claim *claim_of(const struct making *in, const struct ws_index_shard *line)
{
    const struct ws_log_proof *proof = find_entry(in->evidence, line->entry);
    const struct ws_claim *claim =
        proof ? &in->out->claims[proof - in->evidence->entries].claim : NULL;
    return claim && ws_claim_names_shards(claim) &&
                   line->subject < claim->statement.subject_count &&
                   ws_hash_equal(&claim->statement.subjects[line->subject].digest, &line->digest)
               ? claim
               : NULL;
}

static bool is_early(const struct making *in, const struct ws_index_shard *line)
{
    const struct ws_claim *claim = claim_of(in, line);
    return claim && claim->standing == WS_CLAIM_EARLY;
}

/* A line of a shard that is not in the index leaves nothing out where the reader would not count
 * it, either. Mirrors count what is early: they know no dates. */
static bool leaves_nothing_out(const struct making *in, const struct ws_index_shard *line)
{
    switch (line->state) {
    case WS_INDEX_LIVE:
        return true;
    case WS_INDEX_REPEATED:
        return live_number(in, &line->digest) != NOT_LIVE;
    case WS_INDEX_KEYED:
        return (is_searched(in, &line->digest) && claim_of(in, line)) || is_early(in, line);
    case WS_INDEX_WITHDRAWN:
    case WS_INDEX_UNFOUNDED:
        return (in->list.has_roles && ws_hash_equal(&in->list.roles, &in->reader->roles_digest)) ||
               is_searched(in, &line->digest);
    case WS_INDEX_UNAVAILABLE:
    case WS_INDEX_DAMAGED:
    case WS_INDEX_FOREIGN:
        return is_early(in, line);
    case WS_INDEX_STATES:
        break;
    }
    return false;
}

/* A claim that holds here, of which the index should have the shard, and has it not: the mirror
 * could not get it, did not want to have it, or knows of a withdrawal that is not there. */
static bool is_missed(const struct making *in, const struct ws_finding_shard *shard)
{
    const struct ws_finding_claim *claim = &in->out->claims[shard->claim];
    return claim->claim.index < in->list.log.size && shard->fate == WS_CLAIM_HOLDS &&
           why_unverified(in, shard);
}

/* Every statement that the list has of a shard is there, also those that name it again, and counts
 * or is early. The mirror counted it: where it does neither here, what it rests on may have been
 * left out, the change that brought its key in for one. */
static bool is_heard(const struct making *in, const struct ws_hash *digest)
{
    for (size_t i = 0; i < in->list.shard_count; i++) {
        const struct ws_index_shard *line = &in->list.shards[i];
        if ((line->state == WS_INDEX_LIVE || line->state == WS_INDEX_REPEATED) &&
            ws_hash_equal(&line->digest, digest) && !claim_of(in, line))
            return false;
    }
    return true;
}

/* What the index says of the fingerprint at this place of the order was searched, too. */
static enum ws_coverage cover_value(const struct making *in, size_t place)
{
    const struct answer *answer = &in->answers[place];
    if (!answer->tile)
        return WS_COVERAGE_PARTLY;
    for (uint32_t i = 0; i < answer->count; i++) {
        const uint32_t number = ws_range_tile_number(answer->tile, answer->first + i);
        size_t unsearched = 0;
        if (number < in->live_count)
            (void)count_claims(in, &in->live[number]->digest, &unsearched);
        if (number >= in->live_count || unsearched > 0 || !is_heard(in, &in->live[number]->digest))
            return WS_COVERAGE_NOT_FOUND;
    }
    return WS_COVERAGE_COMPLETE;
}

static void judge_coverage(struct making *in)
{
    struct ws_finding *out = in->out;
    if (!is_index_sound(in))
        return;
    if (in->evidence->query.mark_count == 0)
        out->coverage = WS_COVERAGE_NO_MARKS;
    if (in->is_index_refuted)
        out->coverage = WS_COVERAGE_REFUTED;
    for (size_t i = 0; i < in->list.shard_count && is_index_sound(in); i++)
        if (!leaves_nothing_out(in, &in->list.shards[i]))
            out->coverage = WS_COVERAGE_LEFT_OUT;
    for (size_t i = 0; i < out->shard_count && is_index_sound(in); i++)
        if (is_missed(in, &out->shards[i]))
            out->coverage = WS_COVERAGE_LEFT_OUT;
    for (size_t i = 0; i < in->evidence->query.mark_count && is_index_sound(in);
         i += count_equal(&in->marks, i))
        out->coverage = cover_value(in, i);
}

/* The verdict ---------------------------------------------------------------------------------- */

static struct ws_verdict_claim verdict_claim(const struct ws_finding_claim *claim)
{
    const struct ws_statement *s = &claim->claim.statement;
    struct ws_verdict_claim out = {.since = claim->trusted.time};
    if (!ws_finding_holds(claim) || s->kind != WS_STATEMENT_EMISSION)
        return out;
    out.is_emission = true;
    out.start = claim->claim.start;
    out.at_least = s->emission.depth.at_least;
    out.has_most = s->emission.depth.has_most;
    out.at_most = s->emission.depth.at_most;
    return out;
}

static enum ws_status decide(struct making *in)
{
    struct ws_finding *out = in->out;
    const struct ws_query *query = &in->evidence->query;
    struct ws_verdict_claim *claims =
        WS_ARENA_NEW(in->arena, struct ws_verdict_claim, out->claim_count + 1);
    if (!claims)
        return ws_fail_memory(in->err, "a verdict");
    for (size_t i = 0; i < out->claim_count; i++)
        claims[i] = verdict_claim(&out->claims[i]);
    const struct ws_verdict_input input = {
        /* A digest is of a whole, however long that is. */
        .characters = query->has_text ? query->characters : 1,
        .marks = query->marks,
        .mark_count = query->mark_count,
        .claims = claims,
        .claim_count = out->claim_count,
        .hits = (const struct ws_verdict_hit *)(const void *)in->hits.data,
        .hit_count = in->hits.size / sizeof(struct ws_verdict_hit),
        .exacts = (const struct ws_verdict_exact *)(const void *)in->exacts.data,
        .exact_count = in->exacts.size / sizeof(struct ws_verdict_exact),
    };
    return ws_verdict_decide(&ws_verdict_rules_5, &input, in->arena, &out->verdict, in->err);
}

/* A dispute of what is not there would be none, and go unnoticed. */
static enum ws_status check_disputes(const struct making *in)
{
    const uint64_t size = in->out->head.checkpoint.size;
    for (size_t i = 0; i < in->reader->dispute_count; i++)
        if (in->reader->disputes[i].entry >= size)
            return ws_fail(in->err, WS_INVALID,
                           "entry %" PRIu64 " is disputed, and the log has %" PRIu64 " entries",
                           in->reader->disputes[i].entry, size);
    return WS_OK;
}

static enum ws_status make(struct making *in)
{
    const struct ws_evidence *evidence = in->evidence;
    struct ws_finding *out = in->out;
    if (strcmp(evidence->rules, WS_VERDICT_ID) != 0)
        return ws_fail(in->err, WS_UNSUPPORTED, "rules '%s', wanted '" WS_VERDICT_ID "'",
                       evidence->rules);
    /* What the rules count is fingerprints of this scheme: of another they would be anything. */
    if (strcmp(evidence->scheme, WS_FINGERPRINT_ID) != 0)
        return ws_fail(in->err, WS_UNSUPPORTED, "scheme '%s', wanted '" WS_FINGERPRINT_ID "'",
                       evidence->scheme);
    out->is_same_policy = ws_hash_equal(&evidence->policy, &in->reader->policy_digest);
    out->mirrors = ws_roles_mirror_parties(in->reader->roles);
    out->index_quorum = in->reader->roles->index_quorum;
    out->is_same_roles = ws_hash_equal(&evidence->roles, &in->reader->roles_digest);
    in->keyed = WS_ARENA_ZNEW(in->arena, struct ws_ordered_marks, in->reader->keys.count + 1);
    if (!in->keyed)
        return ws_fail_memory(in->err, "a lookup");
    WS_TRY(ws_ordered_marks_make(evidence->query.marks, evidence->query.mark_count, NULL, in->arena,
                                 &in->marks, in->err));
    WS_TRY(ws_trust_check(in->reader->trust, evidence->checkpoint, in->arena, &out->head, in->err));
    WS_TRY(check_disputes(in));
    WS_TRY(read_statements(in));
    WS_TRY(read_index(in));
    WS_TRY(read_shards(in));
    WS_TRY(read_shown(in));
    WS_TRY(search_shards(in));
    WS_TRY(take_all_shown(in));
    judge_coverage(in);
    return decide(in);
}

enum ws_status ws_finding_make(const struct ws_evidence *evidence,
                               const struct ws_finding_reader *reader, struct ws_arena *arena,
                               struct ws_finding *out, struct ws_error *err)
{
    struct ws_finding finding = {.newest = WS_VERDICT_NO_CLAIM};
    struct making in = {
        .evidence = evidence, .reader = reader, .arena = arena, .err = err, .out = &finding};
    ws_buffer_init(&in.hits, arena->allocator, WS_FINDING_HITS_LIMIT);
    ws_buffer_init(&in.exacts, arena->allocator, SIZE_MAX);
    enum ws_status status = make(&in);
    ws_buffer_release(&in.hits);
    ws_buffer_release(&in.exacts);
    if (status == WS_OK)
        *out = finding;
    return status;
}
