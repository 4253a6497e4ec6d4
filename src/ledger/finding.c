#include <inttypes.h>

#include "fingerprint/fingerprint.h"
#include "ledger/finding_internal.h"
#include "ledger/naming.h"

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

size_t ws_finding_equal_marks(const struct ws_ordered_marks *marks, size_t i)
{
    size_t n = 1;
    while (i + n < marks->count && ws_ordered_mark(marks, i + n) == ws_ordered_mark(marks, i))
        n++;
    return n;
}

/* Tiles ---------------------------------------------------------------------------------------- */

enum ws_status ws_finding_check_tiles(struct ws_finding_making *in, const struct ws_range *range,
                                      const struct ws_evidence_tiles *from,
                                      struct ws_finding_tiles *out, struct ws_error *why)
{
    *out = (struct ws_finding_tiles){
        from, range->bits, WS_ARENA_NEW(in->arena, struct ws_range_tile, from->count + 1)};
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

const struct ws_range_tile *ws_finding_tile(const struct ws_finding_tiles *tiles, uint64_t value)
{
    const struct ws_range_proof *proof =
        ws_evidence_tile(tiles->from, ws_range_tile_of(value, tiles->bits));
    return proof ? &tiles->read[proof - tiles->from->items] : NULL;
}

/* Statements ----------------------------------------------------------------------------------- */

const struct ws_log_proof *ws_finding_entry(const struct ws_evidence *evidence, uint64_t index)
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
    const struct ws_finding_making *in = in_;
    const struct ws_log_proof *proof = ws_finding_entry(in->evidence, index);
    (void)arena;
    if (!proof)
        return ws_fail(err, WS_CORRUPT, "entry %" PRIu64 " is cited, and its proof is not there",
                       index);
    *out = proof->extra;
    return WS_OK;
}

static bool is_disputed(const struct ws_finding_making *in, uint64_t entry)
{
    const struct ws_finding_reader *reader = in->reader;
    for (size_t i = 0; i < reader->dispute_count; i++)
        if (reader->disputes[i].entry == entry &&
            reader->disputes[i].since + reader->roles->max_opening <= reader->now)
            return true;
    return false;
}

static enum ws_status prove_entry(struct ws_finding_making *in, const struct ws_log_proof *proof,
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
static enum ws_status prove_entries(struct ws_finding_making *in)
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

static enum ws_status read_statement(struct ws_finding_making *in, struct ws_claims *claims,
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

static void find_fate(const struct ws_claims *claims, const struct ws_finding_claim *claim,
                      enum ws_claim_fate *fate, uint64_t *at)
{
    if (claim->claim.standing == WS_CLAIM_COUNTS)
        *fate = ws_claims_fate(claims, claim->claim.index, claim->claim.key, at);
    if (*fate == WS_CLAIM_REVOKED)
        *at = claim->claim.index;
}

/* Of what was read so far. */
static void find_fates_then(struct ws_finding *out, const struct ws_claims *claims)
{
    for (size_t i = 0; i < out->claim_count; i++)
        find_fate(claims, &out->claims[i], &out->claims[i].fate_then,
                  &out->claims[i].withdrawn_then);
}

static enum ws_status follow_claims(struct ws_finding_making *in, struct ws_claims *claims)
{
    struct ws_finding *out = in->out;
    const struct ws_evidence *evidence = in->evidence;
    const uint64_t entries = evidence->has_index ? evidence->index.head.entries : 0;
    bool is_then = false;
    WS_TRY(prove_entries(in));
    for (; out->claim_count < evidence->entry_count; out->claim_count++) {
        const struct ws_log_proof *proof = &evidence->entries[out->claim_count];
        if (!is_then && proof->index >= entries) {
            find_fates_then(out, claims);
            is_then = true;
        }
        WS_TRY(read_statement(in, claims, proof, &out->claims[out->claim_count]));
    }
    if (!is_then)
        find_fates_then(out, claims);
    for (size_t i = 0; i < out->claim_count; i++)
        find_fate(claims, &out->claims[i], &out->claims[i].fate, &out->claims[i].withdrawn_in);
    return WS_OK;
}

static enum ws_status read_statements(struct ws_finding_making *in)
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

/* Shards --------------------------------------------------------------------------------------- */

/* The marks under the key that the shard was made with, once for each key. */
static enum ws_status take_keyed(struct ws_finding_making *in, const struct ws_evidence_shard *from,
                                 const char *name, struct ws_searched_shard *out)
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

static enum ws_status read_shard(struct ws_finding_making *in, const struct ws_evidence_shard *from,
                                 struct ws_searched_shard *out)
{
    struct ws_error why;
    const char *key = ws_shard_key_name(from->head.scheme);
    WS_TRY(ws_hash_of(from->head_bytes, &out->digest, in->err));
    if (key)
        WS_TRY(take_keyed(in, from, key, out));
    else if (strcmp(from->head.scheme, in->evidence->scheme) == 0)
        out->marks = &in->marks;
    /* An index can have fingerprints of its own scheme alone, and none that are under a key. */
    in->is_index_refuted |=
        out->marks != &in->marks && ws_finding_live_number(in, &out->digest) != WS_INDEX_NOT_LIVE;
    const enum ws_status status =
        ws_finding_check_tiles(in, &from->head.range, &from->tiles, &out->tiles, &why);
    if (status == WS_OK)
        return WS_OK;
    in->out->refused++;
    out->why = ws_arena_text(in->arena, why.message);
    return status == WS_NO_MEMORY || !out->why ? ws_fail_memory(in->err, "a shard") : WS_OK;
}

static enum ws_status read_shards(struct ws_finding_making *in)
{
    const struct ws_evidence *evidence = in->evidence;
    in->shards = WS_ARENA_ZNEW(in->arena, struct ws_searched_shard, evidence->shard_count + 1);
    if (!in->shards)
        return ws_fail_memory(in->err, "the shards of a lookup");
    for (size_t i = 0; i < evidence->shard_count; i++)
        WS_TRY(read_shard(in, &evidence->shards[i], &in->shards[i]));
    return WS_OK;
}

static const struct ws_searched_shard *find_shard(const struct ws_finding_making *in,
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
static void add_hits(struct ws_finding_making *in, const struct ws_finding_shard *shard,
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
static void search_shard(struct ws_finding_making *in, const struct ws_searched_shard *shard,
                         struct ws_finding_shard *out)
{
    const struct ws_ordered_marks *marks = shard->marks;
    /* The index knows fingerprints as they are. */
    const size_t live =
        marks == &in->marks ? ws_finding_live_number(in, &shard->digest) : WS_INDEX_NOT_LIVE;
    const struct ws_shown shown = ws_shown_of_shard(&in->shown, &shard->digest);
    bool is_whole = true;
    for (size_t i = 0; i < marks->count; i += ws_finding_equal_marks(marks, i)) {
        const uint64_t value = ws_ordered_mark(marks, i);
        struct found found = {
            marks, i, ws_finding_equal_marks(marks, i), ws_finding_tile(&shard->tiles, value),
            0,     0};
        if (found.tile)
            found.count = ws_range_tile_find(found.tile, value, &found.first);
        if (found.count > 0) {
            out->found++;
            add_hits(in, out, &shown, &found);
            in->is_index_refuted |= ws_finding_index_lacks(in, live, i);
        }
        is_whole &= found.tile || ws_finding_index_lacks(in, live, i);
    }
    out->state = is_whole ? WS_SEARCHED_WHOLE : WS_SEARCHED_PARTLY;
}

static void judge_shard(struct ws_finding_making *in, const struct ws_hash *digest,
                        struct ws_finding_shard *out)
{
    const struct ws_searched_shard *shard = find_shard(in, digest);
    const char *unverified = ws_finding_unverified(in, out);
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

static bool has_shards(const struct ws_finding_claim *claim)
{
    return claim->claim.standing == WS_CLAIM_COUNTS &&
           ws_statement_has_shards(claim->claim.statement.kind);
}

static size_t list_shards(struct ws_finding *out)
{
    for (size_t i = 0; i < out->claim_count; i++)
        for (size_t s = 0;
             has_shards(&out->claims[i]) && s < out->claims[i].claim.statement.subject_count; s++)
            out->shards[out->shard_count++] =
                (struct ws_finding_shard){.claim = i, .subject = (uint32_t)s};
    return out->shard_count;
}

/* What became of the first `count` shards, now or as of the index. */
static void settle_shards(const struct ws_finding *out, size_t count, bool then,
                          struct ws_naming *namings)
{
    for (size_t i = 0; i < count; i++) {
        const struct ws_finding_claim *claim = &out->claims[out->shards[i].claim];
        namings[i] =
            (struct ws_naming){*ws_finding_shard_digest(out, &out->shards[i]), claim->claim.index,
                               claim->claim.party, then ? claim->fate_then : claim->fate,
                               then ? claim->withdrawn_then : claim->withdrawn_in};
    }
    ws_namings_settle(namings, count);
    for (size_t i = 0; i < count; i++) {
        struct ws_finding_shard *shard = &out->shards[i];
        const struct ws_naming *naming =
            &namings[ws_namings_find(namings, count, ws_finding_shard_digest(out, shard),
                                     out->claims[shard->claim].claim.index)];
        *(then ? &shard->fate_then : &shard->fate) = naming->fate;
        *(then ? &shard->withdrawn_then : &shard->withdrawn_in) = naming->at;
    }
}

/* Every shard that a claim names, and what became of it. */
static enum ws_status find_shards(struct ws_finding_making *in, size_t most)
{
    struct ws_finding *out = in->out;
    const uint64_t entries = in->evidence->has_index ? in->evidence->index.head.entries : 0;
    struct ws_naming *namings = WS_ARENA_NEW(in->arena, struct ws_naming, most + 1);
    size_t before = 0;
    out->shards = WS_ARENA_ZNEW(in->arena, struct ws_finding_shard, most + 1);
    if (!out->shards || !namings)
        return ws_fail_memory(in->err, "the shards of a lookup");
    const size_t count = list_shards(out);
    while (before < count && out->claims[out->shards[before].claim].claim.index < entries)
        before++;
    settle_shards(out, before, true, namings);
    settle_shards(out, count, false, namings);
    return WS_OK;
}

/* A verdict weighs all that is shared at every place of the text, so that it is all there at once.
 * Of parts each shares about its part of it. */
static enum ws_status fail_hits(const struct ws_finding_making *in)
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

static enum ws_status search_shards(struct ws_finding_making *in)
{
    struct ws_finding *out = in->out;
    size_t most = 0;
    for (size_t i = 0; i < out->claim_count; i++)
        most += out->claims[i].claim.statement.subject_count;
    WS_TRY(find_shards(in, most));
    for (size_t i = 0; i < out->shard_count; i++)
        judge_shard(in, ws_finding_shard_digest(out, &out->shards[i]), &out->shards[i]);
    if (in->hits.status == WS_LIMIT)
        return fail_hits(in);
    return ws_buffer_check(&in->hits, "what is shared with shards", in->err);
}

/* What was shown ------------------------------------------------------------------------------- */

static enum ws_status read_shown(struct ws_finding_making *in)
{
    const struct ws_evidence *evidence = in->evidence;
    WS_TRY(ws_shown_read(evidence->openings, evidence->opening_count, &evidence->query.digest,
                         &in->reader->keys, in->arena, &in->shown, in->err));
    in->out->refused += in->shown.refused;
    return WS_OK;
}

/* The documents that were shown of what a claim names, and of them the one that is looked up. */
static void take_shown(struct ws_finding_making *in, const struct ws_finding_shard *shard)
{
    struct ws_finding_claim *claim = &in->out->claims[shard->claim];
    const struct ws_statement_subject *subject = &claim->claim.statement.subjects[shard->subject];
    const struct ws_shown shown = ws_shown_of_shard(&in->shown, &subject->digest);
    if (shard->fate != WS_CLAIM_HOLDS || ws_finding_unverified(in, shard))
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

static enum ws_status take_all_shown(struct ws_finding_making *in)
{
    for (size_t i = 0; i < in->out->shard_count; i++)
        take_shown(in, &in->out->shards[i]);
    return ws_buffer_check(&in->exacts, "what was shown", in->err);
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

static enum ws_status decide(struct ws_finding_making *in)
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
static enum ws_status check_disputes(const struct ws_finding_making *in)
{
    const uint64_t size = in->out->head.checkpoint.size;
    for (size_t i = 0; i < in->reader->dispute_count; i++)
        if (in->reader->disputes[i].entry >= size)
            return ws_fail(in->err, WS_INVALID,
                           "entry %" PRIu64 " is disputed, and the log has %" PRIu64 " entries",
                           in->reader->disputes[i].entry, size);
    return WS_OK;
}

static enum ws_status make(struct ws_finding_making *in)
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
    WS_TRY(ws_finding_read_index(in));
    WS_TRY(read_shards(in));
    WS_TRY(read_shown(in));
    WS_TRY(search_shards(in));
    WS_TRY(take_all_shown(in));
    ws_finding_judge_coverage(in);
    return decide(in);
}

enum ws_status ws_finding_make(const struct ws_evidence *evidence,
                               const struct ws_finding_reader *reader, struct ws_arena *arena,
                               struct ws_finding *out, struct ws_error *err)
{
    struct ws_finding finding = {.newest = WS_VERDICT_NO_CLAIM};
    struct ws_finding_making in = {
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
